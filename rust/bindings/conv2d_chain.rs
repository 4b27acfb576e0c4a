//! Convolutions in a row.

use super::conv2d::{Options, forward_geometry};
use super::frames::FrameArray;
use super::support::{FloatArray, for_dtype, new_array, optional_view, to_python, try_compute};
use crate::error::KernelError;
use crate::geometry::Pair;
use crate::kernels;
use crate::kernels::activate::Activation;
use crate::kernels::conv2d_chain::{Link, Shape};
use crate::kernels::conv2d_pool::PooledConvGeometry;
use pyo3::prelude::*;

/// One convolution: kernel, bias, strides, same, dilation, groups, activation, pool.
type LinkArguments<'py> = (FloatArray<'py>, Option<FloatArray<'py>>, Pair, bool, Pair, usize, Activation, Option<Pair>);

/// The output of convolutions in a row, some with max pooling behind: the last one's.
#[pyfunction]
pub fn conv2d_chain<'py>(
    py: Python<'py>,
    x: FrameArray<'py>,
    links: Vec<LinkArguments<'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let op = "conv2d_chain";
    let Some((kernel, ..)) = links.first() else {
        return Err(to_python(KernelError::argument(op, "links", "at least one", 0)));
    };
    for_dtype!(kernel, T => {
        let (mut shape, x) = (x.shape(op)?, x.source::<T>(op)?);
        let mut checked = Vec::with_capacity(links.len());
        for (kernel, bias, strides, same, dilation, groups, activation, pool) in &links {
            let (kernel, bias) = (kernel.view::<T>(op, "kernel")?, optional_view(bias, op, "bias")?);
            let options = Options { strides: *strides, same: *same, dilation: *dilation, groups: *groups };
            let conv = forward_geometry(op, shape, kernel, options)?;
            let link = match pool {
                Some(pool) => Shape::Pooled(PooledConvGeometry::new(op, conv, *pool).map_err(to_python)?),
                None => Shape::Plain(conv),
            };
            shape = link.output_shape();
            checked.push(Link {
                shape: link,
                kernel: kernel.data,
                bias: bias.map(|bias| bias.data),
                activation: *activation,
            });
        }
        let y = try_compute(py, || kernels::conv2d_chain::conv2d_chain(&checked, x))?;
        new_array(py, y, &shape)
    })
}
