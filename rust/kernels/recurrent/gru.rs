//! Gated recurrent unit. Gates z, r, h: `h' = z h + (1 - z) activation(candidate)`.
//!
//! The reset gate multiplies the recurrent product of the candidate (`reset_after`, as cuDNN does) or the state before it.

use super::gru_gates::UsualForward;
use super::walk::{Recurrence, Walk, gather};
use crate::kernels::activate::{Activation, activate_in_place, scale_by_slope};
use crate::kernels::column_sums::column_sums;
use crate::kernels::gemm::{Matrix, PackedRight, accumulate};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{self, Element, InstructionSet, Kernel, Simd, dispatch_on};

/// The cell.
#[derive(Clone, Copy)]
pub struct Gru<'a, T> {
    /// Shape, recurrent kernel `(units, 3 units)`, initial state, masks.
    pub walk: Walk<'a, T>,
    /// Added to the recurrent product, `(3 units,)`.
    pub recurrent_bias: Option<&'a [T]>,
    /// Of the candidate.
    pub activation: Activation,
    /// Of the gates.
    pub recurrent_activation: Activation,
    /// The reset gate multiplies the recurrent product, else the state before it.
    pub reset_after: bool,
}

/// What `gru` returns, in walking order.
pub struct GruOutputs<T: Element> {
    /// `(batch, steps, units)`.
    pub hs: Buffer<T>,
    /// For the backward pass: `(batch, steps, saved_width)`, or nothing.
    pub saved: Buffer<T>,
}

/// Gradients of `gru`.
pub struct GruGradients<T: Element> {
    /// `(batch, steps, 3 units)` in the order of time.
    pub dz: Buffer<T>,
    /// `(units, 3 units)`.
    pub du: Buffer<T>,
    /// `(3 units,)`.
    pub drecurrent_bias: Option<Buffer<T>>,
    /// `(batch, units)`.
    pub dh0: Buffer<T>,
}

impl<T: Element> Gru<'_, T> {
    /// Numbers saved for a sample and step: z, r, the recurrent part of the candidate's sum (`reset_after`) or the state it was made
    /// from, the candidate, and the sums of the gates where an activation needs its input.
    pub fn saved_width(&self) -> usize {
        self.walk.shape.units * if self.keeps_sums() { 7 } else { 4 }
    }

    fn keeps_sums(&self) -> bool {
        self.activation.needs_input() || self.recurrent_activation.needs_input()
    }

    /// Whether it is the cell that nearly everybody uses.
    fn is_usual(&self) -> bool {
        self.reset_after && (self.activation, self.recurrent_activation) == (Activation::Tanh, Activation::Sigmoid)
    }

    /// Columns of the kernel that see the state itself.
    fn first_product(&self) -> usize {
        self.walk.shape.units * if self.reset_after { 3 } else { 2 }
    }
}

/// Walks through `z`, `(batch, steps, 3 units)`. Unless `keep`, nothing is saved for the backward pass.
pub fn gru<T: Element>(cell: Gru<'_, T>, z: &[T], keep: bool) -> GruOutputs<T> {
    let walk = cell.walk;
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let (width, set) = (cell.saved_width(), simd::current());
    let first_product = cell.first_product();
    let kernel = walk.pack(set, 0, first_product);
    let candidate_kernel = walk.pack(set, first_product, 3 * units - first_product);
    let row = steps * units;
    let mut hs = Buffer::stale(batch * row);
    let mut saved = Buffer::stale(if keep { batch * steps * width } else { 0 });
    let (all_hs, all_saved) = (Shared::new(&mut hs), Shared::new(&mut saved));
    walk.for_each_group(|first, samples| {
        let kept = if keep { steps * width } else { 0 };
        // SAFETY: groups hold different samples.
        let (hs, saved) =
            unsafe { (all_hs.slice(first * row, samples * row), all_saved.slice(first * kept, samples * kept)) };
        let group = Group { cell: &cell, set, z, first, samples, hs, saved: keep.then_some(saved) };
        if cell.is_usual() { group.usual(&kernel) } else { group.any(&kernel, &candidate_kernel) }
    });
    GruOutputs { hs, saved }
}

