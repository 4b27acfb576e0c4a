//! The gradient of the input: to the nine vectors that a pixel's window sees, the kernel's rows of the channels with a gradient there are
//! added, each times its gradient.
//!
//! A pixel has about ten such channels of 64, and how many is as good as random: a loop over them would end in a branch that nobody can
//! foresee. So lists are cut into groups of `GROUP`, filled up with zeros, and one loop walks over the groups of all pixels.

use super::super::lists::list_position;
use super::{Layout, PooledGradients, SIDE, TAPS};
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, MAX_LANES, Pieces, Simd, Vector, dispatch};

/// Entries of a group: fewer read and write sums more often, more are zeros more often.
const GROUP: usize = 4;
/// Channels out of a list: their rows of a block, nine vectors each, fit the first-level cache beside the sums.
const CHANNELS: usize = 64;
/// Pooled pixels of a band, about: their lists stay in the second-level cache.
const BAND_PIXELS: usize = 256;

/// What all frames share.
pub struct InputGradient<'a, T: Element> {
    layout: Layout<'a>,
    /// (block, channel out, tap, lane)
    kernel: Buffer<T>,
    /// Pooled rows of a band.
    rows: usize,
}

impl<'a, T: Element> InputGradient<'a, T> {
    pub fn new(layout: Layout<'a>, kernel: &[T]) -> Self {
        let Layout { g, lanes, .. } = layout;
        let (cin, cout) = (g.conv.cin, g.conv.cout);
        let mut rows = Buffer::stale(kernel.len());
        for (product, weights) in kernel.chunks_exact(cout).enumerate() {
            let (tap, block, lane) = (product / cin, product % cin / lanes, product % lanes);
            for (channel, &w) in weights.iter().enumerate() {
                rows[((block * cout + channel) * TAPS + tap) * lanes + lane] = w;
            }
        }
        let band = BAND_PIXELS.div_ceil(g.pool.cols.output.max(1)).min(g.pool.rows.output.max(1));
        Self { layout, kernel: rows, rows: band }
    }

    /// What a thread needs for its frames.
    pub fn room(&self) -> Room<T> {
        let Layout { g, plane, blocks, line, .. } = self.layout;
        let windows = self.layout.windows(self.rows);
        let groups = Groups::new(windows.len(), self.rows * g.pool.cols.output);
        Room { groups, windows, dplane: Buffer::stale(blocks * plane.rows.len * line) }
    }

    /// Writes a frame's gradient.
    pub fn write_frame(
        &self,
        gradients: PooledGradients<'_, T>,
        Room { groups, windows, dplane }: &mut Room<T>,
        dx: &mut [T],
    ) {
        let Layout { g, plane, lanes, blocks, line } = self.layout;
        let (pooled_rows, cout) = (g.pool.rows.output, g.conv.cout);
        dplane.fill(T::ZERO);
        for first in (0..pooled_rows).step_by(self.rows) {
            let rows = self.rows.min(pooled_rows - first);
            let part = self.layout.part(gradients, first, rows);
            let seen = g.seen(first, rows);
            // Nearly every pixel has a group, of which two are added at a time.
            let pairs = rows * g.pool.cols.output * g.positions() / 2 * blocks * cout.div_ceil(CHANNELS);
            let mut ahead = Pieces::new(&dx[self.layout.real(seen.clone())], pairs);
            for channel in (0..cout).step_by(CHANNELS) {
                let channels = CHANNELS.min(cout - channel);
                dispatch(Fill { groups, gradients: part, cout, channel, channels, windows, positions: g.positions() });
                let top = seen.start * line;
                let targets = dplane.chunks_exact_mut(plane.rows.len * line);
                let rows = self.kernel.chunks_exact(cout * TAPS * lanes);
                for (target, kernel) in targets.zip(rows) {
                    let kernel = &kernel[channel * TAPS * lanes..][..channels * TAPS * lanes];
                    dispatch(AddRows {
                        groups,
                        kernel,
                        target: &mut target[top..],
                        down: self.layout.down(),
                        ahead: &mut ahead,
                    });
                }
            }
        }
        dispatch(Unblock { layout: &self.layout, dplane, dx });
    }
}

/// Scratch memory.
pub struct Room<T: Element> {
    groups: Groups<T>,
    windows: Vec<usize>,
    dplane: Buffer<T>,
}

/// The groups of a band, for some channels out.
struct Groups<T: Element> {
    /// Where the row of the kernel begins, as numbers carry it, for every entry of every group.
    rows: Buffer<T>,
    gradients: Buffer<T>,
    /// Where the window of a group begins, as numbers carry it.
    targets: Buffer<T>,
    len: usize,
}

impl<T: Element> Groups<T> {
    /// Room for so many pixels, of so many pooled ones; a vector is written behind the last.
    fn new(pixels: usize, pooled: usize) -> Self {
        let entries = pooled * CHANNELS + pixels * (GROUP - 1);
        let [rows, gradients] = [0; 2].map(|_| Buffer::stale(entries + MAX_LANES));
        Self { rows, gradients, targets: Buffer::stale(entries / GROUP + CHANNELS), len: 0 }
    }
}

/// Makes the groups of a band.
struct Fill<'a, 'g, T: Element> {
    groups: &'a mut Groups<T>,
    gradients: PooledGradients<'g, T>,
    cout: usize,
    channel: usize,
    channels: usize,
    /// Where windows begin, by pooled pixel and position; at least those of the gradients.
    windows: &'a [usize],
    positions: usize,
}

