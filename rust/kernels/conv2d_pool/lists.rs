//! The gradients of some pooled pixels as lists without zeros, by channel and by pixel of the un-pooled output.
//!
//! Which of them ReLU let through is as good as random, so nothing here branches on a single one.

use super::DEAD;
use crate::simd::{Element, Kernel, MAX_LANES, Simd, Vector, dispatch};

/// A row to add, times a number.
#[derive(Clone, Copy, Default)]
pub struct Entry<T> {
    pub offset: u32,
    pub gradient: T,
}

/// The lists of a band.
pub struct Lists<T> {
    by_channel: Vec<Entry<T>>,
    channel_lens: Vec<usize>,
    /// The rows and the gradients of each pixel.
    by_pixel: [Vec<T>; 2],
    /// Where each channel's row of the kernel begins, as numbers carry it.
    rows: Vec<T>,
    pixel_lens: Vec<usize>,
    /// Entries that a channel may have.
    pooled: usize,
    /// Un-pooled pixels of a pooled one.
    positions: usize,
}

impl<T: Element> Lists<T> {
    /// Room for `pooled` pixels of windows with so many positions; lists by pixel only if they are wanted. A channel's row of the kernel
    /// begins at a multiple of `row`.
    pub fn new(channels: usize, row: usize, pooled: usize, positions: usize, wanted_by_pixel: bool) -> Self {
        let pixels = if wanted_by_pixel { pooled * positions } else { 0 };
        Self {
            by_channel: vec![Entry::default(); channels * pooled],
            channel_lens: vec![0; channels],
            // The last list is written a whole vector at a time.
            by_pixel: std::array::from_fn(|_| vec![T::ZERO; pixels * channels + MAX_LANES]),
            rows: (0..channels).map(|channel| T::from_index((channel * row) as u32)).collect(),
            pixel_lens: vec![0; pixels],
            pooled,
            positions,
        }
    }

    /// Sorts the gradients of a band. `windows[pixel]` is where a pixel's window starts, pixels ordered by pooled pixel and
    /// position.
    pub fn fill(&mut self, dy: &[T], argmax: &[u8], windows: &[usize]) {
        let channels = self.channel_lens.len();
        self.fill_by_channel(dy, argmax, windows);
        if self.pixel_lens.is_empty() {
            return;
        }
        for (pooled, (dy, argmax)) in dy.chunks_exact(channels).zip(argmax.chunks_exact(channels)).enumerate() {
            dispatch(ByPixel { lists: self, pooled, dy, argmax });
        }
    }

    /// Entries are written in any case, over one another where there is nothing to keep.
    fn fill_by_channel(&mut self, dy: &[T], argmax: &[u8], windows: &[usize]) {
        let (channels, positions) = (self.channel_lens.len(), self.positions);
        let pooled = dy.len() / channels.max(1);
        assert!(argmax.len() == dy.len() && pooled <= self.pooled && windows.len() >= pooled * positions);
        for (channel, len) in self.channel_lens.iter_mut().enumerate() {
            let list = &mut self.by_channel[channel * self.pooled..][..self.pooled];
            let mut count = 0;
            for pixel in 0..pooled {
                let at = pixel * channels + channel;
                // SAFETY: `at` counts pixels and channels of both; a list has room for all pixels, and there is a window for each
                // position, which `check_positions` looked at.
                unsafe {
                    let position = *argmax.get_unchecked(at);
                    let alive = position != DEAD;
                    let window = pixel * positions + if alive { usize::from(position) } else { 0 };
                    let offset = *windows.get_unchecked(window) as u32;
                    *list.get_unchecked_mut(count) = Entry { offset, gradient: *dy.get_unchecked(at) };
                    count += usize::from(alive);
                }
            }
            *len = count;
        }
    }

    /// A channel's gradients, each with the window of its pixel.
    pub fn of_channel(&self, channel: usize) -> &[Entry<T>] {
        &self.by_channel[channel * self.pooled..][..self.channel_lens[channel]]
    }

    /// The rows of the channels that have a gradient at a pixel (`Element::to_index`), and the gradients.
    #[inline(always)]
    pub fn of_pixel(&self, pixel: usize) -> [&[T]; 2] {
        let (start, len) = (pixel * self.channel_lens.len(), self.pixel_lens[pixel]);
        [&self.by_pixel[0][start..][..len], &self.by_pixel[1][start..][..len]]
    }
}

/// The lists of one pooled pixel's positions.
struct ByPixel<'a, T> {
    lists: &'a mut Lists<T>,
    pooled: usize,
    dy: &'a [T],
    argmax: &'a [u8],
}

impl<T: Element> Kernel for ByPixel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { lists, pooled, dy, argmax } = self;
        let channels = dy.len();
        let [rows, gradients] = lists.by_pixel.each_mut();
        for position in 0..lists.positions {
            let pixel = pooled * lists.positions + position;
            let start = pixel * channels;
            assert!(rows.len() >= start + channels + MAX_LANES && gradients.len() == rows.len());
            // SAFETY: lists have room for a vector behind all channels.
            lists.pixel_lens[pixel] = unsafe {
                let to = [rows.as_mut_ptr().add(start), gradients.as_mut_ptr().add(start)];
                list_position::<T::Vector<S>>(dy, argmax, &lists.rows, position, to)
            };
        }
    }
}

/// Writes the rows of the channels whose maximum is at a position, and their gradients; returns how many they are.
///
/// # Safety
/// Both places have room for all channels and a vector.
#[inline(always)]
pub unsafe fn list_position<V: Vector>(
    dy: &[V::Elem],
    argmax: &[u8],
    rows: &[V::Elem],
    position: usize,
    [to_rows, to_gradients]: [*mut V::Elem; 2],
) -> usize {
    let channels = dy.len();
    assert!(argmax.len() == channels && rows.len() >= channels);
    let wanted = V::splat(V::Elem::from_f64(position as f64));
    let mut len = 0;
    for first in (0..channels).step_by(V::LANES) {
        let count = V::LANES.min(channels - first);
        // SAFETY: `count` channels are left, and there is room for a vector.
        unsafe {
            let mut here = V::load_bytes_partial(argmax.as_ptr().add(first), count);
            if count < V::LANES {
                here = V::select(first_lanes::<V>(count), here, V::splat(V::Elem::from_f64(-1.0)));
            }
            let mask = here.eq(wanted);
            V::load_up_to(rows.as_ptr().add(first), count).compress(mask, to_rows.add(len));
            len += V::load_up_to(dy.as_ptr().add(first), count).compress(mask, to_gradients.add(len));
        }
    }
    len
}

/// The first `count` lanes.
#[inline(always)]
fn first_lanes<V: Vector>(count: usize) -> V::Mask {
    let mut ramp = [V::Elem::ZERO; MAX_LANES];
    for (lane, number) in ramp.iter_mut().enumerate() {
        *number = V::Elem::from_f64(lane as f64);
    }
    V::from_array(&ramp).lt(V::splat(V::Elem::from_f64(count as f64)))
}
