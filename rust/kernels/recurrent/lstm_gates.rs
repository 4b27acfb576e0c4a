//! The gates of an LSTM: one step of one sample, forward and back. The usual cell (tanh, sigmoid, no peepholes) takes a pass or
//! two over the units; any other takes one pass for each thing that it does.

use super::lanes::{add, read, write};
use super::lstm::Lstm;
use crate::kernels::activate::{activate_in_place, scale_by_slope};
use crate::simd::{Element, Kernel, Simd, Vector, math};

/// One step of one sample, from the projected input and the recurrent product of its gates.
pub struct Forward<'a, T> {
    pub cell: &'a Lstm<'a, T>,
    pub z: &'a [T],
    pub product: &'a [T],
    pub saved: &'a mut [T],
    pub c_before: &'a [T],
    pub c: &'a mut [T],
    pub h: &'a mut [T],
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        if self.cell.is_usual() {
            return self.usual::<T::Vector<S>>();
        }
        let Self { cell, z, product, saved, c_before, c, h } = self;
        let units = h.len();
        for j in 0..4 * units {
            saved[j] = z[j] + product[j];
        }
        let (gates, rest) = saved.split_at_mut(4 * units);
        let (a, sums) = rest.split_at_mut(units);
        let (i_f, g_o) = gates.split_at_mut(2 * units);
        let (g, o) = g_o.split_at_mut(units);
        if let Some(peepholes) = cell.peepholes {
            for (sums, peepholes) in i_f.chunks_exact_mut(units).zip(peepholes.chunks_exact(units)) {
                add_product(sums, peepholes, c_before);
            }
        }
        if cell.keeps_sums() {
            sums[..2 * units].copy_from_slice(i_f);
            sums[2 * units..3 * units].copy_from_slice(g);
        }
        activate_in_place(i_f, cell.recurrent_activation);
        activate_in_place(g, cell.activation);
        let (i, f) = i_f.split_at(units);
        for j in 0..units {
            c[j] = f[j] * c_before[j] + i[j] * g[j];
        }
        if let Some(peepholes) = cell.peepholes {
            add_product(o, &peepholes[2 * units..], c);
        }
        if cell.keeps_sums() {
            sums[3 * units..].copy_from_slice(o);
        }
        activate_in_place(o, cell.recurrent_activation);
        a.copy_from_slice(c);
        activate_in_place(a, cell.activation);
        for j in 0..units {
            h[j] = o[j] * a[j];
        }
    }
}

impl<T: Element> Forward<'_, T> {
    /// The step in one pass over the gates and one over the new state.
    #[inline(always)]
    fn usual<V: Vector<Elem = T>>(self) {
        let Self { z, product, saved, c_before, c, h, .. } = self;
        let units = h.len();
        assert!(z.len() == 4 * units && product.len() == 4 * units && saved.len() == 5 * units);
        assert!(c_before.len() == units && c.len() == units);
        let (z, product, saved) = (z.as_ptr(), product.as_ptr(), saved.as_mut_ptr());
        for j in (0..units).step_by(V::LANES) {
            let count = V::LANES.min(units - j);
            // SAFETY: `count` units are left of every gate.
            unsafe {
                let sum = |gate: usize| (z.add(gate * units + j), product.add(gate * units + j));
                let i = math::sigmoid(add::<V>(sum(0), count));
                let f = math::sigmoid(add::<V>(sum(1), count));
                let g = math::tanh(add::<V>(sum(2), count));
                let o = math::sigmoid(add::<V>(sum(3), count));
                let state = f.mul(read::<V>(c_before.as_ptr().add(j), count)).add(i.mul(g));
                write(i, saved.add(j), count);
                write(f, saved.add(units + j), count);
                write(g, saved.add(2 * units + j), count);
                write(o, saved.add(3 * units + j), count);
                write(state, c.as_mut_ptr().add(j), count);
            }
        }
        // A loop of its own: behind the gates it would be one chain of operations too long for the processor to begin the next units in
        // the meantime.
        for j in (0..units).step_by(V::LANES) {
            let count = V::LANES.min(units - j);
            // SAFETY: as above.
            unsafe {
                let a = math::tanh(read::<V>(c.as_ptr().add(j), count));
                write(a, saved.add(4 * units + j), count);
                write(read::<V>(saved.add(3 * units + j), count).mul(a), h.as_mut_ptr().add(j), count);
            }
        }
    }
}

/// sum += a * b
#[inline(always)]
fn add_product<T: Element>(sum: &mut [T], a: &[T], b: &[T]) {
    let (a, b) = (&a[..sum.len()], &b[..sum.len()]);
    for j in 0..sum.len() {
        sum[j] += a[j] * b[j];
    }
}

