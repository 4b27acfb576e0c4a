//! The mathematics: one folder an operation. In each, `mod.rs` says which algorithms there are and when each wins, `naive.rs`
//! is the oracle that `tests.rs` holds every path against, on every instruction set.

pub mod activate;
