//! The oracle: a convolution, then ReLU, then pooling, one after the other; and backward the same way.

use super::{DEAD, PooledConvGeometry};
use crate::kernels::conv2d::naive as conv;
use crate::kernels::pool2d::naive as pool;
use crate::memory::Buffer;
use crate::simd::Element;

/// Pooled activations and the position of each maximum, `DEAD` where ReLU lets nothing through.
pub fn forward<T: Element>(
    g: &PooledConvGeometry,
    x: &[T],
    kernel: &[T],
    bias: Option<&[T]>,
    relu: bool,
) -> (Buffer<T>, Buffer<u8>) {
    let full = conv::conv2d(&g.conv, x, kernel, bias);
    let (mut y, positions) = pool::max_pool2d(&g.pool, &full);
    let mut argmax = Buffer::stale(y.len());
    for (i, value) in y.iter_mut().enumerate() {
        let dead = relu && *value <= T::ZERO;
        argmax[i] = if dead { DEAD } else { positions[i] as u8 };
        if dead {
            *value = T::ZERO;
        }
    }
    (y, argmax)
}

/// The gradient of the un-pooled convolution output.
pub fn expand<T: Element>(g: &PooledConvGeometry, dy: &[T], argmax: &[u8]) -> Buffer<T> {
    let mut alive = Buffer::copy_of(dy);
    let mut positions = Buffer::<i32>::stale(argmax.len());
    for (i, &position) in argmax.iter().enumerate() {
        let dead = position == DEAD;
        positions[i] = if dead { 0 } else { i32::from(position) };
        if dead {
            alive[i] = T::ZERO;
        }
    }
    pool::max_pool2d_grad(&g.pool, &alive, &positions)
}
