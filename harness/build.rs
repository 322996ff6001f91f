//! Tells the lab which compiler built it for which target, which are part of a record's fingerprint, and lets the linker
//! list the files that it takes, which tell the identity of what is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").expect("Cargo sets RUSTC");
    let version = Command::new(&rustc).arg("-V").output().expect("rustc runs");
    println!("cargo::rustc-env=LAB_RUSTC={}", String::from_utf8_lossy(&version.stdout).trim());
    println!("cargo::rustc-env=LAB_TARGET={}", std::env::var("TARGET").expect("Cargo sets TARGET"));
    println!("cargo::rerun-if-changed=build.rs");

    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    // `target/release/build/lab-<hash>/out`: the list lies beside the program, where the program looks for it.
    let Some(beside) = out.ancestors().nth(3) else { return };
    for program in ["lab", "lab-allocations"] {
        let arguments = listing(&beside.join(format!("{program}.linked")));
        if !links(&rustc, &out, &arguments) {
            // A linker that cannot list its files. The lab then measures everything.
            return;
        }
        for argument in arguments {
            println!("cargo::rustc-link-arg-bin={program}={argument}");
        }
    }
}

/// The arguments with which a linker lists the files that it takes.
fn listing(list: &Path) -> [String; 2] {
    ["-Xlinker".to_owned(), format!("--dependency-file={}", list.display())]
}

/// Whether the linker that the lab is linked with takes these arguments.
fn links(rustc: &str, out: &Path, arguments: &[String]) -> bool {
    let source = out.join("linked.rs");
    if std::fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut command = Command::new(rustc);
    command.arg(&source).arg("-o").arg(out.join("linked"));
    command.arg("--target").arg(std::env::var_os("TARGET").unwrap_or_default());
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        command.arg("-C").arg(format!("linker={linker}"));
    }
    for flag in std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().split('\x1f') {
        if !flag.is_empty() {
            command.arg(flag);
        }
    }
    for argument in arguments {
        command.arg("-C").arg(format!("link-arg={argument}"));
    }
    command.output().is_ok_and(|output| output.status.success())
}
