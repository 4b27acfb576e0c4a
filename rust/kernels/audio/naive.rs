//! The oracle: sums over all samples, as the definitions have them.

use super::{Analysis, Feature};
use std::f64::consts::{PI, TAU};

fn heard(samples: &[f32], index: i64, reflect: bool) -> f64 {
    let last = samples.len() as i64 - 1;
    match (index < 0, index > last) {
        (false, false) => f64::from(samples[index as usize]),
        _ if !reflect => 0.0,
        (true, _) => heard(samples, -index, true),
        _ => heard(samples, 2 * last - index, true),
    }
}

fn power(samples: &[f32], centre: i64, bin: usize, a: &Analysis) -> f64 {
    let (mut real, mut imaginary) = (0.0, 0.0);
    let before = (a.fft_length - a.window_length) / 2;
    for i in 0..a.window_length {
        let window = (PI * i as f64 / a.window_length as f64).sin().powi(2);
        let at = before + i;
        let value = window * heard(samples, centre - a.fft_length as i64 / 2 + at as i64, a.reflect);
        let angle = TAU * (bin * at % a.fft_length) as f64 / a.fft_length as f64;
        real += value * angle.cos();
        imaginary -= value * angle.sin();
    }
    real * real + imaginary * imaginary
}

fn mels(hertz: f64) -> f64 {
    if hertz < 1000.0 { 3.0 * hertz / 200.0 } else { 15.0 + 27.0 * (hertz / 1000.0).log(6.4) }
}

fn hertz(mels: f64) -> f64 {
    if mels < 15.0 { 200.0 * mels / 3.0 } else { 1000.0 * 6.4f64.powf((mels - 15.0) / 27.0) }
}

fn weight(band: usize, bin: usize, a: &Analysis) -> f64 {
    let corner = |i: usize| {
        let share = i as f64 / (a.bands + 1) as f64;
        hertz(mels(a.range.0) * (1.0 - share) + mels(a.range.1) * share)
    };
    let (start, middle, end) = (corner(band), corner(band + 1), corner(band + 2));
    let f = bin as f64 * a.rate / a.fft_length as f64;
    let height = 2.0 / (end - start);
    if f <= start || f >= end {
        0.0
    } else if f < middle {
        height * (f - start) / (middle - start)
    } else {
        height * (end - f) / (end - middle)
    }
}

pub fn mel_features(samples: &[f32], centres: &[i64], a: &Analysis, feature: Feature) -> Vec<f64> {
    let bins = a.fft_length / 2 + 1;
    let mut rows = Vec::new();
    for &centre in centres {
        let powers: Vec<f64> = (0..bins).map(|bin| power(samples, centre, bin, a)).collect();
        rows.extend((0..a.bands).map(|band| (0..bins).map(|bin| weight(band, bin, a) * powers[bin]).sum::<f64>()));
    }
    let (coefficients, top_db) = match feature {
        Feature::Power => return rows,
        Feature::Decibels { top_db } => (None, top_db),
        Feature::Cepstrum { coefficients, top_db } => (Some(coefficients), top_db),
    };
    rows.iter_mut().for_each(|value| *value = 10.0 * value.max(1e-10).log10());
    let largest = rows.iter().copied().fold(f64::MIN, f64::max);
    rows.iter_mut().for_each(|value| *value = value.max(largest - top_db));
    let Some(count) = coefficients else { return rows };
    let n = a.bands as f64;
    let coefficient = |row: &[f64], k: usize| {
        let sum: f64 = (0..a.bands).map(|i| row[i] * (PI / n * (i as f64 + 0.5) * k as f64).cos()).sum();
        sum * if k == 0 { (1.0 / n).sqrt() } else { (2.0 / n).sqrt() }
    };
    rows.chunks(a.bands).flat_map(|row| (0..count).map(|k| coefficient(row, k)).collect::<Vec<_>>()).collect()
}
