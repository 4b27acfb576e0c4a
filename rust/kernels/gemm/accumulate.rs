//! Products that continue chains: what a step of a recurrent layer adds to the projection of its input.

use super::ahead::Ahead;
use super::block::sweep;
use super::pack::PackedRight;
use super::tile::{Place, Strip};
use super::{Matrix, Target};
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on};

/// Multiplications of a task.
const WORTH_A_TASK: usize = 1 << 19;

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
            match right.panel / T::Vector::<S>::LANES {
                1 => sweep::<T::Vector<S>, 1>(strip, panels, rows, right.steps, place, fresh, &mut Ahead::none()),
                2 => sweep::<T::Vector<S>, 2>(strip, panels, rows, right.steps, place, fresh, &mut Ahead::none()),
                _ => sweep::<T::Vector<S>, 4>(strip, panels, rows, right.steps, place, fresh, &mut Ahead::none()),
            }
        }
    }
}
