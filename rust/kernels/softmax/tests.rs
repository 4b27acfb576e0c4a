use super::*;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

fn compare<T: Element>(what: &str, got: &[T], want: Vec<f64>, tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got.to_f64() - want).abs() <= tolerance * want.abs().max(1.0), "{what}: got {got}, expected {want}");
    }
}

fn check<T: Element>(values: &[f64], n: usize, epsilon: f64) {
    let round = |v: &f64| T::from_f64(*v);
    let x: Vec<T> = values.iter().map(round).collect();
    let dy: Vec<T> = values.iter().rev().map(round).collect();
    let exact = |values: &[T]| values.iter().map(|v| v.to_f64()).collect::<Vec<_>>();
    let by_row = |a: &[T], f: &dyn Fn(&[f64]) -> Vec<f64>| exact(a).chunks(n).flat_map(f).collect::<Vec<_>>();
    let pairs = |a: &[T], b: &[T], f: &dyn Fn(&[f64], &[f64]) -> Vec<f64>| {
        exact(a).chunks(n).zip(exact(b).chunks(n)).flat_map(|(a, b)| f(a, b)).collect::<Vec<_>>()
    };
    let tolerance = 8.0 * n as f64 * epsilon;
    let y = softmax(&x, n);
    compare("softmax", &y, by_row(&x, &naive::softmax), tolerance);
    compare("softmax_grad", &softmax_grad(&dy, &y, n).unwrap(), pairs(&dy, &y, &naive::softmax_grad), 8.0 * tolerance);
    let y = log_softmax(&x, n);
    compare("log_softmax", &y, by_row(&x, &naive::log_softmax), tolerance);
    let dx = log_softmax_grad(&dy, &y, n).unwrap();
    compare("log_softmax_grad", &dx, pairs(&dy, &y, &naive::log_softmax_grad), 8.0 * tolerance);
}

proptest! {
    #![proptest_config(crate::testing::cases(24))]
    #[test]
    fn every_function_matches_the_oracle(values in prop::collection::vec(-30.0f64..30.0, 1..300), n in 1usize..40) {
        let n = n.min(values.len());
        let values = &values[..values.len() / n * n];
        on_every_instruction_set(|_| {
            check::<f32>(values, n, f64::from(f32::EPSILON));
            check::<f64>(values, n, f64::EPSILON);
        });
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_in_company() {
    let x: Vec<f32> = (0..4000 * 11).map(|i| (i % 97) as f32 * 0.1).collect();
    on_every_instruction_set(|_| {
        let together = softmax(&x, 11);
        assert_eq!(softmax(&x[11 * 1777..11 * 1778], 11)[..], together[11 * 1777..11 * 1778]);
    });
}

#[test]
fn large_numbers_do_not_overflow_and_nan_stays_in_its_row() {
    on_every_instruction_set(|_| {
        let y = softmax(&[1e30f32, 0.0, 1e30, f32::NAN, 0.0, 0.0, 1.0, 1.0, 1.0], 3);
        assert_eq!(y[..3], [0.5, 0.0, 0.5]);
        assert!(y[3..6].iter().all(|v| v.is_nan()));
        assert!(y[6..].iter().all(|&v| v == y[6] && (v - 1.0 / 3.0).abs() < 1e-7));
    });
}

#[test]
fn nothing_gives_nothing() {
    assert!(softmax::<f32>(&[], 0).is_empty());
    assert!(log_softmax::<f64>(&[], 5).is_empty());
}
