//! How much rounding kernels may trade for speed.

use crate::simd::Element;
use std::sync::atomic::{AtomicBool, Ordering};

/// The choice, for the whole process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Sums of products only.
    Exact,
    /// Algorithms with fewer multiplications and about twice the rounding error, in single precision.
    Fast,
}

static EXACT: AtomicBool = AtomicBool::new(false);

/// The precision that kernels work in.
pub fn precision() -> Precision {
    if EXACT.load(Ordering::Relaxed) { Precision::Exact } else { Precision::Fast }
}

/// Chooses it.
pub fn set_precision(precision: Precision) {
    EXACT.store(precision == Precision::Exact, Ordering::Relaxed);
}

/// Whether numbers of type T may be rounded more than a sum of products is.
pub(crate) fn may_round<T: Element>() -> bool {
    size_of::<T>() == size_of::<f32>() && precision() == Precision::Fast
}
