//! Which files the linker took, and which of a program's symbols is at an address.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::{Object as _, ObjectSymbol as _};

use crate::{Error, Files};

impl Files {
    /// Reads what a program was linked from, in the order in which the linker took it. `listed` is what the linker
    /// wrote with `--dependency-file`.
    ///
    /// Object files that are gone are left out: the compiler removes those of the program's own crate when it has
    /// linked them. What they define counts by name.
    ///
    /// # Errors
    /// If the list is of another program, or a file that it names was changed after the program was linked, is gone,
    /// or cannot be read.
    pub fn linked(program: &Path, listed: &Path) -> Result<Self, Error> {
        let read = |path: &Path, cause| Error::Read { path: path.to_owned(), cause };
        let stale =
            |path: &Path, reason: &str| Error::Stale { path: path.to_owned(), reason: reason.to_owned() };
        let text = std::fs::read_to_string(listed).map_err(|cause| read(listed, cause))?;
        let (target, inputs) = parse(&text).ok_or_else(|| stale(listed, "it is no list of the linker's"))?;
        let built = program.metadata().map_err(|cause| read(program, cause))?;
        let is_target = target.metadata().is_ok_and(|target| is_same(&target, &built));
        if !is_target {
            return Err(stale(listed, "it is of another program"));
        }
        let linked = built.modified().map_err(|cause| read(program, cause))?;
        let mut taken = Vec::new();
        for input in inputs {
            match input.metadata() {
                Ok(found) => {
                    if found.modified().map_err(|cause| read(&input, cause))? > linked {
                        return Err(stale(&input, "it was changed after the program was linked"));
                    }
                    taken.push(input);
                }
                Err(_) if input.extension().is_some_and(|extension| extension == "o") => {}
                Err(cause) => return Err(read(&input, cause)),
            }
        }
        Files::read(taken)
    }
}

/// Whether two files are one: Cargo links a program to a second name.
fn is_same(one: &Metadata, two: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (two.dev(), two.ino())
        || (one.len() == two.len() && one.modified().ok() == two.modified().ok())
}

/// The target and the prerequisites of the first rule of a makefile.
fn parse(text: &str) -> Option<(PathBuf, Vec<PathBuf>)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            // A line goes on.
            ('\\', Some('\n')) => {
                characters.next();
                words.push(std::mem::take(&mut word));
            }
            ('\\', Some(' ' | '#' | '\t')) => word.extend(characters.next()),
            ('$', Some('$')) => word.extend(characters.next()),
            (' ' | '\t', _) => words.push(std::mem::take(&mut word)),
            ('\n', _) => break,
            _ => word.push(character),
        }
    }
    words.push(word);
    let mut words = words.into_iter().filter(|word| !word.is_empty() && word != ":");
    let target = words.next()?;
    let target = PathBuf::from(target.strip_suffix(':').unwrap_or(&target));
    Some((target, words.map(PathBuf::from).collect()))
}

/// The names of a program's symbols at these addresses: of its own file, not of the process in memory. Where several
/// symbols share an address, the first in the order of names. An address without a symbol has no entry.
///
/// # Errors
/// If the program cannot be read.
pub fn symbols_at(
    program: &Path,
    addresses: impl IntoIterator<Item = u64>,
) -> Result<BTreeMap<u64, String>, Error> {
    let wanted: std::collections::BTreeSet<u64> = addresses.into_iter().collect();
    let mut found: BTreeMap<u64, String> = BTreeMap::new();
    each_symbol(program, |name, address| {
        if wanted.contains(&address) {
            let known = found.entry(address).or_insert_with(|| name.to_owned());
            if name < known.as_str() {
                name.clone_into(known);
            }
        }
    })?;
    Ok(found)
}

/// The address of a program's symbol; of its own file, not of the process in memory.
///
/// # Errors
/// If the program cannot be read.
pub fn address_of(program: &Path, symbol: &str) -> Result<Option<u64>, Error> {
    let mut found = None;
    each_symbol(program, |name, address| {
        if name == symbol {
            found = Some(address);
        }
    })?;
    Ok(found)
}

fn each_symbol(program: &Path, mut each: impl FnMut(&str, u64)) -> Result<(), Error> {
    let file = File::open(program).map_err(|cause| Error::Read { path: program.to_owned(), cause })?;
    // Reads the symbols alone: a program with line tables is large.
    let file = ReadCache::new(file);
    let malformed =
        |error: object::Error| Error::Malformed { path: program.to_owned(), reason: error.to_string() };
    let parsed = object::File::parse(&file).map_err(malformed)?;
    for symbol in parsed.symbols() {
        if !symbol.is_undefined()
            && let Ok(name) = symbol.name()
        {
            each(name, symbol.address());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_is_read() {
        let text = "/t/deps/lab-1: \\\n  /t/deps/a\\ b.rlib \\\n  /t/c$$\\#.o\n\n/t/deps/a\\ b.rlib:\n";
        let (target, inputs) = parse(text).unwrap();
        assert_eq!(target, Path::new("/t/deps/lab-1"));
        assert_eq!(inputs, [Path::new("/t/deps/a b.rlib"), Path::new("/t/c$#.o")]);
        assert_eq!(parse(""), None);
        assert_eq!(parse("\n"), None);
    }

    #[test]
    fn a_function_of_this_program_is_found_by_its_address() {
        let program = std::env::current_exe().unwrap();
        let here = address_of as *const () as u64;
        let mut named = Vec::new();
        each_symbol(&program, |name, address| {
            // Whole pages lie between an address in the file and the same in memory.
            if name.contains("address_of") && here.wrapping_sub(address) % 4096 == 0 {
                named.push((name.to_owned(), address));
            }
        })
        .unwrap();
        let [(name, address)] = &named[..] else { panic!("{named:?}") };
        assert_eq!(symbols_at(&program, [*address]).unwrap()[address], *name);
        assert_eq!(address_of(&program, name).unwrap(), Some(*address));
        assert_eq!(symbols_at(&program, [u64::MAX]).unwrap(), BTreeMap::new());
    }

    #[test]
    fn a_list_that_does_not_fit_the_program_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (program, listed, input) = (path("program"), path("listed"), path("input.rlib"));
        std::fs::write(&input, "!<arch>\n").unwrap();
        std::fs::write(&program, "program").unwrap();
        let list = |target: &Path, input: &Path| {
            std::fs::write(&listed, format!("{}: {} gone.o\n", target.display(), input.display())).unwrap();
            Files::linked(&program, &listed).map(|files| files.files.len()).map_err(|error| error.to_string())
        };
        assert_eq!(list(&program, &input), Ok(1));
        let told = |outcome: Result<usize, String>, words: &str| {
            let message = outcome.unwrap_err();
            assert!(message.contains(words), "{message}");
        };
        told(list(&input, &input), "another program");
        told(list(&program, &path("gone.rlib")), "gone.rlib");
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
        File::options().append(true).open(&input).unwrap().set_modified(later).unwrap();
        told(list(&program, &input), "after the program was linked");
    }
}
