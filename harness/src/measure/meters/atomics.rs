//! Atomic read-modify-writes: which of the instructions in a profile of Callgrind's are such.
//!
//! Callgrind says how often the instruction at each address was executed, and in which file the code is.
//! The bytes there say whether it locks: on x86-64 it does with a `lock` prefix, and an `xchg` with memory
//! without one. Addresses are those of whole instructions, so nothing has to be disassembled; an old C
//! library that jumps over a `lock` prefix while there is one thread is counted right, too, because
//! Callgrind saw the instruction begin behind it.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};
use object::read::ReadCache;
use object::{Object as _, ObjectSegment as _};

/// Whether the instructions of the processor that this program is compiled for are known here. On
/// others the atomics are absent: an instruction count that means something else would be worse.
pub const COUNTED: bool = cfg!(target_arch = "x86_64");

/// The longest x86 instruction, in bytes.
const LONGEST: usize = 15;

/// Whether an x86-64 instruction reads and writes memory atomically; `bytes` may go on behind it.
///
/// Plain loads and stores do not count, whatever their ordering, and neither do fences of their own.
pub fn is_atomic(bytes: &[u8]) -> bool {
    const LOCK: u8 = 0xf0;
    let is_prefix = |byte: u8| {
        let legacy = [LOCK, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67];
        let rex = 0x40..=0x4f;
        legacy.contains(&byte) || rex.contains(&byte)
    };
    let prefixes = bytes.iter().take_while(|byte| is_prefix(**byte)).count();
    if bytes[..prefixes].contains(&LOCK) {
        return true;
    }
    match bytes[prefixes..] {
        // `xchg` of a register with what the next byte says: another register where its top bits are set.
        [0x86 | 0x87, operands, ..] => operands >> 6 != 0b11,
        _ => false,
    }
}

/// The files whose code was executed.
#[derive(Debug, Default)]
pub struct Objects {
    files: HashMap<String, Option<Object>>,
}

impl Objects {
    /// Whether the instruction at `address` of the file `object` is an atomic read-modify-write; `None`
    /// where it cannot be told, because the code is in no file (the kernel's page of system calls, say).
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn is_atomic(&mut self, object: &str, address: u64) -> Result<Option<bool>> {
        if !self.files.contains_key(object) {
            let opened = Path::new(object).is_file().then(|| Object::open(object)).transpose();
            let opened = opened.with_context(|| format!("cannot read the code in {object}"))?;
            self.files.insert(object.to_owned(), opened);
        }
        match self.files.get_mut(object) {
            Some(Some(file)) => file.is_atomic(address),
            _ => Ok(None),
        }
    }
}

/// A program or library.
#[derive(Debug)]
struct Object {
    file: File,
    segments: Vec<Segment>,
    /// What was asked already: profiles of many cells name the same addresses.
    known: HashMap<u64, bool>,
}

/// A part of a file and the address that it is linked to.
#[derive(Debug)]
struct Segment {
    address: u64,
    offset: u64,
    length: u64,
}

impl Object {
    fn open(path: &str) -> Result<Self> {
        let file = File::open(path)?;
        // Reads the headers alone: a program with line tables is large.
        let headers = ReadCache::new(file.try_clone()?);
        let parsed = object::File::parse(&headers)?;
        let segments = parsed.segments().map(|segment| {
            let (offset, length) = segment.file_range();
            Segment { address: segment.address(), offset, length }
        });
        let segments = segments.collect();
        Ok(Object { file, segments, known: HashMap::new() })
    }

