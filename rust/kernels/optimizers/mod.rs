//! Updates of weights in place, with Keras's formulas and order of operations, one pass over memory each. Element by element, so
//! the bits depend on nothing but the operands; written as plain loops that the compiler turns into vectors.
//!
//! An [`UpdateRule`] says what happens to some neighbouring weights. [`update`] applies one to a whole array; a product that computes
//! a gradient (`gemm::multiply_and_update`) applies it to block after block, and the gradient is never written to memory.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod ftrl;
mod in_place;
mod lion;
mod nadam;
#[cfg(test)]
mod naive;
mod rmsprop;
mod rule;
mod sgd;
#[cfg(test)]
mod tests;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use ftrl::Ftrl;
pub use in_place::{move_average, sum_of_squares, weight_decay};
pub use lion::Lion;
pub use nadam::Nadam;
pub use rmsprop::RmsProp;
pub use rule::{SLOTS, UpdateRule, Weights, update};
pub use sgd::{Momentum, Sgd};
