//! Implicit GEMM: for a list of pixels, the products of everything their windows see with packed weights.
//!
//! A window is a list of taps, each a run of neighbouring elements of the plane, so no patch matrix is ever built:
//! (pixels x taps * run) times (taps * run x channels), the weights packed in blocks as wide as a register tile. Forward and
//! input gradient differ only in pixels, taps and weights.

use super::depthwise;
use super::tile::{accumulate, tile_vectors, with_tile};
use crate::kernels::epilogue::Epilogue;
use crate::memory::Buffer;
use crate::parallel::chunks_mut;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Weights that are worth a second thread when they are packed.
const WORTH_A_THREAD: usize = 1 << 16;

/// Where a pixel's window starts in the plane and where its channels go in the output, in elements.
#[derive(Clone, Copy, Debug)]
pub struct Pixel {
    pub from: usize,
    pub to: usize,
}

/// What a window sees: at each tap, seen from the pixel, `run` neighbouring elements. Groups follow each other in a pixel.
#[derive(Clone, Debug)]
pub struct Taps {
    pub offsets: Vec<usize>,
    pub run: usize,
    pub groups: usize,
    /// Elements from one group to the next in the plane.
    pub group_step: usize,
}

impl Taps {
    /// Products that make up one output.
    pub fn products(&self) -> usize {
        self.offsets.len() * self.run
    }

    /// Whether every channel is a group of its own, in and out.
    fn depthwise(&self, channels: usize) -> bool {
        self.groups > 1 && self.group_step == 1 && channels == 1
    }

    /// One past the furthest element that a window sees.
    fn reach(&self) -> usize {
        let last = self.offsets.iter().max().map_or(0, |offset| offset + self.run);
        last + (self.groups - 1) * self.group_step
    }
}

/// Weights as (group, block, products, width), the last block of a group filled up with zeros; groups of one channel in and out as
/// (tap, channel).
pub struct PackedWeights<T: Element> {
    data: Buffer<T>,
    products: usize,
    width: usize,
    blocks: usize,
    /// Output channels of a group.
    channels: usize,
}

impl<T: Element> PackedWeights<T> {
    /// Packs `weight(group, product, channel)`.
    pub fn new(taps: &Taps, channels: usize, weight: impl Fn(usize, usize, usize) -> T + Sync) -> Self {
        let (groups, products) = (taps.groups, taps.products());
        if taps.depthwise(channels) {
            let mut data = Buffer::stale(products * groups);
            for (index, w) in data.iter_mut().enumerate() {
                *w = weight(index % groups, index / groups, 0);
            }
            return Self { data, products, width: 1, blocks: 1, channels };
        }
        let mut packed = Self::stale(taps, channels);
        packed.fill(|group, product, first, row| {
            for (j, w) in row.iter_mut().enumerate() {
                *w = weight(group, product, first + j);
            }
        });
        packed
    }

    /// Packs rows of a matrix: the weights of a product and all groups lie next to each other, `groups * channels` of them.
    pub fn of_rows(taps: &Taps, channels: usize, matrix: &[T]) -> Self {
        let (groups, products) = (taps.groups, taps.products());
        if taps.depthwise(channels) {
            return Self { data: Buffer::copy_of(matrix), products, width: 1, blocks: 1, channels };
        }
        let mut packed = Self::stale(taps, channels);
        packed.fill(|group, product, first, row| {
            let from = (product * groups + group) * channels + first;
            row.copy_from_slice(&matrix[from..from + row.len()]);
        });
        packed
    }

    fn stale(taps: &Taps, channels: usize) -> Self {
        let (groups, products) = (taps.groups, taps.products());
        let width = dispatch(TileWidth { channels, like: T::ZERO });
        let blocks = channels.div_ceil(width);
        Self { data: Buffer::stale(groups * blocks * products * width), products, width, blocks, channels }
    }

    /// Writes all blocks: `write(group, product, first channel, row)` the row of a product, zeros come behind the last channel.
    fn fill(&mut self, write: impl Fn(usize, usize, usize, &mut [T]) + Sync) {
        let Self { ref mut data, products, width, blocks, channels } = *self;
        if products == 0 {
            return;
        }
        let grain = WORTH_A_THREAD.div_ceil(products * width);
        chunks_mut(data, products * width, grain, |block, rows| {
            let (group, first) = (block / blocks, block % blocks * width);
            let count = width.min(channels - first);
            for (product, row) in rows.chunks_exact_mut(width).enumerate() {
                let (weights, behind) = row.split_at_mut(count);
                write(group, product, first, weights);
                behind.fill(T::ZERO);
            }
        });
    }

    /// Channels of a block.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Every block of every group, and the output channels it computes.
    pub fn all_blocks(&self, groups: usize) -> impl Iterator<Item = (usize, usize, Target)> {
        (0..groups * self.blocks).map(|index| {
            let (group, block) = (index / self.blocks, index % self.blocks);
            let first = block * self.width;
            let count = self.width.min(self.channels - first);
            (group, block, Target { first: group * self.channels + first, count })
        })
    }

