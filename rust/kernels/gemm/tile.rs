//! The register tile: a few rows times a few vectors of columns, each element one chain of fused multiplications over k in
//! ascending order. All tile shapes give an element the same bits, so blocks may be cut anywhere.

use crate::simd::{CACHE_LINE, Vector, opaque, prefetch_second};

/// Rows of the largest tile.
pub const TILE_ROWS: usize = 6;

/// Rows of the left factor: element (i, k) lies at `data + i * row + k * step`. Either `step` or `row` is 1.
#[derive(Clone, Copy)]
pub struct Strip<T> {
    pub data: *const T,
    pub row: usize,
    pub step: usize,
}

impl<T> Strip<T> {
    /// The strip from row `i` and step `k` on.
    ///
    /// # Safety
    /// The element lies in the same array.
    #[inline(always)]
    pub unsafe fn at(self, i: usize, k: usize) -> Self {
        // SAFETY: the caller's promise.
        Self { data: unsafe { self.data.add(i * self.row + k * self.step) }, ..self }
    }
}

/// Columns of the right factor in panels: vector v of panel p at step k lies at `data + p * next + k * step + v * LANES`.
#[derive(Clone, Copy)]
pub struct Panels<T> {
    pub data: *const T,
    pub step: usize,
    pub next: usize,
}

impl<T> Panels<T> {
    /// The panels from panel `p` and step `k` on.
    ///
    /// # Safety
    /// The element lies in the same array.
    #[inline(always)]
    pub unsafe fn at(self, p: usize, k: usize) -> Self {
        // SAFETY: the caller's promise.
        Self { data: unsafe { self.data.add(p * self.next + k * self.step) }, ..self }
    }
}

/// Where a tile goes: `columns` of its columns exist, rows are `row` apart.
#[derive(Clone, Copy)]
pub struct Place<T> {
    pub data: *mut T,
    pub row: usize,
    pub columns: usize,
}

impl<T> Place<T> {
    /// The place from row `i` and column `j` on.
    ///
    /// # Safety
    /// The element lies in the same array.
    #[inline(always)]
    pub unsafe fn at(self, i: usize, j: usize) -> Self {
        // SAFETY: the caller's promise.
        Self { data: unsafe { self.data.add(i * self.row + j) }, columns: self.columns - j, ..self }
    }
}

/// The accumulators of R rows, P panels, N vectors a panel.
pub type Registers<V, const R: usize, const P: usize, const N: usize> = [[[V; N]; P]; R];

/// Columns of a panel.
#[inline(always)]
pub const fn panel_columns<V: Vector, const N: usize>() -> usize {
    N * V::LANES
}

#[inline(always)]
pub fn zero<V: Vector, const R: usize, const P: usize, const N: usize>() -> Registers<V, R, P, N> {
    [[[V::zero(); N]; P]; R]
}

/// Continues the chains of a tile by `inner` steps, and calls what lies `lead` elements behind everything that it reads of the panels into
/// the second-level cache, unless `lead` is 0.
///
/// # Safety
/// Strip and panels hold R rows, P panels and `inner` steps.
#[inline(always)]
pub unsafe fn chain_leading<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &mut Registers<V, R, P, N>,
    inner: usize,
    strip: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    lead: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { chain_texts(acc, inner, strip, panels, lead, None) }
}

/// Continues the chains of a tile, and meanwhile calls one cache line a step into the second-level cache, from `ahead` on.
///
/// # Safety
/// As for `chain_leading`.
#[inline(always)]
pub unsafe fn chain_ahead<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &mut Registers<V, R, P, N>,
    inner: usize,
    strip: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    ahead: *const V::Elem,
) {
    // SAFETY: the caller's promise.
    unsafe { chain_texts(acc, inner, strip, panels, 0, Some(ahead)) }
}

/// Two texts of one loop, so that one of the two strides is a constant.
///
/// # Safety
/// As for `chain_leading`.
#[inline(always)]
unsafe fn chain_texts<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &mut Registers<V, R, P, N>,
    inner: usize,
    strip: Strip<V::Elem>,
    panels: Panels<V::Elem>,
    lead: usize,
    ahead: Option<*const V::Elem>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if strip.step == 1 {
            chain_strided(acc, inner, strip.data, strip.row, 1, panels, lead, ahead);
        } else {
            chain_strided(acc, inner, strip.data, 1, strip.step, panels, lead, ahead);
        }
    }
}

