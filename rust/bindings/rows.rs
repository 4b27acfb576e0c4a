//! Rows of matrices: picked and added back.

use super::support::{FloatArray, for_dtype, new_array, to_python, try_compute};
use crate::error::KernelError;
use crate::kernels;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

fn indices<'a>(op: &'static str, index: &'a PyReadonlyArray1<'_, i64>) -> PyResult<&'a [i64]> {
    let refused = |_| to_python(KernelError::dtype(op, "index", "C-contiguous", "another memory layout"));
    index.as_slice().map_err(refused)
}

/// The rows of x (n, m) that `index` (k, int64) names: (k, m).
#[pyfunction]
pub fn take_rows<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    index: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let index = indices("take_rows", &index)?;
    for_dtype!(x, T => {
        let x = x.view::<T>("take_rows", "x")?;
        let [rows, m] = x.shape("take_rows", "x", "n, m")?;
        new_array(py, try_compute(py, || kernels::rows::take_rows(x.data, rows, m, index))?, &[index.len(), m])
    })
}

/// The gradient of `take_rows`: row r of (n, m) is the sum, in order, of the rows of dy (k, m) whose index is r.
#[pyfunction]
pub fn scatter_add_rows<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    index: PyReadonlyArray1<'py, i64>,
    n: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let index = indices("scatter_add_rows", &index)?;
    for_dtype!(dy, T => {
        let dy = dy.view::<T>("scatter_add_rows", "dy")?;
        let [rows, m] = dy.shape("scatter_add_rows", "dy", "k, m")?;
        KernelError::check_shape("scatter_add_rows", "index", &[rows], &[index.len()]).map_err(to_python)?;
        new_array(py, try_compute(py, || kernels::rows::scatter_add_rows(dy.data, m, index, n))?, &[n, m])
    })
}
