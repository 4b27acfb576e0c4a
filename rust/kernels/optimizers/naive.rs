//! The oracle: one weight at a time, in f64, as Keras documents its optimisers.

use super::{Adadelta, Adagrad, Adam, Adamax, Ftrl, Lion, Momentum, Nadam, RmsProp};

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

pub fn nadam(weight: &mut Weight, g: f64, s: Nadam) {
    weight.mean = s.beta_1 * weight.mean + (1.0 - s.beta_1) * g;
    weight.square = s.beta_2 * weight.square + (1.0 - s.beta_2) * g * g;
    let corrected = weight.square / (1.0 - s.beta_2.powf(s.step as f64));
    weight.w -= s.rate * (s.mean_share * weight.mean + s.gradient_share * g) / (corrected.sqrt() + s.epsilon);
}

pub fn adagrad(weight: &mut Weight, g: f64, s: Adagrad) {
    weight.square += g * g;
    weight.w -= s.rate * g / (weight.square + s.epsilon).sqrt();
}

pub fn adadelta(weight: &mut Weight, g: f64, s: Adadelta) {
    weight.square = s.rho * weight.square + (1.0 - s.rho) * g * g;
    let step = -g * ((weight.velocity + s.epsilon) / (weight.square + s.epsilon)).sqrt();
    weight.velocity = s.rho * weight.velocity + (1.0 - s.rho) * step * step;
    weight.w += s.rate * step;
}

pub fn adamax(weight: &mut Weight, g: f64, s: Adamax) {
    weight.mean = s.beta_1 * weight.mean + (1.0 - s.beta_1) * g;
    weight.largest = (s.beta_2 * weight.largest).max(g.abs());
    weight.w -= s.rate / (1.0 - s.beta_1.powf(s.step as f64)) * weight.mean / (weight.largest + s.epsilon);
}

pub fn lion(weight: &mut Weight, g: f64, s: Lion) {
    let direction = s.beta_1 * weight.mean + (1.0 - s.beta_1) * g;
    weight.w -= if direction == 0.0 { 0.0 } else { s.rate * direction.signum() };
    weight.mean = s.beta_2 * weight.mean + (1.0 - s.beta_2) * g;
}

pub fn ftrl(weight: &mut Weight, g: f64, s: Ftrl) {
    let before = weight.square.powf(-s.rate_power);
    weight.square += g * g;
    let after = weight.square.powf(-s.rate_power);
    weight.mean += g + 2.0 * s.shrinkage * weight.w - (after - before) / s.rate * weight.w;
    let quadratic = after / s.rate + 2.0 * (s.l2 + s.beta / (2.0 * s.rate));
    weight.w = (weight.mean.clamp(-s.l1, s.l1) - weight.mean) / quadratic;
}
