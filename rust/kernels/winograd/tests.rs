use super::transforms::{self, Input, InputAdjoint, KernelAdjoint, Output, OutputAdjoint, Transform};
use super::*;
use crate::kernels::conv2d::{self, Wanted, naive};
use crate::kernels::gemm::tests::numbers;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch, on_every_instruction_set};
use proptest::prelude::*;

type F64<S> = <f64 as Element>::Vector<S>;

fn load<S: Simd, const N: usize>(x: &[f64]) -> [F64<S>; N] {
    std::array::from_fn(|i| F64::<S>::splat(x[i]))
}

fn lane<V: Vector<Elem = f64>, const N: usize>(vectors: [V; N]) -> [f64; N] {
    vectors.map(|v| v.to_array()[0])
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// One line of numbers through every transform.
struct Transforms {
    x: Vec<f64>,
    y: Vec<f64>,
    w: Vec<f64>,
}

impl Kernel for Transforms {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { x, y, w } = self;
        let (fx, fw) = (lane(Input::line(load::<S, INPUT>(&x))), lane(transforms::Kernel::line(load::<S, TAPS>(&w))));
        let product: Vec<f64> = fx.iter().zip(fw).map(|(a, b)| a * b).collect();
        let outputs = lane(Output::line(load::<S, INPUT>(&product)));
        for (i, got) in outputs.iter().enumerate() {
            assert!((got - dot(&x[i..], &w)).abs() < 1e-14, "output {i}");
        }
        let adjoint = |forward: &[f64], gradient: &[f64], from: &[f64], back: &[f64]| {
            assert!((dot(forward, gradient) - dot(from, back)).abs() < 1e-13);
        };
        adjoint(&fx, &y, &x, &lane(InputAdjoint::line(load::<S, INPUT>(&y))));
        adjoint(&fw, &y, &w, &lane(KernelAdjoint::line(load::<S, INPUT>(&y))));
        adjoint(&lane(Output::line(load::<S, INPUT>(&x))), &y, &x, &lane(OutputAdjoint::line(load::<S, OUTPUT>(&y))));
    }
}

#[test]
fn transforms_make_a_convolution_and_have_their_adjoints() {
    for seed in 0..20 {
        let numbers = |count, kind: u64| numbers::<f64>(count, 3 * seed + kind);
        dispatch(Transforms { x: numbers(INPUT, 0), y: numbers(INPUT, 1), w: numbers(TAPS, 2) });
    }
}

pub fn geometry(frames: usize, size: (usize, usize), channels: (usize, usize), same: bool) -> ConvGeometry {
    ConvGeometry::new("test", frames, size, channels, (3, 3), (1, 1), same, (1, 1), 1).unwrap()
}

pub fn relative_l2<T: Element>(got: &[T], want: &[f64]) -> f64 {
    let error: f64 = got.iter().zip(want).map(|(g, w)| (g.to_f64() - w).powi(2)).sum();
    let size: f64 = want.iter().map(|w| w * w).sum();
    (error / size.max(f64::MIN_POSITIVE)).sqrt()
}

/// Errors of outputs, input gradients and kernel gradients against the oracle in double precision.
fn errors<T: Element>(g: &ConvGeometry) -> [f64; 3] {
    let narrow = |v: &[f64]| v.iter().map(|&v| T::from_f64(f64::from(v as f32))).collect::<Vec<T>>();
    let wide = |v: &[T]| v.iter().map(|v| v.to_f64()).collect::<Vec<f64>>();
    let x = narrow(&numbers::<f64>(g.input_shape().iter().product(), 1));
    let kernel = narrow(&numbers::<f64>(g.kernel_shape().iter().product(), 2));
    let bias = narrow(&numbers::<f64>(g.cout, 3));
    let dy = narrow(&numbers::<f64>(g.output_shape().iter().product(), 4));
    let epilogue = crate::kernels::epilogue::Epilogue { bias: Some(&bias), relu: false };
    let y = conv2d::winograd::conv2d(g, &x, &Frequencies::new(&kernel, g.cin, g.cout), epilogue);
    let wanted = Wanted { input: true, kernel: true };
    let (dx, dkernel) = conv2d::winograd::gradients(g, &x, &kernel, &dy, wanted);
    let (x, kernel, bias, dy) = (wide(&x), wide(&kernel), wide(&bias), wide(&dy));
    [
        relative_l2(&y, &naive::conv2d(g, &x, &kernel, Some(&bias))),
        relative_l2(&dx.unwrap(), &naive::conv2d_input_grad(g, &dy, &kernel)),
        relative_l2(&dkernel.unwrap(), &naive::conv2d_kernel_grad(g, &x, &dy)),
    ]
}

