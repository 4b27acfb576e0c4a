//! Both directions on vectors. Functions without a vector form here go lane by lane through the oracle's formulas.

use super::{Activation, naive};
use crate::simd::{Element, Kernel, Simd, Vector};

pub struct Forward<'a, T> {
    pub x: &'a [T],
    pub y: &'a mut [T],
    pub activation: Activation,
}

pub struct Backward<'a, T> {
    pub dy: &'a [T],
    pub x: &'a [T],
    pub y: &'a [T],
    pub dx: &'a mut [T],
    pub activation: Activation,
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, y, activation } = self;
        for start in (0..x.len()).step_by(T::Vector::<S>::LANES) {
            let count = (x.len() - start).min(T::Vector::<S>::LANES);
            // SAFETY: x and y have the same length and `count` elements are left in both.
            unsafe {
                let v = T::Vector::<S>::load_partial(x.as_ptr().add(start), count);
                value(v, activation).store_partial(y.as_mut_ptr().add(start), count);
            }
        }
    }
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { dy, x, y, dx, activation } = self;
        for start in (0..x.len()).step_by(T::Vector::<S>::LANES) {
            let count = (x.len() - start).min(T::Vector::<S>::LANES);
            // SAFETY: all four have the same length and `count` elements are left.
            unsafe {
                let [dy, x, y] = [dy, x, y].map(|s| T::Vector::<S>::load_partial(s.as_ptr().add(start), count));
                dy.mul(slope(x, y, activation)).store_partial(dx.as_mut_ptr().add(start), count);
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
