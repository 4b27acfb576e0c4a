//! Keeping pointers of an inner loop in registers.

/// The pointer itself, for a loop that reads through several of them: where the compiler knows how one follows from another, it computes
/// them anew in every step instead of keeping them.
#[allow(clippy::pointers_in_nomem_asm_block)] // nothing is read or written through it
#[inline(always)]
pub fn opaque<T>(pointer: *const T) -> *const T {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    {
        let mut pointer = pointer;
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) pointer, options(pure, nomem, nostack, preserves_flags));
        }
        pointer
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pointer
}
