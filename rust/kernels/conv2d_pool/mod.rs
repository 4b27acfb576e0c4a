//! Convolution, bias, ReLU and max pooling as one operation, and its gradient: the un-pooled activation, four times the
//! memory, need not exist. One byte per output remembers where the maximum was, or that ReLU let nothing through: backward
//! needs neither y nor the un-pooled activation.
//!
//! Which algorithm computes the convolution is the choice of `conv2d::choice`. With Winograd's, whole windows of 2 x 2 come out of its
//! tiles, and go in as gradients (`winograd.rs`). With the direct one, forward pools in registers (`registers.rs`) or from a scratch in
//! the cache (`forward.rs`).
//!
//! With the direct one, backward adds up only what is not zero (`lists.rs`): `blocked/` for kernels of 3 x 3 over whole vectors of channels,
//! `sparse.rs` for any other. Where windows are small and the input's gradient is not wanted, zeros are cheaper than lists (`dense.rs`),
//! and in the first layer of a network for pictures, where vectors can pick their lanes, no way is as fast as `picked.rs`. With groups, or
//! windows of one position, there is little to skip and the gradient is expanded for the plain convolution's kernels.

mod bands;
mod bias;
mod blocked;
mod dense;
mod forward;
mod lists;
#[cfg(test)]
mod naive;
mod picked;
mod registers;
mod sparse;
#[cfg(test)]
mod tests;
mod window;
mod winograd;

use crate::error::{KernelError, Result};
use crate::geometry::{ConvGeometry, Pair, PoolGeometry};
use crate::kernels::activate::Activation;
use crate::kernels::column_sums::column_sums;
use crate::kernels::conv2d::Wanted;
use crate::kernels::conv2d::choice::{Algorithm, choose};
use crate::kernels::conv2d::prepared::Prepared;
use crate::kernels::frames::Source;
use crate::kernels::{conv2d, pool2d};
use crate::memory::Buffer;
use crate::parallel::for_each;
use crate::simd::Element;
use std::sync::atomic::{AtomicBool, Ordering};

/// The byte that says that an output has no gradient.
pub const DEAD: u8 = u8::MAX;

/// A convolution and the pooling of its output by windows that do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PooledConvGeometry {
    /// The convolution.
    pub conv: ConvGeometry,
    /// Pooling of the convolution's output.
    pub pool: PoolGeometry,
}

impl PooledConvGeometry {
    /// Pools the output of `conv` by windows of `pool` that do not overlap.
    pub fn new(op: &'static str, conv: ConvGeometry, pool: Pair) -> Result<Self> {
        if pool.0 * pool.1 >= usize::from(DEAD) {
            return Err(KernelError::argument(op, "pool", format!("a window of fewer than {DEAD} positions"), pool));
        }
        let [frames, height, width, channels] = conv.output_shape();
        let pool = PoolGeometry::new(op, frames, (height, width), channels, pool, pool, false)?;
        Ok(Self { conv, pool })
    }

    pub(super) fn algorithm<T: Element>(&self) -> Algorithm {
        let fits = (self.pool.rows.kernel, self.pool.cols.kernel) == (window::POOL, window::POOL);
        if fits { choose::<T>(&self.conv) } else { Algorithm::Direct }
    }
}

/// Whether the activation is ReLU; only it and the identity can be fused.
fn is_relu(activation: Activation) -> Result<bool> {
    match activation {
        Activation::Relu => Ok(true),
        Activation::Linear => Ok(false),
        other => Err(KernelError::argument("conv2d_pool", "activation", "LINEAR or RELU", other)),
    }
}

/// Pooled activations, and one byte each: the position of the maximum in its window, or `DEAD`.
pub fn conv2d_pool<T: Element>(
    g: &PooledConvGeometry,
    x: Source<'_, T>,
    kernel: &[T],
    bias: Option<&[T]>,
    activation: Activation,
) -> Result<(Buffer<T>, Buffer<u8>)> {
    x.check("conv2d_pool", g.conv.input_shape())?;
    conv2d::check("conv2d_pool", &[("kernel", kernel, g.conv.kernel_shape())])?;
    if let Some(bias) = bias {
        KernelError::check_shape("conv2d_pool", "bias", &[g.conv.cout], &[bias.len()])?;
    }
    let prepared = Prepared::new(g.algorithm::<T>(), &g.conv, kernel);
    compute(g, x, &prepared, bias, activation, true)
}

/// `conv2d_pool` of checked operands. Without `positions` the second array means nothing.
pub(super) fn compute<T: Element>(
    g: &PooledConvGeometry,
    x: Source<'_, T>,
    kernel: &Prepared<T>,
    bias: Option<&[T]>,
    activation: Activation,
    positions: bool,
) -> Result<(Buffer<T>, Buffer<u8>)> {
    let relu = is_relu(activation)?;
    match kernel {
        _ if conv2d::forward::depthwise(&g.conv) => pool_after(g, x, kernel, bias, activation),
        Prepared::Winograd(kernel) => Ok(winograd::forward(g, &x.floats(), kernel, bias, relu, positions)),
        Prepared::Vertical(kernel) => Ok(winograd::forward_vertical(g, x, kernel, bias, relu, positions)),
        Prepared::Direct(kernel) => Ok(forward::forward(g, x, kernel, bias, relu, positions)),
    }
}