/// One step of one sample back: from the gradients of h and c' to those of the sums of the gates and of c; dh is used up.
pub struct Backward<'a, T> {
    pub cell: &'a Lstm<'a, T>,
    pub saved: &'a [T],
    pub c_before: &'a [T],
    pub c: &'a [T],
    pub dh: &'a mut [T],
    pub dc: &'a mut [T],
    pub dz: &'a mut [T],
    pub dpeepholes: &'a mut [T],
    pub room: &'a mut [T],
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        if self.cell.is_usual() {
            return self.usual::<T::Vector<S>>();
        }
        let Self { cell, saved, c_before, c, dh, dc, dz, dpeepholes, room } = self;
        let units = dh.len();
        let (values, rest) = saved.split_at(4 * units);
        let (a, sums) = rest.split_at(units);
        let sums = if cell.keeps_sums() { sums } else { values };
        let [i, f, g, o] = std::array::from_fn(|gate| &values[gate * units..][..units]);
        let (c, c_before, dc, room) = (&c[..units], &c_before[..units], &mut dc[..units], &mut room[..units]);
        let (di_df, dg_do) = dz.split_at_mut(2 * units);
        let (dg, d_o) = dg_do.split_at_mut(units);
        for j in 0..units {
            d_o[j] = dh[j] * a[j];
            room[j] = dh[j] * o[j];
            dh[j] = T::ZERO;
        }
        scale_by_slope(d_o, &sums[3 * units..], o, cell.recurrent_activation);
        scale_by_slope(room, c, a, cell.activation);
        for j in 0..units {
            dc[j] += room[j];
        }
        if let Some(peepholes) = cell.peepholes {
            add_product(dc, &peepholes[2 * units..], d_o);
            add_product(&mut dpeepholes[2 * units..], d_o, c);
        }
        let (di, df) = di_df.split_at_mut(units);
        for j in 0..units {
            di[j] = dc[j] * g[j];
            df[j] = dc[j] * c_before[j];
            dg[j] = dc[j] * i[j];
            dc[j] *= f[j];
        }
        scale_by_slope(di_df, &sums[..2 * units], &values[..2 * units], cell.recurrent_activation);
        scale_by_slope(dg, &sums[2 * units..3 * units], g, cell.activation);
        if let Some(peepholes) = cell.peepholes {
            for gate in 0..2 {
                let gradient = &di_df[gate * units..][..units];
                add_product(dc, &peepholes[gate * units..], gradient);
                add_product(&mut dpeepholes[gate * units..][..units], gradient, c_before);
            }
        }
    }
}

impl<T: Element> Backward<'_, T> {
    /// The step back in one pass over the units.
    #[inline(always)]
    fn usual<V: Vector<Elem = T>>(self) {
        let Self { saved, c_before, dh, dc, dz, .. } = self;
        let units = dh.len();
        assert!(saved.len() == 5 * units && dz.len() == 4 * units);
        assert!(c_before.len() == units && dc.len() == units);
        let (saved, dz, one) = (saved.as_ptr(), dz.as_mut_ptr(), V::splat(T::ONE));
        for j in (0..units).step_by(V::LANES) {
            let count = V::LANES.min(units - j);
            // SAFETY: `count` units are left of every gate.
            unsafe {
                let i: V = read(saved.add(j), count);
                let f: V = read(saved.add(units + j), count);
                let g: V = read(saved.add(2 * units + j), count);
                let o: V = read(saved.add(3 * units + j), count);
                let a: V = read(saved.add(4 * units + j), count);
                let before: V = read(c_before.as_ptr().add(j), count);
                let (dh_at, dc_at) = (dh.as_mut_ptr().add(j), dc.as_mut_ptr().add(j));
                let d: V = read(dh_at, count);
                let through_state = d.mul(o).mul(a.neg_mul_add(a, one));
                let dc: V = read::<V>(dc_at, count).add(through_state);
                write(dc.mul(g).mul(i.mul(one.sub(i))), dz.add(j), count);
                write(dc.mul(before).mul(f.mul(one.sub(f))), dz.add(units + j), count);
                write(dc.mul(i).mul(g.neg_mul_add(g, one)), dz.add(2 * units + j), count);
                write(d.mul(a).mul(o.mul(one.sub(o))), dz.add(3 * units + j), count);
                write(dc.mul(f), dc_at, count);
                write(V::zero(), dh_at, count);
            }
        }
    }
}
