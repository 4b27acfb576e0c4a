//! Picking rows and adding them back.

use crate::error::{KernelError, Result};
use crate::memory::Buffer;
use crate::parallel::{self, ELEMENTWISE_CHUNK};
use crate::simd::Element;

/// Rows that one task takes.
fn grain(row_len: usize) -> usize {
    ELEMENTWISE_CHUNK.div_ceil(row_len.max(1))
}

fn check_index(op: &'static str, index: &[i64], rows: usize) -> Result<()> {
    match index.iter().find(|&&row| row < 0 || row >= rows as i64) {
        None => Ok(()),
        Some(row) => Err(KernelError::argument(op, "index", format!("row numbers from 0 to {rows} (exclusive)"), row)),
    }
}

/// Row `index[i]` of `x` (rows x row_len) as row i.
pub fn take_rows<T: Element>(x: &[T], rows: usize, row_len: usize, index: &[i64]) -> Result<Buffer<T>> {
    check_index("take_rows", index, rows)?;
    let mut y = Buffer::stale(index.len() * row_len);
    if row_len > 0 {
        parallel::chunks_mut(&mut y, row_len, grain(row_len), |i, row| {
            let start = index[i] as usize * row_len;
            row.copy_from_slice(&x[start..start + row_len]);
        });
    }
    Ok(y)
}

/// The gradient of `take_rows`: row r is the sum, in the order of `index`, of the rows i of `dy` with `index[i] == r`.
pub fn scatter_add_rows<T: Element>(dy: &[T], row_len: usize, index: &[i64], rows: usize) -> Result<Buffer<T>> {
    check_index("scatter_add_rows", index, rows)?;
    let (starts, sources) = group_by_target(index, rows);
    let mut dx = Buffer::zeroed(rows * row_len);
    if row_len > 0 {
        parallel::chunks_mut(&mut dx, row_len, grain(row_len), |target, row| {
            for &source in &sources[starts[target]..starts[target + 1]] {
                let from = &dy[source * row_len..(source + 1) * row_len];
                row.iter_mut().zip(from).for_each(|(sum, &value)| *sum += value);
            }
        });
    }
    Ok(dx)
}

/// The positions of `index` sorted by their value, equal ones in order: those of row r are `positions[starts[r]..starts[r + 1]]`.
fn group_by_target(index: &[i64], rows: usize) -> (Vec<usize>, Vec<usize>) {
    let mut starts = vec![0; rows + 1];
    index.iter().for_each(|&row| starts[row as usize + 1] += 1);
    (0..rows).for_each(|row| starts[row + 1] += starts[row]);
    let mut next = starts.clone();
    let mut positions = vec![0; index.len()];
    for (position, &row) in index.iter().enumerate() {
        positions[next[row as usize]] = position;
        next[row as usize] += 1;
    }
    (starts, positions)
}
