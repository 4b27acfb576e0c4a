//! Matrix products.

use super::optimizers::UpdateRule;
use super::support::{FloatArray, FloatArrayMut, compute, for_dtype, new_array, optional_view, to_python, try_compute};
use crate::error::KernelError;
use crate::kernels::activate::Activation;
use crate::kernels::gemm::{self, Matmul};
use crate::memory::Buffer;
use pyo3::prelude::*;

/// c = op(a) @ op(b), both 2-D or both 3-D (a batch of matrices). With `transpose_a`, the tree that sums over rows has leaves of `leaf`.
#[pyfunction]
#[pyo3(signature = (a, b, transpose_a, transpose_b, leaf = gemm::LEAF))]
pub fn matmul<'py>(
    py: Python<'py>,
    a: FloatArray<'py>,
    b: FloatArray<'py>,
    transpose_a: bool,
    transpose_b: bool,
    leaf: usize,
) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(a, T => {
        let (a, b) = (a.view::<T>("matmul", "a")?, b.view::<T>("matmul", "b")?);
        let shape = Matmul::new(a.shape, b.shape, transpose_a, transpose_b).map_err(to_python)?;
        let c_shape = [shape.batch, shape.rows, shape.columns];
        let c = compute(py, || {
            let mut c = Buffer::stale(c_shape.iter().product());
            gemm::matmul(shape, leaf, a.data, b.data, &mut c);
            c
        })?;
        new_array(py, c, &c_shape[3 - a.shape.len()..])
    })
}

/// y = activation(x @ kernel + bias).
#[pyfunction]
pub fn dense<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    kernel: FloatArray<'py>,
    bias: Option<FloatArray<'py>>,
    activation: Activation,
) -> PyResult<Bound<'py, PyAny>> {
    for_dtype!(x, T => {
        let (x, kernel) = (x.view::<T>("dense", "x")?, kernel.view::<T>("dense", "kernel")?);
        let bias = optional_view::<T>(&bias, "dense", "bias")?;
        let [m, k] = x.shape("dense", "x", "rows, features")?;
        let [_, n] = kernel.shape("dense", "kernel", "features, units")?;
        KernelError::check_shape("dense", "kernel", &[k, n], kernel.shape).map_err(to_python)?;
        if let Some(bias) = bias {
            KernelError::check_shape("dense", "bias", &[n], bias.shape).map_err(to_python)?;
        }
        let y = compute(py, || {
            let mut y = Buffer::stale(m * n);
            gemm::dense([m, k, n], x.data, kernel.data, bias.map(|b| b.data), activation, &mut y);
            y
        })?;
        new_array(py, y, &[m, n])
    })
}

/// A float32 kernel as the products read it: what `dense_chain` takes. It does not follow the array that it was made of.
#[pyclass(frozen, module = "kinema._rust")]
pub struct PackedKernel(pub(super) gemm::PackedKernel<f32>);

#[pymethods]
impl PackedKernel {
    #[new]
    fn new(py: Python<'_>, kernel: FloatArray<'_>) -> PyResult<Self> {
        let kernel = kernel.view::<f32>("PackedKernel", "kernel")?;
        let shape = kernel.shape("PackedKernel", "kernel", "features, units")?;
        compute(py, || gemm::PackedKernel::new(shape, kernel.data)).map(Self)
    }
}

/// Changes the kernel of z = x @ kernel by its gradient: first `kernel -= kernel * decay`, then the rule. Returns the gradient of x, with
/// the kernel as it was, if it is wanted. Leaves as in `matmul`.
#[pyfunction]
pub fn dense_update<'py>(
    py: Python<'py>,
    mut kernel: FloatArrayMut<'py>,
    x: FloatArray<'py>,
    dz: FloatArray<'py>,
    rule: &UpdateRule,
    decay: f64,
    input_gradient: bool,
    leaf: usize,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    const OP: &str = "dense_update";
    let mut slots = rule.slots(py)?;
    for_dtype!(x, T => {
        let (x, dz) = (x.view::<T>(OP, "x")?, dz.view::<T>(OP, "dz")?);
        let [m, k] = x.shape(OP, "x", "rows, features")?;
        let [_, n] = dz.shape(OP, "dz", "rows, units")?;
        KernelError::check_shape(OP, "dz", &[m, n], dz.shape).map_err(to_python)?;
        let kernel = kernel.elements::<T>(OP, "kernel")?;
        KernelError::check_shape(OP, "kernel", &[k * n], &[kernel.len()]).map_err(to_python)?;
        let (kernel, rule) = (slots.beside(kernel)?, rule.rule::<T>());
        let dx = try_compute(py, || {
            let mut dx = input_gradient.then(|| Buffer::stale(m * k));
            gemm::multiply_and_update([m, k, n], leaf, x.data, dz.data, kernel, rule, decay, dx.as_deref_mut())?;
            Ok(dx)
        })?;
        dx.map(|dx| new_array(py, dx, &[m, k])).transpose()
    })
}
