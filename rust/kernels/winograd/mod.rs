//! Winograd's minimal filtering F(4 x 4, 3 x 3): convolutions of 3 x 3 taps, stride 1, with 2.25 multiplications an output instead
//! of 9 (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015; points: see `transforms`).
//!
//! A frame is cut into tiles of 4 x 4 outputs, which see 6 x 6 inputs. With all of them in the frequency domain, the convolution is
//! one product for each of the 36 frequencies:
//! - forward (`forward.rs`): (tiles x cin) @ (cin x cout)
//! - input gradient (`backward.rs`), the exact adjoint: (tiles x cout) @ (cout x cin)
//! - kernel gradient: (cin x tiles) @ (tiles x cout), tiles of a few frames in a leaf of a fixed tree
//!
//! Tiles are taken in blocks across frames, so that small frames do not read the kernel again and again; a block's values stay in the
//! second-level cache. Who uses it decides what becomes of the outputs (`Outputs`) and where gradients come from (`Gradients`).
//!
//! With few channels transforms of single pixels do not pay: `vertical` applies F(4, 3) along one axis only.
//!
//! The price is rounding: about twice the direct algorithm's error, so it is for float32 in `fast` mode only.

mod backward;
mod cache;
mod forward;
mod products;
#[cfg(test)]
mod tests;
mod tiling;
mod transforms;
pub mod vertical;
mod weights;

pub use backward::{Gradients, backward};
pub use cache::{clear, transformed};
pub use forward::{Channels, Outputs, Patch, forward};
pub use tiling::{Place, Tiling};
pub use weights::Frequencies;

use crate::geometry::{ConvGeometry, Window};
use crate::parallel::threads;

/// Outputs of a tile along an axis.
pub const OUTPUT: usize = 4;
/// Inputs that a tile sees along an axis.
const INPUT: usize = 6;
/// Taps of the kernel along an axis.
const TAPS: usize = 3;
/// Products of a tile.
const FREQUENCIES: usize = INPUT * INPUT;

/// Elements that a block's values before and after the products may have: they share the second-level cache with the kernel.
const BLOCK_ELEMENTS: usize = 256 << 10;
/// A block has at most so many tiles, more gain nothing; fewer re-read the kernel too often.
const MOST_TILES: usize = 30;
const LEAST_TILES: usize = 12;

/// Whether the algorithm computes this convolution at all.
pub fn applies(g: &ConvGeometry) -> bool {
    let axis = |w: &Window| w.kernel == TAPS && w.stride == 1 && w.dilation == 1 && w.output > 0;
    axis(&g.rows) && axis(&g.cols) && g.groups == 1 && g.cin > 0 && g.cout > 0
}

/// Tiles of a block: as many as fit, or fewer, so that all threads get about the same number. Results do not depend on it.
fn tiles_per_block(tiles: usize, before: usize, after: usize) -> usize {
    let fitting = (BLOCK_ELEMENTS / (FREQUENCIES * (before + after))).clamp(LEAST_TILES, MOST_TILES);
    let blocks = tiles.div_ceil(threads() * fitting).max(1) * threads();
    tiles.div_ceil(blocks).clamp(LEAST_TILES, fitting)
}
