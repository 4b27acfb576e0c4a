//! Inverted dropout: its own gradient when called with the same stream.

use super::fill::for_each_tile;
use super::{Stream, TILE};
use crate::error::{KernelError, Result};
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, Simd, dispatch};

/// Every element of `x` (samples x m) set to zero with probability `rate`, else divided by 1 - rate.
pub fn dropout<T: Element>(x: &[T], m: usize, rate: f64, stream: Stream) -> Result<Buffer<T>> {
    if !(0.0..=1.0).contains(&rate) {
        return Err(KernelError::argument("dropout", "rate", "a number from 0 to 1", rate));
    }
    let dropped = (rate * 2f64.powi(32)).round() as u64;
    let scale = if rate < 1.0 { T::from_f64(1.0 / (1.0 - rate)) } else { T::ZERO };
    let mut y = Buffer::stale(x.len());
    for_each_tile(&mut y, m, TILE, |row, first_tile, y| {
        let start = row * m + first_tile * TILE;
        dispatch(Tiles { x: &x[start..start + y.len()], y, dropped, scale, stream, row, first_tile });
    });
    Ok(y)
}

struct Tiles<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    /// Words below are dropped.
    dropped: u64,
    scale: T,
    stream: Stream,
    row: usize,
    first_tile: usize,
}

impl<T: Element> Kernel for Tiles<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        // A word is kept if it is above `last`: a comparison of 32 bits, where `dropped` may need 33.
        let (any, last) = (self.dropped > 0, (self.dropped.max(1) - 1) as u32);
        for (tile, (x, y)) in self.x.chunks(TILE).zip(self.y.chunks_mut(TILE)).enumerate() {
            let words = self.stream.tile(self.row, self.first_tile + tile);
            for ((y, &x), &word) in y.iter_mut().zip(x).zip(words.as_flattened()) {
                *y = if word > last || !any { x * self.scale } else { T::ZERO };
            }
        }
    }
}
