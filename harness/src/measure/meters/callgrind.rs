//! Callgrind's profiles: reading them, and naming the functions in them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use addr2line::Loader;
use anyhow::{Context, Result, bail};
use reports::record::Atomics;

use super::atomics::{COUNTED, Objects};
use super::callers::{CallGraph, Caller, Symbol};
use crate::measure::paths;

/// Instructions by row. A row is a function, inlined functions included, or
/// [what it spends in its calls of a library function](super::callers::Row).
pub type Functions = BTreeMap<String, u64>;

/// Instructions by source line, for each function outside the libraries: those of its own code on that line, and those of
/// the library functions that it calls there, with everything below them.
pub type Lines = BTreeMap<String, BTreeMap<u32, u64>>;

/// The total of a profile: the instructions of everything that was collected.
///
/// # Errors
/// If the profile is not Callgrind's or has no total.
pub fn total(profile: &str) -> Result<u64> {
    // The header's `summary` is written first, the trailer's `totals` last: either may be missing.
    let line = profile.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    let line = line.or_else(|| profile.lines().find_map(|line| line.strip_prefix("summary: ")));
    let Some(line) = line else { bail!("Callgrind's profile has no total") };
    line.trim().parse().with_context(|| format!("Callgrind's total `{line}` is not a number"))
}

/// Where a profile's instructions went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributed {
    /// Instructions by [row](super::callers::Row): what library functions cost is with the function that calls them.
    pub functions: Functions,
    /// Instructions by the function whose code was executed, library functions included.
    pub executed: Functions,
    /// Instructions by source line.
    pub lines: Lines,
    /// Atomic read-modify-writes by row; `None` where they are not counted.
    pub atomics: Option<Functions>,
    /// Those of the program itself, which are the ones that the gate compares.
    pub program_atomics: u64,
}

/// Attributes a profile's own costs (not those of callees) to functions.
///
/// Where `binary` has line tables, an address's inline frames are looked up and the cost goes to the
/// **innermost function outside the standard library**: an operation that the compiler inlined into a
/// scenario is still named. Code of the standard library that is not inlined, and all code of shared libraries, is
/// attributed to the [functions that call it](super::callers).
///
/// # Errors
/// If the profile is malformed or the binary's debug information cannot be read.
pub fn functions(profile: &str, binary: &Path, objects: &mut Objects) -> Result<Attributed> {
    attribute(profile, INSTRUCTIONS, &mut Names::new(binary)?, binary, Some(objects))
}

/// Attributes further events of a profile to functions, as [`functions`] does instructions. An event is named by its place
/// among those of the profile.
///
/// # Errors
/// If the profile is malformed or the binary's debug information cannot be read.
pub fn functions_of_events(
    profile: &str,
    places: impl IntoIterator<Item = usize>,
    binary: &Path,
) -> Result<Vec<Functions>> {
    let mut names = Names::new(binary)?;
    let mut of = |place| Ok(attribute(profile, place, &mut names, binary, None)?.functions);
    places.into_iter().map(&mut of).collect()
}

/// The place of the instructions among a profile's events. They come first.
const INSTRUCTIONS: usize = 0;

