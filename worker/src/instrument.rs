//! Asking Callgrind to instrument code.

/// Asks Callgrind to instrument the code that runs from now on.
///
/// Valgrind's client request: a sequence of instructions that does nothing on a real processor. Without
/// instrumentation code runs several times faster under Valgrind; only the region needs it.
pub fn instrument() {
    const START: usize = 0x4354_0004;
    let request: [usize; 6] = [START, 0, 0, 0, 0, 0];
    // SAFETY: on a processor the four rotations by 128 bits in all leave the register as it was, and the
    // exchange (or move) of a register with itself does nothing. Under Valgrind the request reads six words
    // behind the pointer, which live until after it, and writes its result to the register named for it.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") 0usize => _,
            in("rax") request.as_ptr(),
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            inout("x3") 0usize => _,
            in("x4") request.as_ptr(),
            options(nostack),
        );
    }
    std::hint::black_box(request);
}

/// Whether this program can ask Callgrind to instrument on the processor that it is compiled for; where it cannot,
/// everything is instrumented, and slow.
pub const CAN_INSTRUMENT: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
