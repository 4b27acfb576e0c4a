//! Layer normalisation of (rows x n): statistics over each row.

use super::{Gradients, check_lengths};
use crate::error::{KernelError, Result};
use crate::kernels::column_sums::Columns;
use crate::memory::{Buffer, Plain};
use crate::parallel::{self, ELEMENTWISE_CHUNK, Shared};
use crate::simd::slices::{map, sum};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// What layer normalisation returns.
pub struct LayerNorm<T: Plain> {
    /// The normalised rows.
    pub y: Buffer<T>,
    /// The mean of every row.
    pub mean: Buffer<T>,
    /// 1 / sqrt(variance + epsilon) of every row.
    pub rstd: Buffer<T>,
}

/// Rows that one task takes.
fn rows_per_task(n: usize) -> usize {
    ELEMENTWISE_CHUNK.div_ceil(n.max(1))
}

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta with the statistics of each of `rows` rows of n elements.
pub fn layer_norm<T: Element>(
    x: &[T],
    rows: usize,
    n: usize,
    gamma: Option<&[T]>,
    beta: Option<&[T]>,
    epsilon: f64,
) -> Result<LayerNorm<T>> {
    check_lengths("layer_norm", n, &[("gamma", gamma), ("beta", beta)])?;
    let mut result = LayerNorm { y: Buffer::stale(x.len()), mean: Buffer::zeroed(rows), rstd: Buffer::zeroed(rows) };
    let [y, mean, rstd] = [&mut result.y, &mut result.mean, &mut result.rstd].map(|buffer| Shared::new(buffer));
    let per_task = rows_per_task(n);
    let epsilon = T::from_f64(epsilon);
    parallel::for_each(if n == 0 { 0 } else { rows.div_ceil(per_task) }, 1, |task| {
        let first = task * per_task;
        let count = per_task.min(rows - first);
        // SAFETY: every row belongs to one task.
        let (y, mean, rstd) =
            unsafe { (y.slice(first * n, count * n), mean.slice(first, count), rstd.slice(first, count)) };
        dispatch(Forward { x: &x[first * n..(first + count) * n], gamma, beta, epsilon, y, mean, rstd, n });
    });
    Ok(result)
}

struct Forward<'a, T> {
    x: &'a [T],
    gamma: Option<&'a [T]>,
    beta: Option<&'a [T]>,
    epsilon: T,
    y: &'a mut [T],
    mean: &'a mut [T],
    rstd: &'a mut [T],
    n: usize,
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let share = T::ONE / T::from_f64(self.n as f64);
        let statistics = self.mean.iter_mut().zip(self.rstd);
        for ((x, y), (mean, rstd)) in self.x.chunks_exact(self.n).zip(self.y.chunks_exact_mut(self.n)).zip(statistics) {
            *mean = sum::<T, S, 1>([x], |[x]| x) * share;
            let center = T::Vector::<S>::splat(*mean);
            map::<T, S, 1>([x], y, |[x]| x.sub(center));
            let variance = sum::<T, S, 1>([y], |[y]| y.mul(y)) * share;
            *rstd = T::ONE / (variance + self.epsilon).sqrt();
            y.iter_mut().for_each(|y| *y *= *rstd);
            if let Some(gamma) = self.gamma {
                y.iter_mut().zip(gamma).for_each(|(y, &gamma)| *y *= gamma);
            }
            if let Some(beta) = self.beta {
                y.iter_mut().zip(beta).for_each(|(y, &beta)| *y += beta);
            }
        }
    }
}

/// The gradients of `layer_norm`, given the statistics it returned; x of `rows` rows of n elements.
pub fn layer_norm_grad<T: Element>(
    dy: &[T],
    x: &[T],
    rows: usize,
    n: usize,
    gamma: Option<&[T]>,
    mean: &[T],
    rstd: &[T],
) -> Result<Gradients<T>> {
    KernelError::check_shape("layer_norm_grad", "dy", &[x.len()], &[dy.len()])?;
    check_lengths("layer_norm_grad", rows, &[("mean", Some(mean)), ("rstd", Some(rstd))])?;
    check_lengths("layer_norm_grad", n, &[("gamma", gamma)])?;
    let ones = vec![T::ONE; n];
    let gamma = gamma.unwrap_or(&ones);
    let mut dx = Buffer::stale(x.len());
    let chunk = rows_per_task(n) * n;
    parallel::chunks_mut(&mut dx, chunk.max(1), 1, |index, dx| {
        let range = index * chunk..index * chunk + dx.len();
        let rows = range.start / n..range.end / n;
        let (dy, x) = (&dy[range.clone()], &x[range]);
        dispatch(InputGradient { dy, x, gamma, mean: &mean[rows.clone()], rstd: &rstd[rows], dx });
    });
    let sums = Columns::new(n).sums(rows, |range, [dbeta, dgamma]| {
        let rows = range.start / n..range.end / n;
        let (dy, x) = (&dy[range.clone()], &x[range]);
        dispatch(ParameterGradients { dy, x, mean: &mean[rows.clone()], rstd: &rstd[rows], dbeta, dgamma, n });
    });
    let (dbeta, dgamma) = sums.split_at(n);
    Ok(Gradients { dx, dgamma: Buffer::copy_of(dgamma), dbeta: Buffer::copy_of(dbeta) })
}

struct InputGradient<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    gamma: &'a [T],
    mean: &'a [T],
    rstd: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let (n, gamma) = (self.gamma.len(), self.gamma);
        let share = T::ONE / T::from_f64(n as f64);
        let rows = self.dy.chunks_exact(n).zip(self.x.chunks_exact(n)).zip(self.dx.chunks_exact_mut(n));
        for (((dy, x), dx), (&mean, &rstd)) in rows.zip(self.mean.iter().zip(self.rstd)) {
            // With g = dy gamma and z = (x - mean) rstd: dx = rstd (g - mean of g - z mean of g z)
            let center = T::Vector::<S>::splat(mean);
            let pull = sum::<T, S, 2>([dy, gamma], |[dy, gamma]| dy.mul(gamma)) * share;
            let turn = sum::<T, S, 3>([dy, gamma, x], |[dy, gamma, x]| dy.mul(gamma).mul(x.sub(center)));
            let turn = turn * share * rstd * rstd;
            let [pull, turn, rstd] = [pull, turn, rstd].map(T::Vector::<S>::splat);
            map::<T, S, 3>([dy, gamma, x], dx, |[dy, gamma, x]| {
                x.sub(center).neg_mul_add(turn, dy.mul(gamma).sub(pull)).mul(rstd)
            });
        }
    }
}

struct ParameterGradients<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    mean: &'a [T],
    rstd: &'a [T],
    dbeta: &'a mut [T],
    dgamma: &'a mut [T],
    n: usize,
}

impl<T: Element> Kernel for ParameterGradients<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let rows = self.dy.chunks_exact(self.n).zip(self.x.chunks_exact(self.n));
        for ((dy, x), (&mean, &rstd)) in rows.zip(self.mean.iter().zip(self.rstd)) {
            let sums = self.dbeta.iter_mut().zip(self.dgamma.iter_mut());
            for ((dbeta, dgamma), (&dy, &x)) in sums.zip(dy.iter().zip(x)) {
                *dbeta += dy;
                *dgamma += dy * (x - mean) * rstd;
            }
        }
    }
}
