//! Power spectra of stretches of sound.

use super::Analysis;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// What all stretches share.
pub struct Spectra<'a> {
    samples: &'a [f32],
    reflect: bool,
    window: Vec<f64>,
    transform: Arc<dyn RealToComplex<f64>>,
}

impl<'a> Spectra<'a> {
    /// Makes ready to transform parts of `samples`, of which there is one at least.
    pub fn new(samples: &'a [f32], analysis: &Analysis) -> Self {
        let Analysis { fft_length, window_length, reflect, .. } = *analysis;
        let mut window = vec![0.0; fft_length];
        let middle = &mut window[(fft_length - window_length) / 2..][..window_length];
        for (index, value) in middle.iter_mut().enumerate() {
            *value = 0.5 - 0.5 * (std::f64::consts::TAU * index as f64 / window_length as f64).cos();
        }
        let transform = RealFftPlanner::new().plan_fft_forward(fft_length);
        Self { samples, reflect, window, transform }
    }

    /// The power of every frequency around sample `centre`.
    pub fn powers(&self, centre: i64) -> Vec<f64> {
        let mut stretch = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let start = centre.saturating_sub(self.window.len() as i64 / 2);
        for (index, (value, weight)) in stretch.iter_mut().zip(&self.window).enumerate() {
            *value = self.sample(start.saturating_add(index as i64)) * weight;
        }
        self.transform.process(&mut stretch, &mut spectrum).expect("vectors of the transform's own making fit it");
        spectrum.iter().map(|value| value.norm_sqr()).collect()
    }

    fn sample(&self, index: i64) -> f64 {
        let len = self.samples.len() as i64;
        if (0..len).contains(&index) {
            return f64::from(self.samples[index as usize]);
        }
        if !self.reflect {
            return 0.0;
        }
        let there_and_back = (2 * (len - 1)).max(1);
        let place = index.rem_euclid(there_and_back);
        f64::from(self.samples[place.min(there_and_back - place).min(len - 1) as usize])
    }
}
