//! What every optimiser's rule is, and its application to a whole array.

use crate::error::{KernelError, Result};
use crate::parallel::{self, ELEMENTWISE_CHUNK, Shared};
use crate::simd::Element;

/// The most arrays that a rule keeps beside the weights.
pub const SLOTS: usize = 3;

/// How weights change with their gradient. Every element stands alone, so weights may be changed in parts of any size.
pub trait UpdateRule<T>: Sync {
    /// The rule's name, for errors.
    fn name(&self) -> &'static str;

    /// The slots that it keeps, and whether each is required; it is another rule without an optional one.
    fn slots(&self) -> &'static [(&'static str, bool)];

    /// Fails where a setting is out of range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Changes some neighbouring weights and their slots by their gradient. Slots that do not exist are empty.
    fn apply(&self, weights: Weights<'_, T>, g: &[T]);
}

/// Weights and what a rule keeps beside them.
pub struct Weights<'a, T> {
    /// The weights.
    pub w: &'a mut [T],
    /// As many elements for each weight as there are slots; a slot that is not there is empty.
    pub slots: [&'a mut [T]; SLOTS],
}

impl<'a, T> Weights<'a, T> {
    /// Fails unless the slots are those of a rule, of as many elements as the weights.
    pub fn check(&self, rule: &dyn UpdateRule<T>) -> Result<()> {
        rule.check()?;
        for (index, slot) in self.slots.iter().enumerate() {
            let (name, required) = rule.slots().get(index).copied().unwrap_or(("a slot", false));
            if required || !slot.is_empty() {
                KernelError::check_shape(rule.name(), name, &[self.w.len()], &[slot.len()])?;
            }
        }
        Ok(())
    }

    /// Lends parts to the tasks of a parallel region.
    pub fn share(self) -> SharedWeights<'a, T> {
        SharedWeights { w: Shared::new(self.w), slots: self.slots.map(|slot| (slot.is_empty(), Shared::new(slot))) }
    }
}

/// Weights whose parts are changed by the tasks of one parallel region.
pub struct SharedWeights<'a, T> {
    w: Shared<'a, T>,
    slots: [(bool, Shared<'a, T>); SLOTS],
}

impl<T> SharedWeights<'_, T> {
    /// The weights from `start` on, with their slots.
    ///
    /// # Safety
    /// No two live parts may overlap.
    pub unsafe fn part(&self, start: usize, len: usize) -> Weights<'_, T> {
        // SAFETY: the caller's promise.
        unsafe {
            let slots = self.slots.each_ref();
            Weights {
                w: self.w.slice(start, len),
                slots: slots.map(|(empty, slot)| if *empty { &mut [] } else { slot.slice(start, len) }),
            }
        }
    }
}

/// Fails unless a rule's steps are counted from 1 on.
pub fn check_step(rule: &'static str, step: u64) -> Result<()> {
    if step == 0 {
        return Err(KernelError::argument(rule, "step", "at least 1", step));
    }
    Ok(())
}

/// Changes weights by their gradient.
pub fn update<T: Element>(rule: &dyn UpdateRule<T>, weights: Weights<'_, T>, g: &[T]) -> Result<()> {
    KernelError::check_shape(rule.name(), "g", &[weights.w.len()], &[g.len()])?;
    weights.check(rule)?;
    let shared = weights.share();
    let chunks = g.len().div_ceil(ELEMENTWISE_CHUNK);
    // Long runs, because each stream through memory has to be found by the processor anew.
    let grain = (chunks / (8 * parallel::threads())).clamp(1, 16);
    parallel::for_each(chunks, grain, |index| {
        let start = index * ELEMENTWISE_CHUNK;
        let len = ELEMENTWISE_CHUNK.min(g.len() - start);
        // SAFETY: chunks of different indices do not overlap, and every index is visited once.
        rule.apply(unsafe { shared.part(start, len) }, &g[start..start + len]);
    });
    Ok(())
}
