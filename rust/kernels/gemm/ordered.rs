//! Products whose sums run over k in order: chunks of `CHUNK` steps, each one chain, added one after the other. The order depends on
//! k alone, so a row of the result has the same bits however many rows there are and however the work is split.

use super::pack::{PackedRight, pack_panel, panel_width, wide};
use super::tile::{self, Panels, Place, Strip, TILE_ROWS, panel_columns};
use super::{Matrix, Target};
use crate::kernels::activate::{Activation, activate_in_place};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on};

/// Steps summed in one chain.
pub const CHUNK: usize = 1024;
/// Steps of a packed block of the right factor: one panel of it stays in the first-level cache.
const BLOCK_STEPS: usize = 256;
/// Panels packed at a time.
const GROUP: usize = 4;
/// Fewer rows read the right factor where it lies.
const ROWS_WORTH_PACKING: usize = 12;
/// Rows of a block: with `BLOCK_STEPS` they fit the second-level cache.
const BLOCK_ROWS: usize = 96;
/// Multiplications that are worth a second thread.
const WORTH_A_THREAD: usize = 1 << 16;
/// Multiplications of a task of `accumulate`.
const WORTH_A_TASK: usize = 1 << 19;

/// The right factor.
#[derive(Clone, Copy)]
pub enum Right<'a, T: Element> {
    /// As it lies, columns next to each other.
    Plain(Matrix<'a, T>),
    /// In panels, from a step on.
    Packed(&'a PackedRight<T>, usize),
}

impl<T: Element> Right<'_, T> {
    /// The part from step `k` on.
    fn skip_steps(self, k: usize) -> Self {
        match self {
            Self::Plain(matrix) => Self::Plain(matrix.from(k, 0)),
            Self::Packed(packed, first) => Self::Packed(packed, first + k),
        }
    }

    /// The part from column `j` on, a whole number of panels of `panel` columns.
    #[inline(always)]
    fn source(self, j: usize, panel: usize) -> Source<T> {
        match self {
            Self::Plain(matrix) => {
                let part = matrix.from(0, j);
                Source::Plain { data: part.data.as_ptr(), step: part.row }
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
    fn apply(self, sums: &mut [T], column: usize) {
        if let Some(bias) = self.bias {
            sums.iter_mut().zip(&bias[column..]).for_each(|(sum, &bias)| *sum += bias);
        }
        activate_in_place(sums, self.activation);
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
    let Ordered { rows, inner, columns, .. } = product(0);
    if rows == 0 || columns == 0 {
        return;
    }
    let plan = Plan::new(batch, rows, inner, columns, panel_width::<T>(set));
    if plan.tasks(batch, rows, columns) >= 2 * parallel::threads() || inner <= CHUNK || !plan.worth_splitting {
        return multiply_blocks(set, batch, &plan, product);
    }
    // Too few blocks: every chunk of the sum becomes a product of its own, and their results are added in order.
    let chunks = inner.div_ceil(CHUNK);
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
        // SAFETY: the row belongs to the result, and every row is visited once.
        unsafe {
            finish.apply(&mut sum, 0);
            out.at(row, 0).write_row(&sum);
        }
    });
}

fn multiply_blocks<'a, T: Element>(
    set: InstructionSet,
    batch: usize,
    plan: &Plan,
    product: impl Fn(usize) -> Ordered<'a, T> + Sync,
) {
    let Ordered { rows, columns, .. } = product(0);
    let (row_blocks, column_blocks) = (rows.div_ceil(plan.rows), columns.div_ceil(plan.columns));
    parallel::for_each(batch * row_blocks * column_blocks, 1, |task| {
        let (item, block) = (task / (row_blocks * column_blocks), task % (row_blocks * column_blocks));
        let (row, column) = (block / column_blocks * plan.rows, block % column_blocks * plan.columns);
        let (rows, columns) = (plan.rows.min(rows - row), plan.columns.min(columns - column));
        dispatch_on(set, Block { product: product(item), row, column, rows, columns });
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
    worth_splitting: bool,
}

impl Plan {
    fn new(batch: usize, rows: usize, inner: usize, columns: usize, panel: usize) -> Self {
        if batch * rows * inner * columns < WORTH_A_THREAD {
            return Self { rows, columns: columns.next_multiple_of(panel), worth_splitting: false };
        }
        let wanted = 4 * parallel::threads();
        let mut plan = Self {
            rows: rows.div_ceil(rows.div_ceil(BLOCK_ROWS)).next_multiple_of(TILE_ROWS),
            columns: columns.next_multiple_of(panel).min(8 * GROUP * panel),
            worth_splitting: true,
        };
        while plan.tasks(batch, rows, columns) < wanted && plan.columns > GROUP * panel {
            plan.columns = (plan.columns / 2).next_multiple_of(panel);
        }
        while plan.tasks(batch, rows, columns) < wanted && plan.rows > 2 * ROWS_WORTH_PACKING {
            plan.rows = (plan.rows / 2).next_multiple_of(TILE_ROWS);
        }
        plan
    }

    fn tasks(&self, batch: usize, rows: usize, columns: usize) -> usize {
        batch * rows.div_ceil(self.rows) * columns.div_ceil(self.columns)
    }
}

/// A block of a result.
struct Block<'a, T: Element> {
    product: Ordered<'a, T>,
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

impl<T: Element> Kernel for Block<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        if wide::<T::Vector<S>>() {
            self.compute::<T::Vector<S>, 4>();
        } else {
            self.compute::<T::Vector<S>, 2>();
        }
    }
}

impl<T: Element> Block<'_, T> {
    #[inline(always)]
    fn compute<V: Vector<Elem = T>, const N: usize>(self) {
        let Self { product, row, column, rows, columns } = self;
        let Ordered { inner, finish, .. } = product;
        let panel = panel_columns::<V, N>();
        let left = product.left.from(row, 0);
        let left = Strip { data: left.data.as_ptr(), row: left.row, step: left.column };
        let right = product.right.source(column, panel);
        // SAFETY: the block lies in the result.
        let out = unsafe { product.out.at(row, column) };
        let packed = if matches!(right, Source::Plain { .. }) { GROUP * BLOCK_STEPS.min(inner) * panel } else { 0 };
        let tile = rows * columns;
        let turned = out.column != 1;
        let mut scratch =
            Buffer::<T>::stale(packed + if inner > CHUNK { tile } else { 0 } + if turned { tile } else { 0 });
        let (packed, rest) = scratch.split_at_mut(packed);
        let (sum, rest) = rest.split_at_mut(if turned { tile } else { 0 });
        let total = if turned {
            Place { data: sum.as_mut_ptr(), row: columns, columns }
        } else {
            Place { data: out.data, row: out.row, columns }
        };
        // SAFETY: all parts of the block lie in the operands and in the scratch memory.
        unsafe {
            for start in (0..inner.max(1)).step_by(CHUNK) {
                let steps = CHUNK.min(inner - start);
                let place = if start == 0 { total } else { Place { data: rest.as_mut_ptr(), row: columns, columns } };
                chains::<V, N>(left.at(0, start), right.at_step(start), rows, steps, place, packed);
                if start > 0 {
                    for i in 0..rows {
                        for j in 0..columns {
                            *total.data.add(i * total.row + j) += *place.data.add(i * columns + j);
                        }
                    }
                }
            }
            for i in 0..rows {
                let done = std::slice::from_raw_parts_mut(total.data.add(i * total.row), columns);
                finish.apply(done, column);
            }
            if turned {
                for j in 0..columns {
                    for i in 0..rows {
                        *out.data.add(i * out.row + j * out.column) = sum[i * columns + j];
                    }
                }
            }
        }
    }
}

