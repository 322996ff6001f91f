//! Atoms: what an object file is divided into, and what each of them refers to.

use object::read::elf::{FileHeader, SectionHeader};
use object::{Object as _, ObjectSection as _, RelocationTarget, SectionIndex, elf};
use sha2::{Digest as _, Sha256};

/// The object files of a program are little-endian or big-endian ELF of 32 or 64 bits.
pub type File<'d> = object::File<'d>;

/// An atom's place: its object file, its section, and the offset of its entry if the section is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub unit: u32,
    pub section: u32,
    pub entry: Option<u64>,
}

/// What a symbol means.
#[derive(Clone, Copy, Debug)]
pub enum Meaning<'d> {
    /// A place in a section of an object file, so many bytes from its beginning.
    Defined { unit: u32, section: SectionIndex, value: u64 },
    /// Something that no object file defines.
    Named(&'d [u8]),
    /// A number.
    Absolute(u64),
}

/// An atom.
#[derive(Debug)]
pub struct Atom {
    /// A hash over all of it but what it refers to.
    pub hash: [u8; 32],
    /// The atoms that it refers to, in order.
    pub targets: Vec<Place>,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is code.
    pub is_code: bool,
}

/// The flags of a section that say what it is. Others say how the linker treats it.
const KIND: u64 = elf::SHF_WRITE.0 | elf::SHF_ALLOC.0 | elf::SHF_EXECINSTR.0 | elf::SHF_TLS.0;

/// A section, with what the format says of it.
pub struct Section<'d> {
    bytes: &'d [u8],
    flags: u64,
    align: u64,
    size: u64,
    entry_size: u64,
}

impl<'d> Section<'d> {
    fn of(file: &File<'d>, index: SectionIndex) -> object::Result<Self> {
        fn raw<E: FileHeader>(
            table: &object::read::elf::SectionTable<'_, E>,
            at: SectionIndex,
            endian: E::Endian,
        ) -> object::Result<(u64, u64)> {
            let header = table.section(at)?;
            Ok((header.sh_flags(endian).0, header.sh_entsize(endian).into()))
        }
        let section = file.section_by_index(index)?;
        let (flags, entry_size) = match file {
            object::File::Elf64(file) => raw(file.elf_section_table(), index, file.endian())?,
            object::File::Elf32(file) => raw(file.elf_section_table(), index, file.endian())?,
            _ => (0, 0),
        };
        Ok(Section {
            bytes: section.data()?,
            flags,
            align: section.align(),
            size: section.size(),
            entry_size,
        })
    }

    fn has(&self, flag: elf::SectionFlags) -> bool {
        self.flags & flag.0 != 0
    }

    /// Where the entry begins that holds the byte at `offset`, and where it ends; `None` if the section is not divided.
    fn entry(&self, offset: u64) -> Option<(u64, u64)> {
        let length = self.bytes.len() as u64;
        if !self.has(elf::SHF_MERGE) || self.entry_size == 0 || offset >= length {
            return None;
        }
        if !self.has(elf::SHF_STRINGS) {
            let begin = offset - offset % self.entry_size;
            return Some((begin, (begin + self.entry_size).min(length)));
        }
        let after = &self.bytes[offset as usize..];
        let zero = after.chunks(self.entry_size as usize).position(|unit| unit.iter().all(|byte| *byte == 0));
        let end = zero.map_or(length, |at| offset + (at as u64 + 1) * self.entry_size);
        Some((offset, end))
    }
}

/// The place of what lies `offset` bytes into a section, and how far behind the place's beginning it is.
pub fn place(file: &File<'_>, unit: u32, section: SectionIndex, offset: i64) -> object::Result<(Place, i64)> {
    let known = Section::of(file, section)?;
    let entry = u64::try_from(offset).ok().and_then(|offset| known.entry(offset));
    let place = Place { unit, section: section.0 as u32, entry: entry.map(|(begin, _)| begin) };
    Ok((place, offset - entry.map_or(0, |(begin, _)| begin as i64)))
}

