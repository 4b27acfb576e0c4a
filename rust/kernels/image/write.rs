//! From a row of float pixels to the row of the frame: brightness, number type, scale.

use super::{CHANNELS, Color, Frame};
use crate::simd::{Simd, Vector};

/// Numbers of a pixel on the way: its three channels and one of no meaning, because four move as one.
pub const LANES: usize = 4;

/// Rows of a frame, written one after the other.
pub struct Rows<'a, 'f> {
    frame: &'a mut Frame<'f>,
    /// The row being made, channels in the frame's order (brightness: in the picture's).
    pub line: Vec<f32>,
    bytes: Vec<u8>,
    color: Color,
    weights: [f32; CHANNELS],
    len: usize,
}

impl<'a, 'f> Rows<'a, 'f> {
    /// Rows of `width` pixels.
    pub fn new(frame: &'a mut Frame<'f>, width: usize, source: Color, color: Color) -> Self {
        let (line, bytes) = (vec![0.0; width * LANES], vec![0; width * LANES]);
        Self { frame, line, bytes, color, weights: brightness(source), len: width * color.channels() }
    }

    /// Writes the line as row `index` of the frame.
    #[inline(always)]
    pub fn write<S: Simd>(&mut self, index: usize) {
        if self.color == Color::Gray {
            self.darken();
        }
        let range = index * self.len..(index + 1) * self.len;
        match self.frame {
            Frame::Floats(floats, scale) => {
                let (row, scale) = (&mut floats[range], *scale);
                if self.color == Color::Gray {
                    row.iter_mut().zip(&self.line).for_each(|(to, &level)| *to = level * scale);
                } else {
                    self.line.iter_mut().for_each(|level| *level *= scale);
                    pack(&self.line, row);
                }
            }
            Frame::Bytes(bytes) => {
                round::<S>(&self.line, &mut self.bytes);
                let row = &mut bytes[range];
                if self.color == Color::Gray {
                    row.copy_from_slice(&self.bytes[..row.len()]);
                } else {
                    pack(&self.bytes, row);
                }
            }
        }
    }

    /// Brightnesses, side by side at the start of the line.
    #[inline(always)]
    fn darken(&mut self) {
        let [a, b, c] = self.weights;
        for pixel in 0..self.len {
            let channels = &self.line[pixel * LANES..][..CHANNELS];
            self.line[pixel] = a * channels[0] + b * channels[1] + c * channels[2];
        }
    }
}

/// The weights of the channels of a `source` pixel in its brightness.
pub fn brightness(source: Color) -> [f32; CHANNELS] {
    if source == Color::Bgr { [0.114, 0.587, 0.299] } else { [0.299, 0.587, 0.114] }
}

/// Whether the channels of a pixel must change places.
pub fn swaps(source: Color, color: Color) -> bool {
    color != Color::Gray && color != source
}

#[inline(always)]
fn round<S: Simd>(values: &[f32], bytes: &mut [u8]) {
    let lanes = <S::F32 as Vector>::LANES;
    let len = values.len();
    assert_eq!(bytes.len(), len);
    // Sums of weights are 1 but for rounding: 255 may come out a little larger.
    let most = S::F32::splat(255.0);
    for start in (0..len).step_by(lanes) {
        let count = lanes.min(len - start);
        // SAFETY: both slices have `len` elements, of which `count` are left.
        unsafe {
            let levels = S::F32::load_partial(values.as_ptr().add(start), count).round().min(most);
            levels.store_bytes_partial(bytes.as_mut_ptr().add(start), count);
        }
    }
}

/// Pixels of four without the fourth: written as four, the next pixel overwrites it.
#[inline(always)]
fn pack<T: Copy>(pixels: &[T], row: &mut [T]) {
    let last = row.len() / CHANNELS - 1;
    assert!(row.len() == (last + 1) * CHANNELS && pixels.len() == (last + 1) * LANES);
    for pixel in 0..last {
        // SAFETY: another pixel follows in both slices (their lengths are checked above), which do not overlap.
        unsafe {
            let (from, to) = (pixels.as_ptr().add(pixel * LANES), row.as_mut_ptr().add(pixel * CHANNELS));
            std::ptr::copy_nonoverlapping(from, to, LANES);
        }
    }
    row[last * CHANNELS..].copy_from_slice(&pixels[last * LANES..][..CHANNELS]);
}
