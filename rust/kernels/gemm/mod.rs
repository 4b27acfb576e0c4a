//! Matrix products, `(rows, inner) @ (inner, columns)`, single or in batches, with either factor transposed.
//!
//! - `ordered`: sums over k in order, in chunks of fixed length. A row of the result has the same bits however many rows there are.
//!   Blocks of the result are computed in parallel; where the result is too small for that, chunks of the sum are.
//!   - `a @ b`: `b` is packed block by block when enough rows share it, else read where it lies.
//!   - `a @ bᵀ`: with few rows that fill panels computed as `(b @ aᵀ)ᵀ`, which reads `b` (the weights, in a backward pass) in place and
//!     packs only `a`; with up to `WHOLE_ROWS` like `a @ b`, a block turning what it packs; with more `b` is packed as a whole.
//! - `dense`: `ordered` with a bias and an activation; a kernel that does not change may come packed as a whole.
//! - `grouped`: `aᵀ @ b`, the gradient of weights: the sum over rows is a fixed binary tree whose leaves are groups of rows.
//! - `update`: both gradients of `x @ kernel` and the optimiser's update in one pass over a large kernel.
//! - `turn`: rows and columns exchanged, for factors that are packed and results that are written across.
//! - `accumulate`: a step of a recurrent layer, a small product that continues the sums it finds.
//!
//! All of them stand on one register tile (`tile`), whose shape depends on the instruction set and on the number of columns but never
//! shows in the bits: 6 rows x 4 vectors where there are 32 registers, 6 x 2 where there are 16, 12 rows of one or two vectors for factors
//! of so few columns.

mod accumulate;
mod ahead;
mod block;
mod dense;
mod grouped;
#[cfg(test)]
mod naive;
mod ordered;
mod pack;
#[cfg(test)]
pub(crate) mod tests;
mod tile;
mod turn;
mod update;

use crate::error::{KernelError, Result};
use crate::simd::{self, Element, InstructionSet};

pub(crate) use accumulate::accumulate;
pub use dense::{PackedKernel, dense, dense_packed};
pub(crate) use grouped::{Grouped, multiply_grouped};
use ordered::WHOLE_ROWS;
pub(crate) use ordered::{Finish, Ordered, Right, multiply};
pub(crate) use pack::PackedRight;
pub use update::multiply_and_update;

/// Rows in a leaf of the tree that sums over rows, unless the caller knows better: where a sample has many rows, leaves are samples.
pub const LEAF: usize = 16;

/// The shape of `c = op(a) @ op(b)`: `c` is `(batch, rows, columns)`, `inner` the length of every sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matmul {
    /// Independent products.
    pub batch: usize,
    /// Rows of `op(a)` and `c`.
    pub rows: usize,
    /// Columns of `op(a)`, rows of `op(b)`.
    pub inner: usize,
    /// Columns of `op(b)` and `c`.
    pub columns: usize,
    /// `a` is stored `(inner, rows)`.
    pub transpose_a: bool,
    /// `b` is stored `(columns, inner)`.
    pub transpose_b: bool,
}

impl Matmul {
    /// From the shapes of `a` and `b`, both 2-D or both 3-D with equal first axes.
    pub fn new(a: &[usize], b: &[usize], transpose_a: bool, transpose_b: bool) -> Result<Self> {
        const OP: &str = "matmul";
        let (batch, a_matrix, b_matrix) = match (a, b) {
            (&[m, k], &[l, n]) => (1, [m, k], [l, n]),
            (&[batch, m, k], &[other, l, n]) => {
                if batch != other {
                    return Err(KernelError::shape(OP, "b", format!("of {batch} matrices, as a is"), b));
                }
                (batch, [m, k], [l, n])
            }
            _ => return Err(KernelError::shape(OP, "a and b", "both 2-D or both 3-D", (a, b))),
        };
        let [rows, inner] = if transpose_a { [a_matrix[1], a_matrix[0]] } else { a_matrix };
        let [b_inner, columns] = if transpose_b { [b_matrix[1], b_matrix[0]] } else { b_matrix };
        if inner != b_inner {
            let axis = b.len() - if transpose_b { 1 } else { 2 };
            return Err(KernelError::shape(OP, "b", format!("of length {inner} along axis {axis}"), b));
        }
        Ok(Self { batch, rows, inner, columns, transpose_a, transpose_b })
    }
}

/// A strided view of a matrix: element (i, j) is `data[i * row + j * column]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    row: usize,
    column: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Rows of `row` elements, one behind the other.
    pub fn rows(data: &'a [T], row: usize) -> Self {
        Self { data, row, column: 1 }
    }

    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }

    /// `count` elements of row `i`, which lie next to each other.
    pub fn row(self, i: usize, count: usize) -> &'a [T] {
        &self.data[i * self.row..][..count]
    }

    /// The part from row `i` and column `j` on.
    pub fn from(self, i: usize, j: usize) -> Self {
        Self { data: self.data.get(i * self.row + j * self.column..).unwrap_or_default(), ..self }
    }
}

