//! The mel scale of Slaney's Auditory Toolbox, and triangular filters on it.

use super::Analysis;

/// Hertz of a mel below `KNEE`.
const LINEAR: f64 = 200.0 / 3.0;
/// The frequency from which on the scale is logarithmic.
const KNEE: f64 = 1000.0;
/// Mels of `KNEE`.
const KNEE_MELS: f64 = KNEE / LINEAR;
/// From `KNEE` on, so many mels multiply the frequency by 6.4.
const MELS_OF_6_4: f64 = 27.0;

fn to_mels(hertz: f64) -> f64 {
    if hertz < KNEE { hertz / LINEAR } else { KNEE_MELS + (hertz / KNEE).ln() / 6.4f64.ln() * MELS_OF_6_4 }
}

fn to_hertz(mels: f64) -> f64 {
    if mels < KNEE_MELS { mels * LINEAR } else { KNEE * ((mels - KNEE_MELS) / MELS_OF_6_4 * 6.4f64.ln()).exp() }
}

/// The weights of the frequencies that a band hears, from `first` on.
pub struct Filter {
    first: usize,
    weights: Vec<f64>,
}

impl Filter {
    /// The weighted sum of `powers`.
    pub fn weigh(&self, powers: &[f64]) -> f64 {
        self.weights.iter().zip(&powers[self.first..]).map(|(weight, power)| weight * power).sum()
    }
}

/// One triangle for each band, from the middle of the band before to that of the next; all have the same area.
pub fn filters(analysis: &Analysis) -> Vec<Filter> {
    let Analysis { rate, fft_length, bands, range: (low, high), .. } = *analysis;
    let step = (to_mels(high) - to_mels(low)) / (bands + 1) as f64;
    let corner = |index: usize| to_hertz(to_mels(low) + step * index as f64);
    let triangle = |band: usize| {
        let (start, middle, end) = (corner(band), corner(band + 1), corner(band + 2));
        let weight = |bin: usize| {
            let hertz = bin as f64 * rate / fft_length as f64;
            let slope = ((hertz - start) / (middle - start)).min((end - hertz) / (end - middle));
            slope.max(0.0) * 2.0 / (end - start)
        };
        let first = (start * fft_length as f64 / rate).floor() as usize;
        let last = ((end * fft_length as f64 / rate).ceil() as usize).min(fft_length / 2);
        Filter { first: first.min(last), weights: (first.min(last)..=last).map(weight).collect() }
    };
    (0..bands).map(triangle).collect()
}
