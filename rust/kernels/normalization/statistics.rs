//! Mean and variance of every channel in one pass over memory.
//!
//! A group of rows that fits a cache gives its mean and the sum of its squared distances from that mean: no cancellation. Groups are
//! put together in double precision, in their order, by the same formula: its own spread, and the distance of its mean from the whole one.

use crate::kernels::column_sums::panels::{Job, Panel, walk};
use crate::kernels::column_sums::{AddRows, Columns};
use crate::memory::{Buffer, Plain};
use crate::parallel;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Mean and (biased) variance of every channel.
pub struct Statistics<T: Plain> {
    /// The mean over the rows.
    pub mean: Buffer<T>,
    /// The mean squared distance from the mean.
    pub variance: Buffer<T>,
}

/// Mean and variance over the rows of `x` (rows x n).
pub fn batch_statistics<T: Element>(x: &[T], n: usize) -> Statistics<T> {
    let rows = x.len().checked_div(n).unwrap_or(0);
    if n == 0 {
        return Statistics { mean: Buffer::stale(0), variance: Buffer::stale(0) };
    }
    let columns = Columns::new(n);
    let rows_per_group = columns.rows_per_leaf();
    let mut groups = Buffer::stale(rows.div_ceil(rows_per_group) * 2 * n);
    parallel::chunks_mut(&mut groups, 2 * n, 1, |index, moments| {
        let first = index * rows_per_group;
        let last = rows.min(first + rows_per_group);
        group_moments(columns, &x[first * n..last * n], moments.split_at_mut(n));
    });
    let (mut mean, mut variance) = (vec![0.0; n], vec![0.0; n]);
    let rows_of = |index: usize| rows_per_group.min(rows - index * rows_per_group) as f64;
    for (index, moments) in groups.chunks_exact(2 * n).enumerate() {
        let share = rows_of(index) / rows as f64;
        mean.iter_mut().zip(moments).for_each(|(mean, group)| *mean += group.to_f64() * share);
    }
    for (index, moments) in groups.chunks_exact(2 * n).enumerate() {
        let (rows, (means, squares)) = (rows_of(index), moments.split_at(n));
        for (((variance, mean), group), square) in variance.iter_mut().zip(&mean).zip(means).zip(squares) {
            let distance = group.to_f64() - mean;
            *variance += square.to_f64() + rows * distance * distance;
        }
    }
    let (mut all, mut spread) = (Buffer::stale(n), Buffer::stale(n));
    let empty = if rows == 0 { f64::NAN } else { 0.0 };
    all.iter_mut().zip(&mean).for_each(|(to, mean)| *to = T::from_f64(mean + empty));
    spread.iter_mut().zip(&variance).for_each(|(to, sum)| *to = T::from_f64(sum / rows as f64));
    Statistics { mean: all, variance: spread }
}

/// Means, and sums of squared distances from them, of a few rows.
fn group_moments<T: Element>(columns: Columns, x: &[T], (means, squares): (&mut [T], &mut [T])) {
    let mut wide = vec![T::ZERO; columns.width()];
    dispatch(AddRows { x, wide: &mut wide });
    means.fill(T::ZERO);
    columns.add_wide(&wide, means);
    let share = T::ONE / T::from_f64((x.len() / means.len()) as f64);
    means.iter_mut().for_each(|sum| *sum *= share);
    wide.fill(T::ZERO);
    dispatch(SquaredDistances { x, mean: &columns.tile(means), sums: &mut wide });
    squares.fill(T::ZERO);
    columns.add_wide(&wide, squares);
}

struct SquaredDistances<'a, T> {
    x: &'a [T],
    mean: &'a [T],
    sums: &'a mut [T],
}

impl<T: Element> Kernel for SquaredDistances<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        walk::<T, S>(self.x.len(), self.mean.len(), &mut self);
    }
}

impl<T: Element> Job<T> for SquaredDistances<'_, T> {
    #[inline(always)]
    fn panel<V: Vector<Elem = T>, const N: usize>(&mut self, panel: Panel) {
        assert!(panel.fits::<V, N>(self.x.len()));
        let mean = panel.parameters::<V, N>(self.mean);
        let mut sums = panel.parameters::<V, N>(self.sums);
        for row in 0..panel.rows {
            for j in 0..N {
                // SAFETY: checked above.
                let x = unsafe { V::load_up_to(self.x.as_ptr().add(panel.at::<V>(row, j)), panel.count) };
                let distance = x.sub(mean[j]);
                sums[j] = distance.mul_add(distance, sums[j]);
            }
        }
        panel.put(sums, self.sums);
    }
}
