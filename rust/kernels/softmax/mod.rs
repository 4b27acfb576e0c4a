//! Softmax and its logarithm over the last axis of a (rows x n) matrix, and their gradients. Rows are independent: one pass for
//! the maximum, one for the exponentials, one that scales, all while the row is in the nearest cache.

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
mod vector;

use crate::error::{KernelError, Result};
use crate::memory::Buffer;
use crate::parallel::{self, ELEMENTWISE_CHUNK};
use crate::simd::{Element, dispatch};

/// Calls `rows(range of elements, out)` for groups of whole rows of `n` elements.
fn by_rows<T: Element>(len: usize, n: usize, rows: impl Fn(std::ops::Range<usize>, &mut [T]) + Sync) -> Buffer<T> {
    let mut out = Buffer::stale(len);
    let n = n.max(1);
    let chunk = n * (ELEMENTWISE_CHUNK / n).max(1);
    parallel::chunks_mut(&mut out, chunk, 1, |index, out| rows(index * chunk..index * chunk + out.len(), out));
    out
}

/// e^x / sum of e^x, in every row of `n` elements.
pub fn softmax<T: Element>(x: &[T], n: usize) -> Buffer<T> {
    by_rows(x.len(), n, |range, y| dispatch(vector::Softmax { x: &x[range], y, n }))
}

/// x - ln(sum of e^x), in every row of `n` elements.
pub fn log_softmax<T: Element>(x: &[T], n: usize) -> Buffer<T> {
    by_rows(x.len(), n, |range, y| dispatch(vector::LogSoftmax { x: &x[range], y, n }))
}

/// The gradient of `y = softmax(x)`: y (dy - sum of dy y).
pub fn softmax_grad<T: Element>(dy: &[T], y: &[T], n: usize) -> Result<Buffer<T>> {
    KernelError::check_shape("softmax_grad", "dy", &[y.len()], &[dy.len()])?;
    let gradient = |range: std::ops::Range<usize>, dx: &mut [T]| {
        dispatch(vector::SoftmaxGrad { dy: &dy[range.clone()], y: &y[range], dx, n })
    };
    Ok(by_rows(y.len(), n, gradient))
}

/// The gradient of `y = log_softmax(x)`: dy - e^y (sum of dy).
pub fn log_softmax_grad<T: Element>(dy: &[T], y: &[T], n: usize) -> Result<Buffer<T>> {
    KernelError::check_shape("log_softmax_grad", "dy", &[y.len()], &[dy.len()])?;
    let gradient = |range: std::ops::Range<usize>, dx: &mut [T]| {
        dispatch(vector::LogSoftmaxGrad { dy: &dy[range.clone()], y: &y[range], dx, n })
    };
    Ok(by_rows(y.len(), n, gradient))
}
