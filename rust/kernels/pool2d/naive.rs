//! The oracle: the definition of pooling and of its gradients.

use crate::geometry::PoolGeometry;
use crate::memory::Buffer;
use crate::simd::Element;

/// Calls `visit(output, inputs)` for every output element; `inputs` are its window's (position, input index) in order.
fn for_each_window(g: &PoolGeometry, mut visit: impl FnMut(usize, &[(usize, usize)])) {
    let mut inputs = Vec::new();
    for output in 0..g.output_shape().iter().product() {
        let (pixel, channel) = (output / g.channels, output % g.channels);
        let (line, col) = (pixel / g.cols.output, pixel % g.cols.output);
        let (frame, row) = (line / g.rows.output, line % g.rows.output);
        inputs.clear();
        for position in 0..g.rows.kernel * g.cols.kernel {
            let (kh, kw) = (position / g.cols.kernel, position % g.cols.kernel);
            if let (Some(h), Some(w)) = (g.rows.source(row, kh), g.cols.source(col, kw)) {
                inputs.push((position, ((frame * g.rows.input + h) * g.cols.input + w) * g.channels + channel));
            }
        }
        visit(output, &inputs);
    }
}

/// Maxima and their positions in the windows: the first maximum wins, NaN is larger than everything.
pub fn max_pool2d<T: Element>(g: &PoolGeometry, x: &[T]) -> (Buffer<T>, Buffer<i32>) {
    let len = g.output_shape().iter().product();
    let (mut y, mut argmax) = (Buffer::stale(len), Buffer::stale(len));
    for_each_window(g, |output, inputs| {
        let mut best = inputs[0];
        for &(position, input) in inputs {
            if x[input] > x[best.1] || x[input].is_nan() && !x[best.1].is_nan() {
                best = (position, input);
            }
        }
        y[output] = x[best.1];
        argmax[output] = best.0 as i32;
    });
    (y, argmax)
}

/// Gives each gradient to the input that was the maximum.
pub fn max_pool2d_grad<T: Element>(g: &PoolGeometry, dy: &[T], argmax: &[i32]) -> Buffer<T> {
    let mut dx = Buffer::zeroed(g.input_shape().iter().product());
    for_each_window(g, |output, inputs| {
        if let Some(&(_, input)) = inputs.iter().find(|&&(position, _)| position as i32 == argmax[output]) {
            dx[input] += dy[output];
        }
    });
    dx
}

/// Means over the inputs in each window; padding is not counted.
#[cfg(test)]
pub fn average_pool2d<T: Element>(g: &PoolGeometry, x: &[T]) -> Buffer<T> {
    let mut y = Buffer::stale(g.output_shape().iter().product());
    for_each_window(g, |output, inputs| {
        let sum: f64 = inputs.iter().map(|&(_, input)| x[input].to_f64()).sum();
        y[output] = T::from_f64(sum / inputs.len() as f64);
    });
    y
}

/// Shares each gradient out equally to the inputs in its window.
#[cfg(test)]
pub fn average_pool2d_grad<T: Element>(g: &PoolGeometry, dy: &[T]) -> Vec<f64> {
    let mut dx = vec![0.0; g.input_shape().iter().product()];
    for_each_window(g, |output, inputs| {
        inputs.iter().for_each(|&(_, input)| dx[input] += dy[output].to_f64() / inputs.len() as f64);
    });
    dx
}
