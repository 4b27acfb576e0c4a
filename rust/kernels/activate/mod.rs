//! Activation functions, element by element, and their gradients.
//!
//! One pass over memory in chunks, vector by vector with the functions of `simd::math` (`vector.rs`).

#[cfg(test)]
pub(crate) mod naive;
#[cfg(test)]
mod tests;
mod vector;

use crate::error::Result;
use crate::memory::Buffer;
use crate::parallel::{ELEMENTWISE_CHUNK, chunks_mut};
use crate::simd::{Element, dispatch};

/// What makes SELU keep mean 0 and variance 1.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// An activation function without parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "python",
    pyo3::pyclass(eq, hash, frozen, from_py_object, rename_all = "SCREAMING_SNAKE_CASE", module = "kinema._rust")
)]
#[derive(Hash)]
pub enum Activation {
    /// x
    Linear,
    /// max(x, 0)
    Relu,
    /// 1 / (1 + exp(-x))
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// x / 6 + 0.5, clipped to 0..1 (Keras 3).
    HardSigmoid,
    /// 0.2 x + 0.5, clipped to 0..1 (Keras 1 and 2).
    HardSigmoidLegacy,
    /// x, or exp(x) - 1 below 0.
    Elu,
    /// The scaled ELU of self-normalising networks.
    Selu,
    /// log(1 + exp(x))
    Softplus,
    /// x / (1 + |x|)
    Softsign,
    /// x * sigmoid(x)
    Silu,
    /// x times the normal distribution function of x.
    Gelu,
    /// exp(x)
    Exponential,
}

impl Activation {
    /// Whether the slope is computed from x; else y alone says it.
    pub fn needs_input(self) -> bool {
        matches!(self, Activation::Silu | Activation::Gelu)
    }
}

/// y = activation(x).
pub fn activate<T: Element>(x: &[T], activation: Activation) -> Buffer<T> {
    let mut y = Buffer::stale(x.len());
    chunks_mut(&mut y, ELEMENTWISE_CHUNK, 1, |index, y| {
        let start = index * ELEMENTWISE_CHUNK;
        let x = &x[start..start + y.len()];
        dispatch(vector::Forward { x: x.as_ptr(), y: y.as_mut_ptr(), len: y.len(), activation });
    });
    y
}

/// dx = dy * activation'(x), given y = activation(x).
pub fn activate_grad<T: Element>(dy: &[T], x: &[T], y: &[T], activation: Activation) -> Result<Buffer<T>> {
    use crate::error::KernelError;
    KernelError::check_shape("activate_grad", "dy", &[x.len()], &[dy.len()])?;
    KernelError::check_shape("activate_grad", "y", &[x.len()], &[y.len()])?;
    let mut dx = Buffer::stale(x.len());
    chunks_mut(&mut dx, ELEMENTWISE_CHUNK, 1, |index, dx| {
        let part = index * ELEMENTWISE_CHUNK..index * ELEMENTWISE_CHUNK + dx.len();
        let [dy, x, y] = [dy, x, y].map(|values| values[part.clone()].as_ptr());
        dispatch(vector::Backward { dy, x, y, dx: dx.as_mut_ptr(), len: dx.len(), activation });
    });
    Ok(dx)
}

/// x = activation(x) on this thread: for kernels that finish their result with an activation.
pub fn activate_in_place<T: Element>(x: &mut [T], activation: Activation) {
    if activation != Activation::Linear {
        dispatch(vector::Forward { x: x.as_ptr(), y: x.as_mut_ptr(), len: x.len(), activation });
    }
}

/// dy = dy * activation'(x) on this thread, given y = activation(x). Where the activation
/// does not need its input, y may stand for x.
pub fn scale_by_slope<T: Element>(dy: &mut [T], x: &[T], y: &[T], activation: Activation) {
    assert!(x.len() == dy.len() && y.len() == dy.len(), "scale_by_slope: lengths differ");
    if activation != Activation::Linear {
        let len = dy.len();
        let (x, y) = (x.as_ptr(), y.as_ptr());
        dispatch(vector::Backward { dy: dy.as_ptr(), x, y, dx: dy.as_mut_ptr(), len, activation });
    }
}
