//! Loops over slices, vector by vector, for use inside kernels.

use super::{Element, Simd, Vector};

/// `count` elements of every input from `start` on.
///
/// # Safety
/// All inputs hold them.
#[inline(always)]
unsafe fn load<V: Vector, const N: usize>(inputs: [&[V::Elem]; N], start: usize, count: usize) -> [V; N] {
    let mut vectors = [V::zero(); N];
    for i in 0..N {
        // SAFETY: the caller's promise.
        vectors[i] = unsafe { V::load_up_to(inputs[i].as_ptr().add(start), count) };
    }
    vectors
}

/// out[i] = f(inputs[..][i])
#[inline(always)]
pub fn map<T: Element, S: Simd, const N: usize>(
    inputs: [&[T]; N],
    out: &mut [T],
    f: impl Fn([T::Vector<S>; N]) -> T::Vector<S>,
) {
    let lanes = T::Vector::<S>::LANES;
    let len = out.len();
    assert!(inputs.iter().all(|input| input.len() == len));
    // One call of f in the text: a second one would keep it from being inlined.
    for start in (0..len).step_by(lanes) {
        let count = lanes.min(len - start);
        // SAFETY: `count` elements are left in all slices.
        unsafe {
            f(load(inputs, start, count)).store_up_to(out.as_mut_ptr().add(start), count);
        }
    }
}

/// The sum of f(inputs[..][i]); f must give 0 for zeros.
#[inline(always)]
pub fn sum<T: Element, S: Simd, const N: usize>(inputs: [&[T]; N], f: impl Fn([T::Vector<S>; N]) -> T::Vector<S>) -> T {
    let lanes = T::Vector::<S>::LANES;
    let len = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == len));
    let mut total = T::Vector::<S>::zero();
    for start in (0..len).step_by(lanes) {
        // SAFETY: all slices have `len` elements.
        total = total.add(f(unsafe { load(inputs, start, lanes.min(len - start)) }));
    }
    total.reduce_sum()
}

/// The largest element; NaN is passed over unless it is alone.
#[inline(always)]
pub fn largest<T: Element, S: Simd>(x: &[T]) -> T {
    let lanes = T::Vector::<S>::LANES;
    let mut best = T::Vector::<S>::splat(T::NEG_INFINITY);
    let groups = x.chunks_exact(lanes);
    let rest = groups.remainder();
    for group in groups {
        // SAFETY: a group has LANES elements.
        best = unsafe { T::Vector::<S>::load(group.as_ptr()) }.max(best);
    }
    rest.iter().fold(best.reduce_max(), |best, &value| if value > best { value } else { best })
}
