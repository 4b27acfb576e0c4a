//! Which algorithm computes a convolution. All of them give the same result but for rounding.
//!
//! | shape | algorithm | why (measured: `docs/kernel-notes.md`) |
//! | --- | --- | --- |
//! | 3 x 3, stride 1, from 16 channels in and out, float32 in `fast` mode | Winograd | forward 2.6 to 3 times as fast as the direct one, gradients up to 3 times |
//! | the same with fewer channels | direct | transforms cost more than the multiplications they save |
//! | the same with outputs that fill less than 5/8 of the tiles | direct | the rest of a tile is computed for nothing |
//! | everything else | direct | nothing to save; 85 to 100 % of the processor's peak from 16 channels up |

use crate::geometry::ConvGeometry;
use crate::kernels::precision::may_round;
use crate::kernels::winograd::{self, OUTPUT};
use crate::simd::Element;

/// The algorithms of this folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Implicit GEMM.
    Direct,
    /// Fewer multiplications, more rounding.
    Winograd,
}

/// Channels from which transforms pay.
const LEAST_CHANNELS: usize = 16;

/// The choice for a convolution, the same whether pooling follows or not.
pub fn choose<T: Element>(g: &ConvGeometry) -> Algorithm {
    let (rows, cols) = (g.rows.output, g.cols.output);
    let filled = 8 * rows * cols >= 5 * rows.next_multiple_of(OUTPUT) * cols.next_multiple_of(OUTPUT);
    let many = g.cin.min(g.cout) >= LEAST_CHANNELS;
    if may_round::<T>() && winograd::applies(g) && many && filled { Algorithm::Winograd } else { Algorithm::Direct }
}
