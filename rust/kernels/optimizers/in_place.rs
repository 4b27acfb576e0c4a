//! What is done to weights and gradients around an update.

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

/// g *= factor
pub fn scale_in_place<T: Element>(g: &mut [T], factor: f64) {
    let factor = T::from_f64(factor);
    parallel::chunks_mut(g, ELEMENTWISE_CHUNK, 1, |_, g| dispatch(Scale { g, factor }));
}

struct Scale<'a, T> {
    g: &'a mut [T],
    factor: T,
}

impl<T: Element> Kernel for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        self.g.iter_mut().for_each(|g| *g *= self.factor);
    }
}

/// g limited to `low..=high`; NaN stays.
pub fn clip_in_place<T: Element>(g: &mut [T], low: f64, high: f64) {
    let (low, high) = (T::from_f64(low), T::from_f64(high));
    parallel::chunks_mut(g, ELEMENTWISE_CHUNK, 1, |_, g| dispatch(Clip { g, low, high }));
}

struct Clip<'a, T> {
    g: &'a mut [T],
    low: T,
    high: T,
}

impl<T: Element> Kernel for Clip<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for g in self.g {
            let above = if *g < self.low { self.low } else { *g };
            *g = if above > self.high { self.high } else { above };
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
