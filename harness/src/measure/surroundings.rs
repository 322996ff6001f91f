//! Programs for other surroundings: with another allocator, compiled in another way, or with other entries. They count what
//! a region costs, and nothing else.
//!
//! Where the surroundings decide how a program is compiled, it is a small one of its own, with the contenders of one
//! bottleneck: the whole lab would take many times as long.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use reports::sensitivity::Surroundings;
use scenarios::{Bottleneck, Contender};

use crate::lock::exclusive;
use crate::sha256::sha256;

/// A program that counts.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program.
    pub binary: PathBuf,
    /// A library that is loaded before all others.
    pub preload: Option<PathBuf>,
    /// What is to be known of it beside its surroundings: the version of an allocator.
    pub note: Option<String>,
}

/// How surroundings are made.
enum Made {
    /// This library takes the place of the C library's allocator.
    Preloaded(&'static str),
    /// The program is compiled with these flags, and these settings of Cargo's.
    Compiled { flags: &'static [&'static str], settings: &'static [(&'static str, &'static str)] },
}

/// How the surroundings of that name are made; `None` for the usual ones.
fn made(name: &str) -> Option<Made> {
    let compiled = |flags| Some(Made::Compiled { flags, settings: &[] });
    match name {
        "mimalloc" => Some(Made::Preloaded("libmimalloc.so")),
        "jemalloc" => Some(Made::Preloaded("libjemalloc.so")),
        "siphash" => compiled(&["--cfg=lab_hasher=\"sip\""]),
        "lto" => Some(Made::Compiled { flags: &[], settings: &[("CARGO_PROFILE_RELEASE_LTO", "fat")] }),
        // Valgrind does not know AVX-512, and all its parts depend on this one.
        "native" => compiled(&["-Ctarget-cpu=native", "-Ctarget-feature=-avx512f"]),
        "entries_64" => compiled(&["--cfg=lab_entry_bytes=\"64\""]),
        "entries_256" => compiled(&["--cfg=lab_entry_bytes=\"256\""]),
        _ => None,
    }
}

/// Whether these surroundings change anything for a bottleneck.
pub fn concern(bottleneck: &Bottleneck, surroundings: &Surroundings) -> bool {
    // Only their scenarios have plain entries whose size can be chosen.
    let sized = ["persistent_vector", "persistent_map", "small_map", "lru_cache"];
    let hashes = !matches!(bottleneck.name, "persistent_vector" | "shared_vector" | "signals");
    match surroundings.name {
        "siphash" => hashes,
        "entries_64" | "entries_256" => sized.contains(&bottleneck.name),
        _ => true,
    }
}

/// The program for surroundings; or why there is none here, with what to do about it.
///
/// # Errors
/// If another lab compiles one now, or its sources cannot be written.
pub fn program(
    root: &Path,
    runs: &Path,
    lab: &Path,
    contenders: &[&Contender],
    surroundings: &Surroundings,
) -> Result<Result<Program, String>> {
    match made(surroundings.name) {
        None => Ok(Ok(Program { binary: lab.to_owned(), preload: None, note: None })),
        Some(Made::Preloaded(library)) => Ok(library_here(library).map_or_else(
            || {
                let name = surroundings.name;
                Err(format!("{library} is not installed; `scripts/ensure {name}` installs it"))
            },
            |path| {
                let note = path
                    .canonicalize()
                    .ok()
                    .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
                Ok(Program { binary: lab.to_owned(), preload: Some(path), note })
            },
        )),
        Some(Made::Compiled { flags, settings }) => {
            let home = runs.join("sensitivity");
            compile(root, &home, contenders, surroundings, flags, settings)
        }
    }
}

/// Where a library lies whose name begins so, by what the dynamic linker knows.
fn library_here(name: &str) -> Option<PathBuf> {
    let listed = ["ldconfig", "/sbin/ldconfig"].into_iter().find_map(|program| {
        let output = Command::new(program).arg("-p").stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    })?;
    library_in(&listed, name, std::env::consts::ARCH).filter(|path| path.exists())
}

/// The same, in what `ldconfig -p` prints: lines like `libjemalloc.so.2 (libc6,x86-64) => /lib/libjemalloc.so.2`.
fn library_in(listed: &str, name: &str, machine: &str) -> Option<PathBuf> {
    let machine = machine.replace('_', "-");
    listed.lines().find_map(|line| {
        let (library, path) = line.trim().split_once(" => ")?;
        let rest = library.strip_prefix(name)?;
        let is_whole_name = rest.starts_with(' ') || rest.starts_with('.');
        // Libraries for other machines may be installed, too. On 64-bit Arm the list calls the machine otherwise.
        let fits = rest.contains(&machine) || (machine == "aarch64" && rest.contains("AArch64"));
        (is_whole_name && fits).then(|| PathBuf::from(path))
    })
}

/// Compiles the program of some contenders.
fn compile(
    root: &Path,
    home: &Path,
    contenders: &[&Contender],
    surroundings: &Surroundings,
    flags: &[&str],
    settings: &[(&str, &str)],
) -> Result<Result<Program, String>> {
    let root = root.canonicalize().with_context(|| format!("cannot find {}", root.display()))?;
    let home = home.join(surroundings.name);
    let package = home.join("program");
    let _lock = exclusive(&home.join("lock"), "lab sensitivity")?;
    let (manifest, main) = match sources(&root, contenders) {
        Ok(sources) => sources,
        Err(why) => return Ok(Err(why)),
    };
    // The same contenders have the same name, so that nothing is compiled twice.
    let name = format!("counts-{}", &sha256([main.as_bytes()])[..12]);
    for (file, text) in [("Cargo.toml", &manifest.replace(NAME, &name)), ("src/main.rs", &main)] {
        reports::io::write_text(&package.join(file), text)?;
    }
    let lock = root.join("Cargo.lock");
    std::fs::copy(&lock, package.join("Cargo.lock"))
        .with_context(|| format!("cannot copy {}", lock.display()))?;
    let target = home.join("target");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--quiet", "--offline"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env_remove("RUSTFLAGS")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = cargo.status().context("cannot start cargo")?;
    if !status.success() {
        return Ok(Err(format!("its program does not compile ({status})")));
    }
    Ok(Ok(Program { binary: target.join("release").join(name), preload: None, note: None }))
}

/// Stands for the program's name in its manifest.
const NAME: &str = "NAME";

/// The manifest and the source of a program that counts these contenders; or why there is none.
fn sources(root: &Path, contenders: &[&Contender]) -> Result<(String, String), String> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let Some(profile) = section(&text, "[profile.release]") else {
        return Err(
            "the project's Cargo.toml has no `[profile.release]`: the sources of this lab are not here"
                .to_owned(),
        );
    };
    let quoted = |path: PathBuf| match path.to_str() {
        Some(path) => Ok(format!("{path:?}")),
        None => Err(format!("the path {} is not UTF-8, which Cargo requires", path.display())),
    };
    let mut manifest = format!(
        "[package]\nname = \"{NAME}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n{profile}\n\
         [dependencies]\nworker = {{ path = {} }}\n",
        quoted(root.join("worker"))?
    );
    let mut list = String::new();
    for (at, contender) in contenders.iter().enumerate() {
        let (bottleneck, name) = (contender.bottleneck.name, contender.about.name);
        let directory = root.join("impls").join(bottleneck).join(name);
        if !directory.join("Cargo.toml").is_file() {
            return Err(format!(
                "{bottleneck}/{name} is not in impls/: it cannot be compiled in another way"
            ));
        }
        let path = quoted(directory)?;
        let _ = writeln!(manifest, "contender{at} = {{ package = \"{bottleneck}-{name}\", path = {path} }}");
        let _ = writeln!(list, "        contender{at}::contender(),");
    }
    let main = format!(
        "//! Counts what regions cost. `lab sensitivity` wrote it.\n\n\
         fn main() -> std::process::ExitCode {{\n    \
             let contenders = vec![\n{list}    ];\n    \
             let under_valgrind = std::env::args().nth(2).is_some_and(|argument| argument == \"callgrind\");\n    \
             let roster = worker::Roster {{ contenders: &contenders, input: None, seed: None }};\n    \
             worker::serve(roster, under_valgrind, &|_, _, _| worker::Answer::Failed(\"it only counts\".to_owned()))\n\
         }}\n"
    );
    Ok((manifest, main))
}

