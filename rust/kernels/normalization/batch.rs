//! Batch normalisation of (rows x n) with the statistics of the batch, ReLU on top if asked for.

use super::statistics::{Statistics, batch_statistics};
use super::{Gradients, check_lengths};
use crate::error::{KernelError, Result};
use crate::kernels::column_sums::Columns;
use crate::kernels::column_sums::panels::{Job, Panel, walk};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// What is learnt, and what goes with it.
#[derive(Clone, Copy)]
pub struct Settings<'a, T> {
    /// What normalised values are multiplied with, one number a channel; ones if None.
    pub gamma: Option<&'a [T]>,
    /// What is added to them; zeros if None.
    pub beta: Option<&'a [T]>,
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether negative results become 0.
    pub relu: bool,
}

/// The settings as kernels read them, repeated to the length of a wide row: y = (x - mean) * scale + beta.
struct Wide<T> {
    mean: Vec<T>,
    scale: Vec<T>,
    beta: Vec<T>,
    relu: bool,
}

impl<T: Element> Settings<'_, T> {
    fn wide(&self, columns: Columns, mean: &[T], scale: &[T]) -> Wide<T> {
        let beta = self.beta.map_or_else(|| vec![T::ZERO; columns.width()], |beta| columns.tile(beta));
        Wide { mean: columns.tile(mean), scale: columns.tile(scale), beta, relu: self.relu }
    }

    /// 1 / sqrt(variance + epsilon)
    fn inverse_deviations(&self, variance: &[T]) -> Vec<T> {
        let epsilon = T::from_f64(self.epsilon);
        variance.iter().map(|&variance| T::ONE / (variance + epsilon).sqrt()).collect()
    }

    /// Those times gamma.
    fn scale(&self, inverse: &[T]) -> Vec<T> {
        match self.gamma {
            Some(gamma) => gamma.iter().zip(inverse).map(|(&gamma, &inverse)| gamma * inverse).collect(),
            None => inverse.to_vec(),
        }
    }
}

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta with the statistics of the batch; x of rows x n.
pub fn batch_norm<T: Element>(x: &[T], n: usize, settings: Settings<'_, T>) -> Result<(Buffer<T>, Statistics<T>)> {
    check_lengths("batch_norm", n, &[("gamma", settings.gamma), ("beta", settings.beta)])?;
    let statistics = batch_statistics(x, n);
    let columns = Columns::new(n);
    let scale = settings.scale(&settings.inverse_deviations(&statistics.variance));
    let wide = &settings.wide(columns, &statistics.mean, &scale);
    let mut y = Buffer::stale(x.len());
    let chunk = columns.chunk_len();
    parallel::chunks_mut(&mut y, chunk, 1, |index, y| {
        let x = &x[index * chunk..index * chunk + y.len()];
        dispatch(Normalize { x, y, wide });
    });
    Ok((y, statistics))
}

struct Normalize<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    wide: &'a Wide<T>,
}

impl<T: Element> Kernel for Normalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        walk::<T, S>(self.x.len(), self.wide.mean.len(), &mut self);
    }
}

impl<T: Element> Job<T> for Normalize<'_, T> {
    #[inline(always)]
    fn panel<V: Vector<Elem = T>, const N: usize>(&mut self, panel: Panel) {
        assert!(panel.fits::<V, N>(self.x.len().min(self.y.len())));
        let parameters = Parameters::<V, N>::new(panel, self.wide);
        for row in 0..panel.rows {
            for j in 0..N {
                let at = panel.at::<V>(row, j);
                // SAFETY: checked above.
                unsafe {
                    let distance = V::load_up_to(self.x.as_ptr().add(at), panel.count).sub(parameters.mean[j]);
                    let sum = parameters.normalized(distance, j);
                    // The second operand of max is kept where one is NaN.
                    let y = if self.wide.relu { V::zero().max(sum) } else { sum };
                    y.store_up_to(self.y.as_mut_ptr().add(at), panel.count);
                }
            }
        }
    }
}

/// The numbers of a panel's channels.
struct Parameters<V, const N: usize> {
    mean: [V; N],
    scale: [V; N],
    beta: [V; N],
}

impl<V: Vector, const N: usize> Parameters<V, N> {
    #[inline(always)]
    fn new(panel: Panel, wide: &Wide<V::Elem>) -> Self {
        Self {
            mean: panel.parameters(&wide.mean),
            scale: panel.parameters(&wide.scale),
            beta: panel.parameters(&wide.beta),
        }
    }

    /// Vector `j` of the result before ReLU, the same bits forward and backward.
    #[inline(always)]
    fn normalized(&self, distance: V, j: usize) -> V {
        distance.mul_add(self.scale[j], self.beta[j])
    }

    /// What ReLU lets through of a gradient.
    #[inline(always)]
    fn through(&self, relu: bool, dy: V, distance: V, j: usize) -> V {
        if !relu {
            return dy;
        }
        V::select(self.normalized(distance, j).gt(V::zero()), dy, V::zero())
    }
}

