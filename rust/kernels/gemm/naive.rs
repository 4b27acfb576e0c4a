//! The oracle: three plain loops, summed in f64.

use super::Matmul;
use crate::simd::Element;

/// `c = op(a) @ op(b)` for every matrix of the batch.
pub fn matmul<T: Element>(shape: Matmul, a: &[T], b: &[T]) -> Vec<T> {
    let Matmul { batch, rows, inner, columns, transpose_a, transpose_b } = shape;
    let mut c = Vec::with_capacity(batch * rows * columns);
    for item in 0..batch {
        for row in 0..rows {
            for column in 0..columns {
                let sum: f64 = (0..inner)
                    .map(|k| {
                        let at = if transpose_a { k * rows + row } else { row * inner + k };
                        let bt = if transpose_b { column * inner + k } else { k * columns + column };
                        a[item * rows * inner + at].to_f64() * b[item * inner * columns + bt].to_f64()
                    })
                    .sum();
                c.push(T::from_f64(sum));
            }
        }
    }
    c
}
