//! Activations.

use super::support::{FloatArray, compute, for_dtype, new_array, try_compute};
use crate::kernels::{self, activate::Activation};
use pyo3::prelude::*;

/// y = activation(x), for any shape.
#[pyfunction]
pub fn activate<'py>(py: Python<'py>, x: FloatArray<'py>, activation: Activation) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(x, T => {
        let x = x.view::<T>("activate", "x")?;
        let y = compute(py, || kernels::activate::activate(x.data, activation))?;
        new_array(py, y, x.shape)
    })
}

/// dx = dy * activation'(x), given y = activation(x).
#[pyfunction]
pub fn activate_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    x: FloatArray<'py>,
    y: FloatArray<'py>,
    activation: Activation,
) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(x, T => {
        let (dy, x, y) =
            (dy.view::<T>("activate_grad", "dy")?, x.view("activate_grad", "x")?, y.view("activate_grad", "y")?);
        let dx = try_compute(py, || kernels::activate::activate_grad(dy.data, x.data, y.data, activation))?;
        new_array(py, dx, x.shape)
    })
}
