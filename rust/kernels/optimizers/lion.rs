//! Lion: steps of one size, in the direction of a mean of gradients.

use super::rule::{UpdateRule, Weights};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// w -= rate sign(beta_1 m + (1 - beta_1) g), where the sign of 0 is 0; then m = beta_2 m + (1 - beta_2) g
#[derive(Clone, Copy, Debug)]
pub struct Lion {
    /// The learning rate.
    pub rate: f64,
    /// How much of the mean gradient goes into the step.
    pub beta_1: f64,
    /// How much of the mean gradient stays.
    pub beta_2: f64,
}

impl<T: Element> UpdateRule<T> for Lion {
    fn name(&self) -> &'static str {
        "lion_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("m", true)]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        dispatch(Update { weights, g, settings: *self });
    }
}

struct Update<'a, T> {
    /// Slots: mean gradient.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: Lion,
}

impl<T: Element> Kernel for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [m, ..] } = self.weights;
        let Lion { rate, beta_1, beta_2 } = self.settings;
        let factors = [rate, beta_1, 1.0 - beta_1, beta_2, 1.0 - beta_2].map(T::from_f64);
        let [rate, beta_1, rest_1, beta_2, rest_2] = factors;
        for ((w, m), &g) in w.iter_mut().zip(m).zip(self.g) {
            let direction = beta_1 * *m + rest_1 * g;
            // Zero, and what is not a number, have no sign and stay themselves.
            let signed = if direction < T::ZERO { -T::ONE } else { direction };
            let sign = if direction > T::ZERO { T::ONE } else { signed };
            *w -= rate * sign;
            *m = beta_2 * *m + rest_2 * g;
        }
    }
}
