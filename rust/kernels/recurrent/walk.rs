//! What the cells share: the order of steps, masks, groups of samples, the product with the recurrent kernel and its gradient.

use crate::kernels::gemm::{Grouped, Matrix, PackedRight, Right, Target, multiply_grouped};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet};

/// Samples of a group, unless there are too few for that: one alone would only wait for the recurrent kernel.
const LEAST_SAMPLES: usize = 2;
const MOST_SAMPLES: usize = 48;
/// Multiplications that are worth a second thread.
const WORTH_A_THREAD: usize = 1 << 20;
/// A leaf of the sum over samples and steps has at least so many rows.
const LEAF_ROWS: usize = 16;
/// With more steps than this a leaf is a part of a sample.
const LONGEST_LEAF: usize = 256;

/// The shape of a recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrence {
    /// Samples.
    pub batch: usize,
    /// Time steps.
    pub steps: usize,
    /// Units of the state.
    pub units: usize,
    /// Walk from the last step to the first.
    pub go_backwards: bool,
}

/// What every cell reads besides its input.
#[derive(Clone, Copy)]
pub struct Walk<'a, T> {
    /// The shape.
    pub shape: Recurrence,
    /// The recurrent kernel `(units, gates * units)`.
    pub kernel: &'a [T],
    /// The state before the first step, `(batch, units)`.
    pub h0: &'a [T],
    /// Which steps count, `(batch, steps)`.
    pub mask: Option<&'a [bool]>,
    /// Multiplies the state before the recurrent product, `(batch, units)`.
    pub recurrent_mask: Option<&'a [T]>,
}

impl<'a, T: Element> Walk<'a, T> {
    /// The step of time that is walked as step `s`.
    pub(crate) fn time(&self, s: usize) -> usize {
        if self.shape.go_backwards { self.shape.steps - 1 - s } else { s }
    }

    /// Whether step `s` of the walk counts for sample `b`.
    pub(crate) fn live(&self, b: usize, s: usize) -> bool {
        self.mask.is_none_or(|mask| mask[b * self.shape.steps + self.time(s)])
    }

    /// Columns of the recurrent kernel.
    pub(crate) fn width(&self) -> usize {
        self.kernel.len() / self.shape.units.max(1)
    }

    /// Columns `first..first + count` of the kernel, packed for `h @ kernel`.
    pub(crate) fn pack(&self, set: InstructionSet, first: usize, count: usize) -> PackedRight<T> {
        let matrix = Matrix::rows(self.kernel, self.width()).from(0, first);
        PackedRight::narrow(set, matrix, self.shape.units, count)
    }

    /// Columns `first..first + count` of the kernel, packed for `dz @ kernelᵀ`.
    pub(crate) fn pack_transposed(&self, set: InstructionSet, first: usize, count: usize) -> PackedRight<T> {
        let matrix = Matrix::rows(self.kernel, self.width()).from(0, first).transposed();
        PackedRight::narrow(set, matrix, count, self.shape.units)
    }

    /// Calls `group(first sample, samples)` for groups of samples.
    pub(crate) fn for_each_group(&self, group: impl Fn(usize, usize) + Sync) {
        let Recurrence { batch, steps, .. } = self.shape;
        if batch == 0 || steps == 0 {
            return;
        }
        let work = batch * steps * self.kernel.len();
        let samples = if work < WORTH_A_THREAD {
            batch.min(MOST_SAMPLES)
        } else {
            batch.div_ceil(parallel::threads()).clamp(LEAST_SAMPLES, MOST_SAMPLES).min(batch)
        };
        let groups = batch.div_ceil(samples);
        if groups == 1 {
            return group(0, batch);
        }
        parallel::for_each(groups, 1, |index| group(index * samples, samples.min(batch - index * samples)));
    }

