//! Forward of convolutions whose channels do not see each other, on frames as they lie: a window that reaches over an edge leaves out what
//! is not there, so nothing is copied to surround it with zeros.

use crate::geometry::{ConvGeometry, Window};
use crate::kernels::epilogue::Epilogue;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch, opaque};
use std::ops::Range;

/// Neighbouring pixels that are computed together, with weights that are read once for all of them.
const PIXELS: usize = 4;
/// Columns that they see through three taps, two taps apart.
const MOST_SEEN: usize = (PIXELS - 1) * 2 + 3;

/// Some rows of the output of one frame.
pub struct Rows<'a, T> {
    pub g: &'a ConvGeometry,
    /// The whole input frame.
    pub frame: &'a [T],
    /// (tap, channel)
    pub weights: &'a [T],
    pub epilogue: Epilogue<'a, T>,
    pub first: usize,
    pub out: &'a mut [T],
}

/// Writes the rows.
pub fn write<T: Element>(rows: Rows<'_, T>) {
    let (g, channels) = (rows.g, rows.g.cout);
    assert_eq!(rows.frame.len(), g.rows.input * g.cols.input * channels);
    assert_eq!(rows.weights.len(), g.rows.kernel * g.cols.kernel * channels);
    assert!(rows.epilogue.bias.is_none_or(|bias| bias.len() == channels));
    let line = g.cols.output * channels;
    assert!(rows.out.len().is_multiple_of(line.max(1)) && rows.first + rows.out.len() / line.max(1) <= g.rows.output);
    dispatch(rows);
}

impl<T: Element> Kernel for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let cols = &self.g.cols;
        let line = cols.output * self.g.cout;
        let whole = whole_windows(cols);
        for row in 0..self.out.len() / line.max(1) {
            let taps = taps_inside(&self.g.rows, self.first + row);
            // Plain loops: an iterator's closure would be compiled without the instruction set.
            for col in 0..whole.start {
                self.pixels::<S, 1>(Place { row, col }, &taps, taps_inside(cols, col));
            }
            if whole.len() >= PIXELS {
                for col in whole.clone().step_by(PIXELS) {
                    // The last ones overlap those before.
                    let col = col.min(whole.end - PIXELS);
                    self.pixels::<S, PIXELS>(Place { row, col }, &taps, 0..cols.kernel);
                }
            } else {
                for col in whole.clone() {
                    self.pixels::<S, 1>(Place { row, col }, &taps, 0..cols.kernel);
                }
            }
            for col in whole.end..cols.output {
                self.pixels::<S, 1>(Place { row, col }, &taps, taps_inside(cols, col));
            }
        }
    }
}

/// A row of the band and a column of the output.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    col: usize,
}

impl<T: Element> Rows<'_, T> {
    /// All channels of P neighbouring pixels, which see the taps of these rows and columns.
    #[inline(always)]
    fn pixels<S: Simd, const P: usize>(&mut self, place: Place, rows: &Range<usize>, cols: Range<usize>) {
        let (g, channels, lanes) = (self.g, self.g.cout, T::Vector::<S>::LANES);
        let top = (self.first + place.row) * g.rows.stride + rows.start * g.rows.dilation - g.rows.before;
        let left = place.col * g.cols.stride + cols.start * g.cols.dilation - g.cols.before;
        let windows = Windows {
            frame: self.frame.as_ptr().wrapping_add((top * g.cols.input + left) * channels),
            down: g.rows.dilation * g.cols.input * channels,
            right: g.cols.dilation * channels,
            next: g.cols.stride * channels,
            weights: self.weights.as_ptr().wrapping_add((rows.start * g.cols.kernel + cols.start) * channels),
            weights_down: g.cols.kernel * channels,
            channels,
            taps: (rows.len(), cols.len()),
            epilogue: self.epilogue,
            to: self.out.as_mut_ptr().wrapping_add((place.row * g.cols.output + place.col) * channels),
        };
        let whole = channels / lanes * lanes;
        // SAFETY: `write` checked the lengths; windows with these taps lie in the frame.
        unsafe {
            match (g.cols.kernel, g.cols.dilation, g.cols.stride, windows.taps) {
                (3, 1, 1, (3, 3)) => windows.whole_vectors::<T::Vector<S>, P, 1, 3>(whole),
                (3, 1, 1, (2, 3)) => windows.whole_vectors::<T::Vector<S>, P, 1, 2>(whole),
                (3, 1, 2, (3, 3)) => windows.whole_vectors::<T::Vector<S>, P, 2, 3>(whole),
                (3, 1, 2, (2, 3)) => windows.whole_vectors::<T::Vector<S>, P, 2, 2>(whole),
                _ => {
                    for channel in (0..whole).step_by(lanes) {
                        windows.vector::<T::Vector<S>, P>(channel, lanes);
                    }
                }
            }
            if whole < channels {
                windows.vector::<T::Vector<S>, P>(whole, channels - whole);
            }
        }
    }
}

