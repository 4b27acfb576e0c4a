//! FTRL-proximal: the weights that would have been best for all gradients so far, drawn to zero.

use super::rule::{UpdateRule, Weights};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// With p(n) = n^-rate_power / rate and h = g + 2 shrinkage w: z += h - (p(n + g²) - p(n)) w; n += g²;
/// w = (clip(z, -l1, l1) - z) / (p(n) + 2 l2 + beta / rate)
#[derive(Clone, Copy, Debug)]
pub struct Ftrl {
    /// The learning rate.
    pub rate: f64,
    /// The power of the sum of squares that multiplies the learning rate, not positive.
    pub rate_power: f64,
    /// How strongly weights are drawn to exactly zero.
    pub l1: f64,
    /// How strongly large weights are drawn back.
    pub l2: f64,
    /// What the gradient has of a penalty on the square of the weights.
    pub shrinkage: f64,
    /// Slows the first steps.
    pub beta: f64,
}

impl<T: Element> UpdateRule<T> for Ftrl {
    fn name(&self) -> &'static str {
        "ftrl_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("sum_of_squares", true), ("z", true)]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        let settings = *self;
        if self.rate_power == -0.5 {
            dispatch(Update { weights, g, settings, power: T::sqrt });
        } else {
            let power = |n: T| T::from_f64(n.to_f64().powf(-settings.rate_power));
            dispatch(Update { weights, g, settings, power });
        }
    }
}

struct Update<'a, T, P> {
    /// Slots: sum of squares, z.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: Ftrl,
    /// The power of a sum of squares.
    power: P,
}

impl<T: Element, P: Fn(T) -> T> Kernel for Update<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [sum_of_squares, z, _] } = self.weights;
        let Ftrl { rate, l1, l2, shrinkage, beta, .. } = self.settings;
        let factors = [rate, l1, 2.0 * l2 + beta / rate, 2.0 * shrinkage];
        let [rate, l1, drawn_back, shrinkage] = factors.map(T::from_f64);
        for (((w, sum), z), &g) in w.iter_mut().zip(sum_of_squares).zip(z).zip(self.g) {
            let grown = *sum + g * g;
            let (before, after) = ((self.power)(*sum), (self.power)(grown));
            *z += g + shrinkage * *w - (after - before) / rate * *w;
            *sum = grown;
            let above = if *z < -l1 { -l1 } else { *z };
            let clipped = if above > l1 { l1 } else { above };
            *w = (clipped - *z) / (after / rate + drawn_back);
        }
    }
}
