//! 2-D convolution of channels-last frames, and its gradients.
//!
//! One algorithm for any kernel, stride, dilation, padding and groups: implicit GEMM. Frames are cut into bands of rows, the
//! only copies are zeros around them where padding asks for it (`plane.rs`) and the packed weights. Per frame, with
//! K = kh * kw * cin of a group and pixels = output height * width:
//! - forward (`forward.rs`): (pixels x K) times (K x cout)
//! - input gradient (`input_grad.rs`): (pixels of x  x  kh * kw * cout) times (kh * kw * cout x cin), a phase per stride
//! - kernel gradient (`kernel_grad.rs`): (K x pixels) times (pixels x cout), frames added in a fixed tree

pub(super) mod correlate;
pub(super) mod forward;
mod input_grad;
mod kernel_grad;
#[cfg(test)]
pub mod naive;
pub(super) mod plane;
#[cfg(test)]
mod tests;
mod tile;

use self::correlate::Epilogue;
use crate::error::{KernelError, Result};
use crate::geometry::ConvGeometry;
use crate::kernels::activate::{Activation, activate};
use crate::memory::Buffer;
use crate::simd::Element;

/// Fails unless the slices have the lengths that the geometry gives them.
pub(super) fn check<T>(op: &'static str, arrays: &[(&'static str, &[T], [usize; 4])]) -> Result<()> {
    for (argument, data, shape) in arrays {
        KernelError::check_shape(op, argument, &[shape.iter().product()], &[data.len()])?;
    }
    Ok(())
}

/// y = activation(x * kernel + bias).
pub fn conv2d<T: Element>(
    g: &ConvGeometry,
    x: &[T],
    kernel: &[T],
    bias: Option<&[T]>,
    activation: Activation,
) -> Result<Buffer<T>> {
    check("conv2d", &[("x", x, g.input_shape()), ("kernel", kernel, g.kernel_shape())])?;
    if let Some(bias) = bias {
        KernelError::check_shape("conv2d", "bias", &[g.cout], &[bias.len()])?;
    }
    let relu = activation == Activation::Relu;
    let y = forward::conv2d(g, x, kernel, Epilogue { bias, relu });
    Ok(if relu || activation == Activation::Linear { y } else { activate(&y, activation) })
}

/// The gradient of the input, given dy.
pub fn conv2d_input_grad<T: Element>(g: &ConvGeometry, dy: &[T], kernel: &[T]) -> Result<Buffer<T>> {
    check("conv2d_input_grad", &[("dy", dy, g.output_shape()), ("kernel", kernel, g.kernel_shape())])?;
    Ok(input_grad::conv2d_input_grad(g, dy, kernel))
}

/// The gradient of the kernel, given dy.
pub fn conv2d_kernel_grad<T: Element>(g: &ConvGeometry, x: &[T], dy: &[T]) -> Result<Buffer<T>> {
    check("conv2d_kernel_grad", &[("x", x, g.input_shape()), ("dy", dy, g.output_shape())])?;
    Ok(kernel_grad::conv2d_kernel_grad(g, x, dy))
}
