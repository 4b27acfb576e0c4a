//! What makes numbers of bytes, and the loop that does it.

use crate::error::{KernelError, Result};
use crate::simd::{Element, Kernel, Simd, Vector};
use std::ops::Range;

/// `x * scale + offset` and, where there is a whitening, `(that - mean) / deviation`: each step rounded, as layers one after the other
/// round. Constants stand for positions that repeat: those of a row of a frame, of a whole frame, or fewer.
#[derive(Debug, Clone, Copy)]
pub struct Scaling<'a, T> {
    /// Factors.
    pub scale: &'a [T],
    /// Terms.
    pub offset: &'a [T],
    /// Mean and deviation.
    pub whitening: Option<[&'a [T]; 2]>,
}

impl<'a, T: Element> Scaling<'a, T> {
    /// Positions until they repeat.
    pub(super) fn period(&self) -> usize {
        self.scale.len()
    }

    pub(super) fn check(&self, op: &'static str) -> Result<()> {
        let [mean, deviation] = self.whitening.unwrap_or([self.offset; 2]);
        for (name, constants) in [("offset", self.offset), ("mean", mean), ("deviation", deviation)] {
            KernelError::check_shape(op, name, &[self.period()], &[constants.len()])?;
        }
        Ok(())
    }

    /// The constants of some positions.
    pub(super) fn of(&self, positions: Range<usize>) -> Self {
        let part = |constants: &'a [T]| &constants[positions.clone()];
        let whitening = self.whitening.map(|[mean, deviation]| [part(mean), part(deviation)]);
        Self { scale: part(self.scale), offset: part(self.offset), whitening }
    }
}

/// Writes the numbers of the bytes; there is a constant for each.
pub(super) struct Convert<'a, T> {
    pub x: &'a [u8],
    pub y: &'a mut [T],
    pub scaling: Scaling<'a, T>,
}

impl<T: Element> Kernel for Convert<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, y, scaling } = self;
        let Scaling { scale, offset, whitening } = scaling.of(0..x.len());
        assert!(y.len() == x.len());
        for start in (0..x.len()).step_by(T::Vector::<S>::LANES) {
            let count = T::Vector::<S>::LANES.min(x.len() - start);
            // SAFETY: `count` elements are left in all slices.
            unsafe {
                let bytes = T::Vector::<S>::load_bytes_partial(x.as_ptr().add(start), count);
                let mut value = bytes.mul(load(scale, start, count)).add(load(offset, start, count));
                if let Some([mean, deviation]) = whitening {
                    value = value.sub(load(mean, start, count)).div(load(deviation, start, count));
                }
                let to = y.as_mut_ptr().add(start);
                if count == T::Vector::<S>::LANES { value.store(to) } else { value.store_partial(to, count) }
            }
        }
    }
}

/// `count` elements from `start` on.
///
/// # Safety
/// They exist.
#[inline(always)]
unsafe fn load<V: Vector>(from: &[V::Elem], start: usize, count: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        let from = from.as_ptr().add(start);
        if count == V::LANES { V::load(from) } else { V::load_partial(from, count) }
    }
}
