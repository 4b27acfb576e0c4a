//! Sound as rows of numbers: mel spectrogram, its logarithm, cepstral coefficients; one row for every centre that is asked for,
//! so that rows can follow the frames of a video. Definitions are librosa's (power spectra under a periodic Hann window, mel
//! filters of equal area by Slaney, decibels above the largest less `top_db`, an orthonormal cosine transform). Computed in f64: the
//! logarithm of a quiet band shows every rounding of the loud ones.

mod mel;
#[cfg(test)]
mod naive;
mod spectrum;
#[cfg(test)]
mod tests;

use crate::error::{KernelError, Result};
use crate::memory::Buffer;
use crate::parallel::{ELEMENTWISE_CHUNK, chunks_mut};
use spectrum::Spectra;

/// Powers below this count as this much.
const LEAST_POWER: f64 = 1e-10;
/// Rows that a task transforms.
const ROWS: usize = 4;

/// What the samples are heard through.
#[derive(Debug, Clone, Copy)]
pub struct Analysis {
    /// Samples a second.
    pub rate: f64,
    /// Samples of a spectrum.
    pub fft_length: usize,
    /// Samples that the window lets through, in the middle of a spectrum's.
    pub window_length: usize,
    /// Beyond both ends, sound runs backwards instead of being silent.
    pub reflect: bool,
    /// Mel bands.
    pub bands: usize,
    /// Where the first band begins and the last ends, in Hertz.
    pub range: (f64, f64),
}

/// What a row holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Feature {
    /// The power in every band.
    Power,
    /// Its decibels, none more than `top_db` below the largest of all rows.
    Decibels {
        /// Infinite for no limit.
        top_db: f64,
    },
    /// The first coefficients of the cosine transform of the decibels.
    Cepstrum {
        /// How many.
        coefficients: usize,
        /// As for `Decibels`.
        top_db: f64,
    },
}

/// One row for the stretch of sound around each of `centres`, which count samples.
pub fn mel_features(samples: &[f32], centres: &[i64], analysis: &Analysis, feature: Feature) -> Result<Buffer<f32>> {
    check(samples, analysis, feature)?;
    let spectra = Spectra::new(samples, analysis);
    let filters = mel::filters(analysis);
    let mut bands = Buffer::<f64>::stale(centres.len() * filters.len());
    chunks_mut(&mut bands, filters.len(), ROWS, |row, bands| {
        let powers = spectra.powers(centres[row]);
        bands.iter_mut().zip(&filters).for_each(|(band, filter)| *band = filter.weigh(&powers));
    });
    match feature {
        Feature::Power => Ok(rounded(&bands)),
        Feature::Decibels { top_db } => {
            to_decibels(&mut bands, top_db);
            Ok(rounded(&bands))
        }
        Feature::Cepstrum { coefficients, top_db } => {
            to_decibels(&mut bands, top_db);
            Ok(cosine_transform(&bands, filters.len(), coefficients))
        }
    }
}

fn rounded(values: &[f64]) -> Buffer<f32> {
    let mut rounded = Buffer::stale(values.len());
    rounded.iter_mut().zip(values).for_each(|(to, &value)| *to = value as f32);
    rounded
}

fn to_decibels(powers: &mut [f64], top_db: f64) {
    chunks_mut(powers, ELEMENTWISE_CHUNK, 1, |_, powers| {
        powers.iter_mut().for_each(|power| *power = 10.0 * power.max(LEAST_POWER).log10());
    });
    let floor = powers.iter().copied().fold(f64::NEG_INFINITY, f64::max) - top_db;
    powers.iter_mut().for_each(|level| *level = level.max(floor));
}

/// The first `count` coefficients of the orthonormal DCT-II of every row.
fn cosine_transform(rows: &[f64], len: usize, count: usize) -> Buffer<f32> {
    let cosines: Vec<f64> = (0..count * len).map(|i| cosine(i / len, i % len, len)).collect();
    let mut transformed = Buffer::stale(rows.len() / len * count);
    chunks_mut(&mut transformed, count, ROWS, |row, to| {
        let from = &rows[row * len..(row + 1) * len];
        for (to, cosines) in to.iter_mut().zip(cosines.chunks_exact(len)) {
            *to = from.iter().zip(cosines).map(|(value, cosine)| value * cosine).sum::<f64>() as f32;
        }
    });
    transformed
}

fn cosine(coefficient: usize, position: usize, len: usize) -> f64 {
    let scale = if coefficient == 0 { 1.0 } else { 2.0 };
    let angle = std::f64::consts::PI * coefficient as f64 * (2 * position + 1) as f64 / (2 * len) as f64;
    (scale / len as f64).sqrt() * angle.cos()
}

fn check(samples: &[f32], analysis: &Analysis, feature: Feature) -> Result<()> {
    const OP: &str = "mel_features";
    let Analysis { rate, fft_length, window_length, bands, range: (low, high), .. } = *analysis;
    if samples.is_empty() {
        return Err(KernelError::shape(OP, "samples", "not empty", samples.len()));
    }
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(KernelError::argument(OP, "rate", "a positive number of samples a second", rate));
    }
    if fft_length == 0 {
        return Err(KernelError::argument(OP, "fft_length", "at least 1", fft_length));
    }
    if window_length == 0 || window_length > fft_length {
        let expected = format!("from 1 to fft_length ({fft_length})");
        return Err(KernelError::argument(OP, "window_length", expected, window_length));
    }
    if !(0.0 <= low && low < high && high <= rate / 2.0) {
        let expected = format!("rising, from 0 to half the rate ({})", rate / 2.0);
        return Err(KernelError::argument(OP, "range", expected, (low, high)));
    }
    if bands == 0 {
        return Err(KernelError::argument(OP, "bands", "at least 1", bands));
    }
    match feature {
        Feature::Cepstrum { coefficients, .. } if coefficients == 0 || coefficients > bands => {
            let expected = format!("from 1 to bands ({bands})");
            Err(KernelError::argument(OP, "coefficients", expected, coefficients))
        }
        _ => Ok(()),
    }
}
