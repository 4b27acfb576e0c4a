//! Convolutions by Winograd's algorithm (see `kernels::winograd`): outputs with bias and ReLU, gradients of every output.

use super::correlate::Epilogue;
use crate::geometry::ConvGeometry;
use crate::kernels::conv2d::Wanted;
use crate::kernels::winograd::{self, Channels, Frequencies, Gradients, OUTPUT, Outputs, Place, Tiling, load, store};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Element, Vector};

/// y = x * kernel + bias, with ReLU on top if asked for.
pub fn conv2d<T: Element>(g: &ConvGeometry, x: &[T], kernel: &Frequencies<T>, epilogue: Epilogue<'_, T>) -> Buffer<T> {
    let mut y = Buffer::stale(g.output_shape().iter().product());
    let outputs = Plain { y: Shared::new(&mut y), epilogue };
    winograd::forward(&tiling(g), x, kernel, &outputs);
    y
}

/// The gradients of input and kernel that are wanted, given dy.
pub fn gradients<T: Element>(
    g: &ConvGeometry,
    x: &[T],
    kernel: &[T],
    dy: &[T],
    wanted: Wanted,
) -> (Option<Buffer<T>>, Option<Buffer<T>>) {
    winograd::backward(&tiling(g), x, kernel, &OutputGradients { dy }, wanted)
}

fn tiling(g: &ConvGeometry) -> Tiling {
    Tiling::new(*g, (g.rows.output, g.cols.output))
}

/// Where the output's element of a place lies, seen from row `i` and column `j` of the tile.
#[inline(always)]
fn element(tiling: &Tiling, place: Place, i: usize, j: usize) -> usize {
    let g = &tiling.conv;
    ((place.frame * g.rows.output + place.row + i) * g.cols.output + place.col + j) * g.cout
}

struct Plain<'a, T> {
    y: Shared<'a, T>,
    epilogue: Epilogue<'a, T>,
}

impl<T: Element> Outputs<T> for Plain<'_, T> {
    #[inline(always)]
    fn put<V: Vector<Elem = T>>(&self, tiling: &Tiling, place: Place, channels: Channels, sums: [[V; OUTPUT]; OUTPUT]) {
        let Channels { first, count } = channels;
        let bias = self.epilogue.bias.map_or(V::zero(), |bias| {
            let bias = &bias[first..first + count];
            // SAFETY: the slice has `count` elements.
            unsafe { load(bias.as_ptr(), count) }
        });
        let (rows, cols) = tiling.wanted(place);
        for i in 0..rows {
            for j in 0..cols {
                let sum = sums[i][j].add(bias);
                // The second operand of max is kept where one is NaN.
                let value = if self.epilogue.relu { V::zero().max(sum) } else { sum };
                // SAFETY: every output of every tile is visited once.
                unsafe { store(value, self.y.slice(element(tiling, place, i, j) + first, count).as_mut_ptr(), count) };
            }
        }
    }
}

struct OutputGradients<'a, T> {
    dy: &'a [T],
}

impl<T: Element> Gradients<T> for OutputGradients<'_, T> {
    #[inline(always)]
    fn take<V: Vector<Elem = T>>(&self, tiling: &Tiling, place: Place, channels: Channels) -> [[V; OUTPUT]; OUTPUT] {
        let Channels { first, count } = channels;
        let mut tile = [[V::zero(); OUTPUT]; OUTPUT];
        let (rows, cols) = tiling.wanted(place);
        for i in 0..rows {
            for j in 0..cols {
                let from = &self.dy[element(tiling, place, i, j) + first..][..count];
                // SAFETY: the slice has `count` elements.
                tile[i][j] = unsafe { load(from.as_ptr(), count) };
            }
        }
        tile
    }
}
