//! Asking Callgrind to instrument code, and to count parts of it.

/// The requests of Callgrind that the lab makes, as Callgrind numbers them.
const DUMP_STATS: usize = 0x4354_0000;
const TOGGLE_COLLECT: usize = 0x4354_0002;
const START_INSTRUMENTATION: usize = 0x4354_0004;

/// Asks Callgrind to instrument the code that runs from now on.
///
/// Without instrumentation code runs several times faster under Valgrind; only the region needs it.
pub fn instrument() {
    request(START_INSTRUMENTATION);
}

/// Counts what `part` executes, in instrumented code, and has Callgrind write that into a profile of its own: the process's
/// first one ends in `.1`, the next one in `.2`.
pub fn count_part(part: impl FnOnce()) {
    request(TOGGLE_COLLECT);
    part();
    request(TOGGLE_COLLECT);
    end_part();
}

/// Has Callgrind write what it counted so far into a profile of its own, as it does of a [part](count_part).
pub fn end_part() {
    request(DUMP_STATS);
}

/// Makes Valgrind's client request: a sequence of instructions that does nothing on a real processor.
#[inline(always)]
fn request(number: usize) {
    let request: [usize; 6] = [number, 0, 0, 0, 0, 0];
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
