//! Products whose sums run over k in order: chunks of `CHUNK` steps, each one chain, added one after the other. The order depends on
//! k alone, so a row of the result has the same bits however many rows there are and however the work is split.

use super::ahead::Ahead;
use super::block::{Block, ROWS_WORTH_PACKING, Source};
use super::pack::{PackedRight, panel_width};
use super::tile::TILE_ROWS;
use super::{Matrix, Target};
use crate::kernels::activate::{Activation, activate_in_place};
use crate::kernels::epilogue::Epilogue;
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on};

/// Steps summed in one chain.
pub const CHUNK: usize = 1024;
/// Rows of a block: with `BLOCK_STEPS` they fit the second-level cache.
const BLOCK_ROWS: usize = 96;
/// So many rows are one block nevertheless, of a single panel if need be: the right factor is packed once.
pub(super) const WHOLE_ROWS: usize = 264;
/// Panels of a block, at most, and at least as long as there are columns.
const MOST_PANELS: usize = 32;
const LEAST_PANELS: usize = 2;
/// The same for a row or two, which take several panels at a time.
const LEAST_PANELS_OF_FEW: usize = 4;
/// Bytes of a right factor that is expected to come from memory.
const FAR_BYTES: usize = 8 << 20;
/// Bytes of a packed one that a second-level cache does not keep beside everything else.
const FAR_PACKED_BYTES: usize = 1 << 20;
/// Multiplications that are worth a second thread.
const WORTH_A_THREAD: usize = 1 << 19;

/// The right factor.
#[derive(Clone, Copy)]
pub enum Right<'a, T: Element> {
    /// As it lies: columns next to each other, or steps.
    Plain(Matrix<'a, T>),
    /// In panels, from a step on.
    Packed(&'a PackedRight<T>, usize),
}

impl<T: Element> Right<'_, T> {
    /// The size from which on the factor is called into the cache ahead.
    fn far_bytes(self) -> usize {
        match self {
            Self::Plain(_) => FAR_BYTES,
            Self::Packed(..) => FAR_PACKED_BYTES,
        }
    }

    /// The part from step `k` on.
    pub(super) fn skip_steps(self, k: usize) -> Self {
        match self {
            Self::Plain(matrix) => Self::Plain(matrix.from(k, 0)),
            Self::Packed(packed, first) => Self::Packed(packed, first + k),
        }
    }

    /// The part from column `j` on, a whole number of panels of `panel` columns.
    #[inline(always)]
    pub(super) fn source(self, j: usize, panel: usize) -> Source<T> {
        match self {
            Self::Plain(matrix) => {
                let part = matrix.from(0, j);
                Source::Plain { data: part.data.as_ptr(), step: part.row, column: part.column }
            }
            // SAFETY: the packed factor holds these steps and columns.
            Self::Packed(packed, first) => Source::Packed(unsafe { packed.panels().at(j / panel, first) }),
        }
    }
}

/// What happens to a finished sum.
#[derive(Clone, Copy)]
pub struct Finish<'a, T> {
    /// Added to every row.
    pub bias: Option<&'a [T]>,
    /// Applied last.
    pub activation: Activation,
}

impl<T> Finish<'_, T> {
    /// Leaves the sum as it is.
    pub const NONE: Self = Self { bias: None, activation: Activation::Linear };
}

impl<T: Element> Finish<'_, T> {
    /// Finishes a part of a row that begins at `column`.
    #[inline(always)]
    pub(super) fn apply<V: Vector<Elem = T>>(self, sums: &mut [T], column: usize) {
        if self.bias.is_none() && self.activation == Activation::Linear {
            return;
        }
        let relu = self.activation == Activation::Relu;
        let epilogue = Epilogue { bias: self.bias, relu };
        for j in (0..sums.len()).step_by(V::LANES) {
            let count = V::LANES.min(sums.len() - j);
            // SAFETY: `count` sums are left.
            unsafe {
                let at = sums.as_mut_ptr().add(j);
                let sum = V::load_up_to(at, count).add(epilogue.start(column + j, count));
                epilogue.finish(sum).store_up_to(at, count);
            }
        }
        if !relu {
            activate_in_place(sums, self.activation);
        }
    }
}

/// `Finish::apply` on a whole row.
struct FinishRow<'a, T> {
    finish: Finish<'a, T>,
    sums: &'a mut [T],
}

impl<T: Element> Kernel for FinishRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        self.finish.apply::<T::Vector<S>>(self.sums, 0);
    }
}

/// One product `out = left @ right`, `(rows, inner) @ (inner, columns)`.
#[derive(Clone, Copy)]
pub struct Ordered<'a, T: Element> {
    pub left: Matrix<'a, T>,
    pub right: Right<'a, T>,
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub out: Target<T>,
    pub finish: Finish<'a, T>,
}

