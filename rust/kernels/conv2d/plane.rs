//! A frame with zeros around it, cut into bands of rows: afterwards every window lies inside and no kernel knows of padding.

use crate::geometry::{ConvGeometry, Window};
use crate::kernels::frames::{Floats, Source};
use crate::memory::Buffer;
use crate::simd::Element;

/// One axis of a plane: `len` positions, of which `source` real ones follow `before` zeros.
#[derive(Clone, Copy, Debug)]
pub struct PlaneAxis {
    pub source: usize,
    pub before: usize,
    pub len: usize,
}

impl PlaneAxis {
    /// The input axis as the windows of a convolution see it.
    pub fn of_input(window: &Window) -> Self {
        let len = match window.output {
            0 => 0,
            n => (n - 1) * window.stride + (window.kernel - 1) * window.dilation + 1,
        };
        Self { source: window.input, before: window.before, len }
    }

    fn needs_zeros(&self) -> bool {
        self.before > 0 || self.len > self.source
    }
}

/// The padded frame.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    pub rows: PlaneAxis,
    pub cols: PlaneAxis,
    pub channels: usize,
}

impl Plane {
    /// The input frame of a convolution.
    pub fn of_input(g: &ConvGeometry) -> Self {
        Self { rows: PlaneAxis::of_input(&g.rows), cols: PlaneAxis::of_input(&g.cols), channels: g.cin }
    }

    fn needs_zeros(&self) -> bool {
        self.rows.needs_zeros() || self.cols.needs_zeros()
    }

    /// Elements from one row of a band to the next.
    pub fn pitch(&self) -> usize {
        self.channels * if self.needs_zeros() { self.cols.len } else { self.cols.source }
    }

    /// Plane rows `first..last` of a frame: its own numbers where nothing has to be padded or converted.
    pub fn band<'a, T: Element>(&self, frame: Source<'a, T>, first: usize, last: usize) -> Floats<'a, T> {
        let pitch = self.pitch();
        if let Source::Floats(frame) = frame
            && !self.needs_zeros()
        {
            return Floats::Own(&frame[first * pitch..last * pitch]);
        }
        let mut rows = Buffer::stale((last - first) * pitch);
        let source_pitch = self.cols.source * self.channels;
        let left = self.cols.before * self.channels;
        let kept = source_pitch.min(pitch - left.min(pitch));
        for (index, row) in (first..last).zip(rows.chunks_exact_mut(pitch.max(1))) {
            let source = index.wrapping_sub(self.rows.before);
            if source >= self.rows.source {
                row.fill(T::ZERO);
                continue;
            }
            row[..left].fill(T::ZERO);
            frame.read_row(source, source_pitch, &mut row[left..left + kept]);
            row[left + kept..].fill(T::ZERO);
        }
        Floats::Made(rows)
    }

    /// Takes a whole plane of gradients apart again: `frame` gets what lies on real positions, zeros where no window reaches.
    pub fn crop<T: Element>(&self, plane: &[T], frame: &mut [T]) {
        let pitch = self.pitch();
        let source_pitch = self.cols.source * self.channels;
        let left = self.cols.before * self.channels;
        let kept = source_pitch.min(pitch - left.min(pitch));
        for (index, row) in frame.chunks_exact_mut(source_pitch.max(1)).enumerate() {
            let reached = index + self.rows.before;
            if reached >= self.rows.len {
                row.fill(T::ZERO);
                continue;
            }
            row[..kept].copy_from_slice(&plane[reached * pitch + left..][..kept]);
            row[kept..].fill(T::ZERO);
        }
    }
}
