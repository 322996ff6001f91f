//! The identities of contenders: hashes over the machine code and data that their cells and checks can reach.
//!
//! Each contender is a crate of its own, and its exact counts depend on its machine code, on its input and on the worker
//! that runs it. So a count cannot have changed where none of these did.

use std::alloc::{GlobalAlloc, Layout};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use identity::{Files, Program, address_of, symbols_at};
use reports::{Identities, Identity};
use scenarios::Contender;
use serde::{Deserialize, Serialize};
use worker::{Allocator, Others, lab_measured_region};

use crate::roster::cell::{Roster, name_of};
use crate::sha256::sha256;

/// What a contender's cells can reach.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Functions.
    pub functions: usize,
    /// Bytes of code and data.
    pub bytes: u64,
}

/// The identities in the running program, whose file is `program`.
///
/// To find them, everything that the program was linked from is read, which takes seconds. So they are kept, among Cargo's
/// own files, for the next time that the same program asks.
///
/// # Errors
/// If it is not known from which files the program was linked, or one of them cannot be read.
pub fn of(roster: Roster<'_>, program: &Path) -> Result<Identities> {
    let kept = kept(program, "identities");
    let asked = Kept::asked(roster);
    if let Some(identities) = kept.as_deref().and_then(|kept| Kept::read(kept, &asked)) {
        return Ok(identities);
    }
    let (identities, _) = with_reach(roster, program)?;
    if let Some(kept) = kept {
        // Where they cannot be kept, they are found again the next time.
        let _ = Kept { asked, identities: identities.clone() }.write(&kept);
    }
    Ok(identities)
}

/// Identities that were found before.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Of which contenders.
    asked: String,
    identities: Identities,
}

impl Kept {
    /// A hash over what a roster says of its contenders. One program may have several rosters.
    fn asked(roster: Roster<'_>) -> String {
        let contenders = roster.contenders.iter();
        sha256(contenders.flat_map(|it| [name_of(it), can(it), there(it)]))
    }

    /// What was kept; `None` if there is nothing, or nothing that can be used.
    fn read(path: &Path, asked: &str) -> Option<Identities> {
        let kept: Kept = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
        (kept.asked == asked).then_some(kept.identities)
    }

    fn write(&self, path: &Path) -> Result<()> {
        Ok(reports::io::write_text(path, &serde_json::to_string(self)?)?)
    }
}

// Not all of what decides what a cell or a check does is reached from a contender's functions: the lab reads some of it.

/// What a contender says that it can do.
fn can(contender: &Contender) -> String {
    format!("{:?}", contender.about.capabilities)
}

/// The checks that a contender is put to.
fn there(contender: &Contender) -> String {
    format!("{:?}", contender.bottleneck.checks)
}

/// The [identities](of), and what the cells of each contender can reach.
///
/// # Errors
/// As [`of`].
pub fn with_reach(roster: Roster<'_>, program: &Path) -> Result<(Identities, BTreeMap<String, Reach>)> {
    let files = linked(program).context("it is not known what this program was linked from")?;
    let linked = Program::parse(&files)?;
    let names = Names::of_running(roster, program)?;
    let identity = |functions: &[u64]| -> Result<identity::Identity> {
        let names = functions.iter().map(|function| names.of(*function)).collect::<Result<Vec<_>>>()?;
        Ok(linked.identity(&names)?)
    };
    let mut identities = Identities { worker: identity(&worker_functions())?.hash, ..Identities::default() };
    let mut reaches = BTreeMap::new();
    for contender in roster.contenders {
        let cells = identity(&[contender.set_up as usize as u64])?;
        let checks = identity(&[contender.replay as usize as u64])?;
        let found = Identity {
            cells: sha256([cells.hash, can(contender)]),
            checks: sha256([checks.hash, there(contender)]),
        };
        let name = name_of(contender);
        reaches.insert(name.clone(), Reach { functions: cells.functions, bytes: cells.bytes });
        identities.contenders.insert(name, found);
    }
    Ok((identities, reaches))
}

/// The files that a program was linked from.
///
/// The linker lists them in a file beside the program. Cargo may link the program a second time with other features of
/// its dependencies, for a benchmark, and then put the first one back in its place without linking it. So a list that was
/// read is kept for the program that it is of.
fn linked(program: &Path) -> Result<Files> {
    let read = Files::linked(program, &program.with_extension("linked"));
    let Some(kept) = kept(program, "linked") else { return Ok(read?) };
    match read {
        Ok(files) => {
            // Where it cannot be kept, every cell is measured at worst.
            if !kept.exists() {
                let _ = std::fs::copy(program.with_extension("linked"), &kept);
            }
            Ok(files)
        }
        Err(_) if kept.exists() => Ok(Files::linked(program, &kept)?),
        Err(error) => Err(error.into()),
    }
}

