use super::*;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

const ALL: [Activation; 13] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::HardSigmoid,
    Activation::HardSigmoidLegacy,
    Activation::Elu,
    Activation::Selu,
    Activation::Softplus,
    Activation::Softsign,
    Activation::Silu,
    Activation::Gelu,
    Activation::Exponential,
];

/// Whether two values agree, both of which come of numbers up to `size`.
fn close(got: f64, want: f64, size: f64, epsilon: f64) -> bool {
    (got - want).abs() <= 8.0 * epsilon * size.max(1.0)
}

fn matches_oracle<T: Element>(values: &[f64], epsilon: f64) {
    let x: Vec<T> = values.iter().map(|&v| T::from_f64(v)).collect();
    let dy: Vec<T> = values.iter().map(|&v| T::from_f64(v * 0.5 - 1.0)).collect();
    for activation in ALL {
        let y = activate(&x, activation);
        let dx = activate_grad(&dy, &x, &y, activation).unwrap();
        for i in 0..x.len() {
            let exact = x[i].to_f64();
            let (value, slope) = (naive::value(exact, activation), naive::slope(exact, activation));
            assert!(
                close(y[i].to_f64(), value, value.abs(), epsilon),
                "{activation:?}({exact}) = {value}, got {}",
                y[i]
            );
            let upstream = dy[i].to_f64();
            // Some slopes are a sum with a product of the input.
            let factor = if matches!(activation, Activation::Silu | Activation::Gelu) { exact } else { slope };
            let (gradient, size) = (upstream * slope, upstream.abs() * factor.abs().max(slope.abs()).max(1.0));
            assert!(
                close(dx[i].to_f64(), gradient, size, epsilon),
                "{activation:?}'({exact}): {gradient}, got {}",
                dx[i]
            );
        }
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(24))]
    #[test]
    fn both_directions_match_the_oracle(values in prop::collection::vec(-8.0f64..8.0, 0..70)) {
        on_every_instruction_set(|_| {
            matches_oracle::<f32>(&values, f64::from(f32::EPSILON));
            matches_oracle::<f64>(&values, f64::EPSILON);
        });
    }
}

#[test]
fn chunks_join_without_a_gap() {
    let values: Vec<f64> = (0..2 * ELEMENTWISE_CHUNK + 3).map(|i| i as f64 * 1e-4 - 1.0).collect();
    on_every_instruction_set(|_| {
        let y = activate(&values, Activation::Relu);
        assert!(y.iter().zip(&values).all(|(&y, &x)| y == x.max(0.0)));
    });
}

#[test]
fn relu_keeps_nan() {
    on_every_instruction_set(|_| assert!(activate(&[f32::NAN; 5], Activation::Relu).iter().all(|y| y.is_nan())));
}

#[test]
fn mismatched_lengths_are_refused() {
    let error = activate_grad(&[1.0f32], &[1.0, 2.0], &[1.0, 2.0], Activation::Relu).err().unwrap();
    assert_eq!(error.to_string(), "activate_grad: dy must be of shape [2], but got [1].");
}

#[test]
fn in_place_forms_agree_with_the_others() {
    on_every_instruction_set(|_| {
        let x: Vec<f64> = (0..37).map(|i| f64::from(i) * 0.3 - 5.0).collect();
        let dy: Vec<f64> = x.iter().map(|x| 1.0 - 0.1 * x).collect();
        for activation in ALL {
            let y = activate(&x, activation);
            let dx = activate_grad(&dy, &x, &y, activation).unwrap();
            let (mut value, mut gradient) = (x.clone(), dy.clone());
            activate_in_place(&mut value, activation);
            scale_by_slope(&mut gradient, if activation.needs_input() { &x } else { &y }, &y, activation);
            assert_eq!((&value[..], &gradient[..]), (&y[..], &dx[..]), "{activation:?}");
        }
    });
}
