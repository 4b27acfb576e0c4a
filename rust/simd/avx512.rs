//! AVX-512 (F, BW, DQ, VL): 512-bit vectors. A mask is a mask register.

use super::Kernel;
use super::element::Element;
use super::vector::{Simd, Vector};
use std::arch::x86_64::*;

/// AVX-512 with its byte, double-word and vector-length extensions.
#[derive(Clone, Copy)]
pub struct Avx512;

/// Runs `kernel` with AVX-512 switched on.
///
/// # Safety
/// The machine has AVX2, FMA and AVX-512 F, BW, DQ and VL.
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

impl Simd for Avx512 {
    type F32 = F32x16;
    type F64 = F64x8;
    const REGISTERS: usize = 32;
}

/// Sixteen f32.
#[derive(Clone, Copy)]
pub struct F32x16(__m512);

/// Eight f64.
#[derive(Clone, Copy)]
pub struct F64x8(__m512d);

/// # Safety
/// Reads 16 bytes.
#[inline(always)]
unsafe fn load_16_bytes(from: *const u8) -> __m512 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) }
}

/// # Safety
/// Writes 16 bytes.
#[inline(always)]
unsafe fn store_16_bytes(lanes: __m512, to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(lanes))) }
}

/// # Safety
/// Reads 8 bytes.
#[inline(always)]
unsafe fn load_8_bytes(from: *const u8) -> __m512d {
    // SAFETY: the caller's promise.
    unsafe { _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
}

/// # Safety
/// Writes 8 bytes.
#[inline(always)]
unsafe fn store_8_bytes(lanes: __m512d, to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { _mm_storel_epi64(to.cast(), _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32(lanes))) }
}

/// # Safety
/// `from` is valid for reading 4 floats.
#[inline(always)]
unsafe fn load_4_floats(from: *const f32) -> __m512 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_castps128_ps512(_mm_loadu_ps(from)) }
}

/// # Safety
/// `from` is valid for reading 4 doubles.
#[inline(always)]
unsafe fn load_4_doubles(from: *const f64) -> __m512d {
    // SAFETY: the caller's promise.
    unsafe { _mm512_castpd256_pd512(_mm256_loadu_pd(from)) }
}

#[inline(always)]
fn quotient_16(numerator: F32x16, denominator: F32x16) -> F32x16 {
    // SAFETY: values of this type exist only inside `run`, on a machine with these instructions.
    let inverse = F32x16(unsafe { _mm512_rcp14_ps(denominator.0) });
    let quotient = numerator.mul(inverse);
    quotient.neg_mul_add(denominator, numerator).mul_add(inverse, quotient)
}

/// Denominators from which estimates of 14 bits and a Newton step each are as good as the exact root and quotient: below, roots of
/// squares outside of the normal numbers count.
const LEAST_DENOMINATOR: f32 = 1e-10;

#[inline(always)]
fn over_root_16(numerator: F32x16, square: F32x16, epsilon: F32x16) -> F32x16 {
    let smallest = F32x16::splat(1e-37);
    // SAFETY: values of this type exist only inside `run`, on a machine with these instructions.
    let estimate = F32x16(unsafe { _mm512_rsqrt14_ps(square.max(smallest).0) });
    let root = square.mul(estimate);
    let root = estimate.mul(F32x16::splat(0.5)).mul_add(root.neg_mul_add(root, square), root);
    let denominator = root.add(epsilon);
    // SAFETY: as above.
    let inverse = F32x16(unsafe { _mm512_rcp14_ps(denominator.0) });
    let inverse = inverse.mul(denominator.neg_mul_add(inverse, F32x16::splat(2.0)));
    let quotient = numerator.mul(inverse);
    let quotient = quotient.neg_mul_add(denominator, numerator).mul_add(inverse, quotient);
    // Infinite and undefined squares fail here as well.
    let good = F32x16::splat(LEAST_DENOMINATOR).le(denominator);
    if good == __mmask16::MAX {
        return quotient;
    }
    F32x16::select(good, quotient, numerator.div(square.sqrt().add(epsilon)))
}

