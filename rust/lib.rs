//! Kernels of Kinema: train and run video models on ordinary CPUs.
//!
//! `kernels` holds the mathematics, one folder an operation, each with a naive oracle. It stands on `simd` (one vector trait,
//! one shell per instruction set), `parallel` (the only place that splits work), `memory` (recycled buffers) and `geometry`
//! (the only window arithmetic). `bindings` shows the kernels to Python and holds nothing else.

mod denormals;
pub mod error;
pub mod geometry;
pub mod kernels;
pub mod memory;
pub mod parallel;
mod pool;
pub mod simd;
#[cfg(test)]
mod testing;

#[cfg(feature = "python")]
mod bindings;
