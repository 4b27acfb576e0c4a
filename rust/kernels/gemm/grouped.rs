//! `leftᵀ @ right`, a sum over rows that follows a fixed binary tree (neighbours first, aligned powers of two). A leaf is one chain over a
//! group of rows of fixed size, so the bits depend neither on the threads nor on how the work is split.
//!
//! Aligned runs of leaves, up to `RUN_STEPS` rows, are summed while a register tile stays where it is; the sums of runs go up the rest of
//! the tree, one partial block a level. Results are computed block by block in parallel; where blocks for all threads would be too small,
//! aligned parts of the sum are.

use super::ahead::Ahead;
use super::ordered::Right;
use super::pack::{pack_panels, pack_strips, panel_width, vectors};
use super::tile::{self, Panels, Place, Strip, TILE_ROWS, panel_columns};
use super::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on};

/// Steps that a block packs and sums at a time: a panel of them stays in the first-level cache.
const RUN_STEPS: usize = 128;
/// Levels of the tree within a run.
const RUN_LEVELS: usize = RUN_STEPS.ilog2() as usize + 1;
/// The largest block: what it packs and its sums fit the second-level cache.
const BLOCK_ROWS: usize = 44 * TILE_ROWS;
const BLOCK_COLUMNS: usize = 512;
/// Elements of the smallest block: each block packs its part of both factors.
const LEAST_BLOCK: usize = 16 << 10;
/// Steps of the smallest part of a sum: each part is added to another one.
const LEAST_PART: usize = 2 * RUN_STEPS;
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
    let large = batch * rows * inner * columns >= WORTH_A_THREAD;
    let threads = if large { parallel::threads() } else { 1 };
    let cut = Cut::evenly([batch, rows, columns], panel_width::<T>(set, columns), threads);
    let blocks = cut.blocks(rows, columns);
    let part = part_steps(inner, leaf);
    if batch * blocks < threads.min(inner.div_ceil(part)) {
        for item in 0..batch {
            sum_parts(set, leaf, part, product(item));
        }
        return;
    }
    let grain = if large { 1 } else { batch * blocks };
    parallel::for_each(batch * blocks, grain, |task| {
        cut.compute(set, leaf, product(task / blocks), task % blocks, &mut Ahead::none());
    });
}

/// Steps of the aligned parts of a sum that threads share.
fn part_steps(inner: usize, leaf: usize) -> usize {
    let run = run_steps(leaf);
    run * inner.div_ceil(run).div_ceil(4 * parallel::threads()).max(LEAST_PART / run).next_power_of_two()
}

impl<T: Element> Grouped<'_, T> {
    /// Computes the product on the thread that calls.
    pub fn compute_here(self, set: InstructionSet, leaf: usize) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let cut = Cut::evenly([1, self.rows, self.columns], panel_width::<T>(set, self.columns), 1);
        for block in 0..cut.blocks(self.rows, self.columns) {
            cut.compute(set, leaf, self, block, &mut Ahead::none());
        }
    }
}

/// A small result of many steps: parts of the sum are computed in parallel and added as the tree says.
fn sum_parts<T: Element>(set: InstructionSet, leaf: usize, part: usize, product: Grouped<'_, T>) {
    let Grouped { left, right, rows, inner, columns, out } = product;
    let mut total = Buffer::stale(rows * columns);
    parallel::tree_sum_in_leaves(inner, part, &mut total, |steps, sum| {
        let (left, right) = (left.from(0, steps.start), right.skip_steps(steps.start));
        Grouped { left, right, inner: steps.len(), out: Target::rows(sum, columns), ..product }.compute_here(set, leaf);
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
    /// Blocks of at most `rows` rows.
    pub fn new(rows: usize, columns: usize, panel: usize) -> Self {
        Self { rows, columns: columns.min(BLOCK_COLUMNS).next_multiple_of(panel) }
    }

    /// Blocks of one size, as many as the threads can share, unless they would be too small.
    fn evenly([batch, rows, columns]: [usize; 3], panel: usize, threads: usize) -> Self {
        let (mut down, mut across) = (rows.div_ceil(BLOCK_ROWS), columns.div_ceil(BLOCK_COLUMNS));
        loop {
            let cut = Self {
                rows: rows.div_ceil(down).next_multiple_of(TILE_ROWS),
                columns: columns.div_ceil(across).next_multiple_of(panel),
            };
            let blocks = batch * cut.blocks(rows, columns);
            let shared = blocks.is_multiple_of(threads) || blocks >= 4 * threads;
            if shared || cut.rows * cut.columns < 2 * LEAST_BLOCK {
                return cut;
            }
            *(if cut.rows < cut.columns { &mut across } else { &mut down }) += 1;
        }
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
            let mut upcoming = Ahead::none();
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
                            pack_panels::<V, N>(
                                from,
                                [right.row, right.column],
                                steps,
                                width,
                                panels.add(j * steps),
                                0,
                            );
                        }
                        Panels { data: panels.cast_const(), step: panel, next: panel * steps }
                    }
                    Right::Packed(packed, first) => packed.panels().at(column / panel, first + start),
                };
                let next = run.min(inner - start - steps);
                if let Right::Plain(right) = product.right {
                    let factors = [(right, columns), (product.left.transposed(), rows)];
                    upcoming = Ahead::rows(factors.map(|(factor, width)| (factor.from(start + steps, 0), width)), next);
                }
                let ahead = if packs { &mut upcoming } else { &mut *ahead };
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
