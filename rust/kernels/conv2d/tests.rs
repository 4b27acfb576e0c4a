use super::*;
use crate::kernels::frames::tests::for_bytes_and_their_numbers;
use crate::parallel::{set_threads, threads};
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

fn values<T: Element>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 2654435761 + seed * 40503) >> 5 & 255) as f64 / 128.0 - 1.0)).collect()
}

/// Sums that stay on one side of zero round more than those whose terms cancel.
const SLACK: f64 = 8.0;

/// The largest difference is at most `tolerance` times what so many products may add up to.
fn assert_close<T: Element>(name: &str, got: &[T], want: &[T], terms: usize, tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want.to_f64()).abs();
        assert!(error <= SLACK * tolerance * (1.0 + terms as f64), "{name}, element {i}: {got}, expected {want}");
    }
}

fn gradients<T: Element>(g: &ConvGeometry, x: &[T], kernel: &[T], dy: &[T]) -> (Buffer<T>, Buffer<T>) {
    let (dx, dkernel) = conv2d_grad(g, Source::Floats(x), kernel, dy, Wanted { input: true, kernel: true }).unwrap();
    (dx.unwrap(), dkernel.unwrap())
}

fn matches_oracle<T: Element>(g: &ConvGeometry, epsilon: f64) {
    let x: Vec<T> = values(g.input_shape().iter().product(), 1);
    let kernel: Vec<T> = values(g.kernel_shape().iter().product(), 2);
    let bias: Vec<T> = values(g.cout, 3);
    let dy: Vec<T> = values(g.output_shape().iter().product(), 4);
    let taps = g.rows.kernel * g.cols.kernel;

    let want = naive::conv2d(g, &x, &kernel, Some(&bias));
    let got = conv2d(g, Source::Floats(&x), &kernel, Some(&bias), Activation::Linear).unwrap();
    assert_close("forward", &got, &want, taps * g.cin, epsilon);
    let relu = conv2d(g, Source::Floats(&x), &kernel, Some(&bias), Activation::Relu).unwrap();
    assert!(relu.iter().zip(&got[..]).all(|(&r, &y)| r == if y > T::ZERO { y } else { T::ZERO }));

    let (dx, dkernel) = gradients(g, &x, &kernel, &dy);
    assert_close("input", &dx, &naive::conv2d_input_grad(g, &dy, &kernel), taps * g.cout, epsilon);
    let terms = g.frames * g.rows.output * g.cols.output;
    assert_close("kernel", &dkernel, &naive::conv2d_kernel_grad(g, &x, &dy), terms, epsilon);
}

fn on_all(g: &ConvGeometry) {
    on_every_instruction_set(|_| {
        matches_oracle::<f32>(g, f64::from(f32::EPSILON));
        matches_oracle::<f64>(g, f64::EPSILON);
    });
}

proptest! {
    #![proptest_config(crate::testing::cases(60))]
    #[test]
    fn every_direction_matches_the_oracle(
        frames in 0usize..4,
        size in (1usize..15, 1usize..15),
        channels in (0usize..6, 1usize..6),
        groups in 1usize..4,
        kernel in (1usize..5, 1usize..5),
        strides in (1usize..4, 1usize..4),
        dilation in (1usize..4, 1usize..3),
        same in any::<bool>(),
    ) {
        let channels = (channels.0 * groups, channels.1 * groups);
        if let Ok(g) = ConvGeometry::new("test", frames, size, channels, kernel, strides, same, dilation, groups) {
            on_all(&g);
        }
    }

    #[test]
    fn depthwise_windows_over_edges_match_the_oracle(
        size in (1usize..15, 1usize..24),
        channels in 2usize..36,
        kernel in (1usize..6, 1usize..6),
        strides in (1usize..4, 1usize..4),
        dilation in (1usize..3, 1usize..3),
        same in any::<bool>(),
    ) {
        if let Ok(g) =
            ConvGeometry::new("test", 2, size, (channels, channels), kernel, strides, same, dilation, channels)
        {
            on_all(&g);
        }
    }

    #[test]
    fn channels_around_the_width_of_tiles_match_the_oracle(
        cin in prop::sample::select(vec![1usize, 3, 7, 8, 9, 16, 17, 33]),
        cout in prop::sample::select(vec![1usize, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 64, 65, 80]),
        width in 1usize..9,
    ) {
        on_all(&ConvGeometry::new("test", 2, (4, width + 2), (cin, cout), (3, 3), (1, 1), false, (1, 1), 1).unwrap());
    }
}

#[test]
fn channels_that_do_not_see_each_other_match_the_oracle() {
    for channels in [2, 5, 16, 17, 40] {
        for (kernel, strides, dilation) in
            [((3, 3), (1, 1), (1, 1)), ((3, 3), (2, 2), (1, 1)), ((5, 2), (1, 3), (1, 2))]
        {
            for same in [false, true] {
                let size = (13, 11);
                let channels = (channels, channels);
                on_all(
                    &ConvGeometry::new("test", 3, size, channels, kernel, strides, same, dilation, channels.0).unwrap(),
                );
            }
        }
    }
}

