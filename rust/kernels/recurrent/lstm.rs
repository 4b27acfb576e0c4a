//! Long short-term memory. Gates i, f, c, o; peepholes let i and f see the old cell state and o the new one:
//!
//! `c' = f c + i activation(g)`, `h = o activation(c')`, where i, f and o are `recurrent_activation` of their sums.

use super::lstm_gates::{Backward, Forward};
use super::walk::{Recurrence, Walk, gather};
use crate::kernels::activate::Activation;
use crate::kernels::column_sums::column_sums;
use crate::kernels::gemm::{Matrix, accumulate};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{self, Element, dispatch_on};

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
    /// For the backward pass: `(batch, steps, saved_width)`, or nothing.
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

    pub(super) fn keeps_sums(&self) -> bool {
        self.activation.needs_input() || self.recurrent_activation.needs_input()
    }

    /// Whether it is the cell that nearly everybody uses.
    pub(super) fn is_usual(&self) -> bool {
        let activations = (self.activation, self.recurrent_activation);
        self.peepholes.is_none() && activations == (Activation::Tanh, Activation::Sigmoid)
    }
}

/// Walks through `z`, `(batch, steps, 4 units)`. Unless `keep`, nothing is saved for the backward pass.
pub fn lstm<T: Element>(cell: Lstm<'_, T>, z: &[T], keep: bool) -> LstmOutputs<T> {
    let Lstm { walk, .. } = cell;
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let (gates, width, set) = (4 * units, cell.saved_width(), simd::current());
    let kernel = walk.pack(set, 0, gates);
    let row = steps * units;
    let mut hs = Buffer::stale(batch * row);
    let mut cs = Buffer::stale(batch * row);
    let mut saved = Buffer::stale(if keep { batch * steps * width } else { 0 });
    let (all_hs, all_cs, all_saved) = (Shared::new(&mut hs), Shared::new(&mut cs), Shared::new(&mut saved));
    walk.for_each_group(|first, samples| {
        // SAFETY: groups hold different samples.
        let (hs, cs) = unsafe { (all_hs.slice(first * row, samples * row), all_cs.slice(first * row, samples * row)) };
        let mut unkept = Buffer::stale(if keep { 0 } else { width });
        let saved = if keep {
            // SAFETY: as above.
            unsafe { all_saved.slice(first * steps * width, samples * steps * width) }
        } else {
            &mut unkept[..]
        };
        let mut room = Buffer::stale(samples * units);
        let mut products = Buffer::stale(samples * gates);
        for s in 0..steps {
            let seen = walk.seen(hs, first, samples, s, &mut room);
            accumulate(set, seen, samples, &kernel, &mut products, gates, true);
            for i in 0..samples {
                let (h_before, h) = walk.step(walk.h0, hs, first, i, s);
                let (c_before, c) = walk.step(cell.c0, cs, first, i, s);
                if walk.live(first + i, s) {
                    let z = &z[((first + i) * steps + walk.time(s)) * gates..][..gates];
                    let product = &products[i * gates..][..gates];
                    let saved = &mut saved[if keep { (i * steps + s) * width } else { 0 }..][..width];
                    dispatch_on(set, Forward { cell: &cell, z, product, saved, c_before, c, h });
                } else {
                    h.copy_from_slice(h_before);
                    c.copy_from_slice(c_before);
                }
            }
        }
    });
    LstmOutputs { hs, cs, saved }
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
        let mut room = Buffer::stale(samples * gates);
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
            let near = gather(Matrix::rows(&dz[t * gates..], steps * gates), samples, gates, &mut room);
            accumulate(set, near, samples, &kernel, &mut carried, units, true);
            walk.carry(first, s, &mut carried, dh);
        }
    });
    let seen = walk.seen_in_time(hs);
    let mut du = Buffer::stale(units * gates);
    walk.kernel_gradient(set, &seen, &dz, 0, gates, &mut du);
    let dpeepholes = cell.peepholes.map(|_| column_sums(&dpeepholes, peepholes));
    LstmGradients { dz, du, dpeepholes, dh0, dc0 }
}
