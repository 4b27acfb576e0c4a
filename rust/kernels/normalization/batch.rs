//! Batch normalisation of (rows x n): statistics over the rows.

use super::{Gradients, check_lengths};
use crate::error::{KernelError, Result};
use crate::kernels::column_sums::{Columns, column_sums};
use crate::memory::{Buffer, Plain};
use crate::parallel;
use crate::simd::{Element, Kernel, Simd, dispatch};

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
    let share = T::ONE / T::from_f64(rows as f64);
    let mut mean = column_sums(x, n);
    mean.iter_mut().for_each(|sum| *sum *= share);
    let columns = Columns::new(n);
    let tile = &columns.tile(&mean)[..];
    let mut variance =
        columns.sums(rows, |range, [sums]| dispatch(SquaredDistances { x: &x[range], mean: tile, sums }));
    variance.iter_mut().for_each(|sum| *sum *= share);
    Statistics { mean, variance }
}

struct SquaredDistances<'a, T> {
    x: &'a [T],
    mean: &'a [T],
    sums: &'a mut [T],
}

impl<T: Element> Kernel for SquaredDistances<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for x in self.x.chunks(self.sums.len()) {
            for ((sum, &x), &mean) in self.sums.iter_mut().zip(x).zip(self.mean) {
                let distance = x - mean;
                *sum += distance * distance;
            }
        }
    }
}

/// 1 / sqrt(variance + epsilon)
fn inverse_deviations<T: Element>(variance: &[T], epsilon: f64) -> impl Iterator<Item = T> {
    let epsilon = T::from_f64(epsilon);
    variance.iter().map(move |&variance| T::ONE / (variance + epsilon).sqrt())
}

/// `values`, or as many ones.
fn or_ones<T: Element>(values: Option<&[T]>, n: usize) -> Vec<T> {
    values.map_or_else(|| vec![T::ONE; n], <[T]>::to_vec)
}

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta with the statistics of the batch; x of rows x n.
pub fn batch_norm<T: Element>(
    x: &[T],
    n: usize,
    gamma: Option<&[T]>,
    beta: Option<&[T]>,
    epsilon: f64,
) -> Result<(Buffer<T>, Statistics<T>)> {
    check_lengths("batch_norm", n, &[("gamma", gamma), ("beta", beta)])?;
    let statistics = batch_statistics(x, n);
    let columns = Columns::new(n);
    let factors = inverse_deviations(&statistics.variance, epsilon).zip(or_ones(gamma, n));
    let scale: Vec<T> = factors.map(|(inverse, gamma)| inverse * gamma).collect();
    let zeros = vec![T::ZERO; n];
    let [mean, scale, beta] = [&statistics.mean[..], &scale, beta.unwrap_or(&zeros)].map(|values| columns.tile(values));
    let mut y = Buffer::stale(x.len());
    let chunk = columns.chunk_len();
    parallel::chunks_mut(&mut y, chunk, 1, |index, y| {
        let x = &x[index * chunk..index * chunk + y.len()];
        dispatch(Normalize { x, y, mean: &mean, scale: &scale, beta: &beta });
    });
    Ok((y, statistics))
}

struct Normalize<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    mean: &'a [T],
    scale: &'a [T],
    beta: &'a [T],
}

impl<T: Element> Kernel for Normalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let width = self.mean.len();
        for (x, y) in self.x.chunks(width).zip(self.y.chunks_mut(width)) {
            let parameters = self.mean.iter().zip(self.scale).zip(self.beta);
            for ((y, &x), ((&mean, &scale), &beta)) in y.iter_mut().zip(x).zip(parameters) {
                *y = (x - mean) * scale + beta;
            }
        }
    }
}

/// The gradients of `batch_norm`, given the statistics it returned.
pub fn batch_norm_grad<T: Element>(
    dy: &[T],
    x: &[T],
    n: usize,
    gamma: Option<&[T]>,
    mean: &[T],
    variance: &[T],
    epsilon: f64,
) -> Result<Gradients<T>> {
    KernelError::check_shape("batch_norm_grad", "dy", &[x.len()], &[dy.len()])?;
    let parameters = [("gamma", gamma), ("mean", Some(mean)), ("variance", Some(variance))];
    check_lengths("batch_norm_grad", n, &parameters)?;
    let rows = x.len().checked_div(n).unwrap_or(0);
    let columns = Columns::new(n);
    let inverse: Vec<T> = inverse_deviations(variance, epsilon).collect();
    let mean = &columns.tile(mean)[..];

    let sums = columns.sums(rows, |range, [dy_sums, products]| {
        dispatch(GradientSums { dy: &dy[range.clone()], x: &x[range], mean, dy_sums, products });
    });
    let (dbeta, products) = sums.split_at(n);
    let dgamma: Vec<T> = products.iter().zip(&inverse).map(|(&product, &inverse)| product * inverse).collect();

    // dx = scale dy - slope (x - mean) - offset
    let share = T::ONE / T::from_f64(rows as f64);
    let scale: Vec<T> = or_ones(gamma, n).iter().zip(&inverse).map(|(&gamma, &inverse)| gamma * inverse).collect();
    let offset: Vec<T> = scale.iter().zip(dbeta).map(|(&scale, &dbeta)| scale * dbeta * share).collect();
    let slope = scale.iter().zip(&inverse).zip(&dgamma);
    let slope: Vec<T> = slope.map(|((&scale, &inverse), &dgamma)| scale * inverse * dgamma * share).collect();
    let [scale, slope, offset] = [scale, slope, offset].map(|values| columns.tile(&values));
    let mut dx = Buffer::stale(x.len());
    let chunk = columns.chunk_len();
    parallel::chunks_mut(&mut dx, chunk, 1, |index, dx| {
        let range = index * chunk..index * chunk + dx.len();
        let (dy, x) = (&dy[range.clone()], &x[range]);
        dispatch(InputGradient { dy, x, dx, mean, scale: &scale, slope: &slope, offset: &offset });
    });
    Ok(Gradients { dx, dgamma: Buffer::copy_of(&dgamma), dbeta: Buffer::copy_of(dbeta) })
}

struct GradientSums<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    mean: &'a [T],
    dy_sums: &'a mut [T],
    products: &'a mut [T],
}

impl<T: Element> Kernel for GradientSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let width = self.mean.len();
        for (dy, x) in self.dy.chunks(width).zip(self.x.chunks(width)) {
            let sums = self.dy_sums.iter_mut().zip(self.products.iter_mut());
            for (((dy_sum, product), (&dy, &x)), &mean) in sums.zip(dy.iter().zip(x)).zip(self.mean) {
                *dy_sum += dy;
                *product += dy * (x - mean);
            }
        }
    }
}

struct InputGradient<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    dx: &'a mut [T],
    mean: &'a [T],
    scale: &'a [T],
    slope: &'a [T],
    offset: &'a [T],
}

impl<T: Element> Kernel for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let width = self.mean.len();
        let rows = self.dy.chunks(width).zip(self.x.chunks(width));
        for ((dy, x), dx) in rows.zip(self.dx.chunks_mut(width)) {
            let parameters = self.mean.iter().zip(self.scale).zip(self.slope.iter().zip(self.offset));
            let inputs = dy.iter().zip(x).zip(parameters);
            for (dx, ((&dy, &x), ((&mean, &scale), (&slope, &offset)))) in dx.iter_mut().zip(inputs) {
                *dx = dy * scale - (x - mean) * slope - offset;
            }
        }
    }
}
