//! Calling memory into a cache before it is needed.

/// Bytes that a cache holds together.
pub const CACHE_LINE: usize = 64;

/// Calls the cache line of an address, which need not exist, into the first-level cache.
#[inline(always)]
pub fn prefetch_first<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction, and it never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// The same into the second-level cache.
#[inline(always)]
pub fn prefetch_second<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction, and it never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Memory that is called into the second-level cache piece by piece, while something else is computed.
#[derive(Clone, Copy)]
pub struct Pieces {
    next: *const u8,
    end: *const u8,
    piece: usize,
}

impl Pieces {
    /// All of a slice, in so many pieces.
    #[inline(always)]
    pub fn new<T>(slice: &[T], pieces: usize) -> Self {
        Self::at(slice.as_ptr(), slice.len(), pieces)
    }

    /// `len` elements from `first` on, which others may be writing, in so many pieces.
    #[inline(always)]
    pub fn at<T>(first: *const T, len: usize, pieces: usize) -> Self {
        let piece = (len * size_of::<T>()).div_ceil(pieces.max(1)).next_multiple_of(CACHE_LINE);
        Self { next: first.cast(), end: first.wrapping_add(len).cast(), piece }
    }

    /// Calls the next piece.
    #[inline(always)]
    pub fn call(&mut self) {
        let end = self.end.min(self.next.wrapping_add(self.piece));
        while self.next < end {
            prefetch_second(self.next);
            self.next = self.next.wrapping_add(CACHE_LINE);
        }
    }
}
