//! `h = activation(z + h @ u)`.

use super::walk::{Recurrence, Walk, gather};
use crate::kernels::activate::{Activation, activate_in_place, scale_by_slope};
use crate::kernels::gemm::{Matrix, accumulate};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{self, Element};

/// What `simple_rnn` returns.
pub struct SimpleRnnOutputs<T: Element> {
    /// `(batch, steps, units)` in walking order.
    pub hs: Buffer<T>,
    /// For the backward pass: `(batch, steps, units)` if the activation needs its input, else empty.
    pub saved: Buffer<T>,
}

/// Gradients of `simple_rnn`.
pub struct SimpleRnnGradients<T: Element> {
    /// `(batch, steps, units)` in the order of time.
    pub dz: Buffer<T>,
    /// `(units, units)`.
    pub du: Buffer<T>,
    /// `(batch, units)`.
    pub dh0: Buffer<T>,
}

/// Walks through `z`, `(batch, steps, units)`.
pub fn simple_rnn<T: Element>(walk: Walk<'_, T>, z: &[T], activation: Activation) -> SimpleRnnOutputs<T> {
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let set = simd::current();
    let kernel = walk.pack(set, 0, units);
    let row = steps * units;
    let mut hs = Buffer::stale(batch * row);
    let mut saved = Buffer::stale(if activation.needs_input() { hs.len() } else { 0 });
    let (all_hs, all_saved) = (Shared::new(&mut hs), Shared::new(&mut saved));
    walk.for_each_group(|first, samples| {
        // SAFETY: groups hold different samples.
        let hs = unsafe { all_hs.slice(first * row, samples * row) };
        let mut room = Buffer::stale(samples * units);
        let mut sums = Buffer::stale(samples * units);
        for s in 0..steps {
            for (i, sum) in sums.chunks_exact_mut(units).enumerate() {
                sum.copy_from_slice(&z[((first + i) * steps + walk.time(s)) * units..][..units]);
            }
            let seen = walk.seen(hs, first, samples, s, &mut room);
            accumulate(set, seen, samples, &kernel, &mut sums, units, false);
            for (i, sum) in sums.chunks_exact(units).enumerate() {
                if activation.needs_input() {
                    // SAFETY: as above.
                    let saved = unsafe { all_saved.slice((first + i) * row + s * units, units) };
                    saved.copy_from_slice(sum);
                }
                let (before, after) = walk.step(walk.h0, hs, first, i, s);
                if walk.live(first + i, s) {
                    after.copy_from_slice(sum);
                    activate_in_place(after, activation);
                } else {
                    after.copy_from_slice(before);
                }
            }
        }
    });
    SimpleRnnOutputs { hs, saved }
}

/// Walks back, given `dhs`, the gradient of `hs`.
pub fn simple_rnn_grad<T: Element>(
    walk: Walk<'_, T>,
    dhs: &[T],
    hs: &[T],
    saved: &[T],
    activation: Activation,
) -> SimpleRnnGradients<T> {
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let set = simd::current();
    let kernel = walk.pack_transposed(set, 0, units);
    let row = steps * units;
    let mut dz = Buffer::stale(batch * row);
    let mut dh0 = Buffer::zeroed(batch * units);
    let (all_dz, all_dh) = (Shared::new(&mut dz), Shared::new(&mut dh0));
    walk.for_each_group(|first, samples| {
        // SAFETY: groups hold different samples.
        let (dz, dh) =
            unsafe { (all_dz.slice(first * row, samples * row), all_dh.slice(first * units, samples * units)) };
        let mut carried = Buffer::stale(samples * units);
        let mut room = Buffer::stale(samples * units);
        for s in (0..steps).rev() {
            let t = walk.time(s);
            for (i, dh) in dh.chunks_exact_mut(units).enumerate() {
                let here = ((first + i) * steps + s) * units..((first + i) * steps + s + 1) * units;
                dh.iter_mut().zip(&dhs[here.clone()]).for_each(|(a, &b)| *a += b);
                let dz = &mut dz[(i * steps + t) * units..][..units];
                if walk.live(first + i, s) {
                    dz.copy_from_slice(dh);
                    dh.fill(T::ZERO);
                    let y = &hs[here.clone()];
                    scale_by_slope(dz, if activation.needs_input() { &saved[here] } else { y }, y, activation);
                } else {
                    dz.fill(T::ZERO);
                }
            }
            let near = gather(Matrix::rows(&dz[t * units..], row), samples, units, &mut room);
            accumulate(set, near, samples, &kernel, &mut carried, units, true);
            walk.carry(first, s, &mut carried, dh);
        }
    });
    let seen = walk.seen_in_time(hs);
    let mut du = Buffer::stale(units * units);
    walk.kernel_gradient(set, &seen, &dz, 0, units, &mut du);
    SimpleRnnGradients { dz, du, dh0 }
}
