//! A pooling window of 2 x 2 that lies in registers.

use super::DEAD;
use crate::kernels::pool2d::take_first_maximum;
use crate::simd::{Element, Vector};

/// A window's positions along an axis.
pub const POOL: usize = 2;

/// What `pool` gives, without positions.
#[inline(always)]
pub fn pool_values<V: Vector>(window: [V; POOL * POOL], relu: bool) -> V {
    let unordered = V::mask_or(window[0].unordered(window[1]), window[2].unordered(window[3]));
    let mut best = window[0];
    for index in 1..window.len() {
        // The second operand is kept where both are equal.
        best = window[index].max(best);
    }
    let best = if relu { V::zero().max(best) } else { best };
    V::select(unordered, V::splat(V::Elem::from_f64(f64::NAN)), best)
}

/// The maximum of a window with ReLU, and its position, `DEAD` where ReLU lets nothing through.
#[inline(always)]
pub fn pool<V: Vector>(window: [V; POOL * POOL], relu: bool) -> (V, V) {
    let number = |value: usize| V::splat(V::Elem::from_f64(value as f64));
    let (mut best, mut position) = (window[0], V::zero());
    for index in 1..window.len() {
        let larger = take_first_maximum(window[index], best);
        best = V::select(larger, window[index], best);
        position = V::select(larger, number(index), position);
    }
    if !relu {
        return (best, position);
    }
    let dead = best.le(V::zero());
    // The second operand of max is kept where one is NaN.
    (V::zero().max(best), V::select(dead, number(usize::from(DEAD)), position))
}
