//! Maxima over windows and the positions they were found at: as bytes where the window has at most 256 positions, else i32.

use super::TASK_ELEMENTS;
use crate::error::{KernelError, Result};
use crate::geometry::PoolGeometry;
use crate::memory::{Buffer, Plain};
use crate::parallel::{Shared, chunks_mut, for_each};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// How the position of a maximum in its window is stored.
pub trait Position: Plain {
    /// Writes the first `count` lanes as positions.
    ///
    /// # Safety
    /// `to` is valid for writing `count` positions.
    unsafe fn store<V: Vector>(positions: V, to: *mut Self, count: usize);
    /// Reads `count` positions.
    ///
    /// # Safety
    /// `from` is valid for reading `count` positions.
    unsafe fn load<V: Vector>(from: *const Self, count: usize) -> V;
}

impl Position for u8 {
    #[inline(always)]
    unsafe fn store<V: Vector>(positions: V, to: *mut u8, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { positions.store_bytes_partial(to, count) }
    }
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const u8, count: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load_bytes_partial(from, count) }
    }
}

impl Position for i32 {
    #[inline(always)]
    unsafe fn store<V: Vector>(positions: V, to: *mut i32, count: usize) {
        for (i, lane) in positions.to_array().into_iter().enumerate().take(count) {
            // SAFETY: the caller's promise.
            unsafe { *to.add(i) = lane.to_f64() as i32 };
        }
    }
    #[inline(always)]
    unsafe fn load<V: Vector>(from: *const i32, count: usize) -> V {
        let mut lanes = V::zero().to_array();
        for (i, lane) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: the caller's promise.
            *lane = V::Elem::from_f64(f64::from(unsafe { *from.add(i) }));
        }
        V::from_array(&lanes)
    }
}

/// Maxima and their positions (row of the window times its width, plus column). The first maximum wins, NaN propagates.
pub fn max_pool2d<T: Element, P: Position>(g: &PoolGeometry, x: &[T]) -> Result<(Buffer<T>, Buffer<P>)> {
    KernelError::check_shape("max_pool2d", "x", &[g.input_shape().iter().product()], &[x.len()])?;
    let len = g.output_shape().iter().product();
    let (mut y, mut argmax) = (Buffer::stale(len), Buffer::stale(len));
    let line = g.cols.output * g.channels;
    if len > 0 {
        let positions = Shared::new(&mut argmax);
        chunks_mut(&mut y, line, TASK_ELEMENTS.div_ceil(line), |index, y| {
            let (frame, row) = (index / g.rows.output, index % g.rows.output);
            let frame_len = g.rows.input * g.cols.input * g.channels;
            let x = &x[frame * frame_len..][..frame_len];
            // SAFETY: each line is visited once.
            let argmax = unsafe { positions.slice(index * line, line) };
            dispatch(MaxLine { g, row, x, y, argmax });
        });
    }
    Ok((y, argmax))
}

struct MaxLine<'a, T, P> {
    g: &'a PoolGeometry,
    row: usize,
    x: &'a [T],
    y: &'a mut [T],
    argmax: &'a mut [P],
}

impl<T: Element, P: Position> Kernel for MaxLine<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { g, row, x, y, argmax } = self;
        let (top, bottom) = g.rows.taps(row);
        for col in 0..g.cols.output {
            let (left, right) = g.cols.taps(col);
            for channel in (0..g.channels).step_by(T::Vector::<S>::LANES) {
                let count = (g.channels - channel).min(T::Vector::<S>::LANES);
                let mut best = T::Vector::<S>::splat(T::NEG_INFINITY);
                let mut position = T::Vector::<S>::splat(T::from_f64((top * g.cols.kernel + left) as f64));
                for kh in top..bottom {
                    for kw in left..right {
                        let (h, w) = (g.rows.position(row, kh), g.cols.position(col, kw));
                        let from = (h * g.cols.input + w) * g.channels + channel;
                        debug_assert!(from + count <= x.len());
                        // SAFETY: taps lie inside the frame and `count` channels are left.
                        let value = unsafe { T::Vector::<S>::load_partial(x.as_ptr().add(from), count) };
                        let larger = take_first_maximum(value, best);
                        best = T::Vector::<S>::select(larger, value, best);
                        let here = T::Vector::<S>::splat(T::from_f64((kh * g.cols.kernel + kw) as f64));
                        position = T::Vector::<S>::select(larger, here, position);
                    }
                }
                let to = col * g.channels + channel;
                // SAFETY: y and argmax hold one line, in which `count` channels are left.
                unsafe {
                    best.store_partial(y.as_mut_ptr().add(to), count);
                    P::store(position, argmax.as_mut_ptr().add(to), count);
                }
            }
        }
    }
}