/// Attributes one event. Atomics are told where there are `objects` to look at.
fn attribute(
    profile: &str,
    place: usize,
    names: &mut Names,
    binary: &Path,
    mut objects: Option<&mut Objects>,
) -> Result<Attributed> {
    let binary = binary.to_string_lossy();
    let counted = COUNTED && objects.is_some();
    let mut found = Attributed { atomics: counted.then(Functions::new), ..Attributed::default() };
    let mut graph = CallGraph::default();
    // Instructions and atomics in code that belongs to no function outside the libraries, by symbol.
    let mut elsewhere: BTreeMap<Symbol, (u64, u64)> = BTreeMap::new();
    // What calls cost, by the address at which they stand and by the symbol that is called.
    let mut calls: BTreeMap<(u64, Symbol), u64> = BTreeMap::new();
    events(profile, place, |Instruction { object, function, address }, event| {
        let symbol = graph.symbol(object, function);
        let named = if object == binary { names.at(address) } else { &Named::default() };
        match (&named.symbol_of, &named.outermost) {
            (Some(own), _) => graph.set_function(symbol, own),
            (None, Some(name)) => graph.set_label(symbol, name),
            (None, None) => {}
        }
        match event {
            Event::Called { object, function, inclusive } => {
                let callee = graph.symbol(object, function);
                if named.line.is_some() {
                    *calls.entry((address, callee)).or_default() += inclusive;
                }
                let caller = named.own.clone().map_or(Caller::Symbol(symbol), Caller::Function);
                graph.add_calls(callee, caller, inclusive);
            }
            Event::Executed(count) => {
                let atomic = match (&found.atomics, &mut objects) {
                    (Some(_), Some(objects)) => objects.is_atomic(object, address)?,
                    _ => Some(false),
                };
                if atomic.is_none() {
                    found.atomics = None;
                }
                let atomics = if atomic == Some(true) { count } else { 0 };
                found.program_atomics += if object == binary { atomics } else { 0 };
                let name = named.own.as_deref().or(named.outermost.as_deref()).unwrap_or(function);
                add(&mut found.executed, name, count);
                match &named.own {
                    Some(own) => {
                        found.add(own, count, atomics);
                        if let Some(line) = named.line {
                            found.add_line(own, line, count);
                        }
                    }
                    None => {
                        let (instructions, locked) = elsewhere.entry(symbol).or_default();
                        *instructions += count;
                        *locked += atomics;
                    }
                }
            }
        }
        Ok(())
    })?;
    for ((address, callee), inclusive) in calls {
        let named = names.at(address);
        // Other functions outside the libraries have lines of their own.
        if let (Some(own), Some(line), true) = (&named.own, named.line, graph.is_of_library(callee)) {
            found.add_line(own, line, inclusive);
        }
    }
    let answers = graph.answers();
    for (symbol, (instructions, atomics)) in elsewhere {
        for (row, part) in answers.divide(symbol, instructions) {
            found.add(&row.to_string(), part, 0);
        }
        for (row, part) in answers.divide(symbol, atomics) {
            found.add(&row.to_string(), 0, part);
        }
    }
    Ok(found)
}

impl Attributed {
    fn add(&mut self, row: &str, instructions: u64, atomics: u64) {
        add(&mut self.functions, row, instructions);
        if let Some(counted) = &mut self.atomics {
            add(counted, row, atomics);
        }
    }

    fn add_line(&mut self, function: &str, line: u32, count: u64) {
        let lines = match self.lines.get_mut(function) {
            Some(lines) => lines,
            None => self.lines.entry(function.to_owned()).or_default(),
        };
        *lines.entry(line).or_default() += count;
    }
}

fn add(functions: &mut Functions, name: &str, count: u64) {
    match functions.get_mut(name) {
        Some(total) => *total += count,
        None if count > 0 => drop(functions.insert(name.to_owned(), count)),
        None => {}
    }
}

/// Counts a profile's atomic read-modify-writes; `None` where they [are not counted](COUNTED) or where
/// code was executed that is in no file.
///
/// # Errors
/// If the profile is malformed or a program that it names cannot be read.
pub fn atomics(profile: &str, binary: &Path, objects: &mut Objects) -> Result<Option<Atomics>> {
    let binary = binary.to_string_lossy();
    let mut atomics = COUNTED.then(Atomics::default);
    events(profile, INSTRUCTIONS, |Instruction { object, address, .. }, event| {
        if let (Event::Executed(count), Some(counted)) = (event, &mut atomics) {
            match objects.is_atomic(object, address)? {
                Some(true) if object == binary => counted.program += count,
                Some(true) => counted.libraries += count,
                Some(false) => {}
                None => atomics = None,
            }
        }
        Ok(())
    })?;
    Ok(atomics)
}

/// An instruction of a program or a library.
struct Instruction<'a> {
    object: &'a str,
    function: &'a str,
    address: u64,
}

/// What a profile says of an instruction.
enum Event<'a> {
    /// It was executed so often.
    Executed(u64),
    /// It called this function; the calls cost so much, with everything below them.
    Called { object: &'a str, function: &'a str, inclusive: u64 },
}

