//! Adadelta: steps as large as the last ones, in the proportion of the gradient to the last gradients.

use super::rule::{UpdateRule, Weights};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// s = rho s + (1 - rho) g²; step = g sqrt(d + epsilon) / sqrt(s + epsilon); d = rho d + (1 - rho) step²; w -= rate step
#[derive(Clone, Copy, Debug)]
pub struct Adadelta {
    /// The learning rate.
    pub rate: f64,
    /// How much of the running means stays.
    pub rho: f64,
    /// Added to the mean squares.
    pub epsilon: f64,
}

impl<T: Element> UpdateRule<T> for Adadelta {
    fn name(&self) -> &'static str {
        "adadelta_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("mean_square", true), ("mean_square_step", true)]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        dispatch(Update { weights, g, settings: *self });
    }
}

struct Update<'a, T> {
    /// Slots: mean square of the gradient, of the step.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: Adadelta,
}

impl<T: Element> Kernel for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [mean_square, mean_square_step, _] } = self.weights;
        let Adadelta { rate, rho, epsilon } = self.settings;
        let [rate, rho, rest, epsilon] = [rate, rho, 1.0 - rho, epsilon].map(T::from_f64);
        for (((w, square), step_square), &g) in w.iter_mut().zip(mean_square).zip(mean_square_step).zip(self.g) {
            *square = rho * *square + rest * (g * g);
            let step = (*step_square + epsilon).sqrt() * g / (*square + epsilon).sqrt();
            *step_square = rho * *step_square + rest * (step * step);
            *w -= rate * step;
        }
    }
}
