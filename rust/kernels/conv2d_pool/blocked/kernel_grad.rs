//! Gradients of kernel and bias: for every channel out and block of channels in, nine vectors to which the windows of the channel's
//! list are added, each times its gradient. The bias is a tenth tap that sees ones.

use super::super::lists::{Entry, Lists};
use super::{Layout, PooledGradients, SIDE, TAPS};
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, Pieces, Simd, Vector, dispatch};
use std::ops::Range;

/// Bytes of a block's band: it is read from the first-level cache.
const BAND_BYTES: usize = 28 << 10;
/// Vectors of a channel out: the taps and the bias.
const SUMS: usize = TAPS + 1;

/// What all frames share.
pub struct KernelGradient<'a> {
    layout: Layout<'a>,
    /// Pooled rows of a band.
    rows: usize,
}

impl<'a> KernelGradient<'a> {
    pub fn new<T: Element>(layout: Layout<'a>) -> Self {
        let pooled_rows = layout.g.pool.rows.output.max(1);
        let fits = |rows: &usize| layout.g.seen(0, *rows).len() * layout.line * size_of::<T>() <= BAND_BYTES;
        Self { layout, rows: (1..=pooled_rows).rev().find(fits).unwrap_or(1) }
    }

    /// Elements of the sums, (block, channel out, tap, lane).
    pub fn sums(&self) -> usize {
        self.layout.blocks * self.layout.g.conv.cout * SUMS * self.layout.lanes
    }

    /// What a thread needs for its frames.
    pub fn room<T: Element>(&self) -> Room<T> {
        let Layout { g, line, .. } = self.layout;
        Room {
            lists: Lists::new(g.conv.cout, 0, self.rows * g.pool.cols.output, g.positions(), false),
            windows: self.layout.windows(self.rows),
            block: Buffer::stale(g.seen(0, self.rows).len() * line),
        }
    }

    /// Adds a frame's gradients to the sums.
    pub fn add_frame<T: Element>(
        &self,
        gradients: PooledGradients<'_, T>,
        x: Source<'_, T>,
        Room { lists, windows, block }: &mut Room<T>,
        sums: &mut [T],
    ) {
        let Layout { g, plane, lanes, blocks, .. } = self.layout;
        let pooled_rows = g.pool.rows.output;
        for first in (0..pooled_rows).step_by(self.rows) {
            let rows = self.rows.min(pooled_rows - first);
            let part = self.layout.part(gradients, first, rows);
            lists.fill(part.dy, part.argmax, windows);
            let seen = g.seen(first, rows);
            let band = plane.band(x, seen.start, seen.end);
            let next = first + rows..pooled_rows.min(first + rows + self.rows);
            let mut ahead = self.ahead(gradients, x, next);
            let sums = sums.chunks_exact_mut(g.conv.cout * SUMS * lanes);
            for (index, sums) in sums.enumerate() {
                dispatch(Block { from: &band[index * lanes..], step: blocks * lanes, to: block });
                dispatch(AddWindows { lists, block, down: self.layout.down(), sums, ahead: &mut ahead });
            }
        }
    }

    /// What the pooled rows `next` of a frame will read, in as many pieces as there are visits of a channel before.
    fn ahead<T: Element>(
        &self,
        gradients: PooledGradients<'_, T>,
        x: Source<'_, T>,
        next: Range<usize>,
    ) -> [Pieces; 3] {
        let Layout { g, blocks, .. } = self.layout;
        let visits = blocks * g.conv.cout;
        let part = self.layout.part(gradients, next.start, next.len());
        let x = match x {
            Source::Floats(frame) if !next.is_empty() => &frame[self.layout.real(g.seen(next.start, next.len()))],
            _ => &[],
        };
        [Pieces::new(x, visits), Pieces::new(part.dy, visits), Pieces::new(part.argmax, visits)]
    }

    /// The gradients of kernel and bias.
    pub fn unpacked<T: Element>(&self, sums: &[T]) -> (Buffer<T>, Buffer<T>) {
        let Layout { g, lanes, .. } = self.layout;
        let (cin, cout) = (g.conv.cin, g.conv.cout);
        let mut dkernel = Buffer::stale(TAPS * cin * cout);
        for (product, row) in dkernel.chunks_exact_mut(cout).enumerate() {
            let (tap, block, lane) = (product / cin, product % cin / lanes, product % lanes);
            for (channel, d) in row.iter_mut().enumerate() {
                *d = sums[((block * cout + channel) * SUMS + tap) * lanes + lane];
            }
        }
        let mut dbias = Buffer::stale(cout);
        for (channel, d) in dbias.iter_mut().enumerate() {
            *d = sums[(channel * SUMS + TAPS) * lanes];
        }
        (dkernel, dbias)
    }
}

/// Scratch memory.
pub struct Room<T: Element> {
    lists: Lists<T>,
    windows: Vec<usize>,
    block: Buffer<T>,
}

/// Copies a block of channels out of frames.
struct Block<'a, T> {
    /// From the first pixel's first channel of the block on.
    from: &'a [T],
    /// Elements from a pixel to the next.
    step: usize,
    to: &'a mut [T],
}

impl<T: Element> Kernel for Block<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let lanes = T::Vector::<S>::LANES;
        for (from, to) in self.from.chunks(self.step).zip(self.to.chunks_exact_mut(lanes)) {
            let from = &from[..lanes];
            // SAFETY: both slices hold a vector.
            unsafe { T::Vector::<S>::load(from.as_ptr()).store(to.as_mut_ptr()) };
        }
    }
}

struct AddWindows<'a, T> {
    lists: &'a Lists<T>,
    block: &'a [T],
    down: usize,
    sums: &'a mut [T],
    /// What is read next, called a piece a channel.
    ahead: &'a mut [Pieces],
}

impl<T: Element> Kernel for AddWindows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (channel, sums) in self.sums.chunks_exact_mut(SUMS * T::Vector::<S>::LANES).enumerate() {
            self.ahead.iter_mut().for_each(Pieces::call);
            // SAFETY: the windows of the lists lie in the block; the sums are so many.
            unsafe {
                add_windows::<T::Vector<S>>(self.lists.of_channel(channel), self.block.as_ptr(), self.down, sums);
            }
        }
    }
}

/// # Safety
/// The windows of all entries lie in the block, and there are `SUMS` vectors of sums.
#[inline(always)]
unsafe fn add_windows<V: Vector>(entries: &[Entry<V::Elem>], block: *const V::Elem, down: usize, sums: &mut [V::Elem]) {
    let at = sums.as_mut_ptr();
    let mut sums = [V::zero(); SUMS];
    for (index, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *sum = unsafe { V::load(at.add(index * V::LANES)) };
    }
    for entry in entries {
        let gradient = V::splat(entry.gradient);
        let window = block.wrapping_add(entry.offset as usize);
        for row in 0..SIDE {
            for col in 0..SIDE {
                // SAFETY: the caller's promise.
                let seen = unsafe { V::load(window.wrapping_add(row * down + col * V::LANES)) };
                let sum = &mut sums[row * SIDE + col];
                *sum = gradient.mul_add(seen, *sum);
            }
        }
        sums[TAPS] = sums[TAPS].add(gradient);
    }
    for (index, sum) in sums.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { sum.store(at.add(index * V::LANES)) };
    }
}