/// Hands every line of costs of a profile made with `--dump-instr=yes` to `each`, with the costs of the event at `place`.
fn events<'a>(
    profile: &'a str,
    place: usize,
    mut each: impl FnMut(Instruction<'a>, Event<'a>) -> Result<()>,
) -> Result<()> {
    let mut objects: HashMap<&str, &str> = HashMap::new();
    let mut spelled: HashMap<&str, &str> = HashMap::new();
    let (mut object, mut function) = ("", "");
    let (mut callee_object, mut callee) = (None, "");
    let mut address = 0u64;
    let mut is_call = false;
    let mut positions = 1;
    for line in profile.lines() {
        if let Some(names) = line.strip_prefix("positions: ") {
            // Address first, then the line where it is asked for.
            positions = names.split_ascii_whitespace().count();
            if !names.starts_with("instr") {
                bail!("Callgrind's profile has no addresses");
            }
        } else if let Some(name) = line.strip_prefix("ob=") {
            object = expand(&mut objects, name);
        } else if let Some(name) = line.strip_prefix("fn=") {
            function = expand(&mut spelled, name);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = expand(&mut spelled, name);
        } else if let Some(name) = line.strip_prefix("cob=") {
            callee_object = Some(expand(&mut objects, name));
        } else if line.starts_with("calls=") {
            // The line after it is the inclusive cost of the call.
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let mut fields = line.split_ascii_whitespace();
            let position = fields.next();
            // Zeros at the end of a line are left out, but for the first event.
            let cost = fields.nth(positions - 1 + place).or((place > INSTRUCTIONS).then_some("0"));
            let (Some(position), Some(cost)) = (position, cost) else {
                bail!("Callgrind's cost line `{line}` is malformed");
            };
            address = moved(address, position).with_context(|| format!("in Callgrind's line `{line}`"))?;
            let count: u64 = cost.parse().with_context(|| format!("in Callgrind's line `{line}`"))?;
            let instruction = Instruction { object, function, address };
            if std::mem::take(&mut is_call) {
                // A callee without an object of its own is in the caller's.
                let object = callee_object.take().unwrap_or(object);
                each(instruction, Event::Called { object, function: callee, inclusive: count })?;
            } else if count > 0 {
                each(instruction, Event::Executed(count))?;
            }
        }
    }
    Ok(())
}

/// Callgrind's name compression: `(3) name` defines, `(3)` refers.
fn expand<'a>(table: &mut HashMap<&'a str, &'a str>, text: &'a str) -> &'a str {
    let Some((id, name)) = text.split_once(')') else { return text };
    let name = name.trim_start();
    if name.is_empty() {
        return table.get(id).copied().unwrap_or("?");
    }
    table.insert(id, name);
    name
}

/// Callgrind's position compression: absolute in hexadecimal, relative with a sign, or the same.
fn moved(address: u64, position: &str) -> Result<u64> {
    let parse = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Ok(match position.as_bytes() {
        [b'*', ..] => address,
        [b'+', ..] => address.wrapping_add(parse(&position[1..])?),
        [b'-', ..] => address.wrapping_sub(parse(&position[1..])?),
        _ => parse(position)?,
    })
}

/// Names of the functions at a binary's addresses.
struct Names {
    loader: Loader,
    found: HashMap<u64, Named>,
}

/// The functions that an address belongs to, inlined ones included.
#[derive(Debug, Default)]
struct Named {
    /// The innermost one outside the standard library, as `function (file)`.
    own: Option<String>,
    /// The line of that function, in its file.
    line: Option<u32>,
    /// The outermost one, whose symbol holds the address.
    outermost: Option<String>,
    /// The same, as `function (file)`, if it is outside the standard library.
    symbol_of: Option<String>,
}

impl Names {
    fn new(binary: &Path) -> Result<Self> {
        let loader = Loader::new(binary).map_err(|error| {
            anyhow::anyhow!("cannot read debug information of {}: {error}", binary.display())
        })?;
        Ok(Names { loader, found: HashMap::new() })
    }

    fn at(&mut self, address: u64) -> &Named {
        let Names { loader, found } = self;
        found.entry(address).or_insert_with(|| named(loader, address).unwrap_or_default())
    }
}

