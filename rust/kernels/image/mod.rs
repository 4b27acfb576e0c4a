//! A decoder's picture made the frame that a model wants, in one pass: resize, colour, number type and scale, from rows that may lie
//! apart (so a crop costs nothing) straight into the place of the frame in its clip. No picture in between is stored.
//!
//! Sizes change as OpenCV's INTER_AREA and INTER_LINEAR change them, without rounding on the way. Three algorithms:
//! - `sample`: two old pixels for a new one in each direction (bilinear, and the mean of 2 x 2) cost four fetches a point, however
//!   large the picture is.
//! - `separable`: other means, down the columns first, so that vectors run along whole rows of bytes, then along one row of floats.
//! - `recolor`: no change of size.
//!
//! A picture stays on the thread that asks: decoding threads work side by side, and a frame takes less than waking another would.

mod axis;
#[cfg(test)]
mod naive;
mod recolor;
mod sample;
mod separable;
#[cfg(test)]
mod tests;
mod write;

use crate::error::{KernelError, Result};
use axis::Axis;

/// Bytes of a decoder's pixel.
const CHANNELS: usize = 3;
/// How a new pixel is made of old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The mean of what it covers; where either side grows, OpenCV's stretch.
    Area,
    /// Linear between the centres of the four pixels around its centre.
    Bilinear,
}

/// The channels of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness: 0.299 red + 0.587 green + 0.114 blue.
    Gray,
}

impl Color {
    /// Values of a pixel.
    pub fn channels(self) -> usize {
        if self == Self::Gray { 1 } else { CHANNELS }
    }
}

/// What a decoder gives: `height` rows of `width` pixels of three bytes, a row every `row_stride` bytes.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// From the first byte of the first row to at least the last byte of the last.
    pub data: &'a [u8],
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Bytes from one row to the next.
    pub row_stride: usize,
    /// `Rgb` or `Bgr`.
    pub color: Color,
}

impl Picture<'_> {
    #[inline(always)]
    fn row(&self, index: usize) -> &[u8] {
        &self.data[index * self.row_stride..][..self.width * CHANNELS]
    }
}

/// Where a frame goes, C-contiguous.
#[derive(Debug)]
pub enum Frame<'a> {
    /// Levels 0 to 255, rounded.
    Bytes(&'a mut [u8]),
    /// Levels times a scale, not rounded.
    Floats(&'a mut [f32], f32),
}

impl Frame<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values, _) => values.len(),
        }
    }
}

/// Writes `picture` to `frame` with `size` (height, width) and `color`.
pub fn convert(
    picture: &Picture,
    frame: &mut Frame,
    size: (usize, usize),
    color: Color,
    interpolation: Interpolation,
) -> Result<()> {
    check(picture, frame, size, color)?;
    let (height, width) = size;
    if (picture.height, picture.width) == size && (color != Color::Gray || matches!(frame, Frame::Bytes(_))) {
        recolor::recolor(picture, frame, color);
        return Ok(());
    }
    let grows = height > picture.height || width > picture.width;
    let axis = |from, to| match interpolation {
        Interpolation::Area if grows => Axis::stretched(from, to),
        Interpolation::Area => Axis::area(from, to),
        Interpolation::Bilinear => Axis::linear(from, to),
    };
    let (rows, columns) = (axis(picture.height, height), axis(picture.width, width));
    if rows.taps == 2 && columns.taps == 2 {
        sample::sample(picture, frame, &rows, &columns, color);
    } else {
        separable::blend(picture, frame, &rows, &columns, color);
    }
    Ok(())
}

fn check(picture: &Picture, frame: &Frame, size: (usize, usize), color: Color) -> Result<()> {
    const OP: &str = "convert_picture";
    let Picture { data, height, width, row_stride, color: source } = *picture;
    if source == Color::Gray {
        return Err(KernelError::argument(OP, "the picture's color", "rgb or bgr", source));
    }
    if height == 0 || width == 0 {
        return Err(KernelError::shape(OP, "picture", "of at least one pixel", (height, width)));
    }
    if size.0 == 0 || size.1 == 0 {
        return Err(KernelError::shape(OP, "frame", "of at least one pixel", size));
    }
    let needed = (height - 1) * row_stride + width * CHANNELS;
    if (height > 1 && row_stride < width * CHANNELS) || data.len() < needed {
        let expected = format!("of {height} rows of {width} pixels that do not overlap");
        return Err(KernelError::shape(OP, "picture", expected, (row_stride, data.len())));
    }
    KernelError::check_shape(OP, "frame", &[size.0 * size.1 * color.channels()], &[frame.len()])
}
