use super::*;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;
use std::f64::consts::PI;

fn streams() -> impl Strategy<Value = Stream> {
    (any::<u64>(), any::<u32>(), any::<u32>(), 0u32..1 << 30).prop_map(|(seed, stream, step, first_sample)| Stream {
        seed,
        stream,
        step,
        first_sample,
    })
}

proptest! {
    #![proptest_config(crate::testing::cases(24))]

    #[test]
    fn uniform_numbers_are_their_words(stream in streams(), samples in 0usize..5, m in 0usize..200) {
        on_every_instruction_set(|_| {
            let single = fill::<f32>(samples, m, stream, Distribution::Uniform);
            let double = fill::<f64>(samples, m, stream, Distribution::Uniform);
            for (i, (&single, &double)) in single.iter().zip(&double[..]).enumerate() {
                let (row, column) = (i / m, i % m);
                assert_eq!(f64::from(single), f64::from(naive::word(stream, row, column) >> 8) / 2f64.powi(24));
                let [high, low] = naive::two_words(stream, row, column).map(f64::from);
                let want = ((high / 32.0).floor() * 2f64.powi(26) + (low / 64.0).floor()) / 2f64.powi(53);
                assert_eq!(double, want);
            }
        });
    }

    #[test]
    fn normal_numbers_follow_box_and_muller(stream in streams(), samples in 1usize..4, m in 1usize..150) {
        on_every_instruction_set(|_| {
            let numbers = fill::<f32>(samples, m, stream, Distribution::Normal);
            for (i, &number) in numbers.iter().enumerate() {
                let (row, column) = (i / m, i % m);
                let first = column - column % 32 + column % 16;
                let uniform = (f64::from(naive::word(stream, row, first)) + 0.5) / 2f64.powi(32);
                let radius = (-2.0 * uniform.ln()).sqrt();
                let angle = 2.0 * PI * f64::from(naive::word(stream, row, first + 16) >> 8) / 2f64.powi(24);
                let direction = if column % 32 < 16 { angle.cos() } else { angle.sin() };
                let want = radius * direction;
                // A uniform number near 1 is rounded to float32: its logarithm, the square of the radius, is off by that much.
                let rounding = (2e-7 / radius).min(5e-4);
                assert!((f64::from(number) - want).abs() < 3e-6 + rounding, "{number} {want}");
            }
        });
    }

    #[test]
    fn dropout_keeps_the_words_above_its_rate(stream in streams(), samples in 0usize..4, m in 0usize..200, rate in 0.0..1.0) {
        let x: Vec<f64> = (0..samples * m).map(|i| i as f64 + 1.0).collect();
        on_every_instruction_set(|_| {
            let y = dropout(&x, m, rate, stream).unwrap();
            for (i, (&y, &x)) in y.iter().zip(&x).enumerate() {
                let kept = f64::from(naive::word(stream, i / m, i % m)) >= (rate * 2f64.powi(32)).round();
                assert_eq!(y, if kept { x * (1.0 / (1.0 - rate)) } else { 0.0 });
            }
        });
    }
}

const STREAM: Stream = Stream { seed: 42, stream: 3, step: 7, first_sample: 0 };

#[test]
fn numbers_depend_on_the_sample_and_not_on_the_batch() {
    on_every_instruction_set(|_| {
        let all = fill::<f32>(6, 40_000, STREAM, Distribution::Normal);
        let last = fill::<f32>(1, 40_000, Stream { first_sample: 5, ..STREAM }, Distribution::Normal);
        assert_eq!(all[5 * 40_000..], last[..]);
    });
}

#[test]
fn every_part_of_the_key_matters() {
    let draw = |stream| fill::<f32>(1, 64, stream, Distribution::Uniform).to_vec();
    let others = [
        Stream { seed: 43, ..STREAM },
        Stream { seed: 42 | 1 << 40, ..STREAM },
        Stream { stream: 4, ..STREAM },
        Stream { step: 8, ..STREAM },
        Stream { first_sample: 1, ..STREAM },
    ];
    assert!(others.iter().all(|&other| draw(other) != draw(STREAM)));
}

#[test]
fn moments_are_those_of_the_distributions() {
    let moments = |numbers: &[f64]| {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
        (mean, variance)
    };
    let (mean, variance) = moments(&fill::<f64>(100, 10_000, STREAM, Distribution::Uniform));
    assert!((mean - 0.5).abs() < 1e-3 && (variance - 1.0 / 12.0).abs() < 1e-3, "{mean} {variance}");
    let (mean, variance) = moments(&fill::<f64>(100, 10_000, STREAM, Distribution::Normal));
    assert!(mean.abs() < 4e-3 && (variance - 1.0).abs() < 6e-3, "{mean} {variance}");
}

#[test]
fn the_rates_at_the_ends_drop_nothing_and_everything() {
    on_every_instruction_set(|_| {
        assert!(dropout(&[2.0f32; 300], 100, 0.0, STREAM).unwrap().iter().all(|&y| y == 2.0));
        assert!(dropout(&[2.0f32; 300], 100, 1.0, STREAM).unwrap().iter().all(|&y| y == 0.0));
    });
    let text = dropout(&[1.0f32], 1, 1.5, STREAM).err().unwrap().to_string();
    assert_eq!(text, "dropout: rate must be a number from 0 to 1, but got 1.5.");
}
