//! The helper threads of `parallel`: a few threads that wait for regions of work and run each together with the thread that asked.
//!
//! A region is one function that every thread calls, with the number of its seat, until there is nothing left to claim. It lies on the
//! stack of the thread that asked, which hands out a ticket for each helper it would like, works itself, takes back the tickets that
//! nobody took, and waits for the helpers that are still at it. So a busy helper never holds anybody up, and several threads may ask at
//! once.
//!
//! A training step has dozens of regions a few microseconds apart, and between predictions of single frames there are about a hundred of
//! them; waking a sleeping thread takes twenty to forty. So whoever waits looks around for `PATIENCE` before going to sleep, and soon lets
//! others have the core meanwhile.

use std::any::Any;
use std::collections::VecDeque;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a thread looks around before it sleeps: longer than the gaps between small predictions, too short to be noticed.
const PATIENCE: Duration = Duration::from_micros(300);
/// How long it does so without offering its core to others: longer than the gaps within a step.
const SELFISHNESS: Duration = Duration::from_micros(150);
/// Looks between two glances at the clock.
const LOOKS: usize = 32;

/// Helper threads. They live as long as the process.
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    work: Condvar,
    /// How many tickets have ever been handed out: what idle helpers watch.
    issued: AtomicUsize,
}

struct Waiting {
    /// One entry a ticket.
    tickets: VecDeque<Ticket>,
    /// Helpers that sleep.
    asleep: usize,
}

/// The right to work on a region: counted in its `helpers` from the moment it is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ticket(*const Region<'static>);

// SAFETY: a region outlives its tickets, see `Pool::run`, and everything in it may be shared.
unsafe impl Send for Ticket {}

struct Region<'a> {
    work: &'a (dyn Fn(usize) + Sync),
    /// Helpers at work.
    helpers: AtomicUsize,
    /// What a helper's work has unwound with, one of them if there are several.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    asker: Thread,
}

impl Pool {
    /// Starts `helpers` threads. None if the system gives not even one.
    pub fn new(helpers: usize) -> Option<Self> {
        let waiting = Mutex::new(Waiting { tickets: VecDeque::new(), asleep: 0 });
        let shared = Arc::new(Shared { waiting, work: Condvar::new(), issued: AtomicUsize::new(0) });
        let started = (0..helpers).filter(|&index| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("kinema-{index}")).spawn(move || shared.help(index + 1)).is_ok()
        });
        (started.count() > 0).then_some(Self { shared })
    }

    /// Calls `work(seat)` on this thread and on up to `helpers` others, and returns when all of them are done. Whoever asks has seat 0, and
    /// every helper one of its own for life.
    pub fn run(&self, helpers: usize, work: &(dyn Fn(usize) + Sync)) {
        let region = Region { work, helpers: AtomicUsize::new(0), panic: Mutex::new(None), asker: thread::current() };
        let ticket = Ticket(std::ptr::from_ref(&region).cast());
        self.shared.issue(ticket, helpers);
        let mine = catch_unwind(AssertUnwindSafe(|| work(0)));
        // From here on nobody takes a ticket of this region, and when no helper is left, nobody looks at it.
        self.shared.lock().tickets.retain(|&other| other != ticket);
        if !patiently(|| region.helpers.load(Ordering::Acquire) == 0) {
            while region.helpers.load(Ordering::Acquire) != 0 {
                thread::park();
            }
        }
        let others = region.panic.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = mine.err().or(others) {
            resume_unwind(panic);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issue(&self, ticket: Ticket, count: usize) {
        let mut waiting = self.lock();
        waiting.tickets.extend(std::iter::repeat_n(ticket, count));
        self.issued.fetch_add(count, Ordering::Release);
        for _ in 0..count.min(waiting.asleep) {
            self.work.notify_one();
        }
    }

    /// What a helper does all its life, with its seat.
    fn help(&self, seat: usize) {
        loop {
            let Ticket(region) = self.take();
            // SAFETY: the region counts this helper, so `Pool::run` does not return before the last line of this block.
            let (region, asker) = unsafe { (&*region, (*region).asker.clone()) };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (region.work)(seat))) {
                region.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
            }
            if region.helpers.fetch_sub(1, Ordering::Release) == 1 {
                asker.unpark();
            }
        }
    }

    /// Waits for a ticket and takes it.
    fn take(&self) -> Ticket {
        loop {
            let issued = self.issued.load(Ordering::Acquire);
            let mut waiting = self.lock();
            if let Some(ticket) = waiting.tickets.pop_front() {
                // SAFETY: a region removes its tickets, under this lock, before it ends.
                unsafe { &*ticket.0 }.helpers.fetch_add(1, Ordering::Relaxed);
                return ticket;
            }
            drop(waiting);
            if patiently(|| self.issued.load(Ordering::Acquire) != issued) {
                continue;
            }
            waiting = self.lock();
            waiting.asleep += 1;
            while waiting.tickets.is_empty() {
                waiting = self.work.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            waiting.asleep -= 1;
        }
    }
}

/// Looks until `seen` or out of patience; says which.
fn patiently(seen: impl Fn() -> bool) -> bool {
    let mut start = None;
    loop {
        for _ in 0..LOOKS {
            if seen() {
                return true;
            }
            spin_loop();
        }
        let waited = start.get_or_insert_with(Instant::now).elapsed();
        if waited > PATIENCE {
            return false;
        }
        if waited > SELFISHNESS {
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn everybody_who_asks_gets_all_work_done() {
        let pool = Pool::new(3).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..500 {
                        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
                        let taken = [const { AtomicBool::new(false) }; 4];
                        pool.run(3, &|seat| {
                            assert!(!taken[seat].swap(true, Ordering::Acquire), "two threads sit in one place");
                            while next.fetch_add(1, Ordering::Relaxed) < 20 {
                                done.fetch_add(1, Ordering::Relaxed);
                            }
                            taken[seat].store(false, Ordering::Release);
                        });
                        assert_eq!(done.load(Ordering::Relaxed), 20);
                        if round % 100 == 0 {
                            thread::sleep(2 * PATIENCE);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_thread_that_asked_whoever_it_came_to() {
        let pool = Pool::new(2).unwrap();
        let both = std::sync::Barrier::new(2);
        for panics in [0, 1] {
            let work = |seat: usize| {
                both.wait();
                assert!(usize::from(seat > 0) != panics, "on purpose");
            };
            let result = catch_unwind(AssertUnwindSafe(|| pool.run(1, &work)));
            assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
        }
        pool.run(2, &|_| ());
    }
}
