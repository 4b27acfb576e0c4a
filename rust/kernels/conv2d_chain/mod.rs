//! Several convolutions in a row, some with pooling behind, when nobody wants gradients: what lies between them is not kept.
//!
//! A chain is made ready once and used until its weights change: checks, and kernels in the order in which they are read, are part of it.
//!
//! Depth first where there are frames enough for all threads: a frame goes through every convolution on one core before the next one
//! starts, so that what one writes the next one reads from the cache. Else layer by layer, each split over the threads. The bits are the
//! same, because a frame's never depend on its neighbours.

#[cfg(test)]
mod tests;

use crate::error::{KernelError, Result};
use crate::geometry::ConvGeometry;
use crate::kernels::activate::Activation;
use crate::kernels::conv2d::prepared::Prepared;
use crate::kernels::conv2d::{self, choice};
use crate::kernels::conv2d_pool::{self, PooledConvGeometry};
use crate::kernels::frames::Source;
use crate::kernels::precision::{Precision, precision};
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each, threads};
use crate::simd::{self, Element, InstructionSet};

/// Frames for each thread from which depth first wins: with fewer, threads that are done wait too long for the last frame.
const FRAMES_PER_THREAD: usize = 4;

/// What a link computes.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A convolution.
    Plain(ConvGeometry),
    /// A convolution and the pooling of its output; its activation is the identity or ReLU.
    Pooled(PooledConvGeometry),
}

impl Shape {
    fn conv(&self) -> &ConvGeometry {
        match self {
            Self::Plain(conv) => conv,
            Self::Pooled(pooled) => &pooled.conv,
        }
    }

    /// (frames, height, width, channels) of the output.
    pub fn output_shape(&self) -> [usize; 4] {
        match self {
            Self::Plain(conv) => conv.output_shape(),
            Self::Pooled(pooled) => pooled.pool.output_shape(),
        }
    }

    /// The same for another number of frames.
    fn of_frames(mut self, frames: usize) -> Self {
        match &mut self {
            Self::Plain(conv) => conv.frames = frames,
            Self::Pooled(pooled) => (pooled.conv.frames, pooled.pool.frames) = (frames, frames),
        }
        self
    }
}

/// One convolution of the chain.
pub struct Link<'a, T> {
    /// Its shape, whatever the number of frames; it takes what the link before it gives.
    pub shape: Shape,
    /// (height, width, channels in per group, channels out)
    pub kernel: &'a [T],
    /// A number for each channel out.
    pub bias: Option<&'a [T]>,
    /// What is applied to the sums.
    pub activation: Activation,
}

/// A link that has been checked, with weights of its own.
struct Ready<T: Element> {
    shape: Shape,
    kernel: Prepared<T>,
    bias: Option<Buffer<T>>,
    activation: Activation,
}

impl<T: Element> Ready<T> {
    fn new(link: &Link<'_, T>) -> Result<Self> {
        let (op, conv) = ("conv2d_chain", link.shape.conv());
        conv2d::check(op, &[("kernel", link.kernel, conv.kernel_shape())])?;
        if let Some(bias) = link.bias {
            KernelError::check_shape(op, "bias", &[conv.cout], &[bias.len()])?;
        }
        let algorithm = match &link.shape {
            Shape::Plain(conv) => choice::choose::<T>(conv),
            Shape::Pooled(pooled) => pooled.algorithm::<T>(),
        };
        Ok(Self {
            shape: link.shape,
            kernel: Prepared::new(algorithm, conv, link.kernel),
            bias: link.bias.map(Buffer::copy_of),
            activation: link.activation,
        })
    }

    fn run(&self, frames: usize, x: Source<'_, T>) -> Result<Buffer<T>> {
        let bias = self.bias.as_deref();
        match self.shape.of_frames(frames) {
            Shape::Plain(conv) => Ok(conv2d::compute(&conv, x, &self.kernel, bias, self.activation)),
            Shape::Pooled(pooled) => {
                conv2d_pool::compute(&pooled, x, &self.kernel, bias, self.activation, false).map(|(y, _)| y)
            }
        }
    }
}

/// Convolutions in a row, ready for any number of frames.
pub struct Chain<T: Element> {
    links: Vec<Ready<T>>,
    made_for: (InstructionSet, Precision),
}

impl<T: Element> Chain<T> {
    /// Checks the links, copies their weights and brings them into the order in which kernels read them.
    pub fn new(links: &[Link<'_, T>]) -> Result<Self> {
        if links.is_empty() {
            return Err(KernelError::argument("conv2d_chain", "links", "at least one", 0));
        }
        for (link, next) in links.iter().zip(&links[1..]) {
            let (gives, takes) = (link.shape.output_shape(), next.shape.conv().input_shape());
            KernelError::check_shape("conv2d_chain", "the output of a link", &takes, &gives)?;
        }
        let links = links.iter().map(Ready::new).collect::<Result<_>>()?;
        Ok(Self { links, made_for: (simd::current(), precision()) })
    }

    /// Whether it would be made in the same way for frames (height, width, channels) now.
    pub fn fits(&self, frame: [usize; 3]) -> bool {
        self.input_shape(1)[1..] == frame && self.made_for == (simd::current(), precision())
    }

    /// (frames, height, width, channels) of what `run` gives for some frames.
    pub fn output_shape(&self, frames: usize) -> [usize; 4] {
        self.links[self.links.len() - 1].shape.of_frames(frames).output_shape()
    }

    fn input_shape(&self, frames: usize) -> [usize; 4] {
        self.links[0].shape.of_frames(frames).conv().input_shape()
    }

    /// The output of the last link, given the input of the first one.
    pub fn run(&self, frames: usize, x: Source<'_, T>) -> Result<Buffer<T>> {
        x.check("conv2d_chain", self.input_shape(frames))?;
        if frames < FRAMES_PER_THREAD * threads() {
            return self.through(frames, x);
        }
        let mut y = Buffer::stale(self.output_shape(frames).iter().product());
        let (x_len, y_len) = (self.input_shape(1).iter().product(), y.len() / frames);
        let shared = Shared::new(&mut y);
        let failed = std::sync::Mutex::new(None);
        for_each(frames, 1, |frame| match self.through(1, x.frames(frame * x_len, x_len)) {
            // SAFETY: every frame is visited once.
            Ok(y) => unsafe { shared.slice(frame * y_len, y_len) }.copy_from_slice(&y),
            Err(error) => *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error),
        });
        match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(y),
        }
    }

    /// Link after link.
    fn through(&self, frames: usize, x: Source<'_, T>) -> Result<Buffer<T>> {
        let first = self.links[0].run(frames, x);
        self.links[1..].iter().try_fold(first?, |x, link| link.run(frames, Source::Floats(&x)))
    }
}
