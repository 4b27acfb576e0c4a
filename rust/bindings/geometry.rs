//! The size arithmetic.

use super::support::to_python;
use crate::geometry::Window;
use pyo3::prelude::*;

/// Positions of a window that slides over an axis of `size`.
#[pyfunction]
pub fn conv_output_size(size: usize, kernel: usize, stride: usize, dilation: usize, same: bool) -> PyResult<usize> {
    let window = Window::new("conv_output_size", "axis", size, kernel, stride, dilation, same);
    window.map(|window| window.output).map_err(to_python)
}
