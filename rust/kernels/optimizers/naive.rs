//! The oracle: one weight at a time, in f64, as Keras documents its optimisers.

use super::{Adam, Momentum, RmsProp};

/// One weight with everything an optimiser keeps for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    pub w: f64,
    pub velocity: f64,
    pub mean: f64,
    pub square: f64,
    pub largest: f64,
}

pub fn momentum(weight: &mut Weight, g: f64, s: Momentum) {
    weight.velocity = s.momentum * weight.velocity - s.rate * g;
    weight.w += if s.nesterov { s.momentum * weight.velocity - s.rate * g } else { weight.velocity };
}

pub fn rmsprop(weight: &mut Weight, g: f64, s: RmsProp, centered: bool, moving: bool) {
    weight.square = s.rho * weight.square + (1.0 - s.rho) * g * g;
    weight.mean = s.rho * weight.mean + (1.0 - s.rho) * g;
    let spread = if centered { weight.square - weight.mean.powi(2) } else { weight.square };
    let step = s.rate * g / (spread + s.epsilon).sqrt();
    weight.velocity = s.momentum * weight.velocity + step;
    weight.w -= if moving { weight.velocity } else { step };
}

pub fn adam(weight: &mut Weight, g: f64, s: Adam, maximal: bool) {
    let alpha = s.rate * (1.0 - s.beta_2.powf(s.step as f64)).sqrt() / (1.0 - s.beta_1.powf(s.step as f64));
    weight.mean = s.beta_1 * weight.mean + (1.0 - s.beta_1) * g;
    weight.square = s.beta_2 * weight.square + (1.0 - s.beta_2) * g * g;
    weight.largest = weight.largest.max(weight.square);
    let size = if maximal { weight.largest } else { weight.square };
    weight.w -= alpha * weight.mean / (size.sqrt() + s.epsilon);
}