impl<T: Element> Kernel for Fill<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let lanes = T::Vector::<S>::LANES;
        let Self { groups, gradients: PooledGradients { dy, argmax }, cout, channel, channels, windows, positions } =
            self;
        let mut starts = [T::ZERO; CHANNELS];
        for (index, start) in starts.iter_mut().enumerate() {
            *start = T::from_index((index * TAPS * lanes) as u32);
        }
        let pooled = dy.len() / cout;
        let room = pooled * (channels + positions * (GROUP - 1)) + MAX_LANES;
        assert!(groups.rows.len() >= room && groups.gradients.len() >= room && channels <= CHANNELS);
        assert!(groups.targets.len() >= room / GROUP + CHANNELS / GROUP && windows.len() >= pooled * positions);
        let lists = [groups.rows.as_mut_ptr(), groups.gradients.as_mut_ptr()];
        let (targets, mut len) = (groups.targets.as_mut_ptr(), 0);
        for pixel in 0..pooled {
            let here = pixel * cout + channel..pixel * cout + channel + channels;
            let (dy, argmax) = (&dy[here.clone()], &argmax[here]);
            for position in 0..positions {
                // SAFETY: a pooled pixel adds at most all channels and, for each position, the zeros of a group; a vector more fits.
                unsafe {
                    let to = [lists[0].add(len), lists[1].add(len)];
                    let count = list_position::<T::Vector<S>>(dy, argmax, &starts, position, to);
                    for more in (0..GROUP).step_by(lanes) {
                        T::Vector::<S>::zero().store(to[0].add(count + more));
                        T::Vector::<S>::zero().store(to[1].add(count + more));
                    }
                    let window = T::Vector::<S>::splat(T::from_index(windows[pixel * positions + position] as u32));
                    for group in (0..CHANNELS / GROUP).step_by(lanes) {
                        window.store(targets.add(len / GROUP + group));
                    }
                    len += count.next_multiple_of(GROUP);
                }
            }
        }
        groups.len = len / GROUP;
    }
}

struct AddRows<'a, T: Element> {
    groups: &'a Groups<T>,
    /// (channel out, tap, lane)
    kernel: &'a [T],
    target: &'a mut [T],
    down: usize,
    /// What is written next.
    ahead: &'a mut Pieces,
}

impl<T: Element> Kernel for AddRows<'_, T> {
    type Output = ();

    /// One group of the first half of the band and one of the second in turn: neighbouring windows overlap, and one would wait for the
    /// sums of the other.
    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { groups: Groups { rows, gradients, targets, len }, kernel, target, down, ahead } = self;
        let (half, mut pieces) = (len / 2, *ahead);
        let work = Work {
            rows: rows.as_ptr(),
            gradients: gradients.as_ptr(),
            targets: targets.as_ptr(),
            kernel: kernel.as_ptr(),
            target: target.as_mut_ptr(),
            down,
        };
        // SAFETY: windows lie in the target, rows in the kernel.
        unsafe {
            for group in 0..half {
                pieces.call();
                add_group::<T::Vector<S>>(work, group);
                add_group::<T::Vector<S>>(work, half + group);
            }
            if 2 * half < *len {
                add_group::<T::Vector<S>>(work, 2 * half);
            }
        }
        *ahead = pieces;
    }
}

/// `AddRows` as its loop reads it.
#[derive(Clone, Copy)]
struct Work<T> {
    rows: *const T,
    gradients: *const T,
    targets: *const T,
    kernel: *const T,
    target: *mut T,
    down: usize,
}

/// # Safety
/// The group's window lies in the target, its rows in the kernel.
#[inline(always)]
unsafe fn add_group<V: Vector>(work: Work<V::Elem>, group: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let window = work.target.add((*work.targets.add(group)).to_index() as usize);
        let mut sums = [V::zero(); TAPS];
        for tap in 0..TAPS {
            sums[tap] = V::load(window.add(tap / SIDE * work.down + tap % SIDE * V::LANES));
        }
        for entry in group * GROUP..(group + 1) * GROUP {
            let gradient = V::splat(*work.gradients.add(entry));
            let row = work.kernel.add((*work.rows.add(entry)).to_index() as usize);
            for tap in 0..TAPS {
                sums[tap] = gradient.mul_add(V::load(row.add(tap * V::LANES)), sums[tap]);
            }
        }
        for tap in 0..TAPS {
            sums[tap].store(window.add(tap / SIDE * work.down + tap % SIDE * V::LANES));
        }
    }
}

/// Takes the blocks of a plane apart again: pixels get what lies on real positions, zeros where no window reaches.
struct Unblock<'a, T> {
    layout: &'a Layout<'a>,
    dplane: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel for Unblock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Layout { g, plane, lanes, blocks, line } = *self.layout;
        let block_len = plane.rows.len * line;
        assert!(self.dplane.len() == blocks * block_len && lanes == T::Vector::<S>::LANES);
        for (index, row) in self.dx.chunks_exact_mut(g.conv.cols.input * g.conv.cin).enumerate() {
            let from = index + plane.rows.before;
            if from >= plane.rows.len {
                row.fill(T::ZERO);
                continue;
            }
            let reached = (plane.cols.len - plane.cols.before.min(plane.cols.len)).min(g.conv.cols.input);
            let (row, behind) = row.split_at_mut(reached * g.conv.cin);
            behind.fill(T::ZERO);
            let from = from * line + plane.cols.before * lanes;
            for (col, pixel) in row.chunks_exact_mut(g.conv.cin).enumerate() {
                for (block, channels) in pixel.chunks_exact_mut(T::Vector::<S>::LANES).enumerate() {
                    let from = &self.dplane[block * block_len + from + col * lanes..][..lanes];
                    // SAFETY: both slices hold a vector.
                    unsafe { T::Vector::<S>::load(from.as_ptr()).store(channels.as_mut_ptr()) };
                }
            }
        }
    }
}
