//! Gradient descent, plain and with momentum.

use super::{check_lengths, for_each_chunk};
use crate::error::Result;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// w -= rate g
pub fn sgd_update<T: Element>(w: &mut [T], g: &[T], rate: f64) -> Result<()> {
    check_lengths("sgd_update", w, &[("g", Some(g))])?;
    for_each_chunk([w], g, |[w], g| dispatch(Plain { w, g, rate: T::from_f64(rate) }));
    Ok(())
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

/// Settings of `momentum_update`.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// The learning rate.
    pub rate: f64,
    /// How much of the velocity stays.
    pub momentum: f64,
    /// Whether to look ahead by one step of the velocity.
    pub nesterov: bool,
}

/// v = momentum v - rate g, then w += v, or with `nesterov` w += momentum v - rate g.
pub fn momentum_update<T: Element>(w: &mut [T], g: &[T], velocity: &mut [T], settings: Momentum) -> Result<()> {
    check_lengths("momentum_update", w, &[("g", Some(g)), ("velocity", Some(velocity))])?;
    let (rate, momentum) = (T::from_f64(settings.rate), T::from_f64(settings.momentum));
    for_each_chunk([w, velocity], g, |[w, velocity], g| {
        dispatch(WithMomentum { w, g, velocity, rate, momentum, nesterov: settings.nesterov });
    });
    Ok(())
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
