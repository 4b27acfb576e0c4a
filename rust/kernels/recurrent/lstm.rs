//! Long short-term memory. Gates i, f, c, o; peepholes let i and f see the old cell state and o the new one:
//!
//! `c' = f c + i activation(g)`, `h = o activation(c')`, where i, f and o are `recurrent_activation` of their sums.

use super::walk::{Recurrence, Walk};
use crate::kernels::activate::{Activation, activate_in_place, scale_by_slope};
use crate::kernels::column_sums::column_sums;
use crate::kernels::gemm::{Matrix, accumulate};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{self, Element, Kernel, Simd, dispatch_on};

/// The cell.
#[derive(Clone, Copy)]
pub struct Lstm<'a, T> {
    /// Shape, recurrent kernel `(units, 4 units)`, initial state, masks.
    pub walk: Walk<'a, T>,
    /// `(3, units)`: one weight a unit for i, f and o.
    pub peepholes: Option<&'a [T]>,
    /// The cell state before the first step, `(batch, units)`.
    pub c0: &'a [T],
    /// Of the candidate and of the cell state on its way out.
    pub activation: Activation,
    /// Of the gates.
    pub recurrent_activation: Activation,
}

/// What `lstm` returns, in walking order.
pub struct LstmOutputs<T: Element> {
    /// `(batch, steps, units)`.
    pub hs: Buffer<T>,
    /// `(batch, steps, units)`.
    pub cs: Buffer<T>,
    /// For the backward pass: `(batch, steps, saved_width)`.
    pub saved: Buffer<T>,
}

/// Gradients of `lstm`.
pub struct LstmGradients<T: Element> {
    /// `(batch, steps, 4 units)` in the order of time.
    pub dz: Buffer<T>,
    /// `(units, 4 units)`.
    pub du: Buffer<T>,
    /// `(3, units)`.
    pub dpeepholes: Option<Buffer<T>>,
    /// `(batch, units)`.
    pub dh0: Buffer<T>,
    /// `(batch, units)`.
    pub dc0: Buffer<T>,
}

impl<T: Element> Lstm<'_, T> {
    /// Numbers saved for a sample and step: i, f, activation(g), o, activation(c'), and the sums of the gates where an activation needs
    /// its input.
    pub fn saved_width(&self) -> usize {
        self.walk.shape.units * if self.keeps_sums() { 9 } else { 5 }
    }

    fn keeps_sums(&self) -> bool {
        self.activation.needs_input() || self.recurrent_activation.needs_input()
    }
}

/// Walks through `z`, `(batch, steps, 4 units)`.
pub fn lstm<T: Element>(cell: Lstm<'_, T>, z: &[T]) -> LstmOutputs<T> {
    let Lstm { walk, .. } = cell;
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let (gates, width, set) = (4 * units, cell.saved_width(), simd::current());
    let kernel = walk.pack(set, 0, gates);
    let row = steps * units;
    let mut hs = Buffer::stale(batch * row);
    let mut cs = Buffer::stale(batch * row);
    let mut saved = Buffer::stale(batch * steps * width);
    let (all_hs, all_cs, all_saved) = (Shared::new(&mut hs), Shared::new(&mut cs), Shared::new(&mut saved));
    walk.for_each_group(|first, samples| {
        // SAFETY: groups hold different samples.
        let (hs, cs, saved) = unsafe {
            let saved = all_saved.slice(first * steps * width, samples * steps * width);
            (all_hs.slice(first * row, samples * row), all_cs.slice(first * row, samples * row), saved)
        };
        let mut room = Buffer::stale(samples * units);
        for s in 0..steps {
            for i in 0..samples {
                let z = &z[((first + i) * steps + walk.time(s)) * gates..][..gates];
                saved[(i * steps + s) * width..][..gates].copy_from_slice(z);
            }
            let seen = walk.seen(hs, first, samples, s, &mut room);
            accumulate(set, seen, samples, &kernel, &mut saved[s * width..], steps * width, false);
            for i in 0..samples {
                let (h_before, h) = walk.step(walk.h0, hs, first, i, s);
                let (c_before, c) = walk.step(cell.c0, cs, first, i, s);
                if walk.live(first + i, s) {
                    let saved = &mut saved[(i * steps + s) * width..][..width];
                    dispatch_on(set, Forward { cell: &cell, saved, c_before, c, h });
                } else {
                    h.copy_from_slice(h_before);
                    c.copy_from_slice(c_before);
                }
            }
        }
    });
    LstmOutputs { hs, cs, saved }
}

