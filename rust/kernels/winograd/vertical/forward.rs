//! Forward: frequencies of input rows times transformed weights, frequencies to outputs, all in registers.

use super::super::transforms::{Output, Transform};
use super::super::{Channels, INPUT, OUTPUT, Outputs, Patch, Place};
use super::{COLUMNS, Strips, Weights};
use crate::kernels::frames::Source;
use crate::parallel::for_each;
use crate::simd::{Element, Kernel, Simd, Vector, dispatch};

/// Strips of a task.
const TASK_STRIPS: usize = 4;

/// Convolves all strips and hands the sums over.
pub fn forward<T: Element>(strips: &Strips, x: Source<'_, T>, weights: &Weights<T>, outputs: &impl Outputs<T>) {
    let tasks = strips.per_frame().div_ceil(TASK_STRIPS);
    for_each(strips.conv.frames * tasks, 1, |index| {
        let (frame, first) = (index / tasks, index % tasks * TASK_STRIPS);
        let mut lines = strips.lines();
        for strip in first..strips.per_frame().min(first + TASK_STRIPS) {
            let place = Place { frame, row: strip * OUTPUT, col: 0 };
            strips.transform(x, frame, place.row, &mut lines);
            for block in 0..weights.blocks() {
                dispatch(Strip { strips, place, lines: &lines, weights, block, outputs });
            }
        }
    });
}

/// One block of channels of one strip.
struct Strip<'a, T: Element, O> {
    strips: &'a Strips,
    place: Place,
    lines: &'a [T],
    weights: &'a Weights<T>,
    block: usize,
    outputs: &'a O,
}

impl<T: Element, O: Outputs<T>> Kernel for Strip<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        match self.weights.width / T::Vector::<S>::LANES {
            2 => self.columns::<T::Vector<S>, 2>(),
            _ => self.columns::<T::Vector<S>, 1>(),
        }
    }
}

impl<T: Element, O: Outputs<T>> Strip<'_, T, O> {
    /// Two columns of N vectors at a time. The last two of an odd number overlap those before.
    #[inline(always)]
    fn columns<V: Vector<Elem = T>, const N: usize>(&self) {
        let &Self { strips, lines, weights, block, .. } = self;
        let (cin, pitch, cols) = (strips.conv.cin, strips.plane.pitch(), strips.outputs.1);
        let kernel = weights.block(block);
        assert!(cols >= COLUMNS && (cols - 1) * cin + weights.products <= pitch && lines.len() == INPUT * pitch);
        assert!(weights.products == strips.products() && kernel.len() == weights.products * INPUT * N * V::LANES);
        for col in (0..cols).step_by(COLUMNS) {
            let col = col.min(cols - COLUMNS);
            let corner = lines.as_ptr().wrapping_add(col * cin);
            // SAFETY: checked above: both windows lie in the lines, the block has N vectors for every product and frequency.
            let sums = unsafe { sums::<V, N>(corner, pitch, cin, kernel.as_ptr(), weights.products) };
            // Not a loop: it would not be unrolled, and the sums would go through memory.
            self.put(col, &sums, 0);
            if N > 1 {
                self.put(col, &sums, 1);
            }
        }
    }

    /// Hands over one vector of two columns.
    #[inline(always)]
    fn put<V: Vector<Elem = T>, const N: usize>(&self, col: usize, sums: &Sums<V, N>, j: usize) {
        let first = self.block * self.weights.width + j * V::LANES;
        if first >= self.weights.channels {
            return;
        }
        let mut patch = [[V::zero(); COLUMNS]; OUTPUT];
        for column in 0..COLUMNS {
            let mut line = [V::zero(); INPUT];
            for frequency in 0..INPUT {
                line[frequency] = sums[frequency][column][j];
            }
            let line = Output::line(line);
            for row in 0..OUTPUT {
                patch[row][column] = line[row];
            }
        }
        let channels = Channels { first, count: V::LANES.min(self.weights.channels - first) };
        let wanted = (OUTPUT.min(self.strips.outputs.0 - self.place.row), COLUMNS);
        self.outputs.put(Patch { place: Place { col, ..self.place }, channels, wanted }, patch);
    }
}

/// Sums by frequency, column and vector.
type Sums<V, const N: usize> = [[[V; N]; COLUMNS]; INPUT];

/// The frequencies of two columns.
///
/// # Safety
/// From `corner` on, in each of six lines `pitch` apart, the windows of two columns `right` apart can be read, `products` elements each;
/// from `weights` on, N vectors for every product and frequency.
#[inline(always)]
unsafe fn sums<V: Vector, const N: usize>(
    corner: *const V::Elem,
    pitch: usize,
    right: usize,
    weights: *const V::Elem,
    products: usize,
) -> Sums<V, N> {
    let mut sums = [[[V::zero(); N]; COLUMNS]; INPUT];
    let mut weights = weights;
    for product in 0..products {
        for frequency in 0..INPUT {
            let mut row = [V::zero(); N];
            for j in 0..N {
                // SAFETY: the caller's promise.
                row[j] = unsafe { V::load(weights.add(j * V::LANES)) };
            }
            weights = weights.wrapping_add(N * V::LANES);
            for column in 0..COLUMNS {
                // SAFETY: the caller's promise.
                let value = unsafe { V::splat(*corner.add(frequency * pitch + column * right + product)) };
                for j in 0..N {
                    sums[frequency][column][j] = value.mul_add(row[j], sums[frequency][column][j]);
                }
            }
        }
    }
    sums
}
