//! Batch and layer normalisation of (rows, channels).

use super::support::{FloatArray, compute, for_dtype, new_array, optional_view, try_compute};
use crate::kernels::normalization::{self, Settings};
use pyo3::prelude::*;

type Three<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// (y, mean, variance): x (rows, c) normalised with its own statistics, ReLU on top if asked for; the variance is biased.
#[pyfunction]
pub fn batch_norm<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    gamma: Option<FloatArray<'py>>,
    beta: Option<FloatArray<'py>>,
    epsilon: f64,
    relu: bool,
) -> PyResult<Three<'py>> {
    const OP: &str = "batch_norm";
    for_dtype!(x, T => {
        let (x, gamma, beta) =
            (x.view::<T>(OP, "x")?, optional_view(&gamma, OP, "gamma")?, optional_view(&beta, OP, "beta")?);
        let [_, c] = x.shape(OP, "x", "rows, channels")?;
        let (gamma, beta) = (gamma.map(|view| view.data), beta.map(|view| view.data));
        let settings = Settings { gamma, beta, epsilon, relu };
        let (y, s) = try_compute(py, || normalization::batch_norm(x.data, c, settings))?;
        Ok((new_array(py, y, x.shape)?, new_array(py, s.mean, &[c])?, new_array(py, s.variance, &[c])?))
    })
}

/// (mean, variance) of every channel of x (rows, c); the variance is biased.
#[pyfunction]
pub fn batch_statistics<'py>(py: Python<'py>, x: FloatArray<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    for_dtype!(x, T => {
        let x = x.view::<T>("batch_statistics", "x")?;
        let [_, c] = x.shape("batch_statistics", "x", "rows, channels")?;
        let s = compute(py, || normalization::batch_statistics(x.data, c))?;
        Ok((new_array(py, s.mean, &[c])?, new_array(py, s.variance, &[c])?))
    })
}

/// (dx, dgamma, dbeta) of `batch_norm`, given the statistics it returned.
#[pyfunction]
pub fn batch_norm_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    x: FloatArray<'py>,
    gamma: Option<FloatArray<'py>>,
    beta: Option<FloatArray<'py>>,
    mean: FloatArray<'py>,
    variance: FloatArray<'py>,
    epsilon: f64,
    relu: bool,
) -> PyResult<Three<'py>> {
    const OP: &str = "batch_norm_grad";
    for_dtype!(x, T => {
        let (dy, x) = (dy.view::<T>(OP, "dy")?, x.view(OP, "x")?);
        let (gamma, beta) = (optional_view(&gamma, OP, "gamma")?, optional_view(&beta, OP, "beta")?);
        let (mean, variance) = (mean.view(OP, "mean")?, variance.view(OP, "variance")?);
        let [_, c] = x.shape(OP, "x", "rows, channels")?;
        let (gamma, beta) = (gamma.map(|view| view.data), beta.map(|view| view.data));
        let settings = Settings { gamma, beta, epsilon, relu };
        let g = try_compute(py, || {
            normalization::batch_norm_grad(dy.data, x.data, c, settings, mean.data, variance.data)
        })?;
        Ok((new_array(py, g.dx, x.shape)?, new_array(py, g.dgamma, &[c])?, new_array(py, g.dbeta, &[c])?))
    })
}

/// y = x * scale + offset, one scale and offset a channel; x (rows, c).
#[pyfunction]
pub fn channel_affine<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    scale: FloatArray<'py>,
    offset: FloatArray<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const OP: &str = "channel_affine";
    for_dtype!(x, T => {
        let (x, scale, offset) = (x.view::<T>(OP, "x")?, scale.view(OP, "scale")?, offset.view(OP, "offset")?);
        let [_, c] = x.shape(OP, "x", "rows, channels")?;
        new_array(py, try_compute(py, || normalization::channel_affine(x.data, c, scale.data, offset.data))?, x.shape)
    })
}

/// (y, mean, rstd): every row of x (rows, c) normalised with its own statistics; rstd is 1 / sqrt(variance + epsilon).
#[pyfunction]
pub fn layer_norm<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    gamma: Option<FloatArray<'py>>,
    beta: Option<FloatArray<'py>>,
    epsilon: f64,
) -> PyResult<Three<'py>> {
    const OP: &str = "layer_norm";
    for_dtype!(x, T => {
        let (x, gamma, beta) =
            (x.view::<T>(OP, "x")?, optional_view(&gamma, OP, "gamma")?, optional_view(&beta, OP, "beta")?);
        let [rows, c] = x.shape(OP, "x", "rows, channels")?;
        let (gamma, beta) = (gamma.map(|view| view.data), beta.map(|view| view.data));
        let r = try_compute(py, || normalization::layer_norm(x.data, rows, c, gamma, beta, epsilon))?;
        Ok((new_array(py, r.y, x.shape)?, new_array(py, r.mean, &[rows])?, new_array(py, r.rstd, &[rows])?))
    })
}

/// (dx, dgamma, dbeta) of `layer_norm`, given the statistics it returned.
#[pyfunction]
pub fn layer_norm_grad<'py>(
    py: Python<'py>,
    dy: FloatArray<'py>,
    x: FloatArray<'py>,
    gamma: Option<FloatArray<'py>>,
    mean: FloatArray<'py>,
    rstd: FloatArray<'py>,
) -> PyResult<Three<'py>> {
    const OP: &str = "layer_norm_grad";
    for_dtype!(x, T => {
        let (dy, x, gamma) = (dy.view::<T>(OP, "dy")?, x.view(OP, "x")?, optional_view(&gamma, OP, "gamma")?);
        let (mean, rstd) = (mean.view(OP, "mean")?, rstd.view(OP, "rstd")?);
        let [rows, c] = x.shape(OP, "x", "rows, channels")?;
        let gamma = gamma.map(|view| view.data);
        let g = try_compute(py, || {
            normalization::layer_norm_grad(dy.data, x.data, rows, c, gamma, mean.data, rstd.data)
        })?;
        Ok((new_array(py, g.dx, x.shape)?, new_array(py, g.dgamma, &[c])?, new_array(py, g.dbeta, &[c])?))
    })
}
