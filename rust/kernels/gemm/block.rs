//! A block of a product whose sums run over k in order: the right factor is packed a few panels and steps at a time (or read where it
//! lies, or comes packed), then the register tile sweeps over it.

use super::ahead::Ahead;
use super::ordered::{CHUNK, Ordered};
use super::pack::{pack_panels, tall, vectors};
use super::tile::{self, Panels, Place, Strip, TILE_ROWS, panel_columns};
use super::turn::turn;
use crate::memory::Buffer;
use crate::simd::{CACHE_LINE, Element, Kernel, Simd, Vector};

/// Steps of a packed block of the right factor: one panel of it stays in the first-level cache.
const BLOCK_STEPS: usize = 128;
/// Bytes of a row that are packed at a time: a block of them stays in the second-level cache, and rows are read in long runs.
const GROUP_BYTES: usize = 2048;
/// The same where the right factor is read in place and comes from memory: the next block is called into the cache meanwhile, because
/// the processor does not follow rows that lie apart, or a stream that changes its place every few lines.
const FAR_STEPS: usize = 8;
/// Fewer rows read the right factor where it lies.
pub const ROWS_WORTH_PACKING: usize = 12;

/// A block of a result.
pub struct Block<'a, T: Element> {
    pub product: Ordered<'a, T>,
    pub row: usize,
    pub column: usize,
    pub rows: usize,
    pub columns: usize,
    /// The right factor is too large for a cache.
    pub far: bool,
    /// What is called while the block is computed, if its right factor comes packed.
    pub ahead: &'a mut Ahead<T>,
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
        let Self { product, row, column, rows, columns, far, ahead } = self;
        let Ordered { inner, finish, .. } = product;
        let panel = panel_columns::<V, N>();
        let left = product.left.from(row, 0);
        let left = Strip { data: left.data.as_ptr(), row: left.row, step: left.column };
        let right = product.right.source(column, panel);
        // SAFETY: the block lies in the result.
        let out = unsafe { product.out.at(row, column) };
        let packed = match right {
            Source::Plain { .. } => {
                group_columns::<V, N>().min(columns.next_multiple_of(panel)) * BLOCK_STEPS.min(inner)
            }
            Source::Packed(_) => 0,
        };
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
                chains::<V, N>(left.at(0, start), right.at_step(start), rows, steps, place, packed, far, ahead);
                if start > 0 {
                    for i in 0..rows {
                        let sum = std::slice::from_raw_parts_mut(total.data.add(i * total.row), columns);
                        let part = std::slice::from_raw_parts(place.data.add(i * columns), columns);
                        sum.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
                    }
                }
            }
            for i in 0..rows {
                let done = std::slice::from_raw_parts_mut(total.data.add(i * total.row), columns);
                finish.apply::<V>(done, column);
            }
            if turned {
                debug_assert_eq!(out.row, 1);
                turn::<V>(sum.as_ptr(), columns, rows, columns, out.data, out.column);
            }
        }
    }
}

/// The right factor of a block.
#[derive(Clone, Copy)]
pub enum Source<T> {
    Plain { data: *const T, step: usize, column: usize },
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
                Self::Plain { data, step, column } => Self::Plain { data: data.add(k * step), step, column },
                Self::Packed(panels) => Self::Packed(panels.at(0, k)),
            }
        }
    }
}

/// One chain of `steps` for every element of a block, from zero.
///
/// # Safety
/// The operands hold the block; `packed` has room for a group of panels unless the right factor is packed.
#[allow(clippy::too_many_arguments)] // the block in parts
#[inline(always)]
unsafe fn chains<V: Vector, const N: usize>(
    left: Strip<V::Elem>,
    right: Source<V::Elem>,
    rows: usize,
    steps: usize,
    place: Place<V::Elem>,
    packed: &mut [V::Elem],
    far: bool,
    ahead: &mut Ahead<V::Elem>,
) {
    let panel = panel_columns::<V, N>();
    let columns = place.columns;
    // SAFETY: the caller's promise.
    unsafe {
        if steps == 0 {
            let panels = Panels { data: packed.as_ptr(), step: 0, next: 0 };
            return sweep::<V, N>(left, panels, rows, 0, place, true, &mut Ahead::none());
        }
        let lead = match right {
            Source::Plain { step, column: 1, .. } if far => FAR_STEPS * step,
            _ => 0,
        };
        let block_steps = if lead > 0 && rows < ROWS_WORTH_PACKING { FAR_STEPS } else { BLOCK_STEPS };
        for start in (0..steps).step_by(block_steps) {
            let count = block_steps.min(steps - start);
            let left = left.at(0, start);
            match right.at_step(start) {
                Source::Packed(panels) if far && rows >= ROWS_WORTH_PACKING => {
                    let last = columns.div_ceil(panel) - 1;
                    for p in 0..=last {
                        let next = if p < last { panels.at(p + 1, 0) } else { panels.at(0, count) };
                        let mut next = Ahead::new(next.data, count * panel);
                        let place = place.at(0, p * panel);
                        let place = Place { columns: place.columns.min(panel), ..place };
                        sweep::<V, N>(left, panels.at(p, 0), rows, count, place, start == 0, &mut next);
                    }
                }
                Source::Packed(panels) => sweep::<V, N>(left, panels, rows, count, place, start == 0, ahead),
                Source::Plain { data, step, column } => {
                    let whole = if rows < ROWS_WORTH_PACKING && column == 1 { columns / panel * panel } else { 0 };
                    if whole > 0 {
                        let panels = Panels { data, step, next: panel };
                        let place = Place { columns: whole, ..place };
                        sweep::<V, N>(left, panels, rows, count, place, start == 0, &mut Ahead::leading(lead));
                    }
                    // Rows that are read whole lie one behind the other, and so does the next block of steps.
                    let mut next = if column == 1 && columns == step && group_columns::<V, N>() >= columns {
                        Ahead::new(data.wrapping_add(count * step), BLOCK_STEPS.min(steps - start - count) * step)
                    } else {
                        Ahead::none()
                    };
                    let pack_lead = if next.is_empty() { lead } else { 0 };
                    for first in (whole..columns).step_by(group_columns::<V, N>()) {
                        let group = group_columns::<V, N>().min(columns - first);
                        let panels = Panels { data: packed.as_ptr(), step: panel, next: count * panel };
                        let (from, to) = (data.add(first * column), packed.as_mut_ptr());
                        pack_panels::<V, N>(from, [step, column], count, group, to, pack_lead);
                        let place = Place { columns: group, ..place.at(0, first) };
                        sweep::<V, N>(left, panels, rows, count, place, start == 0, &mut next);
                    }
                }
            }
        }
    }
}

