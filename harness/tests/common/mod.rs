//! The project's directory and what is in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The project's directory.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The contenders that have a directory under a project's `impls/`: `bottleneck/contender`.
pub fn written(project: &Path) -> BTreeSet<String> {
    let impls = project.join("impls");
    let of_bottleneck = |bottleneck: String| {
        let contenders = directories(&impls.join(&bottleneck)).into_iter();
        contenders.map(move |contender| format!("{bottleneck}/{contender}"))
    };
    directories(&impls).into_iter().flat_map(of_bottleneck).collect()
}

/// The names of a directory's subdirectories.
fn directories(path: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let directories = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    directories.map(|entry| entry.file_name().into_string().unwrap()).collect()
}
