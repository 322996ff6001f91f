//! The fingerprint says where a record was measured.

use std::path::Path;
use std::process::Command;

use reports::record::Fingerprint;

use super::codegen;
use super::meters::instructions::{TUNABLES, valgrind_version};

/// The fingerprint of this binary on this machine, with the project at `root`; `isa` is what the
/// instruction meter's virtual CPU offers, empty without one.
pub fn take(root: &Path, isa: String) -> Fingerprint {
    let (revision, dirty) = revision(root);
    Fingerprint {
        rustc: env!("LAB_RUSTC").to_owned(),
        target: env!("LAB_TARGET").to_owned(),
        valgrind: valgrind_version().unwrap_or_default(),
        glibc: c_library(),
        cpu: cpu(),
        isa,
        profile: scenarios::BUILD_PROFILE.to_owned(),
        codegen: codegen(),
        tunables: TUNABLES.to_owned(),
        revision,
        dirty,
    }
}

/// The git revision at `root` and whether tracked files differ from it; empty outside a repository.
pub fn revision(root: &Path) -> (String, bool) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let revision = git(&["rev-parse", "HEAD"]).unwrap_or_default();
    let dirty = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|out| !out.is_empty());
    (revision, dirty)
}

/// How this program was compiled; empty if its debug information does not tell.
fn codegen() -> String {
    let told = std::env::current_exe().ok().and_then(|program| codegen::of(&program).ok().flatten());
    told.unwrap_or_default()
}

fn c_library() -> String {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: returns a pointer to a static, NUL-terminated string.
        let version = unsafe { std::ffi::CStr::from_ptr(nix::libc::gnu_get_libc_version()) };
        format!("glibc {}", version.to_string_lossy())
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    std::env::consts::OS.to_owned()
}

fn cpu() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, model)| model.trim().to_owned())
}
