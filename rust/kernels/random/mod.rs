//! Random numbers without state. Every number is a function of (seed, stream, step, sample, position in the sample), hashed by
//! Philox4x32-10: neither the number of threads, nor the size of a batch, nor the order of calls changes it.
//!
//! Key: the seed. Counter: (block, sample, step, stream). The positions of a sample are cut into tiles; the 16 blocks of a tile
//! give 64 words, ordered by word first (word 0 of the 16 blocks, then word 1 of them, ...), so that vectors are stored whole.

mod dropout;
mod fill;
#[cfg(test)]
mod naive;
mod philox;
#[cfg(test)]
mod tests;

pub use dropout::dropout;
pub use fill::{Distribution, Random, fill};

use philox::{BATCH, philox};

/// Which random numbers: those of one use (a layer's dropout, an initialiser) in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The seed of the whole program.
    pub seed: u64,
    /// The consumer of the numbers.
    pub stream: u32,
    /// The training step.
    pub step: u32,
    /// The sample that row 0 of the array is.
    pub first_sample: u32,
}

/// Words that one tile gives.
const TILE: usize = 4 * BATCH;

impl Stream {
    /// The words of one tile of one row.
    #[inline(always)]
    fn tile(self, row: usize, tile: usize) -> [[u32; BATCH]; 4] {
        let first_block = (tile * BATCH) as u32;
        let blocks = std::array::from_fn(|i| first_block + i as u32);
        let sample = self.first_sample.wrapping_add(row as u32);
        let counters = [blocks, [sample; BATCH], [self.step; BATCH], [self.stream; BATCH]];
        philox(&counters, [self.seed as u32, (self.seed >> 32) as u32])
    }
}
