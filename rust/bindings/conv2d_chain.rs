//! Convolutions in a row.

use super::conv2d::{Options, forward_geometry};
use super::frames::FrameArray;
use super::support::{FloatArray, PyElement, for_dtype, new_array, optional_view, to_python, try_compute};
use crate::error::KernelError;
use crate::geometry::Pair;
use crate::kernels::activate::Activation;
use crate::kernels::conv2d_chain::{Chain, Link, Shape};
use crate::kernels::conv2d_pool::PooledConvGeometry;
use pyo3::prelude::*;

/// One convolution: kernel, bias, strides, same, dilation, groups, activation, pool.
type LinkArguments<'py> = (FloatArray<'py>, Option<FloatArray<'py>>, Pair, bool, Pair, usize, Activation, Option<Pair>);

const OP: &str = "conv2d_chain";

/// Convolutions in a row, some with max pooling behind, ready for frames (height, width, channels). It does not follow the arrays that
/// it was made of.
#[pyclass(frozen, module = "kinema._rust")]
pub struct Conv2DChain(AnyChain);

enum AnyChain {
    F32(Chain<f32>),
    F64(Chain<f64>),
}

impl From<Chain<f32>> for AnyChain {
    fn from(chain: Chain<f32>) -> Self {
        Self::F32(chain)
    }
}

impl From<Chain<f64>> for AnyChain {
    fn from(chain: Chain<f64>) -> Self {
        Self::F64(chain)
    }
}

#[pymethods]
impl Conv2DChain {
    #[new]
    fn new(py: Python<'_>, frame: [usize; 3], links: Vec<LinkArguments<'_>>) -> PyResult<Self> {
        let Some((kernel, ..)) = links.first() else {
            return Err(to_python(KernelError::argument(OP, "links", "at least one", 0)));
        };
        let [height, width, channels] = frame;
        let mut shape = [1, height, width, channels];
        for_dtype!(kernel, T => {
            let mut checked = Vec::with_capacity(links.len());
            for (kernel, bias, strides, same, dilation, groups, activation, pool) in &links {
                let (kernel, bias) = (kernel.view::<T>(OP, "kernel")?, optional_view(bias, OP, "bias")?);
                let options = Options { strides: *strides, same: *same, dilation: *dilation, groups: *groups };
                let conv = forward_geometry(OP, shape, kernel, options)?;
                let link = match pool {
                    Some(pool) => Shape::Pooled(PooledConvGeometry::new(OP, conv, *pool).map_err(to_python)?),
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
            Ok(Self(try_compute(py, || Chain::<T>::new(&checked))?.into()))
        })
    }

    /// Whether it would be made in the same way for such frames now.
    fn fits(&self, frame: [usize; 3]) -> bool {
        match &self.0 {
            AnyChain::F32(chain) => chain.fits(frame),
            AnyChain::F64(chain) => chain.fits(frame),
        }
    }

    /// The last one's output.
    fn run<'py>(&self, py: Python<'py>, x: FrameArray<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.0 {
            AnyChain::F32(chain) => run(py, chain, &x),
            AnyChain::F64(chain) => run(py, chain, &x),
        }
    }
}

fn run<'py, T: PyElement>(py: Python<'py>, chain: &Chain<T>, x: &FrameArray<'py>) -> PyResult<Bound<'py, PyAny>> {
    let ([frames, ..], x) = (x.shape(OP)?, x.source::<T>(OP)?);
    let y = try_compute(py, || chain.run(frames, x))?;
    new_array(py, y, &chain.output_shape(frames))
}
