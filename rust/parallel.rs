//! The only place that splits work. Work is split by fixed sizes, never by the number of threads, and sums follow a fixed
//! binary tree, so results have the same bits for any number of threads.

use crate::denormals::FlushDenormals;
use crate::memory::Buffer;
use crate::pool::Pool;
use crate::simd::Element;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The most threads that can be asked for.
pub const MAX_THREADS: usize = 512;

/// 0: not chosen yet.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// One pool per thread count ever used, built when first needed and kept: no lock that a fork could leave locked.
static POOLS: [AtomicPtr<Helpers>; MAX_THREADS + 1] = [const { AtomicPtr::new(std::ptr::null_mut()) }; MAX_THREADS + 1];

struct Helpers {
    /// The process that owns the threads: after a fork the child has none of them and builds its own.
    process: u32,
    pool: Pool,
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// CPUs this process may use: affinity and cgroup quotas are respected. Asked once, because asking reads files.
pub fn available_threads() -> usize {
    static AVAILABLE: OnceLock<usize> = OnceLock::new();
    *AVAILABLE.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS))
}

/// Threads that kernels run on.
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => available_threads(),
        n => n,
    }
}

/// Sets the number of threads, between 1 and `MAX_THREADS`. Results do not depend on it.
pub fn set_threads(count: usize) {
    THREADS.store(count.clamp(1, MAX_THREADS), Ordering::Relaxed);
}

/// The helpers for `count` threads: the caller works too, so there is one fewer. None if the system gives no threads.
fn helpers(count: usize) -> Option<&'static Pool> {
    let slot = &POOLS[count];
    let process = std::process::id();
    let current = slot.load(Ordering::Acquire);
    // SAFETY: slots hold null or leaked Helpers that are never freed.
    if let Some(helpers) = unsafe { current.as_ref() }
        && helpers.process == process
    {
        return Some(&helpers.pool);
    }
    let fresh = Box::into_raw(Box::new(Helpers { process, pool: Pool::new(count - 1)? }));
    let winner = match slot.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => fresh,
        Err(other) => {
            // Another thread was first. The threads of this pool sleep from now on: they hold what they need themselves.
            // SAFETY: fresh was never shared.
            drop(unsafe { Box::from_raw(fresh) });
            other
        }
    };
    // SAFETY: as above.
    unsafe { winner.as_ref() }.map(|helpers| &helpers.pool)
}

/// Calls `task(i)` once for every `i` below `count`, on several threads. Threads take `grain` neighbouring indices at a time, each from a
/// share of its own as long as there is something left; work of at most one grain stays on the caller. Nested calls run on the thread they
/// are made on.
pub fn for_each(count: usize, grain: usize, task: impl Fn(usize) + Sync) {
    let grain = grain.max(1);
    let grains = count.div_ceil(grain);
    let seats = threads().min(grains);
    let helpers = if seats > 1 && !INSIDE.get() { helpers(threads()) } else { None };
    let Some(pool) = helpers else {
        return calmly(|| (0..count).for_each(&task));
    };
    let shares: Vec<_> =
        (0..seats).map(|seat| Share::new(grains * seat / seats..grains * (seat + 1) / seats)).collect();
    pool.run(seats - 1, &|seat| {
        calmly(|| {
            for turn in 0..seats {
                while let Some(index) = shares[(seat + turn) % seats].claim() {
                    (index * grain..count.min((index + 1) * grain)).for_each(&task);
                }
            }
        });
    });
}

/// Does a thread's part of a region: without denormals, and without regions within.
fn calmly(work: impl FnOnce()) {
    let _flush = FlushDenormals::new();
    let _inside = Inside::enter();
    work();
}

/// Neighbouring pieces of work that one thread does first and others when they have nothing left: what a thread has read and written in one
/// region it finds in its own cache in the next, because it sits in the same place and regions are split in the same order.
#[repr(align(128))] // counters of different threads are no neighbours
struct Share {
    next: AtomicUsize,
    end: usize,
}

impl Share {
    fn new(pieces: Range<usize>) -> Self {
        Self { next: AtomicUsize::new(pieces.start), end: pieces.end }
    }

    /// The next piece, once.
    fn claim(&self) -> Option<usize> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.end).then_some(index)
    }
}

/// Marks a thread as working on a parallel region.
struct Inside(bool);

