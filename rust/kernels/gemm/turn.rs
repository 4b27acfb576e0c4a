//! Matrices with rows and columns exchanged, a square of vectors at a time.

use crate::simd::{MAX_LANES, Vector};

/// Writes element (i, j) of a matrix of `rows` rows and `columns` columns, `from + i * from_row + j`, to `to + j * to_row + i`.
///
/// # Safety
/// Both matrices lie in their arrays.
#[inline(always)]
pub unsafe fn turn<V: Vector>(
    from: *const V::Elem,
    from_row: usize,
    rows: usize,
    columns: usize,
    to: *mut V::Elem,
    to_row: usize,
) {
    for j in (0..columns).step_by(V::LANES) {
        for i in (0..rows).step_by(V::LANES) {
            let (down, across) = (V::LANES.min(rows - i), V::LANES.min(columns - j));
            // SAFETY: the caller's promise; only elements of the square are touched.
            unsafe {
                let (from, to) = (from.add(i * from_row + j), to.add(j * to_row + i));
                if down == V::LANES && across == V::LANES {
                    let lines = turned(std::array::from_fn(|line| {
                        if line < V::LANES { V::load(from.add(line * from_row)) } else { V::zero() }
                    }));
                    for (line, values) in lines.iter().enumerate().take(V::LANES) {
                        values.store(to.add(line * to_row));
                    }
                } else {
                    let lines = turned(std::array::from_fn(|line| {
                        if line < down { V::load_partial(from.add(line * from_row), across) } else { V::zero() }
                    }));
                    for (line, values) in lines.iter().enumerate().take(across) {
                        values.store_partial(to.add(line * to_row), down);
                    }
                }
            }
        }
    }
}

/// The columns of a square whose rows are the first `LANES` of `lines`: after as many rounds of interleaving halves as a lane's number has
/// bits, every element has arrived.
#[inline(always)]
fn turned<V: Vector>(mut lines: [V; MAX_LANES]) -> [V; MAX_LANES] {
    let half = V::LANES / 2;
    let mut left = V::LANES;
    while left > 1 {
        let before = lines;
        for i in 0..half {
            (lines[2 * i], lines[2 * i + 1]) = before[i].interleave(before[i + half]);
        }
        left /= 2;
    }
    lines
}
