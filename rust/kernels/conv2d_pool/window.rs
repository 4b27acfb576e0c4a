//! A pooling window of 2 x 2 that lies in registers.

use super::DEAD;
use crate::kernels::pool2d::take_first_maximum;
use crate::simd::{Element, Vector};

/// A window's positions along an axis.
pub const POOL: usize = 2;

/// Row by row.
pub type Window<V> = [V; POOL * POOL];

/// What `pool` gives, without positions.
#[inline(always)]
pub fn pool_values<V: Vector>(window: Window<V>, relu: bool) -> V {
    let [a, b, c, d] = window;
    // The second operand of max is kept where both are equal.
    let best = d.max(c).max(b.max(a));
    let best = if relu { V::zero().max(best) } else { best };
    V::select(has_nan(window), V::splat(V::Elem::from_f64(f64::NAN)), best)
}

/// The maximum of a window with ReLU, and its position, `DEAD` where ReLU lets nothing through.
#[inline(always)]
pub fn pool<V: Vector>(window: Window<V>, relu: bool) -> (V, V) {
    let (best, position) = if V::any(has_nan(window)) { maximum_or_nan(window) } else { maximum(window) };
    if !relu {
        return (best, position);
    }
    let dead = best.le(V::zero());
    // The second operand of max is kept where one is NaN.
    (V::zero().max(best), V::select(dead, number(usize::from(DEAD)), position))
}

#[inline(always)]
fn number<V: Vector>(value: usize) -> V {
    V::splat(V::Elem::from_f64(value as f64))
}

#[inline(always)]
fn has_nan<V: Vector>([a, b, c, d]: Window<V>) -> V::Mask {
    V::mask_or(a.unordered(b), c.unordered(d))
}

/// The first of the largest and its position: two at a time, which is shorter than one after the other.
#[inline(always)]
fn maximum<V: Vector>([a, b, c, d]: Window<V>) -> (V, V) {
    let left = V::select(b.gt(a), number(1), number(0));
    let right = V::select(d.gt(c), number(3), number(2));
    let (upper, lower) = (b.max(a), d.max(c));
    (lower.max(upper), V::select(lower.gt(upper), right, left))
}

/// The same, where NaN is larger than everything.
#[inline(always)]
fn maximum_or_nan<V: Vector>(window: Window<V>) -> (V, V) {
    let (mut best, mut position) = (window[0], V::zero());
    for index in 1..window.len() {
        let larger = take_first_maximum(window[index], best);
        best = V::select(larger, window[index], best);
        position = V::select(larger, number(index), position);
    }
    (best, position)
}
