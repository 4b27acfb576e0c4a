use super::*;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

fn check<T: Element>(x: &[u8], p: usize, epsilon: f64) {
    let scale: Vec<T> = (0..p).map(|i| T::from_f64(1.0 / (i + 1) as f64)).collect();
    let offset: Vec<T> = (0..p).map(|i| T::from_f64(i as f64 * 0.1 - 1.0)).collect();
    let wide = |values: &[T]| values.iter().map(|v| v.to_f64()).collect::<Vec<_>>();
    let y = frames_to_float(x, &scale, &offset).unwrap();
    assert_eq!(y.len(), x.len());
    for (got, want) in y.iter().zip(naive::frames_to_float(x, &wide(&scale), &wide(&offset))) {
        assert!((got.to_f64() - want).abs() <= (600.0 + want.abs()) * epsilon, "{got} {want}");
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(24))]
    #[test]
    fn bytes_become_the_oracles_numbers(
        x in prop::collection::vec(any::<u8>(), 0..500),
        p in prop_oneof![1usize..5, 60usize..70, Just(500usize)],
    ) {
        on_every_instruction_set(|_| {
            check::<f32>(&x, p, f64::from(f32::EPSILON));
            check::<f64>(&x, p, f64::EPSILON);
        });
    }
}

#[test]
fn chunks_start_at_the_first_position() {
    let x: Vec<u8> = (0..200_000).map(|i| (i % 251) as u8).collect();
    check::<f32>(&x, 3, f64::from(f32::EPSILON));
    check::<f32>(&x, 50_000, f64::from(f32::EPSILON));
}

#[test]
fn parameters_that_do_not_match_are_refused() {
    let text = frames_to_float::<f32>(&[1], &[], &[]).err().unwrap().to_string();
    assert_eq!(text, "frames_to_float: scale must be not empty, but got 0.");
    let text = frames_to_float(&[1], &[1.0f32, 2.0], &[1.0]).err().unwrap().to_string();
    assert_eq!(text, "frames_to_float: offset must be of shape [2], but got [1].");
}
