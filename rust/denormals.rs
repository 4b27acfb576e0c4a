//! The guard against denormal numbers.

use std::marker::PhantomData;

/// While it lives, this thread's arithmetic treats denormal numbers as zero (one multiplication on denormals costs as much as
/// a hundred others). Restores the former state when dropped.
pub struct FlushDenormals {
    before: u64,
    here: PhantomData<*const ()>,
}

impl FlushDenormals {
    /// Sets flush-to-zero on this thread.
    #[allow(clippy::new_without_default)] // a guard without a binding would be dropped at once
    pub fn new() -> Self {
        let before = control::read();
        control::write(before | control::FLUSH);
        Self { before, here: PhantomData }
    }
}

impl Drop for FlushDenormals {
    fn drop(&mut self) {
        control::write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    /// FTZ and DAZ.
    pub const FLUSH: u64 = 0x8040;

    pub fn read() -> u64 {
        let mut value = 0u32;
        // SAFETY: stores MXCSR to a local; every x86-64 has it.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut value, options(nostack, preserves_flags)) };
        u64::from(value)
    }

    pub fn write(value: u64) {
        let value = value as u32;
        // SAFETY: a value read from MXCSR, at most with FTZ and DAZ added: no exception is unmasked.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    /// FPCR.FZ.
    pub const FLUSH: u64 = 1 << 24;

    pub fn read() -> u64 {
        let value: u64;
        // SAFETY: reading FPCR has no effect.
        unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nostack, nomem, preserves_flags)) };
        value
    }

    pub fn write(value: u64) {
        // SAFETY: a value read from FPCR, at most with FZ added.
        unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod control {
    pub const FLUSH: u64 = 0;

    pub fn read() -> u64 {
        0
    }

    pub fn write(_value: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn denormals_are_flushed_under_the_guard_only() {
        let halve = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        assert!(halve() > 0.0);
        {
            let _flush = FlushDenormals::new();
            if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
                assert_eq!(halve(), 0.0);
            }
        }
        assert!(halve() > 0.0);
    }
}
