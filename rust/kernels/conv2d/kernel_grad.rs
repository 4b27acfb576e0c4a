//! Kernel gradient: (products x pixels) times (pixels x channels), summed over frames.
//!
//! Frames are added in groups of a fixed size and the groups by a fixed tree. In a group, bands of pixels stay in the cache:
//! dy is packed in panels as wide as a register tile, and a tile holds a few products by a panel while it walks the pixels.

use super::plane::Plane;
use super::tile::{accumulate, tile_vectors, with_tile};
use crate::geometry::ConvGeometry;
use crate::kernels::frames::Source;
use crate::kernels::gemm::{Grouped, Matrix, Right, Target};
use crate::memory::Buffer;
use crate::parallel::tree_sum_in_leaves;
use crate::simd::{self, Element, Kernel, Simd, Vector, dispatch};
use std::ops::Range;

/// Pixels of a band, about: its panel of dy fits the first-level cache.
const BAND_PIXELS: usize = 128;
/// Pixels that a chain of a pointwise kernel's gradient takes.
const CHAIN_PIXELS: usize = 128;
/// Frames smaller than this many pixels share a leaf of the tree.
const LEAF_PIXELS: usize = 512;

/// Where the gradients of the outputs come from.
pub trait OutputGradients<T: Element>: Sync {
    /// Writes the gradients of some channels of output rows `first..first + rows` of a frame, pixel after pixel, into rows of `width`
    /// elements with zeros behind. Must be `#[inline(always)]`.
    fn pack<V: Vector<Elem = T>>(
        &self,
        frame: usize,
        rows: (usize, usize),
        block: Block,
        panel: &mut [T],
        width: usize,
    );

    /// The same panel where it already lies in memory as `pack` would write it.
    fn panel(&self, _frame: usize, _rows: (usize, usize), _block: Block, _width: usize) -> Option<&[T]> {
        None
    }
}

/// All of them in one array.
struct Whole<'a, T> {
    g: &'a ConvGeometry,
    dy: &'a [T],
}

impl<T> Whole<'_, T> {
    fn rows(&self, frame: usize, (first, rows): (usize, usize)) -> &[T] {
        let line = self.g.cols.output * self.g.cout;
        &self.dy[(frame * self.g.rows.output + first) * line..][..rows * line]
    }
}

impl<T: Element> OutputGradients<T> for Whole<'_, T> {
    fn panel(&self, frame: usize, rows: (usize, usize), block: Block, width: usize) -> Option<&[T]> {
        (block.count == width && self.g.cout == width).then(|| self.rows(frame, rows))
    }

    #[inline(always)]
    fn pack<V: Vector<Elem = T>>(
        &self,
        frame: usize,
        rows: (usize, usize),
        block: Block,
        panel: &mut [T],
        width: usize,
    ) {
        for (row, pixel) in panel.chunks_exact_mut(width).zip(self.rows(frame, rows).chunks_exact(self.g.cout)) {
            row[..block.count].copy_from_slice(&pixel[block.first..block.first + block.count]);
            row[block.count..].fill(T::ZERO);
        }
    }
}

/// dkernel, given dy.
pub fn conv2d_kernel_grad<T: Element>(g: &ConvGeometry, x: Source<'_, T>, dy: &[T]) -> Buffer<T> {
    if g.is_pointwise() { pointwise(g, x, dy) } else { kernel_gradient(g, x, &Whole { g, dy }) }
}

/// A product of whole matrices, pixels being their rows.
fn pointwise<T: Element>(g: &ConvGeometry, x: Source<'_, T>, dy: &[T]) -> Buffer<T> {
    let set = simd::current();
    let pixels = g.rows.output * g.cols.output;
    sum_frames(g, |frames, acc| {
        let (first, inner) = (frames.start * pixels, frames.len() * pixels);
        let x = x.frames(first * g.cin, inner * g.cin).floats();
        let left = Matrix::rows(&x, g.cin).transposed();
        let right = Right::Plain(Matrix::rows(&dy[first * g.cout..], g.cout));
        let out = Target::rows(acc, g.cout);
        Grouped { left, right, rows: g.cin, inner, columns: g.cout, out }.compute_here(set, CHAIN_PIXELS);
    })
}

/// dkernel, given the gradients of the outputs.
pub fn kernel_gradient<T: Element>(
    g: &ConvGeometry,
    x: Source<'_, T>,
    gradients: &impl OutputGradients<T>,
) -> Buffer<T> {
    let job = Frames::new(g);
    sum_frames(g, |frames, acc| frames.for_each(|frame| job.add_frame(frame, x, gradients, acc)))
}

/// The sum over all frames: `leaf(frames, acc)` adds those of some neighbours.
fn sum_frames<T: Element>(g: &ConvGeometry, leaf: impl Fn(Range<usize>, &mut [T]) + Sync) -> Buffer<T> {
    let mut dkernel = Buffer::stale(g.kernel_shape().iter().product());
    let frames_per_leaf = LEAF_PIXELS.div_ceil((g.rows.output * g.cols.output).max(1));
    tree_sum_in_leaves(g.frames, frames_per_leaf, &mut dkernel, leaf);
    dkernel
}

