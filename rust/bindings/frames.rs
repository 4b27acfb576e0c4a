//! Bytes to numbers.

use super::support::{FloatArray, PyElement, contiguous, for_dtype, new_array, to_python, try_compute};
use crate::error::KernelError;
use crate::kernels;
use crate::kernels::frames::{Scaling, Source};
use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Bytes, scale, offset, and mean and deviation where there are some.
type ByteFrames<'py> =
    (PyReadonlyArrayDyn<'py, u8>, FloatArray<'py>, FloatArray<'py>, Option<(FloatArray<'py>, FloatArray<'py>)>);

/// Frames as convolutions take them: numbers, or bytes with the constants that make numbers of them.
pub enum FrameArray<'py> {
    Floats(FloatArray<'py>),
    Bytes(ByteFrames<'py>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for FrameArray<'py> {
    type Error = PyErr;
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyTuple>() {
            object.extract().map(Self::Bytes)
        } else {
            object.extract().map(Self::Floats)
        }
    }
}

impl FrameArray<'_> {
    /// (frames, height, width, channels).
    pub fn shape(&self, op: &'static str) -> PyResult<[usize; 4]> {
        let shape = match self {
            Self::Floats(FloatArray::F32(x)) => x.shape(),
            Self::Floats(FloatArray::F64(x)) => x.shape(),
            Self::Bytes((x, ..)) => x.shape(),
        };
        let wrong = |_| KernelError::shape(op, "x", "of 4 axes (frames, height, width, channels)", shape);
        <[usize; 4]>::try_from(shape).map_err(wrong).map_err(to_python)
    }

    /// What kernels read, with numbers of type `T`.
    pub fn source<T: PyElement>(&self, op: &'static str) -> PyResult<Source<'_, T>> {
        let (x, scale, offset, whitening) = match self {
            Self::Floats(x) => return Ok(Source::Floats(x.view(op, "x")?.data)),
            Self::Bytes(frames) => (&frames.0, &frames.1, &frames.2, &frames.3),
        };
        let whitening = match whitening {
            Some((mean, deviation)) => Some([mean.view(op, "mean")?.data, deviation.view(op, "deviation")?.data]),
            None => None,
        };
        let (scale, offset) = (scale.view(op, "scale")?.data, offset.view(op, "offset")?.data);
        Ok(Source::Bytes(contiguous(x, op, "x")?, Scaling { scale, offset, whitening }))
    }
}

/// y.flat[i] = x.flat[i] * scale[i % p] + offset[i % p], for x of uint8 and any shape; the dtype is scale's.
#[pyfunction]
pub fn frames_to_float<'py>(
    py: Python<'py>,
    x: PyReadonlyArrayDyn<'py, u8>,
    scale: FloatArray<'py>,
    offset: FloatArray<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const OP: &str = "frames_to_float";
    let data = contiguous(&x, OP, "x")?;
    for_dtype!(scale, T => {
        let (scale, offset) = (scale.view::<T>(OP, "scale")?, offset.view(OP, "offset")?);
        let y = try_compute(py, || kernels::frames::frames_to_float(data, scale.data, offset.data))?;
        new_array(py, y, x.shape())
    })
}
