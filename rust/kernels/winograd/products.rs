//! The 36 products, one for each frequency, between the transforms.

use super::transforms::{Columns, Rows};
use super::weights::Frequencies;
use super::{FREQUENCIES, INPUT};
use crate::kernels::conv2d::row_runs::{RowRuns, with_rows};
use crate::kernels::conv2d::tile::{NextVectors, accumulate_ahead, tile_vectors, with_tile};
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, MAX_LANES, Pieces, Simd, Vector, dispatch};
use std::marker::PhantomData;

/// Elements between frequencies are padded by so many, or they would fall on the same sets of the first-level cache.
const PADDING: usize = 16;

/// Rows of a register tile, about: some instruction sets have room for fewer.
const TILE_ROWS: usize = 6;

/// Products summed in one chain: longer ones would round too much.
const CHAIN: usize = 128;

/// Values of some tiles in the frequency domain: (frequency, tile, row), frequencies `stride` apart.
pub struct Values<T: Element> {
    data: Buffer<T>,
    tiles: usize,
    /// Elements of a tile, whole vectors of every instruction set.
    row: usize,
    /// Elements between frequencies.
    stride: usize,
}

impl<T: Element> Values<T> {
    /// Room for `tiles` tiles of at least `row` elements; what is in it has to be written first.
    pub fn stale(tiles: usize, row: usize) -> Self {
        let row = row.next_multiple_of(MAX_LANES);
        let stride = tiles * row + PADDING;
        Self { data: Buffer::stale(FREQUENCIES * stride), tiles, row, stride }
    }

    /// Elements of a tile.
    pub fn row(&self) -> usize {
        self.row
    }

    /// All frequencies of a vector of a tile, from element `at` of its row on.
    #[inline(always)]
    pub fn frequencies<V: Vector<Elem = T>>(&mut self, tile: usize, at: usize) -> VectorFrequencies<'_, T> {
        assert!(tile < self.tiles && at + V::LANES <= self.row);
        VectorFrequencies {
            first: self.data[tile * self.row + at..].as_mut_ptr(),
            stride: self.stride,
            values: PhantomData,
        }
    }
}

/// The 36 frequencies of a vector, `stride` elements apart.
pub struct VectorFrequencies<'a, T> {
    first: *mut T,
    stride: usize,
    values: PhantomData<&'a mut T>,
}

impl<V: Vector> Columns<V, INPUT> for VectorFrequencies<'_, V::Elem> {
    #[inline(always)]
    fn column(&self, j: usize) -> [V; INPUT] {
        let mut column = [V::zero(); INPUT];
        for i in 0..INPUT {
            // SAFETY: `Values::frequencies` checked that there is a vector for every frequency.
            column[i] = unsafe { V::load(self.first.add((i * INPUT + j) * self.stride)) };
        }
        column
    }
}

impl<V: Vector> Rows<V, INPUT> for VectorFrequencies<'_, V::Elem> {
    #[inline(always)]
    fn put(&mut self, i: usize, row: [V; INPUT]) {
        for j in 0..INPUT {
            // SAFETY: `Values::frequencies` checked that there is a vector for every frequency.
            unsafe { row[j].store(self.first.add((i * INPUT + j) * self.stride)) };
        }
    }
}

/// `to[f] = from[f] @ kernel[f]` for one block of the kernel's columns, which go to columns `column..` of `to`. A piece of everything
/// `ahead` is called for each of `calls` register tiles.
pub fn multiply<T: Element>(
    from: &Values<T>,
    kernel: &Frequencies<T>,
    block: usize,
    to: &mut Values<T>,
    column: usize,
    ahead: &mut [Pieces],
) {
    dispatch(Multiply { from, kernel, block, to, column, ahead });
}

/// About how many register tiles the products of all blocks of a kernel take.
pub fn calls<T: Element>(tiles: usize, kernel: &Frequencies<T>) -> usize {
    FREQUENCIES * kernel.blocks() * tiles.div_ceil(TILE_ROWS)
}

struct Multiply<'a, T: Element> {
    from: &'a Values<T>,
    kernel: &'a Frequencies<T>,
    block: usize,
    to: &'a mut Values<T>,
    column: usize,
    ahead: &'a mut [Pieces],
}

impl<T: Element> Kernel for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { from, kernel, to, column, .. } = &self;
        assert!(from.row >= kernel.rows && to.row >= column + kernel.width && to.tiles == from.tiles);
        with_tile!(S, self.kernel.width / T::Vector::<S>::LANES, multiply_tiles::<T::Vector<S>>(self));
    }
}

/// Rows of a product are tiles of the frame.
#[inline(always)]
fn multiply_tiles<V: Vector, const P: usize, const N: usize>(mut job: Multiply<'_, V::Elem>) {
    for frequency in 0..FREQUENCIES {
        for (run, (first, rows)) in RowRuns::new(job.from.tiles, P).enumerate() {
            with_rows!(P, rows, multiply_rows::<V, N>(&mut job, frequency, run, first));
        }
    }
}

