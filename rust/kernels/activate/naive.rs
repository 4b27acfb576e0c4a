//! The oracle, in f64: formulas as they stand in a textbook.

use super::{Activation, SELU_ALPHA, SELU_SCALE};

/// activation(x)
pub fn value(x: f64, activation: Activation) -> f64 {
    match activation {
        Activation::Linear => x,
        Activation::Relu => {
            if x > 0.0 || x.is_nan() {
                x
            } else {
                0.0
            }
        }
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
        Activation::HardSigmoidLegacy => (0.2 * x + 0.5).clamp(0.0, 1.0),
        Activation::Elu => {
            if x > 0.0 {
                x
            } else {
                x.exp_m1()
            }
        }
        Activation::Selu => SELU_SCALE * if x > 0.0 { x } else { SELU_ALPHA * x.exp_m1() },
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Activation::Softsign => x / (1.0 + x.abs()),
        Activation::Silu => x * sigmoid(x),
        Activation::Gelu => x * normal_cdf(x),
        Activation::Exponential => x.exp(),
    }
}

/// activation'(x)
pub fn slope(x: f64, activation: Activation) -> f64 {
    let step = |inside: bool| f64::from(u8::from(inside));
    match activation {
        Activation::Linear => 1.0,
        Activation::Relu => step(x > 0.0),
        Activation::Sigmoid => sigmoid(x) * sigmoid(-x),
        Activation::Tanh => 1.0 - x.tanh().powi(2),
        Activation::HardSigmoid => step(x.abs() < 3.0) / 6.0,
        Activation::HardSigmoidLegacy => step(x.abs() < 2.5) * 0.2,
        Activation::Elu => {
            if x > 0.0 {
                1.0
            } else {
                x.exp()
            }
        }
        Activation::Selu => SELU_SCALE * if x >= 0.0 { 1.0 } else { SELU_ALPHA * x.exp() },
        Activation::Softplus => sigmoid(x),
        Activation::Softsign => (1.0 + x.abs()).powi(-2),
        Activation::Silu => sigmoid(x) * (1.0 + x * sigmoid(-x)),
        Activation::Gelu => normal_cdf(x) + x * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt(),
        Activation::Exponential => x.exp(),
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The distribution function of the standard normal, by the series of its density near 0 and the continued fraction of its
/// tail (both to full double precision).
fn normal_cdf(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term.abs() > 1e-18 * sum.abs() {
            k += 2.0;
            term *= x * x / k;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let a = x.abs();
    let tail = density / (1..=60).rev().fold(a, |fraction, k| a + f64::from(k) / fraction);
    if x > 0.0 { 1.0 - tail } else { tail }
}