fn named(loader: &Loader, address: u64) -> Option<Named> {
    let mut frames = loader.find_frames(address).ok()?;
    let mut named = Named::default();
    let mut places = Vec::new();
    while let Ok(Some(frame)) = frames.next() {
        let Some(name) = frame.function.as_ref().and_then(|function| function.demangle().ok()) else {
            continue;
        };
        let name = without_hash(&name);
        let place = frame.location.map(|place| (place.file.unwrap_or_default(), place.line));
        let file = place.map_or("", |(file, _)| file);
        named.symbol_of = (!file.is_empty() && !paths::is_of_std(file)).then(|| {
            // Line tables name inlined functions without their module, but with their types.
            let plain = name.find('<').filter(|at| *at > 0).map_or(name, |at| &name[..at]);
            format!("{plain} ({})", paths::source(file))
        });
        if named.own.is_none() && named.symbol_of.is_some() {
            named.own.clone_from(&named.symbol_of);
            named.line = place.and_then(|(_, line)| line);
        }
        named.outermost = Some(name.to_owned());
        places.extend(place);
    }
    if named.symbol_of.is_some() && is_prologue(loader, address, &places) {
        named.own.clone_from(&named.symbol_of);
        named.line = places.last().and_then(|(_, line)| *line);
    }
    Some(named)
}

/// Whether an instruction saves registers for the symbol's outermost function although an inlined function is said to
/// span it: the compiler moved the inlined function's first instruction in front of it. Its line is still the one in which
/// the outermost function begins. That is above the call that was inlined, and no line of the standard library.
fn is_prologue(loader: &Loader, address: u64, places: &[Place<'_>]) -> bool {
    let [(file, Some(line)), (caller, _), ..] = places else { return false };
    let Some((of_call, Some(call))) = places.last() else { return false };
    let begins = || {
        let symbol = loader.find_symbol_info(address)?;
        let first = loader.find_location(symbol.address()).ok()??;
        Some(first.file == Some(file) && first.line == Some(*line))
    };
    file == of_call && (line < call || paths::is_of_std(caller)) && begins() == Some(true)
}

/// A file, and a line of it.
type Place<'a> = (&'a str, Option<u32>);

/// A demangled name without the hash that some manglings append.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "\
version: 1
positions: instr line
events: Ir
summary: 130

ob=(1) /lib/libc.so.6
fl=(1) ???
fn=(1) malloc
0x10 0 50
+4 0 20
cob=(1)
cfn=(2) sysmalloc
calls=1 0x20
0x14 0 1000

fn=(2)
0x20 0 40
* * 20

