//! Convolutions whose channels do not see each other, one group for each channel: gradients, and outputs where the frames are bytes.
//! `depthwise_rows.rs` computes outputs where they are numbers already.
//!
//! There is no product to block, only taps: vectors run along the channels, a vector of channels walks over all pixels of a band with its
//! weights in registers where there are 9 of them. Bound by the cache, so bands are small.

use super::correlate::{Pixel, Taps};
use super::plane::Plane;
use crate::geometry::ConvGeometry;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::tree_sum_in_leaves;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Elements of a band of the output, about.
const BAND_ELEMENTS: usize = 16 << 10;
/// Taps that stay in registers.
const USUAL_TAPS: usize = 9;
/// Frames smaller than this many elements share a leaf of the tree.
const LEAF_ELEMENTS: usize = 64 << 10;

/// Output pixels of a band.
pub fn band_pixels(channels: usize) -> usize {
    BAND_ELEMENTS.div_ceil(channels.max(1))
}

/// Writes all channels of all pixels; `weights` is (tap, channel).
pub fn correlate<T: Element>(
    plane: &[T],
    pixels: &[Pixel],
    taps: &Taps,
    weights: &[T],
    epilogue: Epilogue<'_, T>,
    out: &mut [T],
) {
    let channels = taps.groups;
    let reach = taps.offsets.iter().max().map_or(0, |offset| offset + channels);
    assert!(weights.len() == taps.offsets.len() * channels);
    assert!(epilogue.bias.is_none_or(|bias| bias.len() == channels));
    assert!(pixels.iter().all(|p| p.from + reach <= plane.len() && p.to + channels <= out.len()));
    dispatch(Correlate { plane, pixels, offsets: &taps.offsets, weights, channels, epilogue, out });
}

struct Correlate<'a, T> {
    plane: &'a [T],
    pixels: &'a [Pixel],
    offsets: &'a [usize],
    weights: &'a [T],
    channels: usize,
    epilogue: Epilogue<'a, T>,
    out: &'a mut [T],
}

impl<T: Element> Kernel for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let lanes = T::Vector::<S>::LANES;
        let usual = <&[usize; USUAL_TAPS]>::try_from(self.offsets).ok();
        let out = self.out.as_mut_ptr();
        for first in (0..self.channels).step_by(lanes) {
            let part = Part { first, count: lanes.min(self.channels - first) };
            match usual {
                Some(offsets) => self.usual::<T::Vector<S>>(offsets, part, out),
                None => self.any::<T::Vector<S>>(part, out),
            }
        }
    }
}

/// Some neighbouring channels, at most one vector of them.
#[derive(Clone, Copy)]
struct Part {
    first: usize,
    count: usize,
}

impl<T: Element> Correlate<'_, T> {
    #[inline(always)]
    fn weight<V: Vector<Elem = T>>(&self, tap: usize, part: Part) -> V {
        // SAFETY: the weights have a row of channels for each tap.
        unsafe { V::load_up_to(self.weights.as_ptr().add(tap * self.channels + part.first), part.count) }
    }

    #[inline(always)]
    fn usual<V: Vector<Elem = T>>(&self, offsets: &[usize; USUAL_TAPS], part: Part, out: *mut T) {
        let mut weights = [V::zero(); USUAL_TAPS];
        for tap in 0..USUAL_TAPS {
            weights[tap] = self.weight(tap, part);
        }
        let start = self.epilogue.start(part.first, part.count);
        for pixel in self.pixels {
            let window = self.plane.as_ptr().wrapping_add(pixel.from + part.first);
            let mut sum = start;
            for tap in 0..USUAL_TAPS {
                // SAFETY: `correlate` checked that every window lies in the plane.
                sum = weights[tap].mul_add(unsafe { V::load_up_to(window.add(offsets[tap]), part.count) }, sum);
            }
            self.finish(sum, pixel, part, out);
        }
    }

    #[inline(always)]
    fn any<V: Vector<Elem = T>>(&self, part: Part, out: *mut T) {
        let start = self.epilogue.start(part.first, part.count);
        for pixel in self.pixels {
            let window = self.plane.as_ptr().wrapping_add(pixel.from + part.first);
            let mut sum: V = start;
            for (tap, &offset) in self.offsets.iter().enumerate() {
                // SAFETY: `correlate` checked that every window lies in the plane.
                sum =
                    self.weight::<V>(tap, part).mul_add(unsafe { V::load_up_to(window.add(offset), part.count) }, sum);
            }
            self.finish(sum, pixel, part, out);
        }
    }

    #[inline(always)]
    fn finish<V: Vector<Elem = T>>(&self, sum: V, pixel: &Pixel, part: Part, out: *mut T) {
        // SAFETY: `correlate` checked that every pixel lies in the output.
        unsafe { self.epilogue.finish(sum).store_up_to(out.add(pixel.to + part.first), part.count) };
    }
}

