use super::*;
use crate::kernels::activate::Activation;
use crate::kernels::optimizers::{Adam, Weights, update, weight_decay};
use crate::parallel;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

/// Numbers between -1 and 1 that repeat for a seed.
pub fn numbers<T: Element>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            T::from_f64((state >> 33) as f64 / f64::from(1u32 << 30) - 1.0)
        })
        .collect()
}

fn product<T: Element>(shape: Matmul, a: &[T], b: &[T]) -> Vec<T> {
    let mut c = vec![T::from_f64(f64::NAN); shape.batch * shape.rows * shape.columns];
    matmul(shape, LEAF, a, b, &mut c);
    c
}

fn operands<T: Element>(shape: Matmul) -> (Vec<T>, Vec<T>) {
    let Matmul { batch, rows, inner, columns, .. } = shape;
    (numbers(batch * rows * inner, 1), numbers(batch * inner * columns, 2))
}

fn matches_oracle<T: Element>(shape: Matmul, epsilon: f64) {
    let (a, b) = operands::<T>(shape);
    let (got, want) = (product(shape, &a, &b), naive::matmul(shape, &a, &b));
    let tolerance = epsilon * (shape.inner as f64 + 8.0);
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got.to_f64() - want.to_f64()).abs() <= tolerance, "{shape:?}: element {i} is {got}, not {want}");
    }
}

fn check(shape: Matmul) {
    on_every_instruction_set(|_| {
        matches_oracle::<f32>(shape, f64::from(f32::EPSILON));
        matches_oracle::<f64>(shape, f64::EPSILON);
    });
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0usize..4, 4usize..40, Just(64), Just(97), Just(131)]
}

proptest! {
    #![proptest_config(crate::testing::cases(64))]
    #[test]
    fn products_match_the_oracle(
        batch in 1usize..4, rows in length(), inner in length(), columns in length(),
        transpose_a in any::<bool>(), transpose_b in any::<bool>(),
    ) {
        check(Matmul { batch, rows, inner, columns, transpose_a, transpose_b });
    }
}

const TRANSPOSES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[test]
fn long_sums_match_the_oracle() {
    for (transpose_a, transpose_b) in TRANSPOSES {
        for (rows, inner, columns) in [(3, 2500, 5), (64, 1100, 70), (70, 1025, 20), (1, 1030, 1), (200, 600, 9)] {
            check(Matmul { batch: 1, rows, inner, columns, transpose_a, transpose_b });
        }
    }
}

