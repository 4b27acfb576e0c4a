//! Gradients of biases.

use super::support::{FloatArray, compute, for_dtype, new_array};
use crate::kernels;
use pyo3::prelude::*;

/// The sum of every column of x (rows, n), by a fixed tree.
#[pyfunction]
pub fn column_sums<'py>(py: Python<'py>, x: FloatArray<'py>) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(x, T => {
        let x = x.view::<T>("column_sums", "x")?;
        let [_, columns] = x.shape("column_sums", "x", "rows, columns")?;
        let sums = compute(py, || kernels::column_sums::column_sums(x.data, columns))?;
        new_array(py, sums, &[columns])
    })
}
