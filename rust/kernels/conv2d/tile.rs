//! The register tile: the innermost loop of every convolution here, forward and backward.

use crate::simd::{Element, Simd, Vector, prefetch_first};

/// Steps that are written out one after the other, so that the end of a short sum is foreseen.
const UNROLLED: usize = 4;

/// acc[i][j] + the sum over t < len of a[i][t * a_step] * b[t * b_step + j * LANES ..].
///
/// # Safety
/// Every element named above can be read.
#[inline(always)]
pub unsafe fn accumulate<V: Vector, const P: usize, const N: usize>(
    mut acc: [[V; N]; P],
    a: [*const V::Elem; P],
    a_step: usize,
    b: *const V::Elem,
    b_step: usize,
    len: usize,
) -> [[V; N]; P] {
    let mut t = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while t + UNROLLED <= len {
            for u in 0..UNROLLED {
                step(&mut acc, a, (t + u) * a_step, b.add((t + u) * b_step));
            }
            t += UNROLLED;
        }
        while t < len {
            step(&mut acc, a, t * a_step, b.add(t * b_step));
            t += 1;
        }
    }
    acc
}

/// acc[i][j] + a[i][offset] * b[j * LANES ..].
///
/// # Safety
/// As for `accumulate`.
#[inline(always)]
unsafe fn step<V: Vector, const P: usize, const N: usize>(
    acc: &mut [[V; N]; P],
    a: [*const V::Elem; P],
    offset: usize,
    b: *const V::Elem,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let vectors: [V; N] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
        for i in 0..P {
            let value = V::splat(*a[i].add(offset));
            for j in 0..N {
                acc[i][j] = value.mul_add(vectors[j], acc[i][j]);
            }
        }
    }
}

/// Vectors that are needed next, to be called into the first-level cache; they need not exist.
#[derive(Clone, Copy)]
pub struct NextVectors<T> {
    pub first: *const T,
    pub count: usize,
    /// Vectors that lie next to each other, and elements to the next such row.
    pub in_a_row: usize,
    pub row: usize,
}

/// `accumulate`, which meanwhile calls ahead, a vector a step.
///
/// # Safety
/// As for `accumulate`.
#[inline(always)]
pub unsafe fn accumulate_ahead<V: Vector, const P: usize, const N: usize>(
    mut acc: [[V; N]; P],
    mut a: [*const V::Elem; P],
    a_step: usize,
    b: *const V::Elem,
    b_step: usize,
    len: usize,
    next: NextVectors<V::Elem>,
) -> [[V; N]; P] {
    let calls = len.min(next.count);
    // SAFETY: the caller's promise.
    unsafe {
        for t in 0..calls {
            let (row, vector) = (t / next.in_a_row, t % next.in_a_row);
            prefetch_first(next.first.wrapping_add(row * next.row + vector * V::LANES));
            step(&mut acc, a, 0, b.add(t * b_step));
            for i in 0..P {
                a[i] = a[i].wrapping_add(a_step);
            }
        }
        accumulate(acc, a, a_step, b.wrapping_add(calls * b_step), b_step, len - calls)
    }
}

/// How many vectors of output channels a tile is wide, for `channels` of them: as few padded vectors as possible, and wide
/// tiles before narrow ones (they load less for each multiplication).
#[inline(always)]
pub fn tile_vectors<T: Element, S: Simd>(channels: usize) -> usize {
    let vectors = channels.div_ceil(T::Vector::<S>::LANES);
    match vectors {
        0 | 1 => 1,
        _ if S::REGISTERS < 32 => 2,
        _ if vectors.next_multiple_of(4) <= vectors.next_multiple_of(2) => 4,
        _ => 2,
    }
}

/// Evaluates a call with the constants P (rows of the tile) and N (vectors) that fill the registers of S.
macro_rules! with_tile {
    ($S:ident, $vectors:expr, $function:ident :: <$V:ty>($($argument:expr),* $(,)?)) => {
        match $vectors {
            4 if $S::REGISTERS >= 32 => $function::<$V, 6, 4>($($argument),*),
            2 if $S::REGISTERS >= 32 => $function::<$V, 9, 2>($($argument),*),
            2 => $function::<$V, 6, 2>($($argument),*),
            _ => $function::<$V, 8, 1>($($argument),*),
        }
    };
}
pub(crate) use with_tile;
