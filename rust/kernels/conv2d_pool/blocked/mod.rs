//! Backward without the zeros, for kernels of 3 x 3: as `sparse.rs`, with the channels of the input in blocks of one vector.
//!
//! A window of a block is nine vectors, so what is added up stays in registers while its list is walked through:
//! - kernel (`kernel_grad.rs`): the nine vectors of a channel out, over a list of windows
//! - input (`input_grad.rs`): the nine vectors that a pixel's window sees, over a list of channels out
//!
//! Both are bound by two reads a cycle: each product reads its vector from the first-level cache. So frames are copied into blocks
//! (a block of a frame's rows would otherwise lie in every other line, which is half a cache) and worked on in bands that fit.

mod input_grad;
mod kernel_grad;

use self::input_grad::InputGradient;
use self::kernel_grad::KernelGradient;
use super::{Gradients, PooledConvGeometry};
use crate::kernels::conv2d::plane::Plane;
use crate::kernels::frames::Source;
use crate::memory::Buffer;
use crate::parallel::{Shared, tree_sum_in_leaves};
use crate::simd::{Element, lanes};
use std::ops::Range;

/// Rows and columns of the kernel.
const SIDE: usize = 3;
const TAPS: usize = SIDE * SIDE;
/// Frames with fewer pixels than this share a leaf of the tree, at most `LEAF_FRAMES` of them.
const LEAF_PIXELS: usize = 4096;
const LEAF_FRAMES: usize = 8;

/// Whether this algorithm knows the convolution.
pub fn applies<T: Element>(g: &PooledConvGeometry) -> bool {
    let conv = &g.conv;
    let windows_are_runs = (conv.rows.kernel, conv.cols.kernel, conv.cols.dilation) == (SIDE, SIDE, 1);
    windows_are_runs && conv.groups == 1 && conv.cin.is_multiple_of(lanes::<T>())
}

/// Gradients of a convolution that `applies`.
pub fn backward<T: Element>(
    g: &PooledConvGeometry,
    dy: &[T],
    argmax: &[u8],
    x: Source<'_, T>,
    kernel: &[T],
    input_gradient: bool,
) -> Gradients<T> {
    let conv = &g.conv;
    let layout = Layout::new::<T>(g);
    let of_kernel = KernelGradient::new::<T>(layout);
    let of_input = input_gradient.then(|| InputGradient::new(layout, kernel));
    let mut sums = Buffer::stale(of_kernel.sums());
    let mut dx = input_gradient.then(|| Buffer::stale(conv.input_shape().iter().product()));
    let shared_dx = dx.as_deref_mut().map(Shared::new);
    let frames_per_leaf = (LEAF_PIXELS / (conv.rows.output * conv.cols.output).max(1)).clamp(1, LEAF_FRAMES);
    // A power of two, as the batch often is: threads get the same number of frames.
    let frames_per_leaf = 1 << frames_per_leaf.ilog2();
    let pooled_len = g.pool.rows.output * g.pool.cols.output * conv.cout;
    let x_len = conv.rows.input * conv.cols.input * conv.cin;
    tree_sum_in_leaves(conv.frames, frames_per_leaf, &mut sums, |frames, sums| {
        let mut room = of_kernel.room();
        let mut input_room = of_input.as_ref().map(InputGradient::room);
        for frame in frames {
            let pooled = frame * pooled_len..(frame + 1) * pooled_len;
            let gradients = PooledGradients { dy: &dy[pooled.clone()], argmax: &argmax[pooled] };
            of_kernel.add_frame(gradients, x.frames(frame * x_len, x_len), &mut room, sums);
            if let (Some(of_input), Some(room), Some(dx)) = (&of_input, &mut input_room, &shared_dx) {
                // SAFETY: every frame is visited once.
                of_input.write_frame(gradients, room, unsafe { dx.slice(frame * x_len, x_len) });
            }
        }
    });
    let (dkernel, dbias) = of_kernel.unpacked(&sums);
    Gradients { dx, dkernel, dbias }
}

/// The gradients of some pooled rows of a frame, and where they belong in their windows.
#[derive(Clone, Copy)]
struct PooledGradients<'a, T> {
    dy: &'a [T],
    argmax: &'a [u8],
}

/// How frames lie in blocks: (block, row, column, lane).
#[derive(Clone, Copy)]
struct Layout<'a> {
    g: &'a PooledConvGeometry,
    plane: Plane,
    lanes: usize,
    blocks: usize,
    /// Elements from a row of a block to the next.
    line: usize,
}

impl<'a> Layout<'a> {
    fn new<T: Element>(g: &'a PooledConvGeometry) -> Self {
        let (plane, lanes) = (Plane::of_input(&g.conv), lanes::<T>());
        Self { g, plane, lanes, blocks: g.conv.cin / lanes, line: plane.pitch() / g.conv.cin.max(1) * lanes }
    }

    /// Elements from a row of taps to the next.
    fn down(&self) -> usize {
        self.g.conv.rows.dilation * self.line
    }

    /// Where the windows of so many pooled rows begin in a block.
    fn windows(&self, rows: usize) -> Vec<usize> {
        self.g.windows(rows, self.line, self.lanes)
    }

    /// The elements of a frame that rows `seen` of its plane hold.
    fn real(&self, seen: Range<usize>) -> Range<usize> {
        let (conv, before) = (&self.g.conv, self.plane.rows.before);
        let element = |row: usize| row.saturating_sub(before).min(conv.rows.input) * conv.cols.input * conv.cin;
        element(seen.start)..element(seen.end)
    }

    /// The gradients of pooled rows `first..first + rows` of a frame's.
    fn part<'p, T>(&self, gradients: PooledGradients<'p, T>, first: usize, rows: usize) -> PooledGradients<'p, T> {
        let part = self.g.pooled(first, rows);
        PooledGradients { dy: &gradients.dy[part.clone()], argmax: &gradients.argmax[part] }
    }
}
