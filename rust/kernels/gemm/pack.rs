//! Packing: the columns of the right factor (or the rows of the left one) of a block laid out as the register tile walks them.

use super::Matrix;
use super::tile::{Panels, panel_columns};
use super::turn::turn;
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::{Element, InstructionSet, Kernel, Simd, Vector, dispatch_on, prefetch_second};

/// Copies `width` columns of `steps` steps of a right factor into panels that follow each other, zeros behind the last column. Either
/// columns or steps are neighbours; of neighbouring columns, what lies `lead` elements behind is called into the cache meanwhile, unless
/// `lead` is 0.
///
/// # Safety
/// `from` holds the elements, `to` has room for the panels.
#[inline(always)]
pub unsafe fn pack_panels<V: Vector, const N: usize>(
    from: *const V::Elem,
    [step, column]: [usize; 2],
    steps: usize,
    width: usize,
    to: *mut V::Elem,
    lead: usize,
) {
    let panel = panel_columns::<V, N>();
    // SAFETY: the caller's promise.
    unsafe {
        if column == 1 {
            return pack_rows::<V, N>(from, step, steps, width, to, lead);
        }
        debug_assert_eq!(step, 1);
        for first in (0..width).step_by(panel) {
            let (to, width) = (to.add(first * steps), panel.min(width - first));
            turn::<V>(from.add(first * column), column, width, steps, to, panel);
            if width < panel {
                for k in 0..steps {
                    std::slice::from_raw_parts_mut(to.add(k * panel + width), panel - width).fill(V::Elem::ZERO);
                }
            }
        }
    }
}

/// `pack_panels` where columns are neighbours: row by row, because rows are long runs of memory.
///
/// # Safety
/// As for `pack_panels`.
#[inline(always)]
unsafe fn pack_rows<V: Vector, const N: usize>(
    from: *const V::Elem,
    step: usize,
    steps: usize,
    width: usize,
    to: *mut V::Elem,
    lead: usize,
) {
    let panel = panel_columns::<V, N>();
    let whole = width / panel;
    // SAFETY: the caller's promise.
    unsafe {
        for k in 0..steps {
            let row = from.add(k * step);
            for p in 0..whole {
                let to = to.add((p * steps + k) * panel);
                for v in 0..N {
                    let from = row.add(p * panel + v * V::LANES);
                    if lead > 0 {
                        prefetch_second(from.wrapping_add(lead));
                    }
                    V::load(from).store(to.add(v * V::LANES));
                }
            }
            if whole * panel < width {
                let to = to.add((whole * steps + k) * panel);
                for v in 0..N {
                    let first = (whole * panel + v * V::LANES).min(width);
                    let count = (width - first).min(V::LANES);
                    V::load_partial(row.add(first), count).store(to.add(v * V::LANES));
                }
            }
        }
    }
}

/// Copies `rows` rows of a left factor to strips of `R` rows that follow each other, `R` elements a step, zeros behind the last row. Where
/// rows lie next to each other, step by step: a step's elements are a run of memory, and steps often lie a power of two apart.
///
/// # Safety
/// `from` holds the elements, `to` has room for the strips.
#[inline(always)]
pub unsafe fn pack_strips<T: Element, const R: usize>(
    from: *const T,
    row: usize,
    step: usize,
    steps: usize,
    rows: usize,
    to: *mut T,
) {
    let whole = if row == 1 { rows / R } else { 0 };
    // SAFETY: the caller's promise.
    unsafe {
        for k in 0..steps {
            for strip in 0..whole {
                let element = from.add(k * step + strip * R).cast::<[T; R]>().read_unaligned();
                to.add((strip * steps + k) * R).cast::<[T; R]>().write_unaligned(element);
            }
        }
        for strip in whole..rows.div_ceil(R) {
            let (first, to) = (strip * R, to.add(strip * steps * R));
            for k in 0..steps {
                for i in 0..R {
                    let inside = first + i < rows;
                    *to.add(k * R + i) = if inside { *from.add((first + i) * row + k * step) } else { T::ZERO };
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
        Self::in_panels(set, right, steps, columns, panel_width::<T>(set, columns))
    }

    /// Packs `right` in panels of two vectors at most: for left factors of some 8 rows, which read such a panel once where they would
    /// read a wide one twice.
    pub(crate) fn narrow(set: InstructionSet, right: Matrix<'_, T>, steps: usize, columns: usize) -> Self {
        Self::in_panels(set, right, steps, columns, panel_width::<T>(set, columns).min(2 * panel_width::<T>(set, 1)))
    }

    fn in_panels(set: InstructionSet, right: Matrix<'_, T>, steps: usize, columns: usize, panel: usize) -> Self {
        let panels = columns.div_ceil(panel);
        let mut data = Buffer::stale(panels * steps * panel);
        if steps > 0 {
            let grain = (1 << 14) / (steps * panel) + 1;
            parallel::chunks_mut(&mut data, steps * panel, grain, |p, to| {
                let width = panel.min(columns - p * panel);
                dispatch_on(set, PackPanel { from: right.from(0, p * panel), steps, panel, width, to });
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
    /// Columns of a panel.
    panel: usize,
    /// Those that exist of this one.
    width: usize,
    to: &'a mut [T],
}

impl<T: Element> Kernel for PackPanel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { from, steps, panel, width, to } = self;
        let (data, strides, to) = (from.data.as_ptr(), [from.row, from.column], to.as_mut_ptr());
        // SAFETY: `from` holds `steps` rows of `width` columns, and `to` one panel of them.
        unsafe {
            match panel / T::Vector::<S>::LANES {
                1 => pack_panels::<T::Vector<S>, 1>(data, strides, steps, width, to, 0),
                2 => pack_panels::<T::Vector<S>, 2>(data, strides, steps, width, to, 0),
                _ => pack_panels::<T::Vector<S>, 4>(data, strides, steps, width, to, 0),
            }
        }
    }
}

/// Whether there are 32 registers.
#[inline(always)]
const fn many_registers<V: Vector>() -> bool {
    size_of::<V>() == 64 || cfg!(target_arch = "aarch64")
}

/// Vectors of a panel: four where there are registers for them, fewer where there are so few columns.
#[inline(always)]
pub fn vectors<V: Vector>(columns: usize) -> usize {
    if columns <= V::LANES {
        1
    } else if columns <= 2 * V::LANES || !many_registers::<V>() {
        2
    } else {
        4
    }
}

/// Whether panels of N vectors leave registers for a tile of twice the rows.
#[inline(always)]
pub const fn tall<V: Vector, const N: usize>() -> bool {
    N == 1 || N == 2 && many_registers::<V>()
}

/// Columns of a panel of a factor with `columns` columns on an instruction set.
pub fn panel_width<T: Element>(set: InstructionSet, columns: usize) -> usize {
    struct Width<T>(usize, std::marker::PhantomData<T>);
    impl<T: Element> Kernel for Width<T> {
        type Output = usize;
        #[inline(always)]
        fn run<S: Simd>(self) -> usize {
            T::Vector::<S>::LANES * vectors::<T::Vector<S>>(self.0)
        }
    }
    dispatch_on(set, Width::<T>(columns, std::marker::PhantomData))
}
