use super::*;
use crate::kernels::conv2d::winograd as conv;
use crate::kernels::conv2d::{forward as direct, naive};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::gemm::tests::numbers;
use crate::kernels::winograd::tests::{geometry, relative_l2};
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

/// Errors of outputs and kernel gradients against the oracle in double precision.
fn errors<T: Element>(g: &ConvGeometry) -> [f64; 2] {
    let narrow = |v: &[f64]| v.iter().map(|&v| T::from_f64(f64::from(v as f32))).collect::<Vec<T>>();
    let wide = |v: &[T]| v.iter().map(|v| v.to_f64()).collect::<Vec<f64>>();
    let x = narrow(&numbers::<f64>(g.input_shape().iter().product(), 1));
    let kernel = narrow(&numbers::<f64>(g.kernel_shape().iter().product(), 2));
    let bias = narrow(&numbers::<f64>(g.cout, 3));
    let dy = narrow(&numbers::<f64>(g.output_shape().iter().product(), 4));
    let epilogue = Epilogue { bias: Some(&bias), relu: false };
    let y = conv::conv2d_vertical(g, Source::Floats(&x), &Weights::new(&kernel, g.cin, g.cout), epilogue);
    let dkernel = conv::kernel_gradient_vertical(g, Source::Floats(&x), &dy);
    let (x, kernel, bias, dy) = (wide(&x), wide(&kernel), wide(&bias), wide(&dy));
    [
        relative_l2(&y, &naive::conv2d(g, &x, &kernel, Some(&bias))),
        relative_l2(&dkernel, &naive::conv2d_kernel_grad(g, &x, &dy)),
    ]
}

fn matches_oracle(g: &ConvGeometry) {
    on_every_instruction_set(|set| {
        for (error, what) in errors::<f64>(g).into_iter().zip(["y", "dkernel"]) {
            assert!(error < 1e-13, "{what} of {g:?} on {}: {error:e}", set.name());
        }
        for (error, (what, bound)) in errors::<f32>(g).into_iter().zip([("y", 2e-6), ("dkernel", 5e-6)]) {
            assert!(error < bound, "{what} of {g:?} on {}: {error:e}", set.name());
        }
    });
}

proptest! {
    #![proptest_config(crate::testing::cases(40))]
    #[test]
    fn both_directions_match_the_oracle(
        frames in 0usize..6,
        size in (4usize..15, 4usize..15),
        cin in 1usize..17,
        cout in prop::sample::select(vec![1usize, 4, 15, 16, 17, 33, 65]),
        same in any::<bool>(),
    ) {
        matches_oracle(&geometry(frames, size, (cin, cout), same));
    }
}

#[test]
fn wide_frames_take_several_panels() {
    matches_oracle(&geometry(2, (9, 150), (3, 32), true));
}

#[test]
fn errors_stay_within_four_times_those_of_the_direct_algorithm() {
    for cin in [1, 3, 8, 15] {
        let g = geometry(1, (34, 34), (cin, 32), false);
        let x = numbers::<f32>(g.input_shape().iter().product(), 1);
        let kernel = numbers::<f32>(g.kernel_shape().iter().product(), 2);
        let wide = |v: &[f32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let want = naive::conv2d(&g, &wide(&x), &wide(&kernel), None);
        on_every_instruction_set(|set| {
            let epilogue = || Epilogue { bias: None, relu: false };
            let y = conv::conv2d_vertical(&g, Source::Floats(&x), &Weights::new(&kernel, g.cin, g.cout), epilogue());
            let packed = direct::pack(&g, &direct::taps(&g, &Plane::of_input(&g)), &kernel);
            let other = direct::conv2d(&g, Source::Floats(&x), &packed, epilogue());
            let (error, bound) = (relative_l2(&y, &want), 4.0 * relative_l2(&other, &want));
            assert!(error <= bound, "{cin} channels on {}: {error:e}, direct times four {bound:e}", set.name());
        });
    }
}