/// Pooling of an activation that is written: for channels that do not see each other, whose convolution is no product.
fn pool_after<T: Element>(
    g: &PooledConvGeometry,
    x: Source<'_, T>,
    kernel: &Prepared<T>,
    bias: Option<&[T]>,
    activation: Activation,
) -> Result<(Buffer<T>, Buffer<u8>)> {
    let full = conv2d::compute(&g.conv, x, kernel, bias, activation);
    let (y, mut argmax) = pool2d::max_pool2d::<T, u8>(&g.pool, &full)?;
    if activation == Activation::Relu {
        argmax.iter_mut().zip(&y[..]).filter(|(_, y)| **y <= T::ZERO).for_each(|(argmax, _)| *argmax = DEAD);
    }
    Ok((y, argmax))
}

/// Gradients of input (unless not wanted), kernel and bias.
pub struct Gradients<T: Element> {
    /// Gradient of x.
    pub dx: Option<Buffer<T>>,
    /// Gradient of the kernel.
    pub dkernel: Buffer<T>,
    /// Gradient of the bias.
    pub dbias: Buffer<T>,
}

/// Positions that a thread checks at a time.
const CHECKED_CHUNK: usize = 1 << 20;

/// Fails where a byte is neither a position of the window nor `DEAD`.
fn check_positions(op: &'static str, argmax: &[u8], positions: usize) -> Result<()> {
    // One more than a position, and 0 for `DEAD`. The largest of all is found by vectors of bytes; a search would stop anywhere, so it is
    // not vectorised, and takes 3 ms for the first layer of the reference model.
    let next = |position: u8| position.wrapping_add(1);
    let good = |part: &[u8]| {
        let last = part.iter().fold(next(DEAD), |last, &position| last.max(next(position)));
        usize::from(last) <= positions
    };
    let bad = AtomicBool::new(false);
    for_each(argmax.len().div_ceil(CHECKED_CHUNK), 1, |chunk| {
        let part = &argmax[chunk * CHECKED_CHUNK..argmax.len().min((chunk + 1) * CHECKED_CHUNK)];
        if !good(part) {
            bad.store(true, Ordering::Relaxed);
        }
    });
    if !bad.into_inner() {
        return Ok(());
    }
    let first = argmax.iter().copied().find(|&position| usize::from(next(position)) > positions).unwrap_or(DEAD);
    Err(KernelError::argument(op, "argmax", "positions inside the pooling window", first))
}

/// The gradient of `conv2d_pool`, given what it returned as argmax.
pub fn conv2d_pool_grad<T: Element>(
    g: &PooledConvGeometry,
    dy: &[T],
    argmax: &[u8],
    x: Source<'_, T>,
    kernel: &[T],
    input_gradient: bool,
) -> Result<Gradients<T>> {
    let op = "conv2d_pool_grad";
    x.check(op, g.conv.input_shape())?;
    conv2d::check(op, &[("kernel", kernel, g.conv.kernel_shape())])?;
    conv2d::check(op, &[("dy", dy, g.pool.output_shape())])?;
    conv2d::check(op, &[("argmax", argmax, g.pool.output_shape())])?;
    check_positions(op, argmax, g.positions())?;
    let empty = g.conv.cin == 0 || g.conv.cout == 0;
    if g.conv.groups == 1 && g.positions() > 1 && !empty {
        if !input_gradient && picked::applies::<T>(g) {
            return Ok(picked::backward(g, dy, argmax, x));
        }
        return Ok(match g.algorithm::<T>() {
            Algorithm::Winograd => winograd::backward(g, dy, argmax, &x.floats(), kernel, input_gradient),
            Algorithm::Vertical if !input_gradient => winograd::backward_vertical(g, dy, argmax, x),
            Algorithm::Direct if !input_gradient && dense::wins(g) => dense::backward(g, dy, argmax, x),
            _ if blocked::applies::<T>(g) => blocked::backward(g, dy, argmax, x, kernel, input_gradient),
            _ => sparse::backward(g, dy, argmax, x, kernel, input_gradient),
        });
    }
    let full = pool2d::max_pool2d_grad(&g.pool, dy, argmax)?;
    let wanted = Wanted { input: input_gradient, kernel: true };
    let (dx, dkernel) = conv2d::conv2d_grad(&g.conv, x, kernel, &full, wanted)?;
    let dkernel = dkernel.expect("the kernel's gradient is wanted");
    Ok(Gradients { dx, dkernel, dbias: column_sums(&full, g.conv.cout) })
}