/// `out = start + left @ right`, where the chains begin with what lies in `out` (`fresh`: with zero); rows of `out` are `out_row`
/// apart. For products so small that only the columns are worth several threads.
pub fn accumulate<T: Element>(
    set: InstructionSet,
    left: Matrix<'_, T>,
    rows: usize,
    right: &PackedRight<T>,
    out: &mut [T],
    out_row: usize,
    fresh: bool,
) {
    let (steps, columns, panel) = (right.steps, right.columns, right.panel);
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(out.len() >= (rows - 1) * out_row + columns && left.column == 1);
    assert!(steps == 0 || left.data.len() >= (rows - 1) * left.row + steps);
    let out = Target::rows(out, out_row);
    let per_task = (WORTH_A_TASK / (rows * steps * panel).max(1) + 1) * panel;
    parallel::for_each(columns.div_ceil(per_task), 1, |task| {
        let first = task * per_task;
        dispatch_on(set, Continue { left, rows, right, out, first, columns: per_task.min(columns - first), fresh });
    });
}

/// A range of columns of `accumulate`.
struct Continue<'a, T: Element> {
    left: Matrix<'a, T>,
    rows: usize,
    right: &'a PackedRight<T>,
    out: Target<T>,
    first: usize,
    columns: usize,
    fresh: bool,
}

impl<T: Element> Kernel for Continue<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { left, rows, right, out, first, columns, fresh } = self;
        let strip = Strip { data: left.data.as_ptr(), row: left.row, step: 1 };
        // SAFETY: `accumulate` checked that the operands hold these rows, steps and columns.
        unsafe {
            let panels = right.panels().at(first / right.panel, 0);
            let place = Place { data: out.at(0, first).data, row: out.row, columns };
            if wide::<T::Vector<S>>() {
                sweep::<T::Vector<S>, 4>(strip, panels, rows, right.steps, place, fresh);
            } else {
                sweep::<T::Vector<S>, 2>(strip, panels, rows, right.steps, place, fresh);
            }
        }
    }
}

