//! Arrays of random numbers.

use super::{BATCH, Stream};
use crate::memory::Buffer;
use crate::parallel::{self, ELEMENTWISE_CHUNK};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch, math};

/// What numbers to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Uniform in [0, 1): multiples of 2^-24 (f32) or 2^-53 (f64).
    Uniform,
    /// Normal with mean 0 and deviation 1, by the transformation of Box and Muller.
    Normal,
}

/// Numbers that the words of one tile give: f64 takes two words each.
const fn numbers_per_tile<T>() -> usize {
    4 * BATCH * size_of::<u32>() / size_of::<T>()
}

/// A `samples` x `m` array of random numbers.
pub fn fill<T: Random>(samples: usize, m: usize, stream: Stream, distribution: Distribution) -> Buffer<T> {
    let mut out = Buffer::stale(samples * m);
    for_each_tile(&mut out, m, numbers_per_tile::<T>(), |row, first_tile, out| {
        dispatch(Tiles { stream, row, first_tile, distribution, out });
    });
    out
}

/// Cuts every row of `m` elements into runs of whole tiles and calls `task(row, number of its first tile, run)`.
pub(super) fn for_each_tile<T: Send>(
    out: &mut [T],
    m: usize,
    tile_len: usize,
    task: impl Fn(usize, usize, &mut [T]) + Sync,
) {
    let run = ELEMENTWISE_CHUNK / tile_len * tile_len;
    let (runs, rows) = (m.div_ceil(run), out.len().checked_div(m).unwrap_or(0));
    let shared = parallel::Shared::new(out);
    let grain = (ELEMENTWISE_CHUNK / m.max(1)).max(1);
    parallel::for_each(rows * runs, grain, |index| {
        let (row, start) = (index / runs, index % runs * run);
        // SAFETY: every run of every row is visited once.
        task(row, start / tile_len, unsafe { shared.slice(row * m + start, run.min(m - start)) });
    });
}

struct Tiles<'a, T> {
    stream: Stream,
    row: usize,
    first_tile: usize,
    distribution: Distribution,
    out: &'a mut [T],
}

impl<T: Random> Kernel for Tiles<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for (tile, out) in self.out.chunks_mut(numbers_per_tile::<T>()).enumerate() {
            let words = self.stream.tile(self.row, self.first_tile + tile);
            let mut numbers = [[T::ZERO; BATCH]; 4];
            match self.distribution {
                Distribution::Uniform => T::uniform(&words, &mut numbers),
                Distribution::Normal => {
                    T::uniform_pairs(&words, &mut numbers);
                    for pair in numbers[..numbers_per_tile::<T>() / BATCH].chunks_exact_mut(2) {
                        let [radius, angle] = pair else { unreachable!("pairs") };
                        box_muller::<T, S>(radius, angle);
                    }
                }
            }
            out.copy_from_slice(&numbers.as_flattened()[..out.len()]);
        }
    }
}

/// Replaces uniform numbers, those of `first` in (0, 1], by normal ones.
#[inline(always)]
fn box_muller<T: Element, S: Simd>(first: &mut [T; BATCH], second: &mut [T; BATCH]) {
    for start in (0..BATCH).step_by(T::Vector::<S>::LANES) {
        // SAFETY: the number of lanes divides BATCH.
        unsafe {
            let [u, v] = [&*first, &*second].map(|numbers| T::Vector::<S>::load(numbers.as_ptr().add(start)));
            let radius = math::ln(u).mul(T::Vector::<S>::splat(T::from_f64(-2.0))).sqrt();
            let (sin, cos) = math::sin_cos_turn(v);
            radius.mul(cos).store(first.as_mut_ptr().add(start));
            radius.mul(sin).store(second.as_mut_ptr().add(start));
        }
    }
}

/// How words become floating-point numbers.
pub trait Random: Element {
    /// Numbers in [0, 1), all bits random.
    fn uniform(words: &[[u32; BATCH]; 4], numbers: &mut [[Self; BATCH]; 4]);
    /// The same, but those of even rows lie in (0, 1] and reach closer to 0.
    fn uniform_pairs(words: &[[u32; BATCH]; 4], numbers: &mut [[Self; BATCH]; 4]);
}

impl Random for f32 {
    #[inline(always)]
    fn uniform(words: &[[u32; BATCH]; 4], numbers: &mut [[f32; BATCH]; 4]) {
        for (number, &word) in numbers.as_flattened_mut().iter_mut().zip(words.as_flattened()) {
            *number = (word >> 8) as f32 * 2f32.powi(-24);
        }
    }

    #[inline(always)]
    fn uniform_pairs(words: &[[u32; BATCH]; 4], numbers: &mut [[f32; BATCH]; 4]) {
        Self::uniform(words, numbers);
        for row in [0, 2] {
            for (number, &word) in numbers[row].iter_mut().zip(&words[row]) {
                *number = word as f32 * 2f32.powi(-32) + 2f32.powi(-33);
            }
        }
    }
}

impl Random for f64 {
    #[inline(always)]
    fn uniform(words: &[[u32; BATCH]; 4], numbers: &mut [[f64; BATCH]; 4]) {
        for (pair, numbers) in words.chunks_exact(2).zip(numbers) {
            for (number, (&high, &low)) in numbers.iter_mut().zip(pair[0].iter().zip(&pair[1])) {
                let bits = u64::from(high >> 5) << 26 | u64::from(low >> 6);
                *number = bits as f64 * 2f64.powi(-53);
            }
        }
    }

    #[inline(always)]
    fn uniform_pairs(words: &[[u32; BATCH]; 4], numbers: &mut [[f64; BATCH]; 4]) {
        Self::uniform(words, numbers);
        numbers[0].iter_mut().for_each(|number| *number += 2f64.powi(-54));
    }
}
