//! Whether the kernel lets this process read the processor's counter of cycles.
//!
//! A meter that counts real cycles would tell what neither instructions nor a simulation can. The lab has none: it could
//! not be tried on a machine whose counters can be read. What there is says why it is absent.

use std::io;

/// What the kernel's `perf_event_open` is asked for: the first version of its attributes, 64 bytes.
const SIZE: u64 = 64;

/// Opens the counter of this thread's cycles in user mode, and closes it again.
///
/// # Errors
/// What the kernel says where it cannot be read.
#[cfg(target_os = "linux")]
pub fn readable() -> io::Result<()> {
    use std::os::fd::{FromRawFd, OwnedFd};

    use nix::libc;

    // The kind (0: of the hardware) with the size of the attributes, the event (0: cycles), and as the sixth word the
    // flags: disabled, without the kernel, without a hypervisor.
    let attributes: [u64; 8] = [SIZE << 32, 0, 0, 0, 0, 1 | 1 << 5 | 1 << 6, 0, 0];
    // SAFETY: the kernel reads as many bytes as the attributes say that they have. This thread, any processor, no group, no
    // flags.
    let opened = unsafe { libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, 0) };
    match i32::try_from(opened) {
        Ok(descriptor) if descriptor >= 0 => {
            // SAFETY: the kernel just opened it, and nobody else knows it.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
            Ok(())
        }
        _ => Err(io::Error::last_os_error()),
    }
}

/// Other systems have other interfaces.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn readable() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Why there is no meter `cycles`, in one line.
pub fn absent() -> String {
    match readable() {
        Ok(()) => "There is no meter `cycles`, although the processor's counter of cycles can be read here: the lab has none yet".to_owned(),
        Err(error) => {
            let error = error.to_string();
            let error = error.split(" (os error").next().unwrap_or_default();
            format!("There is no meter `cycles`: the processor's counter of cycles cannot be read here ({error})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_fits_what_the_kernel_says() {
        let said = absent();
        assert_eq!(said.contains("cannot be read"), readable().is_err(), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
}