    /// All weights of groups of one channel in and out, (tap, channel).
    pub fn rows(&self) -> &[T] {
        &self.data
    }

    /// The weights of a block, (products, width).
    pub fn block(&self, group: usize, block: usize) -> &[T] {
        let len = self.products * self.width;
        &self.data[(group * self.blocks + block) * len..][..len]
    }
}

struct TileWidth<T> {
    channels: usize,
    like: T,
}

impl<T: Element> Kernel for TileWidth<T> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self) -> usize {
        let _ = self.like;
        tile_vectors::<T, S>(self.channels) * T::Vector::<S>::LANES
    }
}

/// Writes the channels of all pixels.
pub fn correlate<T: Element>(
    plane: &[T],
    pixels: &[Pixel],
    taps: &Taps,
    weights: &PackedWeights<T>,
    epilogue: Epilogue<'_, T>,
    out: &mut [T],
) {
    if taps.depthwise(weights.channels) {
        return depthwise::correlate(plane, pixels, taps, &weights.data, epilogue, out);
    }
    for (group, block, target) in weights.all_blocks(taps.groups) {
        correlate_block(plane, pixels, taps, weights, group, block, epilogue, target, out);
    }
}

/// The channels of one block: where they go in a pixel's output, and how many of them.
#[derive(Clone, Copy)]
pub struct Target {
    pub first: usize,
    pub count: usize,
}

/// `correlate` for one block of channels.
pub fn correlate_block<T: Element>(
    plane: &[T],
    pixels: &[Pixel],
    taps: &Taps,
    weights: &PackedWeights<T>,
    group: usize,
    block: usize,
    epilogue: Epilogue<'_, T>,
    target: Target,
    out: &mut [T],
) {
    let (reach, end) = (taps.reach(), target.first + target.count);
    assert!(weights.products == taps.products() && target.count <= weights.width);
    assert!(
        pixels.iter().all(|p| p.from + reach <= plane.len() && p.to + end <= out.len()),
        "a window leaves its plane"
    );
    dispatch(Correlate {
        plane: &plane[(group * taps.group_step).min(plane.len())..],
        pixels,
        taps,
        weights: weights.block(group, block),
        width: weights.width,
        first: group * weights.channels + block * weights.width,
        epilogue,
        target,
        out,
    });
}

struct Correlate<'a, T> {
    plane: &'a [T],
    pixels: &'a [Pixel],
    taps: &'a Taps,
    weights: &'a [T],
    width: usize,
    /// The block's first channel, of all groups.
    first: usize,
    epilogue: Epilogue<'a, T>,
    target: Target,
    out: &'a mut [T],
}

impl<T: Element> Kernel for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        // SAFETY: `correlate_block` checked that all windows and outputs lie inside their slices.
        unsafe { with_tile!(S, self.width / T::Vector::<S>::LANES, correlate_tiles::<T::Vector<S>>(self)) }
    }
}

/// Walks over the pixels, P at a time. The last tile repeats its last pixel, which then is stored more than once.
///
/// # Safety
/// All windows and outputs of `pixels` lie inside the plane and the output.
#[inline(always)]
unsafe fn correlate_tiles<V: Vector, const P: usize, const N: usize>(job: Correlate<'_, V::Elem>) {
    let Correlate { plane, pixels, taps, weights, first, epilogue, target, out, .. } = job;
    let (last, out) = (pixels.len().wrapping_sub(1), out.as_mut_ptr());
    let counts: [usize; N] = std::array::from_fn(|j| target.count.saturating_sub(j * V::LANES).min(V::LANES));
    let mut start = [V::zero(); N];
    for j in 0..N {
        start[j] = epilogue.start(first + (j * V::LANES).min(target.count), counts[j]);
    }
    for tile in (0..pixels.len()).step_by(P) {
        let tile: [Pixel; P] = std::array::from_fn(|i| pixels[(tile + i).min(last)]);
        let mut acc = [start; P];
        for (index, &tap) in taps.offsets.iter().enumerate() {
            // SAFETY: the caller's promise; the block holds `width` weights for each product.
            unsafe {
                let a = std::array::from_fn(|i| plane.as_ptr().add(tile[i].from + tap));
                let b = weights.as_ptr().add(index * taps.run * N * V::LANES);
                acc = accumulate(acc, a, 1, b, N * V::LANES, taps.run);
            }
        }
        for (pixel, sums) in tile.iter().zip(acc) {
            for j in 0..N {
                let to = out.wrapping_add(pixel.to + target.first + j * V::LANES);
                // SAFETY: the caller's promise.
                unsafe { epilogue.finish(sums[j]).store_up_to(to, counts[j]) };
            }
        }
    }
}