/// Windows of neighbouring pixels, from their first tap on, and where the pixels go; distances in elements.
struct Windows<'a, T> {
    frame: *const T,
    /// From a row of taps to the next, from a tap to the next, from a pixel to the next.
    down: usize,
    right: usize,
    next: usize,
    weights: *const T,
    /// From a row of weights to the next.
    weights_down: usize,
    channels: usize,
    /// Rows and columns of taps.
    taps: (usize, usize),
    epilogue: Epilogue<'a, T>,
    to: *mut T,
}

impl<T: Element> Windows<'_, T> {
    /// Writes the channels below `whole`, a multiple of the lanes, of P pixels that see ROWS rows of three taps next to each other, STEP taps
    /// apart. What several pixels see is read once, and all distances are multiples of one, so that addresses cost nothing.
    ///
    /// # Safety
    /// All windows can be read, weights for their taps, and all pixels written.
    #[inline(always)]
    unsafe fn whole_vectors<V: Vector<Elem = T>, const P: usize, const STEP: usize, const ROWS: usize>(
        &self,
        whole: usize,
    ) {
        let channels = self.channels;
        let rows: [*const T; ROWS] = std::array::from_fn(|kh| opaque(self.frame.wrapping_add(kh * self.down)));
        let taps: [*const T; ROWS] = std::array::from_fn(|kh| opaque(self.weights.wrapping_add(kh * 3 * channels)));
        for channel in (0..whole).step_by(V::LANES) {
            let mut sums = [self.epilogue.start(channel, V::LANES); P];
            for kh in 0..ROWS {
                let (row, taps) = (rows[kh].wrapping_add(channel), taps[kh].wrapping_add(channel));
                let mut seen = [V::zero(); MOST_SEEN];
                for col in 0..(P - 1) * STEP + 3 {
                    // SAFETY: the caller's promise.
                    seen[col] = unsafe { V::load(row.wrapping_add(col * channels)) };
                }
                for kw in 0..3 {
                    // SAFETY: the caller's promise.
                    let weight = unsafe { V::load(taps.wrapping_add(kw * channels)) };
                    for p in 0..P {
                        sums[p] = weight.mul_add(seen[p * STEP + kw], sums[p]);
                    }
                }
            }
            for p in 0..P {
                let to = self.to.wrapping_add(p * channels + channel);
                // SAFETY: the caller's promise.
                unsafe { self.epilogue.finish(sums[p]).store(to) };
            }
        }
    }

    /// Writes `count` channels from `channel` on, at most a vector of them, of P pixels, whatever they see.
    ///
    /// # Safety
    /// As for `whole_vectors`.
    #[inline(always)]
    unsafe fn vector<V: Vector<Elem = T>, const P: usize>(&self, channel: usize, count: usize) {
        let mut sums = [self.epilogue.start::<V>(channel, count); P];
        for kh in 0..self.taps.0 {
            for kw in 0..self.taps.1 {
                let window = self.frame.wrapping_add(kh * self.down + kw * self.right + channel);
                let weights = self.weights.wrapping_add(kh * self.weights_down + kw * self.channels + channel);
                // SAFETY: the caller's promise.
                unsafe {
                    let weight = V::load_up_to(weights, count);
                    for p in 0..P {
                        sums[p] = weight.mul_add(V::load_up_to(window.wrapping_add(p * self.next), count), sums[p]);
                    }
                }
            }
        }
        for p in 0..P {
            let to = self.to.wrapping_add(p * self.channels + channel);
            // SAFETY: the caller's promise.
            unsafe { self.epilogue.finish(sums[p]).store_up_to(to, count) };
        }
    }
}

/// The taps of the window at a position that lie on the axis; none where the window sees nothing but padding.
fn taps_inside(axis: &Window, position: usize) -> Range<usize> {
    let start = position * axis.stride;
    let first = axis.before.saturating_sub(start).div_ceil(axis.dilation);
    let end = (axis.input + axis.before).saturating_sub(start).div_ceil(axis.dilation);
    first.min(axis.kernel)..end.min(axis.kernel).max(first.min(axis.kernel))
}

/// Positions whose windows lie on the axis.
fn whole_windows(axis: &Window) -> Range<usize> {
    let whole = |position: &usize| taps_inside(axis, *position).len() == axis.kernel;
    let first = (0..axis.output).find(whole).unwrap_or(axis.output);
    let end = (first..axis.output).rfind(whole).map_or(first, |last| last + 1);
    first..end
}