impl Inside {
    fn enter() -> Self {
        Self(INSIDE.replace(true))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// A mutable slice that tasks of one parallel region write to at places that do not overlap.
pub struct Shared<'a, T> {
    data: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: access goes through `slice`, whose caller promises that ranges do not overlap.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Takes the slice for the time of a parallel region.
    pub fn new(data: &'a mut [T]) -> Self {
        Self { data: data.as_mut_ptr(), len: data.len(), lifetime: PhantomData }
    }

    /// Where the element `start` lies; from there on there are at least `reach`.
    #[inline(always)]
    pub fn pointer(&self, start: usize, reach: usize) -> *mut T {
        assert!(start <= self.len && reach <= self.len - start, "pointer outside of a shared array");
        self.data.wrapping_add(start)
    }

    /// The elements from `start` on.
    ///
    /// # Safety
    /// No two live slices may overlap.
    #[allow(clippy::mut_from_ref)] // the point of the type: disjointness is the caller's promise
    #[inline(always)]
    pub unsafe fn slice(&self, start: usize, len: usize) -> &mut [T] {
        // SAFETY: within bounds; the caller promises that nobody else holds this part.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(start, len), len) }
    }
}

/// Calls `task(i, chunk)` for every `chunk_len` elements of `data` (the last chunk may be shorter), `grain` chunks at a time.
pub fn chunks_mut<T: Send>(data: &mut [T], chunk_len: usize, grain: usize, task: impl Fn(usize, &mut [T]) + Sync) {
    let len = data.len();
    if len == 0 {
        return;
    }
    let shared = Shared::new(data);
    for_each(len.div_ceil(chunk_len), grain, |index| {
        let start = index * chunk_len;
        // SAFETY: chunks of different indices do not overlap, and every index is visited once.
        task(index, unsafe { shared.slice(start, chunk_len.min(len - start)) });
    });
}

/// Elements of a chunk of elementwise work: small enough for a cache, large enough to be worth a hand-over.
pub const ELEMENTWISE_CHUNK: usize = 16 << 10;

/// Writes to `out` the sum of `leaves` arrays: `leaf(i, acc)` adds the i-th to the zeroed `acc`. The additions follow a fixed
/// binary tree (neighbours first, aligned powers of two), whatever the number of threads.
pub fn tree_sum<T: Element>(leaves: usize, out: &mut [T], leaf: impl Fn(usize, &mut [T]) + Sync) {
    out.fill(T::ZERO);
    let len = out.len();
    if leaves <= 1 || len == 0 {
        if leaves == 1 {
            let shared = Shared::new(out);
            // SAFETY: the only slice.
            for_each(1, 1, |_| leaf(0, unsafe { shared.slice(0, len) }));
        }
        return;
    }
    // An aligned block of a power of two of leaves is a whole subtree, so its size may follow the number of threads.
    let block = leaves.div_ceil(4 * threads()).next_power_of_two();
    let blocks = leaves.div_ceil(block);
    let mut partial = Buffer::<T>::stale(blocks * len);
    chunks_mut(&mut partial, len, 1, |index, acc| {
        let first = index * block;
        sum_subtree(first, block.min(leaves - first), acc, &leaf);
    });
    let mut gap = 1;
    while gap < blocks {
        let shared = Shared::new(&mut partial);
        let pairs = (blocks - gap).div_ceil(2 * gap);
        let pieces = len.div_ceil(ELEMENTWISE_CHUNK);
        for_each(pairs * pieces, 1, |index| {
            let (left, start) = (index / pieces * 2 * gap, index % pieces * ELEMENTWISE_CHUNK);
            let piece = ELEMENTWISE_CHUNK.min(len - start);
            // SAFETY: every pair of blocks and every piece of it is visited once.
            let (to, from) =
                unsafe { (shared.slice(left * len + start, piece), shared.slice((left + gap) * len + start, piece)) };
            add(to, from);
        });
        gap *= 2;
    }
    out.copy_from_slice(&partial[..len]);
}

/// `tree_sum` over `count` items, of which `per_leaf` neighbours share a leaf: `leaf(items, acc)` adds theirs.
pub fn tree_sum_in_leaves<T: Element>(
    count: usize,
    per_leaf: usize,
    out: &mut [T],
    leaf: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    tree_sum(count.div_ceil(per_leaf), out, |index, acc| {
        let first = index * per_leaf;
        leaf(first..count.min(first + per_leaf), acc);
    });
}

/// Sums leaves `first..first + count` into `acc` in the order of the tree, holding one array per level.
fn sum_subtree<T: Element>(first: usize, count: usize, acc: &mut [T], leaf: &(impl Fn(usize, &mut [T]) + Sync)) {
    if count == 1 {
        acc.fill(T::ZERO);
        leaf(first, acc);
        return;
    }
    let left = count.next_power_of_two() / 2;
    sum_subtree(first, left, acc, leaf);
    let mut right = Buffer::<T>::stale(acc.len());
    sum_subtree(first + left, count - left, &mut right, leaf);
    add(acc, &right);
}

fn add<T: Element>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(a, &b)| *a += b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_visited_once() {
        for (count, grain) in [(0, 1), (1, 1), (7, 3), (1000, 1), (1000, 64), (5, 100)] {
            let mut visits = vec![0u32; count];
            chunks_mut(&mut visits, 1, grain, |_, chunk| chunk[0] += 1);
            assert!(visits.iter().all(|&v| v == 1));
        }
    }

    #[test]
    fn a_share_is_given_away_once() {
        let share = Share::new(3..5);
        assert_eq!([share.claim(), share.claim(), share.claim(), share.claim()], [Some(3), Some(4), None, None]);
    }

    #[test]
    fn nested_regions_run() {
        let mut sums = vec![0usize; 8];
        chunks_mut(&mut sums, 1, 1, |i, sum| {
            let mut inner = vec![0usize; 100];
            chunks_mut(&mut inner, 1, 1, |j, v| v[0] = i * j);
            sum[0] = inner.iter().sum();
        });
        assert_eq!(sums, (0..8).map(|i| i * 4950).collect::<Vec<_>>());
    }

    #[test]
    fn tree_sums_have_the_same_bits_for_any_thread_count() {
        let before = threads();
        for leaves in [0usize, 1, 2, 3, 5, 16, 37, 129] {
            let leaf = |i: usize, acc: &mut [f32]| {
                acc.iter_mut().enumerate().for_each(|(j, a)| *a += 1.0 / (1 + i * 3 + j) as f32);
            };
            let run = |threads| {
                set_threads(threads);
                let mut out = vec![9.0f32; 5];
                tree_sum(leaves, &mut out, leaf);
                out
            };
            let one = run(1);
            for threads in [2, 3, 7] {
                assert_eq!(run(threads), one, "{leaves} leaves");
            }
            let exact: f64 = (0..leaves).map(|i| 1.0 / (1 + i * 3) as f64).sum();
            assert!((f64::from(one[0]) - exact).abs() < 1e-5);
        }
        set_threads(before);
    }
}
