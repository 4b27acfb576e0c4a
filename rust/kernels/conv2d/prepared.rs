//! A kernel as its algorithm reads it: made once, used for any number of frames.

use super::choice::Algorithm;
use super::correlate::PackedWeights;
use super::forward::{pack, taps};
use super::plane::Plane;
use crate::geometry::ConvGeometry;
use crate::kernels::winograd::{self, Frequencies, vertical};
use crate::simd::Element;
use std::sync::Arc;

/// The kernel of one algorithm.
pub enum Prepared<T: Element> {
    /// In blocks as wide as a register tile.
    Direct(PackedWeights<T>),
    /// In the frequency domain.
    Winograd(Arc<Frequencies<T>>),
    /// Its columns in the frequency domain.
    Vertical(vertical::Weights<T>),
}

impl<T: Element> Prepared<T> {
    /// Prepares a kernel.
    pub fn new(algorithm: Algorithm, g: &ConvGeometry, kernel: &[T]) -> Self {
        match algorithm {
            Algorithm::Direct => Self::Direct(pack(g, &taps(g, &Plane::of_input(g)), kernel)),
            Algorithm::Winograd => Self::Winograd(winograd::transformed(kernel, g.cin, g.cout)),
            Algorithm::Vertical => Self::Vertical(vertical::Weights::new(kernel, g.cin, g.cout)),
        }
    }
}
