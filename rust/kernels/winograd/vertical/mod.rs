//! F(4, 3) down the columns only, for few channels in, as in the first layer of a network: transforms of single pixels would cost more
//! than they save there, while whole rows are transformed element by element.
//!
//! A strip is four rows of outputs. It sees six rows of inputs, and with their six frequencies each output column is six sums over
//! the three columns and all channels of its window: half of the direct algorithm's multiplications.
//! - forward (`forward.rs`): the sums of two columns, and the outputs that they turn into, stay in registers
//! - kernel gradient (`kernel_grad.rs`), the exact adjoint: gradients of a strip turn into six panels in the cache
//!
//! The gradient of the input, which a first layer does not need, is the direct algorithm's.

mod forward;
mod kernel_grad;
#[cfg(test)]
mod tests;
mod weights;

pub use forward::forward;
pub use kernel_grad::gradients;
pub use weights::Weights;

use super::transforms::{Input, Transform};
use super::{INPUT, OUTPUT, TAPS};
use crate::geometry::ConvGeometry;
use crate::kernels::conv2d::plane::Plane;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Output columns that are computed together: one window of a pooling layer.
pub const COLUMNS: usize = 2;

/// The strips of all frames.
#[derive(Debug, Clone, Copy)]
pub struct Strips {
    conv: ConvGeometry,
    /// Rows and columns of the output that are wanted: pooling may leave out the last ones.
    outputs: (usize, usize),
    plane: Plane,
}

impl Strips {
    /// Strips for the first `outputs` rows and columns of a convolution's output.
    pub fn new(conv: ConvGeometry, outputs: (usize, usize)) -> Self {
        Self { conv, outputs, plane: Plane::of_input(&conv) }
    }

    fn per_frame(&self) -> usize {
        self.outputs.0.div_ceil(OUTPUT)
    }

    /// Products that make up a sum: elements of the plane that follow each other.
    fn products(&self) -> usize {
        TAPS * self.conv.cin
    }

    /// Room for `transform`.
    fn lines<T: Element>(&self) -> Buffer<T> {
        Buffer::stale(INPUT * self.plane.pitch())
    }

    /// Writes the six frequencies of the input rows that the strip from output row `row` on sees, (frequency, row of the plane).
    fn transform<T: Element>(&self, x: Source<'_, T>, frame: usize, row: usize, lines: &mut [T]) {
        let frame_len = self.conv.rows.input * self.conv.cols.input * self.conv.cin;
        let (pitch, bottom) = (self.plane.pitch(), (row + INPUT).min(self.plane.rows.len));
        let rows = self.plane.band(x.frames(frame * frame_len, frame_len), row, bottom);
        dispatch(TransformRows { rows: &rows, pitch, lines });
    }
}

/// Up to six rows to frequencies; rows below the plane are zeros.
struct TransformRows<'a, T> {
    rows: &'a [T],
    pitch: usize,
    lines: &'a mut [T],
}

impl<T: Element> Kernel for TransformRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { rows, pitch, lines } = self;
        assert_eq!(lines.len(), INPUT * pitch);
        let given = (rows.len() / pitch.max(1)).min(INPUT);
        for at in (0..pitch).step_by(T::Vector::<S>::LANES) {
            let count = T::Vector::<S>::LANES.min(pitch - at);
            let mut values = [T::Vector::<S>::zero(); INPUT];
            for row in 0..given {
                // SAFETY: `count` elements of the row are left.
                values[row] = unsafe { T::Vector::<S>::load_up_to(rows.as_ptr().add(row * pitch + at), count) };
            }
            let values = Input::line(values);
            for frequency in 0..INPUT {
                // SAFETY: as above.
                unsafe { values[frequency].store_up_to(lines.as_mut_ptr().add(frequency * pitch + at), count) };
            }
        }
    }
}
