//! The oracle: the definition of a convolution and of its gradients, accumulated in f64.

use crate::geometry::ConvGeometry;
use crate::memory::Buffer;
use crate::simd::Element;

/// Calls `visit(input, kernel, output)` with the three indices of every product that the convolution sums.
fn for_each_product(g: &ConvGeometry, mut visit: impl FnMut(usize, usize, usize)) {
    let (cin, cout) = (g.cin / g.groups, g.cout / g.groups);
    for frame in 0..g.frames {
        for (row, col) in pairs(g.rows.output, g.cols.output) {
            for (kh, kw) in pairs(g.rows.kernel, g.cols.kernel) {
                let (Some(h), Some(w)) = (g.rows.source(row, kh), g.cols.source(col, kw)) else { continue };
                let x = ((frame * g.rows.input + h) * g.cols.input + w) * g.cin;
                let k = (kh * g.cols.kernel + kw) * cin;
                let y = ((frame * g.rows.output + row) * g.cols.output + col) * g.cout;
                for group in 0..g.groups {
                    for (i, o) in pairs(cin, cout) {
                        let o = group * cout + o;
                        visit(x + group * cin + i, (k + i) * g.cout + o, y + o);
                    }
                }
            }
        }
    }
}

fn pairs(a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..a).flat_map(move |i| (0..b).map(move |j| (i, j)))
}

fn rounded<T: Element>(sums: Vec<f64>) -> Buffer<T> {
    let mut out = Buffer::stale(sums.len());
    out.iter_mut().zip(sums).for_each(|(o, s)| *o = T::from_f64(s));
    out
}

/// y = x * kernel + bias.
pub fn conv2d<T: Element>(g: &ConvGeometry, x: &[T], kernel: &[T], bias: Option<&[T]>) -> Buffer<T> {
    let pixels = g.frames * g.rows.output * g.cols.output;
    let mut y: Vec<f64> = (0..pixels * g.cout).map(|i| bias.map_or(0.0, |b| b[i % g.cout].to_f64())).collect();
    for_each_product(g, |i, k, o| y[o] += x[i].to_f64() * kernel[k].to_f64());
    rounded(y)
}

/// The gradient of the input.
pub fn conv2d_input_grad<T: Element>(g: &ConvGeometry, dy: &[T], kernel: &[T]) -> Buffer<T> {
    let mut dx = vec![0.0; g.input_shape().iter().product()];
    for_each_product(g, |i, k, o| dx[i] += dy[o].to_f64() * kernel[k].to_f64());
    rounded(dx)
}

/// The gradient of the kernel.
pub fn conv2d_kernel_grad<T: Element>(g: &ConvGeometry, x: &[T], dy: &[T]) -> Buffer<T> {
    let mut dkernel = vec![0.0; g.kernel_shape().iter().product()];
    for_each_product(g, |i, k, o| dkernel[k] += x[i].to_f64() * dy[o].to_f64());
    rounded(dkernel)
}
