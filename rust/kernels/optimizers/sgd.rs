//! Gradient descent, plain and with momentum.

use super::rule::{UpdateRule, Weights};
use crate::simd::{Element, Kernel, Simd, dispatch};

/// w -= rate g
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// The learning rate.
    pub rate: f64,
}

impl<T: Element> UpdateRule<T> for Sgd {
    fn name(&self) -> &'static str {
        "sgd_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        dispatch(Plain { w: weights.w, g, rate: T::from_f64(self.rate) });
    }
}

struct Plain<'a, T> {
    w: &'a mut [T],
    g: &'a [T],
    rate: T,
}

impl<T: Element> Kernel for Plain<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        self.w.iter_mut().zip(self.g).for_each(|(w, &g)| *w -= self.rate * g);
    }
}

/// v = momentum v - rate g, then w += v, or with `nesterov` w += momentum v - rate g.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// The learning rate.
    pub rate: f64,
    /// How much of the velocity stays.
    pub momentum: f64,
    /// Whether to look ahead by one step of the velocity.
    pub nesterov: bool,
}

impl<T: Element> UpdateRule<T> for Momentum {
    fn name(&self) -> &'static str {
        "momentum_update"
    }

    fn slots(&self) -> &'static [(&'static str, bool)] {
        &[("velocity", true)]
    }

    fn apply(&self, weights: Weights<'_, T>, g: &[T]) {
        let (rate, momentum) = (T::from_f64(self.rate), T::from_f64(self.momentum));
        let Weights { w, slots: [velocity, ..] } = weights;
        dispatch(WithMomentum { w, g, velocity, rate, momentum, nesterov: self.nesterov });
    }
}

struct WithMomentum<'a, T> {
    w: &'a mut [T],
    g: &'a [T],
    velocity: &'a mut [T],
    rate: T,
    momentum: T,
    nesterov: bool,
}

impl<T: Element> Kernel for WithMomentum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { w, g, velocity, rate, momentum, nesterov } = self;
        for ((w, v), &g) in w.iter_mut().zip(velocity).zip(g) {
            *v = momentum * *v - rate * g;
            *w += if nesterov { momentum * *v - rate * g } else { *v };
        }
    }
}
