//! Pooling and its gradients.

use super::support::{FloatArray, PyElement, View, contiguous, for_dtype, new_array, to_python, try_compute};
use crate::geometry::{Pair, PoolGeometry};
use crate::kernels::pool2d as kernels;
use numpy::PyReadonlyArrayDyn;
use pyo3::prelude::*;

const AXES: &str = "frames, height, width, channels";
/// Windows of up to this many positions have their argmax stored as bytes.
const BYTE_POSITIONS: usize = 256;

type Array<'py> = Bound<'py, PyAny>;

/// Positions of maxima: bytes for small windows.
#[derive(FromPyObject)]
pub enum Positions<'py> {
    U8(PyReadonlyArrayDyn<'py, u8>),
    I32(PyReadonlyArrayDyn<'py, i32>),
}

fn geometry<T: PyElement>(
    op: &'static str,
    x: View<'_, T>,
    pool: Pair,
    strides: Pair,
    same: bool,
) -> PyResult<PoolGeometry> {
    let [frames, height, width, channels] = x.shape(op, "x", AXES)?;
    PoolGeometry::new(op, frames, (height, width), channels, pool, strides, same).map_err(to_python)
}

fn grad_geometry<T: PyElement>(
    op: &'static str,
    dy: View<'_, T>,
    input_size: Pair,
    pool: Pair,
    strides: Pair,
    same: bool,
) -> PyResult<PoolGeometry> {
    let [frames, _, _, channels] = dy.shape(op, "dy", AXES)?;
    PoolGeometry::new(op, frames, input_size, channels, pool, strides, same).map_err(to_python)
}

/// (y, argmax): maxima and their positions in the windows, as uint8 up to 256 positions, else int32.
#[pyfunction]
pub fn max_pool2d<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    pool: Pair,
    strides: Pair,
    same: bool,
) -> PyResult<(Array<'py>, Array<'py>)> {
    for_dtype!(x, T => {
        let x = x.view::<T>("max_pool2d", "x")?;
        let g = geometry("max_pool2d", x, pool, strides, same)?;
        let shape = g.output_shape();
        if pool.0 * pool.1 <= BYTE_POSITIONS {
            let (y, argmax) = try_compute(py, || kernels::max_pool2d::<T, u8>(&g, x.data))?;
            return Ok((new_array(py, y, &shape)?, new_array(py, argmax, &shape)?));
        }
        let (y, argmax) = try_compute(py, || kernels::max_pool2d::<T, i32>(&g, x.data))?;
        Ok((new_array(py, y, &shape)?, new_array(py, argmax, &shape)?))
    })
}

/// The gradient of x, given dy and the argmax of `max_pool2d`; `input_size` is (height, width) of x.
#[pyfunction]
pub fn max_pool2d_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    argmax: Positions<'py>,
    input_size: Pair,
    pool: Pair,
    strides: Pair,
    same: bool,
) -> PyResult<Array<'py>> {
    let op = "max_pool2d_grad";
    for_dtype!(dy, T => {
        let dy = dy.view::<T>(op, "dy")?;
        let g = grad_geometry(op, dy, input_size, pool, strides, same)?;
        let dx = match &argmax {
            Positions::U8(argmax) => {
                let argmax = contiguous(argmax, op, "argmax")?;
                try_compute(py, || kernels::max_pool2d_grad(&g, dy.data, argmax))?
            }
            Positions::I32(argmax) => {
                let argmax = contiguous(argmax, op, "argmax")?;
                try_compute(py, || kernels::max_pool2d_grad(&g, dy.data, argmax))?
            }
        };
        new_array(py, dx, &g.input_shape())
    })
}

/// The mean of the inputs in each window; padding is not counted.
#[pyfunction]
pub fn average_pool2d<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    pool: Pair,
    strides: Pair,
    same: bool,
) -> PyResult<Array<'py>> {
    for_dtype!(x, T => {
        let x = x.view::<T>("average_pool2d", "x")?;
        let g = geometry("average_pool2d", x, pool, strides, same)?;
        let y = try_compute(py, || kernels::average_pool2d(&g, x.data))?;
        new_array(py, y, &g.output_shape())
    })
}

/// The gradient of x, given dy; `input_size` is (height, width) of x.
#[pyfunction]
pub fn average_pool2d_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    input_size: Pair,
    pool: Pair,
    strides: Pair,
    same: bool,
) -> PyResult<Array<'py>> {
    for_dtype!(dy, T => {
        let dy = dy.view::<T>("average_pool2d_grad", "dy")?;
        let g = grad_geometry("average_pool2d_grad", dy, input_size, pool, strides, same)?;
        let dx = try_compute(py, || kernels::average_pool2d_grad(&g, dy.data))?;
        new_array(py, dx, &g.input_shape())
    })
}

/// (y, argmax): the maximum of every frame and channel, and the pixel (row * width + column) it was found at, int32.
#[pyfunction]
pub fn global_max_pool2d<'py>(py: Python<'py>, x: FloatArray<'py>) -> PyResult<(Array<'py>, Array<'py>)> {
    for_dtype!(x, T => {
        let x = x.view::<T>("global_max_pool2d", "x")?;
        let shape = x.shape::<4>("global_max_pool2d", "x", AXES)?;
        let (y, argmax) = try_compute(py, || kernels::global_max_pool2d(shape, x.data))?;
        Ok((new_array(py, y, &[shape[0], shape[3]])?, new_array(py, argmax, &[shape[0], shape[3]])?))
    })
}

/// The gradient of x, given dy and the argmax of `global_max_pool2d`.
#[pyfunction]
pub fn global_max_pool2d_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    argmax: PyReadonlyArrayDyn<'py, i32>,
    input_size: Pair,
) -> PyResult<Array<'py>> {
    for_dtype!(dy, T => {
        let dy = dy.view::<T>("global_max_pool2d_grad", "dy")?;
        let argmax = contiguous(&argmax, "global_max_pool2d_grad", "argmax")?;
        let [frames, channels] = dy.shape("global_max_pool2d_grad", "dy", "frames, channels")?;
        let shape = [frames, input_size.0, input_size.1, channels];
        let dx = try_compute(py, || kernels::global_max_pool2d_grad(shape, dy.data, argmax))?;
        new_array(py, dx, &shape)
    })
}

/// The mean of every frame and channel.
#[pyfunction]
pub fn global_average_pool2d<'py>(py: Python<'py>, x: FloatArray<'py>) -> PyResult<Array<'py>> {
    for_dtype!(x, T => {
        let x = x.view::<T>("global_average_pool2d", "x")?;
        let shape = x.shape::<4>("global_average_pool2d", "x", AXES)?;
        let y = try_compute(py, || kernels::global_average_pool2d(shape, x.data))?;
        new_array(py, y, &[shape[0], shape[3]])
    })
}

/// The gradient of x, given dy.
#[pyfunction]
pub fn global_average_pool2d_grad<'py>(py: Python<'py>, dy: FloatArray<'py>, input_size: Pair) -> PyResult<Array<'py>> {
    for_dtype!(dy, T => {
        let dy = dy.view::<T>("global_average_pool2d_grad", "dy")?;
        let [frames, channels] = dy.shape("global_average_pool2d_grad", "dy", "frames, channels")?;
        let shape = [frames, input_size.0, input_size.1, channels];
        let dx = try_compute(py, || kernels::global_average_pool2d_grad(shape, dy.data))?;
        new_array(py, dx, &shape)
    })
}
