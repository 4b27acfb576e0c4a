use super::*;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

/// Calls `check` with frames of bytes and with the numbers they stand for, made one by one: for constants of a row and of a frame,
/// with and without whitening, on every instruction set.
pub fn for_bytes_and_their_numbers<T: Element>(
    [frames, height, width, channels]: [usize; 4],
    check: impl Fn(Source<'_, T>, Source<'_, T>),
) {
    let x: Vec<u8> = (0..frames * height * width * channels).map(|i| ((i * 2654435761) >> 7 & 255) as u8).collect();
    for period in [width * channels, height * width * channels] {
        let constants = |first: f64, step: f64| -> Vec<T> {
            (0..period).map(|i| T::from_f64(first + step * (i % 97) as f64)).collect()
        };
        let (scale, offset) = (constants(0.003, 0.0001), constants(-1.0, 0.013));
        let (mean, deviation) = (constants(0.4, 0.007), constants(0.3, 0.011));
        for whitening in [None, Some([&mean[..], &deviation[..]])] {
            let number = |(i, &byte): (usize, &u8)| {
                let i = i % period;
                let scaled = T::from_f64(f64::from(byte)) * scale[i] + offset[i];
                whitening.map_or(scaled, |[mean, deviation]| (scaled - mean[i]) / deviation[i])
            };
            let numbers: Vec<T> = x.iter().enumerate().map(number).collect();
            let scaling = Scaling { scale: &scale, offset: &offset, whitening };
            on_every_instruction_set(|_| check(Source::Bytes(&x, scaling), Source::Floats(&numbers)));
        }
    }
}

#[test]
fn sources_of_bytes_give_their_numbers_bit_for_bit() {
    fn check<T: Element>() {
        for_bytes_and_their_numbers::<T>([3, 5, 7, 3], |bytes, numbers| {
            let (bytes, numbers) = (bytes.frames(105, 210), numbers.frames(105, 210));
            assert!(bytes.floats()[..] == numbers.floats()[..]);
            let row = |source: Source<'_, T>, len| {
                let mut row = vec![T::ZERO; len];
                source.read_row(3, 21, &mut row);
                row
            };
            for len in 0..=21 {
                assert!(row(bytes, len) == row(numbers, len));
            }
        });
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn constants_that_do_not_fit_the_frames_are_refused() {
    let three = [1.0f32; 3];
    let bytes = |scale, offset, whitening| Source::Bytes(&[0; 18], Scaling { scale, offset, whitening });
    let text = |source: Source<'_, f32>| source.check("test", [1, 2, 3, 3]).unwrap_err().to_string();
    assert_eq!(text(bytes(&three, &three, None)), "test: scale must be of shape [9] or [18], but got [3].");
    let nine = [1.0f32; 9];
    assert_eq!(text(bytes(&nine, &three, None)), "test: offset must be of shape [9], but got [3].");
    assert_eq!(text(bytes(&nine, &nine, Some([&nine, &three]))), "test: deviation must be of shape [9], but got [3].");
    assert_eq!(
        text(Source::Bytes(&[0], Scaling { scale: &nine, offset: &nine, whitening: None })),
        "test: x must be of shape [18], but got [1]."
    );
}

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
