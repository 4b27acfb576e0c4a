//! AVX2 + FMA: 256-bit vectors. A mask is a vector whose lanes are all ones or all zeros.

use super::Kernel;
use super::element::Element;
use super::vector::{Simd, Vector};
use std::arch::x86_64::*;

/// AVX2 with FMA.
#[derive(Clone, Copy)]
pub struct Avx2;

/// Runs `kernel` with AVX2 and FMA switched on.
///
/// # Safety
/// The machine has both.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

impl Simd for Avx2 {
    type F32 = F32x8;
    type F64 = F64x4;
    const REGISTERS: usize = 16;
}

/// Eight f32.
#[derive(Clone, Copy)]
pub struct F32x8(__m256);

/// Four f64.
#[derive(Clone, Copy)]
pub struct F64x4(__m256d);

/// `LANES - count` from the middle on: a mask of the first `count` lanes.
static TAIL_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
static TAIL_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

/// The first `count` lanes of eight set.
#[inline(always)]
fn tail_32(count: usize) -> __m256i {
    let start = 8 - count.min(8);
    // SAFETY: start <= 8, so eight of the sixteen entries follow.
    unsafe { _mm256_loadu_si256(TAIL_32.as_ptr().add(start).cast()) }
}

/// The first `count` lanes of four set.
#[inline(always)]
fn tail_64(count: usize) -> __m256i {
    let start = 4 - count.min(4);
    // SAFETY: start <= 4, so four of the eight entries follow.
    unsafe { _mm256_loadu_si256(TAIL_64.as_ptr().add(start).cast()) }
}

/// # Safety
/// Reads 8 bytes.
#[inline(always)]
unsafe fn load_8_bytes(from: *const u8) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
}

/// # Safety
/// Writes 8 bytes.
#[inline(always)]
unsafe fn store_8_bytes(lanes: __m256, to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let wide = _mm256_cvtps_epi32(lanes);
        let half = _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256::<1>(wide));
        _mm_storel_epi64(to.cast(), _mm_packus_epi16(half, half));
    }
}

/// # Safety
/// Reads 4 bytes.
#[inline(always)]
unsafe fn load_4_bytes(from: *const u8) -> __m256d {
    // SAFETY: the caller's promise.
    unsafe { _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(from.cast::<i32>().read_unaligned()))) }
}

/// # Safety
/// Writes 4 bytes.
#[inline(always)]
unsafe fn store_4_bytes(lanes: __m256d, to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let wide = _mm256_cvtpd_epi32(lanes);
        let half = _mm_packus_epi32(wide, wide);
        to.cast::<i32>().write_unaligned(_mm_cvtsi128_si32(_mm_packus_epi16(half, half)));
    }
}

