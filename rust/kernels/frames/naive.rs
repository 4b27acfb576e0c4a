//! The oracle, in f64.

pub fn frames_to_float(x: &[u8], scale: &[f64], offset: &[f64]) -> Vec<f64> {
    let value = |(i, &x): (usize, &u8)| f64::from(x) * scale[i % scale.len()] + offset[i % scale.len()];
    x.iter().enumerate().map(value).collect()
}
