//! The way back through `z = x @ kernel` in one pass over the kernel: some rows of it at a time give their part of the gradient of x, get
//! their own gradient, and are changed by it while they lie in the cache. The kernel is read once and its gradient never written.
//! Both products are those of `matmul`, block for block, so the bits are too.

use super::ahead::Ahead;
use super::block::Block;
use super::grouped::{Cut, Grouped};
use super::ordered::{Finish, Ordered, Right};
use super::pack::{PackedRight, panel_width};
use super::tile::TILE_ROWS;
use super::{Matrix, Target};
use crate::error::Result;
use crate::kernels::optimizers::{UpdateRule, Weights, weight_decay};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{self, Element, dispatch_on};

/// Bytes of a block of rows: the rows, their gradient and what the products pack stay in the second-level cache.
const BLOCK_BYTES: usize = 100 << 10;
/// Rows of a block, at most.
const MOST_ROWS: usize = 16 * TILE_ROWS;
/// Blocks taken at a time: the next one is called into the cache.
const GRAIN: usize = 4;

/// Computes `dx = dz @ kernelᵀ` if it is wanted, with the kernel as it comes, then changes the kernel by its gradient `xᵀ @ dz`: first
/// `kernel -= kernel * decay`, then the rule. x `(m, k)`, kernel `(k, n)`, dz `(m, n)`; leaves as in `matmul`.
pub fn multiply_and_update<T: Element>(
    [m, k, n]: [usize; 3],
    leaf: usize,
    x: &[T],
    dz: &[T],
    kernel: Weights<'_, T>,
    rule: &dyn UpdateRule<T>,
    decay: f64,
    dx: Option<&mut [T]>,
) -> Result<()> {
    assert_eq!((x.len(), dz.len(), kernel.w.len()), (m * k, m * n, k * n));
    assert!(dx.as_ref().is_none_or(|dx| dx.len() == m * k));
    kernel.check(rule)?;
    if k == 0 || n == 0 {
        return Ok(());
    }
    let set = simd::current();
    let step = 2 * TILE_ROWS;
    let block = (BLOCK_BYTES / (n * size_of::<T>()) / step * step).clamp(step, MOST_ROWS);
    let cut = Cut::new(block, n, panel_width::<T>(set, n));
    let packed = PackedRight::new(set, Matrix::rows(dz, n), m, n);
    let turned = dx.as_ref().map(|_| PackedRight::new(set, Matrix::rows(dz, n).transposed(), n, m));
    let dx = dx.filter(|_| m > 0).map(|dx| Target::rows(dx, k).transposed());
    let kernel = kernel.share();
    parallel::for_each(k.div_ceil(block), GRAIN, |index| {
        let first = index * block;
        let rows = block.min(k - first);
        // SAFETY: blocks of different indices do not overlap, and every index is visited once.
        let part = unsafe { kernel.part(first * n, rows * n) };
        // Both products call what the rule reads, then what the next block does.
        let [slot0, slot1, slot2] = part.slots.each_ref().map(|slot| (slot.as_ptr(), slot.len()));
        let mut ahead = Ahead::of([slot0, slot1, slot2, (part.w.as_ptr().wrapping_add(rows * n), block * n)]);
        if let (Some(turned), Some(dx)) = (&turned, dx) {
            let product = Ordered {
                left: Matrix::rows(part.w, n),
                right: Right::Packed(turned, 0),
                rows,
                inner: n,
                columns: m,
                // SAFETY: these rows exist, and no other block writes to them.
                out: unsafe { dx.at(first, 0) },
                finish: Finish::NONE,
            };
            dispatch_on(set, Block { product, row: 0, column: 0, rows, columns: m, far: false, ahead: &mut ahead });
        }
        let mut gradient = Buffer::stale(rows * n);
        let product = Grouped {
            left: Matrix::rows(x, k).from(0, first).transposed(),
            right: Right::Packed(&packed, 0),
            rows,
            inner: m,
            columns: n,
            out: Target::rows(&mut gradient, n),
        };
        (0..cut.blocks(rows, n)).for_each(|block| cut.compute(set, leaf.max(1), product, block, &mut ahead));
        if decay != 0.0 {
            weight_decay(part.w, decay);
        }
        rule.apply(part, &gradient);
    });
    Ok(())
}
