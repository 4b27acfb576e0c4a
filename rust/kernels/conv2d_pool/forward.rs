//! Forward: one block of channels of a few rows of windows at a time is pooled in registers where that is possible, else convolved into
//! a scratch that stays in the first-level cache and pooled from there.

use super::registers::PoolRows;
use super::{DEAD, PooledConvGeometry};
use crate::kernels::conv2d::correlate::{PackedWeights, Pixel, Taps, Target, correlate_block};
use crate::kernels::conv2d::forward::{BAND_PIXELS, taps};
use crate::kernels::conv2d::plane::Plane;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::frames::Source;
use crate::kernels::pool2d::take_first_maximum;
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};
use std::cell::OnceCell;

/// Pooled outputs and, if wanted, the positions of the maxima.
pub fn forward<T: Element>(
    g: &PooledConvGeometry,
    x: Source<'_, T>,
    weights: &PackedWeights<T>,
    bias: Option<&[T]>,
    relu: bool,
    positions: bool,
) -> (Buffer<T>, Buffer<u8>) {
    let plane = Plane::of_input(&g.conv);
    let taps = taps(&g.conv, &plane);
    let job = Job { g, plane, taps, weights, bias, relu };
    let len = g.pool.output_shape().iter().product();
    let (mut y, mut argmax) = (Buffer::stale(len), Buffer::stale(if positions { len } else { 0 }));
    let line = g.pool.cols.output * g.pool.channels;
    let band_rows =
        BAND_PIXELS.div_ceil((g.pool.rows.kernel * job.pixels_per_row()).max(1)).min(g.pool.rows.output.max(1));
    let bands = g.pool.rows.output.div_ceil(band_rows);
    let (shared_y, shared_argmax) = (Shared::new(&mut y), Shared::new(&mut argmax));
    for_each(g.conv.frames * bands, 1, |index| {
        let (frame, first) = (index / bands, index % bands * band_rows);
        let rows = band_rows.min(g.pool.rows.output - first);
        let start = (frame * g.pool.rows.output + first) * line;
        // SAFETY: bands do not overlap, and each is visited once.
        let y = unsafe { shared_y.slice(start, rows * line) };
        let argmax = if positions {
            // SAFETY: as above.
            unsafe { shared_argmax.slice(start, rows * line) }
        } else {
            &mut []
        };
        job.band(x, frame, first, rows, y, argmax);
    });
    (y, argmax)
}

struct Job<'a, T: Element> {
    g: &'a PooledConvGeometry,
    plane: Plane,
    taps: Taps,
    weights: &'a PackedWeights<T>,
    bias: Option<&'a [T]>,
    relu: bool,
}

impl<T: Element> Job<'_, T> {
    /// Columns of the convolution that pooling uses.
    fn pixels_per_row(&self) -> usize {
        self.g.pool.cols.output * self.g.pool.cols.kernel
    }

    /// Pooled rows `first..first + rows` of a frame.
    fn band(&self, x: Source<'_, T>, frame: usize, first: usize, rows: usize, y: &mut [T], argmax: &mut [u8]) {
        let PooledConvGeometry { conv, pool } = self.g;
        let conv_rows = rows * pool.rows.kernel;
        let top = first * pool.rows.kernel * conv.rows.stride;
        let bottom = top + (conv_rows - 1) * conv.rows.stride + (conv.rows.kernel - 1) * conv.rows.dilation + 1;
        let frame_len = conv.rows.input * conv.cols.input * conv.cin;
        let band = self.plane.band(x.frames(frame * frame_len, frame_len), top, bottom);
        let pixels = OnceCell::new();
        let mut sums = Buffer::stale(0);
        let epilogue = Epilogue { bias: self.bias, relu: false };
        for (group, block, channels) in self.weights.all_blocks(conv.groups) {
            let in_registers = PoolRows {
                g: self.g,
                band: &band,
                pitch: self.plane.pitch(),
                taps: &self.taps,
                weights: self.weights.block(group, block),
                width: self.weights.width(),
                bias: self.bias,
                relu: self.relu,
                channels,
                rows,
                y: &mut *y,
                argmax: &mut *argmax,
            };
            if dispatch(in_registers) {
                continue;
            }
            let pixels = pixels.get_or_init(|| self.pixels(conv_rows));
            if sums.is_empty() {
                sums = Buffer::stale(pixels.len() * self.weights.width());
            }
            let target = Target { first: 0, count: channels.count };
            correlate_block(&band, pixels, &self.taps, self.weights, group, block, epilogue, target, &mut sums);
            let (sums, width, relu) = (&sums[..], self.weights.width(), self.relu);
            dispatch(PoolBlock { g: self.g, rows, sums, width, channels, relu, y: &mut *y, argmax: &mut *argmax });
        }
    }

    /// All pixels that are pooled, row after row, each with one block of channels in the scratch.
    fn pixels(&self, rows: usize) -> Vec<Pixel> {
        let (conv, cols) = (&self.g.conv, self.pixels_per_row());
        let (down, right) = (conv.rows.stride * self.plane.pitch(), conv.cols.stride * conv.cin);
        let from = |index: usize| index / cols * down + index % cols * right;
        (0..rows * cols).map(|index| Pixel { from: from(index), to: index * self.weights.width() }).collect()
    }
}

