//! Backward without the zeros. Of a window of pooled outputs only one has a gradient, and none where ReLU let nothing through,
//! so the gradient of the un-pooled activation is kept as lists:
//! - kernel: dkernel[channel][K] += gradient * patch[pixel][K] over a channel's list of pixels
//! - input: dpatch[pixel][K] += gradient * kernel[channel][K] over a pixel's list of channels
//!
//! Both are the same loop: a segment of K stays in registers while rows named by a list are added to it. Where the rows of a
//! window are whole vectors they are read and written in the plane itself; otherwise patches are copied, padded with zeros.

use super::lists::{Entry, Lists};
use super::{Gradients, PooledConvGeometry};
use crate::kernels::conv2d::plane::Plane;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::{Shared, tree_sum_in_leaves};
use crate::simd::{Element, Kernel, Simd, Vector, dispatch, lanes};

/// Pooled pixels of a band, about: lists are long enough to be worth a visit, and the band stays in a cache.
const BAND_PIXELS: usize = 32;
/// Frames with fewer pixels than this share a leaf of the tree, at most `LEAF_FRAMES` of them.
const LEAF_PIXELS: usize = 4096;
const LEAF_FRAMES: usize = 8;

/// Gradients of a convolution with one group.
pub fn backward<T: Element>(
    g: &PooledConvGeometry,
    dy: &[T],
    argmax: &[u8],
    x: Source<'_, T>,
    kernel: &[T],
    input_gradient: bool,
) -> Gradients<T> {
    let job = Job::new(g, kernel);
    let (conv, row) = (&g.conv, job.layout.row);
    let mut sums = Buffer::stale(conv.cout * (row + 1));
    let mut dx = input_gradient.then(|| Buffer::stale(conv.input_shape().iter().product()));
    let frames_per_leaf = LEAF_PIXELS.div_ceil((conv.rows.output * conv.cols.output).max(1)).min(LEAF_FRAMES);
    let pooled_len = g.pool.rows.output * g.pool.cols.output * conv.cout;
    let x_len = conv.rows.input * conv.cols.input * conv.cin;
    let shared_dx = dx.as_deref_mut().map(Shared::new);
    tree_sum_in_leaves(conv.frames, frames_per_leaf, &mut sums, |frames, acc| {
        let mut lists = Lists::new(conv.cout, row, job.band_rows * g.pool.cols.output, g.positions(), input_gradient);
        let (dkernel, dbias) = acc.split_at_mut(conv.cout * row);
        for frame in frames {
            let pooled = frame * pooled_len..(frame + 1) * pooled_len;
            let (dy, argmax) = (&dy[pooled.clone()], &argmax[pooled]);
            // SAFETY: every frame is visited once.
            let dx = shared_dx.as_ref().map(|dx| unsafe { dx.slice(frame * x_len, x_len) });
            job.frame(dy, argmax, x.frames(frame * x_len, x_len), &mut lists, dkernel, dbias, dx);
        }
    });
    let mut dkernel = Buffer::stale(kernel.len());
    for (product, channels) in dkernel.chunks_exact_mut(conv.cout.max(1)).enumerate() {
        channels.iter_mut().enumerate().for_each(|(channel, d)| *d = sums[channel * row + product]);
    }
    Gradients { dx, dkernel, dbias: Buffer::copy_of(&sums[conv.cout * row..]) }
}

/// A stretch of K that a register tile holds: where it lies in a window and in a row of the kernel, and its vectors.
#[derive(Clone, Copy)]
struct Segment {
    window: usize,
    row: usize,
    vectors: usize,
}

/// How a window's K elements are stored.
struct Layout {
    /// Whether windows are copied into patches.
    patches: bool,
    /// Elements of a row of the kernel, whole vectors.
    row: usize,
    segments: Vec<Segment>,
}

impl Layout {
    fn new(g: &PooledConvGeometry, plane: &Plane, lanes: usize) -> Self {
        let run = g.conv.cols.kernel * g.conv.cin;
        let patches = g.conv.cols.dilation != 1 || !run.is_multiple_of(lanes);
        let (stretches, len) = if patches { (1, g.conv.rows.kernel * run) } else { (g.conv.rows.kernel, run) };
        let mut segments = Vec::new();
        for stretch in 0..stretches {
            let mut done = 0;
            while done < len {
                let left = (len - done).div_ceil(lanes);
                let vectors = [12, 8, 6, 4, 2, 1].into_iter().find(|&n| n <= left).unwrap_or(1);
                let window = stretch * g.conv.rows.dilation * plane.pitch() + done;
                segments.push(Segment { window, row: stretch * len + done, vectors });
                done += vectors * lanes;
            }
        }
        Self { patches, row: (stretches * len).next_multiple_of(lanes), segments }
    }
}

/// What all frames share.
struct Job<'a, T: Element> {
    g: &'a PooledConvGeometry,
    plane: Plane,
    layout: Layout,
    /// (channel out, K)
    kernel: Buffer<T>,
    band_rows: usize,
}

