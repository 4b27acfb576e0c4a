//! Adam, and its AMSGrad variant.

use super::rule::{UpdateRule, Weights, check_step};
use crate::error::Result;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// m += (g - m)(1 - beta_1); v += (g² - v)(1 - beta_2); w -= m alpha / (sqrt(v) + epsilon), where
/// alpha = rate sqrt(1 - beta_2^step) / (1 - beta_1^step). With `vhat` (vhat = max(vhat, v)) it takes the place of v.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// The learning rate.
    pub rate: f64,
    /// How much of the mean gradient stays.
    pub beta_1: f64,
    /// How much of the mean square stays.
    pub beta_2: f64,
    /// Added to the root of the mean square, which is not corrected for its start at zero.
    pub epsilon: f64,
    /// Which update this is, from 1 on.
    pub step: u64,
}

impl<T: Element> UpdateRule<T> for Adam {
    fn name(&self) -> &'static str {
        "adam_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("m", true), ("v", true), ("vhat", false)]
    }

    fn check(&self) -> Result<()> {
        check_step("adam_update", self.step)
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        let Self { rate, beta_1, beta_2, epsilon, step } = *self;
        let power = |beta: f64| 1.0 - beta.powf(step as f64);
        let alpha = rate * power(beta_2).sqrt() / power(beta_1);
        let factors = [alpha, 1.0 - beta_1, 1.0 - beta_2, epsilon].map(T::from_f64);
        if weights.slots[2].is_empty() {
            dispatch(Update::<T, false> { weights, g, factors });
        } else {
            dispatch(Update::<T, true> { weights, g, factors });
        }
    }
}

struct Update<'a, T, const MAXIMAL: bool> {
    /// Weights, mean gradient, mean square, its maximum.
    weights: Weights<'a, T>,
    g: &'a [T],
    /// alpha, 1 - beta_1, 1 - beta_2, epsilon.
    factors: [T; 4],
}

impl<T: Element, const MAXIMAL: bool> Kernel for Update<'_, T, MAXIMAL> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [m, v, vhat] } = self.weights;
        let [alpha, rest_1, rest_2, epsilon] = self.factors.map(T::Vector::<S>::splat);
        let (len, lanes) = (self.g.len(), T::Vector::<S>::LANES);
        assert!(w.len() == len && m.len() == len && v.len() == len && (!MAXIMAL || vhat.len() == len));
        for i in (0..len).step_by(lanes) {
            let count = lanes.min(len - i);
            // SAFETY: all arrays have `len` elements, and `vhat` is used only if it has them.
            unsafe {
                let (w, m, v) = (w.as_mut_ptr().add(i), m.as_mut_ptr().add(i), v.as_mut_ptr().add(i));
                let g = T::Vector::<S>::load_up_to(self.g.as_ptr().add(i), count);
                let (old_mean, old_square) =
                    (T::Vector::<S>::load_up_to(m, count), T::Vector::<S>::load_up_to(v, count));
                let mean = g.sub(old_mean).mul_add(rest_1, old_mean);
                let square = g.mul_add(g, old_square.neg()).mul_add(rest_2, old_square);
                mean.store_up_to(m, count);
                square.store_up_to(v, count);
                let mut size = square;
                if MAXIMAL {
                    let vhat = vhat.as_mut_ptr().add(i);
                    let largest = T::Vector::<S>::load_up_to(vhat, count);
                    size = T::Vector::<S>::select(largest.gt(size), largest, size);
                    size.store_up_to(vhat, count);
                }
                let step = mean.mul(alpha).over_root(size, epsilon);
                T::Vector::<S>::load_up_to(w, count).sub(step).store_up_to(w, count);
            }
        }
    }
}
