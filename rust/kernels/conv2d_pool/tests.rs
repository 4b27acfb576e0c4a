use super::*;
use crate::kernels::conv2d::naive as conv;
use crate::kernels::frames::tests::for_bytes_and_their_numbers;
use crate::parallel::{set_threads, threads};
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

fn values<T: Element>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64(((i * 2654435761 + seed * 40503) >> 5 & 1023) as f64 / 512.0 - 1.0)).collect()
}

/// Sums that stay on one side of zero round more than those whose terms cancel.
const SLACK: f64 = 8.0;

fn assert_close<T: Element>(name: &str, got: &[T], want: &[T], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let error = (got.to_f64() - want.to_f64()).abs();
        assert!(error <= SLACK * tolerance, "{name}, element {i}: {got}, expected {want}");
    }
}

fn matches_oracle<T: Element>(g: &PooledConvGeometry, activation: Activation, epsilon: f64) {
    let relu = activation == Activation::Relu;
    let x: Vec<T> = values(g.conv.input_shape().iter().product(), 1);
    let kernel: Vec<T> = values(g.conv.kernel_shape().iter().product(), 2);
    let bias: Vec<T> = values(g.conv.cout, 3);
    let terms = 1.0 + (g.conv.rows.kernel * g.conv.cols.kernel * g.conv.cin.max(g.conv.cout)) as f64;

    let (want, _) = naive::forward(g, &x, &kernel, Some(&bias), relu);
    let (y, argmax) = conv2d_pool(g, Source::Floats(&x), &kernel, Some(&bias), activation).unwrap();
    assert_close("forward", &y, &want, terms * epsilon);

    // The same algorithm without pooling has the same bits, so positions can be compared too.
    let prepared = Prepared::new(g.algorithm::<T>(), &g.conv, &kernel);
    let full = conv2d::compute(&g.conv, Source::Floats(&x), &prepared, Some(&bias), activation);
    let (plain, positions) = pool2d::max_pool2d::<T, u8>(&g.pool, &full).unwrap();
    assert_eq!(y[..], plain[..]);
    let same = |(i, &a): (usize, &u8)| if a == DEAD { relu && y[i] == T::ZERO } else { a == positions[i] };
    assert!(argmax.iter().enumerate().all(same));

    let dy: Vec<T> = values(y.len(), 4);
    let full = naive::expand(g, &dy, &argmax);
    let got = conv2d_pool_grad(g, &dy, &argmax, Source::Floats(&x), &kernel, true).unwrap();
    assert_close("dx", &got.dx.unwrap(), &conv::conv2d_input_grad(&g.conv, &full, &kernel), terms * epsilon);
    let terms = 1.0 + y.len() as f64;
    assert_close("dkernel", &got.dkernel, &conv::conv2d_kernel_grad(&g.conv, &x, &full), terms * epsilon);
    let mut sums = vec![0.0; g.conv.cout];
    full.iter().enumerate().for_each(|(i, v)| sums[i % g.conv.cout] += v.to_f64());
    let sums: Vec<T> = sums.into_iter().map(T::from_f64).collect();
    assert_close("dbias", &got.dbias, &sums, terms * epsilon);
    let other = conv2d_pool_grad(g, &dy, &argmax, Source::Floats(&x), &kernel, false).unwrap();
    assert!(other.dx.is_none());
    assert_close("dkernel without dx", &other.dkernel, &got.dkernel, 2.0 * terms * epsilon);
    assert_close("dbias without dx", &other.dbias, &sums, terms * epsilon);
}

fn on_all(g: &PooledConvGeometry) {
    for activation in [Activation::Relu, Activation::Linear] {
        on_every_instruction_set(|_| {
            matches_oracle::<f32>(g, activation, f64::from(f32::EPSILON));
            matches_oracle::<f64>(g, activation, f64::EPSILON);
        });
    }
}