/// A group of samples on their way through all steps.
struct Group<'a, T> {
    cell: &'a Gru<'a, T>,
    set: InstructionSet,
    z: &'a [T],
    first: usize,
    samples: usize,
    hs: &'a mut [T],
    /// None if nothing is to be saved.
    saved: Option<&'a mut [T]>,
}

impl<T: Element> Group<'_, T> {
    /// The usual cell: one product and one pass over the gates a step.
    fn usual(self, kernel: &PackedRight<T>) {
        let Self { cell, set, z, first, samples, hs, mut saved } = self;
        let walk = cell.walk;
        let Recurrence { steps, units, .. } = walk.shape;
        let (gates, width) = (3 * units, cell.saved_width());
        let mut room = Buffer::stale(samples * units);
        let mut products = Buffer::stale(samples * gates);
        let mut unkept = Buffer::stale(width);
        for s in 0..steps {
            let seen = walk.seen(hs, first, samples, s, &mut room);
            accumulate(set, seen, samples, kernel, &mut products, gates, true);
            for (i, product) in products.chunks_exact(gates).enumerate() {
                let (before, after) = walk.step(walk.h0, hs, first, i, s);
                if walk.live(first + i, s) {
                    let z = &z[((first + i) * steps + walk.time(s)) * gates..][..gates];
                    let saved = match &mut saved {
                        Some(saved) => &mut saved[(i * steps + s) * width..][..width],
                        None => &mut unkept[..],
                    };
                    let (bias, before) = (cell.recurrent_bias, &before[..units]);
                    dispatch_on(set, UsualForward { z, product, bias, saved, before, after });
                } else {
                    after.copy_from_slice(&before[..units]);
                }
            }
        }
    }

    /// Any cell.
    fn any(self, kernel: &PackedRight<T>, candidate_kernel: &PackedRight<T>) {
        let Self { cell, set, z, first, samples, hs, mut saved } = self;
        let Gru { walk, reset_after, .. } = *cell;
        let Recurrence { steps, units, .. } = walk.shape;
        let (gates, width) = (3 * units, cell.saved_width());
        let mut room = Buffer::stale(samples * units);
        let mut reset = Buffer::stale(if reset_after { 0 } else { samples * units });
        let mut now = Buffer::stale(samples * width);
        for s in 0..steps {
            for (i, now) in now.chunks_exact_mut(width).enumerate() {
                cell.begin(&z[((first + i) * steps + walk.time(s)) * gates..][..gates], now);
            }
            let seen = walk.seen(hs, first, samples, s, &mut room);
            accumulate(set, seen, samples, kernel, &mut now, width, false);
            for (i, now) in now.chunks_exact_mut(width).enumerate() {
                cell.gates(seen.row(i, units), now);
                if !reset_after {
                    reset[i * units..][..units].copy_from_slice(&now[2 * units..3 * units]);
                }
            }
            if !reset_after {
                let reset = Matrix::rows(&reset, units);
                accumulate(set, reset, samples, candidate_kernel, &mut now[3 * units..], width, false);
            }
            for (i, now) in now.chunks_exact_mut(width).enumerate() {
                let (before, after) = walk.step(walk.h0, hs, first, i, s);
                if walk.live(first + i, s) {
                    dispatch_on(set, Forward { cell, saved: now, before, after });
                } else {
                    after.copy_from_slice(&before[..units]);
                }
                if let Some(saved) = &mut saved {
                    saved[(i * steps + s) * width..][..width].copy_from_slice(now);
                }
            }
        }
    }
}

impl<T: Element> Gru<'_, T> {
    /// What the recurrent products are added to: the input of the gates, and the recurrent bias.
    fn begin(&self, z: &[T], saved: &mut [T]) {
        let units = self.walk.shape.units;
        saved[..2 * units].copy_from_slice(&z[..2 * units]);
        saved[2 * units..3 * units].fill(T::ZERO);
        saved[3 * units..4 * units].copy_from_slice(&z[2 * units..]);
        if let Some(bias) = self.recurrent_bias {
            let candidate = if self.reset_after { 2 } else { 3 } * units;
            add(&mut saved[..2 * units], bias);
            add(&mut saved[candidate..candidate + units], &bias[2 * units..]);
        }
    }

    /// From the sums of z and r to the candidate's sum (`reset_after`), or to the state that its product sees.
    fn gates(&self, seen: &[T], saved: &mut [T]) {
        let units = self.walk.shape.units;
        let (values, sums) = saved.split_at_mut(4 * units);
        if self.keeps_sums() {
            sums[..2 * units].copy_from_slice(&values[..2 * units]);
        }
        let (z_r, rest) = values.split_at_mut(2 * units);
        let (recurrent, candidate) = rest.split_at_mut(units);
        activate_in_place(z_r, self.recurrent_activation);
        let reset = &z_r[units..];
        for j in 0..units {
            if self.reset_after {
                candidate[j] += reset[j] * recurrent[j];
            } else {
                recurrent[j] = reset[j] * seen[j];
            }
        }
    }
}