    fn is_atomic(&mut self, address: u64) -> Result<Option<bool>> {
        if let Some(known) = self.known.get(&address) {
            return Ok(Some(*known));
        }
        let place = self.segments.iter().find_map(|segment| {
            let within = address.checked_sub(segment.address).filter(|within| *within < segment.length)?;
            Some((segment.offset + within, (segment.length - within).min(LONGEST as u64) as usize))
        });
        let Some((offset, length)) = place else { return Ok(None) };
        let mut bytes = [0; LONGEST];
        self.file.read_exact_at(&mut bytes[..length], offset)?;
        let atomic = is_atomic(&bytes[..length]);
        self.known.insert(address, atomic);
        Ok(Some(atomic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_instructions_and_exchanges_with_memory_are_atomic() {
        let atomic: [(&str, &[u8]); 12] = [
            ("lock inc qword [rdi]", &[0xf0, 0x48, 0xff, 0x07]),
            ("lock dec dword [rdi]", &[0xf0, 0xff, 0x0f]),
            ("lock xadd [rdi], rax", &[0xf0, 0x48, 0x0f, 0xc1, 0x07]),
            ("lock cmpxchg [rbx], ecx", &[0xf0, 0x0f, 0xb1, 0x0b]),
            ("lock cmpxchg16b [rsi]", &[0xf0, 0x48, 0x0f, 0xc7, 0x0e]),
            ("lock or dword [rsp], 0", &[0xf0, 0x83, 0x0c, 0x24, 0x00]),
            ("fs: lock add, prefixes in any order", &[0x64, 0xf0, 0x48, 0x83, 0x00, 0x01]),
            ("lock add word, prefixes in any order", &[0x66, 0xf0, 0x83, 0x00, 0x01]),
            ("xacquire lock bts", &[0xf2, 0xf0, 0x0f, 0xab, 0x07]),
            ("xchg [rdi], al", &[0x86, 0x07]),
            ("xchg [rdi], rax", &[0x48, 0x87, 0x07]),
            ("xchg fs:[rdi+r8*1+16], r9", &[0x64, 0x4e, 0x87, 0x4c, 0x07, 0x10]),
        ];
        for (name, bytes) in atomic {
            assert!(is_atomic(bytes), "{name}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        let plain: [(&str, &[u8]); 15] = [
            ("mov rax, [rdi]", &[0x48, 0x8b, 0x07]),
            ("mov [rdi], rax", &[0x48, 0x89, 0x07]),
            ("xchg rax, rbx", &[0x48, 0x87, 0xd8]),
            ("xchg al, bl", &[0x86, 0xd8]),
            ("xchg rax, r8", &[0x49, 0x90]),
            ("nop", &[0x90]),
            ("pause", &[0xf3, 0x90]),
            ("mfence", &[0x0f, 0xae, 0xf0]),
            ("rep movsb", &[0xf3, 0xa4]),
            ("mov rax, fs:[0]", &[0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0]),
            ("xadd [rdi], eax without a lock", &[0x0f, 0xc1, 0x07]),
            ("the same behind a skipped lock", &[0x0f, 0xb1, 0x0b]),
            ("add rax, 0xf0 and 0x87 as operands", &[0x48, 0x05, 0xf0, 0x87, 0x07, 0x00]),
            ("a VEX instruction", &[0xc5, 0xf0, 0x57, 0xc0]),
            ("nothing", &[]),
        ];
        for (name, bytes) in plain {
            assert!(!is_atomic(bytes), "{name}");
        }
    }

    #[test]
    fn the_code_of_this_program_is_found() {
        let program = std::env::current_exe().unwrap();
        let program = program.to_str().unwrap();
        let headers = ReadCache::new(File::open(program).unwrap());
        let entry = object::File::parse(&headers).unwrap().entry();
        let mut objects = Objects::default();
        // Twice: the second answer is remembered.
        for _ in 0..2 {
            // `xor ebp, ebp` on every x86-64 system; whatever it is, no program begins with an atomic.
            assert_eq!(objects.is_atomic(program, entry).unwrap(), Some(false));
        }
        assert_eq!(objects.is_atomic(program, u64::MAX).unwrap(), None);
        for nowhere in ["???", "", "/"] {
            assert_eq!(objects.is_atomic(nowhere, entry).unwrap(), None);
        }
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = objects.is_atomic(source, 0).unwrap_err();
        assert!(format!("{error:#}").contains(source), "{error:#}");
    }
}
