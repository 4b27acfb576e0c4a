//! The oracle, in f64.

/// e^x / sum of e^x
pub fn softmax(row: &[f64]) -> Vec<f64> {
    log_softmax(row).iter().map(|y| y.exp()).collect()
}

/// x - ln(sum of e^x)
pub fn log_softmax(row: &[f64]) -> Vec<f64> {
    let shift = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = row.iter().map(|x| (x - shift).exp()).sum();
    row.iter().map(|x| x - shift - total.ln()).collect()
}

/// The gradient of softmax by its Jacobian: sum over j of dy[j] y[j] ((i == j) - y[i]).
pub fn softmax_grad(dy: &[f64], y: &[f64]) -> Vec<f64> {
    let pull = |i: usize, j: usize| dy[j] * y[j] * (f64::from(u8::from(i == j)) - y[i]);
    (0..y.len()).map(|i| (0..y.len()).map(|j| pull(i, j)).sum()).collect()
}

/// The gradient of log_softmax by its Jacobian: sum over j of dy[j] ((i == j) - e^y[i]).
pub fn log_softmax_grad(dy: &[f64], y: &[f64]) -> Vec<f64> {
    let pull = |i: usize, j: usize| dy[j] * (f64::from(u8::from(i == j)) - y[i].exp());
    (0..y.len()).map(|i| (0..y.len()).map(|j| pull(i, j)).sum()).collect()
}
