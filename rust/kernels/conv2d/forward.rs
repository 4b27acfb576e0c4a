//! Forward: bands of output rows, each an implicit GEMM.

use super::correlate::{PackedWeights, Pixel, Taps, correlate};
use super::depthwise;
use super::depthwise_rows;
use super::plane::Plane;
use crate::geometry::ConvGeometry;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each, threads};
use crate::simd::Element;

/// Output pixels that a task computes, about: its input stays in a cache and its weights are read often enough.
pub const BAND_PIXELS: usize = 256;
/// Bands are not made smaller than this, because each reads all weights.
const LEAST_BAND_PIXELS: usize = 48;
/// Multiplications that are worth a second thread.
const WORTH_A_THREAD: usize = 1 << 19;

/// The windows of a convolution over its plane. A row of the kernel is one run where taps and groups leave no gaps.
pub fn taps(g: &ConvGeometry, plane: &Plane) -> Taps {
    let channels = g.cin / g.groups;
    let joined = g.groups == 1 && g.cols.dilation == 1;
    let (run, taps_per_row) = if joined { (g.cols.kernel * channels, 1) } else { (channels, g.cols.kernel) };
    let offsets = (0..g.rows.kernel)
        .flat_map(|kh| (0..taps_per_row).map(move |kw| (kh, kw)))
        .map(|(kh, kw)| kh * g.rows.dilation * plane.pitch() + kw * g.cols.dilation * g.cin)
        .collect();
    Taps { offsets, run, groups: g.groups, group_step: channels }
}

/// The kernel (kh, kw, channels in of a group, channels out) packed for `taps`.
pub fn pack<T: Element>(g: &ConvGeometry, taps: &Taps, kernel: &[T]) -> PackedWeights<T> {
    PackedWeights::of_rows(taps, g.cout / g.groups, kernel)
}

/// y = x * kernel + bias, with ReLU on top if asked for.
pub fn conv2d<T: Element>(
    g: &ConvGeometry,
    x: Source<'_, T>,
    weights: &PackedWeights<T>,
    epilogue: Epilogue<'_, T>,
) -> Buffer<T> {
    let plane = Plane::of_input(g);
    let taps = taps(g, &plane);
    let mut y = Buffer::stale(g.output_shape().iter().product());
    let line = g.cols.output * g.cout;
    let (rows_per_band, grain) = bands_of(g, &taps);
    let bands = g.rows.output.div_ceil(rows_per_band);
    let x_len = g.rows.input * g.cols.input * g.cin;
    let shared = Shared::new(&mut y);
    for_each(g.frames * bands, grain, |index| {
        let (frame, first) = (index / bands, index % bands * rows_per_band);
        let rows = rows_per_band.min(g.rows.output - first);
        let x = x.frames(frame * x_len, x_len);
        // SAFETY: bands do not overlap, and each is visited once.
        let out = unsafe { shared.slice((frame * g.rows.output + first) * line, rows * line) };
        match x {
            Source::Floats(frame) if depthwise(g) => {
                depthwise_rows::write(depthwise_rows::Rows { g, frame, weights: weights.rows(), epilogue, first, out });
            }
            _ => {
                let (top, bottom) = band_of(g, first, rows);
                let band = plane.band(x, top, bottom);
                correlate(&band, &pixels(g, &plane, rows, g.cols.output), &taps, weights, epilogue, out);
            }
        }
    });
    y
}

/// Rows of a band, fewer where one or two small frames would leave threads without work, and the bands that a thread takes at a time.
fn bands_of(g: &ConvGeometry, taps: &Taps) -> (usize, usize) {
    let (rows, cols) = (g.rows.output.max(1), g.cols.output.max(1));
    let mut per_band = band_pixels(g).div_ceil(cols).min(rows);
    if g.frames * rows * cols * taps.products() * g.cout < WORTH_A_THREAD {
        return (per_band, g.frames * rows);
    }
    while g.frames * rows.div_ceil(per_band) < 2 * threads() && per_band > 1 && per_band * cols > LEAST_BAND_PIXELS {
        per_band = per_band.div_ceil(2);
    }
    (per_band, 1)
}

/// Output pixels of a band, about.
pub fn band_pixels(g: &ConvGeometry) -> usize {
    if depthwise(g) { depthwise::band_pixels(g.cout) } else { BAND_PIXELS }
}

/// Whether channels do not see each other.
pub fn depthwise(g: &ConvGeometry) -> bool {
    g.groups > 1 && g.groups == g.cin && g.groups == g.cout
}

/// The rows of the plane, a half-open range, that output rows `first..first + rows` see.
pub fn band_of(g: &ConvGeometry, first: usize, rows: usize) -> (usize, usize) {
    let top = first * g.rows.stride;
    (top, top + (rows - 1) * g.rows.stride + (g.rows.kernel - 1) * g.rows.dilation + 1)
}

/// The first `cols` pixels of each of `rows` output rows, seen from the top of their band.
pub fn pixels(g: &ConvGeometry, plane: &Plane, rows: usize, cols: usize) -> Vec<Pixel> {
    let (down, right) = (g.rows.stride * plane.pitch(), g.cols.stride * g.cin);
    let mut pixels = Vec::with_capacity(rows * cols);
    for row in 0..rows {
        let (from, to) = (row * down, row * cols * g.cout);
        pixels.extend((0..cols).map(|col| Pixel { from: from + col * right, to: to + col * g.cout }));
    }
    pixels
}
