//! The kernel's gradient of a 3 x 3 convolution of at most three channels, pooled by windows of 2 x 2, where vectors can pick their lanes.
//!
//! Of the four outputs of a pooling window one has a gradient, for each channel out another one. So for each tap a vector of channels out
//! picks, lane by lane, the input that the winning output saw: one of four, two of them in each of two rows. One pick and one
//! multiplication do the work of four, and un-pooled gradients are never made.

use super::window::POOL;
use super::{DEAD, Gradients, PooledConvGeometry};
use crate::kernels::conv2d::plane::Plane;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::tree_sum_in_leaves;
use crate::simd::{Element, Kernel, MAX_LANES, Simd, Vector, dispatch, picks};

/// Rows, and columns, of the kernel.
const TAPS: usize = 3;
/// Elements that `Vector::load_quad` reads: a pixel and the first element of the next one, at least.
const QUAD: usize = 4;
/// Pooled rows of a band, whose input is converted and padded at a time.
const BAND_ROWS: usize = 8;
/// Frames smaller than this many outputs share a leaf of the tree.
const LEAF_OUTPUTS: usize = 512;

/// Whether this machine and this convolution allow it.
pub fn applies<T: Element>(g: &PooledConvGeometry) -> bool {
    let axes = [(g.conv.rows, g.pool.rows), (g.conv.cols, g.pool.cols)];
    let fits =
        axes.iter().all(|(conv, pool)| (conv.kernel, conv.stride, conv.dilation, pool.kernel) == (TAPS, 1, 1, POOL));
    fits && g.conv.groups == 1 && (1..QUAD).contains(&g.conv.cin) && picks::<T>()
}

/// Gradients of kernel and bias.
pub fn backward<T: Element>(g: &PooledConvGeometry, dy: &[T], argmax: &[u8], x: Source<'_, T>) -> Gradients<T> {
    let (conv, pool) = (&g.conv, &g.pool);
    let plane = Plane::of_input(conv);
    let kernel_len = TAPS * TAPS * conv.cin * conv.cout;
    let (x_len, line) = (conv.rows.input * conv.cols.input * conv.cin, pool.cols.output * conv.cout);
    let mut sums = Buffer::stale(kernel_len + conv.cout);
    let frames_per_leaf = LEAF_OUTPUTS.div_ceil((conv.rows.output * conv.cols.output).max(1));
    tree_sum_in_leaves(conv.frames, frames_per_leaf, &mut sums, |frames, acc| {
        let (dkernel, dbias) = acc.split_at_mut(kernel_len);
        for frame in frames {
            for row in (0..pool.rows.output).step_by(BAND_ROWS) {
                let rows = BAND_ROWS.min(pool.rows.output - row);
                let (top, bottom) = (POOL * row, POOL * (row + rows) + TAPS - 1);
                let band = plane.band(x.frames(frame * x_len, x_len), top, bottom);
                let part = (frame * pool.rows.output + row) * line..(frame * pool.rows.output + row + rows) * line;
                let job = AddBand {
                    g,
                    band: &band,
                    pitch: plane.pitch(),
                    dy: &dy[part.clone()],
                    argmax: &argmax[part],
                    dkernel: &mut *dkernel,
                    dbias: &mut *dbias,
                };
                let reach = job.reach();
                if reach <= band.len() {
                    dispatch(job);
                    continue;
                }
                // Of one channel or two, the last quad reaches behind the last row.
                let mut longer = Buffer::zeroed(reach);
                longer[..band.len()].copy_from_slice(&band);
                dispatch(AddBand { band: &longer, ..job });
            }
        }
    });
    let (dkernel, dbias) = sums.split_at(kernel_len);
    Gradients { dx: None, dkernel: Buffer::copy_of(dkernel), dbias: Buffer::copy_of(dbias) }
}

/// Some pooled rows, and the rows of the plane that they see.
struct AddBand<'a, T> {
    g: &'a PooledConvGeometry,
    band: &'a [T],
    /// Elements from one row of the band to the next.
    pitch: usize,
    dy: &'a [T],
    argmax: &'a [u8],
    dkernel: &'a mut [T],
    dbias: &'a mut [T],
}

impl<T: Element> Kernel for AddBand<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        match self.g.conv.cin {
            1 => self.add::<T::Vector<S>, TAPS>(),
            2 => self.add::<T::Vector<S>, { 2 * TAPS }>(),
            _ => self.add::<T::Vector<S>, { 3 * TAPS }>(),
        }
    }
}