/// The gradients of `batch_norm`, given the statistics it returned. Where ReLU was 0 is computed anew from x: cheaper than reading y.
pub fn batch_norm_grad<T: Element>(
    dy: &[T],
    x: &[T],
    n: usize,
    settings: Settings<'_, T>,
    mean: &[T],
    variance: &[T],
) -> Result<Gradients<T>> {
    KernelError::check_shape("batch_norm_grad", "dy", &[x.len()], &[dy.len()])?;
    let parameters =
        [("gamma", settings.gamma), ("beta", settings.beta), ("mean", Some(mean)), ("variance", Some(variance))];
    check_lengths("batch_norm_grad", n, &parameters)?;
    let rows = x.len().checked_div(n).unwrap_or(0);
    let columns = Columns::new(n);
    let inverse = settings.inverse_deviations(variance);
    let scale = settings.scale(&inverse);
    let wide = &settings.wide(columns, mean, &scale);
    let sums = columns.sums(rows, |range, [dy_sums, products]| {
        dispatch(GradientSums { dy: &dy[range.clone()], x: &x[range], wide, dy_sums, products });
    });
    let (dbeta, products) = sums.split_at(n);
    let dgamma: Vec<T> = products.iter().zip(&inverse).map(|(&product, &inverse)| product * inverse).collect();

    // dx = scale dy - slope (x - mean) - offset
    let share = T::ONE / T::from_f64(rows as f64);
    let offset: Vec<T> = scale.iter().zip(dbeta).map(|(&scale, &dbeta)| scale * dbeta * share).collect();
    let slope = scale.iter().zip(&inverse).zip(&dgamma);
    let slope: Vec<T> = slope.map(|((&scale, &inverse), &dgamma)| scale * inverse * dgamma * share).collect();
    let [slope, offset] = [slope, offset].map(|values| columns.tile(&values));
    let mut dx = Buffer::stale(x.len());
    let chunk = columns.chunk_len();
    parallel::chunks_mut(&mut dx, chunk, 1, |index, dx| {
        let range = index * chunk..index * chunk + dx.len();
        let (dy, x) = (&dy[range.clone()], &x[range]);
        dispatch(InputGradient { dy, x, dx, wide, slope: &slope, offset: &offset });
    });
    Ok(Gradients { dx, dgamma: Buffer::copy_of(&dgamma), dbeta: Buffer::copy_of(dbeta) })
}

struct GradientSums<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    wide: &'a Wide<T>,
    dy_sums: &'a mut [T],
    products: &'a mut [T],
}

impl<T: Element> Kernel for GradientSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        walk::<T, S>(self.x.len(), self.wide.mean.len(), &mut self);
    }
}

impl<T: Element> Job<T> for GradientSums<'_, T> {
    #[inline(always)]
    fn panel<V: Vector<Elem = T>, const N: usize>(&mut self, panel: Panel) {
        assert!(panel.fits::<V, N>(self.x.len().min(self.dy.len())));
        let parameters = Parameters::<V, N>::new(panel, self.wide);
        let mut dy_sums = panel.parameters::<V, N>(self.dy_sums);
        let mut products = panel.parameters::<V, N>(self.products);
        for row in 0..panel.rows {
            for j in 0..N {
                let at = panel.at::<V>(row, j);
                // SAFETY: checked above.
                let (x, dy) = unsafe {
                    (
                        V::load_up_to(self.x.as_ptr().add(at), panel.count),
                        V::load_up_to(self.dy.as_ptr().add(at), panel.count),
                    )
                };
                let distance = x.sub(parameters.mean[j]);
                let dy = parameters.through(self.wide.relu, dy, distance, j);
                dy_sums[j] = dy_sums[j].add(dy);
                products[j] = dy.mul_add(distance, products[j]);
            }
        }
        panel.put(dy_sums, self.dy_sums);
        panel.put(products, self.products);
    }
}

struct InputGradient<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    dx: &'a mut [T],
    wide: &'a Wide<T>,
    slope: &'a [T],
    offset: &'a [T],
}

impl<T: Element> Kernel for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        walk::<T, S>(self.x.len(), self.wide.mean.len(), &mut self);
    }
}

impl<T: Element> Job<T> for InputGradient<'_, T> {
    #[inline(always)]
    fn panel<V: Vector<Elem = T>, const N: usize>(&mut self, panel: Panel) {
        assert!(panel.fits::<V, N>(self.x.len().min(self.dy.len()).min(self.dx.len())));
        let parameters = Parameters::<V, N>::new(panel, self.wide);
        let slope = panel.parameters::<V, N>(self.slope);
        let offset = panel.parameters::<V, N>(self.offset);
        for row in 0..panel.rows {
            for j in 0..N {
                let at = panel.at::<V>(row, j);
                // SAFETY: checked above.
                unsafe {
                    let distance = V::load_up_to(self.x.as_ptr().add(at), panel.count).sub(parameters.mean[j]);
                    let dy = V::load_up_to(self.dy.as_ptr().add(at), panel.count);
                    let dy = parameters.through(self.wide.relu, dy, distance, j);
                    let rest = distance.mul_add(slope[j], offset[j]);
                    dy.mul(parameters.scale[j]).sub(rest).store_up_to(self.dx.as_mut_ptr().add(at), panel.count);
                }
            }
        }
    }
}
