use super::*;
use crate::geometry::PoolGeometry;
use crate::memory::Buffer;
use crate::simd::{Element, on_every_instruction_set};
use proptest::prelude::*;

/// Values with many ties.
fn values<T: Element>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 2654435761 + seed * 40503) >> 7 & 15) as f64 - 8.0)).collect()
}

fn assert_close<T: Element>(got: &[T], want: impl IntoIterator<Item = f64>, tolerance: f64) {
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want).abs();
        assert!(error <= tolerance * want.abs().max(1.0), "element {i}: {got}, expected {want}");
    }
}

fn matches_oracle<T: Element>(g: &PoolGeometry, epsilon: f64) {
    let x: Vec<T> = values(g.input_shape().iter().product(), 1);
    let dy: Vec<T> = values(g.output_shape().iter().product(), 2);
    let (want, want_positions) = naive::max_pool2d(g, &x);

    let (y, positions): (Buffer<T>, Buffer<u8>) = max_pool2d(g, &x).unwrap();
    assert_eq!(y[..], want[..]);
    assert!(positions.iter().zip(&want_positions[..]).all(|(&got, &want)| i32::from(got) == want));
    let (wide_y, wide): (Buffer<T>, Buffer<i32>) = max_pool2d(g, &x).unwrap();
    assert_eq!(wide_y[..], want[..]);
    assert_eq!(wide[..], want_positions[..]);

    let want = naive::max_pool2d_grad(g, &dy, &want_positions);
    assert_close(&max_pool2d_grad(g, &dy, &positions).unwrap(), want.iter().map(|v| v.to_f64()), epsilon);
    assert_close(&max_pool2d_grad(g, &dy, &wide).unwrap(), want.iter().map(|v| v.to_f64()), epsilon);

    let want = naive::average_pool2d(g, &x);
    assert_close(&average_pool2d(g, &x).unwrap(), want.iter().map(|v| v.to_f64()), 4.0 * epsilon);
    let tolerance = 8.0 * epsilon * (g.rows.kernel * g.cols.kernel) as f64;
    assert_close(&average_pool2d_grad(g, &dy).unwrap(), naive::average_pool2d_grad(g, &dy), tolerance);
}

fn global_matches_oracle<T: Element>(frames: usize, (h, w): (usize, usize), channels: usize, epsilon: f64) {
    let shape = [frames, h, w, channels];
    let g = PoolGeometry::new("test", frames, (h, w), channels, (h, w), (1, 1), false).unwrap();
    let x: Vec<T> = values(frames * h * w * channels, 3);
    let dy: Vec<T> = values(frames * channels, 4);
    let (want, want_positions) = naive::max_pool2d(&g, &x);
    let (y, positions) = global_max_pool2d(shape, &x).unwrap();
    assert_eq!(y[..], want[..]);
    assert_eq!(positions[..], want_positions[..]);
    let dx = global_max_pool2d_grad(shape, &dy, &positions).unwrap();
    assert_eq!(dx[..], naive::max_pool2d_grad(&g, &dy, &want_positions)[..]);
    let want = naive::average_pool2d(&g, &x);
    let tolerance = epsilon * (h * w) as f64;
    assert_close(&global_average_pool2d(shape, &x).unwrap(), want.iter().map(|v| v.to_f64()), tolerance);
    assert_close(&global_average_pool2d_grad(shape, &dy).unwrap(), naive::average_pool2d_grad(&g, &dy), 4.0 * epsilon);
}

proptest! {
    #![proptest_config(crate::testing::cases(40))]

    #[test]
    fn windows_match_the_oracle(
        frames in 0usize..4,
        size in (1usize..14, 1usize..14),
        channels in prop::sample::select(vec![0usize, 1, 3, 4, 7, 8, 9, 16, 17]),
        pool in (1usize..5, 1usize..5),
        strides in (1usize..4, 1usize..4),
        same in any::<bool>(),
    ) {
        if let Ok(g) = PoolGeometry::new("test", frames, size, channels, pool, strides, same) {
            on_every_instruction_set(|_| {
                matches_oracle::<f32>(&g, f64::from(f32::EPSILON));
                matches_oracle::<f64>(&g, f64::EPSILON);
            });
        }
    }

    #[test]
    fn whole_frames_match_the_oracle(
        frames in 0usize..4,
        size in (1usize..12, 1usize..12),
        channels in prop::sample::select(vec![1usize, 3, 8, 17]),
    ) {
        on_every_instruction_set(|_| {
            global_matches_oracle::<f32>(frames, size, channels, f64::from(f32::EPSILON));
            global_matches_oracle::<f64>(frames, size, channels, f64::EPSILON);
        });
    }
}

#[test]
fn nan_and_negative_infinity_go_through() {
    let g = PoolGeometry::new("test", 1, (2, 2), 3, (2, 2), (2, 2), false).unwrap();
    let (low, nan) = (f32::NEG_INFINITY, f32::NAN);
    let x = [low, 1.0, nan, low, nan, 2.0, low, 5.0, nan, low, 4.0, 3.0];
    on_every_instruction_set(|_| {
        let (y, argmax): (_, Buffer<u8>) = max_pool2d(&g, &x).unwrap();
        assert_eq!(y[0], low);
        assert!(y[1].is_nan() && y[2].is_nan());
        assert_eq!(argmax[0], 0);
        assert_eq!(argmax[1], 1);
    });
}

#[test]
fn arrays_of_the_wrong_size_are_refused() {
    let g = PoolGeometry::new("test", 1, (4, 4), 1, (2, 2), (2, 2), false).unwrap();
    let error = average_pool2d(&g, &[1.0f32]).err().unwrap();
    assert_eq!(error.to_string(), "average_pool2d: x must be of shape [16], but got [1].");
    let error = global_average_pool2d([1, 0, 3, 1], &[0.0f32; 0]);
    assert!(error.is_err());
}
