//! Which algorithm computes a convolution. All of them give the same result but for rounding.
//!
//! | shape | algorithm | why (measured: `docs/kernel-notes.md`) |
//! | --- | --- | --- |
//! | 3 x 3, stride 1, from 16 channels in and out, float32 in `fast` mode | Winograd | forward 2.6 to 3 times as fast as the direct one, gradients up to 3 times |
//! | the same with outputs that fill less than 5/8 of the tiles | direct | the rest of a tile is computed for nothing |
//! | the same with fewer channels in or out | Winograd down the columns | first layer of the reference network: forward 1.4, gradient 1.5 times as fast as the direct one |
//! | the same with outputs that fill less than 3/4 of the strips | direct | the rest of a strip is computed for nothing |
//! | everything else | direct | nothing to save; 85 to 100 % of the processor's peak from 16 channels up |

use crate::geometry::ConvGeometry;
use crate::kernels::precision::may_round;
use crate::kernels::winograd::{self, OUTPUT, vertical};
use crate::simd::Element;

/// The algorithms of this folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Implicit GEMM.
    Direct,
    /// Fewer multiplications, more rounding.
    Winograd,
    /// Fewer multiplications along one axis. The input's gradient is the direct algorithm's.
    Vertical,
}

/// Channels from which transforms of pixels pay.
const LEAST_CHANNELS: usize = 16;

/// The choice for a convolution, the same whether pooling follows or not.
pub fn choose<T: Element>(g: &ConvGeometry) -> Algorithm {
    if !may_round::<T>() || !winograd::applies(g) {
        return Algorithm::Direct;
    }
    let (rows, cols) = (g.rows.output, g.cols.output);
    let (strips, tiles) = (rows.next_multiple_of(OUTPUT), cols.next_multiple_of(OUTPUT));
    match g.cin.min(g.cout) >= LEAST_CHANNELS {
        true if 8 * rows * cols >= 5 * strips * tiles => Algorithm::Winograd,
        false if 4 * rows >= 3 * strips && cols >= vertical::COLUMNS => Algorithm::Vertical,
        _ => Algorithm::Direct,
    }
}