fn add<T: Element>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(a, &b)| *a += b);
}

/// The end of a step of one sample, from the candidate's sum.
struct Forward<'a, T> {
    cell: &'a Gru<'a, T>,
    saved: &'a mut [T],
    before: &'a [T],
    after: &'a mut [T],
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { cell, saved, before, after } = self;
        let units = after.len();
        let (values, sums) = saved.split_at_mut(4 * units);
        let (update, rest) = values.split_at_mut(units);
        let candidate = &mut rest[2 * units..];
        if cell.keeps_sums() {
            sums[2 * units..].copy_from_slice(candidate);
        }
        activate_in_place(candidate, cell.activation);
        for j in 0..units {
            after[j] = update[j] * before[j] + (T::ONE - update[j]) * candidate[j];
        }
    }
}

/// Walks back, given the gradient of `hs`.
pub fn gru_grad<T: Element>(cell: Gru<'_, T>, dhs: &[T], hs: &[T], saved: &[T]) -> GruGradients<T> {
    let Gru { walk, reset_after, .. } = cell;
    let Recurrence { batch, steps, units, .. } = walk.shape;
    let (gates, width, set) = (3 * units, cell.saved_width(), simd::current());
    let first_product = cell.first_product();
    let kernel = walk.pack_transposed(set, 0, first_product);
    let candidate_kernel = walk.pack_transposed(set, first_product, gates - first_product);
    let mut dz = Buffer::stale(batch * steps * gates);
    // The gradient of the recurrent product where it differs from dz.
    let mut through = Buffer::stale(if reset_after { dz.len() } else { 0 });
    let mut dh0 = Buffer::zeroed(batch * units);
    let (all_dz, all_through, all_dh) = (Shared::new(&mut dz), Shared::new(&mut through), Shared::new(&mut dh0));
    walk.for_each_group(|first, samples| {
        let (start, count) = (first * steps * gates, samples * steps * gates);
        // SAFETY: groups hold different samples.
        let (dz, through, dh) = unsafe {
            let through = if reset_after { all_through.slice(start, count) } else { &mut [] };
            (all_dz.slice(start, count), through, all_dh.slice(first * units, samples * units))
        };
        let hs_here = &hs[first * steps * units..];
        let mut room = Buffer::stale(samples * units);
        let mut carried = Buffer::stale(samples * units);
        let mut gathered = Buffer::stale(samples * gates);
        for s in (0..steps).rev() {
            let t = walk.time(s);
            let row = |i: usize| (i * steps + t) * gates..(i * steps + t + 1) * gates;
            let saved = |i: usize| &saved[((first + i) * steps + s) * width..][..width];
            for i in 0..samples {
                let dh = &mut dh[i * units..][..units];
                add(dh, &dhs[((first + i) * steps + s) * units..]);
                if walk.live(first + i, s) {
                    let before = walk.before(walk.h0, hs, first + i, s);
                    let through = if reset_after { &mut through[row(i)] } else { &mut [] };
                    dispatch_on(
                        set,
                        Backward { cell: &cell, saved: saved(i), before, dh, dz: &mut dz[row(i)], through },
                    );
                } else {
                    dz[row(i)].fill(T::ZERO);
                    if reset_after {
                        through[row(i)].fill(T::ZERO);
                    }
                }
            }
            let stride = steps * gates;
            if reset_after {
                let near = gather(Matrix::rows(&through[t * gates..], stride), samples, gates, &mut gathered);
                accumulate(set, near, samples, &kernel, &mut carried, units, true);
            } else {
                let candidates = Matrix::rows(&dz[t * gates + 2 * units..], stride);
                accumulate(set, candidates, samples, &candidate_kernel, &mut carried, units, true);
                let seen = walk.seen(hs_here, first, samples, s, &mut room);
                for i in (0..samples).filter(|i| walk.live(first + i, s)) {
                    let (dz, d_reset_state) = (&mut dz[row(i)], &mut carried[i * units..][..units]);
                    cell.through_reset(saved(i), seen.row(i, units), dz, d_reset_state);
                }
                accumulate(set, Matrix::rows(&dz[t * gates..], stride), samples, &kernel, &mut carried, units, false);
            }
            walk.carry(first, s, &mut carried, dh);
        }
    });
    let seen = walk.seen_in_time(hs);
    let mut du = Buffer::stale(units * gates);
    let through = if reset_after { &through } else { &dz };
    walk.kernel_gradient(set, &seen, through, 0, first_product, &mut du);
    if !reset_after {
        let reset_state = cell.reset_state_in_time(saved);
        walk.kernel_gradient(set, &reset_state, &dz, first_product, units, &mut du);
    }
    let drecurrent_bias = cell.recurrent_bias.map(|_| column_sums(through, gates));
    GruGradients { dz, du, drecurrent_bias, dh0 }
}

