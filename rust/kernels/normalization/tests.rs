use super::*;
use crate::simd::{Element, on_every_instruction_set};
use proptest::prelude::*;

const EPSILON: f64 = 1e-3;

/// Operands in the type under test.
struct Problem<T> {
    x: Vec<T>,
    dy: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
}

/// Nothing learnt.
fn plain<'a, T>() -> Settings<'a, T> {
    Settings { gamma: None, beta: None, epsilon: EPSILON, relu: false }
}

fn wide<T: Element>(values: &[T]) -> Vec<f64> {
    values.iter().map(|v| v.to_f64()).collect()
}

fn problem<T: Element>(rows: usize, n: usize) -> Problem<T> {
    let wave = |len: usize, step: usize, scale: f64, offset: f64| -> Vec<T> {
        (0..len).map(|i| T::from_f64(((i * step + i / 7) % 89) as f64 / 89.0 * scale + offset)).collect()
    };
    let (x, dy) = (wave(rows * n, 37, 4.0, 1.0), wave(rows * n, 53, 2.0, -1.0));
    Problem { x, dy, gamma: wave(n, 11, 1.0, 0.5), beta: wave(n, 17, 2.0, -1.0) }
}

fn compare<T: Element>(what: &str, got: &[T], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want).abs();
        assert!(error <= tolerance * want.abs().max(1.0), "{what}[{i}]: got {got}, expected {want}");
    }
}

fn column(values: &[f64], n: usize, channel: usize) -> Vec<f64> {
    values.iter().skip(channel).step_by(n).copied().collect()
}

fn batch_matches<T: Element>(rows: usize, n: usize, scaled: bool, relu: bool, epsilon: f64) {
    let p = problem::<T>(rows, n);
    let (gamma, beta) = (scaled.then_some(&p.gamma[..]), scaled.then_some(&p.beta[..]));
    let settings = Settings { gamma, beta, epsilon: EPSILON, relu };
    let (y, statistics) = batch_norm(&p.x, n, settings).unwrap();
    let (mean, variance) = (&statistics.mean, &statistics.variance);
    let gradients = batch_norm_grad(&p.dy, &p.x, n, settings, mean, variance).unwrap();
    let (x, dy) = (wide(&p.x), wide(&p.dy));
    let many = (rows as f64).sqrt() * epsilon;
    for channel in 0..n {
        let (x, dy) = (column(&x, n, channel), column(&dy, n, channel));
        let (gamma, beta) = if scaled { (p.gamma[channel].to_f64(), p.beta[channel].to_f64()) } else { (1.0, 0.0) };
        let (z, want_mean, want_variance) = naive::normalize(&x, EPSILON);
        compare("mean", &[mean[channel]], &[want_mean], 4.0 * many);
        compare("variance", &[variance[channel]], &[want_variance], 8.0 * many);
        let y: Vec<T> = y.iter().skip(channel).step_by(n).copied().collect();
        let floor = if relu { 0.0 } else { f64::NEG_INFINITY };
        let want: Vec<f64> = z.iter().map(|z| (z * gamma + beta).max(floor)).collect();
        compare("y", &y, &want, 200.0 * many);
        // Where a result is near 0, rounding may decide what ReLU lets through: the output itself is the judge.
        let passes = |y: &T| !relu || y.to_f64() > 0.0;
        let dy: Vec<f64> = dy.iter().zip(&y).map(|(&dy, y)| if passes(y) { dy } else { 0.0 }).collect();
        compare("dbeta", &[gradients.dbeta[channel]], &[dy.iter().sum()], 8.0 * rows as f64 * epsilon);
        let dgamma = dy.iter().zip(&z).map(|(dy, z)| dy * z).sum();
        compare("dgamma", &[gradients.dgamma[channel]], &[dgamma], 200.0 * rows as f64 * epsilon);
        let dz: Vec<f64> = dy.iter().map(|dy| dy * gamma).collect();
        let dx: Vec<T> = gradients.dx.iter().skip(channel).step_by(n).copied().collect();
        compare("dx", &dx, &naive::normalize_grad(&dz, &x, EPSILON), 2000.0 * many);
    }
}

fn layer_matches<T: Element>(rows: usize, n: usize, scaled: bool, epsilon: f64) {
    let p = problem::<T>(rows, n);
    let (gamma, beta) = (scaled.then_some(&p.gamma[..]), scaled.then_some(&p.beta[..]));
    let LayerNorm { y, mean, rstd } = layer_norm(&p.x, rows, n, gamma, beta, EPSILON).unwrap();
    let gradients = layer_norm_grad(&p.dy, &p.x, rows, n, gamma, &mean, &rstd).unwrap();
    let (x, dy) = (wide(&p.x), wide(&p.dy));
    let gamma = if scaled { wide(&p.gamma) } else { vec![1.0; n] };
    let beta = if scaled { wide(&p.beta) } else { vec![0.0; n] };
    let (mut dgamma, mut dbeta) = (vec![0.0; n], vec![0.0; n]);
    for row in 0..rows {
        let range = row * n..(row + 1) * n;
        let (x, dy) = (&x[range.clone()], &dy[range.clone()]);
        let (z, want_mean, variance) = naive::normalize(x, EPSILON);
        compare("mean", &[mean[row]], &[want_mean], 8.0 * n as f64 * epsilon);
        compare("rstd", &[rstd[row]], &[1.0 / (variance + EPSILON).sqrt()], 200.0 * n as f64 * epsilon);
        let want: Vec<f64> = (0..n).map(|i| z[i] * gamma[i] + beta[i]).collect();
        compare("y", &y[range.clone()], &want, 200.0 * n as f64 * epsilon);
        let dz: Vec<f64> = (0..n).map(|i| dy[i] * gamma[i]).collect();
        compare("dx", &gradients.dx[range], &naive::normalize_grad(&dz, x, EPSILON), 5000.0 * n as f64 * epsilon);
        for i in 0..n {
            dgamma[i] += dy[i] * z[i];
            dbeta[i] += dy[i];
        }
    }
    compare("dgamma", &gradients.dgamma, &dgamma, 200.0 * (rows * n) as f64 * epsilon);
    compare("dbeta", &gradients.dbeta, &dbeta, 8.0 * rows as f64 * epsilon);
}

