//! The kernel's gradient where windows are small, as in the first layer of a network: sorting gradients into lists (`sparse.rs`) would
//! cost more than it saves. A few rows of pooled gradients are spread out to the un-pooled ones in the first-level cache, zeros and
//! all, and taken up by the plain convolution's kernel.

use super::bias::alive_sums;
use super::{DEAD, Gradients, PooledConvGeometry};
use crate::kernels::conv2d::kernel_grad::{Block, OutputGradients, kernel_gradient};
use crate::kernels::frames::Source;
use crate::simd::{Element, Vector};

/// Elements of a window up to which this is faster (first layer of the reference network, 27 elements: 7 against 14 ms).
const MOST_PRODUCTS: usize = 64;

/// Whether windows are small enough.
pub fn wins(g: &PooledConvGeometry) -> bool {
    g.conv.rows.kernel * g.conv.cols.kernel * g.conv.cin <= MOST_PRODUCTS
}

/// Gradients of kernel and bias.
pub fn backward<T: Element>(g: &PooledConvGeometry, dy: &[T], argmax: &[u8], x: Source<'_, T>) -> Gradients<T> {
    let dkernel = kernel_gradient(&g.conv, x, &Spread { g, dy, argmax });
    Gradients { dx: None, dkernel, dbias: alive_sums(g, dy, argmax) }
}

/// Un-pooled gradients, made as they are needed.
struct Spread<'a, T> {
    g: &'a PooledConvGeometry,
    dy: &'a [T],
    argmax: &'a [u8],
}

impl<T: Element> OutputGradients<T> for Spread<'_, T> {
    #[inline(always)]
    fn pack<V: Vector<Elem = T>>(
        &self,
        frame: usize,
        (first, rows): (usize, usize),
        block: Block,
        panel: &mut [T],
        width: usize,
    ) {
        let PooledConvGeometry { conv, pool } = self.g;
        let (height, wide) = (pool.rows.kernel, pool.cols.kernel);
        let line = conv.cols.output * width;
        for (row, panel) in (first..first + rows).zip(panel.chunks_exact_mut(line)) {
            let (pooled_row, down) = (row / height, row % height);
            if pooled_row >= pool.rows.output {
                panel.fill(T::ZERO);
                continue;
            }
            panel[pool.cols.output * wide * width..].fill(T::ZERO);
            for col in 0..pool.cols.output {
                let from = ((frame * pool.rows.output + pooled_row) * pool.cols.output + col) * pool.channels;
                let (dy, argmax) = (&self.dy[from..][..pool.channels], &self.argmax[from..][..pool.channels]);
                for lane in (0..width).step_by(V::LANES) {
                    let count = block.count.saturating_sub(lane).min(V::LANES);
                    let (mut gradient, mut position) = (V::zero(), V::splat(T::from_f64(f64::from(DEAD))));
                    if count > 0 {
                        let channels = block.first + lane..block.first + lane + count;
                        // SAFETY: the slices have `count` elements.
                        unsafe {
                            gradient = V::load_partial(dy[channels.clone()].as_ptr(), count);
                            position = V::load_bytes_partial(argmax[channels].as_ptr(), count);
                        }
                    }
                    for right in 0..wide {
                        let here = position.eq(V::splat(T::from_f64((down * wide + right) as f64)));
                        let value = V::select(here, gradient, V::zero());
                        let to = &mut panel[(col * wide + right) * width + lane..][..V::LANES];
                        // SAFETY: the slice is a vector long.
                        unsafe { value.store(to.as_mut_ptr()) };
                    }
                }
            }
        }
    }
}
