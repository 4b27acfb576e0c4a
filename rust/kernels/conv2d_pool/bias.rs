//! The bias's gradient: what ReLU let through, added up.

use super::{DEAD, PooledConvGeometry};
use crate::memory::Buffer;
use crate::parallel::tree_sum;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// The sum over all pixels of the gradients that ReLU let through, a number a channel.
pub fn alive_sums<T: Element>(g: &PooledConvGeometry, dy: &[T], argmax: &[u8]) -> Buffer<T> {
    let (channels, pixels) = (g.pool.channels, g.pool.rows.output * g.pool.cols.output);
    let mut sums = Buffer::stale(channels);
    tree_sum(g.pool.frames, &mut sums, |frame, sums| {
        let part = frame * pixels * channels..(frame + 1) * pixels * channels;
        dispatch(AddAlive { dy: &dy[part.clone()], argmax: &argmax[part], sums });
    });
    sums
}

struct AddAlive<'a, T> {
    dy: &'a [T],
    argmax: &'a [u8],
    sums: &'a mut [T],
}

impl<T: Element> Kernel for AddAlive<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { dy, argmax, sums } = self;
        let (channels, lanes) = (sums.len(), T::Vector::<S>::LANES);
        let dead = T::Vector::<S>::splat(T::from_f64(f64::from(DEAD)));
        for first in (0..channels).step_by(lanes) {
            let count = lanes.min(channels - first);
            let mut sum = T::Vector::<S>::zero();
            for (dy, argmax) in dy.chunks_exact(channels).zip(argmax.chunks_exact(channels)) {
                let (dy, argmax) = (&dy[first..first + count], &argmax[first..first + count]);
                // SAFETY: the slices have `count` elements.
                let (dy, position) = unsafe {
                    let position = T::Vector::<S>::load_bytes_partial(argmax.as_ptr(), count);
                    (T::Vector::<S>::load_partial(dy.as_ptr(), count), position)
                };
                sum = sum.add(T::Vector::<S>::select(position.lt(dead), dy, T::Vector::<S>::zero()));
            }
            let to = &mut sums[first..first + count];
            // SAFETY: the slice has `count` elements.
            unsafe { T::Vector::<S>::load_partial(to.as_ptr(), count).add(sum).store_partial(to.as_mut_ptr(), count) };
        }
    }
}
