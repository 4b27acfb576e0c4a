//! Recycled, aligned memory. Faulting in fresh gigabytes every training step would cost more than the mathematics, so a
//! buffer that dies goes to a pool and the next one of about its size takes it over, stale contents and all. Where sizes change from step to
//! step (batches that show other numbers of frames), blocks that nobody takes over are given back: what lives and what waits together stays
//! close to the most that ever lived at a time. Large blocks ask for huge pages where the system has them (Linux): a fault then
//! brings two megabytes, and addresses are found in fewer steps.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::panic::resume_unwind;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, TryLockError};

/// Every buffer starts on a cache line.
const ALIGNMENT: usize = 64;
/// Alignment that lets the system hand out lazily zeroed pages.
const SYSTEM_ALIGNMENT: usize = 16;
/// More than any machine has, and little enough to count with.
const MOST_BYTES: usize = usize::MAX >> 4;
/// The size of a huge page, and of buffers that are worth some.
const HUGE_PAGE: usize = 2 << 20;
/// Smaller buffers are left to the system's allocator.
const SMALLEST_POOLED: usize = 16 << 10;
/// The pool never holds more than this; the blocks that waited longest go first.
const POOL_CAPACITY: usize = 2 << 30;
/// What lives and what waits may be so many eighths of the most that ever lived: the blocks of one moment are not those of another.
const EIGHTHS_OF_MOST: usize = 11;

/// A numeric type whose every bit pattern is a value.
///
/// # Safety
/// Implementors have no padding, no invalid bit patterns and no drop glue.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}
// SAFETY: primitive numbers.
unsafe impl Plain for f32 {}
// SAFETY: primitive numbers.
unsafe impl Plain for f64 {}
// SAFETY: primitive numbers.
unsafe impl Plain for u8 {}
// SAFETY: primitive numbers.
unsafe impl Plain for i32 {}
// SAFETY: primitive numbers.
unsafe impl Plain for u32 {}
// SAFETY: primitive numbers.
unsafe impl Plain for i64 {}

/// The bytes of some numbers. Comparing them is a matter of vectors; comparing numbers one by one, each of which may be NaN, is not.
pub fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: plain numbers have no padding, so every byte is initialised.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// Blocks that wait for their next use, the one that came last at the end.
struct Pool {
    blocks: VecDeque<Raw>,
    /// Bytes that wait, bytes in use, and the most that ever were in use.
    waiting: usize,
    live: usize,
    most_live: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool::new());

impl Pool {
    const fn new() -> Self {
        Self { blocks: VecDeque::new(), waiting: 0, live: 0, most_live: 0 }
    }

    /// A block for a size class: of that class, else the smallest one that is not more than twice as large; of equals the one that this
    /// thread gave back last, which its core still has in a cache. Where there is none, the blocks that have to go before a fresh one
    /// comes.
    fn take(&mut self, capacity: usize) -> (Option<Raw>, Vec<Raw>) {
        let me = this_thread();
        let fitting =
            self.blocks.iter().enumerate().filter(|(_, raw)| (capacity..=2 * capacity).contains(&raw.capacity));
        let best = fitting.min_by_key(|&(index, raw)| (raw.capacity, raw.user != me, Reverse(index)));
        let index = best.map(|(index, _)| index);
        let found = index.and_then(|index| self.blocks.remove(index));
        let taken = found.as_ref().map_or(capacity, |raw| raw.capacity);
        self.live += taken;
        self.most_live = self.most_live.max(self.live);
        if found.is_some() {
            self.waiting -= taken;
            return (found, Vec::new());
        }
        (None, self.evict((self.most_live / 8 * EIGHTHS_OF_MOST).saturating_sub(self.live)))
    }

    /// Takes a block back; the blocks that have to go.
    fn give(&mut self, mut raw: Raw) -> Vec<Raw> {
        raw.user = this_thread();
        // A block that was taken while another process held the lock was not counted.
        self.live = self.live.saturating_sub(raw.capacity);
        self.waiting += raw.capacity;
        self.blocks.push_back(raw);
        self.evict(POOL_CAPACITY)
    }

    /// Lets the blocks go that waited longest, until no more than so many bytes wait.
    fn evict(&mut self, most: usize) -> Vec<Raw> {
        let mut evicted = Vec::new();
        while self.waiting > most
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.waiting -= oldest.capacity;
            evicted.push(oldest);
        }
        evicted
    }
}

/// A number that no other living thread has.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// Spins for the lock instead of sleeping on it: a child that was forked while another thread held it goes without a pool.
fn lock_pool() -> Option<MutexGuard<'static, Pool>> {
    for _ in 0..10_000 {
        match POOL.try_lock() {
            Ok(pool) => return Some(pool),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
        }
    }
    None
}

/// What a kernel unwinds with when it asks for more memory than there is.
#[derive(Debug)]
pub struct OutOfMemory {
    /// What was asked for.
    pub bytes: usize,
}

