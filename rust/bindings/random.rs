//! Keyed random numbers: row i of a result belongs to sample `first_sample + i`.

use super::support::{FloatArray, for_dtype, new_array, to_python, try_compute};
use crate::error::{KernelError, Result};
use crate::kernels::random::{self, Distribution, Stream};
use pyo3::prelude::*;

fn key(op: &'static str, seed: u64, stream: u64, step: u64, first_sample: u64) -> PyResult<Stream> {
    let word = |argument: &'static str, value: u64| -> Result<u32> {
        let refused = |_| KernelError::argument(op, argument, "a whole number from 0 to 4294967295", value);
        u32::try_from(value).map_err(refused)
    };
    let key = || -> Result<Stream> {
        let (stream, step) = (word("stream", stream)?, word("step", step)?);
        Ok(Stream { seed, stream, step, first_sample: word("first_sample", first_sample)? })
    };
    key().map_err(to_python)
}

fn fill<'py>(
    py: Python<'py>,
    shape: &[usize],
    key: Stream,
    float64: bool,
    distribution: Distribution,
) -> PyResult<Bound<'py, PyAny>> {
    let (samples, m) = shape.split_first().map_or((1, 1), |(&samples, rest)| (samples, rest.iter().product()));
    if float64 {
        new_array(py, try_compute(py, || Ok(random::fill::<f64>(samples, m, key, distribution)))?, shape)
    } else {
        new_array(py, try_compute(py, || Ok(random::fill::<f32>(samples, m, key, distribution)))?, shape)
    }
}

/// Uniform numbers in [0, 1).
#[pyfunction]
pub fn random_uniform<'py>(
    py: Python<'py>,
    shape: Vec<usize>,
    seed: u64,
    stream: u64,
    step: u64,
    first_sample: u64,
    float64: bool,
) -> PyResult<Bound<'py, PyAny>> {
    fill(py, &shape, key("random_uniform", seed, stream, step, first_sample)?, float64, Distribution::Uniform)
}

/// Normal numbers with mean 0 and deviation 1.
#[pyfunction]
pub fn random_normal<'py>(
    py: Python<'py>,
    shape: Vec<usize>,
    seed: u64,
    stream: u64,
    step: u64,
    first_sample: u64,
    float64: bool,
) -> PyResult<Bound<'py, PyAny>> {
    fill(py, &shape, key("random_normal", seed, stream, step, first_sample)?, float64, Distribution::Normal)
}

/// Inverted dropout of x (samples, m); the same call on dy is its gradient.
#[pyfunction]
pub fn dropout<'py>(
    py: Python<'py>,
    x: FloatArray<'py>,
    rate: f64,
    seed: u64,
    stream: u64,
    step: u64,
    first_sample: u64,
) -> PyResult<Bound<'py, PyAny>> {
    let key = key("dropout", seed, stream, step, first_sample)?;
    for_dtype!(x, T => {
        let x = x.view::<T>("dropout", "x")?;
        let [_, m] = x.shape("dropout", "x", "samples, elements")?;
        new_array(py, try_compute(py, || random::dropout(x.data, m, rate, key))?, x.shape)
    })
}
