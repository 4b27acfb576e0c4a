//! Pooling over whole frames. A mean is a mean of the sums of rows; a maximum remembers its position as row times width
//! plus column.

use super::max::take_first_maximum;
use crate::error::{KernelError, Result};
use crate::memory::Buffer;
use crate::parallel::{Shared, chunks_mut, for_each};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// x is (frames, pixels, channels) of `pixels = height * width`, both at least 1.
fn check<T>(op: &'static str, [n, h, w, c]: [usize; 4], x: &[T]) -> Result<()> {
    if h * w == 0 {
        return Err(KernelError::shape(op, "x", "frames of at least one pixel", [n, h, w, c]));
    }
    KernelError::check_shape(op, "x", &[n * h * w * c], &[x.len()])
}

/// y (frames, channels): the mean over all pixels.
pub fn global_average_pool2d<T: Element>(shape: [usize; 4], x: &[T]) -> Result<Buffer<T>> {
    check("global_average_pool2d", shape, x)?;
    let [n, h, w, c] = shape;
    let mut y = Buffer::stale(n * c);
    chunks_mut(&mut y, c.max(1), 1, |frame, y| {
        dispatch(Mean { x: &x[frame * h * w * c..][..h * w * c], row: w * c, y });
    });
    Ok(y)
}

struct Mean<'a, T> {
    x: &'a [T],
    row: usize,
    y: &'a mut [T],
}

impl<T: Element> Kernel for Mean<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, row, y } = self;
        let channels = y.len();
        let share = T::Vector::<S>::splat(T::ONE / T::from_f64((x.len() / channels) as f64));
        for channel in (0..channels).step_by(T::Vector::<S>::LANES) {
            let count = (channels - channel).min(T::Vector::<S>::LANES);
            let mut sum = T::Vector::<S>::zero();
            for line in x.chunks_exact(row) {
                let mut line_sum = T::Vector::<S>::zero();
                for pixel in line.chunks_exact(channels) {
                    // SAFETY: `count` channels are left.
                    line_sum =
                        line_sum.add(unsafe { T::Vector::<S>::load_partial(pixel.as_ptr().add(channel), count) });
                }
                sum = sum.add(line_sum);
            }
            // SAFETY: `count` channels are left.
            unsafe { sum.mul(share).store_partial(y.as_mut_ptr().add(channel), count) };
        }
    }
}

/// dx: each gradient is shared out equally to all pixels of its frame.
pub fn global_average_pool2d_grad<T: Element>([n, h, w, c]: [usize; 4], dy: &[T]) -> Result<Buffer<T>> {
    KernelError::check_shape("global_average_pool2d_grad", "dy", &[n * c], &[dy.len()])?;
    let mut dx = Buffer::stale(n * h * w * c);
    let share = T::ONE / T::from_f64((h * w).max(1) as f64);
    chunks_mut(&mut dx, (h * w * c).max(1), 1, |frame, dx| {
        let (first, rest) = dx.split_at_mut(c);
        first.iter_mut().zip(&dy[frame * c..]).for_each(|(dx, &dy)| *dx = dy * share);
        rest.chunks_exact_mut(c).for_each(|pixel| pixel.copy_from_slice(first));
    });
    Ok(dx)
}

/// y and argmax (frames, channels): the maximum over all pixels and the pixel it was found at.
pub fn global_max_pool2d<T: Element>(shape: [usize; 4], x: &[T]) -> Result<(Buffer<T>, Buffer<i32>)> {
    check("global_max_pool2d", shape, x)?;
    let [n, h, w, c] = shape;
    let (mut y, mut argmax) = (Buffer::stale(n * c), Buffer::stale(n * c));
    let positions = Shared::new(&mut argmax);
    chunks_mut(&mut y, c.max(1), 1, |frame, y| {
        // SAFETY: each frame is visited once.
        let argmax = unsafe { positions.slice(frame * c, c) };
        dispatch(Maximum { x: &x[frame * h * w * c..][..h * w * c], y, argmax });
    });
    Ok((y, argmax))
}

struct Maximum<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    argmax: &'a mut [i32],
}

impl<T: Element> Kernel for Maximum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, y, argmax } = self;
        let channels = y.len();
        y.copy_from_slice(&x[..channels]);
        argmax.fill(0);
        for (index, pixel) in x.chunks_exact(channels).enumerate().skip(1) {
            for channel in (0..channels).step_by(T::Vector::<S>::LANES) {
                let count = (channels - channel).min(T::Vector::<S>::LANES);
                // SAFETY: `count` channels are left in all of them.
                let (value, best) = unsafe {
                    let best = T::Vector::<S>::load_partial(y.as_ptr().add(channel), count);
                    (T::Vector::<S>::load_partial(pixel.as_ptr().add(channel), count), best)
                };
                let larger = take_first_maximum(value, best);
                if !T::Vector::<S>::any(larger) {
                    continue;
                }
                // SAFETY: as above.
                unsafe {
                    T::Vector::<S>::select(larger, value, best).store_partial(y.as_mut_ptr().add(channel), count)
                };
                let bits = T::Vector::<S>::mask_bits(larger);
                for (lane, position) in argmax[channel..channel + count].iter_mut().enumerate() {
                    if bits >> lane & 1 == 1 {
                        *position = index as i32;
                    }
                }
            }
        }
    }
}

/// dx: each gradient goes to the pixel that was the maximum.
pub fn global_max_pool2d_grad<T: Element>([n, h, w, c]: [usize; 4], dy: &[T], argmax: &[i32]) -> Result<Buffer<T>> {
    let op = "global_max_pool2d_grad";
    KernelError::check_shape(op, "dy", &[n * c], &[dy.len()])?;
    KernelError::check_shape(op, "argmax", &[n * c], &[argmax.len()])?;
    if let Some(&bad) = argmax.iter().find(|&&pixel| pixel < 0 || pixel as usize >= h * w) {
        return Err(KernelError::argument(op, "argmax", format!("pixels below {}", h * w), bad));
    }
    let mut dx = Buffer::stale(n * h * w * c);
    let shared = Shared::new(&mut dx);
    for_each(n, 1, |frame| {
        // SAFETY: each frame is visited once.
        let dx = unsafe { shared.slice(frame * h * w * c, h * w * c) };
        dx.fill(T::ZERO);
        for channel in 0..c {
            let from = frame * c + channel;
            dx[argmax[from] as usize * c + channel] = dy[from];
        }
    });
    Ok(dx)
}
