//! Windows of 2 x 2 pooled as Winograd's algorithm (see `kernels::winograd`) hands over its tiles: four windows each.

use super::bias::alive_sums;
use super::window::{POOL, pool};
use super::{Gradients, PooledConvGeometry};
use crate::kernels::conv2d::Wanted;
use crate::kernels::winograd::{self, Channels, Frequencies, OUTPUT, Outputs, Place, Tiling};
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
    let len = g.pool.output_shape().iter().product();
    let (mut y, mut argmax) = (Buffer::stale(len), Buffer::stale(if positions { len } else { 0 }));
    let shared_argmax = positions.then(|| Shared::new(&mut argmax));
    let outputs = Pooled { g, y: Shared::new(&mut y), argmax: shared_argmax, bias, relu };
    winograd::forward(&tiling(g), x, kernel, &outputs);
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
    let (dx, dkernel) = winograd::backward(&tiling(g), x, kernel, &PooledGradients { g, dy, argmax }, wanted);
    Gradients { dx, dkernel: dkernel.expect("the kernel's gradient is wanted"), dbias: alive_sums(g, dy, argmax) }
}

fn tiling(g: &PooledConvGeometry) -> Tiling {
    Tiling::new(g.conv, (g.pool.rows.output * POOL, g.pool.cols.output * POOL))
}

/// Where the pooled element of a place lies, seen from window row `i` and column `j` of the tile.
#[inline(always)]
fn element(g: &PooledConvGeometry, place: Place, i: usize, j: usize) -> usize {
    let (row, col) = (place.row / POOL + i, place.col / POOL + j);
    ((place.frame * g.pool.rows.output + row) * g.pool.cols.output + col) * g.pool.channels
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
    fn put<V: Vector<Elem = T>>(&self, tiling: &Tiling, place: Place, channels: Channels, sums: [[V; OUTPUT]; OUTPUT]) {
        let Channels { first, count } = channels;
        let bias = self.bias.map_or(V::zero(), |bias| {
            let bias = &bias[first..first + count];
            // SAFETY: the slice has `count` elements.
            unsafe { winograd::load(bias.as_ptr(), count) }
        });
        let (rows, cols) = tiling.wanted(place);
        for i in 0..rows / POOL {
            for j in 0..cols / POOL {
                // The bias is added first: sums that it rounds to one number are equal.
                let window = [
                    sums[POOL * i][POOL * j].add(bias),
                    sums[POOL * i][POOL * j + 1].add(bias),
                    sums[POOL * i + 1][POOL * j].add(bias),
                    sums[POOL * i + 1][POOL * j + 1].add(bias),
                ];
                let (best, position) = pool(window, self.relu);
                let at = element(self.g, place, i, j) + first;
                // SAFETY: every window of every tile is visited once.
                unsafe { winograd::store(best, self.y.slice(at, count).as_mut_ptr(), count) };
                if let Some(argmax) = &self.argmax {
                    // SAFETY: as above.
                    unsafe { position.store_bytes_partial(argmax.slice(at, count).as_mut_ptr(), count) };
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
    fn take<V: Vector<Elem = T>>(&self, tiling: &Tiling, place: Place, channels: Channels) -> [[V; OUTPUT]; OUTPUT] {
        let Channels { first, count } = channels;
        let mut tile = [[V::zero(); OUTPUT]; OUTPUT];
        let (rows, cols) = tiling.wanted(place);
        for i in 0..rows / POOL {
            for j in 0..cols / POOL {
                let at = element(self.g, place, i, j) + first;
                let (dy, argmax) = (&self.dy[at..][..count], &self.argmax[at..][..count]);
                // SAFETY: the slices have `count` elements.
                let (gradient, position) =
                    unsafe { (winograd::load(dy.as_ptr(), count), V::load_bytes_partial(argmax.as_ptr(), count)) };
                for index in 0..POOL * POOL {
                    let here = position.eq(V::splat(V::Elem::from_f64(index as f64)));
                    tile[POOL * i + index / POOL][POOL * j + index % POOL] = V::select(here, gradient, V::zero());
                }
            }
        }
        tile
    }
}
