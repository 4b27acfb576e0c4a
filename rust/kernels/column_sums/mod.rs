//! Sums over the rows of a matrix: gradients of biases. The rows are added in groups of a fixed size and the groups in a
//! fixed tree, so the bits depend neither on the number of threads nor on how a batch is split between machines.

mod naive;
#[cfg(test)]
mod tests;

use crate::memory::Buffer;
use crate::parallel::tree_sum;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Rows that one leaf of the tree adds up.
const LEAF_ROWS: usize = 256;

/// The sum of each of `columns` columns of x (rows, columns).
pub fn column_sums<T: Element>(x: &[T], columns: usize) -> Buffer<T> {
    let mut sums = Buffer::zeroed(columns);
    if columns > 0 {
        let leaf_len = LEAF_ROWS * columns;
        tree_sum(x.len().div_ceil(leaf_len), &mut sums, |leaf, acc| {
            let start = leaf * leaf_len;
            dispatch(AddRows { rows: &x[start..x.len().min(start + leaf_len)], acc });
        });
    }
    sums
}

struct AddRows<'a, T> {
    rows: &'a [T],
    acc: &'a mut [T],
}

impl<T: Element> Kernel for AddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let columns = self.acc.len();
        for start in (0..columns).step_by(T::Vector::<S>::LANES) {
            let count = (columns - start).min(T::Vector::<S>::LANES);
            // SAFETY: `count` columns are left in the accumulators and in every row.
            unsafe {
                let to = self.acc.as_mut_ptr().add(start);
                let mut sum = T::Vector::<S>::load_partial(to, count);
                for row in self.rows.chunks_exact(columns) {
                    sum = sum.add(T::Vector::<S>::load_partial(row.as_ptr().add(start), count));
                }
                sum.store_partial(to, count);
            }
        }
    }
}
