//! The oracle, in f64.
#![cfg(test)]

use crate::simd::Element;

pub fn column_sums<T: Element>(x: &[T], columns: usize) -> Vec<f64> {
    (0..columns).map(|column| x.iter().skip(column).step_by(columns).map(|v| v.to_f64()).sum()).collect()
}
