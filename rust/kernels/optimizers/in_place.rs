//! What happens around an update: weight decay, averages of weights, norms of gradients.

use crate::parallel::{self, ELEMENTWISE_CHUNK};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// w -= w factor
pub fn weight_decay<T: Element>(w: &mut [T], factor: f64) {
    let factor = T::from_f64(factor);
    parallel::chunks_mut(w, ELEMENTWISE_CHUNK, 1, |_, w| dispatch(Decay { w, factor }));
}

struct Decay<'a, T> {
    w: &'a mut [T],
    factor: T,
}

impl<T: Element> Kernel for Decay<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        self.w.iter_mut().for_each(|w| *w -= *w * self.factor);
    }
}

/// average = momentum average + (1 - momentum) w
pub fn move_average<T: Element>(average: &mut [T], w: &[T], momentum: f64) {
    let (momentum, rest) = (T::from_f64(momentum), T::from_f64(1.0 - momentum));
    parallel::chunks_mut(average, ELEMENTWISE_CHUNK, 1, |index, average| {
        let w = &w[index * ELEMENTWISE_CHUNK..][..average.len()];
        dispatch(Average { average, w, momentum, rest });
    });
}

struct Average<'a, T> {
    average: &'a mut [T],
    w: &'a [T],
    momentum: T,
    rest: T,
}

impl<T: Element> Kernel for Average<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (average, &w) in self.average.iter_mut().zip(self.w) {
            *average = self.momentum * *average + self.rest * w;
        }
    }
}

/// The sum of g², in f64, by the fixed tree over chunks.
pub fn sum_of_squares<T: Element>(g: &[T]) -> f64 {
    let mut total = [0.0];
    parallel::tree_sum_in_leaves(g.len(), ELEMENTWISE_CHUNK, &mut total, |part, total| {
        total[0] += dispatch(Squares { g: &g[part] });
    });
    total[0]
}

struct Squares<'a, T> {
    g: &'a [T],
}

impl<T: Element> Kernel for Squares<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self) -> f64 {
        let mut sums = [0.0; 16];
        for group in self.g.chunks(sums.len()) {
            for (sum, &g) in sums.iter_mut().zip(group) {
                *sum += g.to_f64() * g.to_f64();
            }
        }
        sums.iter().sum()
    }
}
