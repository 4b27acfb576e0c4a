//! The only output-size and padding arithmetic: how windows slide over an axis, as Keras and TensorFlow define it.

use crate::error::{KernelError, Result};

/// A window sliding along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Length of the input axis.
    pub input: usize,
    /// Taps of the window.
    pub kernel: usize,
    /// Distance of neighbouring window positions.
    pub stride: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
    /// Virtual zeros before the first input element.
    pub before: usize,
    /// Number of window positions.
    pub output: usize,
}

impl Window {
    /// `same` pads so that there are `ceil(input / stride)` positions; otherwise only windows that lie inside count.
    pub fn new(
        op: &'static str,
        axis: &'static str,
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        same: bool,
    ) -> Result<Self> {
        for (name, value) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
            if value == 0 {
                return Err(KernelError::argument(op, name, format!("at least 1 along the {axis}"), value));
            }
        }
        let extent = (kernel - 1) * dilation + 1;
        if same {
            let output = input.div_ceil(stride);
            let covered = if output == 0 { 0 } else { (output - 1) * stride + extent };
            let before = covered.saturating_sub(input) / 2;
            return Ok(Self { input, kernel, stride, dilation, before, output });
        }
        if input < extent {
            let expected = format!("at least {extent} along the {axis} for a window of {kernel} (dilation {dilation})");
            return Err(KernelError::shape(op, "input", expected, input));
        }
        Ok(Self { input, kernel, stride, dilation, before: 0, output: (input - extent) / stride + 1 })
    }

    /// Input position of `tap` at window position `out`, or None where it falls on padding.
    #[inline(always)]
    pub fn source(&self, out: usize, tap: usize) -> Option<usize> {
        let padded = out * self.stride + tap * self.dilation;
        let position = padded.wrapping_sub(self.before);
        (position < self.input).then_some(position)
    }

    /// `source` of a tap that is known to fall on the input.
    #[inline(always)]
    pub fn position(&self, out: usize, tap: usize) -> usize {
        out * self.stride + tap * self.dilation - self.before
    }

    /// The taps of window position `out` that fall on the input: a half-open range.
    #[inline(always)]
    pub fn taps(&self, out: usize) -> (usize, usize) {
        let start = out * self.stride;
        let first = if start >= self.before { 0 } else { (self.before - start).div_ceil(self.dilation) };
        let end = self.input + self.before;
        let last = if start >= end { 0 } else { (end - start).div_ceil(self.dilation).min(self.kernel) };
        (first.min(last), last)
    }
}

/// A pair (height, width).
pub type Pair = (usize, usize);

/// A 2-D convolution over channels-last frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Number of frames (batch and time folded together).
    pub frames: usize,
    /// Height.
    pub rows: Window,
    /// Width.
    pub cols: Window,
    /// Channels in, of all groups together.
    pub cin: usize,
    /// Channels out, of all groups together.
    pub cout: usize,
    /// Channel groups that do not see each other.
    pub groups: usize,
}

impl ConvGeometry {
    /// Works out paddings and output sizes. `kernel` is (height, width), `cin` and `cout` count all groups.
    pub fn new(
        op: &'static str,
        frames: usize,
        input: Pair,
        (cin, cout): (usize, usize),
        kernel: Pair,
        strides: Pair,
        same: bool,
        dilation: Pair,
        groups: usize,
    ) -> Result<Self> {
        if groups == 0 || cin % groups != 0 || cout % groups != 0 {
            let expected = format!("a divisor of the {cin} input and {cout} output channels");
            return Err(KernelError::argument(op, "groups", expected, groups));
        }
        let rows = Window::new(op, "height", input.0, kernel.0, strides.0, dilation.0, same)?;
        let cols = Window::new(op, "width", input.1, kernel.1, strides.1, dilation.1, same)?;
        Ok(Self { frames, rows, cols, cin, cout, groups })
    }

    /// Whether an output sees one pixel, the one that lies where it does, with all of its channels.
    pub fn is_pointwise(&self) -> bool {
        let alone = |window: Window| window.kernel == 1 && window.stride == 1;
        self.groups == 1 && alone(self.rows) && alone(self.cols)
    }

    /// (frames, height, width, channels) of the input.
    pub fn input_shape(&self) -> [usize; 4] {
        [self.frames, self.rows.input, self.cols.input, self.cin]
    }

    /// (frames, height, width, channels) of the output.
    pub fn output_shape(&self) -> [usize; 4] {
        [self.frames, self.rows.output, self.cols.output, self.cout]
    }

    /// (height, width, channels in per group, channels out) of the kernel.
    pub fn kernel_shape(&self) -> [usize; 4] {
        [self.rows.kernel, self.cols.kernel, self.cin / self.groups, self.cout]
    }
}

/// 2-D pooling over channels-last frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolGeometry {
    /// Number of frames (batch and time folded together).
    pub frames: usize,
    /// Height.
    pub rows: Window,
    /// Width.
    pub cols: Window,
    /// Channels, pooled one by one.
    pub channels: usize,
}

impl PoolGeometry {
    /// Works out paddings and output sizes of a window of `pool` moved by `strides`.
    pub fn new(
        op: &'static str,
        frames: usize,
        input: Pair,
        channels: usize,
        pool: Pair,
        strides: Pair,
        same: bool,
    ) -> Result<Self> {
        let rows = Window::new(op, "height", input.0, pool.0, strides.0, 1, same)?;
        let cols = Window::new(op, "width", input.1, pool.1, strides.1, 1, same)?;
        Ok(Self { frames, rows, cols, channels })
    }

    /// (frames, height, width, channels) of the input.
    pub fn input_shape(&self) -> [usize; 4] {
        [self.frames, self.rows.input, self.cols.input, self.channels]
    }

    /// (frames, height, width, channels) of the output.
    pub fn output_shape(&self) -> [usize; 4] {
        [self.frames, self.rows.output, self.cols.output, self.channels]
    }
}
