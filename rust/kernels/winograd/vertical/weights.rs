//! Kernels whose columns are in the frequency domain, packed as the forward pass reads them.

use super::super::transforms::{Kernel as KernelTransform, Transform};
use super::super::{INPUT, TAPS};
use crate::memory::Buffer;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// A kernel (3, 3, channels in, channels out) as (block of channels out, product, frequency, width), the last block filled up with
/// zeros.
pub struct Weights<T: Element> {
    data: Buffer<T>,
    pub products: usize,
    pub channels: usize,
    /// Channels out of a block: one vector or two.
    pub width: usize,
}

impl<T: Element> Weights<T> {
    /// Transforms a kernel for that many channels in and out.
    pub fn new(kernel: &[T], cin: usize, cout: usize) -> Self {
        dispatch(Pack { kernel, products: TAPS * cin, channels: cout })
    }

    /// Blocks of channels out.
    pub fn blocks(&self) -> usize {
        self.channels.div_ceil(self.width)
    }

    /// One block, (product, frequency, width).
    pub fn block(&self, block: usize) -> &[T] {
        let len = self.products * INPUT * self.width;
        &self.data[block * len..][..len]
    }
}

struct Pack<'a, T> {
    kernel: &'a [T],
    products: usize,
    channels: usize,
}

impl<T: Element> Kernel for Pack<'_, T> {
    type Output = Weights<T>;

    #[inline(always)]
    fn run<S: Simd>(self) -> Weights<T> {
        let Self { kernel, products, channels } = self;
        let lanes = T::Vector::<S>::LANES;
        let width = if S::REGISTERS >= 32 && channels > lanes { 2 * lanes } else { lanes };
        assert_eq!(kernel.len(), TAPS * products * channels);
        let mut data = Buffer::zeroed(channels.div_ceil(width) * products * INPUT * width);
        for product in 0..products {
            for channel in (0..channels).step_by(lanes) {
                let count = lanes.min(channels - channel);
                let mut taps = [T::Vector::<S>::zero(); TAPS];
                for tap in 0..TAPS {
                    // SAFETY: `count` channels of the row are left.
                    taps[tap] = unsafe {
                        T::Vector::<S>::load_up_to(
                            kernel.as_ptr().add((tap * products + product) * channels + channel),
                            count,
                        )
                    };
                }
                let values = KernelTransform::line(taps);
                let (block, lane) = (channel / width, channel % width);
                for frequency in 0..INPUT {
                    let at = ((block * products + product) * INPUT + frequency) * width + lane;
                    // SAFETY: a block is whole vectors wide.
                    unsafe { values[frequency].store(data[at..][..lanes].as_mut_ptr()) };
                }
            }
        }
        Weights { data, products, channels, width }
    }
}
