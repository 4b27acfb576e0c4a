//! Frames of bytes made floating-point numbers on the way in: `Rescaling` and `Normalization`. One scale and offset for each of
//! p positions that repeat (3 channels, or every pixel of a frame); bound by memory.

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

use crate::error::{KernelError, Result};
use crate::kernels::column_sums::Columns;
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// y[i] = x[i] * scale[i % p] + offset[i % p]
pub fn frames_to_float<T: Element>(x: &[u8], scale: &[T], offset: &[T]) -> Result<Buffer<T>> {
    if scale.is_empty() && !x.is_empty() {
        return Err(KernelError::shape("frames_to_float", "scale", "not empty", scale.len()));
    }
    KernelError::check_shape("frames_to_float", "offset", &[scale.len()], &[offset.len()])?;
    let columns = Columns::new(scale.len());
    let (scale, offset) = (&columns.tile(scale)[..], &columns.tile(offset)[..]);
    let mut y = Buffer::stale(x.len());
    let chunk = columns.chunk_len();
    parallel::chunks_mut(&mut y, chunk, 1, |index, y| {
        let x = &x[index * chunk..index * chunk + y.len()];
        dispatch(ToFloat { x, y, scale, offset });
    });
    Ok(y)
}

struct ToFloat<'a, T> {
    x: &'a [u8],
    y: &'a mut [T],
    scale: &'a [T],
    offset: &'a [T],
}

impl<T: Element> Kernel for ToFloat<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let width = self.scale.len();
        for (x, y) in self.x.chunks(width).zip(self.y.chunks_mut(width)) {
            let parameters = self.scale.iter().zip(self.offset);
            for ((y, &x), (&scale, &offset)) in y.iter_mut().zip(x).zip(parameters) {
                *y = T::from_f64(f64::from(x)) * scale + offset;
            }
        }
    }
}
