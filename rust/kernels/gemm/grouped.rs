//! `leftᵀ @ right`, a sum over rows that follows a fixed binary tree (neighbours first, aligned powers of two). A leaf is one chain over a
//! group of rows of fixed size, so the bits depend neither on the threads nor on how the work is split.
//!
//! Aligned runs of leaves, up to `RUN_ROWS` rows, are summed while a register tile stays where it is; the sums of runs go up the rest of
//! the tree, one partial block a level. Small results of many rows are computed run by run in parallel, large ones block by block.

use super::ahead::Ahead;
use super::ordered::Right;
use super::pack::{pack_panel, pack_strips, panel_width, vectors};
use super::tile::{self, Panels, Place, Strip, TILE_ROWS, panel_columns};
use super::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on};

/// Steps that a block packs and sums at a time.
const RUN_STEPS: usize = 256;
/// Levels of the tree within a run.
const RUN_LEVELS: usize = RUN_STEPS.ilog2() as usize + 1;
/// Rows of a block of the result.
const BLOCK_ROWS: usize = 96;
/// The same where one run is summed after the other: each block packs the run's right factor again.
const RUN_ROWS: usize = 22 * TILE_ROWS;
/// Elements of the right factor that a block packs: they fit the second-level cache.
const BLOCK_RIGHT: usize = 32 << 10;
/// Blocks are not made smaller than these.
const LEAST_ROWS: usize = 4 * TILE_ROWS;
const LEAST_PANELS: usize = 4;
/// With fewer blocks of the least size than this, runs are summed in parallel.
const FEW_BLOCKS: usize = 32;
/// Multiplications that are worth a second thread.
const WORTH_A_THREAD: usize = 1 << 19;

/// One product `out = left @ right`, `(rows, inner) @ (inner, columns)`; `left` is a transposed matrix.
#[derive(Clone, Copy)]
pub struct Grouped<'a, T: Element> {
    pub left: Matrix<'a, T>,
    pub right: Right<'a, T>,
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub out: Target<T>,
}

/// Computes products of one shape, `product(item)` for every item of a batch, with leaves of `leaf` steps.
pub fn multiply_grouped<'a, T: Element>(
    set: InstructionSet,
    batch: usize,
    leaf: usize,
    product: impl Fn(usize) -> Grouped<'a, T> + Sync,
) {
    if batch == 0 {
        return;
    }
    let Grouped { rows, inner, columns, .. } = product(0);
    if rows == 0 || columns == 0 {
        return;
    }
    let panel = panel_width::<T>(set, columns);
    let run = run_steps(leaf);
    let least = Cut { rows: LEAST_ROWS, columns: LEAST_PANELS * panel };
    let large = batch * rows * inner * columns >= WORTH_A_THREAD;
    if large && inner > run && batch * least.blocks(rows, columns) < FEW_BLOCKS {
        for item in 0..batch {
            sum_runs(set, leaf, product(item));
        }
        return;
    }
    let mut cut = Cut::new(BLOCK_ROWS, columns, inner, panel);
    let wanted = if large { 4 * parallel::threads() } else { 1 };
    while batch * cut.blocks(rows, columns) < wanted && cut.columns > least.columns {
        cut.columns = (cut.columns / 2).next_multiple_of(panel);
    }
    while batch * cut.blocks(rows, columns) < wanted && cut.rows > least.rows {
        cut.rows = (cut.rows / 2).next_multiple_of(TILE_ROWS);
    }
    let blocks = cut.blocks(rows, columns);
    let grain = if large { 1 } else { batch * blocks };
    parallel::for_each(batch * blocks, grain, |task| {
        cut.compute(set, leaf, product(task / blocks), task % blocks, &mut Ahead::none());
    });
}

