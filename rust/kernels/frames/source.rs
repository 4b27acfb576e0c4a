//! Frames as kernels read them: numbers, or bytes that become numbers when a kernel takes a row of them.

use super::scaling::{Convert, Scaling};
use super::to_floats;
use crate::error::{KernelError, Result};
use crate::memory::Buffer;
use crate::simd::{Element, dispatch};
use std::ops::Deref;

/// Frames of one or the other kind.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a, T> {
    /// Numbers.
    Floats(&'a [T]),
    /// Bytes, with constants for every position of a row or of a frame.
    Bytes(&'a [u8], Scaling<'a, T>),
}

/// Numbers of a source, made where it has none.
pub enum Floats<'a, T: Element> {
    /// The source's own.
    Own(&'a [T]),
    /// Those of bytes, or of rows with something around them.
    Made(Buffer<T>),
}

impl<T: Element> Deref for Floats<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Self::Own(values) => values,
            Self::Made(values) => values,
        }
    }
}

impl<'a, T: Element> Source<'a, T> {
    fn elements(&self) -> usize {
        match self {
            Self::Floats(data) => data.len(),
            Self::Bytes(data, _) => data.len(),
        }
    }

    /// Fails unless these are frames of a shape (frames, height, width, channels), with constants that fit them.
    pub fn check(&self, op: &'static str, shape: [usize; 4]) -> Result<()> {
        KernelError::check_shape(op, "x", &[shape.iter().product()], &[self.elements()])?;
        let Self::Bytes(_, scaling) = self else { return Ok(()) };
        let [_, height, width, channels] = shape;
        let (row, got) = (width * channels, scaling.period());
        if got != row && got != height * row {
            let expected = format!("of shape [{row}] or [{}]", height * row);
            return Err(KernelError::shape(op, "scale", expected, [got]));
        }
        scaling.check(op)
    }

    /// `len` elements from `start` on, where a frame begins.
    pub fn frames(self, start: usize, len: usize) -> Self {
        match self {
            Self::Floats(data) => Self::Floats(&data[start..start + len]),
            Self::Bytes(data, scaling) => Self::Bytes(&data[start..start + len], scaling),
        }
    }

    /// The numbers of all frames.
    pub fn floats(self) -> Floats<'a, T> {
        match self {
            Self::Floats(data) => Floats::Own(data),
            Self::Bytes(data, scaling) => Floats::Made(to_floats(data, scaling)),
        }
    }

    /// Writes the numbers at the beginning of a row of a frame; a row has `pitch` elements.
    pub fn read_row(self, row: usize, pitch: usize, to: &mut [T]) {
        let start = row * pitch;
        match self {
            Self::Floats(data) => to.copy_from_slice(&data[start..start + to.len()]),
            Self::Bytes(_, _) if to.is_empty() => (),
            Self::Bytes(data, scaling) => {
                let position = start % scaling.period();
                let scaling = scaling.of(position..position + to.len());
                dispatch(Convert { x: &data[start..start + to.len()], y: to, scaling });
            }
        }
    }
}
