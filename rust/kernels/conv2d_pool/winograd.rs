//! Windows of 2 x 2 pooled as Winograd's algorithm (see `kernels::winograd`) hands over its sums: four windows of a tile, two of columns.

use super::window::{POOL, pool, pool_values};
use super::{Gradients, PooledConvGeometry};
use crate::kernels::conv2d::Wanted;
use crate::kernels::frames::Source;
use crate::kernels::winograd::vertical::{self, Strips};
use crate::kernels::winograd::{self, Channels, Frequencies, OUTPUT, Outputs, Patch, Place, Tiling};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Element, Vector};

/// Pooled outputs and, if wanted, the positions of the maxima.
pub fn forward<T: Element>(
    g: &PooledConvGeometry,
    x: &[T],
    kernel: &Frequencies<T>,
    bias: Option<&[T]>,
    relu: bool,
    positions: bool,
) -> (Buffer<T>, Buffer<u8>) {
    with_outputs(g, bias, relu, positions, |outputs| {
        winograd::forward(&Tiling::new(g.conv, size(g)), x, kernel, outputs)
    })
}

/// The same from few channels.
pub fn forward_vertical<T: Element>(
    g: &PooledConvGeometry,
    x: Source<'_, T>,
    weights: &vertical::Weights<T>,
    bias: Option<&[T]>,
    relu: bool,
    positions: bool,
) -> (Buffer<T>, Buffer<u8>) {
    let strips = Strips::new(g.conv, size(g));
    with_outputs(g, bias, relu, positions, |outputs| vertical::forward(&strips, x, weights, outputs))
}

fn with_outputs<T: Element>(
    g: &PooledConvGeometry,
    bias: Option<&[T]>,
    relu: bool,
    positions: bool,
    compute: impl FnOnce(&Pooled<'_, T>),
) -> (Buffer<T>, Buffer<u8>) {
    let len = g.pool.output_shape().iter().product();
    let (mut y, mut argmax) = (Buffer::stale(len), Buffer::stale(if positions { len } else { 0 }));
    let shared_argmax = positions.then(|| Shared::new(&mut argmax));
    compute(&Pooled { g, y: Shared::new(&mut y), argmax: shared_argmax, bias, relu });
    (y, argmax)
}

/// Gradients, given what `forward` returned as argmax.
pub fn backward<T: Element>(
    g: &PooledConvGeometry,
    dy: &[T],
    argmax: &[u8],
    x: &[T],
    kernel: &[T],
    input_gradient: bool,
) -> Gradients<T> {
    let wanted = Wanted { input: input_gradient, kernel: true };
    let gradients = PooledGradients { g, dy, argmax };
    let (dx, sums) = winograd::backward(&Tiling::new(g.conv, size(g)), x, kernel, &gradients, wanted);
    let (dkernel, dbias) = sums.expect("the kernel's gradient is wanted");
    Gradients { dx, dkernel, dbias }
}

/// Gradients of kernel and bias for few channels.
pub fn backward_vertical<T: Element>(
    g: &PooledConvGeometry,
    dy: &[T],
    argmax: &[u8],
    x: Source<'_, T>,
) -> Gradients<T> {
    let strips = Strips::new(g.conv, size(g));
    let (dkernel, dbias) = vertical::gradients(&strips, x, &PooledGradients { g, dy, argmax });
    Gradients { dx: None, dkernel, dbias }
}

/// Rows and columns of the convolution's output that are pooled.
fn size(g: &PooledConvGeometry) -> (usize, usize) {
    (g.pool.rows.output * POOL, g.pool.cols.output * POOL)
}

/// Where the pooled element of a place lies.
#[inline(always)]
fn element(g: &PooledConvGeometry, place: Place) -> usize {
    (place.frame * g.pool.rows.output + place.row / POOL) * row(g) + place.col / POOL * g.pool.channels
}

/// Elements of a pooled row.
#[inline(always)]
fn row(g: &PooledConvGeometry) -> usize {
    g.pool.cols.output * g.pool.channels
}

struct Pooled<'a, T> {
    g: &'a PooledConvGeometry,
    y: Shared<'a, T>,
    /// None where nobody wants positions.
    argmax: Option<Shared<'a, u8>>,
    bias: Option<&'a [T]>,
    relu: bool,
}

