use super::constants::Constants;
use super::vector::{Simd, Vector};
use crate::memory::Plain;
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A floating-point type that kernels compute in: f32 or f64.
pub trait Element:
    Plain
    + Constants
    + Debug
    + Display
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// The vector of this element in an instruction set.
    type Vector<S: Simd>: Vector<Elem = Self>;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Negative infinity.
    const NEG_INFINITY: Self;
    /// Adding this puts a small integral number plus the exponent bias into the low bits.
    const EXPONENT_MAGIC: Self;
    /// Rounds to this type.
    fn from_f64(value: f64) -> Self;
    /// Widens.
    fn to_f64(self) -> f64;
    /// Carries an index in the bits of a number, through moves that keep them.
    fn from_index(index: u32) -> Self;
    /// The index that `from_index` hid.
    fn to_index(self) -> u32;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Nearest integral value, ties to even.
    fn round_ties_even(self) -> Self;
    /// Whether it is not a number.
    fn is_nan(self) -> bool;
    /// 2 to the power of self, for an integral self in the range of normal exponents.
    fn exp2_integral(self) -> Self;
    /// The exponent of a positive normal number: the largest integral n with 2^n <= self.
    fn exponent(self) -> Self;
    /// A positive normal number divided by 2 to the power of its exponent: 1 <= mantissa < 2.
    fn mantissa(self) -> Self;
}

macro_rules! element {
    ($t:ident, $member:ident, $mantissa_bits:expr, $bias:expr) => {
        impl Element for $t {
            type Vector<S: Simd> = S::$member;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const EXPONENT_MAGIC: Self = (3u64 << ($mantissa_bits - 1)) as $t + $bias as $t;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_index(index: u32) -> Self {
                $t::from_bits(index.into())
            }
            #[inline(always)]
            fn to_index(self) -> u32 {
                self.to_bits() as u32
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn round_ties_even(self) -> Self {
                self.round_ties_even()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn exp2_integral(self) -> Self {
                $t::from_bits((self + Self::EXPONENT_MAGIC).to_bits() << $mantissa_bits)
            }
            #[inline(always)]
            fn exponent(self) -> Self {
                ((self.to_bits() >> $mantissa_bits) as i32 - $bias) as $t
            }
            #[inline(always)]
            fn mantissa(self) -> Self {
                $t::from_bits(self.to_bits() & ((1 << $mantissa_bits) - 1) | (1.0 as $t).to_bits())
            }
        }
    };
}

element!(f32, F32, 23, 127);
element!(f64, F64, 52, 1023);
