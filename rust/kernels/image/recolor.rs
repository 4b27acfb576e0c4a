//! No change of size: pixel by pixel.

use super::write::brightness;
use super::{CHANNELS, Color, Frame, Picture};
use crate::simd::{Kernel, Simd, Vector, dispatch};

/// Writes the picture in another colour; brightness only as bytes.
pub fn recolor(picture: &Picture, frame: &mut Frame, color: Color) {
    dispatch(Recolor { picture, frame, color });
}

struct Recolor<'a, 'f> {
    picture: &'a Picture<'a>,
    frame: &'a mut Frame<'f>,
    color: Color,
}

/// Bits behind the point of a brightness.
const BITS: u32 = 15;

impl Kernel for Recolor<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { picture, frame, color } = self;
        let len = picture.width * color.channels();
        match frame {
            Frame::Bytes(bytes) => {
                for (index, to) in bytes.chunks_exact_mut(len).enumerate() {
                    recolor_row(picture.row(index), picture.color, to, color);
                }
            }
            Frame::Floats(floats, scale) => {
                let mut bytes = vec![0; len];
                for (index, to) in floats.chunks_exact_mut(len).enumerate() {
                    recolor_row(picture.row(index), picture.color, &mut bytes, color);
                    widen::<S>(&bytes, *scale, to);
                }
            }
        }
    }
}

#[inline(always)]
fn recolor_row(from: &[u8], source: Color, to: &mut [u8], color: Color) {
    if color == Color::Gray {
        let weights = brightness(source).map(|weight| (weight * (1 << BITS) as f32).round() as u32);
        for (to, pixel) in to.iter_mut().zip(from.chunks_exact(CHANNELS)) {
            let level = |channel: usize| u32::from(pixel[channel]) * weights[channel];
            *to = ((level(0) + level(1) + level(2) + (1 << (BITS - 1))) >> BITS) as u8;
        }
    } else if color == source {
        to.copy_from_slice(from);
    } else {
        for (to, from) in to.chunks_exact_mut(CHANNELS).zip(from.chunks_exact(CHANNELS)) {
            (to[0], to[1], to[2]) = (from[2], from[1], from[0]);
        }
    }
}

#[inline(always)]
fn widen<S: Simd>(bytes: &[u8], scale: f32, floats: &mut [f32]) {
    let lanes = <S::F32 as Vector>::LANES;
    let len = bytes.len();
    assert_eq!(floats.len(), len);
    let scale = S::F32::splat(scale);
    for start in (0..len).step_by(lanes) {
        let count = lanes.min(len - start);
        // SAFETY: both slices have `len` elements, of which `count` are left.
        unsafe {
            let levels = S::F32::load_bytes_partial(bytes.as_ptr().add(start), count);
            levels.mul(scale).store_partial(floats.as_mut_ptr().add(start), count);
        }
    }
}