impl<T: Element> Outputs<T> for Pooled<'_, T> {
    #[inline(always)]
    fn put<V: Vector<Elem = T>, const C: usize>(&self, patch: Patch, sums: [[V; C]; OUTPUT]) {
        let Patch { place, channels: Channels { first, count }, wanted } = patch;
        let bias = self.bias.map_or(V::zero(), |bias| {
            let bias = &bias[first..first + count];
            // SAFETY: the slice has `count` elements.
            unsafe { V::load_up_to(bias.as_ptr(), count) }
        });
        // Whole patches, which nearly all are, have a text of their own: nothing is left to decide between their windows.
        if wanted == (OUTPUT, C) && count == V::LANES {
            self.windows(place, first, V::LANES, (OUTPUT / POOL, C / POOL), &sums, bias);
        } else {
            self.windows(place, first, count, (wanted.0 / POOL, wanted.1 / POOL), &sums, bias);
        }
    }
}

impl<T: Element> Pooled<'_, T> {
    /// Pools the first windows of a patch for `count` channels.
    #[inline(always)]
    fn windows<V: Vector<Elem = T>, const C: usize>(
        &self,
        place: Place,
        first: usize,
        count: usize,
        (rows, cols): (usize, usize),
        sums: &[[V; C]; OUTPUT],
        bias: V,
    ) {
        if rows == 0 || cols == 0 {
            return;
        }
        let (at, down, right) = (element(self.g, place) + first, row(self.g), self.g.pool.channels);
        let reach = (rows - 1) * down + (cols - 1) * right + count;
        let y = self.y.pointer(at, reach);
        let argmax = self.argmax.as_ref().map(|argmax| argmax.pointer(at, reach));
        for i in 0..rows {
            for j in 0..cols {
                // The bias is added first: sums that it rounds to one number are equal.
                let window = [
                    sums[POOL * i][POOL * j].add(bias),
                    sums[POOL * i][POOL * j + 1].add(bias),
                    sums[POOL * i + 1][POOL * j].add(bias),
                    sums[POOL * i + 1][POOL * j + 1].add(bias),
                ];
                let at = i * down + j * right;
                let Some(argmax) = argmax else {
                    // SAFETY: within reach; every window of every tile is visited once.
                    unsafe { pool_values(window, self.relu).store_up_to(y.add(at), count) };
                    continue;
                };
                let (best, position) = pool(window, self.relu);
                // SAFETY: as above.
                unsafe {
                    best.store_up_to(y.add(at), count);
                    position.store_bytes_partial(argmax.add(at), count);
                }
            }
        }
    }
}

struct PooledGradients<'a, T> {
    g: &'a PooledConvGeometry,
    dy: &'a [T],
    argmax: &'a [u8],
}

impl<T: Element> winograd::Gradients<T> for PooledGradients<'_, T> {
    #[inline(always)]
    fn take<V: Vector<Elem = T>, const C: usize>(&self, patch: Patch) -> [[V; C]; OUTPUT] {
        let Patch { place, channels: Channels { first, count }, wanted: (rows, cols) } = patch;
        let mut tile = [[V::zero(); C]; OUTPUT];
        let (at, down, right) = (element(self.g, place) + first, row(self.g), self.g.pool.channels);
        for i in 0..rows / POOL {
            for j in 0..cols / POOL {
                let at = at + i * down + j * right;
                let (dy, argmax) = (&self.dy[at..][..count], &self.argmax[at..][..count]);
                // SAFETY: the slices have `count` elements.
                let (gradient, position) =
                    unsafe { (V::load_up_to(dy.as_ptr(), count), V::load_bytes_partial(argmax.as_ptr(), count)) };
                for index in 0..POOL * POOL {
                    let here = position.eq(V::splat(V::Elem::from_f64(index as f64)));
                    tile[POOL * i + index / POOL][POOL * j + index % POOL] = V::select(here, gradient, V::zero());
                }
            }
        }
        tile
    }
}
