//! The 36 products, one for each frequency, between the transforms.

use super::FREQUENCIES;
use super::weights::Frequencies;
use crate::kernels::conv2d::tile::{accumulate, tile_vectors, with_tile};
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Elements between frequencies are padded by so many, or they would fall on the same sets of the first-level cache.
const PADDING: usize = 16;

/// Products summed in one chain: longer ones would round too much.
const CHAIN: usize = 128;

/// Values of some tiles in the frequency domain: (frequency, tile, row), frequencies `stride` apart.
pub struct Values<T: Element> {
    pub data: Buffer<T>,
    /// Elements of a tile.
    pub row: usize,
    /// Elements between frequencies.
    pub stride: usize,
}

impl<T: Element> Values<T> {
    /// Room for `tiles` tiles of `row` elements; what is in it has to be written first.
    pub fn stale(tiles: usize, row: usize) -> Self {
        let stride = tiles * row + PADDING;
        Self { data: Buffer::stale(FREQUENCIES * stride), row, stride }
    }
}

/// `to[f] = from[f] @ kernel[f]` for one block of the kernel's columns, which go to columns `column..` of `to`.
pub fn multiply<T: Element>(
    from: &Values<T>,
    tiles: usize,
    kernel: &Frequencies<T>,
    block: usize,
    to: &mut Values<T>,
    column: usize,
) {
    dispatch(Multiply { from, tiles, kernel, block, to, column });
}

struct Multiply<'a, T: Element> {
    from: &'a Values<T>,
    tiles: usize,
    kernel: &'a Frequencies<T>,
    block: usize,
    to: &'a mut Values<T>,
    column: usize,
}

impl<T: Element> Kernel for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { from, tiles, kernel, to, column, .. } = &self;
        assert!(from.row >= kernel.rows && from.stride >= tiles * from.row);
        assert!(to.row >= column + kernel.width && to.stride >= tiles * to.row);
        with_tile!(S, self.kernel.width / T::Vector::<S>::LANES, multiply_tiles::<T::Vector<S>>(self));
    }
}

/// Rows of a product are tiles of the frame, P of them at a time; the last ones repeat the last row.
#[inline(always)]
fn multiply_tiles<V: Vector, const P: usize, const N: usize>(job: Multiply<'_, V::Elem>) {
    let Multiply { from, tiles, kernel, block, to, column } = job;
    for frequency in 0..FREQUENCIES {
        let right = kernel.block(block, frequency).as_ptr();
        for first in (0..tiles).step_by(P) {
            let mut rows = [0; P];
            let mut left = [from.data.as_ptr(); P];
            for i in 0..P {
                rows[i] = (first + i).min(tiles - 1);
                left[i] = from.data.as_ptr().wrapping_add(frequency * from.stride + rows[i] * from.row);
            }
            for start in (0..kernel.rows).step_by(CHAIN) {
                let steps = CHAIN.min(kernel.rows - start);
                let mut at = left;
                for row in &mut at {
                    *row = row.wrapping_add(start);
                }
                // SAFETY: `run` checked that the rows, and the block's columns of `to`, exist.
                unsafe {
                    let right = right.add(start * N * V::LANES);
                    let sums = accumulate([[V::zero(); N]; P], at, 1, right, N * V::LANES, steps);
                    // The last rows come more than once: none may be added twice.
                    for i in 0..P.min(tiles - first) {
                        let element = frequency * to.stride + rows[i] * to.row + column;
                        for j in 0..N {
                            let to = to.data.as_mut_ptr().add(element + j * V::LANES);
                            let before = if start == 0 { V::zero() } else { V::load(to) };
                            before.add(sums[i][j]).store(to);
                        }
                    }
                }
            }
        }
    }
}

/// `sums[f] += left[f]ᵀ @ right[f]` over tiles; `sums` is (frequency, left.row, right.row), and right's rows are whole blocks.
pub fn add_outer<T: Element>(left: &Values<T>, right: &Values<T>, tiles: usize, columns: usize, sums: &mut [T]) {
    dispatch(AddOuter { left, right, tiles, columns, sums });
}

struct AddOuter<'a, T: Element> {
    left: &'a Values<T>,
    right: &'a Values<T>,
    tiles: usize,
    columns: usize,
    sums: &'a mut [T],
}

impl<T: Element> Kernel for AddOuter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { left, right, tiles, columns, sums } = &self;
        let vectors = tile_vectors::<T, S>(*columns);
        assert!(right.row.is_multiple_of(vectors * T::Vector::<S>::LANES) && right.row >= *columns);
        assert!(left.stride >= tiles * left.row && right.stride >= tiles * right.row);
        assert_eq!(sums.len(), FREQUENCIES * left.row * right.row);
        with_tile!(S, vectors, add_outer_tiles::<T::Vector<S>>(self));
    }
}

/// P rows of the left factor by N vectors of the right one at a time; the last rows are repeated, and stored more than once.
#[inline(always)]
fn add_outer_tiles<V: Vector, const P: usize, const N: usize>(job: AddOuter<'_, V::Elem>) {
    let AddOuter { left, right, tiles, sums, .. } = job;
    let width = N * V::LANES;
    for frequency in 0..FREQUENCIES {
        for column in (0..right.row).step_by(width) {
            let b = right.data.as_ptr().wrapping_add(frequency * right.stride + column);
            for first in (0..left.row).step_by(P) {
                let mut rows = [0; P];
                let mut a = [left.data.as_ptr(); P];
                let mut acc = [[V::zero(); N]; P];
                for i in 0..P {
                    rows[i] = (first + i).min(left.row - 1);
                    a[i] = left.data.as_ptr().wrapping_add(frequency * left.stride + rows[i]);
                }
                // SAFETY: `run` checked that all rows and columns exist.
                unsafe {
                    let at =
                        |i: usize, j: usize| ((frequency * left.row + rows[i]) * right.row) + column + j * V::LANES;
                    for i in 0..P {
                        for j in 0..N {
                            acc[i][j] = V::load(sums.as_ptr().add(at(i, j)));
                        }
                    }
                    acc = accumulate(acc, a, left.row, b, right.row, tiles);
                    for i in 0..P {
                        for j in 0..N {
                            acc[i][j].store(sums.as_mut_ptr().add(at(i, j)));
                        }
                    }
                }
            }
        }
    }
}
