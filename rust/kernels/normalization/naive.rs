//! The oracle: one channel or row at a time, in f64, gradients by the chain rule step by step.

/// Normalised values of one group (a channel's rows, or a row's elements), with its mean and variance.
pub fn normalize(x: &[f64], epsilon: f64) -> (Vec<f64>, f64, f64) {
    let count = x.len() as f64;
    let mean = x.iter().sum::<f64>() / count;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    (x.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect(), mean, variance)
}

/// The gradient of `normalize` with respect to x, by its Jacobian.
pub fn normalize_grad(dz: &[f64], x: &[f64], epsilon: f64) -> Vec<f64> {
    let (z, _, variance) = normalize(x, epsilon);
    let (count, deviation) = (x.len() as f64, (variance + epsilon).sqrt());
    let slope = |i: usize, j: usize| (f64::from(u8::from(i == j)) - (1.0 + z[i] * z[j]) / count) / deviation;
    (0..x.len()).map(|i| (0..x.len()).map(|j| dz[j] * slope(i, j)).sum()).collect()
}
