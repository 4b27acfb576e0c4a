//! Pooling of channels-last frames. Channels are pooled one by one, so vectors run along them; tasks are rows of the output
//! (forward) or whole frames (backward, where windows may overlap).

mod average;
mod global;
mod max;
#[cfg(test)]
pub mod naive;
#[cfg(test)]
mod tests;

pub use average::{average_pool2d, average_pool2d_grad};
pub use global::{global_average_pool2d, global_average_pool2d_grad, global_max_pool2d, global_max_pool2d_grad};
pub(super) use max::take_first_maximum;
pub use max::{Position, max_pool2d, max_pool2d_grad};

/// Rows, or frames, that a thread takes at a time: about this many elements.
const TASK_ELEMENTS: usize = 32 << 10;
