//! Adamax: Adam with the largest gradient in the place of the mean square.

use super::rule::{UpdateRule, Weights, check_step};
use crate::error::Result;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// m += (g - m)(1 - beta_1); u = max(beta_2 u, |g|); w -= rate m / ((1 - beta_1^step)(u + epsilon))
#[derive(Clone, Copy, Debug)]
pub struct Adamax {
    /// The learning rate.
    pub rate: f64,
    /// How much of the mean gradient stays.
    pub beta_1: f64,
    /// How much of the largest gradient stays.
    pub beta_2: f64,
    /// Added to the largest gradient.
    pub epsilon: f64,
    /// Which update this is, from 1 on.
    pub step: u64,
}

impl<T: Element> UpdateRule<T> for Adamax {
    fn name(&self) -> &'static str {
        "adamax_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("m", true), ("u", true)]
    }

    fn check(&self) -> Result<()> {
        check_step("adamax_update", self.step)
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        dispatch(Update { weights, g, settings: *self });
    }
}

struct Update<'a, T> {
    /// Slots: mean gradient, largest gradient.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: Adamax,
}

impl<T: Element> Kernel for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [m, u, _] } = self.weights;
        let Adamax { rate, beta_1, beta_2, epsilon, step } = self.settings;
        let correction = 1.0 - beta_1.powf(step as f64);
        let factors = [rate, 1.0 - beta_1, beta_2, epsilon, correction];
        let [rate, rest_1, beta_2, epsilon, correction] = factors.map(T::from_f64);
        for (((w, m), u), &g) in w.iter_mut().zip(m).zip(u).zip(self.g) {
            *m += (g - *m) * rest_1;
            let (kept, size) = (beta_2 * *u, g.abs());
            *u = if kept > size { kept } else { size };
            *w -= rate * *m / (correction * (*u + epsilon));
        }
    }
}
