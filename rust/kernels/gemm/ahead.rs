//! What is going to be read next, called into the cache while the register tile is busy.

use super::Matrix;
use super::tile::{self, Panels, Strip};
use crate::simd::{CACHE_LINE, Vector};

/// Arrays that are called ahead at a time, at most.
const PARTS: usize = 4;

/// Memory that is going to be read next, called into the cache while the tiles are busy: a processor follows a stream by itself, but not
/// one that stops for as long as a block is computed.
#[derive(Clone, Copy)]
pub struct Ahead<T> {
    parts: [(*const T, usize); PARTS],
    /// Elements from what the first rows read of the panels to what is called; 0 for nothing.
    pub lead: usize,
}

// SAFETY: addresses that nobody reads through.
unsafe impl<T> Sync for Ahead<T> {}

impl<T> Ahead<T> {
    /// Nothing.
    #[inline(always)]
    pub fn none() -> Self {
        Self { parts: [(std::ptr::null(), 0); PARTS], lead: 0 }
    }

    /// `len` elements, which need not exist.
    #[inline(always)]
    pub fn new(data: *const T, len: usize) -> Self {
        let mut ahead = Self::none();
        ahead.parts[0] = (data, len);
        ahead
    }

    /// Some arrays one after the other, each as its first element and length.
    pub fn of(parts: [(*const T, usize); PARTS]) -> Self {
        Self { parts, ..Self::none() }
    }

    /// The first `count` rows of two matrices, of which `width` elements each will be read: whole rows, as they lie in memory, if these are
    /// a quarter of them at least.
    pub fn rows(matrices: [(Matrix<'_, T>, usize); 2], count: usize) -> Self {
        let none = (std::ptr::null(), 0);
        let [first, second] = matrices.map(|(matrix, width)| {
            let worthwhile = matrix.column == 1 && 4 * width >= matrix.row;
            if worthwhile { (matrix.data.as_ptr(), count * matrix.row) } else { none }
        });
        Self::of([first, second, none, none])
    }

    /// What lies `lead` elements behind that which the first rows read of the panels.
    #[inline(always)]
    pub fn leading(lead: usize) -> Self {
        Self { lead, ..Self::none() }
    }

    /// Whether no array is named.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.1 == 0)
    }

    /// Continues the chains of a tile by `steps`, and calls one cache line a step.
    ///
    /// # Safety
    /// As for `tile::chain_leading`.
    #[inline(always)]
    pub unsafe fn chain<V: Vector<Elem = T>, const R: usize, const P: usize, const N: usize>(
        &mut self,
        acc: &mut tile::Registers<V, R, P, N>,
        steps: usize,
        left: Strip<T>,
        right: Panels<T>,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.take(steps) {
                Some(ahead) => tile::chain_ahead(acc, steps, left, right, ahead),
                None => tile::chain_leading(acc, steps, left, right, self.lead),
            }
        }
    }

    /// Takes the next `lines` cache lines off.
    #[inline(always)]
    fn take(&mut self, lines: usize) -> Option<*const T> {
        for part in &mut self.parts {
            let (first, len) = *part;
            if len > 0 {
                let count = (lines * CACHE_LINE / size_of::<T>()).min(len);
                *part = (first.wrapping_add(count), len - count);
                return Some(first);
            }
        }
        None
    }
}
