//! Forward without a scratch, for windows of 2 x 2 and one group: a few neighbouring windows of a few vectors of channels are convolved
//! and pooled in registers. For machines with 32 of them; with 16 a tile would be too small to hide what it loads.

use super::PooledConvGeometry;
use super::window::{POOL, pool};
use crate::kernels::conv2d::correlate::{Taps, Target};
use crate::simd::{Element, Kernel, Simd, Vector};

/// One block of channels of some pooled rows. Gives back whether it was computed: the caller has another way.
pub struct PoolRows<'a, T> {
    pub g: &'a PooledConvGeometry,
    /// The rows of the plane that the pooled rows see.
    pub band: &'a [T],
    /// Elements from one row of the band to the next.
    pub pitch: usize,
    pub taps: &'a Taps,
    /// (products, width)
    pub weights: &'a [T],
    pub width: usize,
    pub bias: Option<&'a [T]>,
    pub relu: bool,
    pub channels: Target,
    pub rows: usize,
    pub y: &'a mut [T],
    /// Empty where nobody wants positions.
    pub argmax: &'a mut [u8],
}

impl<T: Element> Kernel for PoolRows<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        let fits = (self.g.pool.rows.kernel, self.g.pool.cols.kernel) == (POOL, POOL) && self.g.conv.groups == 1;
        if !fits || S::REGISTERS < 32 || self.channels.count < self.width {
            return false;
        }
        match self.width / T::Vector::<S>::LANES {
            4 => self.rows::<T::Vector<S>, 1, 4>(),
            2 => self.rows::<T::Vector<S>, 3, 2>(),
            _ => false,
        }
    }
}

impl<T: Element> PoolRows<'_, T> {
    /// W windows of N vectors at a time. The last ones of a row overlap those before.
    #[inline(always)]
    fn rows<V: Vector<Elem = T>, const W: usize, const N: usize>(self) -> bool {
        let Self { g, band, pitch, taps, weights, bias, relu, channels, rows, y, argmax, .. } = self;
        let cols = g.pool.cols.output;
        if cols < W {
            return false;
        }
        let (down, right) = (g.conv.rows.stride * pitch, g.conv.cols.stride * g.conv.cin);
        let reach = taps.offsets.iter().max().map_or(0, |offset| offset + taps.run);
        assert!((POOL * rows - 1) * down + (POOL * cols - 1) * right + reach <= band.len());
        assert!(weights.len() >= taps.products() * N * V::LANES);
        assert!(y.len() == rows * cols * g.pool.channels && (argmax.is_empty() || argmax.len() == y.len()));
        assert!(channels.first + N * V::LANES <= g.pool.channels);
        let mut start = [V::zero(); N];
        if let Some(bias) = bias {
            let bias = &bias[channels.first..channels.first + N * V::LANES];
            for j in 0..N {
                // SAFETY: the slice is N vectors long.
                start[j] = unsafe { V::load(bias.as_ptr().add(j * V::LANES)) };
            }
        }
        for row in 0..rows {
            for first in (0..cols).step_by(W) {
                let first = first.min(cols - W);
                let corner = band.as_ptr().wrapping_add(POOL * row * down + POOL * first * right);
                // SAFETY: checked above: every window lies in the band, the block has a row of weights for every product.
                let sums = unsafe { sums::<V, W, N>(corner, down, right, taps, weights.as_ptr(), start) };
                for w in 0..W {
                    let at = (row * cols + first + w) * g.pool.channels + channels.first;
                    for j in 0..N {
                        let window = [sums[0][w][0][j], sums[0][w][1][j], sums[1][w][0][j], sums[1][w][1][j]];
                        let (best, position) = pool(window, relu);
                        // SAFETY: the block's channels of every pooled pixel lie in y and argmax.
                        unsafe {
                            best.store(y.as_mut_ptr().add(at + j * V::LANES));
                            if !argmax.is_empty() {
                                position.store_bytes(argmax.as_mut_ptr().add(at + j * V::LANES));
                            }
                        }
                    }
                }
            }
        }
        true
    }
}

/// Sums by row, window, column in the window and vector.
type Sums<V, const W: usize, const N: usize> = [[[[V; N]; POOL]; W]; POOL];

/// The sums of W neighbouring windows.
///
/// # Safety
/// All they see can be read from `corner` on, and N vectors of weights for every product.
#[inline(always)]
unsafe fn sums<V: Vector, const W: usize, const N: usize>(
    corner: *const V::Elem,
    down: usize,
    right: usize,
    taps: &Taps,
    weights: *const V::Elem,
    start: [V; N],
) -> Sums<V, W, N> {
    let mut sums = [[[start; POOL]; W]; POOL];
    let mut weights = weights;
    for &tap in &taps.offsets {
        let (mut upper, mut lower) = (corner.wrapping_add(tap), corner.wrapping_add(tap + down));
        for _ in 0..taps.run {
            let mut row = [V::zero(); N];
            for j in 0..N {
                // SAFETY: the caller's promise.
                row[j] = unsafe { V::load(weights.add(j * V::LANES)) };
            }
            for w in 0..W {
                for col in 0..POOL {
                    let step = (POOL * w + col) * right;
                    // SAFETY: the caller's promise.
                    let (above, below) = unsafe { (V::splat(*upper.add(step)), V::splat(*lower.add(step))) };
                    for j in 0..N {
                        sums[0][w][col][j] = above.mul_add(row[j], sums[0][w][col][j]);
                        sums[1][w][col][j] = below.mul_add(row[j], sums[1][w][col][j]);
                    }
                }
            }
            weights = weights.wrapping_add(N * V::LANES);
            upper = upper.wrapping_add(1);
            lower = lower.wrapping_add(1);
        }
    }
    sums
}