/// Computes products of one shape, `product(item)` for every item of a batch.
pub fn multiply<'a, T: Element>(set: InstructionSet, batch: usize, product: impl Fn(usize) -> Ordered<'a, T> + Sync) {
    if batch == 0 {
        return;
    }
    let Ordered { rows, inner, columns, right, .. } = product(0);
    if rows == 0 || columns == 0 {
        return;
    }
    let panel = panel_width::<T>(set, columns);
    let far = inner * columns * size_of::<T>() >= right.far_bytes();
    let mut plan = Plan::new(rows, columns, panel, far);
    let worth_splitting = batch * rows * inner * columns >= WORTH_A_THREAD;
    if inner <= CHUNK || !worth_splitting || plan.tasks(batch, rows, columns) >= 4 * parallel::threads() {
        if worth_splitting {
            plan.refine(batch, rows, columns, panel);
        }
        return multiply_blocks(set, batch, &plan, product);
    }
    // Too few blocks: every chunk of the sum becomes a product of its own, and their results are added in order.
    let chunks = inner.div_ceil(CHUNK);
    plan.refine(batch * chunks, rows, columns, panel);
    let mut slots = Buffer::<T>::stale(batch * chunks * rows * columns);
    let slots_at = Target { data: slots.as_mut_ptr(), row: columns, column: 1 };
    multiply_blocks(set, batch * chunks, &plan, |index| {
        let (item, start) = (index / chunks, index % chunks * CHUNK);
        // SAFETY: the slots hold `rows` rows for every chunk of every item.
        let out = unsafe { slots_at.at(index * rows, 0) };
        product(item).steps(start, CHUNK.min(inner - start), out)
    });
    let slots = &slots;
    parallel::for_each(batch * rows, WORTH_A_THREAD.div_ceil(chunks * columns), |index| {
        let (item, row) = (index / rows, index % rows);
        let first = (item * chunks * rows + row) * columns;
        let mut sum = Buffer::copy_of(&slots[first..first + columns]);
        for chunk in 1..chunks {
            let from = &slots[first + chunk * rows * columns..];
            sum.iter_mut().zip(from).for_each(|(sum, &part)| *sum += part);
        }
        let Ordered { finish, out, .. } = product(item);
        dispatch_on(set, FinishRow { finish, sums: &mut sum });
        // SAFETY: the row belongs to the result, and every row is visited once.
        unsafe { out.at(row, 0).write_row(&sum) };
    });
}

fn multiply_blocks<'a, T: Element>(
    set: InstructionSet,
    batch: usize,
    plan: &Plan,
    product: impl Fn(usize) -> Ordered<'a, T> + Sync,
) {
    let Ordered { rows, inner, columns, .. } = product(0);
    let (row_blocks, column_blocks) = (rows.div_ceil(plan.rows), columns.div_ceil(plan.columns));
    let per_block = plan.rows.min(rows) * inner * plan.columns.min(columns);
    let blocks = batch * row_blocks * column_blocks;
    let grain = if blocks * per_block < WORTH_A_THREAD { blocks } else { 1 };
    parallel::for_each(blocks, grain, |task| {
        let (item, block) = (task / (row_blocks * column_blocks), task % (row_blocks * column_blocks));
        let (row, column) = (block / column_blocks * plan.rows, block % column_blocks * plan.columns);
        let (rows, columns) = (plan.rows.min(rows - row), plan.columns.min(columns - column));
        let (far, mut ahead) = (plan.far, Ahead::none());
        dispatch_on(set, Block { product: product(item), row, column, rows, columns, far, ahead: &mut ahead });
    });
}

impl<'a, T: Element> Ordered<'a, T> {
    /// The same product over a part of the steps, written to `out` as it is.
    fn steps(self, start: usize, count: usize, out: Target<T>) -> Self {
        Self {
            left: self.left.from(0, start),
            right: self.right.skip_steps(start),
            inner: count,
            out,
            finish: Finish::NONE,
            ..self
        }
    }
}

/// How a product is cut into blocks.
struct Plan {
    rows: usize,
    columns: usize,
    /// The right factor is too large for a cache.
    far: bool,
}

impl Plan {
    /// Blocks as large as they may be.
    fn new(rows: usize, columns: usize, panel: usize, far: bool) -> Self {
        let blocks = if rows <= WHOLE_ROWS { 1 } else { rows.div_ceil(BLOCK_ROWS) };
        Self {
            rows: rows.div_ceil(blocks).next_multiple_of(TILE_ROWS),
            columns: columns.next_multiple_of(panel).min(MOST_PANELS * panel),
            far,
        }
    }

    /// Makes blocks smaller until there are enough for all threads.
    fn refine(&mut self, batch: usize, rows: usize, columns: usize, panel: usize) {
        let wanted = 4 * parallel::threads();
        let least = match rows.min(self.rows) {
            few if few < ROWS_WORTH_PACKING => LEAST_PANELS_OF_FEW * panel,
            some if some <= BLOCK_ROWS => LEAST_PANELS * panel,
            _ => panel,
        };
        while self.tasks(batch, rows, columns) < wanted && self.columns > least {
            self.columns = (self.columns / 2).next_multiple_of(panel);
        }
        while self.tasks(batch, rows, columns) < wanted && self.rows > 2 * ROWS_WORTH_PACKING {
            self.rows = (self.rows / 2).next_multiple_of(TILE_ROWS);
        }
    }

    fn tasks(&self, batch: usize, rows: usize, columns: usize) -> usize {
        batch * rows.div_ceil(self.rows) * columns.div_ceil(self.columns)
    }
}
