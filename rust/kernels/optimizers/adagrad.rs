//! Adagrad: gradients divided by the size of all gradients so far.

use super::rule::{UpdateRule, Weights};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// s += g²; w -= rate g / sqrt(s + epsilon)
#[derive(Clone, Copy, Debug)]
pub struct Adagrad {
    /// The learning rate.
    pub rate: f64,
    /// Added to the sum of squares.
    pub epsilon: f64,
}

impl<T: Element> UpdateRule<T> for Adagrad {
    fn name(&self) -> &'static str {
        "adagrad_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("sum_of_squares", true)]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        dispatch(Update { weights, g, settings: *self });
    }
}

struct Update<'a, T> {
    /// Slots: sum of squares.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: Adagrad,
}

impl<T: Element> Kernel for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [sum_of_squares, ..] } = self.weights;
        let [rate, epsilon] = [self.settings.rate, self.settings.epsilon].map(T::from_f64);
        for ((w, sum), &g) in w.iter_mut().zip(sum_of_squares).zip(self.g) {
            *sum += g * g;
            *w -= rate * g / (*sum + epsilon).sqrt();
        }
    }
}