/// A section of a manifest, with its title.
fn section(manifest: &str, title: &str) -> Option<String> {
    let mut lines = manifest.lines().skip_while(|line| line.trim() != title);
    let first = lines.next()?;
    let rest = lines.take_while(|line| !line.trim_start().starts_with('['));
    Some(std::iter::once(first).chain(rest).fold(String::new(), |text, line| text + line + "\n"))
}

#[cfg(test)]
mod tests {
    use reports::sensitivity::OTHERS;

    use super::*;
    use crate::roster::roster;

    #[test]
    fn all_surroundings_but_the_usual_ones_can_be_made() {
        assert!(OTHERS.iter().all(|surroundings| made(surroundings.name).is_some()));
        assert!(made(reports::sensitivity::USUAL.name).is_none());
    }

    #[test]
    fn a_library_is_the_one_of_this_machine() {
        let listed = "2 libs found in cache\n\tlibjemalloc.so.2 (libc6) => /lib32/libjemalloc.so.2\n\t\
                      libjemalloc.so.2 (libc6,x86-64) => /lib/libjemalloc.so.2\n\t\
                      libjemalloc.so (libc6,AArch64) => /arm/libjemalloc.so\n\t\
                      libjemallocator.so (libc6,x86-64) => /lib/libjemallocator.so\n";
        let found = |name, machine| library_in(listed, name, machine);
        assert_eq!(found("libjemalloc.so", "x86_64"), Some("/lib/libjemalloc.so.2".into()));
        assert_eq!(found("libjemalloc.so", "aarch64"), Some("/arm/libjemalloc.so".into()));
        assert_eq!(found("libmimalloc.so", "x86_64"), None);
    }

    #[test]
    fn a_program_has_the_project_s_profile_and_the_contenders_that_are_asked_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let contenders = roster();
        let ours: Vec<&Contender> =
            contenders.iter().filter(|contender| contender.bottleneck.name == "small_map").collect();
        let (manifest, main) = sources(root, &ours).unwrap();
        assert!(manifest.contains("[profile.release]\nopt-level = 3\ncodegen-units = 1\n"), "{manifest}");
        for (at, contender) in ours.iter().enumerate() {
            let package = format!("contender{at} = {{ package = \"small_map-{}\"", contender.about.name);
            assert!(manifest.contains(&package), "{manifest}");
        }
        assert_eq!(main.matches("::contender()").count(), ours.len());
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(sources(elsewhere.path(), &ours).unwrap_err().contains("sources of this lab are not here"));
        std::fs::write(elsewhere.path().join("Cargo.toml"), "[profile.release]\n").unwrap();
        assert!(sources(elsewhere.path(), &ours).unwrap_err().contains("is not in impls/"));
    }

    #[test]
    fn a_section_ends_where_the_next_one_begins() {
        let manifest = "[a]\nx = 1\n\n[profile.release] \ny = 2\n# z\n\n[profile.bench]\nz = 3\n";
        assert_eq!(section(manifest, "[profile.release]").unwrap(), "[profile.release] \ny = 2\n# z\n\n");
        assert_eq!(section(manifest, "[b]"), None);
    }
}
