//! Rows of a matrix: picking some (`take_rows`, k x m out of n x m) and adding rows back to where they were picked
//! (`scatter_add_rows`, its gradient). Copies and sums only, bound by memory; a row of the result is one task's own, so sums
//! keep the order of the index.

mod gather;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

pub use gather::{scatter_add_rows, take_rows};