totals: 130
";

    #[test]
    fn the_total_is_found_at_either_end() {
        assert_eq!(total(PROFILE).unwrap(), 130);
        assert_eq!(total("version: 1\nsummary: 7\n").unwrap(), 7);
        assert!(total("version: 1\n").is_err());
    }

    #[test]
    fn costs_of_callees_are_not_counted_twice() {
        let program = std::env::current_exe().unwrap();
        let found = functions(PROFILE, &program, &mut Objects::default()).unwrap();
        let expected = [("malloc", 70), ("sysmalloc", 60)];
        assert_eq!(found.executed, expected.map(|(name, cost)| (name.to_owned(), cost)).into());
        // Nobody is known to call `malloc`, which calls `sysmalloc`.
        let expected = [("malloc", 70), ("malloc > sysmalloc", 60)];
        assert_eq!(found.functions, expected.map(|(name, cost)| (name.to_owned(), cost)).into());
    }

    #[test]
    fn code_in_no_file_leaves_the_atomics_uncounted() {
        let program = std::env::current_exe().unwrap();
        let nowhere = PROFILE.replace("/lib/libc.so.6", "???");
        let mut objects = Objects::default();
        assert_eq!(atomics(&nowhere, &program, &mut objects).unwrap(), None);
        assert_eq!(functions(&nowhere, &program, &mut objects).unwrap().atomics, None);
        let without_addresses = PROFILE.replace("instr line", "line");
        assert!(atomics(&without_addresses, &program, &mut objects).is_err());
    }

    /// A program's code is where the profile says, and what locks there is counted on its side.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn atomics_are_counted_by_address_and_by_side() {
        use std::io::Write;
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, code: &[u8]| {
            let path = directory.path().join(name);
            std::fs::File::create(&path).unwrap().write_all(&elf(0x1000, code)).unwrap();
            path
        };
        // lock inc qword [rdi]; mov rax, [rdi]; xchg [rdi], rax
        let code = [0xf0, 0x48, 0xff, 0x07, 0x48, 0x8b, 0x07, 0x48, 0x87, 0x07];
        let (program, library) = (file("program", &code), file("library.so", &code));
        let profile = format!(
            "positions: instr\nevents: Ir\nob=(1) {}\nfn=(1) clone\n0x1000 3\n+4 500\ncob=(2) {}\n\
             cfn=(2) malloc\ncalls=1 0x1007\n0x1004 9\n+3 2\n\nob=(2)\nfn=(2)\n0x1007 7\n-3 1\ntotals: 522\n",
            program.display(),
            library.display()
        );
        let counted = atomics(&profile, &program, &mut Objects::default()).unwrap();
        assert_eq!(counted, Some(Atomics { program: 5, libraries: 7 }));
        let profile = profile.replace("ob=(2)\n", "ob=(1)\n");
        let counted = atomics(&profile, &program, &mut Objects::default()).unwrap();
        assert_eq!(counted, Some(Atomics { program: 12, libraries: 0 }));
    }

    /// A 64-bit ELF program of one segment: `code` at `address`.
    #[cfg(target_arch = "x86_64")]
    fn elf(address: u64, code: &[u8]) -> Vec<u8> {
        const HEADERS: u64 = 64 + 56;
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        // Type, machine, version; entry, program headers, section headers; flags; sizes and numbers.
        file.extend([2u16, 62].map(u16::to_le_bytes).concat());
        file.extend(1u32.to_le_bytes());
        file.extend([address, 64, 0].map(u64::to_le_bytes).concat());
        file.extend(0u32.to_le_bytes());
        file.extend([64u16, 56, 1, 64, 0, 0].map(u16::to_le_bytes).concat());
        // Loaded, readable and executable; offset, addresses, sizes, alignment.
        file.extend([1u32, 5].map(u32::to_le_bytes).concat());
        let length = code.len() as u64;
        file.extend([HEADERS, address, address, length, length, 1].map(u64::to_le_bytes).concat());
        file.extend(code);
        file
    }

    /// The compiler writes down where it works; a function's name must not tell.
    #[test]
    fn a_function_is_called_alike_wherever_it_was_compiled() {
        let named = |place: &str| {
            let home = tempfile::tempdir().unwrap();
            let sources = home.path().join(place).join("parts/src");
            std::fs::create_dir_all(&sources).unwrap();
            let code = "#[unsafe(no_mangle)] #[inline(never)] pub fn counted(x: u64) -> u64 { twice(x) }
                #[inline(always)] fn twice(x: u64) -> u64 { std::hint::black_box(x) + std::hint::black_box(x) }
                fn main() { println!(\"{}\", counted(7)) }";
            std::fs::write(sources.join("main.rs"), code).unwrap();
            let program = home.path().join("program");
            let mut rustc = std::process::Command::new("rustc");
            rustc.args(["--edition=2024", "-O", "-Cdebuginfo=line-tables-only", "-o"]).arg(&program);
            assert!(rustc.arg(sources.join("main.rs")).status().unwrap().success());
            let file = std::fs::read(&program).unwrap();
            let file = object::File::parse(&*file).unwrap();
            let symbol = object::Object::symbol_by_name(&file, "counted").unwrap();
            let mut names = Names::new(&program).unwrap();
            names.at(object::ObjectSymbol::address(&symbol)).own.clone().expect("its frames are known")
        };
        for place in ["lab", "größe und leer", "registry/src/mine", "a/src/b"] {
            let name = named(place);
            assert!(name.ends_with(" (parts/src/main.rs)"), "{name} in {place}");
        }
    }

    #[test]
    fn hashes_are_cut_off_names() {
        assert_eq!(without_hash("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(without_hash("a::hash"), "a::hash");
    }
}
