use super::*;
use proptest::prelude::*;

fn matrix(rows: usize, row_len: usize) -> Vec<f64> {
    (0..rows * row_len).map(|i| (i * 31 % 17) as f64 - 8.0).collect()
}

proptest! {
    #![proptest_config(crate::testing::cases(32))]
    #[test]
    fn both_directions_match_the_oracle(
        rows in 1usize..20,
        row_len in 0usize..40,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..50),
    ) {
        let index: Vec<i64> = picks.iter().map(|pick| pick.index(rows) as i64).collect();
        let x = matrix(rows, row_len);
        let y = take_rows(&x, rows, row_len, &index).unwrap();
        prop_assert_eq!(&y[..], &naive::take(&x, row_len, &index)[..]);
        let dx = scatter_add_rows(&y, row_len, &index, rows).unwrap();
        prop_assert_eq!(&dx[..], &naive::scatter_add(&y, row_len, &index, rows)[..]);
    }
}

#[test]
fn a_row_that_is_not_there_is_refused() {
    let text = take_rows(&[1.0f32, 2.0], 2, 1, &[0, 2]).err().unwrap().to_string();
    assert_eq!(text, "take_rows: index must be row numbers from 0 to 2 (exclusive), but got 2.");
    let text = scatter_add_rows(&[1.0f32], 1, &[-1], 3).err().unwrap().to_string();
    assert_eq!(text, "scatter_add_rows: index must be row numbers from 0 to 3 (exclusive), but got -1.");
}
