//! Recurrences over time: SimpleRNN, GRU and LSTM, forward and backward.
//!
//! The input projection is done before (`z = x @ w + b`, `(batch, steps, gates * units)`); what is left is `z_t + h @ u` and the gates.
//! Samples are independent, so a group of samples walks through all its steps on one thread; where there is only one group, the
//! products of a step are split over the threads instead. `u` is packed once a call. The gradient of `u` is one product over all steps at
//! the end, a tree whose leaves are samples.
//!
//! `go_backwards` walks from the last step to the first; results come in walking order, `z` and its gradient stay in the order of time. At
//! a masked step state and output stay what they were.

mod gru;
mod gru_gates;
mod lanes;
mod lstm;
mod lstm_gates;
#[cfg(test)]
mod naive;
mod simple_rnn;
#[cfg(test)]
mod tests;
mod walk;

pub use gru::{Gru, GruGradients, GruOutputs, gru, gru_grad};
pub use lstm::{Lstm, LstmGradients, LstmOutputs, lstm, lstm_grad};
pub use simple_rnn::{SimpleRnnGradients, SimpleRnnOutputs, simple_rnn, simple_rnn_grad};
pub use walk::{Recurrence, Walk};
