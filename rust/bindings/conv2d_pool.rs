//! Fused convolution, activation and max pooling.

use super::conv2d::{Options, forward_geometry};
use super::frames::FrameArray;
use super::support::{FloatArray, contiguous, for_dtype, new_array, optional_view, to_python, try_compute};
use crate::geometry::Pair;
use crate::kernels;
use crate::kernels::activate::Activation;
use crate::kernels::conv2d_pool::PooledConvGeometry;
use numpy::PyReadonlyArrayDyn;
use pyo3::prelude::*;

/// (y, argmax): max-pooled activation(x * kernel + bias), and one byte each: the position in its window, or 255 where
/// ReLU lets nothing through. The activation is LINEAR or RELU; windows do not overlap.
#[pyfunction]
pub fn conv2d_pool<'py>(
    py: Python<'py>,
    x: FrameArray<'py>,
    kernel: FloatArray<'py>,
    bias: Option<FloatArray<'py>>,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: usize,
    activation: Activation,
    pool: Pair,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let op = "conv2d_pool";
    for_dtype!(kernel, T => {
        let (shape, x, kernel) = (x.shape(op)?, x.source::<T>(op)?, kernel.view(op, "kernel")?);
        let bias = optional_view(&bias, op, "bias")?.map(|bias| bias.data);
        let conv = forward_geometry(op, shape, kernel, Options { strides, same, dilation, groups })?;
        let g = PooledConvGeometry::new(op, conv, pool).map_err(to_python)?;
        let (y, argmax) =
            try_compute(py, || kernels::conv2d_pool::conv2d_pool(&g, x, kernel.data, bias, activation))?;
        Ok((new_array(py, y, &g.pool.output_shape())?, new_array(py, argmax, &g.pool.output_shape())?))
    })
}

/// (dx, dkernel, dbias) of `conv2d_pool`, given the argmax it returned; dx is None unless `input_gradient`.
#[pyfunction]
pub fn conv2d_pool_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    argmax: PyReadonlyArrayDyn<'py, u8>,
    x: FrameArray<'py>,
    kernel: FloatArray<'py>,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: usize,
    pool: Pair,
    input_gradient: bool,
) -> PyResult<(Option<Bound<'py, PyAny>>, Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let op = "conv2d_pool_grad";
    for_dtype!(kernel, T => {
        let (shape, x) = (x.shape(op)?, x.source::<T>(op)?);
        let (dy, kernel) = (dy.view::<T>(op, "dy")?, kernel.view::<T>(op, "kernel")?);
        let argmax = contiguous(&argmax, op, "argmax")?;
        let conv = forward_geometry(op, shape, kernel, Options { strides, same, dilation, groups })?;
        let g = PooledConvGeometry::new(op, conv, pool).map_err(to_python)?;
        let gradients = try_compute(py, || {
            kernels::conv2d_pool::conv2d_pool_grad(&g, dy.data, argmax, x, kernel.data, input_gradient)
        })?;
        let dx = gradients.dx.map(|dx| new_array(py, dx, &conv.input_shape())).transpose()?;
        let dkernel = new_array(py, gradients.dkernel, &conv.kernel_shape())?;
        Ok((dx, dkernel, new_array(py, gradients.dbias, &[conv.cout])?))
    })
}
