use super::*;
use crate::parallel::{set_threads, threads};
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

fn matches_oracle<T: Element>(rows: usize, columns: usize, epsilon: f64) {
    let x: Vec<T> = (0..rows * columns).map(|i| T::from_f64(((i * 71 + 13) % 97) as f64 / 97.0)).collect();
    let sums = column_sums(&x, columns);
    for (got, want) in sums.iter().zip(naive::column_sums(&x, columns)) {
        assert!((got.to_f64() - want).abs() <= epsilon * (1.0 + want), "{rows}x{columns}: {got} {want}");
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(16))]
    #[test]
    fn sums_match_the_oracle(rows in 0usize..3000, columns in prop_oneof![1usize..70, Just(512)]) {
        on_every_instruction_set(|_| {
            matches_oracle::<f32>(rows, columns, 2e-6);
            matches_oracle::<f64>(rows, columns, 1e-14);
        });
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    on_every_instruction_set(|_| {
        let x: Vec<f32> = (0..5000 * 7).map(|i| ((i * 31) % 103) as f32 * 0.01).collect();
        let before = threads();
        let sums: Vec<Vec<f32>> = [1, 2, 5]
            .map(|n| {
                set_threads(n);
                column_sums(&x, 7).to_vec()
            })
            .into();
        set_threads(before);
        assert_eq!(sums[0], sums[1]);
        assert_eq!(sums[0], sums[2]);
    });
}

#[test]
fn no_rows_sum_to_zero() {
    assert_eq!(&column_sums::<f32>(&[], 3)[..], &[0.0; 3]);
    assert!(column_sums::<f32>(&[], 0).is_empty());
}

#[test]
fn tiles_repeat_to_whole_rows() {
    let columns = Columns::new(3);
    assert_eq!(columns.width(), 66);
    assert_eq!(columns.chunk_len() % 66, 0);
    assert_eq!(columns.tile(&[1.0f32, 2.0, 3.0])[63..], [1.0, 2.0, 3.0]);
}
