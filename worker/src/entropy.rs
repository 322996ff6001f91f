//! Workers have no entropy. std seeds every `HashMap` with random keys, and some crates keep such maps inside. The
//! keys decide where entries lie, and so what finding them costs: that would differ from run to run.
//!
//! std asks the C library's `getrandom`. This program has a function of that name, which asks the kernel. In a worker
//! it answers with the same bytes every time.

use std::sync::atomic::{AtomicBool, Ordering};

static FIXED: AtomicBool = AtomicBool::new(false);

/// From now on this process gets the same bytes every time.
pub fn fix() {
    FIXED.store(true, Ordering::Relaxed);
}

/// The C library's function, replaced.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes.
#[cfg(target_os = "linux")]
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut nix::libc::c_void, length: usize, flags: u32) -> isize {
    if FIXED.load(Ordering::Relaxed) {
        // SAFETY: the caller vouches for the buffer.
        unsafe { buffer.cast::<u8>().write_bytes(0x5a, length) };
        return length.cast_signed();
    }
    // SAFETY: the kernel's call of that name, with the caller's arguments.
    unsafe { nix::libc::syscall(nix::libc::SYS_getrandom, buffer, length, flags) as isize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_ends_where_it_is_fixed() {
        // A hasher takes its keys once per thread.
        use std::hash::{BuildHasher, RandomState};
        let of_new_thread =
            || std::thread::spawn(|| RandomState::new().hash_one(1)).join().expect("hashing does not panic");
        assert_ne!(of_new_thread(), of_new_thread());
        fix();
        let fixed = of_new_thread();
        assert_eq!(fixed, of_new_thread());
        FIXED.store(false, Ordering::Relaxed);
        assert_ne!(fixed, of_new_thread());
    }
}
