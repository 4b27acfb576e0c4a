//! Both directions on vectors. Functions without a vector form here go lane by lane through the oracle's formulas.

use super::{Activation, naive};
use crate::simd::{Element, Kernel, Simd, Vector};

/// y = activation(x). Both hold `len` elements; they may be the same.
pub struct Forward<T> {
    pub x: *const T,
    pub y: *mut T,
    pub len: usize,
    pub activation: Activation,
}

/// dx = dy * activation'(x). All hold `len` elements; dx may be dy.
pub struct Backward<T> {
    pub dy: *const T,
    pub x: *const T,
    pub y: *const T,
    pub dx: *mut T,
    pub len: usize,
    pub activation: Activation,
}

impl<T: Element> Kernel for Forward<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, y, len, activation } = self;
        for start in (0..len).step_by(T::Vector::<S>::LANES) {
            let count = (len - start).min(T::Vector::<S>::LANES);
            // SAFETY: `count` elements are left in both.
            unsafe {
                let v = T::Vector::<S>::load_partial(x.add(start), count);
                value(v, activation).store_partial(y.add(start), count);
            }
        }
    }
}

impl<T: Element> Kernel for Backward<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { dy, x, y, dx, len, activation } = self;
        for start in (0..len).step_by(T::Vector::<S>::LANES) {
            let count = (len - start).min(T::Vector::<S>::LANES);
            // SAFETY: `count` elements are left in all four.
            unsafe {
                let [dy, x, y] = [dy, x, y].map(|s| T::Vector::<S>::load_partial(s.add(start), count));
                dy.mul(slope(x, y, activation)).store_partial(dx.add(start), count);
            }
        }
    }
}

#[inline(always)]
fn value<V: Vector>(x: V, activation: Activation) -> V {
    let constant = |c: f64| V::splat(V::Elem::from_f64(c));
    let clipped = |slope: f64| V::zero().max(constant(1.0).min(x.mul_add(constant(slope), constant(0.5))));
    match activation {
        Activation::Linear => x,
        // The second operand is kept where one is NaN.
        Activation::Relu => V::zero().max(x),
        Activation::HardSigmoid => clipped(1.0 / 6.0),
        Activation::HardSigmoidLegacy => clipped(0.2),
        Activation::Softsign => x.div(constant(1.0).add(x.abs())),
        other => x.map(|lane| V::Elem::from_f64(naive::value(lane.to_f64(), other))),
    }
}

#[inline(always)]
fn slope<V: Vector>(x: V, y: V, activation: Activation) -> V {
    let one = V::splat(V::Elem::ONE);
    match activation {
        Activation::Linear => one,
        Activation::Relu => V::select(x.gt(V::zero()), one, V::zero()),
        Activation::Sigmoid => y.mul(one.sub(y)),
        Activation::Tanh => y.neg_mul_add(y, one),
        Activation::Exponential => y,
        other => x.map(|lane| V::Elem::from_f64(naive::slope(lane.to_f64(), other))),
    }
}
