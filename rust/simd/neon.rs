//! NEON: 128-bit vectors of aarch64, where it is part of the baseline. A mask is a vector of integers, all ones or all zeros.

use super::element::Element;
use super::vector::{Simd, Vector};
use std::arch::aarch64::*;

/// NEON.
#[derive(Clone, Copy)]
pub struct Neon;

impl Simd for Neon {
    type F32 = F32x4;
    type F64 = F64x2;
    const REGISTERS: usize = 32;
}

/// Four f32.
#[derive(Clone, Copy)]
pub struct F32x4(float32x4_t);

/// Two f64.
#[derive(Clone, Copy)]
pub struct F64x2(float64x2_t);

// SAFETY of every intrinsic below: NEON is part of every aarch64; memory is vouched for by the callers of the unsafe functions.
macro_rules! neon_vector {
    (
        $vector:ident, $elem:ident, $mask:ident, $lanes:literal, $shift:literal,
        $dup:ident, $ld1:ident, $st1:ident,
        $add:ident, $sub:ident, $mul:ident, $div:ident, $fma:ident, $fms:ident, $sqrt:ident, $abs:ident, $round:ident,
        $lt:ident, $le:ident, $eq:ident, $bsl:ident, $and:ident, $or:ident, $xor:ident, $dup_mask:ident, $st1_mask:ident, $mask_elem:ident,
        $to_int:ident, $from_int:ident, $shift_left:ident, $zip_low:ident, $zip_high:ident
    ) => {
        #[allow(clippy::undocumented_unsafe_blocks)] // said once, above the macro
        #[allow(unused_unsafe)] // newer compilers let intrinsics of the baseline be called safely
        impl Vector for $vector {
            type Elem = $elem;
            type Mask = $mask;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(value: $elem) -> Self {
                Self(unsafe { $dup(value) })
            }
            #[inline(always)]
            unsafe fn load(from: *const $elem) -> Self {
                Self(unsafe { $ld1(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $elem) {
                unsafe { $st1(to, self.0) }
            }
            #[inline(always)]
            unsafe fn load_partial(from: *const $elem, count: usize) -> Self {
                let mut lanes = [0.0; $lanes];
                unsafe { std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count.min($lanes)) };
                Self(unsafe { $ld1(lanes.as_ptr()) })
            }
            #[inline(always)]
            unsafe fn store_partial(self, to: *mut $elem, count: usize) {
                let mut lanes = [0.0; $lanes];
                unsafe { $st1(lanes.as_mut_ptr(), self.0) };
                unsafe { std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count.min($lanes)) };
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(unsafe { $sub(self.0, other.0) })
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(unsafe { $mul(self.0, other.0) })
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(unsafe { $div(self.0, other.0) })
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                Self(unsafe { $fma(addend.0, self.0, factor.0) })
            }
            #[inline(always)]
            fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
                Self(unsafe { $fms(addend.0, self.0, factor.0) })
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self::select(self.lt(other), self, other)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self::select(other.lt(self), self, other)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(unsafe { $abs(self.0) })
            }
            #[inline(always)]
            fn round(self) -> Self {
                Self(unsafe { $round(self.0) })
            }
            #[inline(always)]
            fn exp2_integral(self) -> Self {
                let biased = self.add(Self::splat($elem::EXPONENT_MAGIC));
                Self(unsafe { $from_int($shift_left::<$shift>($to_int(biased.0))) })
            }
            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                unsafe { $lt(self.0, other.0) }
            }
            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                unsafe { $le(self.0, other.0) }
            }
            #[inline(always)]
            fn eq(self, other: Self) -> $mask {
                unsafe { $eq(self.0, other.0) }
            }
            #[inline(always)]
            fn unordered(self, other: Self) -> $mask {
                unsafe { $xor($and($eq(self.0, self.0), $eq(other.0, other.0)), $dup_mask(<$mask_elem>::MAX)) }
            }
            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                Self(unsafe { $bsl(mask, yes.0, no.0) })
            }
            #[inline(always)]
            fn mask_and(a: $mask, b: $mask) -> $mask {
                unsafe { $and(a, b) }
            }
            #[inline(always)]
            fn mask_or(a: $mask, b: $mask) -> $mask {
                unsafe { $or(a, b) }
            }
            #[inline(always)]
            fn mask_bits(mask: $mask) -> u32 {
                let mut lanes = [0 as $mask_elem; $lanes];
                unsafe { $st1_mask(lanes.as_mut_ptr(), mask) };
                lanes.iter().enumerate().map(|(i, &lane)| ((lane & 1) as u32) << i).sum()
            }
            #[inline(always)]
            fn interleave(self, other: Self) -> (Self, Self) {
                unsafe { (Self($zip_low(self.0, other.0)), Self($zip_high(self.0, other.0))) }
            }
        }
    };
}

neon_vector!(
    F32x4,
    f32,
    uint32x4_t,
    4,
    23,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    vaddq_f32,
    vsubq_f32,
    vmulq_f32,
    vdivq_f32,
    vfmaq_f32,
    vfmsq_f32,
    vsqrtq_f32,
    vabsq_f32,
    vrndnq_f32,
    vcltq_f32,
    vcleq_f32,
    vceqq_f32,
    vbslq_f32,
    vandq_u32,
    vorrq_u32,
    veorq_u32,
    vdupq_n_u32,
    vst1q_u32,
    u32,
    vreinterpretq_u32_f32,
    vreinterpretq_f32_u32,
    vshlq_n_u32,
    vzip1q_f32,
    vzip2q_f32
);
neon_vector!(
    F64x2,
    f64,
    uint64x2_t,
    2,
    52,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    vaddq_f64,
    vsubq_f64,
    vmulq_f64,
    vdivq_f64,
    vfmaq_f64,
    vfmsq_f64,
    vsqrtq_f64,
    vabsq_f64,
    vrndnq_f64,
    vcltq_f64,
    vcleq_f64,
    vceqq_f64,
    vbslq_f64,
    vandq_u64,
    vorrq_u64,
    veorq_u64,
    vdupq_n_u64,
    vst1q_u64,
    u64,
    vreinterpretq_u64_f64,
    vreinterpretq_f64_u64,
    vshlq_n_u64,
    vzip1q_f64,
    vzip2q_f64
);