/// One allocation of the system: `capacity` bytes from the first cache line on.
struct Raw {
    start: NonNull<u8>,
    capacity: usize,
    /// The thread that gave it back last.
    user: usize,
}

// SAFETY: plain memory that a Raw owns alone.
unsafe impl Send for Raw {}
// SAFETY: a Raw gives access only through the methods of its owner.
unsafe impl Sync for Raw {}

impl Raw {
    /// Where the data of `capacity` bytes begins: on a cache line, or on a huge page.
    fn alignment(capacity: usize) -> usize {
        if capacity >= 2 * HUGE_PAGE { HUGE_PAGE } else { ALIGNMENT }
    }

    /// Room to begin at any such place; what is skipped is never touched, so it costs addresses only.
    fn layout(capacity: usize) -> Option<Layout> {
        Layout::from_size_align(capacity.checked_add(Self::alignment(capacity))?, SYSTEM_ALIGNMENT).ok()
    }

    /// None where the system has no such memory.
    fn fresh(capacity: usize) -> Option<Self> {
        let layout = Self::layout(capacity)?;
        // SAFETY: the layout has a size of at least ALIGNMENT.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let raw = Self { start, capacity, user: 0 };
        if Self::alignment(capacity) == HUGE_PAGE {
            ask_for_huge_pages(raw.aligned(), capacity / HUGE_PAGE * HUGE_PAGE);
        }
        Some(raw)
    }

    fn aligned(&self) -> NonNull<u8> {
        let skip = self.start.as_ptr().align_offset(Self::alignment(self.capacity));
        // SAFETY: the layout has as many spare bytes as the alignment, and skip is smaller.
        unsafe { self.start.add(skip) }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let layout = Self::layout(self.capacity).expect("there was one to allocate it");
        // SAFETY: allocated in `fresh` with this very layout.
        unsafe { dealloc(self.start.as_ptr(), layout) }
    }
}

