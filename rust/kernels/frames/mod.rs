//! Frames of bytes made floating-point numbers on the way in: `Rescaling` and `Normalization`. One scale and offset for each of
//! p positions that repeat (3 channels, or every pixel of a frame); bound by memory, so convolutions do it themselves, row by row as
//! they read (`source.rs`), and no array of numbers is written.

#[cfg(test)]
mod naive;
mod scaling;
mod source;
#[cfg(test)]
pub(super) mod tests;

pub use scaling::Scaling;
pub use source::{Floats, Source};

use crate::error::{KernelError, Result};
use crate::kernels::column_sums::Columns;
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, dispatch};
use scaling::Convert;

/// y[i] = x[i] * scale[i % p] + offset[i % p]
pub fn frames_to_float<T: Element>(x: &[u8], scale: &[T], offset: &[T]) -> Result<Buffer<T>> {
    if scale.is_empty() && !x.is_empty() {
        return Err(KernelError::shape("frames_to_float", "scale", "not empty", scale.len()));
    }
    KernelError::check_shape("frames_to_float", "offset", &[scale.len()], &[offset.len()])?;
    let columns = Columns::new(scale.len());
    let (scale, offset) = (&columns.tile(scale)[..], &columns.tile(offset)[..]);
    Ok(to_floats(x, Scaling { scale, offset, whitening: None }))
}

/// The numbers of bytes, the first of which is at the first position of the scaling.
fn to_floats<T: Element>(x: &[u8], scaling: Scaling<'_, T>) -> Buffer<T> {
    let mut y = Buffer::stale(x.len());
    let period = scaling.period().max(1);
    let chunk = Columns::new(period).chunk_len();
    parallel::chunks_mut(&mut y, chunk, 1, |index, y| {
        let x = &x[index * chunk..index * chunk + y.len()];
        for (x, y) in x.chunks(period).zip(y.chunks_mut(period)) {
            dispatch(Convert { x, y, scaling });
        }
    });
    y
}
