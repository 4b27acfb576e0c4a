//! The one-dimensional transforms of F(4, 3) and their adjoints, on vectors of channels.
//!
//! Interpolation points are 0, ±1/√2, ±√2 and infinity: as cheap as the usual 0, ±1, ±2 and infinity, with half the error, because
//! the matrices' entries stay closer to 1. With p the points and n the outputs:
//! - kernel (3 -> 6): the polynomial's values at the points, scaled by the Lagrange denominators
//! - input (6 -> 6): the transposed interpolation matrix
//! - output (6 -> 4): row n has the points to the power of n

use super::{INPUT, OUTPUT, TAPS};
use crate::simd::{Element, Vector};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// A transform of A numbers to B. A type and not a function value: calling one through `Fn` would leave the instruction set.
pub trait Transform<const A: usize, const B: usize> {
    /// Transforms a line of vectors. Must be `#[inline(always)]`.
    fn line<V: Vector>(x: [V; A]) -> [V; B];
}

#[inline(always)]
fn constant<V: Vector>(value: f64) -> V {
    V::splat(V::Elem::from_f64(value))
}

/// a + b and a - b.
#[inline(always)]
fn butterfly<V: Vector>(a: V, b: V) -> (V, V) {
    (a.add(b), a.sub(b))
}

/// base + factor * x and base - factor * x.
#[inline(always)]
fn scaled_butterfly<V: Vector>(base: V, factor: f64, x: V) -> (V, V) {
    let factor = constant::<V>(factor);
    (factor.mul_add(x, base), factor.neg_mul_add(x, base))
}

/// Six inputs of a tile to six frequencies.
pub struct Input;

impl Transform<INPUT, INPUT> for Input {
    #[inline(always)]
    fn line<V: Vector>(x: [V; INPUT]) -> [V; INPUT] {
        let (two, half, mid) = (constant::<V>(2.0), constant::<V>(0.5), constant::<V>(2.5));
        let (f1, f2) = scaled_butterfly(two.neg_mul_add(x[2], x[4]), FRAC_1_SQRT_2, two.neg_mul_add(x[1], x[3]));
        let (f3, f4) = scaled_butterfly(half.neg_mul_add(x[2], x[4]), SQRT_2, half.neg_mul_add(x[1], x[3]));
        let f0 = x[0].add(mid.neg_mul_add(x[2], x[4]));
        let f5 = x[1].add(mid.neg_mul_add(x[3], x[5]));
        [f0, f1, f2, f3, f4, f5]
    }
}

/// The adjoint of `Input`: gradients of six frequencies to gradients of six inputs.
pub struct InputAdjoint;

impl Transform<INPUT, INPUT> for InputAdjoint {
    #[inline(always)]
    fn line<V: Vector>(f: [V; INPUT]) -> [V; INPUT] {
        let ((s1, d1), (s2, d2)) = (butterfly(f[1], f[2]), butterfly(f[3], f[4]));
        let (two, mid) = (constant::<V>(2.0), constant::<V>(2.5));
        let (near, far) = (constant::<V>(FRAC_1_SQRT_2), constant::<V>(SQRT_2));
        let half = constant::<V>(-0.5);
        let x1 = far.neg_mul_add(d1, near.neg_mul_add(d2, f[5]));
        let x2 = mid.neg_mul_add(f[0], two.neg_mul_add(s1, half.mul(s2)));
        let x3 = mid.neg_mul_add(f[5], far.mul_add(d2, near.mul(d1)));
        let x4 = f[0].add(s1).add(s2);
        [f[0], x1, x2, x3, x4, f[5]]
    }
}

/// Six frequencies to four outputs.
pub struct Output;

impl Transform<INPUT, OUTPUT> for Output {
    #[inline(always)]
    fn line<V: Vector>(f: [V; INPUT]) -> [V; OUTPUT] {
        let ((s1, d1), (s2, d2)) = (butterfly(f[1], f[2]), butterfly(f[3], f[4]));
        let (near, far) = (constant::<V>(FRAC_1_SQRT_2), constant::<V>(SQRT_2));
        let (half, two) = (constant::<V>(0.5), constant::<V>(2.0));
        let y0 = f[0].add(s1).add(s2);
        let y1 = far.mul_add(d2, near.mul(d1));
        let y2 = two.mul_add(s2, half.mul(s1));
        let (near, far) = (constant::<V>(0.5 * FRAC_1_SQRT_2), constant::<V>(2.0 * SQRT_2));
        let y3 = far.mul_add(d2, near.mul_add(d1, f[5]));
        [y0, y1, y2, y3]
    }
}

