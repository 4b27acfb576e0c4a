//! Features of sound.

use super::support::{contiguous, new_array, to_python, try_compute};
use crate::error::KernelError;
use crate::kernels::audio::{Analysis, Feature, mel_features as kernel};
use numpy::PyReadonlyArrayDyn;
use pyo3::prelude::*;

const OP: &str = "mel_features";

/// One row of `feature` ("power", "decibels" or "cepstrum") for the stretch of `samples` around each of `centres`, float32.
#[pyfunction]
pub fn mel_features<'py>(
    py: Python<'py>,
    samples: PyReadonlyArrayDyn<'py, f32>,
    centres: PyReadonlyArrayDyn<'py, i64>,
    rate: f64,
    fft_length: usize,
    window_length: usize,
    reflect: bool,
    bands: usize,
    range: (f64, f64),
    feature: &str,
    top_db: f64,
    coefficients: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let (samples, centres) = (contiguous(&samples, OP, "samples")?, contiguous(&centres, OP, "centres")?);
    let analysis = Analysis { rate, fft_length, window_length, reflect, bands, range };
    let (feature, width) = match feature {
        "power" => (Feature::Power, bands),
        "decibels" => (Feature::Decibels { top_db }, bands),
        "cepstrum" => (Feature::Cepstrum { coefficients, top_db }, coefficients),
        _ => {
            let expected = "power, decibels or cepstrum";
            return Err(to_python(KernelError::argument(OP, "feature", expected, feature)));
        }
    };
    let rows = try_compute(py, || kernel(samples, centres, &analysis, feature))?;
    new_array(py, rows, &[centres.len(), width])
}
