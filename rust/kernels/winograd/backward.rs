//! Backward: the adjoint of every step of forward, so tiles are the same ones.

use super::forward::{Channels, Patch, Tiles, TransformInputs};
use super::products::{Values, add_outer, calls, multiply};
use super::tiling::{Inputs, Tiling};
use super::transforms::{InputAdjoint, OutputAdjoint, Rows, both_ways};
use super::weights::{AddGradient, Frequencies, block_width};
use super::{FREQUENCIES, INPUT, OUTPUT, tiles_per_block};
use crate::kernels::conv2d::Wanted;
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each, tree_sum};
use crate::simd::{Element, Kernel, MAX_LANES, Pieces, Simd, Vector, dispatch};

/// A leaf of the sum over frames has as many frames as make up so many outputs, at most `LEAF_FRAMES`.
const LEAF_OUTPUTS: usize = 4096;
const LEAF_FRAMES: usize = 4;

/// Where the gradients of a convolution's outputs come from.
pub trait Gradients<T: Element>: Sync {
    /// The gradients of four rows of C columns, zeros for outputs that are not wanted. Must be `#[inline(always)]`.
    fn take<V: Vector<Elem = T>, const C: usize>(&self, patch: Patch) -> [[V; C]; OUTPUT];
}

/// The gradients of input, and of kernel and bias, those that are wanted.
pub fn backward<T: Element>(
    tiling: &Tiling,
    x: &[T],
    kernel: &[T],
    gradients: &impl Gradients<T>,
    wanted: Wanted,
) -> (Option<Buffer<T>>, Option<(Buffer<T>, Buffer<T>)>) {
    let g = &tiling.conv;
    let mut dx = wanted.input.then(|| Buffer::stale(g.input_shape().iter().product()));
    let mut sums = Buffer::stale(if wanted.kernel { kernel.len() + g.cout } else { 0 });
    let leaf_frames = LEAF_OUTPUTS.div_ceil((tiling.outputs.0 * tiling.outputs.1).max(1)).min(LEAF_FRAMES);
    let job = Job {
        tiling,
        x,
        gradients,
        weights: wanted.input.then(|| Frequencies::transposed(kernel, g.cin, g.cout)),
        dx: dx.as_deref_mut().map(Shared::new),
        stride: g.cout.next_multiple_of(block_width::<T>(g.cout).max(MAX_LANES)),
    };
    let leaf = |index: usize, sum: &mut [T]| {
        let first = index * leaf_frames;
        job.frames(first, leaf_frames.min(g.frames - first), sum);
    };
    let leaves = g.frames.div_ceil(leaf_frames);
    if wanted.kernel {
        tree_sum(leaves, &mut sums, leaf);
    } else {
        for_each(leaves, 1, |index| leaf(index, &mut []));
    }
    let split = || (Buffer::copy_of(&sums[..kernel.len()]), Buffer::copy_of(&sums[kernel.len()..]));
    (dx, wanted.kernel.then(split))
}

struct Job<'a, T: Element, G> {
    tiling: &'a Tiling,
    x: &'a [T],
    gradients: &'a G,
    /// The kernel for the input's gradient, if wanted.
    weights: Option<Frequencies<T>>,
    dx: Option<Shared<'a, T>>,
    /// Channels out, in whole blocks.
    stride: usize,
}

impl<T: Element, G: Gradients<T>> Job<'_, T, G> {
    /// Writes dx of some frames and adds the gradients of kernel and bias to `sums`, unless that is empty.
    fn frames(&self, first: usize, count: usize, sums: &mut [T]) {
        let g = &self.tiling.conv;
        (first..first + count).for_each(|frame| self.clear_unseen(frame));
        let kernel_wanted = !sums.is_empty();
        let (dkernel, dbias) = sums.split_at_mut(sums.len().saturating_sub(g.cout));
        let mut frequencies = Buffer::stale(if kernel_wanted { FREQUENCIES * g.cin * self.stride } else { 0 });
        let (start, end) = (first * self.tiling.per_frame(), (first + count) * self.tiling.per_frame());
        let block = tiles_per_block(usize::MAX, g.cin, self.stride);
        if start == end {
            return;
        }
        for first in (start..end).step_by(block) {
            let tiles = Tiles { tiling: self.tiling, first, count: block.min(end - first) };
            let mut dy = Values::stale(tiles.count, self.stride);
            dispatch(TransformGradients { tiles, gradients: self.gradients, to: &mut dy, dbias: &mut *dbias });
            let mut values = Values::stale(tiles.count, g.cin.next_multiple_of(block_width::<T>(g.cin)));
            if let (Some(weights), Some(dx)) = (&self.weights, &self.dx) {
                let (seen, calls) = (self.tiling.rows_seen(first, tiles.count), calls(tiles.count, weights));
                let x = if kernel_wanted { &self.x[seen.clone()] } else { &[] };
                let mut ahead =
                    [Pieces::new(x, calls), Pieces::at(dx.pointer(seen.start, seen.len()), seen.len(), calls)];
                for block in 0..weights.blocks() {
                    multiply(&dy, weights, block, &mut values, block * weights.width, &mut ahead);
                }
                dispatch(ScatterInputs { tiles, from: &mut values, dx });
            }
            if kernel_wanted {
                dispatch(TransformInputs { tiles, x: self.x, to: &mut values });
                add_outer(&values, &dy, (g.cin, g.cout), &mut frequencies, first == start);
            }
        }
        if kernel_wanted {
            let (rows, columns) = (g.cin, g.cout);
            dispatch(AddGradient { gradient: &frequencies, stride: self.stride, rows, columns, kernel: dkernel });
        }
    }

    /// No gradient where no tile looks.
    fn clear_unseen(&self, frame: usize) {
        let (Some(dx), g) = (&self.dx, &self.tiling.conv) else { return };
        let (rows, cols) = self.tiling.seen();
        for row in 0..g.rows.input {
            let unseen = if row < rows { cols } else { 0 };
            let start = ((frame * g.rows.input + row) * g.cols.input + unseen) * g.cin;
            // SAFETY: every frame belongs to one leaf.
            unsafe { dx.slice(start, (g.cols.input - unseen) * g.cin) }.fill(T::ZERO);
        }
    }
}

