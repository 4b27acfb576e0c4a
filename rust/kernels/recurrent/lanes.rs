//! Parts of rows, a vector or less at a time.

use crate::simd::Vector;

/// The sum of `count` elements at either place.
///
/// # Safety
/// Both hold them.
#[inline(always)]
pub unsafe fn add<V: Vector>((a, b): (*const V::Elem, *const V::Elem), count: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { read::<V>(a, count).add(read(b, count)) }
}

/// Reads `count` elements, at most a vector.
///
/// # Safety
/// There are so many.
#[inline(always)]
pub unsafe fn read<V: Vector>(from: *const V::Elem, count: usize) -> V {
    // SAFETY: the caller's promise.
    unsafe { if count == V::LANES { V::load(from) } else { V::load_partial(from, count) } }
}

/// Writes `count` lanes.
///
/// # Safety
/// There is room for them.
#[inline(always)]
pub unsafe fn write<V: Vector>(value: V, to: *mut V::Elem, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { if count == V::LANES { value.store(to) } else { value.store_partial(to, count) } }
}