/// R tiles from `first` on. The first N runs call the kernel of the next frequency, an Nth of it each.
#[inline(always)]
fn multiply_rows<V: Vector, const R: usize, const N: usize>(
    job: &mut Multiply<'_, V::Elem>,
    frequency: usize,
    run: usize,
    first: usize,
) {
    let Multiply { from, kernel, block, to, column, ahead } = job;
    ahead.iter_mut().for_each(Pieces::call);
    let right = kernel.block(*block, frequency).as_ptr();
    let left = from.data.as_ptr().wrapping_add(frequency * from.stride + first * from.row);
    let upcoming = right.wrapping_add((N + run) * kernel.rows * V::LANES);
    let (row, out) = (to.row, to.data.as_mut_ptr().wrapping_add(frequency * to.stride + first * to.row + *column));
    for start in (0..kernel.rows).step_by(CHAIN) {
        let steps = CHAIN.min(kernel.rows - start);
        let mut at = [left; R];
        for i in 0..R {
            at[i] = left.wrapping_add(i * from.row + start);
        }
        let next = NextVectors {
            first: upcoming.wrapping_add(start * V::LANES),
            count: if run < N { steps } else { 0 },
            in_a_row: 1,
            row: V::LANES,
        };
        // SAFETY: `run` checked that the rows, and the block's columns of `to`, exist.
        unsafe {
            let right = right.add(start * N * V::LANES);
            let sums = accumulate_ahead([[V::zero(); N]; R], at, 1, right, N * V::LANES, steps, next);
            for i in 0..R {
                for j in 0..N {
                    let to = out.add(i * row + j * V::LANES);
                    let sum = if start == 0 { sums[i][j] } else { V::load(to).add(sums[i][j]) };
                    sum.store(to);
                }
            }
        }
    }
}

/// `sums[f] += left[f]ᵀ @ right[f]` over tiles, or `=` if `fresh`; `sums` is (frequency, rows, right's whole row).
pub fn add_outer<T: Element>(
    left: &Values<T>,
    right: &Values<T>,
    (rows, columns): (usize, usize),
    sums: &mut [T],
    fresh: bool,
) {
    dispatch(AddOuter { left, right, rows, columns, sums, fresh });
}

struct AddOuter<'a, T: Element> {
    left: &'a Values<T>,
    right: &'a Values<T>,
    rows: usize,
    columns: usize,
    sums: &'a mut [T],
    fresh: bool,
}

impl<T: Element> Kernel for AddOuter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { left, right, rows, columns, sums, .. } = &self;
        let vectors = tile_vectors::<T, S>(*columns);
        assert!(right.row.is_multiple_of(vectors * T::Vector::<S>::LANES) && right.row >= *columns);
        assert!(left.row >= *rows && left.tiles == right.tiles);
        assert_eq!(sums.len(), FREQUENCIES * rows * right.row);
        with_tile!(S, vectors, add_outer_tiles::<T::Vector<S>>(self));
    }
}

/// Some rows of the left factor by N vectors of the right one at a time.
#[inline(always)]
fn add_outer_tiles<V: Vector, const P: usize, const N: usize>(mut job: AddOuter<'_, V::Elem>) {
    for frequency in 0..FREQUENCIES {
        for column in (0..job.right.row).step_by(N * V::LANES) {
            for (first, rows) in RowRuns::new(job.rows, P) {
                with_rows!(P, rows, add_outer_rows::<V, N>(&mut job, frequency, first, column));
            }
        }
    }
}

/// R rows from `first` on.
#[inline(always)]
fn add_outer_rows<V: Vector, const R: usize, const N: usize>(
    job: &mut AddOuter<'_, V::Elem>,
    frequency: usize,
    first: usize,
    column: usize,
) {
    let AddOuter { left, right, rows, sums, fresh, .. } = job;
    let b = right.data.as_ptr().wrapping_add(frequency * right.stride + column);
    let mut a = [left.data.as_ptr(); R];
    for i in 0..R {
        a[i] = left.data.as_ptr().wrapping_add(frequency * left.stride + first + i);
    }
    let (row, out) = (right.row, sums.as_mut_ptr().wrapping_add((frequency * *rows + first) * right.row + column));
    let mut acc = [[V::zero(); N]; R];
    // SAFETY: `run` checked that all rows and columns exist.
    unsafe {
        if !*fresh {
            for i in 0..R {
                for j in 0..N {
                    acc[i][j] = V::load(out.add(i * row + j * V::LANES));
                }
            }
        }
        let next = NextVectors { first: out.wrapping_add(R * row), count: R * N, in_a_row: N, row };
        acc = accumulate_ahead(acc, a, left.row, b, right.row, left.tiles, next);
        for i in 0..R {
            for j in 0..N {
                acc[i][j].store(out.add(i * row + j * V::LANES));
            }
        }
    }
}