/// Gradients of outputs to frequencies, (frequency, tile, channels out in whole blocks).
struct TransformGradients<'a, T: Element, G> {
    tiles: Tiles<'a>,
    gradients: &'a G,
    to: &'a mut Values<T>,
    /// Empty where nobody wants their sums.
    dbias: &'a mut [T],
}

impl<T: Element, G: Gradients<T>> Kernel for TransformGradients<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { tiles, gradients, to, dbias } = self;
        let (cout, lanes) = (tiles.tiling.conv.cout, T::Vector::<S>::LANES);
        for (index, place) in tiles.places() {
            for channel in (0..to.row()).step_by(lanes) {
                let count = lanes.min(cout.saturating_sub(channel));
                let mut tile = [[T::Vector::<S>::zero(); OUTPUT]; OUTPUT];
                if count > 0 {
                    let channels = Channels { first: channel, count };
                    let patch = Patch { place, channels, wanted: tiles.tiling.wanted(place) };
                    tile = gradients.take::<_, OUTPUT>(patch);
                    if !dbias.is_empty() {
                        add_tile(&tile, &mut dbias[channel..channel + count]);
                    }
                }
                let mut to = to.frequencies::<T::Vector<S>>(index, channel);
                both_ways::<OutputAdjoint, _, OUTPUT, INPUT>(&tile, &mut to);
            }
        }
    }
}

/// Adds the sum of a tile to the gradient of the bias.
#[inline(always)]
fn add_tile<V: Vector>(tile: &[[V; OUTPUT]; OUTPUT], dbias: &mut [V::Elem]) {
    let mut sum = V::zero();
    for row in tile {
        sum = sum.add(row[0].add(row[1]).add(row[2].add(row[3])));
    }
    let (to, count) = (dbias.as_mut_ptr(), dbias.len());
    // SAFETY: the slice has `count` elements.
    unsafe { V::load_up_to(to, count).add(sum).store_up_to(to, count) };
}

/// Adds gradients of frequencies to those of the inputs; what no tile has written yet is written.
struct ScatterInputs<'a, T: Element> {
    tiles: Tiles<'a>,
    from: &'a mut Values<T>,
    dx: &'a Shared<'a, T>,
}

impl<T: Element> Kernel for ScatterInputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { tiles, from, dx } = self;
        let (cin, lanes) = (tiles.tiling.conv.cin, T::Vector::<S>::LANES);
        let (down, right) = (tiles.tiling.conv.cols.input * cin, cin);
        for (index, place) in tiles.places() {
            let inputs = tiles.tiling.inputs(place);
            for channel in (0..cin).step_by(lanes) {
                let count = lanes.min(cin - channel);
                let from = from.frequencies::<T::Vector<S>>(index, channel);
                if inputs.whole() && count == lanes {
                    let first = tiles.tiling.element(&inputs, 0, 0) + channel;
                    let corner = dx.pointer(first, (INPUT - 1) * (down + right) + lanes);
                    let mut to = InnerGradients { corner, down, right, inputs: &inputs };
                    both_ways::<InputAdjoint, T::Vector<S>, _, _>(&from, &mut to);
                    continue;
                }
                let mut gradients = [[T::Vector::<S>::zero(); INPUT]; INPUT];
                both_ways::<InputAdjoint, _, INPUT, INPUT>(&from, &mut gradients);
                for i in inputs.rows.clone() {
                    for j in inputs.cols.clone() {
                        let at = dx.pointer(tiles.tiling.element(&inputs, i, j) + channel, count);
                        let mut sum = gradients[i][j];
                        // SAFETY: the position lies in a frame that belongs to this leaf alone.
                        unsafe {
                            if j < inputs.seen_before(i) {
                                sum = T::Vector::<S>::load_up_to(at, count).add(sum);
                            }
                            sum.store_up_to(at, count);
                        }
                    }
                }
            }
        }
    }
}

/// The gradients of the 6 x 6 inputs of a tile that lies in a frame of this leaf, for one vector of channels.
struct InnerGradients<'a, T> {
    inputs: &'a Inputs,
    corner: *mut T,
    /// Elements from a row to the next, and from a column to the next.
    down: usize,
    right: usize,
}

impl<V: Vector> Rows<V, INPUT> for InnerGradients<'_, V::Elem> {
    #[inline(always)]
    fn put(&mut self, i: usize, row: [V; INPUT]) {
        let written = self.inputs.seen_before(i);
        for j in 0..INPUT {
            // SAFETY: the tile lies in its frame, which nobody else writes to.
            unsafe {
                let at = self.corner.add(i * self.down + j * self.right);
                let sum = if j < written { V::load(at).add(row[j]) } else { row[j] };
                sum.store(at);
            }
        }
    }
}
