//! 2-D convolution of channels-last frames, and its gradients.

pub mod naive;

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
    let y = naive::conv2d(g, x, kernel, bias);
    Ok(if activation == Activation::Linear { y } else { activate(&y, activation) })
}

/// The gradient of the input, given dy.
pub fn conv2d_input_grad<T: Element>(g: &ConvGeometry, dy: &[T], kernel: &[T]) -> Result<Buffer<T>> {
    check("conv2d_input_grad", &[("dy", dy, g.output_shape()), ("kernel", kernel, g.kernel_shape())])?;
    Ok(naive::conv2d_input_grad(g, dy, kernel))
}

/// The gradient of the kernel, given dy.
pub fn conv2d_kernel_grad<T: Element>(g: &ConvGeometry, x: &[T], dy: &[T]) -> Result<Buffer<T>> {
    check("conv2d_kernel_grad", &[("x", x, g.input_shape()), ("dy", dy, g.output_shape())])?;
    Ok(naive::conv2d_kernel_grad(g, x, dy))
}