#[test]
fn several_bands_of_rows_join() {
    for same in [false, true] {
        let size = (37, 61);
        on_all(&ConvGeometry::new("test", 2, size, (3, 5), (3, 3), (1, 1), same, (1, 1), 1).unwrap());
        on_all(&ConvGeometry::new("test", 1, size, (2, 3), (5, 2), (2, 3), same, (1, 2), 1).unwrap());
        on_all(&ConvGeometry::new("test", 3, size, (7, 19), (1, 1), (1, 1), same, (1, 1), 1).unwrap());
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_on_neighbours() {
    for kernel in [(3, 3), (1, 1)] {
        bits_are_the_same(|frames| {
            ConvGeometry::new("test", frames, (9, 11), (3, 18), kernel, (1, 1), true, (1, 1), 1).unwrap()
        });
    }
}

fn bits_are_the_same(geometry: impl Fn(usize) -> ConvGeometry) {
    let g = geometry(70);
    on_every_instruction_set(|_| {
        let x: Vec<f32> = values(g.input_shape().iter().product(), 1);
        let kernel: Vec<f32> = values(g.kernel_shape().iter().product(), 2);
        let dy: Vec<f32> = values(g.output_shape().iter().product(), 4);
        let before = threads();
        let run = |count| {
            set_threads(count);
            let y = conv2d(&g, Source::Floats(&x), &kernel, None, Activation::Linear).unwrap();
            let (dx, dkernel) = gradients(&g, &x, &kernel, &dy);
            [y, dx, dkernel].map(|v| v.to_vec())
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(5));
        set_threads(before);
        let alone =
            conv2d(&geometry(1), Source::Floats(&x[3 * 297..4 * 297]), &kernel, None, Activation::Linear).unwrap();
        assert_eq!(alone[..], one[0][3 * alone.len()..][..alone.len()]);
    });
}

#[test]
fn bytes_have_the_bits_of_the_numbers_they_stand_for() {
    fn check<T: Element>(channels: (usize, usize), size: usize, strides: (usize, usize), same: bool, groups: usize) {
        let kernel = (size, size);
        let g = ConvGeometry::new("test", 3, (13, 11), channels, kernel, strides, same, (1, 1), groups).unwrap();
        let kernel: Vec<T> = values(g.kernel_shape().iter().product(), 2);
        let dy: Vec<T> = values(g.output_shape().iter().product(), 4);
        for_bytes_and_their_numbers(g.input_shape(), |bytes, numbers| {
            let y = |x| conv2d(&g, x, &kernel, None, Activation::Tanh).unwrap();
            assert!(y(bytes)[..] == y(numbers)[..]);
            let wanted = Wanted { input: false, kernel: true };
            let dkernel = |x| conv2d_grad(&g, x, &kernel, &dy, wanted).unwrap().1.unwrap();
            assert!(dkernel(bytes)[..] == dkernel(numbers)[..]);
        });
    }
    // Direct, in groups, depthwise, Winograd's, pointwise.
    for (channels, size, strides, groups) in [
        ((3, 17), 3, (1, 1), 1),
        ((3, 5), 3, (2, 1), 1),
        ((4, 6), 3, (1, 1), 2),
        ((3, 3), 3, (1, 1), 3),
        ((16, 16), 3, (1, 1), 1),
        ((3, 17), 1, (1, 1), 1),
    ] {
        for same in [false, true] {
            check::<f32>(channels, size, strides, same, groups);
            check::<f64>(channels, size, strides, same, groups);
        }
    }
}

#[test]
fn relu_keeps_nan() {
    let g = ConvGeometry::new("test", 1, (1, 1), (1, 9), (1, 1), (1, 1), false, (1, 1), 1).unwrap();
    on_every_instruction_set(|_| {
        let y = conv2d(&g, Source::Floats(&[f32::NAN]), &[1.0; 9], None, Activation::Relu).unwrap();
        assert!(y.iter().all(|v| v.is_nan()));
    });
}

#[test]
fn wrong_arguments_are_refused() {
    let geometry = |groups, size| ConvGeometry::new("conv2d", 1, size, (4, 6), (3, 3), (1, 1), false, (1, 1), groups);
    let text = geometry(4, (8, 8)).unwrap_err().to_string();
    assert_eq!(text, "conv2d: groups must be a divisor of the 4 input and 6 output channels, but got 4.");
    let text = geometry(1, (8, 2)).unwrap_err().to_string();
    assert_eq!(text, "conv2d: input must be at least 3 along the width for a window of 3 (dilation 1), but got 2.");
    let g = geometry(2, (8, 8)).unwrap();
    let error = conv2d(&g, Source::Floats(&[0.0f32; 3]), &[0.0; 108], None, Activation::Linear).err().unwrap();
    assert_eq!(error.to_string(), "conv2d: x must be of shape [256], but got [3].");
}