/// One step of one sample, from the sums without peepholes in `saved`.
struct Forward<'a, T> {
    cell: &'a Lstm<'a, T>,
    saved: &'a mut [T],
    c_before: &'a [T],
    c: &'a mut [T],
    h: &'a mut [T],
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { cell, saved, c_before, c, h } = self;
        let units = h.len();
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

/// sum += a * b
#[inline(always)]
fn add_product<T: Element>(sum: &mut [T], a: &[T], b: &[T]) {
    let (a, b) = (&a[..sum.len()], &b[..sum.len()]);
    for j in 0..sum.len() {
        sum[j] += a[j] * b[j];
    }
}

/// Walks back, given the gradients of `hs` and of the last cell state.
pub fn lstm_grad<T: Element>(
    cell: Lstm<'_, T>,
    dhs: &[T],
    dc_last: Option<&[T]>,
    outputs: [&[T]; 3],
) -> LstmGradients<T> {
    let Lstm { walk, .. } = cell;
    let [hs, cs, saved] = outputs;
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let (gates, width, set) = (4 * units, cell.saved_width(), simd::current());
    let kernel = walk.pack_transposed(set, 0, gates);
    let mut dz = Buffer::stale(batch * steps * gates);
    let mut dh0 = Buffer::zeroed(batch * units);
    let mut dc0 = dc_last.map_or_else(|| Buffer::zeroed(batch * units), Buffer::copy_of);
    let peepholes = cell.peepholes.map_or(0, <[T]>::len);
    let mut dpeepholes = Buffer::zeroed(batch * peepholes);
    let (all_dz, all_dh, all_dc) = (Shared::new(&mut dz), Shared::new(&mut dh0), Shared::new(&mut dc0));
    let all_dpeepholes = Shared::new(&mut dpeepholes);
    walk.for_each_group(|first, samples| {
        // SAFETY: groups hold different samples.
        let (dz, dh, dc, dpeepholes) = unsafe {
            (
                all_dz.slice(first * steps * gates, samples * steps * gates),
                all_dh.slice(first * units, samples * units),
                all_dc.slice(first * units, samples * units),
                all_dpeepholes.slice(first * peepholes, samples * peepholes),
            )
        };
        let mut carried = Buffer::stale(samples * units);
        for s in (0..steps).rev() {
            let t = walk.time(s);
            for i in 0..samples {
                let b = first + i;
                let dh = &mut dh[i * units..][..units];
                dh.iter_mut().zip(&dhs[(b * steps + s) * units..]).for_each(|(a, &b)| *a += b);
                let dz = &mut dz[(i * steps + t) * gates..][..gates];
                if walk.live(b, s) {
                    dispatch_on(
                        set,
                        Backward {
                            cell: &cell,
                            saved: &saved[(b * steps + s) * width..][..width],
                            c_before: walk.before(cell.c0, cs, b, s),
                            c: &cs[(b * steps + s) * units..][..units],
                            dh,
                            dc: &mut dc[i * units..][..units],
                            dz,
                            dpeepholes: &mut dpeepholes[i * peepholes..][..peepholes],
                            room: &mut carried[..units],
                        },
                    );
                } else {
                    dz.fill(T::ZERO);
                }
            }
            accumulate(set, Matrix::rows(&dz[t * gates..], steps * gates), samples, &kernel, &mut carried, units, true);
            walk.carry(first, s, &mut carried, dh);
        }
    });
    let seen = walk.seen_in_time(hs);
    let mut du = Buffer::stale(units * gates);
    walk.kernel_gradient(set, &seen, &dz, 0, gates, &mut du);
    let dpeepholes = cell.peepholes.map(|_| column_sums(&dpeepholes, peepholes));
    LstmGradients { dz, du, dpeepholes, dh0, dc0 }
}

/// One step of one sample back: from the gradients of h and c' to those of the sums of the gates and of c; dh is used up.
struct Backward<'a, T> {
    cell: &'a Lstm<'a, T>,
    saved: &'a [T],
    c_before: &'a [T],
    c: &'a [T],
    dh: &'a mut [T],
    dc: &'a mut [T],
    dz: &'a mut [T],
    dpeepholes: &'a mut [T],
    room: &'a mut [T],
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
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
