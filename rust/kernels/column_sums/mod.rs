//! Matrices of rows x n walked by column (channel): sums over all rows, and maps with one parameter a channel.
//!
//! Few channels would leave vectors half empty, so several rows are taken as one wide row, and parameters are repeated to that
//! width. Sums follow the fixed tree of `parallel::tree_sum` over groups of rows whose size depends on n only.

#[cfg(test)]
mod naive;
pub mod panels;
#[cfg(test)]
mod tests;

use crate::memory::{Buffer, Plain};
use crate::parallel::{self, ELEMENTWISE_CHUNK};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};
use panels::{Job, Panel, walk};
use std::ops::Range;

/// Elements that a wide row has at least.
const WIDE: usize = 64;

/// How a matrix of n columns is walked.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    n: usize,
    width: usize,
}

impl Columns {
    /// For matrices of `n` columns.
    pub fn new(n: usize) -> Self {
        Self { n, width: n * WIDE.div_ceil(n.max(1)) }
    }

    /// `values` (one a column) repeated to the length of a wide row.
    pub fn tile<T: Plain>(self, values: &[T]) -> Vec<T> {
        values.iter().copied().cycle().take(self.width).collect()
    }

    /// The length of a wide row: a multiple of n.
    pub fn width(self) -> usize {
        self.width
    }

    /// Elements that one task of a map takes: whole wide rows.
    pub fn chunk_len(self) -> usize {
        self.width.max(1) * (ELEMENTWISE_CHUNK / self.width.max(1)).max(1)
    }

    /// Rows that are summed up by themselves before a tree adds the sums. `n` is not 0.
    pub fn rows_per_leaf(self) -> usize {
        (ELEMENTWISE_CHUNK / self.n).clamp(16, 1024)
    }

    /// Adds the sums of a wide row to those of the columns.
    pub fn add_wide<T: Element>(self, wide: &[T], sums: &mut [T]) {
        for row in wide.chunks_exact(self.n) {
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value);
        }
    }

    /// Sums over `rows` rows of `M` quantities a column, one quantity after the other. `add` adds those of a range of elements
    /// (whole rows, at a row's start) to `M` accumulators of `width` elements.
    pub fn sums<T: Element, const M: usize>(
        self,
        rows: usize,
        add: impl Fn(Range<usize>, [&mut [T]; M]) + Sync,
    ) -> Buffer<T> {
        let Self { n, width } = self;
        let mut sums = Buffer::stale(M * n);
        if n == 0 {
            return sums;
        }
        parallel::tree_sum_in_leaves(rows, self.rows_per_leaf(), &mut sums, |rows, sums| {
            let mut wide = vec![T::ZERO; M * width];
            let mut parts = wide.chunks_exact_mut(width);
            add(rows.start * n..rows.end * n, std::array::from_fn(|_| parts.next().expect("M parts")));
            for (sum, wide) in sums.chunks_exact_mut(n).zip(wide.chunks_exact(width)) {
                self.add_wide(wide, sum);
            }
        });
        sums
    }
}

/// Adds rows to a wide row.
pub struct AddRows<'a, T> {
    /// The rows.
    pub x: &'a [T],
    /// What they are added to.
    pub wide: &'a mut [T],
}

impl<T: Element> Kernel for AddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        walk::<T, S>(self.x.len(), self.wide.len(), &mut self);
    }
}

impl<T: Element> Job<T> for AddRows<'_, T> {
    #[inline(always)]
    fn panel<V: Vector<Elem = T>, const N: usize>(&mut self, panel: Panel) {
        assert!(panel.fits::<V, N>(self.x.len()));
        let mut sums = panel.parameters::<V, N>(self.wide);
        for row in 0..panel.rows {
            for j in 0..N {
                // SAFETY: checked above.
                sums[j] =
                    sums[j].add(unsafe { V::load_up_to(self.x.as_ptr().add(panel.at::<V>(row, j)), panel.count) });
            }
        }
        panel.put(sums, self.wide);
    }
}

/// The sum of every column of `x` (rows x n): gradients of biases.
pub fn column_sums<T: Element>(x: &[T], n: usize) -> Buffer<T> {
    let rows = x.len().checked_div(n).unwrap_or(0);
    Columns::new(n).sums(rows, |range, [wide]| dispatch(AddRows { x: &x[range], wide }))
}
