//! The mathematics: one folder an operation. In each, `mod.rs` says which algorithms there are and when each wins, `naive.rs`
//! is the oracle that `tests.rs` holds every path against, on every instruction set.

pub mod activate;
pub mod audio;
pub mod column_sums;
pub mod conv2d;
pub mod conv2d_chain;
pub mod conv2d_pool;
mod epilogue;
pub mod frames;
pub mod gemm;
pub mod image;
pub mod normalization;
pub mod optimizers;
pub mod pool2d;
pub mod precision;
pub mod random;
pub mod recurrent;
pub mod rows;
pub mod softmax;
mod winograd;

/// Forgets what was derived from weights.
pub fn clear() {
    winograd::clear();
}
