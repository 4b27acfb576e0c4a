//! One scale and offset a channel.

use super::check_lengths;
use crate::error::Result;
use crate::kernels::column_sums::Columns;
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// y = x * scale + offset, x of rows x n: inference of batch normalisation.
pub fn channel_affine<T: Element>(x: &[T], n: usize, scale: &[T], offset: &[T]) -> Result<Buffer<T>> {
    check_lengths("channel_affine", n, &[("scale", Some(scale)), ("offset", Some(offset))])?;
    let columns = Columns::new(n);
    let (scale, offset) = (&columns.tile(scale)[..], &columns.tile(offset)[..]);
    let mut y = Buffer::stale(x.len());
    let chunk = columns.chunk_len();
    parallel::chunks_mut(&mut y, chunk, 1, |index, y| {
        let x = &x[index * chunk..index * chunk + y.len()];
        dispatch(Affine { x, y, scale, offset });
    });
    Ok(y)
}

struct Affine<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    scale: &'a [T],
    offset: &'a [T],
}

impl<T: Element> Kernel for Affine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let width = self.scale.len();
        for (x, y) in self.x.chunks(width).zip(self.y.chunks_mut(width)) {
            let parameters = self.scale.iter().zip(self.offset);
            for ((y, &x), (&scale, &offset)) in y.iter_mut().zip(x).zip(parameters) {
                *y = x * scale + offset;
            }
        }
    }
}