#[test]
fn bytes_have_the_bits_of_the_numbers_they_stand_for() {
    // Dense and sparse backward, groups, depthwise, Winograd's; pooled in registers and from a scratch.
    for (channels, size, pool, groups) in [
        ((3, 17), 3, (2, 2), 1),
        ((3, 17), 5, (2, 2), 1),
        ((4, 6), 3, (3, 2), 2),
        ((3, 3), 3, (2, 2), 3),
        ((16, 16), 3, (2, 2), 1),
    ] {
        for same in [false, true] {
            let conv =
                ConvGeometry::new("test", 3, (13, 15), channels, (size, size), (1, 1), same, (1, 1), groups).unwrap();
            let g = PooledConvGeometry::new("test", conv, pool).unwrap();
            let kernel: Vec<f32> = values(conv.kernel_shape().iter().product(), 2);
            let dy: Vec<f32> = values(g.pool.output_shape().iter().product(), 4);
            for_bytes_and_their_numbers(conv.input_shape(), |bytes, numbers| {
                let pooled = |x| conv2d_pool(&g, x, &kernel, None, Activation::Relu).unwrap();
                let ((y, argmax), (expected, positions)) = (pooled(bytes), pooled(numbers));
                assert!(y[..] == expected[..] && argmax[..] == positions[..]);
                let gradients = |x| conv2d_pool_grad(&g, &dy, &argmax, x, &kernel, false).unwrap();
                let (got, expected) = (gradients(bytes), gradients(numbers));
                assert!(got.dkernel[..] == expected.dkernel[..] && got.dbias[..] == expected.dbias[..]);
            });
        }
    }
}

#[test]
fn windows_of_any_size_go_behind_kernels_that_others_would_give_to_winograd() {
    for (channels, pool) in [((1, 1), (1, 1)), ((3, 5), (3, 2)), ((16, 17), (1, 3))] {
        let conv = ConvGeometry::new("test", 2, (9, 12), channels, (3, 3), (1, 1), true, (1, 1), 1).unwrap();
        on_all(&PooledConvGeometry::new("test", conv, pool).unwrap());
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(40))]
    #[test]
    fn both_directions_match_the_oracle(
        frames in 0usize..4,
        size in (2usize..15, 2usize..15),
        channels in (1usize..6, 1usize..6),
        groups in 1usize..3,
        kernel in (1usize..5, 1usize..5),
        strides in (1usize..3, 1usize..3),
        dilation in (1usize..3, 1usize..3),
        same in any::<bool>(),
        pool in (1usize..4, 1usize..4),
    ) {
        let channels = (channels.0 * groups, channels.1 * groups);
        let conv = ConvGeometry::new("test", frames, size, channels, kernel, strides, same, dilation, groups);
        if let Ok(g) = conv.and_then(|conv| PooledConvGeometry::new("test", conv, pool)) {
            on_all(&g);
        }
    }

    #[test]
    fn channels_around_the_width_of_vectors_match_the_oracle(
        cin in prop::sample::select(vec![1usize, 2, 3, 5, 8, 11, 16, 32, 33]),
        cout in prop::sample::select(vec![1usize, 7, 8, 9, 16, 17, 32, 33, 65]),
        width in 2usize..9,
        same in any::<bool>(),
    ) {
        let conv = ConvGeometry::new("test", 3, (7, width + 2), (cin, cout), (3, 3), (1, 1), same, (1, 1), 1).unwrap();
        on_all(&PooledConvGeometry::new("test", conv, (2, 2)).unwrap());
    }
}

#[test]
fn bands_and_groups_of_frames_join_with_the_same_bits_on_any_threads() {
    let conv = ConvGeometry::new("test", 37, (23, 40), (4, 18), (3, 3), (1, 1), true, (1, 1), 1).unwrap();
    let g = PooledConvGeometry::new("test", conv, (2, 2)).unwrap();
    on_every_instruction_set(|_| {
        let x: Vec<f32> = values(conv.input_shape().iter().product(), 1);
        let kernel: Vec<f32> = values(conv.kernel_shape().iter().product(), 2);
        let dy: Vec<f32> = values(g.pool.output_shape().iter().product(), 3);
        let before = threads();
        let run = |count| {
            set_threads(count);
            let (y, argmax) = conv2d_pool(&g, Source::Floats(&x), &kernel, None, Activation::Relu).unwrap();
            let grads = conv2d_pool_grad(&g, &dy, &argmax, Source::Floats(&x), &kernel, true).unwrap();
            (y.to_vec(), argmax.to_vec(), grads.dx.unwrap().to_vec(), grads.dkernel.to_vec(), grads.dbias.to_vec())
        };
        let one = run(1);
        assert!(one == run(2) && one == run(3));
        set_threads(before);
    });
    let conv = ConvGeometry { frames: 1, ..conv };
    on_all(&PooledConvGeometry::new("test", conv, (2, 2)).unwrap());
}