/// Every row of a product of many rows has the bits of the product of that row alone.
fn rows_stand_alone<T: Element>(rows: usize, inner: usize, columns: usize, transpose_b: bool) {
    let shape = Matmul { batch: 1, rows, inner, columns, transpose_a: false, transpose_b };
    let (a, b) = operands::<T>(shape);
    let whole = product(shape, &a, &b);
    for count in [1, 2, 3, 5, 7, 13, 40] {
        for first in (0..rows).step_by(rows / 3 + 1) {
            let count = count.min(rows - first);
            let part = product(Matmul { rows: count, ..shape }, &a[first * inner..(first + count) * inner], &b);
            assert_eq!(part, whole[first * columns..(first + count) * columns], "rows {first}..{}", first + count);
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_rows() {
    on_every_instruction_set(|_| {
        for transpose_b in [false, true] {
            for (rows, inner, columns) in
                [(70, 2100, 33), (45, 50, 300), (61, 200, 140), (130, 300, 16), (33, 1024, 1), (290, 40, 70)]
            {
                rows_stand_alone::<f32>(rows, inner, columns, transpose_b);
                rows_stand_alone::<f64>(rows, inner, columns, transpose_b);
            }
        }
    });
}

#[test]
fn a_factor_that_comes_from_memory_gives_the_same_sums() {
    let shape = Matmul { batch: 1, rows: 13, inner: 2100, columns: 1030, transpose_a: false, transpose_b: false };
    on_every_instruction_set(|_| {
        matches_oracle::<f32>(shape, f64::from(f32::EPSILON));
        rows_stand_alone::<f32>(shape.rows, shape.inner, shape.columns, false);
    });
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let before = parallel::threads();
    on_every_instruction_set(|_| {
        for (transpose_a, transpose_b) in TRANSPOSES {
            for (rows, inner, columns) in [(5, 3000, 20), (64, 700, 130), (300, 900, 40), (17, 4100, 64)] {
                let shape = Matmul { batch: 2, rows, inner, columns, transpose_a, transpose_b };
                let (a, b) = operands::<f32>(shape);
                let run = |threads| {
                    parallel::set_threads(threads);
                    product(shape, &a, &b)
                };
                let one = run(1);
                for threads in [2, 3, 8] {
                    assert!(run(threads) == one, "{shape:?} on {threads} threads");
                }
            }
        }
    });
    parallel::set_threads(before);
}

/// The tree over groups of rows as a recursion: what the blocked code must reproduce bit by bit.
fn tree(leaves: &[f64]) -> f64 {
    match leaves {
        [] => 0.0,
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            tree(left) + tree(right)
        }
    }
}

#[test]
fn sums_over_rows_follow_the_tree() {
    on_every_instruction_set(|set| {
        for rows in [1, 15, 16, 17, 48, 250, 256, 257, 1000, 5 * 256 + 40] {
            for (leaf, columns) in [(LEAF, 1), (LEAF, 200), (64, 200), (20, 33), (250, 1)] {
                let shape = Matmul { batch: 1, rows: 7, inner: rows, columns, transpose_a: true, transpose_b: false };
                let (a, b) = operands::<f64>(shape);
                let mut c = vec![0.0; 7 * columns];
                matmul(shape, leaf, &a, &b, &mut c);
                let term = |row: usize, sum: f64| {
                    let (a, b) = (a[row * 7 + 6], b[row * columns + columns - 1]);
                    if set == simd::InstructionSet::Scalar { a * b + sum } else { a.mul_add(b, sum) }
                };
                let rows: Vec<usize> = (0..rows).collect();
                let leaves: Vec<f64> =
                    rows.chunks(leaf).map(|leaf| leaf.iter().fold(0.0, |sum, &row| term(row, sum))).collect();
                assert_eq!(
                    c[7 * columns - 1],
                    tree(&leaves),
                    "{} rows in leaves of {leaf}, {columns} columns",
                    rows.len()
                );
            }
        }
    });
}

#[test]
fn dense_adds_the_bias_and_applies_the_activation() {
    on_every_instruction_set(|_| {
        for (m, k, n) in [(1, 5, 3), (7, 2100, 10), (64, 33, 129), (3, 0, 4)] {
            let (x, kernel, bias) = (numbers::<f64>(m * k, 3), numbers::<f64>(k * n, 4), numbers::<f64>(n, 5));
            let shape = Matmul { batch: 1, rows: m, inner: k, columns: n, transpose_a: false, transpose_b: false };
            let sums = naive::matmul(shape, &x, &kernel);
            for activation in [Activation::Linear, Activation::Relu, Activation::Tanh] {
                let mut y = vec![f64::NAN; m * n];
                dense([m, k, n], &x, &kernel, Some(&bias), activation, &mut y);
                for (i, y) in y.iter().enumerate() {
                    let want = crate::kernels::activate::naive::value(sums[i] + bias[i % n], activation);
                    assert!((y - want).abs() < 1e-11, "{activation:?}, {m}x{k}x{n}, element {i}: {y}, not {want}");
                }
                let mut packed = vec![f64::NAN; m * n];
                dense_packed(m, &x, &PackedKernel::new([k, n], &kernel), Some(&bias), activation, &mut packed);
                assert!(packed == y, "{activation:?}, {m}x{k}x{n}: a packed kernel gives other bits");
            }
        }
    });
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let text = |a: &[usize], b: &[usize], ta, tb| Matmul::new(a, b, ta, tb).unwrap_err().to_string();
    assert_eq!(text(&[2, 3], &[4, 5], false, false), "matmul: b must be of length 3 along axis 0, but got [4, 5].");
    assert_eq!(text(&[2, 3], &[4, 5], true, true), "matmul: b must be of length 2 along axis 1, but got [4, 5].");
    assert_eq!(
        text(&[2, 3, 4], &[3, 4, 5], false, false),
        "matmul: b must be of 2 matrices, as a is, but got [3, 4, 5]."
    );
    assert_eq!(text(&[2], &[2], false, false), "matmul: a and b must be both 2-D or both 3-D, but got ([2], [2]).");
}

/// The fused pass against its three parts.
fn update_matches_its_parts<T: Element>([m, k, n]: [usize; 3], leaf: usize, decay: f64, threads: usize) {
    let (x, dz, start) = (numbers::<T>(m * k, 1), numbers::<T>(m * n, 2), numbers::<T>(k * n, 3));
    let rule = Adam { rate: 0.1, beta_1: 0.9, beta_2: 0.99, epsilon: 1e-7, step: 3 };
    let dx = product(Matmul::new(&[m, n], &[k, n], false, true).unwrap(), &dz, &start);
    let mut gradient = vec![T::ZERO; k * n];
    matmul(Matmul::new(&[m, k], &[m, n], true, false).unwrap(), leaf, &x, &dz, &mut gradient);
    let fresh = || (start.clone(), numbers::<T>(k * n, 4), vec![T::ONE; k * n]);
    let (mut w, mut mean, mut square) = fresh();
    weight_decay(&mut w, decay);
    update(&rule, Weights { w: &mut w, slots: [&mut mean, &mut square, &mut []] }, &gradient).unwrap();
    for wanted in [true, false] {
        let (mut fused, mut fused_mean, mut fused_square) = fresh();
        let mut fused_dx = vec![T::ZERO; m * k];
        let weights = Weights { w: &mut fused, slots: [&mut fused_mean, &mut fused_square, &mut []] };
        let out = wanted.then_some(&mut fused_dx[..]);
        multiply_and_update([m, k, n], leaf, &x, &dz, weights, &rule, decay, out).unwrap();
        let what = format!("{m}x{k}x{n} on {threads} threads");
        assert!(fused == w && fused_mean == mean && fused_square == square, "{what}: weights or slots differ");
        assert!(!wanted || fused_dx == dx, "{what}: input gradients differ");
    }
}

#[test]
fn updating_while_multiplying_has_the_bits_of_one_after_the_other() {
    let before = parallel::threads();
    on_every_instruction_set(|_| {
        for shape in [[1, 1, 1], [4, 130, 70], [64, 200, 512], [40, 97, 1100], [300, 70, 33], [0, 5, 6], [7, 1000, 2]] {
            for threads in [1, 2, 3] {
                parallel::set_threads(threads);
                update_matches_its_parts::<f32>(shape, LEAF, 0.0, threads);
                update_matches_its_parts::<f64>(shape, 40, 0.01, threads);
            }
        }
    });
    parallel::set_threads(before);
}