// SAFETY of every intrinsic below: values of these types exist only inside `run`, on a machine with these instructions;
// memory is vouched for by the callers of the unsafe functions.
macro_rules! avx512_vector {
    (
        $vector:ident, $elem:ident, $mask:ident, $lanes:literal, $shift:literal,
        $set1:ident, $loadu:ident, $storeu:ident, $maskload:ident, $maskstore:ident,
        $add:ident, $sub:ident, $mul:ident, $div:ident, $fmadd:ident, $fnmadd:ident, $min:ident, $max:ident, $sqrt:ident,
        $abs:ident, $roundscale:ident, $cmp:ident, $blend:ident, $to_int:ident, $from_int:ident, $shift_left:ident, $load_bytes:ident, $store_bytes:ident,
        $compress:ident, $pick:ident, $load_quad:ident, { $($own:item)* }
    ) => {
        impl $vector {
            /// The first `count` lanes set.
            #[inline(always)]
            fn tail(count: usize) -> $mask {
                ((1u32 << count.min($lanes)) - 1) as $mask
            }
        }

        #[allow(clippy::undocumented_unsafe_blocks)] // said once, above the macro
        impl Vector for $vector {
            type Elem = $elem;
            type Mask = $mask;
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
                Self(unsafe { $maskload(Self::tail(count), from) })
            }
            #[inline(always)]
            unsafe fn store_partial(self, to: *mut $elem, count: usize) {
                unsafe { $maskstore(to, Self::tail(count), self.0) }
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
                Self(unsafe { $abs(self.0) })
            }
            #[inline(always)]
            fn round(self) -> Self {
                Self(unsafe { $roundscale::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
            }
            #[inline(always)]
            fn exp2_integral(self) -> Self {
                let biased = self.add(Self::splat($elem::EXPONENT_MAGIC));
                Self(unsafe { $from_int($shift_left::<$shift>($to_int(biased.0))) })
            }
            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                unsafe { $cmp::<_CMP_LT_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                unsafe { $cmp::<_CMP_LE_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn eq(self, other: Self) -> $mask {
                unsafe { $cmp::<_CMP_EQ_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn unordered(self, other: Self) -> $mask {
                unsafe { $cmp::<_CMP_UNORD_Q>(self.0, other.0) }
            }
            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                Self(unsafe { $blend(mask, no.0, yes.0) })
            }
            #[inline(always)]
            fn mask_and(a: $mask, b: $mask) -> $mask {
                a & b
            }
            #[inline(always)]
            fn mask_or(a: $mask, b: $mask) -> $mask {
                a | b
            }
            #[inline(always)]
            unsafe fn compress(self, mask: $mask, to: *mut $elem) -> usize {
                unsafe { $storeu(to, $compress(mask, self.0)) };
                mask.count_ones() as usize
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
            fn mask_bits(mask: $mask) -> u32 {
                u32::from(mask)
            }
            const PICKS: bool = true;
            #[inline(always)]
            fn to_indices(self) -> Self {
                // The sum's last bits are the number; `pick` looks at no others.
                self.add(Self::splat((1u64 << $shift) as $elem))
            }
            #[inline(always)]
            fn pick(self, first: Self, second: Self) -> Self {
                Self(unsafe { $pick(first.0, $to_int(self.0), second.0) })
            }
            #[inline(always)]
            unsafe fn load_quad(from: *const $elem) -> Self {
                Self(unsafe { $load_quad(from) })
            }
            $($own)*
        }
    };
}

avx512_vector!(
    F32x16,
    f32,
    __mmask16,
    16,
    23,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_maskz_loadu_ps,
    _mm512_mask_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    _mm512_sqrt_ps,
    _mm512_abs_ps,
    _mm512_roundscale_ps,
    _mm512_cmp_ps_mask,
    _mm512_mask_blend_ps,
    _mm512_castps_si512,
    _mm512_castsi512_ps,
    _mm512_slli_epi32,
    load_16_bytes,
    store_16_bytes,
    _mm512_maskz_compress_ps,
    _mm512_permutex2var_ps,
    load_4_floats,
    {
        #[inline(always)]
        fn quotient(self, other: Self) -> Self {
            quotient_16(self, other)
        }
        #[inline(always)]
        fn over_root(self, square: Self, epsilon: Self) -> Self {
            over_root_16(self, square, epsilon)
        }
        #[inline(always)]
        fn interleave(self, other: Self) -> (Self, Self) {
            let lower = unsafe { _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23) };
            let upper = unsafe { _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31) };
            [lower, upper].map(|lanes| Self(unsafe { _mm512_permutex2var_ps(self.0, lanes, other.0) })).into()
        }
    }
);
avx512_vector!(
    F64x8,
    f64,
    __mmask8,
    8,
    52,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_maskz_loadu_pd,
    _mm512_mask_storeu_pd,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _mm512_fmadd_pd,
    _mm512_fnmadd_pd,
    _mm512_min_pd,
    _mm512_max_pd,
    _mm512_sqrt_pd,
    _mm512_abs_pd,
    _mm512_roundscale_pd,
    _mm512_cmp_pd_mask,
    _mm512_mask_blend_pd,
    _mm512_castpd_si512,
    _mm512_castsi512_pd,
    _mm512_slli_epi64,
    load_8_bytes,
    store_8_bytes,
    _mm512_maskz_compress_pd,
    _mm512_permutex2var_pd,
    load_4_doubles,
    {
        #[inline(always)]
        fn interleave(self, other: Self) -> (Self, Self) {
            let lower = unsafe { _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11) };
            let upper = unsafe { _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15) };
            [lower, upper].map(|lanes| Self(unsafe { _mm512_permutex2var_pd(self.0, lanes, other.0) })).into()
        }
    }
);
