//! Updates of weights in place, with Keras's formulas and order of operations, one pass over memory each. Element by element, so
//! the bits depend on nothing but the operands; written as plain loops that the compiler turns into vectors.

mod adam;
mod in_place;
#[cfg(test)]
mod naive;
mod rmsprop;
mod sgd;
#[cfg(test)]
mod tests;

pub use adam::{Adam, adam_update};
pub use in_place::{clip_in_place, scale_in_place, sum_of_squares, weight_decay};
pub use rmsprop::{RmsProp, rmsprop_update};
pub use sgd::{Momentum, momentum_update, sgd_update};

use crate::error::{KernelError, Result};
use crate::parallel::{self, ELEMENTWISE_CHUNK, Shared};

/// Calls `task(chunks, chunk of g)` for matching chunks of all arrays; empty arrays stay empty.
fn for_each_chunk<T: Send + Sync, const N: usize>(
    arrays: [&mut [T]; N],
    g: &[T],
    task: impl Fn([&mut [T]; N], &[T]) + Sync,
) {
    let arrays = arrays.map(|array| (array.is_empty(), Shared::new(array)));
    parallel::for_each(g.len().div_ceil(ELEMENTWISE_CHUNK), 1, |index| {
        let start = index * ELEMENTWISE_CHUNK;
        let len = ELEMENTWISE_CHUNK.min(g.len() - start);
        let chunks = arrays.each_ref().map(|(empty, array)| {
            // SAFETY: chunks of different indices do not overlap, and every index is visited once.
            if *empty { &mut [] } else { unsafe { array.slice(start, len) } }
        });
        task(chunks, &g[start..start + len]);
    });
}

/// Fails unless every named array has as many elements as the weights.
fn check_lengths<T>(op: &'static str, w: &[T], arrays: &[(&'static str, Option<&[T]>)]) -> Result<()> {
    let check = |&(name, array): &(&'static str, Option<&[T]>)| match array {
        Some(array) => KernelError::check_shape(op, name, &[w.len()], &[array.len()]),
        None => Ok(()),
    };
    arrays.iter().try_for_each(check)
}
