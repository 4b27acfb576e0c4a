use super::*;
use proptest::prelude::*;

const ANALYSIS: Analysis =
    Analysis { rate: 8000.0, fft_length: 64, window_length: 64, reflect: false, bands: 6, range: (0.0, 4000.0) };

fn tones(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i as f32 * 0.31).sin() * 0.5 + (i as f32 * 1.7).cos() * 0.01 + (i % 7) as f32 * 0.001).collect()
}

fn check(samples: &[f32], centres: &[i64], analysis: &Analysis, feature: Feature) {
    let got = mel_features(samples, centres, analysis, feature).unwrap();
    let want = naive::mel_features(samples, centres, analysis, feature);
    assert_eq!(got.len(), want.len());
    for (&got, want) in got.iter().zip(want) {
        assert!((f64::from(got) - want).abs() <= 1e-5 * (1.0 + want.abs()), "{got} {want}");
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(32))]
    #[test]
    fn rows_match_the_oracle(
        len in 1usize..300,
        fft_length in 8usize..80,
        missing in 0usize..8,
        reflect in any::<bool>(),
        bands in 1usize..12,
        low in prop::sample::select(vec![0.0, 150.0, 1200.0]),
        centres in prop::collection::vec(-200i64..500, 0..6),
    ) {
        let window_length = fft_length - missing.min(fft_length - 1);
        let analysis = Analysis { fft_length, window_length, bands, range: (low, 3900.0), ..ANALYSIS };
        let analysis = Analysis { reflect: reflect && len > 1, ..analysis };
        let samples = tones(len);
        check(&samples, &centres, &analysis, Feature::Power);
        check(&samples, &centres, &analysis, Feature::Decibels { top_db: 80.0 });
        check(&samples, &centres, &analysis, Feature::Cepstrum { coefficients: bands.div_ceil(2), top_db: 60.0 });
    }
}

#[test]
fn one_sample_reflects_into_itself() {
    let analysis = Analysis { reflect: true, ..ANALYSIS };
    let long = mel_features(&[0.5; 300], &[150], &analysis, Feature::Power).unwrap();
    let short = mel_features(&[0.5], &[0], &analysis, Feature::Power).unwrap();
    assert_eq!(long[..], short[..]);
}

#[test]
fn silence_is_the_least_power_there_is() {
    let levels = mel_features(&[0.0; 100], &[0, 50], &ANALYSIS, Feature::Decibels { top_db: 80.0 }).unwrap();
    assert!(levels.iter().all(|&level| level == -100.0));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let text = |samples: &[f32], analysis: Analysis, feature| {
        mel_features(samples, &[0], &analysis, feature).err().unwrap().to_string()
    };
    let power = |analysis| text(&[0.0], analysis, Feature::Power);
    assert_eq!(text(&[], ANALYSIS, Feature::Power), "mel_features: samples must be not empty, but got 0.");
    assert!(power(Analysis { rate: 0.0, ..ANALYSIS }).contains("rate must be a positive number"));
    assert!(power(Analysis { fft_length: 0, ..ANALYSIS }).contains("fft_length must be at least 1"));
    assert!(
        power(Analysis { window_length: 65, ..ANALYSIS }).contains("window_length must be from 1 to fft_length (64)")
    );
    assert!(power(Analysis { range: (0.0, 5000.0), ..ANALYSIS }).contains("from 0 to half the rate (4000)"));
    assert!(power(Analysis { range: (f64::NAN, 100.0), ..ANALYSIS }).contains("range must be rising"));
    assert!(power(Analysis { bands: 0, ..ANALYSIS }).contains("bands must be at least 1"));
    let cepstrum = Feature::Cepstrum { coefficients: 7, top_db: 80.0 };
    assert!(text(&[0.0], ANALYSIS, cepstrum).contains("coefficients must be from 1 to bands (6)"));
}
