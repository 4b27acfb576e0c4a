//! The oracle: one block at a time, straight from the definition of the counter.

use super::Stream;
use super::philox::philox;

/// Word number `position` of a row, in the order of tiles: 16 blocks, by word first.
pub fn word(stream: Stream, row: usize, position: usize) -> u32 {
    let (tile, place) = (position / 64, position % 64);
    let block = (tile * 16 + place % 16) as u32;
    let counter = [block, stream.first_sample + row as u32, stream.step, stream.stream];
    let key = [stream.seed as u32, (stream.seed >> 32) as u32];
    philox(&counter.map(|word| [word]), key)[place / 16][0]
}

/// The two words that number `position` of a row of f64 is made of.
pub fn two_words(stream: Stream, row: usize, position: usize) -> [u32; 2] {
    let (tile, place) = (position / 32, position % 32);
    let first = tile * 64 + place / 16 * 32 + place % 16;
    [word(stream, row, first), word(stream, row, first + 16)]
}