/// A small result of many steps: the sums of runs are computed in parallel and added as the tree says.
fn sum_runs<T: Element>(set: InstructionSet, leaf: usize, product: Grouped<'_, T>) {
    let Grouped { left, right, rows, inner, columns, out } = product;
    let run = run_steps(leaf);
    let cut = Cut { rows: RUN_ROWS, columns };
    let mut total = Buffer::stale(rows * columns);
    parallel::tree_sum(inner.div_ceil(run), &mut total, |index, sum| {
        let start = index * run;
        let (left, right, inner) = (left.from(0, start), right.skip_steps(start), run.min(inner - start));
        let part = Grouped { left, right, inner, out: Target::rows(sum, columns), ..product };
        (0..cut.blocks(rows, columns)).for_each(|block| cut.compute(set, leaf, part, block, &mut Ahead::none()));
    });
    for (row, values) in total.chunks_exact(columns).enumerate() {
        // SAFETY: the row belongs to the result.
        unsafe { out.at(row, 0).write_row(values) };
    }
}

/// Steps of an aligned run of whole leaves.
fn run_steps(leaf: usize) -> usize {
    leaf << (RUN_STEPS / leaf).max(1).ilog2()
}

/// Which waiting sums are added to the sum at position `index` of a row of leaves (bit l: the one of level l, lowest first), and
/// the level at which the result waits in turn: none for the last position, whose sum is complete.
fn merges(index: usize, last: bool) -> (usize, Option<usize>) {
    let trailing = index.trailing_ones() as usize;
    if last { (index, None) } else { (index & ((1 << trailing) - 1), Some(trailing)) }
}

/// Adds the sums that wait at the levels whose bits are set in `below`, lowest first. A plain loop: an iterator's closure would be
/// compiled without the instruction set, and the tile would leave its registers.
///
/// # Safety
/// The levels hold whole tiles.
#[inline(always)]
unsafe fn add_waiting<V: Vector, const N: usize>(
    sum: &mut tile::Registers<V, TILE_ROWS, 1, N>,
    mut below: usize,
    level: impl Fn(usize) -> Place<V::Elem>,
) {
    while below != 0 {
        // SAFETY: the caller's promise.
        unsafe { tile::add(sum, level(below.trailing_zeros() as usize)) };
        below &= below - 1;
    }
}

/// How a result is cut into blocks.
#[derive(Clone, Copy)]
pub struct Cut {
    rows: usize,
    columns: usize,
}

impl Cut {
    /// Blocks of at most `rows` rows, of as many columns as may be packed at a time for sums of `steps` steps.
    pub fn new(rows: usize, columns: usize, steps: usize, panel: usize) -> Self {
        let most = BLOCK_RIGHT / steps.clamp(1, RUN_STEPS);
        Self { rows, columns: most.min(columns).next_multiple_of(panel) }
    }

    /// Into how many blocks a result is cut.
    pub fn blocks(self, rows: usize, columns: usize) -> usize {
        rows.div_ceil(self.rows) * columns.div_ceil(self.columns)
    }

    /// Computes one of the blocks, and calls `ahead` into the cache meanwhile.
    pub fn compute<T: Element>(
        self,
        set: InstructionSet,
        leaf: usize,
        product: Grouped<'_, T>,
        block: usize,
        ahead: &mut Ahead<T>,
    ) {
        let across = product.columns.div_ceil(self.columns);
        let (row, column) = (block / across * self.rows, block % across * self.columns);
        let (rows, columns) = (self.rows.min(product.rows - row), self.columns.min(product.columns - column));
        dispatch_on(set, Block { product, leaf, row, column, rows, columns, ahead });
    }
}

/// A block of a result.
struct Block<'a, T: Element> {
    product: Grouped<'a, T>,
    leaf: usize,
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
    ahead: &'a mut Ahead<T>,
}

impl<T: Element> Kernel for Block<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        match vectors::<T::Vector<S>>(self.product.columns) {
            1 => self.compute::<T::Vector<S>, 1>(),
            2 => self.compute::<T::Vector<S>, 2>(),
            _ => self.compute::<T::Vector<S>, 4>(),
        }
    }
}

