//! A matrix walked in panels of a few vectors of columns, so that what belongs to a column stays in registers for all rows.

use crate::simd::{Element, Simd, Vector};

/// Vectors of a panel where an instruction set has many registers, and where it has few.
const WIDE: usize = 4;
const NARROW: usize = 2;

/// Some neighbouring columns of rows that follow each other in memory.
#[derive(Clone, Copy)]
pub struct Panel {
    /// The first column.
    pub column: usize,
    /// Where its first row begins in the data, at that column.
    pub start: usize,
    /// Elements from one row to the next.
    pub pitch: usize,
    /// How many rows.
    pub rows: usize,
    /// Columns of each vector.
    pub count: usize,
}

/// What is done to the rows of a panel.
pub trait Job<T: Element> {
    /// Does it for `N` vectors of columns. Must be `#[inline(always)]`.
    fn panel<V: Vector<Elem = T>, const N: usize>(&mut self, panel: Panel);
}

/// Does a job to `len` elements in rows of `width`; the last row may be shorter.
#[inline(always)]
pub fn walk<T: Element, S: Simd>(len: usize, width: usize, job: &mut impl Job<T>) {
    let vectors = if S::REGISTERS >= 32 { WIDE } else { NARROW };
    let rows = len.checked_div(width).unwrap_or(0);
    // Memory is read in its order: panels of several rows of a wide matrix lose, whatever their parameters save.
    let group = if width <= vectors * T::Vector::<S>::LANES { rows.max(1) } else { 1 };
    for first in (0..rows).step_by(group) {
        walk_rows::<T, S>(first * width, group.min(rows - first), width, width, job);
    }
    walk_rows::<T, S>(rows * width, 1, len - rows * width, width, job);
}

/// Does a job to the first `columns` columns of some rows.
#[inline(always)]
fn walk_rows<T: Element, S: Simd>(start: usize, rows: usize, columns: usize, pitch: usize, job: &mut impl Job<T>) {
    let (lanes, many) = (T::Vector::<S>::LANES, S::REGISTERS >= 32);
    let wide = lanes * if many { WIDE } else { NARROW };
    let mut column = 0;
    while column + wide <= columns {
        let panel = Panel { column, start: start + column, pitch, rows, count: lanes };
        if many {
            job.panel::<T::Vector<S>, WIDE>(panel)
        } else {
            job.panel::<T::Vector<S>, NARROW>(panel)
        }
        column += wide;
    }
    for column in (column..columns).step_by(lanes) {
        let count = lanes.min(columns - column);
        job.panel::<T::Vector<S>, 1>(Panel { column, start: start + column, pitch, rows, count });
    }
}

impl Panel {
    /// The vectors of a row of parameters, one number a column.
    #[inline(always)]
    pub fn parameters<V: Vector, const N: usize>(self, row: &[V::Elem]) -> [V; N] {
        let mut vectors = [V::zero(); N];
        for j in 0..N {
            let from = &row[self.column + j * V::LANES..][..self.count];
            // SAFETY: `count` elements.
            vectors[j] = unsafe { V::load_up_to(from.as_ptr(), self.count) };
        }
        vectors
    }

    /// Writes a row of sums, one number a column.
    #[inline(always)]
    pub fn put<V: Vector, const N: usize>(self, vectors: [V; N], row: &mut [V::Elem]) {
        for j in 0..N {
            let to = &mut row[self.column + j * V::LANES..][..self.count];
            // SAFETY: `count` elements.
            unsafe { vectors[j].store_up_to(to.as_mut_ptr(), self.count) };
        }
    }

    /// Whether data of this length holds the panel.
    #[inline(always)]
    pub fn fits<V: Vector, const N: usize>(self, len: usize) -> bool {
        let reach = (N - 1) * V::LANES + self.count;
        self.rows == 0 || self.start + (self.rows - 1) * self.pitch + reach <= len
    }

    /// Where vector `j` of a row lies.
    #[inline(always)]
    pub fn at<V: Vector>(self, row: usize, j: usize) -> usize {
        self.start + row * self.pitch + j * V::LANES
    }
}