#[allow(clippy::too_many_arguments)] // one place for all of the loop's texts
#[inline(always)]
unsafe fn chain_strided<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &mut Registers<V, R, P, N>,
    inner: usize,
    strip: *const V::Elem,
    row: usize,
    step: usize,
    panels: Panels<V::Elem>,
    lead: usize,
    ahead: Option<*const V::Elem>,
) {
    // A copy, so that the sums stay in registers whatever the caller does with them before and after.
    let mut sums = *acc;
    // Where each row begins: multiples of a stride would be computed again in every step.
    let mut rows = [strip; R];
    for i in 0..R {
        rows[i] = opaque(strip.wrapping_add(i * row));
    }
    for k in 0..inner {
        if let Some(ahead) = ahead {
            prefetch_second(ahead.wrapping_add(k * CACHE_LINE / size_of::<V::Elem>()));
        }
        // SAFETY: within the strip and the panels by the caller's promise.
        unsafe {
            let mut right = [[V::zero(); N]; P];
            for p in 0..P {
                for v in 0..N {
                    let at = panels.data.add(p * panels.next + k * panels.step + v * V::LANES);
                    if lead > 0 {
                        prefetch_second(at.wrapping_add(lead));
                    }
                    right[p][v] = V::load(at);
                }
            }
            for i in 0..R {
                let left = V::splat(*rows[i].add(k * step));
                for p in 0..P {
                    for v in 0..N {
                        sums[i][p][v] = left.mul_add(right[p][v], sums[i][p][v]);
                    }
                }
            }
        }
    }
    *acc = sums;
}

/// Elements of vector `v` of a row that exist, and where they lie.
///
/// # Safety
/// The place holds row i.
#[inline(always)]
unsafe fn vector<V: Vector>(place: Place<V::Elem>, i: usize, v: usize) -> (*mut V::Elem, usize) {
    let start = v * V::LANES;
    let count = place.columns.saturating_sub(start).min(V::LANES);
    // SAFETY: one past the end of the row at most.
    (unsafe { place.data.add(i * place.row + start.min(place.columns)) }, count)
}

/// Reads a tile.
///
/// # Safety
/// The place holds R rows of `min(columns, P panels)` elements.
#[inline(always)]
pub unsafe fn load<V: Vector, const R: usize, const P: usize, const N: usize>(
    place: Place<V::Elem>,
) -> Registers<V, R, P, N> {
    let mut acc = zero();
    // SAFETY: the caller's promise.
    unsafe { add(&mut acc, place) };
    acc
}

/// Adds the tile that lies in `place` to the registers.
///
/// # Safety
/// As for `load`.
#[inline(always)]
pub unsafe fn add<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &mut Registers<V, R, P, N>,
    place: Place<V::Elem>,
) {
    let whole = place.columns >= P * panel_columns::<V, N>();
    // SAFETY: the caller's promise; a vector is read only as far as columns exist.
    unsafe {
        for i in 0..R {
            for p in 0..P {
                for v in 0..N {
                    let old = if whole {
                        V::load(place.data.add(i * place.row + (p * N + v) * V::LANES))
                    } else {
                        let (at, count) = vector::<V>(place, i, p * N + v);
                        V::load_partial(at, count)
                    };
                    acc[i][p][v] = old.add(acc[i][p][v]);
                }
            }
        }
    }
}

/// Writes a tile.
///
/// # Safety
/// As for `load`.
#[inline(always)]
pub unsafe fn store<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &Registers<V, R, P, N>,
    place: Place<V::Elem>,
) {
    let whole = place.columns >= P * panel_columns::<V, N>();
    // SAFETY: the caller's promise; a vector is written only as far as columns exist.
    unsafe {
        for i in 0..R {
            for p in 0..P {
                for v in 0..N {
                    if whole {
                        acc[i][p][v].store(place.data.add(i * place.row + (p * N + v) * V::LANES));
                    } else {
                        let (at, count) = vector::<V>(place, i, p * N + v);
                        acc[i][p][v].store_partial(at, count);
                    }
                }
            }
        }
    }
}

/// Writes the first `rows` rows of a tile.
///
/// # Safety
/// As for `load`, with fewer rows.
#[inline(always)]
pub unsafe fn store_rows<V: Vector, const R: usize, const P: usize, const N: usize>(
    acc: &Registers<V, R, P, N>,
    place: Place<V::Elem>,
    rows: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if rows >= R {
            return store(acc, place);
        }
        for (i, row) in acc.iter().enumerate().take(rows) {
            store(&[*row], place.at(i, 0));
        }
    }
}
