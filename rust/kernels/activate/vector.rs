//! Both directions on vectors.

use super::{Activation, SELU_ALPHA, SELU_SCALE};
use crate::simd::{Element, Kernel, Simd, Vector, math};

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
                let x = T::Vector::<S>::load_partial(x.add(start), count);
                let y = T::Vector::<S>::load_partial(y.add(start), count);
                let dy = T::Vector::<S>::load_partial(dy.add(start), count);
                dy.mul(slope(x, y, activation)).store_partial(dx.add(start), count);
            }
        }
    }
}

#[inline(always)]
fn constant<V: Vector>(value: f64) -> V {
    V::splat(V::Elem::from_f64(value))
}

/// x / 6 or the like, limited to 0..1. The second operand of min and max is kept where one is NaN.
#[inline(always)]
fn hard_sigmoid<V: Vector>(x: V, slope: f64) -> V {
    V::zero().max(constant::<V>(1.0).min(x.mul_add(constant(slope), constant(0.5))))
}

#[inline(always)]
fn value<V: Vector>(x: V, activation: Activation) -> V {
    let positive = || x.gt(V::zero());
    match activation {
        Activation::Linear => x,
        Activation::Relu => V::zero().max(x),
        Activation::Sigmoid => math::sigmoid(x),
        Activation::Tanh => math::tanh(x),
        Activation::HardSigmoid => hard_sigmoid(x, 1.0 / 6.0),
        Activation::HardSigmoidLegacy => hard_sigmoid(x, 0.2),
        Activation::Elu => V::select(positive(), x, math::exp_m1(x)),
        Activation::Selu => {
            let negative = math::exp_m1(x).mul(constant(SELU_SCALE * SELU_ALPHA));
            V::select(positive(), x.mul(constant(SELU_SCALE)), negative)
        }
        Activation::Softplus => V::zero().max(x).add(math::ln_1p(math::exp(x.abs().neg()))),
        Activation::Softsign => x.div(constant::<V>(1.0).add(x.abs())),
        Activation::Silu => x.mul(math::sigmoid(x)),
        Activation::Gelu => x.mul(math::normal_cdf_and_density(x).0),
        Activation::Exponential => math::exp(x),
    }
}

/// activation'(x), from y alone unless the activation `needs_input`.
#[inline(always)]
fn slope<V: Vector>(x: V, y: V, activation: Activation) -> V {
    let one = constant::<V>(1.0);
    let inside = || V::mask_and(y.gt(V::zero()), y.lt(one));
    match activation {
        Activation::Linear => one,
        Activation::Relu => V::select(y.gt(V::zero()), one, V::zero()),
        Activation::Sigmoid => y.mul(one.sub(y)),
        Activation::Tanh => y.neg_mul_add(y, one),
        Activation::HardSigmoid => V::select(inside(), constant(1.0 / 6.0), V::zero()),
        Activation::HardSigmoidLegacy => V::select(inside(), constant(0.2), V::zero()),
        Activation::Elu => V::select(y.gt(V::zero()), one, y.add(one)),
        Activation::Selu => V::select(y.ge(V::zero()), constant(SELU_SCALE), y.add(constant(SELU_SCALE * SELU_ALPHA))),
        Activation::Softplus => math::exp_m1(y.neg()).neg(),
        Activation::Softsign => {
            let distance = one.sub(y.abs());
            distance.mul(distance)
        }
        Activation::Silu => {
            let sigmoid = math::sigmoid(x);
            x.neg_mul_add(sigmoid, x).mul_add(sigmoid, sigmoid)
        }
        Activation::Gelu => {
            let (cdf, density) = math::normal_cdf_and_density(x);
            x.mul_add(density, cdf)
        }
        Activation::Exponential => y,
    }
}