impl<T: Element> AddBand<'_, T> {
    /// Elements of the band that are read.
    fn reach(&self) -> usize {
        let PooledConvGeometry { conv, pool } = self.g;
        let rows = self.dy.len() / (pool.cols.output * conv.cout).max(1);
        // The last window of a row begins POOL columns before its end; a quad may be longer than a pixel.
        (POOL * rows + TAPS - POOL) * self.pitch
            + (POOL * pool.cols.output + TAPS).saturating_sub(POOL) * conv.cin
            + QUAD
            - 1
    }

    /// C: elements of a row of a window.
    #[inline(always)]
    fn add<V: Vector<Elem = T>, const C: usize>(self) {
        let reach = self.reach();
        let Self { g, band, pitch, dy, argmax, dkernel, dbias } = self;
        let (cin, cout, cols) = (C / TAPS, g.conv.cout, g.pool.cols.output);
        let line = cols * cout;
        let rows = dy.len() / line.max(1);
        if rows == 0 {
            return;
        }
        assert!(cin == g.conv.cin && reach <= band.len());
        assert!(dy.len() == rows * line && argmax.len() == dy.len());
        assert!(dkernel.len() == TAPS * C * cout && dbias.len() == cout);
        let seen = seen_by_position::<V>(cin);
        let mut entries = vec![Entry { gradient: V::zero(), seen: V::zero() }; cols];
        for row in 0..rows {
            for first in (0..cout).step_by(V::LANES) {
                let count = V::LANES.min(cout - first);
                let part = row * line + first..(row + 1) * line;
                let sum = fill(&mut entries, &dy[part.clone()], &argmax[part], (cout, count), seen);
                // SAFETY: the bias and every tap have `count` channels from `first` on; quads lie in the band, by the first assertion.
                unsafe {
                    let to = dbias.as_mut_ptr().add(first);
                    V::load_up_to(to, count).add(sum).store_up_to(to, count);
                    for i in 0..TAPS {
                        let upper = band.as_ptr().add((POOL * row + i) * pitch);
                        let to = dkernel.as_mut_ptr().add(i * C * cout + first);
                        add_row::<V, C>(&entries, upper, pitch, to, (cout, count));
                    }
                }
            }
        }
    }
}

/// A pooled pixel: its gradients, and which of the two quads' elements they belong to, as indices for `pick`.
#[derive(Clone, Copy)]
struct Entry<V> {
    gradient: V,
    seen: V,
}

/// Where the winner of each position of a pooling window lies in two quads, one below the other.
#[inline(always)]
fn seen_by_position<V: Vector>(cin: usize) -> V {
    let mut seen = [V::Elem::ZERO; MAX_LANES];
    for (position, place) in seen[..POOL * POOL].iter_mut().enumerate() {
        *place = V::Elem::from_index((position / POOL * V::LANES + position % POOL * cin) as u32);
    }
    V::from_array(&seen)
}

/// Entries for `count` channels, from the first one on, of pixels `cout` elements apart. Gives back the sum of their gradients.
#[inline(always)]
fn fill<V: Vector>(
    entries: &mut [Entry<V>],
    dy: &[V::Elem],
    argmax: &[u8],
    (cout, count): (usize, usize),
    seen: V,
) -> V {
    let dead = V::splat(V::Elem::from_f64(f64::from(DEAD)));
    let mut sum = V::zero();
    for (col, entry) in entries.iter_mut().enumerate() {
        let (dy, argmax) = (&dy[col * cout..][..count], &argmax[col * cout..][..count]);
        // SAFETY: both slices have `count` elements.
        let (gradient, position) =
            unsafe { (V::load_up_to(dy.as_ptr(), count), V::load_bytes_partial(argmax.as_ptr(), count)) };
        entry.gradient = V::select(position.lt(dead), gradient, V::zero());
        entry.seen = position.to_indices().pick(seen, seen);
        sum = sum.add(entry.gradient);
    }
    sum
}

/// Adds a row of pixels to `count` channels of the C taps of a row of the kernel, which lie `cout` apart from `to` on. All 27 taps at once
/// would leave the compiler no registers for what they pick from.
///
/// # Safety
/// The taps exist; every window's quads can be read from `upper` on and `pitch` elements behind.
#[inline(always)]
unsafe fn add_row<V: Vector, const C: usize>(
    entries: &[Entry<V>],
    mut upper: *const V::Elem,
    pitch: usize,
    to: *mut V::Elem,
    (cout, count): (usize, usize),
) {
    let mut sums = [V::zero(); C];
    // SAFETY: the caller's promise.
    unsafe {
        for j in 0..C {
            sums[j] = V::load_up_to(to.add(j * cout), count);
        }
        for entry in entries {
            let lower = upper.add(pitch);
            for j in 0..C {
                let seen = entry.seen.pick(V::load_quad(upper.add(j)), V::load_quad(lower.add(j)));
                sums[j] = entry.gradient.mul_add(seen, sums[j]);
            }
            upper = upper.wrapping_add(POOL * C / TAPS);
        }
        for j in 0..C {
            sums[j].store_up_to(to.add(j * cout), count);
        }
    }
}
