//! Normalisation of (rows x n) matrices, forward and backward.
//!
//! Batch: over the rows, one mean and variance a channel; one pass over memory for the statistics (`statistics.rs`), one for the result
//! with ReLU on top if asked for; backward one for the sums of gradients, one for the input's. Layer: over the n elements of each row, all passes while the
//! row is in cache. Both leave what backward needs: means and variances (batch) or 1 / deviations (layer).

mod affine;
mod batch;
mod layer;
#[cfg(test)]
mod naive;
mod statistics;
#[cfg(test)]
mod tests;

pub use affine::channel_affine;
pub use batch::{Settings, batch_norm, batch_norm_grad};
pub use layer::{LayerNorm, layer_norm, layer_norm_grad};
pub use statistics::batch_statistics;

use crate::error::{KernelError, Result};
use crate::memory::Buffer;

/// The gradients of a normalisation.
pub struct Gradients<T: crate::memory::Plain> {
    /// Of the input.
    pub dx: Buffer<T>,
    /// Of the scale.
    pub dgamma: Buffer<T>,
    /// Of the offset.
    pub dbeta: Buffer<T>,
}

/// Fails unless every named array, where there is one, has `len` elements.
fn check_lengths<T>(op: &'static str, len: usize, arrays: &[(&'static str, Option<&[T]>)]) -> Result<()> {
    let check = |&(name, array): &(&'static str, Option<&[T]>)| match array {
        Some(array) => KernelError::check_shape(op, name, &[len], &[array.len()]),
        None => Ok(()),
    };
    arrays.iter().try_for_each(check)
}
