//! Everything that only Linux has: memory files, mappings into one reservation, locks of open file descriptions, and
//! memory reserved before it is touched. Another system needs another version of this file only.

use std::fs::{File, OpenOptions};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use nix::unistd::{ftruncate, linkat};

use crate::error::{Error, io, system};
use crate::layout::reservation;

/// A file's mapping. Behind the file's end, the reservation reads as zeros.
pub(crate) struct Mapping {
    base: NonNull<u8>,
    reservation: NonZeroUsize,
}

// SAFETY: a mapping is memory that any thread may use and unmap. Who reads and writes it is decided elsewhere.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the file's first `capacity` bytes. Bytes from `from` up to `to` are writable.
    pub(crate) fn new(file: &File, capacity: usize, (from, to): (usize, usize)) -> Result<Self, Error> {
        let failed = system("map the region");
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE;
        let reservation = NonZeroUsize::new(reservation(capacity as u64)).expect("it has slack");
        // SAFETY: the kernel chooses free addresses.
        let base =
            unsafe { mmap_anonymous(None, reservation, ProtFlags::PROT_READ, flags) }.map_err(&failed)?;
        let mapping = Mapping { base: base.cast(), reservation };
        let read = ProtFlags::PROT_READ;
        for (from, to, protection) in
            [(0, from, read), (from, to, read | ProtFlags::PROT_WRITE), (to, capacity, read)]
        {
            let Some(length) = NonZeroUsize::new(to - from) else { continue };
            let address = mapping.base.addr().get() + from;
            // SAFETY: this replaces pages of the reservation, which nobody uses yet. The reservation
            // is at least as long as the file's part.
            unsafe {
                mmap(
                    NonZeroUsize::new(address),
                    length,
                    protection,
                    MapFlags::MAP_SHARED | MapFlags::MAP_FIXED,
                    file,
                    from as libc::off_t,
                )
            }
            .map_err(&failed)?;
        }
        Ok(mapping)
    }

    /// The address of the file's first byte.
    #[inline]
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the reservation is ours, and whoever uses it keeps the `Mapping` alive.
        let unmapped = unsafe { munmap(self.base.cast(), self.reservation.get()) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}

/// A file that has no name yet, in the directory of `path`, so that nobody sees it before it is complete; with a file
/// system that cannot do this, a new file at `path`. The flag says whether it still needs a name.
pub(crate) fn create(path: &Path) -> Result<(File, bool), Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().custom_flags(libc::O_TMPFILE).open(directory) {
        Ok(file) => Ok((file, true)),
        Err(error)
            if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL)) =>
        {
            Ok((options.create_new(true).open(path).map_err(io("create the region's file"))?, false))
        }
        Err(error) => Err(io("create the region's file")(error)),
    }
}

/// Gives a file without a name its name. Fails if there is such a file.
pub(crate) fn name(file: &File, path: &Path) -> Result<(), Error> {
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(AT_FDCWD, unnamed.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)
        .map_err(system("create the region's file"))
}

/// A file in memory that has no path.
pub(crate) fn memory_file(name: &str) -> Result<File, Error> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    memfd_create(name, flags).map(File::from).map_err(system("create a memory file"))
}

/// Fixes the length of a file in memory, so that no process can truncate it under the others.
pub(crate) fn seal(file: &File) -> Result<(), Error> {
    let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    fcntl(file, FcntlArg::F_ADD_SEALS(seals)).map_err(system("seal the memory file")).map(drop)
}

/// Opens what a descriptor names once more. Locks belong to an open file description, and descriptors that were
/// inherited or sent share theirs with the sender.
pub(crate) fn reopen(descriptor: impl AsFd) -> Result<File, Error> {
    let path = format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd());
    open(Path::new(&path))
}

/// Opens a region's file.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    OpenOptions::new().read(true).write(true).open(path).map_err(io("open the region's file"))
}

/// Sets the length of a file. No memory is taken for it.
pub(crate) fn set_length(file: &File, length: u64) -> Result<(), Error> {
    ftruncate(file, length as libc::off_t).map_err(system("set the length of the region's file"))
}

/// Takes memory for a part of the file, so that writing to it cannot fail. `false` if there is no memory left.
pub(crate) fn reserve(file: &File, from: u64, to: u64) -> Result<bool, Error> {
    loop {
        let length = (to - from) as libc::off_t;
        match fallocate(file, FallocateFlags::empty(), from as libc::off_t, length) {
            Ok(()) => return Ok(true),
            Err(Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG | Errno::ENOMEM) => return Ok(false),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(system("reserve memory for the region")(error)),
        }
    }
}

/// Gives the memory of a part of the file back to the system. `false` if the file system does not do that.
pub(crate) fn release(file: &File, from: u64, to: u64) -> bool {
    let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    fallocate(file, mode, from as libc::off_t, (to - from) as libc::off_t).is_ok()
}

fn lock_byte(file: &File, byte: u64, kind: libc::c_int) -> Result<bool, Error> {
    // SAFETY: all bytes zero are a valid value of this plain C structure.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock.l_start = byte as libc::off_t;
    lock.l_len = 1;
    match fcntl(file, FcntlArg::F_OFD_SETLK(&lock)) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(error) => Err(system("lock the region's file")(error)),
    }
}

/// Locks a byte of the file for this open file description; `false` if another one has it locked. The kernel unlocks it
/// when the last descriptor of the description is closed, however its process ends.
pub(crate) fn try_lock(file: &File, byte: u64) -> Result<bool, Error> {
    lock_byte(file, byte, libc::F_WRLCK)
}

/// Gives up a lock.
pub(crate) fn unlock(file: &File, byte: u64) -> Result<(), Error> {
    lock_byte(file, byte, libc::F_UNLCK).map(drop)
}
