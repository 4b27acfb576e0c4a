//! One vector trait, thin shells for every instruction set, chosen once at run time.
//!
//! An algorithm is written once as a [`Kernel`], generic over [`Simd`]; [`dispatch`] runs it inside a function that has the
//! instruction set switched on. Everything the kernel calls must be `#[inline(always)]`, or it is compiled without it: vectors do not
//! go through `Fn` values, `array::map` or `fold`, whose shims are compiled without it and make a call of every instruction. Dispatch
//! happens inside each parallel task, because a closure on another thread does not inherit it.

mod constants;
mod element;
pub mod math;
mod pointer;
mod prefetch;
mod scalar;
pub mod slices;
mod vector;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

use crate::error::{KernelError, Result};
use std::sync::atomic::{AtomicU8, Ordering};

pub use element::Element;
pub use pointer::opaque;
pub use prefetch::{CACHE_LINE, Pieces, prefetch_first, prefetch_second};
pub use vector::{MAX_LANES, Simd, Vector};

/// An algorithm that is compiled once for every instruction set. `run` must be `#[inline(always)]`.
pub trait Kernel {
    /// What it computes.
    type Output;
    /// Runs with the vectors of `S`.
    fn run<S: Simd>(self) -> Self::Output;
}

/// The instruction sets there are shells for, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum InstructionSet {
    /// Plain Rust on short arrays: whatever the target's baseline offers.
    Scalar = 1,
    /// 128-bit vectors of aarch64.
    Neon,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors (F, BW, DQ, VL).
    Avx512,
}

use InstructionSet::{Avx2, Avx512, Neon, Scalar};

impl InstructionSet {
    /// The name that users see and `KINEMA_ISA` takes.
    pub fn name(self) -> &'static str {
        match self {
            Scalar => "scalar",
            Neon => "neon",
            Avx2 => "avx2",
            Avx512 => "avx512",
        }
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Scalar => true,
            #[cfg(target_arch = "aarch64")]
            Neon => true,
            #[cfg(target_arch = "x86_64")]
            Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Avx512 => {
                Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[allow(unreachable_patterns)] // which patterns are left depends on the target
            _ => false,
        }
    }

    /// Everything this machine has, best first.
    pub fn available() -> Vec<Self> {
        [Avx512, Avx2, Neon, Scalar].into_iter().filter(|set| set.is_available()).collect()
    }
}

/// 0 until chosen, then an `InstructionSet` that is available.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// The instruction set that kernels run on.
#[inline]
pub fn current() -> InstructionSet {
    match CHOSEN.load(Ordering::Relaxed) {
        1 => Scalar,
        2 => Neon,
        3 => Avx2,
        4 => Avx512,
        _ => {
            let best = InstructionSet::available()[0];
            CHOSEN.store(best as u8, Ordering::Relaxed);
            best
        }
    }
}

/// Makes kernels run on `set`, which must be available.
pub fn choose(set: InstructionSet) {
    assert!(set.is_available(), "this machine has no {}", set.name());
    CHOSEN.store(set as u8, Ordering::Relaxed);
}

/// Chooses by name, as the environment variable `KINEMA_ISA` does.
pub fn choose_by_name(name: &str) -> Result<()> {
    let available = InstructionSet::available();
    let Some(&set) = available.iter().find(|set| set.name().eq_ignore_ascii_case(name.trim())) else {
        let names: Vec<_> = available.iter().map(|set| set.name()).collect();
        let expected = format!("one of the instruction sets of this machine ({})", names.join(", "));
        return Err(KernelError::argument("kinema", "the environment variable KINEMA_ISA", expected, name));
    };
    choose(set);
    Ok(())
}

/// Runs `kernel` on the chosen instruction set.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_on(current(), kernel)
}

/// Runs `kernel` on `set`, which must be available.
#[inline]
pub fn dispatch_on<K: Kernel>(set: InstructionSet, kernel: K) -> K::Output {
    match set {
        // SAFETY: `choose` and the callers of `dispatch_on` only name sets that `is_available` confirmed.
        #[cfg(target_arch = "x86_64")]
        Avx2 => unsafe { avx2::run(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Avx512 => unsafe { avx512::run(kernel) },
        #[cfg(target_arch = "aarch64")]
        Neon => kernel.run::<neon::Neon>(),
        _ => kernel.run::<scalar::Scalar>(),
    }
}

/// Lanes of a vector of T on the chosen instruction set.
pub fn lanes<T: Element>() -> usize {
    constants_of::<T>().0
}

/// `Vector::PICKS` of a vector of T on the chosen instruction set.
pub fn picks<T: Element>() -> bool {
    constants_of::<T>().1
}

/// `LANES` and `PICKS`.
fn constants_of<T: Element>() -> (usize, bool) {
    struct Constants<T>(std::marker::PhantomData<T>);
    impl<T: Element> Kernel for Constants<T> {
        type Output = (usize, bool);
        #[inline(always)]
        fn run<S: Simd>(self) -> (usize, bool) {
            (T::Vector::<S>::LANES, T::Vector::<S>::PICKS)
        }
    }
    dispatch(Constants::<T>(std::marker::PhantomData))
}

/// Runs a test body once on every instruction set of the machine. Tests that use it take turns.
#[cfg(test)]
pub fn on_every_instruction_set(body: impl Fn(InstructionSet)) {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for set in InstructionSet::available() {
        choose(set);
        body(set);
    }
    choose(InstructionSet::available()[0]);
}

#[cfg(test)]
mod double_double;
#[cfg(test)]
mod math_tests;
#[cfg(test)]
mod tests;