/// The adjoint of `Output`: gradients of four outputs to gradients of six frequencies.
pub struct OutputAdjoint;

impl Transform<OUTPUT, INPUT> for OutputAdjoint {
    #[inline(always)]
    fn line<V: Vector>(y: [V; OUTPUT]) -> [V; INPUT] {
        let (half, two) = (constant::<V>(0.5), constant::<V>(2.0));
        let (f1, f2) = scaled_butterfly(half.mul_add(y[2], y[0]), FRAC_1_SQRT_2, half.mul_add(y[3], y[1]));
        let (f3, f4) = scaled_butterfly(two.mul_add(y[2], y[0]), SQRT_2, two.mul_add(y[3], y[1]));
        [y[0], f1, f2, f3, f4, y[3]]
    }
}

/// Three taps to six frequencies.
pub struct Kernel;

impl Transform<TAPS, INPUT> for Kernel {
    #[inline(always)]
    fn line<V: Vector>(w: [V; TAPS]) -> [V; INPUT] {
        let even = constant::<V>(-1.0 / 3.0).mul_add(w[2], constant::<V>(-2.0 / 3.0).mul(w[0]));
        let (f1, f2) = scaled_butterfly(even, -2.0 / 3.0 * FRAC_1_SQRT_2, w[1]);
        let even = constant::<V>(1.0 / 3.0).mul_add(w[2], constant::<V>(1.0 / 6.0).mul(w[0]));
        let (f3, f4) = scaled_butterfly(even, SQRT_2 / 6.0, w[1]);
        [w[0], f1, f2, f3, f4, w[2]]
    }
}

/// The adjoint of `Kernel`: gradients of six frequencies to gradients of three taps.
pub struct KernelAdjoint;

impl Transform<INPUT, TAPS> for KernelAdjoint {
    #[inline(always)]
    fn line<V: Vector>(f: [V; INPUT]) -> [V; TAPS] {
        let ((s1, d1), (s2, d2)) = (butterfly(f[1], f[2]), butterfly(f[3], f[4]));
        let w0 = constant::<V>(1.0 / 6.0).mul_add(s2, constant::<V>(-2.0 / 3.0).mul_add(s1, f[0]));
        let w1 = constant::<V>(SQRT_2 / 6.0).mul_add(d2, constant::<V>(-2.0 / 3.0 * FRAC_1_SQRT_2).mul(d1));
        let w2 = constant::<V>(1.0 / 3.0).mul_add(s2, constant::<V>(-1.0 / 3.0).mul_add(s1, f[5]));
        [w0, w1, w2]
    }
}

/// A square of vectors that is read a column at a time.
pub trait Columns<V, const A: usize> {
    /// One column. Must be `#[inline(always)]`.
    fn column(&self, j: usize) -> [V; A];
}

/// A square of vectors that is written a row at a time.
pub trait Rows<V, const B: usize> {
    /// Takes one row. Must be `#[inline(always)]`.
    fn put(&mut self, i: usize, row: [V; B]);
}

impl<V: Vector, const A: usize> Columns<V, A> for [[V; A]; A] {
    #[inline(always)]
    fn column(&self, j: usize) -> [V; A] {
        let mut column = [V::zero(); A];
        for i in 0..A {
            column[i] = self[i][j];
        }
        column
    }
}

impl<V, const B: usize> Rows<V, B> for [[V; B]; B] {
    #[inline(always)]
    fn put(&mut self, i: usize, row: [V; B]) {
        self[i] = row;
    }
}

/// A transform along the columns and the rows of a square. A square of 36 vectors does not fit the registers: columns are read as they are
/// needed and rows are written as they are done, so that only what lies between goes through memory once more.
#[inline(always)]
pub fn both_ways<T: Transform<A, B>, V: Vector, const A: usize, const B: usize>(
    from: &impl Columns<V, A>,
    to: &mut impl Rows<V, B>,
) {
    let mut half = [[V::zero(); A]; B];
    for column in 0..A {
        let values = T::line(from.column(column));
        for row in 0..B {
            half[row][column] = values[row];
        }
    }
    for row in 0..B {
        to.put(row, T::line(half[row]));
    }
}
