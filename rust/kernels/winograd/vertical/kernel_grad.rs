//! Gradients of kernel and bias: the gradients of some columns of a strip are turned into six panels in the cache, one a frequency, and
//! each is multiplied with its line of the inputs.

use super::super::transforms::{KernelAdjoint, OutputAdjoint, Transform};
use super::super::{Channels, Gradients, INPUT, OUTPUT, Patch, Place, TAPS};
use super::{COLUMNS, Strips};
use crate::kernels::conv2d::tile::{accumulate, tile_vectors, with_tile};
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::tree_sum_in_leaves;
use crate::simd::{Element, Kernel, MAX_LANES, Simd, Vector, dispatch};

/// Frames smaller than this many outputs share a leaf of the tree.
const LEAF_OUTPUTS: usize = 512;
/// Columns of a panel; a multiple of `COLUMNS`.
const PANEL_COLUMNS: usize = 64;
/// Vectors of a panel.
const MOST_VECTORS: usize = 2;
/// Elements from one panel to the next: some more than it holds, or all panels would fall on the same sets of the cache.
const PANEL: usize = (PANEL_COLUMNS * MOST_VECTORS + 1) * MAX_LANES;

/// The gradients of kernel and bias.
pub fn gradients<T: Element>(
    strips: &Strips,
    x: Source<'_, T>,
    gradients: &impl Gradients<T>,
) -> (Buffer<T>, Buffer<T>) {
    let g = &strips.conv;
    let kernel_len = TAPS * strips.products() * g.cout;
    let mut sums = Buffer::stale(kernel_len + g.cout);
    let frames_per_leaf = LEAF_OUTPUTS.div_ceil((strips.outputs.0 * strips.outputs.1).max(1));
    tree_sum_in_leaves(g.frames, frames_per_leaf, &mut sums, |frames, acc| {
        let (dkernel, dbias) = acc.split_at_mut(kernel_len);
        let mut panels = Buffer::stale(INPUT * PANEL);
        let mut frequencies = Buffer::zeroed(INPUT * strips.products() * stride(g.cout));
        let mut lines = strips.lines();
        for frame in frames {
            for row in (0..strips.outputs.0).step_by(OUTPUT) {
                strips.transform(x, frame, row, &mut lines);
                let place = Place { frame, row, col: 0 };
                let (panels, frequencies) = (&mut panels[..], &mut frequencies[..]);
                dispatch(AddStrip { strips, place, lines: &lines, gradients, panels, frequencies, dbias: &mut *dbias });
            }
        }
        dispatch(AddKernel { frequencies: &frequencies, products: strips.products(), channels: g.cout, dkernel });
    });
    (Buffer::copy_of(&sums[..kernel_len]), Buffer::copy_of(&sums[kernel_len..]))
}

/// Elements from one product to the next among the frequencies of the gradient.
fn stride(channels: usize) -> usize {
    channels.next_multiple_of(MOST_VECTORS * MAX_LANES)
}

/// Adds a strip's gradients.
struct AddStrip<'a, T, G> {
    strips: &'a Strips,
    place: Place,
    lines: &'a [T],
    gradients: &'a G,
    panels: &'a mut [T],
    /// (frequency, product, channels out, filled up to `stride`)
    frequencies: &'a mut [T],
    dbias: &'a mut [T],
}

impl<T: Element, G: Gradients<T>> Kernel for AddStrip<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let (cout, lanes) = (self.strips.conv.cout, T::Vector::<S>::LANES);
        let vectors = tile_vectors::<T, S>(cout.min(MOST_VECTORS * lanes));
        let cols = self.strips.outputs.1;
        let (pitch, products) = (self.strips.plane.pitch(), self.strips.products());
        assert!(self.lines.len() == INPUT * pitch && (cols - 1) * self.strips.conv.cin + products <= pitch);
        assert!(self.panels.len() == INPUT * PANEL && vectors <= MOST_VECTORS);
        assert!(self.frequencies.len() == INPUT * products * stride(cout) && self.dbias.len() == cout);
        for first in (0..cout).step_by(vectors * lanes) {
            for col in (0..cols).step_by(PANEL_COLUMNS) {
                let count = PANEL_COLUMNS.min(cols - col);
                for vector in 0..vectors {
                    self.fill::<T::Vector<S>>(first, vector, vectors, (col, count));
                }
                with_tile!(S, vectors, add_panels::<T::Vector<S>>(&mut self, first, (col, count)));
            }
        }
    }
}

