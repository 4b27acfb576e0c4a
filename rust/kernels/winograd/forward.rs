//! Forward: inputs of a block of tiles to frequencies, 36 products, frequencies to outputs.

use super::products::{Values, calls, multiply};
use super::tiling::{Inputs, Place, Tiling};
use super::transforms::{Columns, Input, Output, both_ways};
use super::weights::Frequencies;
use super::{INPUT, OUTPUT, tiles_per_block};
use crate::parallel::{for_each, threads};
use crate::simd::{Element, Kernel, Pieces, Simd, Vector, dispatch};

/// Blocks that a thread computes one after the other, so that it knows what it reads next.
const BLOCKS_IN_A_ROW: usize = 4;
/// As long as a thread still takes so many turns.
const MOST_SHARES: usize = 8;

/// Some neighbouring channels: at most one vector of them.
#[derive(Debug, Clone, Copy)]
pub struct Channels {
    pub first: usize,
    pub count: usize,
}

/// Neighbouring outputs of a frame for some channels.
#[derive(Debug, Clone, Copy)]
pub struct Patch {
    pub place: Place,
    pub channels: Channels,
    /// How many rows and columns of it are wanted.
    pub wanted: (usize, usize),
}

/// Takes the sums that make up the outputs.
pub trait Outputs<T: Element>: Sync {
    /// The sums of four rows of C columns. Must be `#[inline(always)]`.
    fn put<V: Vector<Elem = T>, const C: usize>(&self, patch: Patch, sums: [[V; C]; OUTPUT]);
}

/// Convolves all tiles and hands the sums over.
pub fn forward<T: Element>(tiling: &Tiling, x: &[T], kernel: &Frequencies<T>, outputs: &impl Outputs<T>) {
    let block = tiles_per_block(tiling.count(), kernel.rows, kernel.width);
    let blocks = tiling.count().div_ceil(block);
    let grain = (blocks / (MOST_SHARES * threads())).clamp(1, BLOCKS_IN_A_ROW);
    for_each(blocks, grain, |index| {
        let first = index * block;
        // The next block may be another thread's.
        let upcoming = if (index + 1).is_multiple_of(grain) { 0 } else { block };
        let mut ahead = [Pieces::new(&x[tiling.rows_seen(first + block, upcoming)], calls(block, kernel))];
        let tiles = Tiles { tiling, first, count: block.min(tiling.count() - first) };
        let mut values = Values::stale(tiles.count, kernel.rows);
        let mut products = Values::stale(tiles.count, kernel.width);
        dispatch(TransformInputs { tiles, x, to: &mut values });
        for block in 0..kernel.blocks() {
            multiply(&values, kernel, block, &mut products, 0, &mut ahead);
            let first = block * kernel.width;
            let channels = Channels { first, count: kernel.width.min(kernel.columns - first) };
            dispatch(TransformOutputs { tiles, from: &mut products, channels, outputs });
        }
    });
}

/// Neighbouring tiles.
#[derive(Clone, Copy)]
pub struct Tiles<'a> {
    pub tiling: &'a Tiling,
    pub first: usize,
    pub count: usize,
}

impl Tiles<'_> {
    /// Their places.
    #[inline(always)]
    pub fn places(&self) -> impl Iterator<Item = (usize, Place)> {
        (0..self.count).map(|index| (index, self.tiling.place(self.first + index)))
    }
}

/// Inputs of tiles to frequencies.
pub struct TransformInputs<'a, T: Element> {
    pub tiles: Tiles<'a>,
    pub x: &'a [T],
    pub to: &'a mut Values<T>,
}

impl<T: Element> Kernel for TransformInputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { tiles, x, to } = self;
        let (cin, lanes) = (tiles.tiling.conv.cin, T::Vector::<S>::LANES);
        assert!(x.len() == tiles.tiling.conv.input_shape().iter().product::<usize>());
        let (down, right) = (tiles.tiling.conv.cols.input * cin, cin);
        for (index, place) in tiles.places() {
            let inputs = tiles.tiling.inputs(place);
            for channel in (0..cin).step_by(lanes) {
                let count = lanes.min(cin - channel);
                let mut to = to.frequencies::<T::Vector<S>>(index, channel);
                if inputs.whole() && count == lanes {
                    let corner = x.as_ptr().wrapping_add(tiles.tiling.element(&inputs, 0, 0) + channel);
                    both_ways::<Input, T::Vector<S>, INPUT, INPUT>(&InnerTile { corner, down, right }, &mut to);
                } else {
                    // SAFETY: `x` is the array of frames, and `count` channels are left.
                    let tile = unsafe { load_tile(tiles.tiling, &inputs, x.as_ptr().add(channel), count) };
                    both_ways::<Input, T::Vector<S>, INPUT, INPUT>(&tile, &mut to);
                }
            }
        }
    }
}

/// The 6 x 6 inputs of a tile that lies in its frame, for one vector of channels.
struct InnerTile<T> {
    corner: *const T,
    /// Elements from a row to the next, and from a column to the next.
    down: usize,
    right: usize,
}

impl<V: Vector> Columns<V, INPUT> for InnerTile<V::Elem> {
    #[inline(always)]
    fn column(&self, j: usize) -> [V; INPUT] {
        let mut column = [V::zero(); INPUT];
        for i in 0..INPUT {
            // SAFETY: the tile lies in its frame.
            column[i] = unsafe { V::load(self.corner.add(i * self.down + j * self.right)) };
        }
        column
    }
}

/// The 6 x 6 inputs of a tile, zeros outside of the frame.
///
/// # Safety
/// `x` is the array of frames from a channel on, of which `count` are left.
#[inline(always)]
unsafe fn load_tile<V: Vector>(
    tiling: &Tiling,
    inputs: &Inputs,
    x: *const V::Elem,
    count: usize,
) -> [[V; INPUT]; INPUT] {
    let mut tile = [[V::zero(); INPUT]; INPUT];
    for i in inputs.rows.clone() {
        for j in inputs.cols.clone() {
            // SAFETY: these rows and columns lie in the frame.
            tile[i][j] = unsafe { V::load_up_to(x.add(tiling.element(inputs, i, j)), count) };
        }
    }
    tile
}

/// Frequencies of one block of channels to outputs.
struct TransformOutputs<'a, T: Element, O> {
    tiles: Tiles<'a>,
    from: &'a mut Values<T>,
    channels: Channels,
    outputs: &'a O,
}

impl<T: Element, O: Outputs<T>> Kernel for TransformOutputs<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { tiles, from, channels, outputs } = self;
        let lanes = T::Vector::<S>::LANES;
        for (index, place) in tiles.places() {
            for lane in (0..channels.count).step_by(lanes) {
                let mut sums = [[T::Vector::<S>::zero(); OUTPUT]; OUTPUT];
                let frequencies = from.frequencies::<T::Vector<S>>(index, lane);
                both_ways::<Output, _, INPUT, OUTPUT>(&frequencies, &mut sums);
                let channels = Channels { first: channels.first + lane, count: lanes.min(channels.count - lane) };
                let patch = Patch { place, channels, wanted: tiles.tiling.wanted(place) };
                outputs.put(patch, sums);
            }
        }
    }
}