/// What all frames share.
struct Frames<'a> {
    g: &'a ConvGeometry,
    plane: Plane,
    /// Where each product of a window lies, seen from its first element.
    products: Vec<usize>,
    band_rows: usize,
}

impl<'a> Frames<'a> {
    fn new(g: &'a ConvGeometry) -> Self {
        let plane = Plane::of_input(g);
        let channels = g.cin / g.groups;
        let products = (0..g.rows.kernel * g.cols.kernel * channels)
            .map(|product| {
                let (tap, channel) = (product / channels, product % channels);
                let (kh, kw) = (tap / g.cols.kernel, tap % g.cols.kernel);
                kh * g.rows.dilation * plane.pitch() + kw * g.cols.dilation * g.cin + channel
            })
            .collect();
        let band_rows = BAND_PIXELS.div_ceil(g.cols.output.max(1)).min(g.rows.output.max(1));
        Self { g, plane, products, band_rows }
    }

    /// Adds the gradient of one frame to `acc`, which has the shape of the kernel.
    fn add_frame<T: Element>(
        &self,
        frame: usize,
        x: Source<'_, T>,
        gradients: &impl OutputGradients<T>,
        acc: &mut [T],
    ) {
        let g = self.g;
        let x_len = g.rows.input * g.cols.input * g.cin;
        for first in (0..g.rows.output).step_by(self.band_rows) {
            let rows = self.band_rows.min(g.rows.output - first);
            let top = first * g.rows.stride;
            let bottom = top + (rows - 1) * g.rows.stride + (g.rows.kernel - 1) * g.rows.dilation + 1;
            let x = self.plane.band(x.frames(frame * x_len, x_len), top, bottom);
            let band = Band { frames: self, frame, first, x: &x, rows };
            dispatch(AddBand { band, gradients, acc });
        }
    }
}

/// Rows of x, as `rows` rows of the output see them.
struct Band<'a, T> {
    frames: &'a Frames<'a>,
    frame: usize,
    first: usize,
    x: &'a [T],
    rows: usize,
}

struct AddBand<'a, T, G> {
    band: Band<'a, T>,
    gradients: &'a G,
    acc: &'a mut [T],
}

impl<T: Element, G: OutputGradients<T>> Kernel for AddBand<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { band, gradients, acc } = self;
        let g = band.frames.g;
        let (channels, pixels) = (g.cout / g.groups, band.rows * g.cols.output);
        let vectors = tile_vectors::<T, S>(channels);
        let width = vectors * T::Vector::<S>::LANES;
        let mut packed = Buffer::stale(pixels * width);
        for group in 0..g.groups {
            for first in (0..channels).step_by(width) {
                let block = Block { group, first: group * channels + first, count: width.min(channels - first) };
                let rows = (band.first, band.rows);
                let panel = match gradients.panel(band.frame, rows, block, width) {
                    Some(panel) => panel,
                    None => {
                        gradients.pack::<T::Vector<S>>(band.frame, rows, block, &mut packed, width);
                        &packed
                    }
                };
                with_tile!(S, vectors, add_block::<T::Vector<S>>(&band, block, panel, acc.as_mut_ptr()));
            }
        }
    }
}

/// Channels that a panel holds: `count` from `first` on, all of one group.
#[derive(Clone, Copy)]
pub struct Block {
    group: usize,
    pub first: usize,
    pub count: usize,
}

/// Adds one block of channels to all products, P products at a time. The last tile repeats its last product.
#[inline(always)]
fn add_block<V: Vector, const P: usize, const N: usize>(
    band: &Band<'_, V::Elem>,
    block: Block,
    panel: &[V::Elem],
    acc: *mut V::Elem,
) {
    let Frames { g, plane, products, .. } = band.frames;
    let last = products.len().wrapping_sub(1);
    let (step, down) = (g.cols.stride * g.cin, g.rows.stride * plane.pitch());
    let row_panel = g.cols.output * N * V::LANES;
    let counts: [usize; N] = std::array::from_fn(|j| block.count.saturating_sub(j * V::LANES).min(V::LANES));
    let x = band.x.as_ptr().wrapping_add(block.group * (g.cin / g.groups));
    for tile in (0..products.len()).step_by(P) {
        let tile: [usize; P] = std::array::from_fn(|i| (tile + i).min(last));
        let to = |i: usize, j: usize| acc.wrapping_add(tile[i] * g.cout + block.first + j * V::LANES);
        // SAFETY: acc has a row of cout elements for each product; a block's channels lie inside it.
        let mut sums: [[V; N]; P] =
            std::array::from_fn(|i| std::array::from_fn(|j| unsafe { V::load_partial(to(i, j), counts[j]) }));
        for row in 0..band.rows {
            // SAFETY: the plane holds every window of the band, the panel every pixel of it.
            unsafe {
                let a = std::array::from_fn(|i| x.wrapping_add(products[tile[i]] + row * down));
                sums = accumulate(sums, a, step, panel.as_ptr().add(row * row_panel), N * V::LANES, g.cols.output);
            }
        }
        for i in 0..P {
            for j in 0..N {
                // SAFETY: as above.
                unsafe { sums[i][j].store_partial(to(i, j), counts[j]) };
            }
        }
    }
}
