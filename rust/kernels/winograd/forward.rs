//! Forward: inputs of a block of tiles to frequencies, 36 products, frequencies to outputs.

use super::products::{Values, multiply};
use super::tiling::{Inputs, Place, Tiling};
use super::transforms::{Input, Output, both_ways};
use super::weights::Frequencies;
use super::{FREQUENCIES, INPUT, OUTPUT, tiles_per_block};
use crate::parallel::for_each;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

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
    for_each(tiling.count().div_ceil(block), 1, |index| {
        let first = index * block;
        let tiles = Tiles { tiling, first, count: block.min(tiling.count() - first) };
        let mut values = Values::stale(tiles.count, kernel.rows);
        let mut products = Values::stale(tiles.count, kernel.width);
        dispatch(TransformInputs { tiles, x, to: &mut values });
        for block in 0..kernel.blocks() {
            multiply(&values, tiles.count, kernel, block, &mut products, 0);
            let first = block * kernel.width;
            let channels = Channels { first, count: kernel.width.min(kernel.columns - first) };
            dispatch(TransformOutputs { tiles, from: &products, channels, outputs });
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

/// Inputs of tiles to frequencies, (frequency, tile, channels in).
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
        assert!(x.len() == tiles.tiling.conv.input_shape().iter().product::<usize>() && to.row == cin);
        assert!(to.data.len() >= FREQUENCIES * to.stride && to.stride >= tiles.count * cin);
        for (index, place) in tiles.places() {
            let inputs = tiles.tiling.inputs(place);
            for channel in (0..cin).step_by(lanes) {
                let count = lanes.min(cin - channel);
                // SAFETY: the tile's inputs lie in x; the values have room for every tile.
                unsafe {
                    let tile = load_tile::<T::Vector<S>>(tiles.tiling, &inputs, x.as_ptr().add(channel), count);
                    let values = both_ways::<Input, _, INPUT, INPUT>(tile);
                    let at = to.data.as_mut_ptr().add(index * cin + channel);
                    for i in 0..INPUT {
                        for j in 0..INPUT {
                            store(values[i][j], at.add((i * INPUT + j) * to.stride), count);
                        }
                    }
                }
            }
        }
    }
}

/// Reads the first `count` lanes.
///
/// # Safety
/// They exist.
#[inline(always)]
pub unsafe fn load<V: Vector>(from: *const V::Elem, count: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { if count == V::LANES { V::load(from) } else { V::load_partial(from, count) } }
}

/// Writes the first `count` lanes.
///
/// # Safety
/// `to` has room for them.
#[inline(always)]
pub unsafe fn store<V: Vector>(value: V, to: *mut V::Elem, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { if count == V::LANES { value.store(to) } else { value.store_partial(to, count) } }
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
    if inputs.whole() && count == V::LANES {
        let (down, right) = (tiling.conv.cols.input * tiling.conv.cin, tiling.conv.cin);
        let corner = x.wrapping_add(tiling.element(inputs, 0, 0));
        for i in 0..INPUT {
            for j in 0..INPUT {
                // SAFETY: the whole tile lies in its frame.
                tile[i][j] = unsafe { V::load(corner.add(i * down + j * right)) };
            }
        }
        return tile;
    }
    for i in inputs.rows.clone() {
        for j in inputs.cols.clone() {
            // SAFETY: these rows and columns lie in the frame.
            tile[i][j] = unsafe { load(x.add(tiling.element(inputs, i, j)), count) };
        }
    }
    tile
}

/// Frequencies of one block of channels to outputs.
struct TransformOutputs<'a, T: Element, O> {
    tiles: Tiles<'a>,
    from: &'a Values<T>,
    channels: Channels,
    outputs: &'a O,
}

impl<T: Element, O: Outputs<T>> Kernel for TransformOutputs<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { tiles, from, channels, outputs } = self;
        let lanes = T::Vector::<S>::LANES;
        assert!(from.row >= channels.count.next_multiple_of(lanes));
        assert!(from.stride >= tiles.count * from.row && from.data.len() >= FREQUENCIES * from.stride);
        for (index, place) in tiles.places() {
            for lane in (0..channels.count).step_by(lanes) {
                let mut values = [[T::Vector::<S>::zero(); INPUT]; INPUT];
                for i in 0..INPUT {
                    for j in 0..INPUT {
                        let at = (i * INPUT + j) * from.stride + index * from.row + lane;
                        // SAFETY: every tile has whole vectors.
                        values[i][j] = unsafe { T::Vector::<S>::load(from.data.as_ptr().add(at)) };
                    }
                }
                let channels = Channels { first: channels.first + lane, count: lanes.min(channels.count - lane) };
                let patch = Patch { place, channels, wanted: tiles.tiling.wanted(place) };
                outputs.put(patch, both_ways::<Output, _, INPUT, OUTPUT>(values));
            }
        }
    }
}
