//! What a kernel says when its arguments make no sense. Mapped once to Python's classes in `bindings::support`.

use thiserror::Error;

/// Which operation refuses which argument, what was expected, what came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{op}: {argument} must be {expected}, but got {got}.")]
pub struct Refusal {
    op: &'static str,
    argument: &'static str,
    expected: String,
    got: String,
}

/// A refusal, by what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KernelError {
    /// An array has the wrong rank, shape or length.
    #[error("{0}")]
    Shape(Refusal),
    /// An array has the wrong element type or memory order.
    #[error("{0}")]
    DType(Refusal),
    /// A number or name is out of range.
    #[error("{0}")]
    Argument(Refusal),
}

/// What fallible kernels return.
pub type Result<T> = std::result::Result<T, KernelError>;

impl KernelError {
    /// A `Shape` refusal.
    pub fn shape(
        op: &'static str,
        argument: &'static str,
        expected: impl Into<String>,
        got: impl std::fmt::Debug,
    ) -> Self {
        Self::Shape(Refusal { op, argument, expected: expected.into(), got: format!("{got:?}") })
    }

    /// A `DType` refusal.
    pub fn dtype(
        op: &'static str,
        argument: &'static str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::DType(Refusal { op, argument, expected: expected.into(), got: got.into() })
    }

    /// An `Argument` refusal.
    pub fn argument(
        op: &'static str,
        argument: &'static str,
        expected: impl Into<String>,
        got: impl std::fmt::Debug,
    ) -> Self {
        Self::Argument(Refusal { op, argument, expected: expected.into(), got: format!("{got:?}") })
    }

    /// Fails with a `Shape` refusal unless `got` equals `expected`.
    pub fn check_shape(op: &'static str, argument: &'static str, expected: &[usize], got: &[usize]) -> Result<()> {
        if expected == got {
            return Ok(());
        }
        Err(Self::shape(op, argument, format!("of shape {expected:?}"), got))
    }
}
