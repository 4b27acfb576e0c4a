//! Input gradient: again an implicit GEMM, over dy with zeros around it.
//!
//! Input position i gets dy[o] * kernel[t] wherever o * stride + t * dilation = i + before. With i + before = stride * q + r
//! (r is the phase of i), the taps of phase r are those with t * dilation = r + stride * m, and o = q - m. So each phase is a
//! convolution of stride 1 with its own few taps; with stride 1 there is one phase, the convolution with the flipped kernel.

use super::correlate::{PackedWeights, Pixel, Taps, correlate};
use super::forward::band_pixels;
use super::plane::{Plane, PlaneAxis};
use crate::geometry::{ConvGeometry, Window};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each};
use crate::simd::Element;

/// A tap of a phase: its index in the kernel, and how far before q its output lies.
#[derive(Clone, Copy)]
struct Tap {
    index: usize,
    back: usize,
}

/// One axis seen backwards.
struct Backward<'a> {
    window: &'a Window,
    /// Values that q takes.
    positions: usize,
    /// Largest `back` of any tap.
    reach: usize,
}

impl<'a> Backward<'a> {
    fn new(window: &'a Window) -> Self {
        let positions = if window.input == 0 { 0 } else { (window.input - 1 + window.before) / window.stride + 1 };
        Self { window, positions, reach: (window.kernel - 1) * window.dilation / window.stride }
    }

    /// dy with so many zeros around it that every q - back lies inside.
    fn axis(&self) -> PlaneAxis {
        PlaneAxis { source: self.window.output, before: self.reach, len: self.positions + self.reach }
    }

    /// Taps of phase r, the furthest back first.
    fn taps(&self, phase: usize) -> Vec<Tap> {
        let Window { kernel, stride, dilation, .. } = *self.window;
        let at =
            |index: usize| (index * dilation % stride == phase).then(|| Tap { index, back: index * dilation / stride });
        (0..kernel).rev().filter_map(at).collect()
    }

    /// The input position of q in a phase, or None if there is none.
    fn input(&self, q: usize, phase: usize) -> Option<usize> {
        let position = (q * self.window.stride + phase).wrapping_sub(self.window.before);
        (position < self.window.input).then_some(position)
    }
}

/// A phase of rows and columns: which pixels, what they see.
struct Phase<T: Element> {
    row: usize,
    col: usize,
    taps: Taps,
    weights: PackedWeights<T>,
}

impl<T: Element> Phase<T> {
    fn new(
        g: &ConvGeometry,
        plane: &Plane,
        (rows, cols): (&Backward<'_>, &Backward<'_>),
        (row, col): (usize, usize),
        kernel: &[T],
    ) -> Self {
        let (cin, cout) = (g.cin / g.groups, g.cout / g.groups);
        let (row_taps, col_taps) = (rows.taps(row), cols.taps(col));
        let (row_reach, col_reach) = (rows.reach, cols.reach);
        let neighbours = col_taps.windows(2).all(|pair| pair[0].back == pair[1].back + 1);
        let joined = g.groups == 1 && neighbours;
        let (run, starts) =
            if joined { (col_taps.len() * cout, 1.min(col_taps.len())) } else { (cout, col_taps.len()) };
        let offset =
            |down: Tap, across: Tap| (row_reach - down.back) * plane.pitch() + (col_reach - across.back) * g.cout;
        let offsets = row_taps
            .iter()
            .flat_map(|&down| col_taps[..starts].iter().map(move |&across| offset(down, across)))
            .collect();
        let taps = Taps { offsets, run, groups: g.groups, group_step: cout };
        let weights = PackedWeights::new(&taps, cin, |group, product, channel| {
            let (tap, output) = (product / cout, product % cout);
            let (down, across) = (row_taps[tap / col_taps.len()], col_taps[tap % col_taps.len()]);
            let tap = down.index * g.cols.kernel + across.index;
            kernel[(tap * cin + channel) * g.cout + group * cout + output]
        });
        Self { row, col, taps, weights }
    }

    /// The pixels of this phase in rows `first..last` of q.
    fn pixels(
        &self,
        g: &ConvGeometry,
        plane: &Plane,
        (rows, cols): (&Backward<'_>, &Backward<'_>),
        (first, last): (usize, usize),
        top: usize,
    ) -> Vec<Pixel> {
        let mut pixels = Vec::with_capacity((last - first) * cols.positions);
        for q in first..last {
            let Some(row) = rows.input(q, self.row) else { continue };
            for p in 0..cols.positions {
                let Some(col) = cols.input(p, self.col) else { continue };
                let from = (q - first) * plane.pitch() + p * g.cout;
                pixels.push(Pixel { from, to: ((row - top) * g.cols.input + col) * g.cin });
            }
        }
        pixels
    }
}

/// dx, given dy.
pub fn conv2d_input_grad<T: Element>(g: &ConvGeometry, dy: &[T], kernel: &[T]) -> Buffer<T> {
    let (rows, cols) = (Backward::new(&g.rows), Backward::new(&g.cols));
    let plane = Plane { rows: rows.axis(), cols: cols.axis(), channels: g.cout };
    let phases: Vec<_> = (0..g.rows.stride)
        .flat_map(|row| (0..g.cols.stride).map(move |col| (row, col)))
        .map(|phase| Phase::new(g, &plane, (&rows, &cols), phase, kernel))
        .collect();
    let mut dx = Buffer::stale(g.input_shape().iter().product());
    let line = g.cols.input * g.cin;
    let band_rows = (band_pixels(g).div_ceil(g.cols.input.max(1)).div_ceil(g.rows.stride)).min(rows.positions.max(1));
    let bands = rows.positions.div_ceil(band_rows);
    let dy_len = g.rows.output * g.cols.output * g.cout;
    let shared = Shared::new(&mut dx);
    for_each(g.frames * bands, 1, |index| {
        let (frame, first) = (index / bands, index % bands * band_rows);
        let last = rows.positions.min(first + band_rows);
        let band = plane.band(Source::Floats(&dy[frame * dy_len..][..dy_len]), first, last + rows.reach);
        let edge = |q: usize| (q * g.rows.stride).saturating_sub(g.rows.before).min(g.rows.input);
        let (top, bottom) = (edge(first), edge(last));
        // SAFETY: bands do not overlap, and each is visited once.
        let dx = unsafe { shared.slice((frame * g.rows.input + top) * line, (bottom - top) * line) };
        for phase in &phases {
            let pixels = phase.pixels(g, &plane, (&rows, &cols), (first, last), top);
            correlate(&band, &pixels, &phase.taps, &phase.weights, Epilogue { bias: None, relu: false }, dx);
        }
    });
    dx
}