/// Where something of a program is kept: among Cargo's own files, by the program's size and time.
fn kept(program: &Path, extension: &str) -> Option<PathBuf> {
    let metadata = program.metadata().ok()?;
    let built = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos();
    let name = format!("{}-{built}-{}.{extension}", program.file_name()?.to_str()?, metadata.len());
    let directory = program.with_file_name("deps");
    directory.is_dir().then(|| directory.join(name))
}

/// The functions from which everything of the worker can be reached.
fn worker_functions() -> [u64; 5] {
    let serve: fn(worker::Roster<'_>, bool, &Others) -> ExitCode = worker::serve;
    type Give = unsafe fn(&Allocator, Layout) -> *mut u8;
    let [give, give_zeroed]: [Give; 2] = [Allocator::alloc, Allocator::alloc_zeroed];
    let resize: unsafe fn(&Allocator, *mut u8, Layout, usize) -> *mut u8 = Allocator::realloc;
    let take: unsafe fn(&Allocator, *mut u8, Layout) = Allocator::dealloc;
    [serve as usize, resize as usize, take as usize, give as usize, give_zeroed as usize]
        .map(|function| function as u64)
}

/// The symbol names of functions in memory.
struct Names {
    /// The distance from an address in the program's file to the same in memory.
    loaded: u64,
    names: BTreeMap<u64, String>,
}

impl Names {
    /// The names of the roster's and the worker's functions.
    fn of_running(roster: Roster<'_>, program: &Path) -> Result<Self> {
        let region = address_of(program, "lab_measured_region")?.context("this program has no symbols")?;
        let loaded = (lab_measured_region as *const () as u64).wrapping_sub(region);
        let roots =
            roster.contenders.iter().flat_map(|it| [it.set_up as usize as u64, it.replay as usize as u64]);
        let addresses = roots.chain(worker_functions()).map(|address| address.wrapping_sub(loaded));
        Ok(Names { loaded, names: symbols_at(program, addresses)? })
    }

    fn of(&self, function: u64) -> Result<&str> {
        let name = self.names.get(&function.wrapping_sub(self.loaded));
        name.map(String::as_str).context("this program has a function without a symbol: was it stripped?")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_kept_for_the_contenders_that_they_are_of() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lab.identities");
        assert_eq!(Kept::read(&path, "asked"), None);
        let identity = Identity { cells: "1".to_owned(), checks: "2".to_owned() };
        let contenders = BTreeMap::from([("map/mine".to_owned(), identity)]);
        let identities = Identities { worker: "3".to_owned(), contenders };
        let kept = Kept { asked: "asked".to_owned(), identities: identities.clone() };
        kept.write(&path).unwrap();
        assert_eq!(Kept::read(&path, "asked"), Some(identities));
        assert_eq!(Kept::read(&path, "of others"), None);
        // Half a file is as good as none.
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(Kept::read(&path, "asked"), None);
    }

    #[test]
    fn a_program_that_is_put_back_is_known_by_the_list_that_was_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (program, listed, deps) = (path("lab"), path("lab.linked"), path("deps"));
        std::fs::create_dir(&deps).unwrap();
        let build = |hash: &str, text: &str| {
            let built = deps.join(format!("lab-{hash}"));
            std::fs::write(deps.join("libpart.rlib"), "!<arch>\n").unwrap();
            std::fs::write(&built, text).unwrap();
            std::fs::write(
                &listed,
                format!("{}: {}\n", built.display(), deps.join("libpart.rlib").display()),
            )
            .unwrap();
            built
        };
        let put = |built: &Path| {
            let _ = std::fs::remove_file(&program);
            std::fs::hard_link(built, &program).unwrap();
        };
        let first = build("1", "first");
        put(&first);
        assert!(linked(&program).is_ok());
        let second = build("2", "the second");
        put(&first);
        assert!(linked(&program).is_err(), "the part was written after it was linked");
        // Its parts are older, and the list is the second program's.
        std::fs::File::open(deps.join("libpart.rlib")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert!(linked(&program).is_ok());
        put(&second);
        assert!(linked(&program).is_ok());
        // Of a third, no list was read before it was replaced.
        let third = build("3", "the third one");
        build("4", "the fourth");
        std::fs::File::open(deps.join("libpart.rlib")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        put(&third);
        let error = linked(&program).err().unwrap();
        assert!(error.to_string().contains("another program"), "{error}");
    }
}
