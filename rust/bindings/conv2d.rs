//! Convolution and its gradients.

use super::frames::FrameArray;
use super::support::{FloatArray, PyElement, View, for_dtype, new_array, optional_view, to_python, try_compute};
use crate::geometry::{ConvGeometry, Pair};
use crate::kernels;
use crate::kernels::activate::Activation;
use crate::kernels::conv2d::Wanted;
use pyo3::prelude::*;

/// Everything about a convolution that is not an array.
#[derive(Clone, Copy)]
pub struct Options {
    pub strides: Pair,
    pub same: bool,
    pub dilation: Pair,
    pub groups: usize,
}

impl Options {
    /// The geometry of frames of `input` convolved with a kernel of shape (height, width, channels in per group, out).
    pub fn geometry(
        self,
        op: &'static str,
        frames: usize,
        input: Pair,
        [height, width, cin, cout]: [usize; 4],
    ) -> PyResult<ConvGeometry> {
        let channels = (cin * self.groups, cout);
        let (kernel, Self { strides, same, dilation, groups }) = ((height, width), self);
        ConvGeometry::new(op, frames, input, channels, kernel, strides, same, dilation, groups).map_err(to_python)
    }
}

/// The geometry of frames of a shape and a kernel.
pub fn forward_geometry<T: PyElement>(
    op: &'static str,
    shape: [usize; 4],
    kernel: View<'_, T>,
    options: Options,
) -> PyResult<ConvGeometry> {
    let [frames, height, width, _] = shape;
    let kernel = kernel.shape(op, "kernel", "height, width, channels in per group, channels out")?;
    let geometry = options.geometry(op, frames, (height, width), kernel)?;
    crate::error::KernelError::check_shape(op, "x", &geometry.input_shape(), &shape).map_err(to_python)?;
    Ok(geometry)
}

/// y = activation(x * kernel + bias).
#[pyfunction]
pub fn conv2d<'py>(
    py: Python<'py>,
    x: FrameArray<'py>,
    kernel: FloatArray<'py>,
    bias: Option<FloatArray<'py>>,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: usize,
    activation: Activation,
) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(kernel, T => {
        let (shape, x) = (x.shape("conv2d")?, x.source::<T>("conv2d")?);
        let kernel = kernel.view("conv2d", "kernel")?;
        let bias = optional_view(&bias, "conv2d", "bias")?.map(|bias| bias.data);
        let g = forward_geometry("conv2d", shape, kernel, Options { strides, same, dilation, groups })?;
        let y = try_compute(py, || kernels::conv2d::conv2d(&g, x, kernel.data, bias, activation))?;
        new_array(py, y, &g.output_shape())
    })
}

/// (dx, dkernel), given dy; None where a gradient is not wanted.
#[pyfunction]
pub fn conv2d_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    x: FrameArray<'py>,
    kernel: FloatArray<'py>,
    strides: Pair,
    same: bool,
    dilation: Pair,
    groups: usize,
    wanted: (bool, bool),
) -> PyResult<(Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>)> {
    let op = "conv2d_grad";
    for_dtype!(dy, T => {
        let (shape, x) = (x.shape(op)?, x.source::<T>(op)?);
        let (dy, kernel) = (dy.view::<T>(op, "dy")?, kernel.view::<T>(op, "kernel")?);
        let g = forward_geometry(op, shape, kernel, Options { strides, same, dilation, groups })?;
        let wanted = Wanted { input: wanted.0, kernel: wanted.1 };
        let (dx, dkernel) =
            try_compute(py, || kernels::conv2d::conv2d_grad(&g, x, kernel.data, dy.data, wanted))?;
        let dx = dx.map(|dx| new_array(py, dx, &g.input_shape())).transpose()?;
        Ok((dx, dkernel.map(|dkernel| new_array(py, dkernel, &g.kernel_shape())).transpose()?))
    })
}