impl<T: Element> Block<'_, T> {
    #[inline(always)]
    fn compute<V: Vector<Elem = T>, const N: usize>(self) {
        let Self { product, leaf, row, column, rows, columns, ahead } = self;
        let inner = product.inner;
        let panel = panel_columns::<V, N>();
        let run = run_steps(leaf);
        let runs = inner.div_ceil(run).max(1);
        let (padded_rows, padded_columns) = (rows.next_multiple_of(TILE_ROWS), columns.next_multiple_of(panel));
        let level_len = padded_rows * padded_columns;
        let levels = (usize::BITS - (runs - 1).leading_zeros()) as usize;
        let longest = run.min(inner);
        let packs = matches!(product.right, Right::Plain(_));
        let lens = [
            padded_rows * longest,
            if packs { padded_columns * longest } else { 0 },
            (RUN_LEVELS + 1) * TILE_ROWS * panel,
            levels * level_len,
        ];
        let mut scratch = Buffer::<T>::stale(lens.iter().sum());
        let strips = scratch.as_mut_ptr();
        // SAFETY: the block lies in the operands and the result; the scratch memory was sized for its four parts.
        unsafe {
            let panels = strips.add(lens[0]);
            let waiting = panels.add(lens[1]);
            let partial = waiting.add(lens[2]);
            let level =
                |l: usize| Place { data: partial.add(l * level_len), row: padded_columns, columns: padded_columns };
            let out = product.out.at(row, column);
            let out = Place { data: out.data, row: out.row, columns };
            for index in 0..runs {
                let start = index * run;
                let steps = run.min(inner - start);
                let left = product.left.from(row, start);
                pack_strips::<T, TILE_ROWS>(left.data.as_ptr(), left.row, left.column, steps, rows, strips);
                let right = match product.right {
                    Right::Plain(right) => {
                        let right = right.from(start, column);
                        for j in (0..columns).step_by(panel) {
                            let from = right.data.as_ptr().add(j * right.column);
                            let width = panel.min(columns - j);
                            pack_panel::<V, N>(from, right.row, right.column, steps, width, panels.add(j * steps));
                        }
                        Panels { data: panels.cast_const(), step: panel, next: panel * steps }
                    }
                    Right::Packed(packed, first) => packed.panels().at(column / panel, first + start),
                };
                let (below, target) = merges(index, index + 1 == runs);
                for j in (0..columns).step_by(panel) {
                    let right = right.at(j / panel, 0);
                    for i in (0..rows).step_by(TILE_ROWS) {
                        let left = Strip { data: strips.add(i * steps).cast_const(), row: 1, step: TILE_ROWS };
                        let mut sum = run_sum::<V, N>(left, right, steps, leaf, waiting, ahead);
                        add_waiting(&mut sum, below, |l| level(l).at(i, j));
                        match target {
                            Some(l) => tile::store(&sum, level(l).at(i, j)),
                            None => tile::store_rows(&sum, out.at(i, j), rows - i),
                        }
                    }
                }
            }
        }
    }
}

/// The sum of a run for one tile: chains of `leaf` steps, added as the tree says. Sums that wait lie at `waiting`, level by level.
///
/// # Safety
/// The operands hold `steps` steps, `waiting` has room for `RUN_LEVELS` tiles.
#[inline(always)]
unsafe fn run_sum<V: Vector, const N: usize>(
    left: Strip<V::Elem>,
    right: Panels<V::Elem>,
    steps: usize,
    leaf: usize,
    waiting: *mut V::Elem,
    ahead: &mut Ahead<V::Elem>,
) -> tile::Registers<V, TILE_ROWS, 1, N> {
    let panel = panel_columns::<V, N>();
    let leaves = steps.div_ceil(leaf);
    // SAFETY: the caller's promise.
    unsafe {
        let level = |l: usize| Place { data: waiting.add(l * TILE_ROWS * panel), row: panel, columns: panel };
        let mut index = 0;
        loop {
            let start = index * leaf;
            let mut sum = tile::zero();
            ahead.chain(&mut sum, leaf.min(steps - start), left.at(0, start), right.at(0, start));
            let (below, target) = merges(index, index + 1 >= leaves);
            add_waiting(&mut sum, below, level);
            match target {
                Some(l) => tile::store(&sum, level(l)),
                None => return sum,
            }
            index += 1;
        }
    }
}