/// dkernel (tap, channel), given dy.
pub fn kernel_grad<T: Element>(g: &ConvGeometry, x: Source<'_, T>, dy: &[T]) -> Buffer<T> {
    let plane = Plane::of_input(g);
    let mut dkernel = Buffer::stale(g.kernel_shape().iter().product());
    let taps = super::forward::taps(g, &plane);
    let (x_len, line) = (g.rows.input * g.cols.input * g.cin, g.cols.output * g.cout);
    let frames_per_leaf = LEAF_ELEMENTS.div_ceil((g.rows.output * line).max(1));
    let band_rows = band_pixels(g.cout).div_ceil(g.cols.output.max(1)).min(g.rows.output.max(1));
    tree_sum_in_leaves(g.frames, frames_per_leaf, &mut dkernel, |frames, acc| {
        for frame in frames {
            for first in (0..g.rows.output).step_by(band_rows) {
                let rows = band_rows.min(g.rows.output - first);
                let (top, bottom) = super::forward::band_of(g, first, rows);
                let x = &plane.band(x.frames(frame * x_len, x_len), top, bottom);
                let dy = &dy[(frame * g.rows.output + first) * line..][..rows * line];
                let pixels = &super::forward::pixels(g, &plane, rows, g.cols.output);
                dispatch(AddBand { x, dy, pixels, offsets: &taps.offsets, channels: g.cin, acc: &mut *acc });
            }
        }
    });
    dkernel
}

struct AddBand<'a, T> {
    x: &'a [T],
    dy: &'a [T],
    pixels: &'a [Pixel],
    offsets: &'a [usize],
    channels: usize,
    acc: &'a mut [T],
}

impl<T: Element> Kernel for AddBand<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, dy, pixels, offsets, channels, acc } = self;
        let lanes = T::Vector::<S>::LANES;
        let reach = offsets.iter().max().map_or(0, |offset| offset + channels);
        assert!(pixels.iter().all(|p| p.from + reach <= x.len() && p.to + channels <= dy.len()));
        assert!(acc.len() == offsets.len() * channels);
        for first in (0..channels).step_by(lanes) {
            let count = lanes.min(channels - first);
            for (group, offsets) in offsets.chunks(USUAL_TAPS).enumerate() {
                let mut sums = [T::Vector::<S>::zero(); USUAL_TAPS];
                let mut at = [0; USUAL_TAPS];
                at[..offsets.len()].copy_from_slice(offsets);
                for pixel in pixels {
                    // SAFETY: checked above. Taps that do not exist add what the first one sees, to sums that nobody reads.
                    unsafe {
                        let gradient = T::Vector::<S>::load_up_to(dy.as_ptr().add(pixel.to + first), count);
                        let window = x.as_ptr().add(pixel.from + first);
                        for tap in 0..USUAL_TAPS {
                            let seen = T::Vector::<S>::load_up_to(window.add(at[tap]), count);
                            sums[tap] = gradient.mul_add(seen, sums[tap]);
                        }
                    }
                }
                for tap in 0..offsets.len() {
                    // SAFETY: acc has a row of channels for each tap.
                    unsafe {
                        let to = acc.as_mut_ptr().add((group * USUAL_TAPS + tap) * channels + first);
                        T::Vector::<S>::load_up_to(to, count).add(sums[tap]).store_up_to(to, count);
                    }
                }
            }
        }
    }
}
