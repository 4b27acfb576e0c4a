//! Packing: the columns of the right factor (or the rows of the left one) of a block laid out as the register tile walks them.

use super::Matrix;
use super::tile::{Panels, panel_columns};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on};

/// Copies the columns `first..first + width` of steps `steps` of a right factor into a panel of `W` columns, zeros behind.
///
/// # Safety
/// `from` holds the elements, `to` has room for `steps * columns`.
#[inline(always)]
pub unsafe fn pack_panel<V: Vector, const N: usize>(
    from: *const V::Elem,
    step: usize,
    column: usize,
    steps: usize,
    width: usize,
    to: *mut V::Elem,
) {
    let panel = panel_columns::<V, N>();
    // SAFETY: the caller's promise.
    unsafe {
        if column == 1 && width == panel {
            for k in 0..steps {
                for v in 0..N {
                    V::load(from.add(k * step + v * V::LANES)).store(to.add(k * panel + v * V::LANES));
                }
            }
        } else if column == 1 {
            for k in 0..steps {
                for j in 0..panel {
                    *to.add(k * panel + j) = if j < width { *from.add(k * step + j) } else { V::Elem::ZERO };
                }
            }
        } else {
            for j in 0..panel {
                for k in 0..steps {
                    *to.add(k * panel + j) = if j < width { *from.add(k * step + j * column) } else { V::Elem::ZERO };
                }
            }
        }
    }
}

/// Copies `rows` rows of a left factor to `R` elements a step, zeros behind.
///
/// # Safety
/// `from` holds the elements, `to` has room for `steps * R`.
#[inline(always)]
pub unsafe fn pack_rows<T: Element, const R: usize>(
    from: *const T,
    row: usize,
    step: usize,
    steps: usize,
    rows: usize,
    to: *mut T,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if row == 1 && rows >= R {
            for k in 0..steps {
                to.add(k * R).cast::<[T; R]>().write_unaligned(from.add(k * step).cast::<[T; R]>().read_unaligned());
            }
        } else {
            for k in 0..steps {
                for i in 0..R {
                    *to.add(k * R + i) = if i < rows { *from.add(i * row + k * step) } else { T::ZERO };
                }
            }
        }
    }
}

/// A whole right factor in the panels of one instruction set: panel p holds all steps of its columns.
pub struct PackedRight<T: Element> {
    data: Buffer<T>,
    /// Rows of the factor.
    pub steps: usize,
    /// Columns of the factor.
    pub columns: usize,
    /// Columns of a panel.
    pub panel: usize,
}

impl<T: Element> PackedRight<T> {
    /// Packs `right`, a matrix of `steps` rows and `columns` columns.
    pub(crate) fn new(set: InstructionSet, right: Matrix<'_, T>, steps: usize, columns: usize) -> Self {
        let panel = panel_width::<T>(set);
        let panels = columns.div_ceil(panel);
        let mut data = Buffer::stale(panels * steps * panel);
        if steps > 0 {
            let grain = (1 << 14) / (steps * panel) + 1;
            parallel::chunks_mut(&mut data, steps * panel, grain, |p, to| {
                let width = panel.min(columns - p * panel);
                dispatch_on(set, PackPanel { from: right.from(0, p * panel), steps, width, to });
            });
        }
        Self { data, steps, columns, panel }
    }

    /// The panels as the register tile reads them.
    pub(crate) fn panels(&self) -> Panels<T> {
        Panels { data: self.data.as_ptr(), step: self.panel, next: self.steps * self.panel }
    }
}

struct PackPanel<'a, T> {
    from: Matrix<'a, T>,
    steps: usize,
    width: usize,
    to: &'a mut [T],
}

impl<T: Element> Kernel for PackPanel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { from, steps, width, to } = self;
        let data = from.data.as_ptr();
        // SAFETY: `from` holds `steps` rows of `width` columns, and `to` one panel of them.
        unsafe {
            if wide::<T::Vector<S>>() {
                pack_panel::<T::Vector<S>, 4>(data, from.row, from.column, steps, width, to.as_mut_ptr());
            } else {
                pack_panel::<T::Vector<S>, 2>(data, from.row, from.column, steps, width, to.as_mut_ptr());
            }
        }
    }
}

/// Whether there are 32 registers, and so four vectors in a row of a tile: else two.
#[inline(always)]
pub const fn wide<V: Vector>() -> bool {
    size_of::<V>() == 64 || cfg!(target_arch = "aarch64")
}

/// Columns of a panel on an instruction set.
pub fn panel_width<T: Element>(set: InstructionSet) -> usize {
    struct Width<T>(std::marker::PhantomData<T>);
    impl<T: Element> Kernel for Width<T> {
        type Output = usize;
        #[inline(always)]
        fn run<S: Simd>(self) -> usize {
            T::Vector::<S>::LANES * if wide::<T::Vector<S>>() { 4 } else { 2 }
        }
    }
    dispatch_on(set, Width::<T>(std::marker::PhantomData))
}
