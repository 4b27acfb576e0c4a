//! Numbers of about 105 bits as unevaluated sums of two f64: the yardstick for the f64 functions of `math`.

use std::ops::{Add, Div, Mul, Neg, Sub};

#[derive(Clone, Copy, Debug)]
pub struct Twofold {
    pub high: f64,
    pub low: f64,
}

const LN_2: Twofold = Twofold { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };

impl From<f64> for Twofold {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

/// a + b for |a| >= |b|.
fn sum_of_ordered(a: f64, b: f64) -> Twofold {
    let high = a + b;
    Twofold { high, low: b - (high - a) }
}

impl Add for Twofold {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let high = self.high + other.high;
        let part = high - self.high;
        let lost = (self.high - (high - part)) + (other.high - part);
        sum_of_ordered(high, lost + self.low + other.low)
    }
}

impl Neg for Twofold {
    type Output = Self;
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Sub for Twofold {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Twofold {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let high = self.high * other.high;
        let lost = self.high.mul_add(other.high, -high);
        sum_of_ordered(high, lost + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Twofold {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = Self::from(self.high / other.high);
        let rest = self - first * other;
        first + Self::from(rest.high / other.high)
    }
}

impl Twofold {
    pub fn exp(self) -> Self {
        const HALVINGS: i32 = 8;
        let n = (self.high * std::f64::consts::LOG2_E).round();
        let r = self - LN_2 * n.into();
        let r = r * 0.5f64.powi(HALVINGS).into();
        let mut term = Self::from(1.0);
        let mut sum = term;
        for k in 1..16 {
            term = term * r / f64::from(k).into();
            sum = sum + term;
        }
        for _ in 0..HALVINGS {
            sum = sum * sum;
        }
        sum * 2f64.powi(n as i32).into()
    }

    pub fn ln(self) -> Self {
        let guess = Self::from(self.high.ln());
        let error = self * (-guess).exp() - 1.0.into();
        guess + error - error * error * 0.5.into()
    }
}
