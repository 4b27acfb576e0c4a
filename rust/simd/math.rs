//! Elementary functions over the vector trait, the same text for every instruction set and both precisions.
//!
//! Largest errors in units in the last place, tested on every instruction set (`math_tests.rs`):
//!
//! | | `exp` | `exp_m1` | `ln` | `ln_1p` | `sigmoid` | `tanh` |
//! |---|---|---|---|---|---|---|
//! | f32 | 1 | 1.5 | 1 | 1.5 | 2.5 | 2.5 |
//! | f64 | 1.5 | 1.5 | 1 | 1.5 | 2.5 | 2.5 |
//!
//! `normal_cdf_and_density` and `sin_cos_turn` are within 4 units in the last place of 1 (f32: 2). Results next to the
//! denormal numbers may be zero. NaN gives NaN.

use super::constants::Constants;
use super::{Element, Vector};
use std::f64::consts::{LOG2_E, PI, SQRT_2};

/// c[0] + c[1] x + c[2] x² + ...
#[inline(always)]
fn polynomial<V: Vector>(x: V, coefficients: &[V::Elem]) -> V {
    let (last, rest) = coefficients.split_last().expect("a polynomial has coefficients");
    let mut sum = V::splat(*last);
    for &c in rest.iter().rev() {
        sum = sum.mul_add(x, V::splat(c));
    }
    sum
}

#[inline(always)]
fn constant<V: Vector>(value: f64) -> V {
    V::splat(V::Elem::from_f64(value))
}

/// x = n ln 2 + r with n whole: returns n and e^r - 1.
#[inline(always)]
fn reduce_exp<V: Vector>(x: V) -> (V, V) {
    // Next to so large a number there is no room for a fraction.
    let rounder = V::splat(V::Elem::EXPONENT_MAGIC);
    let n = x.mul_add(constant(LOG2_E), rounder).sub(rounder);
    let [high, low] = V::Elem::LN_2;
    let r = n.neg_mul_add(V::splat(low), n.neg_mul_add(V::splat(high), x));
    let tail = polynomial(r, V::Elem::EXP_TAIL);
    (n, r.mul(r).mul_add(tail, r))
}

/// e^x.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    let [lowest, highest] = V::Elem::EXP_RANGE;
    let (n, fraction) = reduce_exp(x);
    // 2 (1 + fraction) 2^(n - 1), because 2^n overflows before the result does
    let two = constant::<V>(2.0);
    let inside = fraction.mul_add(two, two).mul(n.sub(constant(1.0)).exp2_integral());
    let bounded = V::select(x.lt(V::splat(lowest)), V::zero(), inside);
    V::select(x.gt(V::splat(highest)), constant(f64::INFINITY), bounded)
}

/// e^x - 1 without cancellation, for x <= 0.
#[inline(always)]
pub fn exp_m1<V: Vector>(x: V) -> V {
    let one = constant::<V>(1.0);
    let [lowest, _] = V::Elem::EXP_RANGE;
    let (n, fraction) = reduce_exp(x);
    let power = n.exp2_integral();
    V::select(x.lt(V::splat(lowest)), constant(-1.0), fraction.mul_add(power, power.sub(one)))
}

/// The natural logarithm of a positive normal number.
#[inline(always)]
pub fn ln<V: Vector>(x: V) -> V {
    let one = constant::<V>(1.0);
    let (mantissa, exponent) = (x.map(Element::mantissa), x.map(Element::exponent));
    let upper = mantissa.gt(constant(SQRT_2));
    let mantissa = V::select(upper, mantissa.mul(constant(0.5)), mantissa);
    let exponent = V::select(upper, exponent.add(one), exponent);
    // ln(1 + f) = 2 atanh(s) = f - f²/2 + s (f²/2 + 2 s² tail), with s = f / (2 + f)
    let f = mantissa.sub(one);
    let s = f.div(f.add(constant(2.0)));
    let s2 = s.mul(s);
    let half_square = f.mul(f).mul(constant(0.5));
    let tail = polynomial(s2, V::Elem::LN_TAIL).mul(s2.add(s2));
    let [high, low] = V::Elem::LN_2;
    let correction = exponent.mul_add(V::splat(low), s.mul(half_square.add(tail)));
    exponent.mul_add(V::splat(high), f.sub(half_square.sub(correction)))
}

/// ln(1 + x) for 0 <= x <= 1.
#[inline(always)]
pub fn ln_1p<V: Vector>(x: V) -> V {
    let one = constant::<V>(1.0);
    let sum = x.add(one);
    let lost = x.sub(sum.sub(one));
    ln(sum).add(lost.div(sum))
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let one = constant::<V>(1.0);
    let [lowest, _] = V::Elem::EXP_RANGE;
    let lowest = V::splat(lowest);
    let (n, fraction) = reduce_exp(lowest.neg().min(lowest.max(x.neg())));
    let power = n.exp2_integral();
    let inside = one.quotient(fraction.mul_add(power, power).add(one));
    V::select(x.lt(lowest), V::zero(), inside)
}

/// The hyperbolic tangent: -m / (2 + m) of |x|, where m = e^(-2|x|) - 1.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    // From here on it is 1 in either precision.
    let farthest = constant::<V>(-40.0);
    let (n, fraction) = reduce_exp(farthest.max(x.abs().mul(constant(-2.0))));
    let power = n.exp2_integral();
    let m = fraction.mul_add(power, power.sub(constant(1.0)));
    let size = m.quotient(m.add(constant(2.0)));
    V::select(x.lt(V::zero()), size, size.neg())
}

/// Φ(x) and φ(x): the distribution function of the normal distribution (with full relative precision in the lower tail's
/// bulk) and its density.
#[inline(always)]
pub fn normal_cdf_and_density<V: Vector>(x: V) -> (V, V) {
    let one = constant::<V>(1.0);
    let bell = exp(x.mul(x).mul(constant(-0.5)));
    let t = one.div(x.abs().mul_add(constant(0.25), one));
    let tail = t.mul(polynomial(t.sub(constant(0.5)), V::Elem::NORMAL_TAIL)).mul(bell);
    let cdf = V::select(x.lt(V::zero()), tail, one.sub(tail));
    (cdf, bell.mul(constant(1.0 / (2.0 * PI).sqrt())))
}

/// The sine and cosine of `turns` full turns, for 0 <= turns <= 1.
#[inline(always)]
pub fn sin_cos_turn<V: Vector>(turns: V) -> (V, V) {
    let quarter = turns.mul(constant(4.0)).round();
    let f = quarter.neg_mul_add(constant(0.25), turns);
    let square = f.mul(f);
    let whole = f.mul(constant(2.0 * PI));
    let sin = polynomial(square, V::Elem::SIN_TAIL).mul(square).mul_add(f, whole);
    let cos = polynomial(square, V::Elem::COS_TAIL).mul_add(square, constant(1.0));
    let is = |n: f64| quarter.eq(constant(n));
    let odd = V::mask_or(is(1.0), is(3.0));
    let (s, c) = (V::select(odd, cos, sin), V::select(odd, sin, cos));
    let flip_sin = V::mask_or(is(2.0), is(3.0));
    let flip_cos = V::mask_or(is(1.0), is(2.0));
    (V::select(flip_sin, s.neg(), s), V::select(flip_cos, c.neg(), c))
}
