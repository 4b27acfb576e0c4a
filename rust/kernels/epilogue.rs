//! What every kernel that multiplies can do to its sums while it has them: a bias, and ReLU.

use crate::simd::{Element, Vector};

/// What happens to the sums before they are stored.
#[derive(Clone, Copy)]
pub struct Epilogue<'a, T> {
    /// Added to each channel.
    pub bias: Option<&'a [T]>,
    /// Whether negative sums become 0.
    pub relu: bool,
}

impl<T: Element> Epilogue<'_, T> {
    /// What the sums of `count` channels from `channel` on begin with, at most a vector of them.
    #[inline(always)]
    pub fn start<V: Vector<Elem = T>>(&self, channel: usize, count: usize) -> V {
        self.bias.map_or(V::zero(), |bias| {
            let bias = &bias[channel..channel + count];
            // SAFETY: the slice has `count` elements.
            unsafe { V::load_up_to(bias.as_ptr(), count) }
        })
    }

    /// What becomes of sums on their way out.
    #[inline(always)]
    pub fn finish<V: Vector<Elem = T>>(&self, sum: V) -> V {
        // The second operand of max is kept where one is NaN.
        if self.relu { V::zero().max(sum) } else { sum }
    }
}