impl<T: Element> Gru<'_, T> {
    /// The reset gate before the product: from the gradient of the state that the product sees to that of r's sum and of the state.
    fn through_reset(&self, saved: &[T], seen: &[T], dz: &mut [T], d_state: &mut [T]) {
        let units = d_state.len();
        let (reset, dr) = (&saved[units..2 * units], &mut dz[units..2 * units]);
        for j in 0..units {
            dr[j] = d_state[j] * seen[j];
            d_state[j] *= reset[j];
        }
        let sums = if self.keeps_sums() { &saved[5 * units..6 * units] } else { reset };
        scale_by_slope(dr, sums, reset, self.recurrent_activation);
    }

    /// The states that the candidates' products saw, in the order of time; zero where the step does not count.
    fn reset_state_in_time(&self, saved: &[T]) -> Buffer<T> {
        let Recurrence { batch, steps, units, .. } = self.walk.shape;
        let mut states = Buffer::zeroed(batch * steps * units);
        for (index, saved) in saved.chunks_exact(self.saved_width()).enumerate() {
            let (b, s) = (index / steps, index % steps);
            if self.walk.live(b, s) {
                let at = (b * steps + self.walk.time(s)) * units;
                states[at..at + units].copy_from_slice(&saved[2 * units..3 * units]);
            }
        }
        states
    }
}

/// One step of one sample back: from the gradient of the new state to those of the sums, and what of it reaches the old state directly.
struct Backward<'a, T> {
    cell: &'a Gru<'a, T>,
    saved: &'a [T],
    before: &'a [T],
    dh: &'a mut [T],
    dz: &'a mut [T],
    through: &'a mut [T],
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { cell, saved, before, dh, dz, through } = self;
        let units = dh.len();
        let (values, sums) = saved.split_at(4 * units);
        let [update, reset, recurrent, candidate] = std::array::from_fn(|part| &values[part * units..][..units]);
        let (z_sums, candidate_sums) = if cell.keeps_sums() {
            (&sums[..2 * units], &sums[2 * units..])
        } else {
            (&values[..2 * units], candidate)
        };
        let (dz_dr, d_candidate) = dz.split_at_mut(2 * units);
        let before = &before[..units];
        for j in 0..units {
            dz_dr[j] = dh[j] * (before[j] - candidate[j]);
            d_candidate[j] = dh[j] * (T::ONE - update[j]);
            dh[j] *= update[j];
        }
        scale_by_slope(d_candidate, candidate_sums, candidate, cell.activation);
        if !cell.reset_after {
            let update_sums = &z_sums[..units];
            return scale_by_slope(&mut dz_dr[..units], update_sums, update, cell.recurrent_activation);
        }
        let (_, dr) = dz_dr.split_at_mut(units);
        for j in 0..units {
            dr[j] = d_candidate[j] * recurrent[j];
        }
        scale_by_slope(dz_dr, z_sums, &values[..2 * units], cell.recurrent_activation);
        let (through_z_r, through_candidate) = through.split_at_mut(2 * units);
        through_z_r.copy_from_slice(dz_dr);
        for j in 0..units {
            through_candidate[j] = d_candidate[j] * reset[j];
        }
    }
}