fn affine_matches<T: Element>(rows: usize, n: usize, epsilon: f64) {
    let Problem { x, gamma, beta, .. } = problem::<T>(rows, n);
    let y = channel_affine(&x, n, &gamma, &beta).unwrap();
    let want = |i: usize| x[i].to_f64() * gamma[i % n].to_f64() + beta[i % n].to_f64();
    compare("channel_affine", &y, &(0..x.len()).map(want).collect::<Vec<_>>(), 8.0 * epsilon);
}

proptest! {
    #![proptest_config(crate::testing::cases(16))]
    #[test]
    fn batch_normalisation_matches_the_oracle(rows in 2usize..200, n in 1usize..150, scaled: bool, relu: bool) {
        on_every_instruction_set(|_| {
            batch_matches::<f32>(rows, n, scaled, relu, f64::from(f32::EPSILON));
            batch_matches::<f64>(rows, n, scaled, relu, f64::EPSILON);
        });
    }

    #[test]
    fn layer_normalisation_matches_the_oracle(rows in 1usize..20, n in 2usize..100, scaled: bool) {
        on_every_instruction_set(|_| {
            layer_matches::<f32>(rows, n, scaled, f64::from(f32::EPSILON));
            layer_matches::<f64>(rows, n, scaled, f64::EPSILON);
        });
    }

    #[test]
    fn channel_affine_matches_the_oracle(rows in 0usize..900, n in 1usize..150) {
        on_every_instruction_set(|_| {
            affine_matches::<f32>(rows, n, f64::from(f32::EPSILON));
            affine_matches::<f64>(rows, n, f64::EPSILON);
        });
    }
}

#[test]
fn a_large_mean_does_not_spoil_the_variance() {
    let x: Vec<f32> = (0..40_000).map(|i| 10_000.0 + (i % 5) as f32).collect();
    on_every_instruction_set(|_| {
        let statistics = batch_statistics(&x, 1);
        assert!((statistics.variance[0] - 2.0).abs() < 1e-3, "{}", statistics.variance[0]);
    });
}

#[test]
fn a_step_between_groups_of_rows_is_in_the_variance() {
    // The first rows lie far from all others, whose own spread is small.
    let x: Vec<f32> = (0..40_000).map(|i| if i < 20_000 { 0.0 } else { 1000.0 + (i % 2) as f32 }).collect();
    let (_, mean, variance) = naive::normalize(&wide(&x), EPSILON);
    on_every_instruction_set(|_| {
        let statistics = batch_statistics(&x, 1);
        compare("mean", &statistics.mean, &[mean], 1e-6);
        compare("variance", &statistics.variance, &[variance], 1e-6);
    });
}

#[test]
fn no_rows_have_no_mean() {
    let statistics = batch_statistics::<f32>(&[], 3);
    assert!(statistics.mean.iter().chain(&*statistics.variance).all(|value| value.is_nan()));
}

#[test]
fn one_row_or_element_normalises_to_the_offset() {
    on_every_instruction_set(|_| {
        let (y, _) = batch_norm(&[3.0f64, -7.0], 2, Settings { beta: Some(&[0.5, 0.25]), ..plain() }).unwrap();
        assert_eq!(y[..], [0.5, 0.25]);
        let result = layer_norm(&[3.0f32, -7.0], 2, 1, None, None, EPSILON).unwrap();
        assert_eq!(result.y[..], [0.0, 0.0]);
    });
}

#[test]
fn nothing_gives_nothing() {
    let (y, statistics) = batch_norm::<f32>(&[], 0, plain()).unwrap();
    assert!(y.is_empty() && statistics.mean.is_empty());
    let result = layer_norm::<f32>(&[], 0, 3, None, None, EPSILON).unwrap();
    assert!(result.y.is_empty() && result.mean.is_empty());
    assert_eq!(layer_norm::<f32>(&[], 4, 0, None, None, EPSILON).unwrap().mean.len(), 4);
    let gradients = layer_norm_grad::<f32>(&[], &[], 4, 0, None, &[0.0; 4], &[0.0; 4]).unwrap();
    assert!(gradients.dx.is_empty() && gradients.dgamma.is_empty());
}

#[test]
fn parameters_of_another_length_are_refused() {
    let text = batch_norm(&[1.0f32; 6], 3, Settings { gamma: Some(&[1.0; 2]), ..plain() }).err().unwrap().to_string();
    assert_eq!(text, "batch_norm: gamma must be of shape [3], but got [2].");
    let text = layer_norm(&[1.0f32; 6], 2, 3, None, Some(&[1.0; 4]), EPSILON).err().unwrap().to_string();
    assert_eq!(text, "layer_norm: beta must be of shape [3], but got [4].");
    let text = channel_affine(&[1.0f32; 6], 3, &[1.0; 3], &[1.0; 2]).err().unwrap().to_string();
    assert_eq!(text, "channel_affine: offset must be of shape [3], but got [2].");
}
