//! Tells the lab which compiler built it for which target: both are part of a record's fingerprint.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").expect("Cargo sets RUSTC");
    let version = Command::new(rustc).arg("-V").output().expect("rustc runs");
    println!("cargo::rustc-env=LAB_RUSTC={}", String::from_utf8_lossy(&version.stdout).trim());
    println!("cargo::rustc-env=LAB_TARGET={}", std::env::var("TARGET").expect("Cargo sets TARGET"));
    println!("cargo::rerun-if-changed=build.rs");
}