struct PoolBlock<'a, T> {
    g: &'a PooledConvGeometry,
    rows: usize,
    sums: &'a [T],
    width: usize,
    channels: Target,
    relu: bool,
    y: &'a mut [T],
    argmax: &'a mut [u8],
}

impl<T: Element> Kernel for PoolBlock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { g, rows, sums, width, channels, relu, y, argmax } = self;
        let (pool_rows, pool_cols) = (g.pool.rows.kernel, g.pool.cols.kernel);
        let row_len = g.pool.cols.output * pool_cols * width;
        assert!(sums.len() >= rows * pool_rows * row_len && channels.count <= width);
        assert!(y.len() == rows * g.pool.cols.output * g.pool.channels);
        assert!(argmax.is_empty() || argmax.len() == y.len());
        let positions = !argmax.is_empty();
        let dead = T::Vector::<S>::splat(T::from_f64(f64::from(DEAD)));
        for pixel in 0..rows * g.pool.cols.output {
            let (row, col) = (pixel / g.pool.cols.output, pixel % g.pool.cols.output);
            let window = row * pool_rows * row_len + col * pool_cols * width;
            for lane in (0..channels.count).step_by(T::Vector::<S>::LANES) {
                let count = (channels.count - lane).min(T::Vector::<S>::LANES);
                let start = sums.as_ptr().wrapping_add(window + lane);
                // SAFETY: the scratch holds whole vectors for every pixel of the window.
                let mut best = unsafe { T::Vector::<S>::load(start) };
                let mut position = T::Vector::<S>::zero();
                for kh in 0..pool_rows {
                    for kw in usize::from(kh == 0)..pool_cols {
                        // SAFETY: as above.
                        let value = unsafe { T::Vector::<S>::load(start.wrapping_add(kh * row_len + kw * width)) };
                        let larger = take_first_maximum(value, best);
                        best = T::Vector::<S>::select(larger, value, best);
                        let here = T::Vector::<S>::splat(T::from_f64((kh * pool_cols + kw) as f64));
                        position = T::Vector::<S>::select(larger, here, position);
                    }
                }
                if relu {
                    position = T::Vector::<S>::select(best.le(T::Vector::<S>::zero()), dead, position);
                    // The second operand is kept where one is NaN.
                    best = T::Vector::<S>::zero().max(best);
                }
                let to = pixel * g.pool.channels + channels.first + lane;
                // SAFETY: `count` channels of this pixel are left in y and argmax.
                unsafe {
                    if count == T::Vector::<S>::LANES {
                        best.store(y.as_mut_ptr().add(to));
                    } else {
                        best.store_partial(y.as_mut_ptr().add(to), count);
                    }
                    if positions {
                        position.store_bytes_partial(argmax.as_mut_ptr().add(to), count);
                    }
                }
            }
        }
    }
}
