//! Several convolutions in a row, some with pooling behind, when nobody wants gradients: what lies between them is not kept.
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
use crate::memory::Buffer;
use crate::parallel::{Shared, for_each, threads};
use crate::simd::Element;

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
    /// Its shape; it takes what the link before it gives.
    pub shape: Shape,
    /// (height, width, channels in per group, channels out)
    pub kernel: &'a [T],
    /// A number for each channel out.
    pub bias: Option<&'a [T]>,
    /// What is applied to the sums.
    pub activation: Activation,
}

impl<T: Element> Link<'_, T> {
    fn check(&self) -> Result<()> {
        let (op, conv) = ("conv2d_chain", self.shape.conv());
        conv2d::check(op, &[("kernel", self.kernel, conv.kernel_shape())])?;
        if let Some(bias) = self.bias {
            KernelError::check_shape(op, "bias", &[conv.cout], &[bias.len()])?;
        }
        Ok(())
    }

    fn prepare(&self) -> Prepared<T> {
        let algorithm = match &self.shape {
            Shape::Plain(conv) => choice::choose::<T>(conv),
            Shape::Pooled(pooled) => pooled.algorithm::<T>(),
        };
        Prepared::new(algorithm, self.shape.conv(), self.kernel)
    }

    fn run(&self, frames: usize, prepared: &Prepared<T>, x: Source<'_, T>) -> Result<Buffer<T>> {
        match self.shape.of_frames(frames) {
            Shape::Plain(conv) => Ok(conv2d::compute(&conv, x, prepared, self.bias, self.activation)),
            Shape::Pooled(pooled) => {
                conv2d_pool::compute(&pooled, x, prepared, self.bias, self.activation, false).map(|(y, _)| y)
            }
        }
    }
}

/// The output of the last link, given the input of the first one.
pub fn conv2d_chain<T: Element>(links: &[Link<'_, T>], x: Source<'_, T>) -> Result<Buffer<T>> {
    let (Some(first), Some(last)) = (links.first(), links.last()) else {
        return Err(KernelError::argument("conv2d_chain", "links", "at least one", 0));
    };
    x.check("conv2d_chain", first.shape.conv().input_shape())?;
    for (link, next) in links.iter().zip(&links[1..]) {
        let (gives, takes) = (link.shape.output_shape(), next.shape.conv().input_shape());
        KernelError::check_shape("conv2d_chain", "the output of a link", &takes, &gives)?;
    }
    links.iter().try_for_each(Link::check)?;
    let prepared: Vec<_> = links.iter().map(Link::prepare).collect();
    let through = |frames: usize, x: Source<'_, T>| {
        let mut links = links.iter().zip(&prepared);
        let (link, kernel) = links.next().expect("there is one");
        let start = link.run(frames, kernel, x);
        links.try_fold(start?, |x, (link, kernel)| link.run(frames, kernel, Source::Floats(&x)))
    };
    let frames = first.shape.conv().frames;
    if frames < FRAMES_PER_THREAD * threads() {
        return through(frames, x);
    }
    let mut y = Buffer::stale(last.shape.output_shape().iter().product());
    let [_, height, width, channels] = first.shape.conv().input_shape();
    let (x_len, y_len) = (height * width * channels, y.len() / frames);
    let shared = Shared::new(&mut y);
    let failed = std::sync::Mutex::new(None);
    for_each(frames, 1, |frame| match through(1, x.frames(frame * x_len, x_len)) {
        // SAFETY: every frame is visited once.
        Ok(y) => unsafe { shared.slice(frame * y_len, y_len) }.copy_from_slice(&y),
        Err(error) => *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error),
    });
    match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(y),
    }
}
