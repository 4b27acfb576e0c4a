//! Bytes to numbers.

use super::support::{FloatArray, for_dtype, new_array, to_python, try_compute};
use crate::error::KernelError;
use crate::kernels;
use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// y.flat[i] = x.flat[i] * scale[i % p] + offset[i % p], for x of uint8 and any shape; the dtype is scale's.
#[pyfunction]
pub fn frames_to_float<'py>(
    py: Python<'py>,
    x: PyReadonlyArrayDyn<'py, u8>,
    scale: FloatArray<'py>,
    offset: FloatArray<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const OP: &str = "frames_to_float";
    let contiguous = x.is_c_contiguous().then(|| x.as_slice().ok()).flatten();
    let refused = || to_python(KernelError::dtype(OP, "x", "C-contiguous", "another memory layout"));
    let data = contiguous.ok_or_else(refused)?;
    for_dtype!(scale, T => {
        let (scale, offset) = (scale.view::<T>(OP, "scale")?, offset.view(OP, "offset")?);
        let y = try_compute(py, || kernels::frames::frames_to_float(data, scale.data, offset.data))?;
        new_array(py, y, x.shape())
    })
}
