//! Forward of convolutions whose channels do not see each other, on frames as they lie: a window that reaches over an edge leaves out what
//! is not there, so nothing is copied to surround it with zeros.

use super::correlate::Epilogue;
use crate::geometry::{ConvGeometry, Window};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};
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
        };
        let to = self.out.as_mut_ptr().wrapping_add((place.row * g.cols.output + place.col) * channels);
        let whole = channels / lanes * lanes;
        // SAFETY: `write` checked the lengths; windows with these taps lie in the frame.
        unsafe {
            for channel in (0..whole).step_by(lanes) {
                let sums = windows.sums::<T::Vector<S>, P>(self.epilogue.start(channel, lanes), channel, lanes);
                self.store(sums, to.wrapping_add(channel), lanes);
            }
            if whole < channels {
                let count = channels - whole;
                let sums = windows.sums::<T::Vector<S>, P>(self.epilogue.start(whole, count), whole, count);
                self.store(sums, to.wrapping_add(whole), count);
            }
        }
    }

    #[inline(always)]
    unsafe fn store<V: Vector<Elem = T>, const P: usize>(&self, sums: [V; P], to: *mut T, count: usize) {
        for p in 0..P {
            // SAFETY: the caller's promise.
            unsafe { self.epilogue.finish(sums[p]).store_up_to(to.wrapping_add(p * self.g.cout), count) };
        }
    }
}

/// Windows of neighbouring pixels, from their first tap on; distances in elements.
struct Windows<T> {
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
}

impl<T: Element> Windows<T> {
    /// The sums of P pixels for `count` channels from `channel` on.
    ///
    /// # Safety
    /// All windows can be read, and weights for their taps.
    #[inline(always)]
    unsafe fn sums<V: Vector<Elem = T>, const P: usize>(&self, start: V, channel: usize, count: usize) -> [V; P] {
        // SAFETY: the caller's promise.
        unsafe {
            match self.taps {
                (3, 3) if self.next == self.right => self.of_three::<V, P, 1>(start, channel, count),
                (3, 3) if self.next == 2 * self.right => self.of_three::<V, P, 2>(start, channel, count),
                _ => self.of_any::<V, P>(start, channel, count),
            }
        }
    }

    /// Three rows of three taps, pixels STEP taps apart: what several pixels see is read once.
    ///
    /// # Safety
    /// As for `sums`.
    #[inline(always)]
    unsafe fn of_three<V: Vector<Elem = T>, const P: usize, const STEP: usize>(
        &self,
        start: V,
        channel: usize,
        count: usize,
    ) -> [V; P] {
        let mut sums = [start; P];
        for kh in 0..3 {
            let row = self.frame.wrapping_add(kh * self.down + channel);
            let weights = self.weights.wrapping_add(kh * self.weights_down + channel);
            let mut seen = [V::zero(); MOST_SEEN];
            for col in 0..(P - 1) * STEP + 3 {
                // SAFETY: the caller's promise.
                seen[col] = unsafe { V::load_up_to(row.wrapping_add(col * self.right), count) };
            }
            for kw in 0..3 {
                // SAFETY: the caller's promise.
                let weight = unsafe { V::load_up_to(weights.wrapping_add(kw * self.channels), count) };
                for p in 0..P {
                    sums[p] = weight.mul_add(seen[p * STEP + kw], sums[p]);
                }
            }
        }
        sums
    }

    /// Any taps, pixels any distance apart.
    ///
    /// # Safety
    /// As for `sums`.
    #[inline(always)]
    unsafe fn of_any<V: Vector<Elem = T>, const P: usize>(&self, start: V, channel: usize, count: usize) -> [V; P] {
        let mut sums = [start; P];
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
        sums
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
