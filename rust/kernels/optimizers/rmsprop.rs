//! RMSprop: gradients divided by a running mean of their size.

use super::rule::{UpdateRule, Weights};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// s = rho s + (1 - rho) g²; step = rate g / sqrt(s + epsilon), with `mean_grad` (m = rho m + (1 - rho) g) the root of
/// s - m² + epsilon; w -= step, or with `velocity` (v = momentum v + step) w -= v.
#[derive(Clone, Copy, Debug)]
pub struct RmsProp {
    /// The learning rate.
    pub rate: f64,
    /// How much of the running means stays.
    pub rho: f64,
    /// How much of the velocity stays.
    pub momentum: f64,
    /// Added to the mean square.
    pub epsilon: f64,
}

impl<T: Element> UpdateRule<T> for RmsProp {
    fn name(&self) -> &'static str {
        "rmsprop_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("mean_square", true), ("mean_grad", false), ("velocity", false)]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        let settings = *self;
        match (!weights.slots[1].is_empty(), !weights.slots[2].is_empty()) {
            (false, false) => dispatch(Update::<T, false, false> { weights, g, settings }),
            (false, true) => dispatch(Update::<T, false, true> { weights, g, settings }),
            (true, false) => dispatch(Update::<T, true, false> { weights, g, settings }),
            (true, true) => dispatch(Update::<T, true, true> { weights, g, settings }),
        }
    }
}

struct Update<'a, T, const CENTERED: bool, const MOVING: bool> {
    /// Slots: mean square, mean gradient, velocity.
    weights: Weights<'a, T>,
    g: &'a [T],
    settings: RmsProp,
}

impl<T: Element, const CENTERED: bool, const MOVING: bool> Kernel for Update<'_, T, CENTERED, MOVING> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Weights { w, slots: [mean_square, mean_grad, velocity] } = self.weights;
        let RmsProp { rate, rho, momentum, epsilon } = self.settings;
        let [rate, rho, rest, momentum, epsilon] = [rate, rho, 1.0 - rho, momentum, epsilon].map(T::from_f64);
        let len = self.g.len();
        let (g, w, mean_square) = (self.g, &mut w[..len], &mut mean_square[..len]);
        let mean_grad = &mut mean_grad[..if CENTERED { len } else { 0 }];
        let velocity = &mut velocity[..if MOVING { len } else { 0 }];
        for i in 0..len {
            mean_square[i] = rho * mean_square[i] + rest * (g[i] * g[i]);
            let mut size = mean_square[i] + epsilon;
            if CENTERED {
                mean_grad[i] = rho * mean_grad[i] + rest * g[i];
                size = mean_square[i] - mean_grad[i] * mean_grad[i] + epsilon;
            }
            let mut step = rate * g[i] / size.sqrt();
            if MOVING {
                velocity[i] = momentum * velocity[i] + step;
                step = velocity[i];
            }
            w[i] -= step;
        }
    }
}
