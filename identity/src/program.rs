//! A program: its object files, its symbols, and walks over what a root can reach.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;

use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSymbol as _, SymbolIndex, SymbolSection};
use sha2::{Digest as _, Sha256};

use crate::atom::{self, Atom, File, Meaning, Place};
use crate::{Error, Files};

/// The object files of a program.
pub struct Program<'d> {
    units: Vec<Unit<'d>>,
    /// What other object files may refer to, by name.
    globals: HashMap<&'d [u8], Definition>,
    atoms: RefCell<HashMap<Place, Rc<Atom>>>,
}

struct Unit<'d> {
    file: File<'d>,
    path: &'d Path,
}

#[derive(Clone, Copy)]
struct Definition {
    unit: u32,
    symbol: SymbolIndex,
    is_weak: bool,
}

/// What a function can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The hash, hexadecimal.
    pub hash: String,
    /// Functions among what is reached.
    pub functions: usize,
    /// Bytes of code, constants and statics.
    pub bytes: u64,
}

impl<'d> Program<'d> {
    /// Parses the files. Shared libraries and texts for the linker are left out.
    ///
    /// # Errors
    /// If an object file or archive is damaged.
    pub fn parse(files: &'d Files) -> Result<Self, Error> {
        let mut units = Vec::new();
        for (path, bytes) in &files.files {
            let malformed =
                |error: object::Error| Error::Malformed { path: path.clone(), reason: error.to_string() };
            let mut add = |bytes: &'d [u8]| -> Result<(), Error> {
                if !bytes.starts_with(&object::elf::ELFMAG) {
                    return Ok(());
                }
                let file = File::parse(bytes).map_err(malformed)?;
                if file.kind() == object::ObjectKind::Relocatable {
                    units.push(Unit { file, path });
                }
                Ok(())
            };
            if bytes.starts_with(&object::archive::MAGIC) {
                let archive = ArchiveFile::parse(&**bytes).map_err(malformed)?;
                for member in archive.members() {
                    let member = member.map_err(malformed)?;
                    // The compiler's own description of a crate, which is in an object file, too.
                    if !member.name().ends_with(b".rmeta") {
                        add(member.data(&**bytes).map_err(malformed)?)?;
                    }
                }
            } else {
                add(bytes)?;
            }
        }
        let mut program = Program { units, globals: HashMap::new(), atoms: RefCell::default() };
        program.index()?;
        Ok(program)
    }

    /// Finds the global symbols. Of two definitions of a name the first strong one counts, as for the linker.
    fn index(&mut self) -> Result<(), Error> {
        for (at, unit) in self.units.iter().enumerate() {
            for symbol in unit.file.symbols() {
                if symbol.is_undefined() || !symbol.is_global() {
                    continue;
                }
                let name = symbol.name_bytes().map_err(|error| self.malformed(at as u32, &error))?;
                let found = Definition { unit: at as u32, symbol: symbol.index(), is_weak: symbol.is_weak() };
                let known = self.globals.entry(name).or_insert(found);
                if known.is_weak && !found.is_weak {
                    *known = found;
                }
            }
        }
        Ok(())
    }

    fn malformed(&self, unit: u32, error: &object::Error) -> Error {
        Error::Malformed { path: self.units[unit as usize].path.to_owned(), reason: error.to_string() }
    }

    /// The identity of the functions or statics with these symbol names, together and in this order.
    ///
    /// # Errors
    /// If there is no such root, or an object file is damaged.
    pub fn identity(&self, roots: &[&str]) -> Result<Identity, Error> {
        let mut numbers: HashMap<Place, u32> = HashMap::new();
        let mut queue: Vec<Place> = Vec::new();
        let mut number = |place: Place, queue: &mut Vec<Place>| {
            *numbers.entry(place).or_insert_with(|| {
                queue.push(place);
                queue.len() as u32 - 1
            })
        };
        let mut hash = Sha256::new();
        for root in roots {
            let places = self.root(root)?;
            hash.update((places.len() as u64).to_le_bytes());
            for (place, rest) in places {
                hash.update(number(place, &mut queue).to_le_bytes());
                hash.update(rest.to_le_bytes());
            }
        }
        let (mut functions, mut bytes) = (0, 0);
        let mut at = 0;
        while let Some(place) = queue.get(at).copied() {
            at += 1;
            let atom = self.atom(place)?;
            functions += usize::from(atom.is_code);
            bytes += atom.size;
            hash.update(atom.hash);
            for target in &atom.targets {
                hash.update(number(*target, &mut queue).to_le_bytes());
            }
        }
        let mut text = String::new();
        for byte in hash.finalize() {
            write!(text, "{byte:02x}").expect("writes to a string");
        }
        Ok(Identity { hash: text, functions, bytes })
    }

    /// Where a root is: a global symbol, or every private symbol of that name.
    fn root(&self, name: &str) -> Result<Vec<(Place, i64)>, Error> {
        let mut found: Vec<(u32, SymbolIndex)> = Vec::new();
        match self.globals.get(name.as_bytes()) {
            Some(definition) => found.push((definition.unit, definition.symbol)),
            None => {
                for (at, unit) in self.units.iter().enumerate() {
                    let named = |symbol: &object::Symbol<'_, '_>| {
                        !symbol.is_undefined() && symbol.name_bytes() == Ok(name.as_bytes())
                    };
                    found.extend(unit.file.symbols().filter(named).map(|symbol| (at as u32, symbol.index())));
                }
            }
        }
        let place = |(unit, symbol): (u32, SymbolIndex)| {
            let read = || match self.meaning(unit, symbol)? {
                Meaning::Defined { unit, section, value } => {
                    atom::place(&self.units[unit as usize].file, unit, section, value as i64).map(Some)
                }
                Meaning::Named(_) | Meaning::Absolute(_) => Ok(None),
            };
            read().map_err(|error| self.malformed(unit, &error))
        };
        let places: Vec<_> =
            found.into_iter().filter_map(|it| place(it).transpose()).collect::<Result<_, _>>()?;
        if places.is_empty() { Err(Error::NoRoot(name.to_owned())) } else { Ok(places) }
    }

    fn atom(&self, place: Place) -> Result<Rc<Atom>, Error> {
        if let Some(known) = self.atoms.borrow().get(&place) {
            return Ok(Rc::clone(known));
        }
        let file_of = |unit: u32| &self.units[unit as usize].file;
        let meaning = |unit, symbol| self.meaning(unit, symbol);
        let atom =
            atom::read(&file_of, place, &meaning).map_err(|error| self.malformed(place.unit, &error))?;
        let atom = Rc::new(atom);
        self.atoms.borrow_mut().insert(place, Rc::clone(&atom));
        Ok(atom)
    }

    /// What a symbol of an object file means in the whole program.
    fn meaning(&self, unit: u32, symbol: SymbolIndex) -> object::Result<Meaning<'d>> {
        let symbol = self.units[unit as usize].file.symbol_by_index(symbol)?;
        if symbol.is_local()
            && let SymbolSection::Section(section) = symbol.section()
        {
            return Ok(Meaning::Defined { unit, section, value: symbol.address() });
        }
        let name = symbol.name_bytes()?;
        let Some(definition) = self.globals.get(name) else {
            return Ok(match symbol.section() {
                SymbolSection::Absolute => Meaning::Absolute(symbol.address()),
                _ => Meaning::Named(name),
            });
        };
        let defined = self.units[definition.unit as usize].file.symbol_by_index(definition.symbol)?;
        Ok(match defined.section() {
            SymbolSection::Section(section) => {
                Meaning::Defined { unit: definition.unit, section, value: defined.address() }
            }
            SymbolSection::Absolute => Meaning::Absolute(defined.address()),
            _ => Meaning::Named(name),
        })
    }
}