/// Where `value` takes the place of `best`: it is larger, or NaN.
#[inline(always)]
pub fn take_first_maximum<V: Vector>(value: V, best: V) -> V::Mask {
    V::mask_or(value.gt(best), value.is_nan())
}

/// dx: each gradient goes to the input that was the maximum.
pub fn max_pool2d_grad<T: Element, P: Position>(g: &PoolGeometry, dy: &[T], argmax: &[P]) -> Result<Buffer<T>> {
    let op = "max_pool2d_grad";
    let len: usize = g.output_shape().iter().product();
    KernelError::check_shape(op, "dy", &[len], &[dy.len()])?;
    KernelError::check_shape(op, "argmax", &[len], &[argmax.len()])?;
    let mut dx = Buffer::stale(g.input_shape().iter().product());
    let (dx_len, dy_len) = (dx.len() / g.frames.max(1), len / g.frames.max(1));
    let shared = Shared::new(&mut dx);
    for_each(g.frames, TASK_ELEMENTS.div_ceil(dx_len.max(1)), |frame| {
        let part = frame * dy_len..(frame + 1) * dy_len;
        // SAFETY: each frame is visited once.
        let dx = unsafe { shared.slice(frame * dx_len, dx_len) };
        dx.fill(T::ZERO);
        dispatch(ScatterFrame { g, dy: &dy[part.clone()], argmax: &argmax[part], dx });
    });
    Ok(dx)
}

struct ScatterFrame<'a, T, P> {
    g: &'a PoolGeometry,
    dy: &'a [T],
    argmax: &'a [P],
    dx: &'a mut [T],
}

impl<T: Element, P: Position> Kernel for ScatterFrame<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { g, dy, argmax, dx } = self;
        for pixel in 0..g.rows.output * g.cols.output {
            let (row, col) = (pixel / g.cols.output, pixel % g.cols.output);
            let ((top, bottom), (left, right)) = (g.rows.taps(row), g.cols.taps(col));
            for channel in (0..g.channels).step_by(T::Vector::<S>::LANES) {
                let count = (g.channels - channel).min(T::Vector::<S>::LANES);
                let from = pixel * g.channels + channel;
                // SAFETY: `count` channels of this pixel are left in dy and argmax.
                let (gradient, position): (T::Vector<S>, T::Vector<S>) = unsafe {
                    (
                        T::Vector::<S>::load_partial(dy.as_ptr().add(from), count),
                        P::load(argmax.as_ptr().add(from), count),
                    )
                };
                for kh in top..bottom {
                    for kw in left..right {
                        let here = T::Vector::<S>::splat(T::from_f64((kh * g.cols.kernel + kw) as f64));
                        let (h, w) = (g.rows.position(row, kh), g.cols.position(col, kw));
                        let to = (h * g.cols.input + w) * g.channels + channel;
                        let share = T::Vector::<S>::select(position.eq(here), gradient, T::Vector::<S>::zero());
                        debug_assert!(to + count <= dx.len());
                        // SAFETY: taps lie inside the frame and `count` channels are left.
                        unsafe {
                            let to = dx.as_mut_ptr().add(to);
                            T::Vector::<S>::load_partial(to, count).add(share).store_partial(to, count);
                        }
                    }
                }
            }
        }
    }
}
