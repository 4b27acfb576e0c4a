//! Convolutions by Winograd's algorithm (see `kernels::winograd`): outputs with bias and ReLU, gradients of every output.

use crate::geometry::ConvGeometry;
use crate::kernels::conv2d::Wanted;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::frames::Source;
use crate::kernels::winograd::vertical::{self, Strips};
use crate::kernels::winograd::{self, Channels, Frequencies, Gradients, OUTPUT, Outputs, Patch, Place, Tiling};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Element, Vector};

/// y = x * kernel + bias, with ReLU on top if asked for.
pub fn conv2d<T: Element>(g: &ConvGeometry, x: &[T], kernel: &Frequencies<T>, epilogue: Epilogue<'_, T>) -> Buffer<T> {
    with_outputs(g, epilogue, |outputs| winograd::forward(&Tiling::new(*g, size(g)), x, kernel, outputs))
}

/// The same from few channels.
pub fn conv2d_vertical<T: Element>(
    g: &ConvGeometry,
    x: Source<'_, T>,
    weights: &vertical::Weights<T>,
    epilogue: Epilogue<'_, T>,
) -> Buffer<T> {
    with_outputs(g, epilogue, |outputs| vertical::forward(&Strips::new(*g, size(g)), x, weights, outputs))
}

fn with_outputs<T: Element>(
    g: &ConvGeometry,
    epilogue: Epilogue<'_, T>,
    compute: impl FnOnce(&Plain<'_, T>),
) -> Buffer<T> {
    let mut y = Buffer::stale(g.output_shape().iter().product());
    compute(&Plain { g, y: Shared::new(&mut y), epilogue });
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
    let gradients = OutputGradients { g, dy };
    let (dx, sums) = winograd::backward(&Tiling::new(*g, size(g)), x, kernel, &gradients, wanted);
    (dx, sums.map(|(dkernel, _)| dkernel))
}

/// The gradient of a kernel for few channels.
pub fn kernel_gradient_vertical<T: Element>(g: &ConvGeometry, x: Source<'_, T>, dy: &[T]) -> Buffer<T> {
    vertical::gradients(&Strips::new(*g, size(g)), x, &OutputGradients { g, dy }).0
}

fn size(g: &ConvGeometry) -> (usize, usize) {
    (g.rows.output, g.cols.output)
}

/// Where the output's element of a place lies.
#[inline(always)]
fn element(g: &ConvGeometry, place: Place) -> usize {
    ((place.frame * g.rows.output + place.row) * g.cols.output + place.col) * g.cout
}

struct Plain<'a, T> {
    g: &'a ConvGeometry,
    y: Shared<'a, T>,
    epilogue: Epilogue<'a, T>,
}

impl<T: Element> Outputs<T> for Plain<'_, T> {
    #[inline(always)]
    fn put<V: Vector<Elem = T>, const C: usize>(&self, patch: Patch, sums: [[V; C]; OUTPUT]) {
        let Patch { place, channels: Channels { first, count }, wanted: (rows, cols) } = patch;
        let bias = self.epilogue.start::<V>(first, count);
        let (down, right) = (self.g.cols.output * self.g.cout, self.g.cout);
        let y = self.y.pointer(element(self.g, place) + first, (rows - 1) * down + (cols - 1) * right + count);
        for i in 0..rows {
            for j in 0..cols {
                let value = self.epilogue.finish(sums[i][j].add(bias));
                // SAFETY: within reach; every output of every tile is visited once.
                unsafe { value.store_up_to(y.add(i * down + j * right), count) };
            }
        }
    }
}

struct OutputGradients<'a, T> {
    g: &'a ConvGeometry,
    dy: &'a [T],
}

impl<T: Element> Gradients<T> for OutputGradients<'_, T> {
    #[inline(always)]
    fn take<V: Vector<Elem = T>, const C: usize>(&self, patch: Patch) -> [[V; C]; OUTPUT] {
        let Patch { place, channels: Channels { first, count }, wanted: (rows, cols) } = patch;
        let mut tile = [[V::zero(); C]; OUTPUT];
        let at = element(self.g, place) + first;
        for i in 0..rows {
            for j in 0..cols {
                let from = &self.dy[at + (i * self.g.cols.output + j) * self.g.cout..][..count];
                // SAFETY: the slice has `count` elements.
                tile[i][j] = unsafe { V::load_up_to(from.as_ptr(), count) };
            }
        }
        tile
    }
}
