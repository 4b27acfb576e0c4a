//! Dense layers in a row.

use super::gemm::PackedKernel;
use super::support::{FloatArray, compute, new_array, optional_view, to_python};
use crate::error::KernelError;
use crate::kernels::activate::Activation;
use crate::kernels::gemm;
use crate::memory::Buffer;
use pyo3::prelude::*;

const OP: &str = "dense_chain";

/// A kernel, packed or as it lies.
#[derive(FromPyObject)]
pub enum Kernel<'py> {
    Packed(PyRef<'py, PackedKernel>),
    Plain(FloatArray<'py>),
}

/// `activation(... activation(x @ kernel + bias) @ kernel + bias ...)` in float32, nothing in between handed out: the bits of `dense` after
/// `dense`. A link is a kernel, a bias and an activation.
#[pyfunction]
pub fn dense_chain<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    links: Vec<(Kernel<'py>, Option<FloatArray<'py>>, Activation)>,
) -> PyResult<Bound<'py, PyAny>> {
    let x = x.view::<f32>(OP, "x")?;
    let [m, mut width] = x.shape(OP, "x", "rows, features")?;
    let mut checked = Vec::with_capacity(links.len());
    for (kernel, bias, activation) in &links {
        let (kernel, [k, n]) = match kernel {
            Kernel::Packed(kernel) => (Weights::Packed(&kernel.0), kernel.0.shape()),
            Kernel::Plain(kernel) => {
                let kernel = kernel.view::<f32>(OP, "kernel")?;
                (Weights::Plain(kernel.data), kernel.shape(OP, "kernel", "features, units")?)
            }
        };
        let bias = optional_view::<f32>(bias, OP, "bias")?;
        KernelError::check_shape(OP, "kernel", &[width, n], &[k, n]).map_err(to_python)?;
        if let Some(bias) = bias {
            KernelError::check_shape(OP, "bias", &[n], bias.shape).map_err(to_python)?;
        }
        width = n;
        checked.push((kernel, [k, n], bias.map(|bias| bias.data), *activation));
    }
    let y = compute(py, || {
        let mut y: Option<Buffer<f32>> = None;
        for (kernel, [k, n], bias, activation) in checked {
            let x = y.as_deref().unwrap_or(x.data);
            let mut next = Buffer::stale(m * n);
            match kernel {
                Weights::Packed(kernel) => gemm::dense_packed(m, x, kernel, bias, activation, &mut next),
                Weights::Plain(kernel) => gemm::dense([m, k, n], x, kernel, bias, activation, &mut next),
            }
            y = Some(next);
        }
        y.unwrap_or_else(|| Buffer::copy_of(x.data))
    })?;
    new_array(py, y, &[m, width])
}

/// `Kernel` as kernels see it.
enum Weights<'a> {
    Packed(&'a gemm::PackedKernel<f32>),
    Plain(&'a [f32]),
}
