//! The oracle: one row after the other.

/// Row `index[i]` of `x` as row i.
pub fn take(x: &[f64], row_len: usize, index: &[i64]) -> Vec<f64> {
    let row = |&i: &i64| &x[i as usize * row_len..(i as usize + 1) * row_len];
    index.iter().flat_map(row).copied().collect()
}

/// Every row of `dy` added to the row its index names.
pub fn scatter_add(dy: &[f64], row_len: usize, index: &[i64], rows: usize) -> Vec<f64> {
    let mut dx = vec![0.0; rows * row_len];
    for (source, &target) in index.iter().enumerate() {
        for column in 0..row_len {
            dx[target as usize * row_len + column] += dy[source * row_len + column];
        }
    }
    dx
}