impl<T: Element, G: Gradients<T>> AddStrip<'_, T, G> {
    /// One vector of all panels, and the sum of its gradients.
    #[inline(always)]
    fn fill<V: Vector<Elem = T>>(
        &mut self,
        first: usize,
        vector: usize,
        vectors: usize,
        (start, count): (usize, usize),
    ) {
        let (rows, cout) = (self.strips.outputs.0, self.strips.conv.cout);
        let channel = first + vector * V::LANES;
        let channels = Channels { first: channel, count: V::LANES.min(cout.saturating_sub(channel)) };
        let mut sum = V::zero();
        for col in (0..count).step_by(COLUMNS) {
            let wanted = (OUTPUT.min(rows - self.place.row), COLUMNS.min(count - col));
            let mut patch = [[V::zero(); COLUMNS]; OUTPUT];
            if channels.count > 0 {
                let place = Place { col: start + col, ..self.place };
                patch = self.gradients.take::<V, COLUMNS>(Patch { place, channels, wanted });
            }
            for column in 0..COLUMNS {
                let mut line = [V::zero(); OUTPUT];
                for row in 0..OUTPUT {
                    line[row] = patch[row][column];
                }
                sum = sum.add(line[0].add(line[1]).add(line[2].add(line[3])));
                let line = OutputAdjoint::line(line);
                for frequency in 0..INPUT {
                    let at = frequency * PANEL + ((col + column) * vectors + vector) * V::LANES;
                    // SAFETY: a panel holds PANEL_COLUMNS columns, an even number.
                    unsafe { line[frequency].store(self.panels.as_mut_ptr().add(at)) };
                }
            }
        }
        if channels.count > 0 {
            let to = &mut self.dbias[channel..channel + channels.count];
            // SAFETY: the slice has `count` elements.
            unsafe { V::load_partial(to.as_ptr(), to.len()).add(sum).store_partial(to.as_mut_ptr(), to.len()) };
        }
    }
}

/// Multiplies the panels with P elements of the windows at a time. The last ones overlap, and are stored more than once.
#[inline(always)]
fn add_panels<V: Vector, const P: usize, const N: usize>(
    job: &mut AddStrip<'_, V::Elem, impl Sized>,
    first: usize,
    (col, count): (usize, usize),
) {
    let (cin, pitch, products) = (job.strips.conv.cin, job.strips.plane.pitch(), job.strips.products());
    let stride = stride(job.strips.conv.cout);
    for frequency in 0..INPUT {
        let line = job.lines.as_ptr().wrapping_add(frequency * pitch + col * cin);
        let panel = job.panels.as_ptr().wrapping_add(frequency * PANEL);
        for tile in (0..products).step_by(P) {
            let mut rows = [0; P];
            let mut left = [line; P];
            let mut sums = [[V::zero(); N]; P];
            for i in 0..P {
                rows[i] = (frequency * products + (tile + i).min(products - 1)) * stride + first;
                left[i] = line.wrapping_add((tile + i).min(products - 1));
                for j in 0..N {
                    // SAFETY: `run` checked that there is a row of `stride` elements for every frequency and product.
                    sums[i][j] = unsafe { V::load(job.frequencies.as_ptr().add(rows[i] + j * V::LANES)) };
                }
            }
            // SAFETY: `run` checked that the windows of all columns lie in the line.
            let sums = unsafe { accumulate(sums, left, cin, panel, N * V::LANES, count) };
            for i in 0..P {
                for j in 0..N {
                    // SAFETY: as above.
                    unsafe { sums[i][j].store(job.frequencies.as_mut_ptr().add(rows[i] + j * V::LANES)) };
                }
            }
        }
    }
}

/// Adds the gradient whose frequencies are given to `dkernel` (3, products, channels).
struct AddKernel<'a, T> {
    frequencies: &'a [T],
    products: usize,
    channels: usize,
    dkernel: &'a mut [T],
}

impl<T: Element> Kernel for AddKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { frequencies, products, channels, dkernel } = self;
        let (lanes, stride) = (T::Vector::<S>::LANES, stride(channels));
        assert!(frequencies.len() == INPUT * products * stride && dkernel.len() == TAPS * products * channels);
        for product in 0..products {
            for channel in (0..channels).step_by(lanes) {
                let count = lanes.min(channels - channel);
                let mut line = [T::Vector::<S>::zero(); INPUT];
                for frequency in 0..INPUT {
                    let at = (frequency * products + product) * stride + channel;
                    // SAFETY: a row has whole vectors.
                    line[frequency] = unsafe { T::Vector::<S>::load(frequencies.as_ptr().add(at)) };
                }
                let taps = KernelAdjoint::line(line);
                for tap in 0..TAPS {
                    let to = &mut dkernel[(tap * products + product) * channels + channel..][..count];
                    // SAFETY: the slice has `count` elements.
                    unsafe {
                        let sum = T::Vector::<S>::load_partial(to.as_ptr(), count).add(taps[tap]);
                        sum.store_partial(to.as_mut_ptr(), count);
                    }
                }
            }
        }
    }
}