/// Columns of a packed group of panels.
#[inline(always)]
fn group_columns<V: Vector, const N: usize>() -> usize {
    (GROUP_BYTES / size_of::<V::Elem>()).next_multiple_of(panel_columns::<V, N>())
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
    ahead: &mut Ahead<V::Elem>,
) {
    let panel = panel_columns::<V, N>();
    let count = place.columns.div_ceil(panel);
    let mut p = 0;
    // SAFETY: the caller's promise.
    unsafe {
        // One or two rows leave registers for several panels.
        if rows == 1 {
            while count - p >= 4 {
                advance::<V, 1, 4, N>(left, panels.at(p, 0), steps, place.at(0, p * panel), fresh, ahead.lead);
                p += 4;
            }
        } else if rows == 2 {
            while count - p >= 2 {
                advance::<V, 2, 2, N>(left, panels.at(p, 0), steps, place.at(0, p * panel), fresh, ahead.lead);
                p += 2;
            }
        }
        while tall::<V, N>() && N == 2 && rows == 4 && count - p >= 2 {
            advance::<V, 4, 2, N>(left, panels.at(p, 0), steps, place.at(0, p * panel), fresh, ahead.lead);
            p += 2;
        }
        while p < count {
            let (panels, place) = (panels.at(p, 0), place.at(0, p * panel));
            let mut i = 0;
            let tall = tall::<V, N>() && !collides::<V::Elem>(left);
            while i < rows {
                let (left, place, rest) = (left.at(i, 0), place.at(i, 0), rows - i);
                let lead = if i == 0 { ahead.lead } else { 0 };
                // Eight rows, and what is left of sixteen, in equal parts: a tile of few rows waits for its panel.
                i += if tall && rest >= 2 * TILE_ROWS && !(2 * TILE_ROWS + 1..=16).contains(&rest) {
                    advance_ahead::<V, { 2 * TILE_ROWS }, 1, N>(left, panels, steps, place, fresh, ahead);
                    2 * TILE_ROWS
                } else if tall && rest >= 8 {
                    advance_ahead::<V, 8, 1, N>(left, panels, steps, place, fresh, ahead);
                    8
                } else if rest >= TILE_ROWS && rest != 8 {
                    advance_ahead::<V, TILE_ROWS, 1, N>(left, panels, steps, place, fresh, ahead);
                    TILE_ROWS
                } else if rest >= 4 {
                    advance::<V, 4, 1, N>(left, panels, steps, place, fresh, lead);
                    4
                } else if rest >= 2 {
                    advance::<V, 2, 1, N>(left, panels, steps, place, fresh, lead);
                    2
                } else {
                    advance::<V, 1, 1, N>(left, panels, steps, place, fresh, lead);
                    1
                };
            }
            p += 1;
        }
    }
}

/// Whether rows begin at the same place of a first-level cache, which holds eight such lines: fewer rows at a time then.
#[inline(always)]
fn collides<T>(left: Strip<T>) -> bool {
    left.step == 1 && (left.row * size_of::<T>()).is_multiple_of(64 * CACHE_LINE)
}

#[inline(always)]
unsafe fn advance<V: Vector, const R: usize, const P: usize, const N: usize>(
    left: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    steps: usize,
    place: Place<V::Elem>,
    fresh: bool,
    lead: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = start::<V, R, P, N>(place, fresh);
        tile::chain_leading(&mut acc, steps, left, panels, lead);
        tile::store(&acc, place);
    }
}

/// `advance`, which meanwhile calls what is read next into the cache.
#[inline(always)]
unsafe fn advance_ahead<V: Vector, const R: usize, const P: usize, const N: usize>(
    left: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    steps: usize,
    place: Place<V::Elem>,
    fresh: bool,
    ahead: &mut Ahead<V::Elem>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = start::<V, R, P, N>(place, fresh);
        ahead.chain(&mut acc, steps, left, panels);
        tile::store(&acc, place);
    }
}

/// What a tile's chains begin with.
///
/// # Safety
/// The place holds the tile unless `fresh`.
#[inline(always)]
unsafe fn start<V: Vector, const R: usize, const P: usize, const N: usize>(
    place: Place<V::Elem>,
    fresh: bool,
) -> tile::Registers<V, R, P, N> {
    // SAFETY: the caller's promise.
    if fresh { tile::zero() } else { unsafe { tile::load(place) } }
}
