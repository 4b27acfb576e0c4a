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
        self.channel_lens.fill(0);
        for (pooled, (dy, argmax)) in dy.chunks_exact(channels).zip(argmax.chunks_exact(channels)).enumerate() {
            self.add_by_channel(dy, argmax, &windows[pooled * self.positions..][..self.positions]);
            if !self.pixel_lens.is_empty() {
                dispatch(ByPixel { lists: self, pooled, dy, argmax });
            }
        }
    }

    /// Entries are written in any case, over one another where there is nothing to keep.
    fn add_by_channel(&mut self, dy: &[T], argmax: &[u8], windows: &[usize]) {
        let lists = self.by_channel.chunks_exact_mut(self.pooled).zip(&mut self.channel_lens);
        for ((list, len), (&gradient, &position)) in lists.zip(dy.iter().zip(argmax)) {
            let alive = position != DEAD;
            let offset = windows[usize::from(if alive { position } else { 0 })] as u32;
            list[*len] = Entry { offset, gradient };
            *len += usize::from(alive);
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
        assert!(argmax.len() == channels && lists.rows.len() == channels);
        let mut ramp = [T::ZERO; MAX_LANES];
        for (lane, number) in ramp.iter_mut().enumerate() {
            *number = T::from_f64(lane as f64);
        }
        let ramp = T::Vector::<S>::from_array(&ramp);
        let [rows, gradients] = lists.by_pixel.each_mut();
        for position in 0..lists.positions {
            let pixel = pooled * lists.positions + position;
            let start = pixel * channels;
            assert!(rows.len() >= start + channels + MAX_LANES && gradients.len() == rows.len());
            let value = T::Vector::<S>::splat(T::from_f64(position as f64));
            let mut len = 0;
            for first in (0..channels).step_by(T::Vector::<S>::LANES) {
                let count = T::Vector::<S>::LANES.min(channels - first);
                // SAFETY: `count` channels are left; lists have room for a vector behind all channels.
                unsafe {
                    let here = T::Vector::<S>::load_bytes_partial(argmax.as_ptr().add(first), count);
                    // Lanes behind the last channel: positions are no negative numbers.
                    let here = T::Vector::<S>::select(
                        ramp.lt(T::Vector::<S>::splat(T::from_f64(count as f64))),
                        here,
                        T::Vector::<S>::splat(T::from_f64(-1.0)),
                    );
                    let mask = here.eq(value);
                    let row = T::Vector::<S>::load_up_to(lists.rows.as_ptr().add(first), count);
                    row.compress(mask, rows.as_mut_ptr().add(start + len));
                    let gradient = T::Vector::<S>::load_up_to(dy.as_ptr().add(first), count);
                    len += gradient.compress(mask, gradients.as_mut_ptr().add(start + len));
                }
            }
            lists.pixel_lens[pixel] = len;
        }
    }
}
