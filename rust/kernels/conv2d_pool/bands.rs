//! Where the windows of some pooled rows lie.

use super::PooledConvGeometry;
use std::ops::Range;

impl PooledConvGeometry {
    /// Positions in a window of the pooling.
    pub(super) fn positions(&self) -> usize {
        self.pool.rows.kernel * self.pool.cols.kernel
    }

    /// The rows of the padded frame that windows of pooled rows `first..first + rows` see.
    pub(super) fn seen(&self, first: usize, rows: usize) -> Range<usize> {
        let conv = &self.conv.rows;
        let top = first * self.pool.rows.kernel * conv.stride;
        top..top + (rows * self.pool.rows.kernel - 1) * conv.stride + (conv.kernel - 1) * conv.dilation + 1
    }

    /// Where the windows of so many pooled rows begin, by pooled pixel, then by position in the pooling window. `pitch` elements lie
    /// between rows of the frame, `step` between its columns.
    pub(super) fn windows(&self, rows: usize, pitch: usize, step: usize) -> Vec<usize> {
        let Self { conv, pool } = self;
        let (down, right) = (conv.rows.stride * pitch, conv.cols.stride * step);
        let mut windows = Vec::with_capacity(rows * pool.cols.output * self.positions());
        for (row, col) in (0..rows).flat_map(|row| (0..pool.cols.output).map(move |col| (row, col))) {
            for position in 0..self.positions() {
                let (kh, kw) = (position / pool.cols.kernel, position % pool.cols.kernel);
                windows.push((row * pool.rows.kernel + kh) * down + (col * pool.cols.kernel + kw) * right);
            }
        }
        windows
    }

    /// The elements of pooled rows `first..first + rows` of a frame.
    pub(super) fn pooled(&self, first: usize, rows: usize) -> Range<usize> {
        let line = self.pool.cols.output * self.conv.cout;
        first * line..(first + rows) * line
    }
}