fn matches_oracle(g: &ConvGeometry) {
    on_every_instruction_set(|set| {
        for (error, what) in errors::<f64>(g).into_iter().zip(["y", "dx", "dkernel"]) {
            assert!(error < 1e-13, "{what} of {g:?} on {}: {error:e}", set.name());
        }
        for (error, (what, bound)) in errors::<f32>(g).into_iter().zip([("y", 2e-6), ("dx", 2e-6), ("dkernel", 5e-6)]) {
            assert!(error < bound, "{what} of {g:?} on {}: {error:e}", set.name());
        }
    });
}

proptest! {
    #![proptest_config(crate::testing::cases(40))]
    #[test]
    fn every_direction_matches_the_oracle(
        frames in 0usize..6,
        size in (3usize..15, 3usize..15),
        cin in prop::sample::select(vec![1usize, 3, 7, 16, 17, 33]),
        cout in prop::sample::select(vec![1usize, 4, 15, 16, 17, 64, 65]),
        same in any::<bool>(),
    ) {
        matches_oracle(&geometry(frames, size, (cin, cout), same));
    }
}

#[test]
fn transformed_kernels_are_kept_while_they_do_not_change() {
    on_every_instruction_set(|_| {
        let mut kernel = numbers::<f32>(9 * 16 * 16, 1);
        let first = transformed(&kernel, 16, 16);
        assert!(std::sync::Arc::ptr_eq(&first, &transformed(&kernel, 16, 16)));
        kernel[688] += 1.0;
        let second = transformed(&kernel, 16, 16);
        assert_ne!(first.block(0, 7), second.block(0, 7));
        kernel[688] -= 1.0;
        assert_eq!(transformed(&kernel, 16, 16).block(0, 7), first.block(0, 7));
    });
}

#[test]
fn frames_smaller_than_the_kernel_match_the_oracle_with_padding() {
    for size in [(1, 1), (1, 5), (2, 2), (5, 1)] {
        matches_oracle(&geometry(3, size, (16, 16), true));
    }
}

#[test]
fn many_channels_stay_within_the_error_bounds() {
    matches_oracle(&geometry(2, (10, 10), (512, 32), false));
    matches_oracle(&geometry(2, (10, 10), (32, 512), true));
}

#[test]
fn rows_that_tiles_see_hold_all_of_their_inputs() {
    for (size, same) in [((9, 12), false), ((9, 12), true), ((4, 30), true), ((17, 5), true)] {
        let g = ConvGeometry::new("test", 3, size, (4, 4), (3, 3), (1, 1), same, (1, 1), 1).unwrap();
        let tiling = Tiling::new(g, (g.rows.output, g.cols.output));
        for first in 0..tiling.count() {
            for count in [1, 2, 5, tiling.count()] {
                let seen = tiling.rows_seen(first, count);
                assert!(seen.end <= g.input_shape().iter().product());
                for tile in first..tiling.count().min(first + count) {
                    let inputs = tiling.inputs(tiling.place(tile));
                    let corners = [(inputs.rows.start, inputs.cols.start), (inputs.rows.end - 1, inputs.cols.end - 1)];
                    assert!(corners.iter().all(|&(i, j)| seen.contains(&tiling.element(&inputs, i, j))));
                }
            }
        }
        assert!(tiling.rows_seen(tiling.count(), 3).is_empty() && tiling.rows_seen(0, 0).is_empty());
    }
}
