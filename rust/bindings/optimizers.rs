//! Updates of weights in place.

use super::support::{FloatArray, FloatArrayMut, PyElement, compute, for_dtype, try_compute};
use crate::kernels::optimizers::{self, Adam, Momentum, RmsProp};
use pyo3::prelude::*;

fn optional<'a, T: PyElement>(
    array: &'a mut Option<FloatArrayMut<'_>>,
    op: &'static str,
    argument: &'static str,
) -> PyResult<Option<&'a mut [T]>> {
    array.as_mut().map(|array| array.elements(op, argument)).transpose()
}

/// w -= lr g
#[pyfunction]
pub fn sgd_update(py: Python<'_>, mut w: FloatArrayMut<'_>, g: FloatArray<'_>, lr: f64) -> PyResult<()> {
    for_dtype!(g, T => {
        let (w, g) = (w.elements::<T>("sgd_update", "w")?, g.view::<T>("sgd_update", "g")?.data);
        try_compute(py, || optimizers::sgd_update(w, g, lr))
    })
}

/// v = momentum v - lr g, then w += v, or with `nesterov` w += momentum v - lr g.
#[pyfunction]
pub fn momentum_update(
    py: Python<'_>,
    mut w: FloatArrayMut<'_>,
    g: FloatArray<'_>,
    mut velocity: FloatArrayMut<'_>,
    lr: f64,
    momentum: f64,
    nesterov: bool,
) -> PyResult<()> {
    const OP: &str = "momentum_update";
    let settings = Momentum { rate: lr, momentum, nesterov };
    for_dtype!(g, T => {
        let (w, g, velocity) = (w.elements::<T>(OP, "w")?, g.view::<T>(OP, "g")?.data, velocity.elements(OP, "velocity")?);
        try_compute(py, || optimizers::momentum_update(w, g, velocity, settings))
    })
}

/// RMSprop: centered if there is a mean_grad, with momentum if there is a velocity.
#[pyfunction]
pub fn rmsprop_update(
    py: Python<'_>,
    mut w: FloatArrayMut<'_>,
    g: FloatArray<'_>,
    mut mean_square: FloatArrayMut<'_>,
    mut mean_grad: Option<FloatArrayMut<'_>>,
    mut velocity: Option<FloatArrayMut<'_>>,
    lr: f64,
    rho: f64,
    momentum: f64,
    epsilon: f64,
) -> PyResult<()> {
    const OP: &str = "rmsprop_update";
    let settings = RmsProp { rate: lr, rho, momentum, epsilon };
    for_dtype!(g, T => {
        let (w, g) = (w.elements::<T>(OP, "w")?, g.view::<T>(OP, "g")?.data);
        let mean_square = mean_square.elements(OP, "mean_square")?;
        let mean_grad = optional(&mut mean_grad, OP, "mean_grad")?;
        let velocity = optional(&mut velocity, OP, "velocity")?;
        try_compute(py, || optimizers::rmsprop_update(w, g, mean_square, mean_grad, velocity, settings))
    })
}

/// Adam: AMSGrad if there is a vhat. `step` counts from 1.
#[pyfunction]
pub fn adam_update(
    py: Python<'_>,
    mut w: FloatArrayMut<'_>,
    g: FloatArray<'_>,
    mut m: FloatArrayMut<'_>,
    mut v: FloatArrayMut<'_>,
    mut vhat: Option<FloatArrayMut<'_>>,
    lr: f64,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    step: u64,
) -> PyResult<()> {
    const OP: &str = "adam_update";
    let settings = Adam { rate: lr, beta_1, beta_2, epsilon, step };
    for_dtype!(g, T => {
        let (w, g) = (w.elements::<T>(OP, "w")?, g.view::<T>(OP, "g")?.data);
        let (m, v, vhat) = (m.elements(OP, "m")?, v.elements(OP, "v")?, optional(&mut vhat, OP, "vhat")?);
        try_compute(py, || optimizers::adam_update(w, g, m, v, vhat, settings))
    })
}

/// w -= w factor
#[pyfunction]
pub fn weight_decay(py: Python<'_>, mut w: FloatArrayMut<'_>, factor: f64) -> PyResult<()> {
    for_dtype!(w, T => {
        let w = w.elements::<T>("weight_decay", "w")?;
        compute(py, || optimizers::weight_decay(w, factor))
    })
}

/// The sum of g².
#[pyfunction]
pub fn sum_of_squares(py: Python<'_>, g: FloatArray<'_>) -> PyResult<f64> {
    for_dtype!(g, T => {
        let g = g.view::<T>("sum_of_squares", "g")?.data;
        compute(py, || optimizers::sum_of_squares(g))
    })
}

/// g *= factor
#[pyfunction]
pub fn scale_in_place(py: Python<'_>, mut g: FloatArrayMut<'_>, factor: f64) -> PyResult<()> {
    for_dtype!(g, T => {
        let g = g.elements::<T>("scale_in_place", "g")?;
        compute(py, || optimizers::scale_in_place(g, factor))
    })
}

/// g limited to low..high; NaN stays.
#[pyfunction]
pub fn clip_in_place(py: Python<'_>, mut g: FloatArrayMut<'_>, low: f64, high: f64) -> PyResult<()> {
    for_dtype!(g, T => {
        let g = g.elements::<T>("clip_in_place", "g")?;
        compute(py, || optimizers::clip_in_place(g, low, high))
    })
}
