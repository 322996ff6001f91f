//! Tells with which profile the scenarios and the contenders are built: it is part of a record's fingerprint.

fn main() {
    let variable = |name: &str| std::env::var(name).expect("Cargo sets it");
    println!("cargo::rustc-env=SCENARIOS_PROFILE={}", variable("PROFILE"));
    println!("cargo::rustc-env=SCENARIOS_OPT_LEVEL={}", variable("OPT_LEVEL"));
    println!("cargo::rerun-if-changed=build.rs");
}
