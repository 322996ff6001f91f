//! Tells the lab which compiler, target and optimisation level built it: they are part of a record's fingerprint.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").expect("Cargo sets RUSTC");
    let version = Command::new(rustc).arg("-V").output().expect("rustc runs");
    let variable = |name: &str| std::env::var(name).expect("Cargo sets it");
    println!("cargo::rustc-env=LAB_RUSTC={}", String::from_utf8_lossy(&version.stdout).trim());
    println!("cargo::rustc-env=LAB_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=LAB_OPT_LEVEL={}", variable("OPT_LEVEL"));
    println!("cargo::rustc-env=LAB_PROFILE={}", variable("PROFILE"));
    println!("cargo::rerun-if-changed=build.rs");
}