/// Reads the atom at a place. `meaning` tells what a symbol of its object file means, and `file_of` gives another one's
/// file.
pub fn read<'d: 'f, 'f>(
    file_of: &dyn Fn(u32) -> &'f File<'d>,
    at: Place,
    meaning: &dyn Fn(u32, object::SymbolIndex) -> object::Result<Meaning<'d>>,
) -> object::Result<Atom> {
    let file = file_of(at.unit);
    let index = SectionIndex(at.section as usize);
    let section = Section::of(file, index)?;
    let range = match at.entry.and_then(|offset| section.entry(offset)) {
        Some((begin, end)) => begin..end,
        None => 0..section.size,
    };
    let within = |offset: u64| range.contains(&offset).then(|| offset - range.start);
    let mut content =
        section.bytes.get(range.start as usize..range.end as usize).unwrap_or_default().to_vec();
    let is_code = section.has(elf::SHF_EXECINSTR);

    let mut references = Vec::new();
    for (offset, relocation) in file.section_by_index(index)?.relocations() {
        let Some(offset) = within(offset) else { continue };
        let object::RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
        let target = match relocation.target() {
            RelocationTarget::Symbol(symbol) => meaning(at.unit, symbol)?,
            _ => Meaning::Absolute(0),
        };
        references.push((offset, r_type.0, relocation.addend(), is_pc_relative(&relocation), target));
        // The linker writes here. Four bytes at least, eight where the field is a whole address.
        let length = usize::from(relocation.size() / 8).max(4);
        let field = offset as usize..(offset as usize + length).min(content.len());
        content.get_mut(field).unwrap_or_default().fill(0);
    }
    references.sort_by_key(|(offset, ..)| *offset);

    let mut hash = Sha256::new();
    let size = range.end - range.start;
    for number in [section.flags & KIND, section.align, size] {
        hash.update(number.to_le_bytes());
    }
    let mut targets = Vec::new();
    if is_location(file_of, &section, &content, &references)? {
        hash.update(b"location");
        return Ok(Atom { hash: hash.finalize().into(), targets, size, is_code });
    }
    hash.update(&content);
    for (offset, r_type, addend, pc_relative, target) in references {
        hash.update(offset.to_le_bytes());
        hash.update(r_type.to_le_bytes());
        match target {
            Meaning::Named(name) => {
                hash.update([0]);
                hash.update(addend.to_le_bytes());
                hash.update((name.len() as u64).to_le_bytes());
                hash.update(name);
            }
            Meaning::Absolute(value) => {
                hash.update([1]);
                hash.update(addend.to_le_bytes());
                hash.update(value.to_le_bytes());
            }
            Meaning::Defined { unit, section, value } => {
                // Of a reference relative to the program counter, the addend is mostly the way from the field to the end
                // of the instruction, and not a way into the target.
                let into = value as i64 + if pc_relative { 0 } else { addend };
                let (place, rest) = place(file_of(unit), unit, section, into)?;
                hash.update([2]);
                hash.update(rest.to_le_bytes());
                hash.update(if pc_relative { addend } else { 0 }.to_le_bytes());
                targets.push(place);
            }
        }
    }
    Ok(Atom { hash: hash.finalize().into(), targets, size, is_code })
}

fn is_pc_relative(relocation: &object::Relocation) -> bool {
    use object::RelocationKind as Kind;
    matches!(relocation.kind(), Kind::Relative | Kind::GotRelative | Kind::PltRelative)
}

/// Whether an atom is a `core::panic::Location`: an address of a path that ends in `.rs`, its length, line and column.
fn is_location<'d: 'f, 'f>(
    file_of: &dyn Fn(u32) -> &'f File<'d>,
    section: &Section<'_>,
    content: &[u8],
    references: &[(u64, u32, i64, bool, Meaning<'_>)],
) -> object::Result<bool> {
    let ([(0, _, addend, false, Meaning::Defined { unit, section: target, value })], Ok(content)) =
        (references, <&[u8; 24]>::try_from(content))
    else {
        return Ok(false);
    };
    if section.has(elf::SHF_EXECINSTR) {
        return Ok(false);
    }
    let length = u64::from_le_bytes(content[8..16].try_into().expect("eight bytes"));
    let text = Section::of(file_of(*unit), *target)?.bytes;
    let begin = value.wrapping_add_signed(*addend);
    let path = begin.checked_add(length).and_then(|end| text.get(begin as usize..end as usize));
    Ok(path.is_some_and(|path| path.strip_suffix(b"\0").unwrap_or(path).ends_with(b".rs")))
}
