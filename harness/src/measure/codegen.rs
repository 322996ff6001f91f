//! How the running program was compiled: with how many codegen units a crate, and with which link-time
//! optimisation.
//!
//! Both move instruction counts by several per cent, and Cargo tells a build script neither. So the program is
//! asked: its debug information has a unit for each codegen unit, called `<file>/@/<crate>.<hash>-cgu.<number>`.
//! The units of one object file share a table of abbreviations. Without link-time optimisation an object file
//! is of one crate; with it, code of several crates is compiled into one.

use std::collections::BTreeMap;
use std::path::Path;

use addr2line::gimli::{self, EndianSlice, RunTimeEndian};
use anyhow::{Context, Result};
use object::read::ReadCache;
use object::{Object as _, ObjectSection as _};

/// Describes how the program at `path` was compiled; `None` where its debug information does not tell.
///
/// # Errors
/// If the program cannot be read.
pub fn of(path: &Path) -> Result<Option<String>> {
    let read = || -> Result<Vec<Unit>> {
        let file = ReadCache::new(std::fs::File::open(path)?);
        let object = object::File::parse(&file)?;
        units(&object)
    };
    let units = read().with_context(|| format!("cannot read how {} was compiled", path.display()))?;
    Ok(described(&units))
}

/// A codegen unit in a program.
#[derive(Debug)]
struct Unit {
    /// Which object file it was linked from.
    object: usize,
    /// Name and hash of its crate.
    krate: String,
    number: usize,
    /// Whether it comes with the compiler, which was compiled in its own way.
    of_std: bool,
}

fn units<'data>(object: &object::File<'data, &'data ReadCache<std::fs::File>>) -> Result<Vec<Unit>> {
    let endian = if object.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |id: gimli::SectionId| -> Result<std::borrow::Cow<'data, [u8]>> {
        Ok(match object.section_by_name(id.name()) {
            Some(section) => section.uncompressed_data()?,
            None => [][..].into(),
        })
    };
    let sections = gimli::DwarfSections::load(section)?;
    let dwarf = sections.borrow(|bytes| EndianSlice::new(bytes, endian));
    let mut found = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        let (Some(name), directory) = (unit.name, unit.comp_dir) else { continue };
        let (name, directory) = (name.to_string_lossy(), directory.map(|it| it.to_string_lossy()));
        let Some((krate, number)) = codegen_unit(&name) else { continue };
        let of_std = directory.is_some_and(|it| it.starts_with("/rustc/") || it.starts_with("/rust/deps/"));
        let object = unit.header.debug_abbrev_offset().0;
        found.push(Unit { object, krate: krate.to_owned(), number, of_std });
    }
    Ok(found)
}

/// Crate and number of a codegen unit, from the name of its unit.
fn codegen_unit(name: &str) -> Option<(&str, usize)> {
    let (_file, unit) = name.rsplit_once("/@/")?;
    let (krate, number) = unit.rsplit_once("-cgu.")?;
    Some((krate, number.parse().ok()?))
}

fn described(units: &[Unit]) -> Option<String> {
    let most = units.iter().filter(|unit| !unit.of_std).map(|unit| unit.number + 1).max()?;
    let mut crate_of: BTreeMap<usize, &str> = BTreeMap::new();
    let mixed = units.iter().any(|unit| *crate_of.entry(unit.object).or_insert(&unit.krate) != unit.krate);
    let optimised = if mixed { "link-time optimisation" } else { "no link-time optimisation" };
    Some(match most {
        1 => format!("1 codegen unit, {optimised}"),
        most => format!("{most} codegen units, {optimised}"),
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Compiles a program of two crates with these options of rustc for both, and for the program alone.
    fn compiled(both: &[&str], program: &[&str]) -> Option<String> {
        let home = tempfile::tempdir().unwrap();
        let rustc = |arguments: &[&str]| {
            let mut command = Command::new(option_env!("RUSTC").unwrap_or("rustc"));
            command.args(["--edition=2024", "-O", "-Cdebuginfo=line-tables-only"]).args(both).args(arguments);
            let output = command.current_dir(home.path()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        let library = "pub mod one { #[inline(never)] pub fn f(x: usize) -> String { format!(\"{x}\") } }
            pub mod two { #[inline(never)] pub fn g(x: &str) -> usize { x.chars().count() } }";
        std::fs::write(home.path().join("parts.rs"), library).unwrap();
        let main = "fn main() { println!(\"{}\", parts::two::g(&parts::one::f(7))) }";
        std::fs::write(home.path().join("whole.rs"), main).unwrap();
        rustc(&["--crate-type=rlib", "parts.rs"]);
        rustc(&[&["--extern=parts=libparts.rlib", "whole.rs"], program].concat());
        of(&home.path().join("whole")).unwrap()
    }

    #[test]
    fn a_program_tells_how_it_was_compiled() {
        let one = "-Ccodegen-units=1";
        let told = |both: &[&str], program: &[&str]| compiled(both, program).unwrap();
        assert_eq!(told(&[one], &[]), "1 codegen unit, no link-time optimisation");
        for lto in ["-Clto=thin", "-Clto=fat"] {
            assert_eq!(told(&[one], &[lto]), "1 codegen unit, link-time optimisation", "{lto}");
        }
        let several = told(&["-Ccodegen-units=16"], &[]);
        assert!(several.ends_with(" codegen units, no link-time optimisation"), "{several}");
        assert_eq!(compiled(&["-Cstrip=debuginfo"], &[]), None);
    }

    #[test]
    fn the_running_program_can_be_asked() {
        assert!(of(&std::env::current_exe().unwrap()).unwrap().is_some());
        let error = of(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).unwrap_err();
        assert!(format!("{error:#}").starts_with("cannot read how "), "{error:#}");
    }
}
