//! The gates of the usual GRU (tanh, sigmoid, the reset gate behind the product): one step of one sample in one pass over the units.

use super::lanes::{add, read, write};
use crate::simd::{Element, Kernel, Simd, Vector, math};

/// From the projected input and the recurrent product of the gates to the new state.
pub struct UsualForward<'a, T> {
    pub z: &'a [T],
    pub product: &'a [T],
    /// Added to the product.
    pub bias: Option<&'a [T]>,
    /// Gets the gates z and r, the recurrent part of the candidate's sum, and the candidate.
    pub saved: &'a mut [T],
    pub before: &'a [T],
    pub after: &'a mut [T],
}

impl<T: Element> Kernel for UsualForward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        if self.bias.is_some() { self.walk::<T::Vector<S>, true>() } else { self.walk::<T::Vector<S>, false>() }
    }
}

impl<T: Element> UsualForward<'_, T> {
    #[inline(always)]
    fn walk<V: Vector<Elem = T>, const BIASED: bool>(self) {
        let Self { z, product, bias, saved, before, after } = self;
        let units = after.len();
        let bias = bias.unwrap_or_default();
        assert!(z.len() == 3 * units && product.len() == 3 * units && saved.len() == 4 * units);
        assert!(before.len() == units && bias.len() == if BIASED { 3 * units } else { 0 });
        let (z, product, bias, saved) = (z.as_ptr(), product.as_ptr(), bias.as_ptr(), saved.as_mut_ptr());
        let one = V::splat(T::ONE);
        for j in (0..units).step_by(V::LANES) {
            let count = V::LANES.min(units - j);
            // SAFETY: `count` units are left of every gate, and of the bias if there is one.
            unsafe {
                let update = summed::<V, BIASED>(product.add(j), bias.wrapping_add(j), count);
                let reset = summed::<V, BIASED>(product.add(units + j), bias.wrapping_add(units + j), count);
                let recurrent =
                    summed::<V, BIASED>(product.add(2 * units + j), bias.wrapping_add(2 * units + j), count);
                let update = math::sigmoid(read::<V>(z.add(j), count).add(update));
                let reset = math::sigmoid(read::<V>(z.add(units + j), count).add(reset));
                let candidate = math::tanh(read::<V>(z.add(2 * units + j), count).add(reset.mul(recurrent)));
                write(update, saved.add(j), count);
                write(reset, saved.add(units + j), count);
                write(recurrent, saved.add(2 * units + j), count);
                write(candidate, saved.add(3 * units + j), count);
                let state = update.mul(read(before.as_ptr().add(j), count)).add(one.sub(update).mul(candidate));
                write(state, after.as_mut_ptr().add(j), count);
            }
        }
    }
}

/// `count` products, with the bias if there is one.
///
/// # Safety
/// Either place holds them.
#[inline(always)]
unsafe fn summed<V: Vector, const BIASED: bool>(product: *const V::Elem, bias: *const V::Elem, count: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { if BIASED { add((product, bias), count) } else { read(product, count) } }
}
