//! Kernels in the frequency domain: packed for the register tile, and gradients on their way back.

use super::transforms::{self, KernelAdjoint, both_ways};
use super::{FREQUENCIES, INPUT, TAPS};
use crate::kernels::conv2d::tile::tile_vectors;
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Rows of a kernel that a task transforms.
const GRAIN: usize = 8;

/// A kernel (3, 3, rows, columns) as (block of columns, frequency, row, width), the last block filled up with zeros.
pub struct Frequencies<T: Element> {
    data: Buffer<T>,
    pub rows: usize,
    pub columns: usize,
    /// Columns of a block.
    pub width: usize,
}

impl<T: Element> Frequencies<T> {
    /// Transforms a kernel.
    pub fn new(kernel: &[T], rows: usize, columns: usize) -> Self {
        let width = block_width::<T>(columns);
        let blocks = columns.div_ceil(width);
        let mut data = Buffer::zeroed(blocks * FREQUENCIES * rows * width);
        let shared = Shared::new(&mut data);
        for_each(rows.div_ceil(GRAIN), 1, |part| {
            let first = part * GRAIN;
            for row in first..rows.min(first + GRAIN) {
                dispatch(TransformRow { kernel, rows, columns, width, row, to: &shared });
            }
        });
        Self { data, rows, columns, width }
    }

    /// Transforms a kernel whose rows and columns are exchanged first.
    pub fn transposed(kernel: &[T], rows: usize, columns: usize) -> Self {
        let mut exchanged = Buffer::stale(kernel.len());
        for tap in 0..TAPS * TAPS {
            let (from, to) = (&kernel[tap * rows * columns..], &mut exchanged[tap * rows * columns..]);
            for row in 0..rows {
                for column in 0..columns {
                    to[column * rows + row] = from[row * columns + column];
                }
            }
        }
        Self::new(&exchanged, columns, rows)
    }

    /// Blocks of columns.
    pub fn blocks(&self) -> usize {
        self.columns.div_ceil(self.width)
    }

    /// One frequency of one block, (rows, width).
    pub fn block(&self, block: usize, frequency: usize) -> &[T] {
        let len = self.rows * self.width;
        &self.data[(block * FREQUENCIES + frequency) * len..][..len]
    }
}

/// Columns of a block of the register tile.
pub fn block_width<T: Element>(columns: usize) -> usize {
    struct Width<T> {
        columns: usize,
        like: std::marker::PhantomData<T>,
    }
    impl<T: Element> Kernel for Width<T> {
        type Output = usize;
        #[inline(always)]
        fn run<S: Simd>(self) -> usize {
            tile_vectors::<T, S>(self.columns) * T::Vector::<S>::LANES
        }
    }
    dispatch(Width::<T> { columns, like: std::marker::PhantomData })
}

struct TransformRow<'a, T: Element> {
    kernel: &'a [T],
    rows: usize,
    columns: usize,
    width: usize,
    row: usize,
    to: &'a Shared<'a, T>,
}

impl<T: Element> Kernel for TransformRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { kernel, rows, columns, width, row, to } = self;
        let lanes = T::Vector::<S>::LANES;
        for column in (0..columns).step_by(lanes) {
            let count = lanes.min(columns - column);
            let mut taps = [[T::Vector::<S>::zero(); TAPS]; TAPS];
            for i in 0..TAPS {
                for j in 0..TAPS {
                    let from = &kernel[((i * TAPS + j) * rows + row) * columns + column..][..count];
                    // SAFETY: the slice has `count` elements.
                    taps[i][j] = unsafe { T::Vector::<S>::load_partial(from.as_ptr(), count) };
                }
            }
            let mut values = [[T::Vector::<S>::zero(); INPUT]; INPUT];
            both_ways::<transforms::Kernel, _, TAPS, INPUT>(&taps, &mut values);
            let (block, lane) = (column / width, column % width);
            for i in 0..INPUT {
                for j in 0..INPUT {
                    let at = ((block * FREQUENCIES + i * INPUT + j) * rows + row) * width + lane;
                    // SAFETY: every row and column is visited once; a block is whole vectors wide.
                    unsafe { values[i][j].store(to.slice(at, lanes).as_mut_ptr()) };
                }
            }
        }
    }
}

/// Adds to `kernel` (3, 3, rows, columns) the gradient whose frequencies are `gradient` (frequency, row, stride).
pub struct AddGradient<'a, T> {
    pub gradient: &'a [T],
    pub stride: usize,
    pub rows: usize,
    pub columns: usize,
    pub kernel: &'a mut [T],
}

impl<T: Element> Kernel for AddGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { gradient, stride, rows, columns, kernel } = self;
        let lanes = T::Vector::<S>::LANES;
        assert!(gradient.len() >= FREQUENCIES * rows * stride && kernel.len() == TAPS * TAPS * rows * columns);
        for row in 0..rows {
            for column in (0..columns).step_by(lanes) {
                let count = lanes.min(columns - column);
                let mut values = [[T::Vector::<S>::zero(); INPUT]; INPUT];
                for i in 0..INPUT {
                    for j in 0..INPUT {
                        let at = ((i * INPUT + j) * rows + row) * stride + column;
                        // SAFETY: `count` columns of a row are left.
                        values[i][j] = unsafe { T::Vector::<S>::load_partial(gradient.as_ptr().add(at), count) };
                    }
                }
                let mut taps = [[T::Vector::<S>::zero(); TAPS]; TAPS];
                both_ways::<KernelAdjoint, _, INPUT, TAPS>(&values, &mut taps);
                for i in 0..TAPS {
                    for j in 0..TAPS {
                        let to = &mut kernel[((i * TAPS + j) * rows + row) * columns + column..][..count];
                        // SAFETY: the slice has `count` elements.
                        unsafe {
                            let sum = T::Vector::<S>::load_partial(to.as_ptr(), count).add(taps[i][j]);
                            sum.store_partial(to.as_mut_ptr(), count);
                        }
                    }
                }
            }
        }
    }
}
