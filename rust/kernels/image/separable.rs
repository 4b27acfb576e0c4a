//! Down the columns, then along the row.

use super::axis::Axis;
use super::write::{LANES, Rows, swaps};
use super::{CHANNELS, Color, Frame, Picture};
use crate::simd::{Kernel, Simd, Vector, dispatch};

/// Writes the frame whose rows and columns the two axes describe.
pub fn blend(picture: &Picture, frame: &mut Frame, rows: &Axis, columns: &Axis, color: Color) {
    dispatch(Blend { picture, frame, rows, columns, color });
}

struct Blend<'a, 'f> {
    picture: &'a Picture<'a>,
    frame: &'a mut Frame<'f>,
    rows: &'a Axis,
    columns: &'a Axis,
    color: Color,
}

impl Kernel for Blend<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { picture, frame, rows, columns, color } = self;
        let swap = swaps(picture.color, color);
        let mut out = Rows::new(frame, columns.to(), picture.color, color);
        // Weights of 0 may reach over the end, and pixels are read four floats at a time.
        let mut blended = vec![0.0; (picture.width + columns.taps) * CHANNELS + 1];
        for index in 0..rows.to() {
            blend_rows::<S>(picture, rows.first(index), rows.weights(index), &mut blended);
            match (swap, columns.taps) {
                (true, 2) => blend_columns::<true, 2>(columns, &blended, &mut out.line),
                (false, 2) => blend_columns::<false, 2>(columns, &blended, &mut out.line),
                (true, 3) => blend_columns::<true, 3>(columns, &blended, &mut out.line),
                (false, 3) => blend_columns::<false, 3>(columns, &blended, &mut out.line),
                (true, 4) => blend_columns::<true, 4>(columns, &blended, &mut out.line),
                (false, 4) => blend_columns::<false, 4>(columns, &blended, &mut out.line),
                (true, 5) => blend_columns::<true, 5>(columns, &blended, &mut out.line),
                (false, 5) => blend_columns::<false, 5>(columns, &blended, &mut out.line),
                (true, 6) => blend_columns::<true, 6>(columns, &blended, &mut out.line),
                (false, 6) => blend_columns::<false, 6>(columns, &blended, &mut out.line),
                (true, 7) => blend_columns::<true, 7>(columns, &blended, &mut out.line),
                (false, 7) => blend_columns::<false, 7>(columns, &blended, &mut out.line),
                (true, _) => blend_columns::<true, 0>(columns, &blended, &mut out.line),
                (false, _) => blend_columns::<false, 0>(columns, &blended, &mut out.line),
            }
            out.write::<S>(index);
        }
    }
}

/// The weighted sum of rows from `first` on.
#[inline(always)]
fn blend_rows<S: Simd>(picture: &Picture, first: usize, weights: &[f32], blended: &mut [f32]) {
    let lanes = <S::F32 as Vector>::LANES;
    let len = picture.width * CHANNELS;
    let last = first + weights.len() - 1;
    assert!(len <= blended.len() && last * picture.row_stride + len <= picture.data.len());
    let top = picture.data[first * picture.row_stride..].as_ptr();
    let mut start = 0;
    // SAFETY: the rows lie in the data and `blended` has room for one (checked above); reads and writes end at `len`.
    unsafe {
        while start + 2 * lanes <= len {
            let (mut left, mut right) = (S::F32::zero(), S::F32::zero());
            let mut from = top.add(start);
            for &weight in weights {
                let weight = S::F32::splat(weight);
                left = S::F32::load_bytes(from).mul_add(weight, left);
                right = S::F32::load_bytes(from.add(lanes)).mul_add(weight, right);
                from = from.wrapping_add(picture.row_stride);
            }
            left.store(blended.as_mut_ptr().add(start));
            right.store(blended.as_mut_ptr().add(start + lanes));
            start += 2 * lanes;
        }
        while start < len {
            let count = lanes.min(len - start);
            let mut sum = S::F32::zero();
            let mut from = top.add(start);
            for &weight in weights {
                sum = S::F32::load_bytes_partial(from, count).mul_add(S::F32::splat(weight), sum);
                from = from.wrapping_add(picture.row_stride);
            }
            sum.store_partial(blended.as_mut_ptr().add(start), count);
            start += count;
        }
    }
}

/// The weighted sums along one row; `TAPS` is the axis's, or 0 where it is only known at run time.
#[inline(always)]
fn blend_columns<const SWAP: bool, const TAPS: usize>(columns: &Axis, row: &[f32], line: &mut [f32]) {
    let taps = if TAPS == 0 { columns.taps } else { TAPS };
    for index in 0..columns.to() {
        let (weights, first) = (&columns.padded_weights(index)[..taps], columns.first(index) * CHANNELS);
        let pixels = &row[first..][..taps * CHANNELS + 1];
        let mut sum = [0.0f32; LANES];
        for tap in 0..taps {
            let pixel = &pixels[tap * CHANNELS..][..LANES];
            for channel in 0..LANES {
                sum[channel] += weights[tap] * pixel[channel];
            }
        }
        // The fourth stays in its place for the sake of the vector.
        let pixel = if SWAP { [sum[2], sum[1], sum[0], sum[3]] } else { sum };
        line[index * LANES..][..LANES].copy_from_slice(&pixel);
    }
}