impl<'a, T: Element> Job<'a, T> {
    fn new(g: &'a PooledConvGeometry, kernel: &[T]) -> Self {
        let plane = Plane::of_input(&g.conv);
        let layout = Layout::new(g, &plane, lanes::<T>());
        let mut rows = Buffer::zeroed(g.conv.cout * layout.row);
        for (product, channels) in kernel.chunks_exact(g.conv.cout.max(1)).enumerate() {
            channels.iter().enumerate().for_each(|(channel, &w)| rows[channel * layout.row + product] = w);
        }
        let band_rows = BAND_PIXELS.div_ceil(g.pool.cols.output.max(1)).min(g.pool.rows.output.max(1));
        Self { g, plane, layout, kernel: rows, band_rows }
    }

    /// Adds one frame's gradients to dkernel (channel out, K) and dbias, and writes its dx.
    fn frame(
        &self,
        dy: &[T],
        argmax: &[u8],
        x: Source<'_, T>,
        lists: &mut Lists<T>,
        dkernel: &mut [T],
        dbias: &mut [T],
        dx: Option<&mut [T]>,
    ) {
        let PooledConvGeometry { conv, pool } = self.g;
        let mut dplane = dx.as_ref().map(|_| Buffer::zeroed(self.plane.rows.len * self.plane.pitch()));
        for first in (0..pool.rows.output).step_by(self.band_rows) {
            let rows = self.band_rows.min(pool.rows.output - first);
            let (top, bottom) = (self.g.seen(first, rows).start, self.g.seen(first, rows).end);
            let band = self.plane.band(x, top, bottom);
            let windows = self.g.windows(rows, self.plane.pitch(), conv.cin);
            let part = self.g.pooled(first, rows);
            let patches = self.layout.patches.then(|| self.copy_patches(&band, &windows));
            let starts: Vec<usize> = if patches.is_some() {
                (0..windows.len()).map(|i| i * self.layout.row).collect()
            } else {
                windows.clone()
            };
            lists.fill(&dy[part.clone()], &argmax[part], &starts);
            for (channel, sum) in dbias.iter_mut().enumerate() {
                *sum += lists.of_channel(channel).iter().fold(T::ZERO, |sum, entry| sum + entry.gradient);
            }
            let source = patches.as_deref().unwrap_or(&band);
            dispatch(AddToKernel { layout: &self.layout, lists, source, dkernel });
            let Some(dplane) = &mut dplane else { continue };
            let dband = &mut dplane[top * self.plane.pitch()..bottom * self.plane.pitch()];
            if !self.layout.patches {
                dispatch(AddToInput {
                    layout: &self.layout,
                    lists,
                    kernel: &self.kernel,
                    starts: &starts,
                    target: dband,
                });
                continue;
            }
            let mut dpatches = Buffer::zeroed(windows.len() * self.layout.row);
            dispatch(AddToInput {
                layout: &self.layout,
                lists,
                kernel: &self.kernel,
                starts: &starts,
                target: &mut dpatches,
            });
            self.add_patches(&dpatches, &windows, dband);
        }
        if let (Some(dx), Some(dplane)) = (dx, dplane) {
            self.plane.crop(&dplane, dx);
        }
    }

    /// The stretches of a window: (where in the plane, seen from its start; where in a patch; elements).
    fn stretches(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let conv = &self.g.conv;
        let joined = conv.cols.dilation == 1;
        let (taps, len) = if joined { (1, conv.cols.kernel * conv.cin) } else { (conv.cols.kernel, conv.cin) };
        (0..conv.rows.kernel * taps).map(move |index| {
            let (kh, kw) = (index / taps, index % taps);
            let from = kh * conv.rows.dilation * self.plane.pitch() + kw * conv.cols.dilation * conv.cin;
            (from, index * len, len)
        })
    }

    fn copy_patches(&self, band: &[T], windows: &[usize]) -> Buffer<T> {
        let mut patches = Buffer::zeroed(windows.len() * self.layout.row);
        for (patch, &window) in patches.chunks_exact_mut(self.layout.row.max(1)).zip(windows) {
            for (from, to, len) in self.stretches() {
                patch[to..to + len].copy_from_slice(&band[window + from..][..len]);
            }
        }
        patches
    }

    fn add_patches(&self, patches: &[T], windows: &[usize], band: &mut [T]) {
        for (patch, &window) in patches.chunks_exact(self.layout.row.max(1)).zip(windows) {
            for (to, from, len) in self.stretches() {
                let target = &mut band[window + to..][..len];
                target.iter_mut().zip(&patch[from..from + len]).for_each(|(t, &p)| *t += p);
            }
        }
    }
}

struct AddToKernel<'a, T> {
    layout: &'a Layout,
    lists: &'a Lists<T>,
    /// Windows, or patches, that the channels' lists point into.
    source: &'a [T],
    dkernel: &'a mut [T],
}

