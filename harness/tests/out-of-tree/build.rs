//! Lets the linker list what the lab `identified` is linked from, as the documentation of `lab` tells a stranger to.

use std::path::PathBuf;

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    let beside = out.ancestors().nth(3).expect("it lies in the target directory");
    let list = beside.join("identified.linked");
    // Two arguments, because `-Wl,` would divide a path that has a comma in it.
    println!("cargo::rustc-link-arg-bin=identified=-Xlinker");
    println!("cargo::rustc-link-arg-bin=identified=--dependency-file={}", list.display());
    println!("cargo::rerun-if-changed=build.rs");
}
