//! Means over windows; padding is not counted.

use super::TASK_ELEMENTS;
use crate::error::{KernelError, Result};
use crate::geometry::PoolGeometry;
use crate::memory::Buffer;
use crate::parallel::chunks_mut;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// y: the mean of the inputs in each window.
pub fn average_pool2d<T: Element>(g: &PoolGeometry, x: &[T]) -> Result<Buffer<T>> {
    KernelError::check_shape("average_pool2d", "x", &[g.input_shape().iter().product()], &[x.len()])?;
    let mut y = Buffer::stale(g.output_shape().iter().product());
    let line = (g.cols.output * g.channels).max(1);
    chunks_mut(&mut y, line, TASK_ELEMENTS.div_ceil(line), |index, y| {
        let (frame, row) = (index / g.rows.output, index % g.rows.output);
        let frame_len = g.rows.input * g.cols.input * g.channels;
        dispatch(MeanLine { g, row, x: &x[frame * frame_len..][..frame_len], y });
    });
    Ok(y)
}

/// dx: each gradient is shared out equally to the inputs in its window.
pub fn average_pool2d_grad<T: Element>(g: &PoolGeometry, dy: &[T]) -> Result<Buffer<T>> {
    let len: usize = g.output_shape().iter().product();
    KernelError::check_shape("average_pool2d_grad", "dy", &[len], &[dy.len()])?;
    let mut dx = Buffer::stale(g.input_shape().iter().product());
    let (dx_len, dy_len) = (dx.len() / g.frames.max(1), len / g.frames.max(1));
    chunks_mut(&mut dx, dx_len.max(1), TASK_ELEMENTS.div_ceil(dx_len.max(1)), |frame, dx| {
        dx.fill(T::ZERO);
        dispatch(ShareFrame { g, dy: &dy[frame * dy_len..][..dy_len], dx });
    });
    Ok(dx)
}

struct MeanLine<'a, T> {
    g: &'a PoolGeometry,
    row: usize,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Element> Kernel for MeanLine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { g, row, x, y } = self;
        let (top, bottom) = g.rows.taps(row);
        for col in 0..g.cols.output {
            let (left, right) = g.cols.taps(col);
            let share = T::Vector::<S>::splat(T::ONE / T::from_f64(((bottom - top) * (right - left)) as f64));
            for channel in (0..g.channels).step_by(T::Vector::<S>::LANES) {
                let count = (g.channels - channel).min(T::Vector::<S>::LANES);
                let mut sum = T::Vector::<S>::zero();
                for kh in top..bottom {
                    for kw in left..right {
                        let (h, w) = (g.rows.position(row, kh), g.cols.position(col, kw));
                        let from = (h * g.cols.input + w) * g.channels + channel;
                        debug_assert!(from + count <= x.len());
                        // SAFETY: taps lie inside the frame and `count` channels are left.
                        sum = sum.add(unsafe { T::Vector::<S>::load_partial(x.as_ptr().add(from), count) });
                    }
                }
                // SAFETY: y holds one line, in which `count` channels are left.
                unsafe { sum.mul(share).store_partial(y.as_mut_ptr().add(col * g.channels + channel), count) };
            }
        }
    }
}

struct ShareFrame<'a, T> {
    g: &'a PoolGeometry,
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel for ShareFrame<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { g, dy, dx } = self;
        for pixel in 0..g.rows.output * g.cols.output {
            let (row, col) = (pixel / g.cols.output, pixel % g.cols.output);
            let ((top, bottom), (left, right)) = (g.rows.taps(row), g.cols.taps(col));
            let share = T::Vector::<S>::splat(T::ONE / T::from_f64(((bottom - top) * (right - left)) as f64));
            for channel in (0..g.channels).step_by(T::Vector::<S>::LANES) {
                let count = (g.channels - channel).min(T::Vector::<S>::LANES);
                // SAFETY: `count` channels of this pixel are left in dy.
                let gradient =
                    unsafe { T::Vector::<S>::load_partial(dy.as_ptr().add(pixel * g.channels + channel), count) };
                let part = gradient.mul(share);
                for kh in top..bottom {
                    for kw in left..right {
                        let (h, w) = (g.rows.position(row, kh), g.cols.position(col, kw));
                        let to = (h * g.cols.input + w) * g.channels + channel;
                        debug_assert!(to + count <= dx.len());
                        // SAFETY: taps lie inside the frame and `count` channels are left.
                        unsafe {
                            let to = dx.as_mut_ptr().add(to);
                            T::Vector::<S>::load_partial(to, count).add(part).store_partial(to, count);
                        }
                    }
                }
            }
        }
    }
}
