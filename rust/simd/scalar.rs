//! Plain Rust on arrays of 128 bits: runs anywhere, and compilers turn it into whatever the baseline has. No fused
//! multiply-add: without hardware it would be a library call.

use super::element::Element;
use super::vector::{Simd, Vector};
use std::array::from_fn;

/// The portable instruction set.
#[derive(Clone, Copy)]
pub struct Scalar;

impl Simd for Scalar {
    type F32 = Lanes<f32, 4>;
    type F64 = Lanes<f64, 2>;
    const REGISTERS: usize = 16;
}

/// `N` lanes in an array.
#[derive(Clone, Copy)]
pub struct Lanes<T, const N: usize>([T; N]);

impl<T: Element, const N: usize> Lanes<T, N> {
    #[inline(always)]
    fn each(self, f: impl Fn(T) -> T) -> Self {
        Self(from_fn(|i| f(self.0[i])))
    }

    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn compare(self, other: Self, f: impl Fn(T, T) -> bool) -> [bool; N] {
        from_fn(|i| f(self.0[i], other.0[i]))
    }
}

impl<T: Element, const N: usize> Vector for Lanes<T, N> {
    type Elem = T;
    type Mask = [bool; N];
    const LANES: usize = N;

    #[inline(always)]
    fn splat(value: T) -> Self {
        Self([value; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller vouches for N elements.
        Self(unsafe { from.cast::<[T; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller vouches for N elements.
        unsafe { to.cast::<[T; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_partial(from: *const T, count: usize) -> Self {
        // SAFETY: only the first `count` elements are read.
        Self(from_fn(|i| if i < count { unsafe { *from.add(i) } } else { T::ZERO }))
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut T, count: usize) {
        for (i, lane) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: only the first `count` elements are written.
            unsafe { *to.add(i) = lane }
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(from_fn(|i| self.0[i] * factor.0[i] + addend.0[i]))
    }
    #[inline(always)]
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
        Self(from_fn(|i| addend.0[i] - self.0[i] * factor.0[i]))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.with(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.each(T::sqrt)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.each(T::abs)
    }
    #[inline(always)]
    fn round(self) -> Self {
        self.each(T::round_ties_even)
    }
    #[inline(always)]
    fn exp2_integral(self) -> Self {
        self.each(T::exp2_integral)
    }
    #[inline(always)]
    fn lt(self, other: Self) -> [bool; N] {
        self.compare(other, |a, b| a < b)
    }
    #[inline(always)]
    fn le(self, other: Self) -> [bool; N] {
        self.compare(other, |a, b| a <= b)
    }
    #[inline(always)]
    fn eq(self, other: Self) -> [bool; N] {
        self.compare(other, |a, b| a == b)
    }
    #[inline(always)]
    fn unordered(self, other: Self) -> [bool; N] {
        from_fn(|i| self.0[i].is_nan() || other.0[i].is_nan())
    }
    #[inline(always)]
    fn select(mask: [bool; N], yes: Self, no: Self) -> Self {
        Self(from_fn(|i| if mask[i] { yes.0[i] } else { no.0[i] }))
    }
    #[inline(always)]
    fn mask_and(a: [bool; N], b: [bool; N]) -> [bool; N] {
        from_fn(|i| a[i] & b[i])
    }
    #[inline(always)]
    fn mask_or(a: [bool; N], b: [bool; N]) -> [bool; N] {
        from_fn(|i| a[i] | b[i])
    }
    #[inline(always)]
    fn mask_bits(mask: [bool; N]) -> u32 {
        (0..N).map(|i| u32::from(mask[i]) << i).sum()
    }
}
