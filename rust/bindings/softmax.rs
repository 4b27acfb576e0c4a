//! Softmax and its logarithm over the last of two axes.

use super::support::{FloatArray, compute, for_dtype, new_array, try_compute};
use crate::kernels;
use pyo3::prelude::*;

/// e^x / sum of e^x along the last axis of (rows, n).
#[pyfunction]
pub fn softmax<'py>(py: Python<'py>, x: FloatArray<'py>) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(x, T => {
        let x = x.view::<T>("softmax", "x")?;
        let [_, n] = x.shape("softmax", "x", "rows, n")?;
        new_array(py, compute(py, || kernels::softmax::softmax(x.data, n))?, x.shape)
    })
}

/// The gradient of `y = softmax(x)`.
#[pyfunction]
pub fn softmax_grad<'py>(py: Python<'py>, dy: FloatArray<'py>, y: FloatArray<'py>) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(dy, T => {
        let (dy, y) = (dy.view::<T>("softmax_grad", "dy")?, y.view("softmax_grad", "y")?);
        let [_, n] = y.shape("softmax_grad", "y", "rows, n")?;
        new_array(py, try_compute(py, || kernels::softmax::softmax_grad(dy.data, y.data, n))?, y.shape)
    })
}

/// x - ln(sum of e^x) along the last axis of (rows, n).
#[pyfunction]
pub fn log_softmax<'py>(py: Python<'py>, x: FloatArray<'py>) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(x, T => {
        let x = x.view::<T>("log_softmax", "x")?;
        let [_, n] = x.shape("log_softmax", "x", "rows, n")?;
        new_array(py, compute(py, || kernels::softmax::log_softmax(x.data, n))?, x.shape)
    })
}

/// The gradient of `y = log_softmax(x)`.
#[pyfunction]
pub fn log_softmax_grad<'py>(py: Python<'py>, dy: FloatArray<'py>, y: FloatArray<'py>) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(dy, T => {
        let (dy, y) = (dy.view::<T>("log_softmax_grad", "dy")?, y.view("log_softmax_grad", "y")?);
        let [_, n] = y.shape("log_softmax_grad", "y", "rows, n")?;
        new_array(py, try_compute(py, || kernels::softmax::log_softmax_grad(dy.data, y.data, n))?, y.shape)
    })
}
