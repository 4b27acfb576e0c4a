//! 2-D convolution of channels-last frames, and its gradients.
//!
//! `choice.rs` says which algorithm computes what. Winograd's (`winograd.rs`, on top of `kernels::winograd`) are for 3 x 3 kernels: of
//! tiles with many channels, of columns with few. The direct one is for any kernel, stride, dilation, padding and groups: implicit GEMM. Frames are cut
//! into bands of rows, the only copies are zeros around them where padding asks for it (`plane.rs`) and the packed weights. Per frame,
//! with K = kh * kw * cin of a group and pixels = output height * width:
//! - forward (`forward.rs`): (pixels x K) times (K x cout)
//! - input gradient (`input_grad.rs`): (pixels of x  x  kh * kw * cout) times (kh * kw * cout x cin), a phase per stride
//! - kernel gradient (`kernel_grad.rs`): (K x pixels) times (pixels x cout), frames added in a fixed tree; of a 1 x 1 kernel with stride 1 the
//!   product of matrices that `kernels::gemm` has for weights
//!
//! Where every channel is a group of its own there is no product to block: bands are walked tap by tap, forward on frames as they lie
//! (`depthwise_rows.rs`), the gradients on planes (`depthwise.rs`).

pub(super) mod choice;
pub(super) mod correlate;
mod depthwise;
mod depthwise_rows;
pub(super) mod forward;
mod input_grad;
pub(super) mod kernel_grad;
#[cfg(test)]
pub mod naive;
pub(super) mod plane;
pub(super) mod prepared;
pub(super) mod row_runs;
#[cfg(test)]
mod tests;
pub(super) mod tile;
pub(super) mod winograd;

use self::choice::{Algorithm, choose};
use self::prepared::Prepared;
use crate::error::{KernelError, Result};
use crate::geometry::ConvGeometry;
use crate::kernels::activate::{Activation, activate};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::frames::Source;
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
    x: Source<'_, T>,
    kernel: &[T],
    bias: Option<&[T]>,
    activation: Activation,
) -> Result<Buffer<T>> {
    x.check("conv2d", g.input_shape())?;
    check("conv2d", &[("kernel", kernel, g.kernel_shape())])?;
    if let Some(bias) = bias {
        KernelError::check_shape("conv2d", "bias", &[g.cout], &[bias.len()])?;
    }
    Ok(compute(g, x, &Prepared::new(choose::<T>(g), g, kernel), bias, activation))
}

/// `conv2d` of checked operands.
pub(super) fn compute<T: Element>(
    g: &ConvGeometry,
    x: Source<'_, T>,
    kernel: &Prepared<T>,
    bias: Option<&[T]>,
    activation: Activation,
) -> Buffer<T> {
    let relu = activation == Activation::Relu;
    let epilogue = Epilogue { bias, relu };
    let y = match kernel {
        Prepared::Winograd(kernel) => winograd::conv2d(g, &x.floats(), kernel, epilogue),
        Prepared::Vertical(kernel) => winograd::conv2d_vertical(g, x, kernel, epilogue),
        Prepared::Direct(kernel) => forward::conv2d(g, x, kernel, epilogue),
    };
    if relu || activation == Activation::Linear { y } else { activate(&y, activation) }
}

/// Which gradients of a convolution to compute.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// That of the input.
    pub input: bool,
    /// That of the kernel.
    pub kernel: bool,
}

/// The gradients of input and kernel, those that are wanted, given dy.
pub fn conv2d_grad<T: Element>(
    g: &ConvGeometry,
    x: Source<'_, T>,
    kernel: &[T],
    dy: &[T],
    wanted: Wanted,
) -> Result<(Option<Buffer<T>>, Option<Buffer<T>>)> {
    let op = "conv2d_grad";
    x.check(op, g.input_shape())?;
    check(op, &[("kernel", kernel, g.kernel_shape()), ("dy", dy, g.output_shape())])?;
    let algorithm = choose::<T>(g);
    if algorithm == Algorithm::Winograd {
        return Ok(winograd::gradients(g, &x.floats(), kernel, dy, wanted));
    }
    let dx = wanted.input.then(|| input_grad::conv2d_input_grad(g, dy, kernel));
    let dkernel = wanted.kernel.then(|| match algorithm {
        Algorithm::Vertical => winograd::kernel_gradient_vertical(g, x, dy),
        _ if forward::depthwise(g) => depthwise::kernel_grad(g, x, dy),
        _ => kernel_grad::conv2d_kernel_grad(g, x, dy),
    });
    Ok((dx, dkernel))
}
