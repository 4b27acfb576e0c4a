//! The oracle: every pixel by its definition, in f64.

use super::{Color, Interpolation};

/// Old positions with their weights, by the definitions that OpenCV documents.
fn taps(from: usize, to: usize, index: usize, interpolation: Interpolation, grows: bool) -> Vec<(usize, f64)> {
    let scale = from as f64 / to as f64;
    let last = from - 1;
    match (interpolation, grows) {
        (Interpolation::Bilinear, _) => {
            let centre = ((index as f64 + 0.5) * scale - 0.5).clamp(0.0, last as f64);
            let old = centre.floor();
            vec![(old as usize, 1.0 - (centre - old)), (last.min(old as usize + 1), centre - old)]
        }
        (Interpolation::Area, false) => {
            let (start, end) = (index as f64 * scale, (index + 1) as f64 * scale);
            let overlap = |old: usize| ((old + 1) as f64).min(end) - (old as f64).max(start);
            (0..from).map(|old| (old, overlap(old).max(0.0) / scale)).collect()
        }
        (Interpolation::Area, true) => {
            let old = (index as f64 * scale).floor();
            let beyond = (index + 1) as f64 - (old + 1.0) / scale;
            let weight = if beyond <= 0.0 { 0.0 } else { beyond.fract() };
            vec![(old as usize, 1.0 - weight), (last.min(old as usize + 1), weight)]
        }
    }
}

/// `pixel(row, column)` is red, green, blue.
pub fn convert(
    pixel: impl Fn(usize, usize) -> [u8; 3],
    (height, width): (usize, usize),
    size: (usize, usize),
    color: Color,
    interpolation: Interpolation,
) -> Vec<f64> {
    let grows = size.0 > height || size.1 > width;
    let mut frame = Vec::new();
    for row in 0..size.0 {
        for column in 0..size.1 {
            let mut sum = [0.0; 3];
            for (y, down) in taps(height, size.0, row, interpolation, grows) {
                for (x, across) in taps(width, size.1, column, interpolation, grows) {
                    (0..3).for_each(|channel| sum[channel] += down * across * f64::from(pixel(y, x)[channel]));
                }
            }
            match color {
                Color::Rgb => frame.extend(sum),
                Color::Bgr => frame.extend([sum[2], sum[1], sum[0]]),
                Color::Gray => frame.push(0.299 * sum[0] + 0.587 * sum[1] + 0.114 * sum[2]),
            }
        }
    }
    frame
}