    /// The state of sample `first + i` before step `s`, and where the one after it goes. `states` are those of the samples from
    /// `first` on.
    pub(crate) fn step<'s>(
        &self,
        start: &'s [T],
        states: &'s mut [T],
        first: usize,
        i: usize,
        s: usize,
    ) -> (&'s [T], &'s mut [T]) {
        let Recurrence { steps, units, .. } = self.shape;
        let (old, new) = states[i * steps * units..].split_at_mut(s * units);
        let before = if s == 0 { &start[(first + i) * units..][..units] } else { &old[(s - 1) * units..] };
        (before, &mut new[..units])
    }

    /// The state of sample `b` before step `s`, all samples at hand.
    pub(crate) fn before<'s>(&self, start: &'s [T], states: &'s [T], b: usize, s: usize) -> &'s [T] {
        let Recurrence { steps, units, .. } = self.shape;
        let at = if s == 0 { &start[b * units..] } else { &states[(b * steps + s - 1) * units..] };
        &at[..units]
    }

    /// What the recurrent product sees of the states of `samples` samples from `first` on before step `s`, gathered in `room`: the
    /// states themselves, or their product with the recurrent mask. `hs` are the states of these samples.
    pub(crate) fn seen<'s>(
        &self,
        hs: &[T],
        first: usize,
        samples: usize,
        s: usize,
        room: &'s mut [T],
    ) -> Matrix<'s, T> {
        let Recurrence { steps, units, .. } = self.shape;
        let states = if s == 0 {
            Matrix::rows(&self.h0[first * units..], units)
        } else {
            Matrix::rows(&hs[(s - 1) * units..], steps * units)
        };
        gather(states, samples, units, room);
        room.chunks_exact_mut(units).enumerate().for_each(|(i, row)| self.drop_units(first + i, row));
        Matrix::rows(room, units)
    }

    /// Multiplies a state of sample `b`, or its gradient, with the recurrent mask.
    pub(crate) fn drop_units(&self, b: usize, state: &mut [T]) {
        if let Some(mask) = self.recurrent_mask {
            state.iter_mut().zip(&mask[b * self.shape.units..]).for_each(|(h, &m)| *h *= m);
        }
    }

    /// Adds what came back through the recurrent product to the gradient of the state before step `s`, of samples from `first` on that
    /// the step counts for.
    pub(crate) fn carry(&self, first: usize, s: usize, carried: &mut [T], dh: &mut [T]) {
        let units = self.shape.units;
        for (i, (carried, dh)) in carried.chunks_exact_mut(units).zip(dh.chunks_exact_mut(units)).enumerate() {
            if self.live(first + i, s) {
                self.drop_units(first + i, carried);
                dh.iter_mut().zip(carried).for_each(|(a, &mut b)| *a += b);
            }
        }
    }

    /// What the recurrent product saw at every step, `(batch, steps, units)` in the order of time.
    pub(crate) fn seen_in_time(&self, hs: &[T]) -> Buffer<T> {
        let Recurrence { steps, units, .. } = self.shape;
        let mut seen = Buffer::stale(hs.len());
        parallel::chunks_mut(
            &mut seen,
            (steps * units).max(1),
            parallel::ELEMENTWISE_CHUNK / (steps * units + 1) + 1,
            |b, seen| {
                for s in 0..steps {
                    let seen = &mut seen[self.time(s) * units..][..units];
                    seen.copy_from_slice(self.before(self.h0, hs, b, s));
                    self.drop_units(b, seen);
                }
            },
        );
        seen
    }

    /// Adds up `seenᵀ @ dz` over samples and steps for columns `first..first + count` of `dz`, into the same columns of `du`.
    pub(crate) fn kernel_gradient(
        &self,
        set: InstructionSet,
        seen: &[T],
        dz: &[T],
        first: usize,
        count: usize,
        du: &mut [T],
    ) {
        let Recurrence { batch, steps, units, .. } = self.shape;
        let width = self.width();
        let leaf = if steps > LONGEST_LEAF { LONGEST_LEAF } else { steps * LEAF_ROWS.div_ceil(steps.max(1)) };
        let out = Target::rows(&mut du[first.min(width)..], width);
        multiply_grouped(set, 1, leaf.max(1), |_| Grouped {
            left: Matrix::rows(seen, units).transposed(),
            right: Right::Plain(Matrix::rows(dz, width).from(0, first)),
            rows: units,
            inner: batch * steps,
            columns: count,
            out,
        });
    }
}

/// Copies rows of `width` elements next to each other. Where they lie in a whole history they are a large power of two apart, and so
/// share the few places of one set of the cache, out of which a product over them would drive its own operands.
pub(crate) fn gather<'s, T: Element>(
    from: Matrix<'_, T>,
    rows: usize,
    width: usize,
    room: &'s mut [T],
) -> Matrix<'s, T> {
    for (i, to) in room.chunks_exact_mut(width).take(rows).enumerate() {
        to.copy_from_slice(from.row(i, width));
    }
    Matrix::rows(room, width)
}