/// Tells the system that whole huge pages from `start` on are welcome. It may refuse.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(start: NonNull<u8>, bytes: usize) {
    const MADV_HUGEPAGE: std::ffi::c_int = 14;
    // The C library is linked by std.
    unsafe extern "C" {
        fn madvise(start: *mut std::ffi::c_void, bytes: usize, advice: std::ffi::c_int) -> std::ffi::c_int;
    }
    // SAFETY: whole pages of memory that the caller owns; the advice does not change what they hold.
    unsafe { madvise(start.as_ptr().cast(), bytes, MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_start: NonNull<u8>, _bytes: usize) {}

/// The size class of `bytes`: four classes to an octave, so at most a quarter is wasted.
fn size_class(bytes: usize) -> usize {
    if bytes <= SMALLEST_POOLED {
        return bytes;
    }
    let step = bytes.next_power_of_two() / 8;
    bytes.div_ceil(step) * step
}

/// Untyped recycled memory: what keeps an array alive on the Python side.
pub struct Block(Option<Raw>);

impl Block {
    fn take(bytes: usize) -> Self {
        if bytes > MOST_BYTES {
            resume_unwind(Box::new(OutOfMemory { bytes }));
        }
        let capacity = size_class(bytes);
        let (found, evicted) = match capacity > SMALLEST_POOLED {
            true => lock_pool().map_or((None, Vec::new()), |mut pool| pool.take(capacity)),
            false => (None, Vec::new()),
        };
        drop(evicted);
        Self(Some(found.or_else(|| Raw::fresh(capacity)).unwrap_or_else(|| Self::fresh_at_last(capacity))))
    }

    /// What the system gives once it has all blocks back that wait here. Unwinds with `OutOfMemory` if that is nothing.
    fn fresh_at_last(capacity: usize) -> Raw {
        let waiting = lock_pool().map(|mut pool| pool.evict(0));
        drop(waiting);
        Raw::fresh(capacity).unwrap_or_else(|| {
            if capacity > SMALLEST_POOLED
                && let Some(mut pool) = lock_pool()
            {
                pool.live = pool.live.saturating_sub(capacity);
            }
            resume_unwind(Box::new(OutOfMemory { bytes: capacity }))
        })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let Some(raw) = self.0.take() else { return };
        if raw.capacity > SMALLEST_POOLED {
            let evicted = lock_pool().map(|mut pool| pool.give(raw));
            drop(evicted);
        }
    }
}

/// A recycled, 64-byte aligned array. Dereferences to a slice.
pub struct Buffer<T: Plain> {
    data: NonNull<T>,
    len: usize,
    block: Block,
}

// SAFETY: a Buffer owns its memory alone, and T is a plain number.
unsafe impl<T: Plain> Send for Buffer<T> {}
// SAFETY: shared access only reads plain numbers.
unsafe impl<T: Plain> Sync for Buffer<T> {}

impl<T: Plain> Buffer<T> {
    /// `len` elements that hold whatever was left there: for outputs that are written whole.
    pub fn stale(len: usize) -> Self {
        let block = Block::take(len.saturating_mul(size_of::<T>()));
        let data = block.0.as_ref().expect("just taken").aligned().cast();
        Self { data, len, block }
    }

    /// `len` zeros.
    pub fn zeroed(len: usize) -> Self {
        let buffer = Self::stale(len);
        // SAFETY: the buffer holds len elements, and all-zero bytes are zero for every plain number.
        unsafe { buffer.data.as_ptr().write_bytes(0, len) };
        buffer
    }

    /// A copy of `values`.
    pub fn copy_of(values: &[T]) -> Self {
        let mut buffer = Self::stale(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// Gives up the type: the memory lives as long as the block.
    pub fn into_block(self) -> (NonNull<T>, usize, Block) {
        (self.data, self.len, self.block)
    }
}

impl<T: Plain> Deref for Buffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: data points to len initialised elements (fresh memory is zeroed, recycled memory was written) that self owns.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl<T: Plain> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and self is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

/// Gives all pooled memory back to the system.
pub fn clear() {
    let blocks = lock_pool().map(|mut pool| {
        pool.waiting = 0;
        std::mem::take(&mut pool.blocks)
    });
    drop(blocks);
}

/// Bytes that wait in the pool.
pub fn pooled_bytes() -> usize {
    lock_pool().map_or(0, |pool| pool.waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_waste_at_most_a_quarter() {
        for bytes in (SMALLEST_POOLED + 1..1 << 20).step_by(997) {
            let class = size_class(bytes);
            assert!(class >= bytes && class - bytes <= bytes / 4, "{bytes} -> {class}");
            assert_eq!(size_class(class), class);
        }
    }

    /// Takes blocks of these sizes one after the other, then gives them all back; how many were fresh.
    fn step(pool: &mut Pool, capacities: &[usize]) -> usize {
        let mut fresh = 0;
        let mut new = |capacity| {
            fresh += 1;
            Raw::fresh(capacity).unwrap()
        };
        let raws: Vec<Raw> =
            capacities.iter().map(|&capacity| pool.take(capacity).0.unwrap_or_else(|| new(capacity))).collect();
        raws.into_iter().for_each(|raw| drop(pool.give(raw)));
        fresh
    }

    #[test]
    fn equal_steps_find_all_their_blocks_and_others_leave_little_behind() {
        let mut pool = Pool::new();
        let sizes = [1 << 20, 3 << 20, 1 << 20, 5 << 18];
        assert_eq!(step(&mut pool, &sizes), 4);
        assert_eq!(step(&mut pool, &sizes), 0);
        let smaller = sizes.map(|size| size / 4 * 3);
        assert_eq!(step(&mut pool, &smaller), 0);
        let most: usize = sizes.iter().sum();
        for factor in 1..40 {
            step(&mut pool, &[factor * (1 << 16), most / 2, factor * (1 << 14) + 64]);
            assert!(pool.waiting <= pool.most_live / 8 * EIGHTHS_OF_MOST, "{factor}: {} wait", pool.waiting);
        }
        assert_eq!(pool.live, 0);
        assert_eq!(pool.waiting, pool.blocks.iter().map(|raw| raw.capacity).sum::<usize>());
    }

    #[test]
    fn of_equal_blocks_a_thread_gets_the_one_that_it_gave_back() {
        let mut pool = Pool::new();
        let [mine, other] = [(); 2].map(|()| Raw::fresh(1 << 20).unwrap());
        let (my_start, other_start) = (mine.start, other.start);
        drop(pool.give(mine));
        std::thread::scope(|scope| {
            scope.spawn(|| drop(pool.give(other)));
        });
        assert_eq!(pool.take(1 << 20).0.unwrap().start, my_start);
        assert_eq!(pool.take(1 << 20).0.unwrap().start, other_start);
    }

    #[test]
    fn buffers_are_aligned_zeroed_and_recycled() {
        let len = (5 << 20) + 12345;
        let mut first = Buffer::<f64>::zeroed(len);
        assert!(first.iter().all(|&v| v == 0.0));
        assert_eq!(first.as_ptr() as usize % ALIGNMENT, 0);
        first.fill(7.0);
        let address = first.as_ptr();
        drop(first);
        assert!(pooled_bytes() >= len * 8);
        let second = Buffer::<f64>::stale(len - 1);
        assert_eq!(second.as_ptr(), address);
        assert!(Buffer::<f64>::stale(0).is_empty());
        assert_eq!(address as usize % HUGE_PAGE, 0);
    }

    #[test]
    fn more_memory_than_any_machine_has_unwinds_and_leaves_the_pool_as_it_was() {
        for bytes in [usize::MAX, isize::MAX as usize, 1 << 62] {
            let refused = std::panic::catch_unwind(|| Buffer::<u8>::stale(bytes)).err().unwrap();
            assert!(refused.downcast::<OutOfMemory>().unwrap().bytes >= bytes);
        }
        assert_eq!(Buffer::<f64>::zeroed(1 << 16)[7], 0.0);
    }
}