impl<T: Element> Kernel for AddToKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { layout, lists, source, dkernel } = self;
        for segment in &layout.segments {
            for (channel, row) in dkernel.chunks_exact_mut(layout.row).enumerate() {
                let entries = lists.of_channel(channel);
                // SAFETY: windows lie inside the source, segments inside windows and rows.
                unsafe {
                    let from = source.as_ptr().wrapping_add(segment.window);
                    add_segment::<T::Vector<S>>(
                        &entries,
                        from,
                        row.as_mut_ptr().wrapping_add(segment.row),
                        segment.vectors,
                    );
                }
            }
        }
    }
}

struct AddToInput<'a, T> {
    layout: &'a Layout,
    lists: &'a Lists<T>,
    kernel: &'a [T],
    /// Where each pixel's window, or patch, starts in the target.
    starts: &'a [usize],
    target: &'a mut [T],
}

impl<T: Element> Kernel for AddToInput<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { layout, lists, kernel, starts, target } = self;
        for segment in &layout.segments {
            for (pixel, &start) in starts.iter().enumerate() {
                let [rows, gradients] = lists.of_pixel(pixel);
                if rows.is_empty() {
                    continue;
                }
                let entries = ChannelRows { rows, gradients };
                // SAFETY: windows lie inside the target, segments inside windows and rows of the kernel.
                unsafe {
                    let to = target.as_mut_ptr().wrapping_add(start + segment.window);
                    add_segment::<T::Vector<S>>(
                        &entries,
                        kernel.as_ptr().wrapping_add(segment.row),
                        to,
                        segment.vectors,
                    );
                }
            }
        }
    }
}

/// Rows to add, each times a number.
trait Entries<T> {
    fn len(&self) -> usize;
    /// Where the row of an entry lies, and its number. Must be `#[inline(always)]`.
    fn get(&self, index: usize) -> (usize, T);
}

impl<T: Copy> Entries<T> for &[Entry<T>] {
    #[inline(always)]
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    #[inline(always)]
    fn get(&self, index: usize) -> (usize, T) {
        (self[index].offset as usize, self[index].gradient)
    }
}

/// The kernel's rows of some channels, as `Lists::of_pixel` gives them.
struct ChannelRows<'a, T> {
    rows: &'a [T],
    gradients: &'a [T],
}

impl<T: Element> Entries<T> for ChannelRows<'_, T> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline(always)]
    fn get(&self, index: usize) -> (usize, T) {
        (self.rows[index].to_index() as usize, self.gradients[index])
    }
}

/// Adds the rows that `entries` name, times their gradients, to `vectors` vectors at `to`.
///
/// # Safety
/// All of them can be read, and `to` written.
#[inline(always)]
unsafe fn add_segment<V: Vector>(
    entries: &impl Entries<V::Elem>,
    from: *const V::Elem,
    to: *mut V::Elem,
    vectors: usize,
) {
    // SAFETY: the caller's promise. Short segments have several sums in flight to hide the latency of an addition.
    unsafe {
        match vectors {
            12 => add_rows::<V, 12, 1>(entries, from, to),
            8 => add_rows::<V, 8, 1>(entries, from, to),
            6 => add_rows::<V, 6, 2>(entries, from, to),
            4 => add_rows::<V, 4, 2>(entries, from, to),
            2 => add_rows::<V, 2, 4>(entries, from, to),
            _ => add_rows::<V, 1, 4>(entries, from, to),
        }
    }
}

/// # Safety
/// As `add_segment`, of N vectors.
#[inline(always)]
unsafe fn add_rows<V: Vector, const N: usize, const CHAINS: usize>(
    entries: &impl Entries<V::Elem>,
    from: *const V::Elem,
    to: *mut V::Elem,
) {
    let mut sums = [[V::zero(); N]; CHAINS];
    // SAFETY: the caller's promise.
    sums[0] = std::array::from_fn(|j| unsafe { V::load(to.wrapping_add(j * V::LANES)) });
    let rounds = entries.len() / CHAINS;
    for round in 0..rounds {
        for chain in 0..CHAINS {
            // SAFETY: the caller's promise.
            unsafe { add_row(&mut sums[chain], entries.get(round * CHAINS + chain), from) };
        }
    }
    for index in rounds * CHAINS..entries.len() {
        // SAFETY: the caller's promise.
        unsafe { add_row(&mut sums[0], entries.get(index), from) };
    }
    for j in 0..N {
        let mut total = sums[0][j];
        for chain in &sums[1..] {
            total = total.add(chain[j]);
        }
        // SAFETY: the caller's promise.
        unsafe { total.store(to.wrapping_add(j * V::LANES)) };
    }
}

/// # Safety
/// The row `offset` elements behind `from` holds N vectors.
#[inline(always)]
unsafe fn add_row<V: Vector, const N: usize>(
    sums: &mut [V; N],
    (offset, gradient): (usize, V::Elem),
    from: *const V::Elem,
) {
    let (row, gradient) = (from.wrapping_add(offset), V::splat(gradient));
    for (j, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *sum = unsafe { gradient.mul_add(V::load(row.wrapping_add(j * V::LANES)), *sum) };
    }
}