/// Where a result is written: element (i, j) at `data + i * row + j * column`. Threads write to parts of their own.
#[derive(Clone, Copy)]
pub(crate) struct Target<T> {
    data: *mut T,
    row: usize,
    column: usize,
}

// SAFETY: a place, not a reference; whoever writes to it promises not to share the elements.
unsafe impl<T: Send> Send for Target<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Target<T> {}

impl<T: Copy> Target<T> {
    /// Rows of `row` elements, one behind the other.
    pub fn rows(data: &mut [T], row: usize) -> Self {
        Self { data: data.as_mut_ptr(), row, column: 1 }
    }

    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }

    /// The part from row `i` and column `j` on.
    ///
    /// # Safety
    /// There is such an element.
    unsafe fn at(self, i: usize, j: usize) -> Self {
        // SAFETY: the caller's promise.
        Self { data: unsafe { self.data.add(i * self.row + j * self.column) }, ..self }
    }

    /// Writes the first row.
    ///
    /// # Safety
    /// The row exists and nobody else writes to it.
    unsafe fn write_row(self, values: &[T]) {
        for (j, &value) in values.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { *self.data.add(j * self.column) = value };
        }
    }
}

/// `c = op(a) @ op(b)`. Where `a` is transposed, the sum over rows is a tree whose leaves have `leaf` rows.
pub fn matmul<T: Element>(shape: Matmul, leaf: usize, a: &[T], b: &[T], c: &mut [T]) {
    let Matmul { batch, rows, inner, columns, transpose_a, transpose_b } = shape;
    assert_eq!((a.len(), b.len()), (batch * rows * inner, batch * inner * columns));
    assert_eq!(c.len(), batch * rows * columns);
    let set = simd::current();
    let out = Target::rows(c, columns);
    let item = |item: usize| {
        let (a, b) = (&a[item * rows * inner..], &b[item * inner * columns..]);
        let left = if transpose_a { Matrix::rows(a, rows).transposed() } else { Matrix::rows(a, inner) };
        let right = if transpose_b { Matrix::rows(b, inner).transposed() } else { Matrix::rows(b, columns) };
        // SAFETY: every item has its rows.
        (left, right, unsafe { out.at(item * rows, 0) })
    };
    match (transpose_a, transpose_b) {
        (false, true) if turns_round::<T>(set, shape) => {
            let set = narrowed::<T>(set, rows);
            let packed: Vec<_> =
                (0..batch).map(|i| PackedRight::new(set, item(i).0.transposed(), inner, rows)).collect();
            multiply(set, batch, |i| {
                let (_, right, out) = item(i);
                let (left, right) = (right.transposed(), Right::Packed(&packed[i], 0));
                Ordered {
                    left,
                    right,
                    rows: columns,
                    inner,
                    columns: rows,
                    out: out.transposed(),
                    finish: Finish::NONE,
                }
            });
        }
        (false, true) if rows > WHOLE_ROWS => {
            let packed: Vec<_> = (0..batch).map(|i| PackedRight::new(set, item(i).1, inner, columns)).collect();
            multiply(set, batch, |i| {
                let (left, _, out) = item(i);
                Ordered { left, right: Right::Packed(&packed[i], 0), rows, inner, columns, out, finish: Finish::NONE }
            });
        }
        (false, _) => multiply(set, batch, |i| {
            let (left, right, out) = item(i);
            Ordered { left, right: Right::Plain(right), rows, inner, columns, out, finish: Finish::NONE }
        }),
        (true, _) => multiply_grouped(set, batch, leaf.max(1), |i| {
            let (left, right, out) = item(i);
            Grouped { left, right: Right::Plain(right), rows, inner, columns, out }
        }),
    }
}

/// Whether `a @ bᵀ` is computed as `(b @ aᵀ)ᵀ`. Then `a` comes in panels, whose columns beyond its rows are multiplied for nothing, and the
/// result is written across rows; else `b` is turned while it is packed, which a few rows of `a` are not worth.
fn turns_round<T: Element>(set: InstructionSet, Matmul { rows, inner, columns, .. }: Matmul) -> bool {
    let panels = rows.next_multiple_of(pack::panel_width::<T>(set, rows));
    rows <= 16 || (2 * rows < columns && rows <= inner && 8 * (panels - rows) <= panels)
}

/// The instruction set for a factor of so few columns that its vectors would be half empty: two narrow ones are multiplied in the time of a
/// wide one. Each sum has the same bits.
fn narrowed<T>(set: InstructionSet, columns: usize) -> InstructionSet {
    #[cfg(target_arch = "x86_64")]
    if set == InstructionSet::Avx512 && columns * size_of::<T>() <= 32 {
        return InstructionSet::Avx2;
    }
    let _ = columns;
    set
}
