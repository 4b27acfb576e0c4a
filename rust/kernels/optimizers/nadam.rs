//! Adam that looks ahead along its mean gradient.

use super::rule::{UpdateRule, Weights, check_step};
use crate::error::Result;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// m += (g - m)(1 - beta_1); v += (g² - v)(1 - beta_2);
/// w -= rate (mean_share m + gradient_share g) / (sqrt(v / (1 - beta_2^step)) + epsilon).
#[derive(Clone, Copy, Debug)]
pub struct Nadam {
    /// The learning rate.
    pub rate: f64,
    /// How much of the mean gradient stays.
    pub beta_1: f64,
    /// How much of the mean square stays.
    pub beta_2: f64,
    /// Added to the root of the mean square, which is corrected for its start at zero.
    pub epsilon: f64,
    /// Which update this is, from 1 on.
    pub step: u64,
    /// What the mean gradient counts in the step, corrected for its start at zero.
    pub mean_share: f64,
    /// What the gradient itself counts in the step, corrected likewise.
    pub gradient_share: f64,
}

impl<T: Element> UpdateRule<T> for Nadam {
    fn name(&self) -> &'static str {
        "nadam_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("m", true), ("v", true)]
    }

    fn check(&self) -> Result<()> {
        check_step("nadam_update", self.step)
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        dispatch(Update { weights, g, settings: *self });
    }
}

struct Update<'a, T> {
    /// Slots: mean gradient, mean square.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: Nadam,
}

impl<T: Element> Kernel for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [m, v, _] } = self.weights;
        let Nadam { rate, beta_1, beta_2, epsilon, step, mean_share, gradient_share } = self.settings;
        let correction = 1.0 - beta_2.powf(step as f64);
        let factors = [1.0 - beta_1, 1.0 - beta_2, rate * mean_share, rate * gradient_share, correction, epsilon];
        let [rest_1, rest_2, mean_rate, gradient_rate, correction, epsilon] = factors.map(T::from_f64);
        for (((w, m), v), &g) in w.iter_mut().zip(m).zip(v).zip(self.g) {
            *m += (g - *m) * rest_1;
            *v += (g * g - *v) * rest_2;
            *w -= (mean_rate * *m + gradient_rate * g) / ((*v / correction).sqrt() + epsilon);
        }
    }
}
