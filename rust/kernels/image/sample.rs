//! Four pixels a point. They are fetched as words, colours changing places on the way, so that vectors meet whole rows.

use super::axis::Axis;
use super::write::{LANES, Rows, swaps};
use super::{CHANNELS, Color, Frame, Picture};
use crate::simd::{Kernel, Simd, Vector, dispatch};

/// Bytes of the two pixels that a row gives to a point.
const PAIR: usize = 2 * CHANNELS;

/// Writes the frame whose rows and columns the two axes describe, both of two taps.
pub fn sample(picture: &Picture, frame: &mut Frame, rows: &Axis, columns: &Axis, color: Color) {
    assert!(rows.taps == 2 && columns.taps == 2);
    dispatch(Sample { picture, frame, rows, columns, color });
}

struct Sample<'a, 'f> {
    picture: &'a Picture<'a>,
    frame: &'a mut Frame<'f>,
    rows: &'a Axis,
    columns: &'a Axis,
    color: Color,
}

impl Kernel for Sample<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { picture, frame, rows, columns, color } = self;
        let swap = swaps(picture.color, color);
        let mut out = Rows::new(frame, columns.to(), picture.color, color);
        let from: Vec<_> = (0..columns.to()).map(|index| columns.first(index) * CHANNELS).collect();
        let right: Vec<_> = (0..columns.to()).flat_map(|index| [columns.padded_weights(index)[1]; LANES]).collect();
        let mut corners = [(); 4].map(|()| vec![0u32; columns.to()]);
        for index in 0..rows.to() {
            let first = rows.first(index);
            let [upper_left, upper_right, lower_left, lower_right] = &mut corners;
            for (row, left, right) in [(first, upper_left, upper_right), (first + 1, lower_left, lower_right)] {
                if swap {
                    fetch::<true>(picture.row(row), &from, left, right);
                } else {
                    fetch::<false>(picture.row(row), &from, left, right);
                }
            }
            interpolate::<S>(&corners, &right, rows.padded_weights(index)[1], &mut out.line);
            out.write::<S>(index);
        }
    }
}

/// The two pixels at each of the rising places of a row, each with one byte of no meaning.
#[inline(always)]
fn fetch<const SWAP: bool>(row: &[u8], from: &[usize], left: &mut [u32], right: &mut [u32]) {
    let arrange = |pixel: u32| if SWAP { (pixel.swap_bytes() >> 8).to_le() } else { pixel.to_le() };
    assert!(from.last().is_none_or(|last| last + PAIR <= row.len()));
    for ((&from, left), right) in from.iter().zip(left).zip(right) {
        debug_assert!(from + PAIR <= row.len());
        // SAFETY: no place is behind the last, behind which the row holds two pixels: six bytes (checked above).
        let (first, second) = unsafe {
            let pair = row.as_ptr().add(from);
            (pair.cast::<u32>().read_unaligned(), pair.add(PAIR - LANES).cast::<u32>().read_unaligned())
        };
        *left = arrange(u32::from_le(first));
        *right = arrange(u32::from_le(second) >> 8);
    }
}

/// Between left and right by a weight for every value, then between the rows by one for all.
#[inline(always)]
fn interpolate<S: Simd>(corners: &[Vec<u32>; 4], right: &[f32], lower: f32, line: &mut [f32]) {
    let lanes = <S::F32 as Vector>::LANES;
    let len = line.len();
    assert!(right.len() == len && corners.iter().all(|corner| corner.len() * LANES == len));
    let [upper_left, upper_right, lower_left, lower_right] = corners;
    let (upper_left, upper_right) = (upper_left.as_ptr().cast::<u8>(), upper_right.as_ptr().cast::<u8>());
    let (lower_left, lower_right) = (lower_left.as_ptr().cast::<u8>(), lower_right.as_ptr().cast::<u8>());
    let lower = S::F32::splat(lower);
    for start in (0..len).step_by(lanes) {
        let count = lanes.min(len - start);
        // SAFETY: all have `len` elements (the corners as bytes), of which `count` are left.
        unsafe {
            let upper_left = S::F32::load_bytes_partial(upper_left.add(start), count);
            let upper_right = S::F32::load_bytes_partial(upper_right.add(start), count);
            let lower_left = S::F32::load_bytes_partial(lower_left.add(start), count);
            let lower_right = S::F32::load_bytes_partial(lower_right.add(start), count);
            let right = S::F32::load_partial(right.as_ptr().add(start), count);
            let above = upper_right.sub(upper_left).mul_add(right, upper_left);
            let below = lower_right.sub(lower_left).mul_add(right, lower_left);
            below.sub(above).mul_add(lower, above).store_partial(line.as_mut_ptr().add(start), count);
        }
    }
}