// SAFETY of every intrinsic below: values of these types exist only inside `run`, on a machine with AVX2 and FMA; memory is
// vouched for by the callers of the unsafe functions.
macro_rules! avx2_vector {
    (
        $vector:ident, $elem:ident, $register:ident, $lanes:literal, $tail:ident, $shift:literal,
        $set1:ident, $loadu:ident, $storeu:ident, $maskload:ident, $maskstore:ident,
        $add:ident, $sub:ident, $mul:ident, $div:ident, $fmadd:ident, $fnmadd:ident, $min:ident, $max:ident, $sqrt:ident,
        $andnot:ident, $round:ident, $cmp:ident, $blendv:ident, $and:ident, $or:ident, $movemask:ident,
        $to_int:ident, $from_int:ident, $shift_left:ident, $load_bytes:ident, $store_bytes:ident,
        $unpack_low:ident, $unpack_high:ident, $halves:ident
    ) => {
        #[allow(clippy::undocumented_unsafe_blocks)] // said once, above the macro
        impl Vector for $vector {
            type Elem = $elem;
            type Mask = $register;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(value: $elem) -> Self {
                Self(unsafe { $set1(value) })
            }
            #[inline(always)]
            unsafe fn load(from: *const $elem) -> Self {
                Self(unsafe { $loadu(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $elem) {
                unsafe { $storeu(to, self.0) }
            }
            #[inline(always)]
            unsafe fn load_partial(from: *const $elem, count: usize) -> Self {
                Self(unsafe { $maskload(from, $tail(count)) })
            }
            #[inline(always)]
            unsafe fn store_partial(self, to: *mut $elem, count: usize) {
                unsafe { $maskstore(to, $tail(count), self.0) }
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
                Self(unsafe { $fmadd(self.0, factor.0, addend.0) })
            }
            #[inline(always)]
            fn neg_mul_add(self, factor: Self, addend: Self) -> Self {
                Self(unsafe { $fnmadd(self.0, factor.0, addend.0) })
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self(unsafe { $min(self.0, other.0) })
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self(unsafe { $max(self.0, other.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(unsafe { $andnot($set1(-0.0), self.0) })
            }
            #[inline(always)]
            fn round(self) -> Self {
                Self(unsafe { $round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
            }
            #[inline(always)]
            fn exp2_integral(self) -> Self {
                let biased = self.add(Self::splat($elem::EXPONENT_MAGIC));
                Self(unsafe { $from_int($shift_left::<$shift>($to_int(biased.0))) })
            }
            #[inline(always)]
            fn lt(self, other: Self) -> $register {
                unsafe { $cmp::<_CMP_LT_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn le(self, other: Self) -> $register {
                unsafe { $cmp::<_CMP_LE_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn eq(self, other: Self) -> $register {
                unsafe { $cmp::<_CMP_EQ_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn unordered(self, other: Self) -> $register {
                unsafe { $cmp::<_CMP_UNORD_Q>(self.0, other.0) }
            }
            #[inline(always)]
            fn select(mask: $register, yes: Self, no: Self) -> Self {
                Self(unsafe { $blendv(no.0, yes.0, mask) })
            }
            #[inline(always)]
            fn mask_and(a: $register, b: $register) -> $register {
                unsafe { $and(a, b) }
            }
            #[inline(always)]
            fn mask_or(a: $register, b: $register) -> $register {
                unsafe { $or(a, b) }
            }
            #[inline(always)]
            unsafe fn load_bytes(from: *const u8) -> Self {
                Self(unsafe { $load_bytes(from) })
            }
            #[inline(always)]
            unsafe fn store_bytes(self, to: *mut u8) {
                unsafe { $store_bytes(self.0, to) }
            }
            #[inline(always)]
            fn mask_bits(mask: $register) -> u32 {
                unsafe { $movemask(mask) as u32 }
            }
            #[inline(always)]
            fn interleave(self, other: Self) -> (Self, Self) {
                let (low, high) = unsafe { ($unpack_low(self.0, other.0), $unpack_high(self.0, other.0)) };
                unsafe { (Self($halves::<0x20>(low, high)), Self($halves::<0x31>(low, high))) }
            }
        }
    };
}

avx2_vector!(
    F32x8,
    f32,
    __m256,
    8,
    tail_32,
    23,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_maskload_ps,
    _mm256_maskstore_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps,
    _mm256_min_ps,
    _mm256_max_ps,
    _mm256_sqrt_ps,
    _mm256_andnot_ps,
    _mm256_round_ps,
    _mm256_cmp_ps,
    _mm256_blendv_ps,
    _mm256_and_ps,
    _mm256_or_ps,
    _mm256_movemask_ps,
    _mm256_castps_si256,
    _mm256_castsi256_ps,
    _mm256_slli_epi32,
    load_8_bytes,
    store_8_bytes,
    _mm256_unpacklo_ps,
    _mm256_unpackhi_ps,
    _mm256_permute2f128_ps
);
avx2_vector!(
    F64x4,
    f64,
    __m256d,
    4,
    tail_64,
    52,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_maskload_pd,
    _mm256_maskstore_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_fmadd_pd,
    _mm256_fnmadd_pd,
    _mm256_min_pd,
    _mm256_max_pd,
    _mm256_sqrt_pd,
    _mm256_andnot_pd,
    _mm256_round_pd,
    _mm256_cmp_pd,
    _mm256_blendv_pd,
    _mm256_and_pd,
    _mm256_or_pd,
    _mm256_movemask_pd,
    _mm256_castpd_si256,
    _mm256_castsi256_pd,
    _mm256_slli_epi64,
    load_4_bytes,
    store_4_bytes,
    _mm256_unpacklo_pd,
    _mm256_unpackhi_pd,
    _mm256_permute2f128_pd
);