#[test]
fn bands_and_blocks_of_channels_match_the_oracle() {
    // Several bands of either gradient, blocks of channels in, more channels out than a list takes at a time; rows apart.
    for (channels, size, strides, dilation) in [
        ((32, 66), (24, 60), (1, 1), (1, 1)),
        ((16, 130), (21, 30), (2, 1), (1, 1)),
        ((16, 17), (19, 11), (1, 2), (2, 1)),
    ] {
        for same in [false, true] {
            let conv = ConvGeometry::new("test", 2, size, channels, (3, 3), strides, same, dilation, 1).unwrap();
            let g = PooledConvGeometry::new("test", conv, (2, 2)).unwrap();
            assert!(blocked::applies::<f32>(&g));
            on_all(&g);
        }
    }
}

#[test]
fn lists_agree_with_winograd() {
    let conv = ConvGeometry::new("test", 4, (18, 18), (64, 64), (3, 3), (1, 1), false, (1, 1), 1).unwrap();
    let g = PooledConvGeometry::new("test", conv, (2, 2)).unwrap();
    let x: Vec<f32> = values(conv.input_shape().iter().product(), 1);
    let kernel: Vec<f32> = values(conv.kernel_shape().iter().product(), 2);
    let len: usize = g.pool.output_shape().iter().product();
    let dy: Vec<f32> = values(len, 3);
    on_every_instruction_set(|_| {
        for alive in [0, 5, 8] {
            let argmax: Vec<u8> = (0..len).map(|i| if i % 8 < alive { (i / 8 % 4) as u8 } else { DEAD }).collect();
            let tiles = winograd::backward(&g, &dy, &argmax, &x, &kernel, true);
            let listed = blocked::backward(&g, &dy, &argmax, Source::Floats(&x), &kernel, true);
            assert_close("dx", &listed.dx.unwrap(), &tiles.dx.unwrap(), 1e-4);
            assert_close("dkernel", &listed.dkernel, &tiles.dkernel, 1e-4);
            assert_close("dbias", &listed.dbias, &tiles.dbias, 1e-4);
        }
    });
}

#[test]
fn nan_goes_through_relu_and_pooling() {
    let conv = ConvGeometry::new("test", 1, (2, 2), (1, 1), (1, 1), (1, 1), false, (1, 1), 1).unwrap();
    let g = PooledConvGeometry::new("test", conv, (2, 2)).unwrap();
    on_every_instruction_set(|_| {
        let (y, argmax) =
            conv2d_pool(&g, Source::Floats(&[1.0f32, f32::NAN, 5.0, 2.0]), &[1.0], None, Activation::Relu).unwrap();
        assert!(y[0].is_nan());
        assert_eq!(argmax[0], 1);
    });
}

#[test]
fn wrong_arguments_are_refused() {
    let conv = ConvGeometry::new("test", 1, (20, 20), (1, 1), (1, 1), (1, 1), false, (1, 1), 1).unwrap();
    let text = PooledConvGeometry::new("conv2d_pool", conv, (16, 16)).unwrap_err().to_string();
    assert_eq!(text, "conv2d_pool: pool must be a window of fewer than 255 positions, but got (16, 16).");
    let g = PooledConvGeometry::new("test", conv, (10, 10)).unwrap();
    let error = conv2d_pool(&g, Source::Floats(&[0.0f32; 400]), &[1.0], None, Activation::Gelu).err().unwrap();
    assert_eq!(error.to_string(), "conv2d_pool: activation must be LINEAR or RELU, but got Gelu.");
    let error = conv2d_pool_grad(&g, &[0.0f32; 4], &[100; 4], Source::Floats(&[0.0; 400]), &[1.0], true).err().unwrap();
    assert_eq!(error.to_string(), "conv2d_pool_grad: argmax must be positions inside the pooling window, but got 100.");
}
