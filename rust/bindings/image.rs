//! Pictures to frames.

use super::support::{to_python, try_compute};
use crate::error::KernelError;
use crate::kernels::image::{Color, Frame, Interpolation, Picture, convert};
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArray3, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

const OP: &str = "convert_picture";

/// Where a frame goes.
enum FrameArray<'py> {
    Bytes(PyReadwriteArrayDyn<'py, u8>),
    Floats(PyReadwriteArrayDyn<'py, f32>),
}

/// Borrows what the array is made of. (Deriving this would word the refusal of every type that is tried and passed over.)
fn borrow<'py>(frame: &Bound<'py, PyAny>) -> Option<FrameArray<'py>> {
    if let Ok(bytes) = frame.cast::<PyArrayDyn<u8>>() {
        return bytes.try_readwrite().ok().map(FrameArray::Bytes);
    }
    frame.cast::<PyArrayDyn<f32>>().ok()?.try_readwrite().ok().map(FrameArray::Floats)
}

fn color(name: &str) -> PyResult<Color> {
    match name {
        "rgb" => Ok(Color::Rgb),
        "bgr" => Ok(Color::Bgr),
        "gray" => Ok(Color::Gray),
        _ => Err(to_python(KernelError::argument(OP, "a color", "rgb, bgr or gray", name))),
    }
}

fn interpolation(name: &str) -> PyResult<Interpolation> {
    match name {
        "area" => Ok(Interpolation::Area),
        "bilinear" => Ok(Interpolation::Bilinear),
        _ => Err(to_python(KernelError::argument(OP, "interpolation", "area or bilinear", name))),
    }
}

/// Bytes from one row to the next, and all bytes from the first pixel on; None where a row is not one piece.
fn rows<'a>(array: &'a PyReadonlyArray3<'_, u8>) -> Option<(usize, &'a [u8])> {
    let ([height, width, channels], strides) = (<[usize; 3]>::try_from(array.shape()).ok()?, array.strides());
    let row_stride = usize::try_from(strides[0]).ok()?;
    let whole = channels == 3 && strides[2] == 1 && (strides[1] == 3 || width == 1);
    if !whole || height == 0 || width == 0 {
        return None;
    }
    let row_stride = if height == 1 { width * channels } else { row_stride };
    // SAFETY: strides are not negative, so that the array lies between its first byte and the last of its last row.
    let data = unsafe { std::slice::from_raw_parts(array.data(), (height - 1) * row_stride + width * channels) };
    Some((row_stride, data))
}

/// Writes `picture` (height, width, 3; uint8, any distance between rows) to `frame` (height, width, channels; C-contiguous).
#[pyfunction]
pub fn convert_picture<'py>(
    py: Python<'py>,
    picture: PyReadonlyArray3<'py, u8>,
    from_color: &str,
    frame: &Bound<'py, PyAny>,
    to_color: &str,
    interpolation: &str,
    scale: f32,
) -> PyResult<()> {
    let (from_color, to_color, interpolation) =
        (color(from_color)?, color(to_color)?, self::interpolation(interpolation)?);
    let unfit = || KernelError::dtype(OP, "picture", "rows of whole pixels of three bytes", "another memory layout");
    let (row_stride, data) = rows(&picture).ok_or_else(|| to_python(unfit()))?;
    let (height, width) = (picture.shape()[0], picture.shape()[1]);
    let picture = Picture { data, height, width, row_stride, color: from_color };
    let (mut bytes, mut floats);
    let unfit = || KernelError::dtype(OP, "frame", "a writable array of uint8 or float32", "something else");
    let (shape, frame) = match borrow(frame).ok_or_else(|| to_python(unfit()))? {
        FrameArray::Bytes(array) => {
            bytes = array;
            (bytes.shape().to_vec(), elements(&mut bytes).map(Frame::Bytes))
        }
        FrameArray::Floats(array) => {
            floats = array;
            (floats.shape().to_vec(), elements(&mut floats).map(|values| Frame::Floats(values, scale)))
        }
    };
    let mut frame = frame.ok_or_else(|| {
        to_python(KernelError::dtype(OP, "frame", "C-contiguous and aligned", "another memory layout"))
    })?;
    let [height, width, _] = <[usize; 3]>::try_from(&shape[..])
        .map_err(|_| to_python(KernelError::shape(OP, "frame", "of 3 axes (height, width, channels)", &shape)))?;
    try_compute(py, || convert(&picture, &mut frame, (height, width), to_color, interpolation))
}

fn elements<'a, T: numpy::Element>(array: &'a mut PyReadwriteArrayDyn<'_, T>) -> Option<&'a mut [T]> {
    if array.is_c_contiguous() { array.as_slice_mut().ok() } else { None }
}