/// The right factor of a block.
#[derive(Clone, Copy)]
enum Source<T> {
    Plain { data: *const T, step: usize },
    Packed(Panels<T>),
}

impl<T> Source<T> {
    /// # Safety
    /// There is such a step.
    #[inline(always)]
    unsafe fn at_step(self, k: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::Plain { data, step } => Self::Plain { data: data.add(k * step), step },
                Self::Packed(panels) => Self::Packed(panels.at(0, k)),
            }
        }
    }
}

/// One chain of `steps` for every element of a block, from zero.
///
/// # Safety
/// The operands hold the block; `packed` has room for a group of panels unless the right factor is packed.
#[inline(always)]
unsafe fn chains<V: Vector, const N: usize>(
    left: Strip<V::Elem>,
    right: Source<V::Elem>,
    rows: usize,
    steps: usize,
    place: Place<V::Elem>,
    packed: &mut [V::Elem],
) {
    let panel = panel_columns::<V, N>();
    let columns = place.columns;
    // SAFETY: the caller's promise.
    unsafe {
        if steps == 0 {
            return sweep::<V, N>(left, Panels { data: packed.as_ptr(), step: 0, next: 0 }, rows, 0, place, true);
        }
        for start in (0..steps).step_by(BLOCK_STEPS) {
            let count = BLOCK_STEPS.min(steps - start);
            let left = left.at(0, start);
            match right.at_step(start) {
                Source::Packed(panels) => sweep::<V, N>(left, panels, rows, count, place, start == 0),
                Source::Plain { data, step } => {
                    let whole = if rows < ROWS_WORTH_PACKING { columns / panel * panel } else { 0 };
                    if whole > 0 {
                        let panels = Panels { data, step, next: panel };
                        let place = Place { columns: whole, ..place };
                        sweep::<V, N>(left, panels, rows, count, place, start == 0);
                    }
                    for first in (whole..columns).step_by(GROUP * panel) {
                        let group = (GROUP * panel).min(columns - first);
                        let panels = Panels { data: packed.as_ptr(), step: panel, next: count * panel };
                        for p in 0..group.div_ceil(panel) {
                            let width = panel.min(group - p * panel);
                            let to = packed.as_mut_ptr().add(p * panels.next);
                            pack_panel::<V, N>(data.add(first + p * panel), step, 1, count, width, to);
                        }
                        let place = Place { columns: group, ..place.at(0, first) };
                        sweep::<V, N>(left, panels, rows, count, place, start == 0);
                    }
                }
            }
        }
    }
}

/// Continues (or begins, if `fresh`) the chains of a block by `steps`, panel by panel.
///
/// # Safety
/// The operands hold the block.
#[inline(always)]
pub unsafe fn sweep<V: Vector, const N: usize>(
    left: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    rows: usize,
    steps: usize,
    place: Place<V::Elem>,
    fresh: bool,
) {
    let panel = panel_columns::<V, N>();
    let count = place.columns.div_ceil(panel);
    let mut p = 0;
    // SAFETY: the caller's promise.
    unsafe {
        // One or two rows leave registers for several panels.
        if rows == 1 {
            while count - p >= 4 {
                advance::<V, 1, 4, N>(left, panels.at(p, 0), steps, place.at(0, p * panel), fresh);
                p += 4;
            }
        } else if rows == 2 {
            while count - p >= 2 {
                advance::<V, 2, 2, N>(left, panels.at(p, 0), steps, place.at(0, p * panel), fresh);
                p += 2;
            }
        }
        while p < count {
            let (panels, place) = (panels.at(p, 0), place.at(0, p * panel));
            let mut i = 0;
            while rows - i >= TILE_ROWS {
                advance::<V, TILE_ROWS, 1, N>(left.at(i, 0), panels, steps, place.at(i, 0), fresh);
                i += TILE_ROWS;
            }
            if rows - i >= 4 {
                advance::<V, 4, 1, N>(left.at(i, 0), panels, steps, place.at(i, 0), fresh);
                i += 4;
            }
            if rows - i >= 2 {
                advance::<V, 2, 1, N>(left.at(i, 0), panels, steps, place.at(i, 0), fresh);
                i += 2;
            }
            if rows > i {
                advance::<V, 1, 1, N>(left.at(i, 0), panels, steps, place.at(i, 0), fresh);
            }
            p += 1;
        }
    }
}

#[inline(always)]
unsafe fn advance<V: Vector, const R: usize, const P: usize, const N: usize>(
    left: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    steps: usize,
    place: Place<V::Elem>,
    fresh: bool,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = if fresh { tile::zero() } else { tile::load::<V, R, P, N>(place) };
        tile::chain(&mut acc, steps, left, panels);
        tile::store(&acc, place);
    }
}
