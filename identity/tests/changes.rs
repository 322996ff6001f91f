//! What changes an identity and what does not, shown with small crates that the compiler of the day compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use identity::{Files, Identity, Program};

/// The crate that the measured one is made of.
const HELPER: &str = r#"
pub static TABLE: [u32; 64] = [7; 64];
pub static EQUAL_ONE: [u32; 16] = [5; 16];
pub static EQUAL_TWO: [u32; 16] = [5; 16];
pub static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(41);
thread_local! { pub static LOCAL: std::cell::Cell<u64> = const { std::cell::Cell::new(43) }; }
pub static STEPS: [fn(u64) -> u64; 3] = [one, two, one];

#[inline(never)] fn one(x: u64) -> u64 { x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 1 }
#[inline(never)] fn two(x: u64) -> u64 { x.rotate_left(9) ^ 2 }
#[inline(always)] pub fn inlined(x: u64) -> u64 { (x ^ 0x55).wrapping_mul(3) }
#[inline(never)] pub fn generic<T: Copy + Into<u64>>(items: &[T]) -> u64 {
    items.iter().fold(17, |sum: u64, item| sum.wrapping_mul(31).wrapping_add((*item).into()))
}

pub trait Shape { fn area(&self) -> u64; fn sides(&self) -> u64 { 4 } }
pub struct Square(pub u64);
pub struct Line(pub u64);
impl Shape for Square { #[inline(never)] fn area(&self) -> u64 { self.0 * self.0 } }
impl Shape for Line { #[inline(never)] fn area(&self) -> u64 { self.0 / 7 } }
#[inline(never)] pub fn shape(x: u64) -> Box<dyn Shape> {
    if x % 2 == 0 { Box::new(Square(x)) } else { Box::new(Line(x)) }
}

#[inline(never)] pub fn word(x: u64) -> &'static str {
    match x % 9 { 0 => "nought", 1 => "one", 2 => "two", 3 => "three", 4 => "four", 5 => "five", 6 => "six", 7 => "seven", _ => "many" }
}

pub fn unrelated(x: u64) -> u64 { x / 1_000_003 }
"#;

/// The crate whose identity is asked for.
const MEASURED: &str = r#"
use helper::*;
use std::sync::atomic::Ordering::Relaxed;

#[unsafe(no_mangle)]
pub fn measured(items: &[u32], x: u64) -> u64 {
    let mut sum = generic(items) ^ inlined(x) ^ COUNT.load(Relaxed) ^ LOCAL.get();
    COUNT.store(sum, Relaxed);
    sum ^= u64::from(TABLE[x as usize % 64]) ^ u64::from(EQUAL_ONE[x as usize % 16]);
    sum ^= STEPS[x as usize % 3](x) ^ shape(x).area() ^ word(x).len() as u64;
    sum ^= u64::from(items.get(3).copied().expect("three"));
    println!("{}", word(sum));
    sum
}
"#;

/// Compiles both crates in `directory` and tells the identity of `measured`.
fn identity_in(directory: &Path, helper: &str, measured: &str) -> Identity {
    compile(directory, helper, measured).unwrap();
    identity_of(directory)
}

/// Compiles both crates in `directory`.
fn compile(directory: &Path, helper: &str, measured: &str) -> Result<(), String> {
    fs::create_dir_all(directory).unwrap();
    rustc(directory, "helper", helper, &["--crate-type=rlib"])?;
    rustc(directory, "measured", measured, &["--crate-type=rlib", "--extern=helper=libhelper.rlib"])
}

fn rustc(directory: &Path, name: &str, text: &str, arguments: &[&str]) -> Result<(), String> {
    fs::write(directory.join(format!("{name}.rs")), text).unwrap();
    let mut rustc = Command::new(option_env!("RUSTC").unwrap_or("rustc"));
    rustc.args(["--edition=2024", "-Copt-level=3", "-Ccodegen-units=1", "-Cdebuginfo=line-tables-only"]);
    rustc.args([&format!("{name}.rs"), "-L."]).args(arguments);
    let output = rustc.current_dir(directory).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(told) }
}

fn identity_of(directory: &Path) -> Identity {
    let own = ["libmeasured.rlib", "libhelper.rlib"].map(|name| directory.join(name));
    let files = Files::read(own.into_iter().chain(standard_library())).unwrap();
    Program::parse(&files).unwrap().identity(&["measured"]).unwrap()
}

/// The standard library's archives.
fn standard_library() -> Vec<PathBuf> {
    let rustc = option_env!("RUSTC").unwrap_or("rustc");
    let print = Command::new(rustc).args(["--print", "target-libdir"]).output().unwrap();
    let directory = PathBuf::from(String::from_utf8(print.stdout).unwrap().trim());
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut archives: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "rlib")).collect();
    archives.sort();
    archives
}

fn replaced(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "`{old}`");
    text.replace(old, new)
}

#[test]
fn what_changes_nothing_that_runs_changes_no_identity() {
    let root = tempfile::tempdir().unwrap();
    let before = identity_in(&root.path().join("here"), HELPER, MEASURED);
    assert!(before.functions > 20 && before.bytes > 10_000, "{before:?}");
    assert_eq!(identity_of(&root.path().join("here")), before, "asked twice");

    let elsewhere = root.path().join("a longer path/with ümlaut");
    assert_eq!(identity_in(&elsewhere, HELPER, MEASURED), before, "elsewhere");
    let commented = format!("// A comment,\n// of two lines.\n{HELPER}");
    assert_eq!(identity_in(&elsewhere, &commented, MEASURED), before, "a comment in the helper");
    let commented = format!("//! A comment.\n\n{MEASURED}\n// One more.");
    assert_eq!(identity_in(&elsewhere, HELPER, &commented), before, "a comment in the measured crate");

    let harmless = [
        ("x / 1_000_003", "x / 1_000_007 + 3"),
        (
            "pub fn unrelated",
            "pub static MORE: [u8; 9] = [9; 9];\npub fn added(x: u64) -> usize { MORE[x as usize] as usize }\npub fn unrelated",
        ),
        ("pub static EQUAL_TWO: [u32; 16] = [5; 16];", "pub static EQUAL_TWO: [u32; 16] = [6; 16];"),
    ];
    for (old, new) in harmless {
        assert_eq!(identity_in(&elsewhere, &replaced(HELPER, old, new), MEASURED), before, "{new}");
    }
}

#[test]
fn every_change_of_what_runs_changes_the_identity() {
    let root = tempfile::tempdir().unwrap();
    let before = identity_in(root.path(), HELPER, MEASURED);
    let in_helper = [
        ("code", "^ 1 }", "^ 3 }"),
        ("code behind a table of functions", "rotate_left(9)", "rotate_left(10)"),
        ("order in a table of functions", "[one, two, one]", "[two, one, one]"),
        ("table", "[7; 64]", "[8; 64]"),
        ("one value in a table", "[7; 64]", "{ let mut table = [7; 64]; table[63] = 9; table }"),
        ("initial value of an atomic", "AtomicU64::new(41)", "AtomicU64::new(42)"),
        ("initial value of a thread-local", "Cell::new(43)", "Cell::new(44)"),
        ("inlined helper", "x ^ 0x55", "x ^ 0x56"),
        ("generic", "wrapping_mul(31)", "wrapping_mul(33)"),
        ("constant in a generic", "fold(17,", "fold(19,"),
        ("method behind a table", "self.0 / 7", "self.0 / 9"),
        ("which type", "Box::new(Line(x))", "Box::new(Square(x + 1))"),
        (
            "method of a trait object that is not called",
            "fn sides(&self) -> u64 { 4 }",
            "fn sides(&self) -> u64 { 5 }",
        ),
        ("string", "\"nought\"", "\"naught\""),
        ("arms of a match", "7 => \"seven\"", "7 => \"six\""),
    ];
    for (what, old, new) in in_helper {
        let after = identity_in(root.path(), &replaced(HELPER, old, new), MEASURED);
        assert_ne!(after.hash, before.hash, "{what}");
    }
    let in_measured = [
        ("another static of the same value", "EQUAL_ONE", "EQUAL_TWO", false),
        ("which static", "TABLE[x as usize % 64]", "EQUAL_ONE[x as usize % 16]", true),
        ("order of effects", "generic(items) ^ inlined(x)", "generic(&items[1..]) ^ inlined(x)", true),
        ("message of a panic", "\"three\"", "\"four!\"", true),
    ];
    for (what, old, new, differs) in in_measured {
        let after = identity_in(root.path(), HELPER, &replaced(MEASURED, old, new));
        assert_eq!(after.hash != before.hash, differs, "{what}");
    }
}

/// A program that shows what `measured` does.
const SHOWN: &str = r#"
fn main() {
    let items: Vec<u32> = (1..20).collect();
    for x in 0..200 { println!("{}", measured::measured(&items[x as usize % 7..], x * x + x / 3)); }
}
"#;

/// The text with one number, operator, call or letter of a string changed, in turn.
fn mutants(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut mutants = Vec::new();
    let swaps = [
        ("^", "|"),
        ("^", "&"),
        ("wrapping_mul", "wrapping_sub"),
        ("wrapping_add", "wrapping_mul"),
        ("==", "!="),
    ];
    for (old, new) in
        swaps.into_iter().chain([("Square(", "Line("), ("Line(", "Square("), ("one", "two"), ("two", "one")])
    {
        let places = text.match_indices(old).map(|(at, _)| at);
        mutants.extend(places.map(|at| format!("{}{new}{}", &text[..at], &text[at + old.len()..])));
    }
    for (at, _) in text.match_indices("=> \"") {
        mutants.push(format!("{}X{}", &text[..at + 4], &text[at + 5..]));
        mutants.push(format!("{}X{}", &text[..at + 4], &text[at + 4..]));
    }
    for start in 1..bytes.len() {
        if !bytes[start].is_ascii_digit() || is_word(bytes[start - 1]) {
            continue;
        }
        let end = start + bytes[start..].iter().take_while(|byte| is_word(**byte)).count();
        let digits = text[start..end].replace('_', "");
        let number = match digits.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        let Ok(number) = number else { continue };
        for other in
            [number.wrapping_add(1), number ^ 2, number.wrapping_mul(3), number / 2, number.wrapping_add(8)]
        {
            if other != number {
                mutants.push(format!("{}{other}{}", &text[..start], &text[end..]));
            }
        }
    }
    mutants
}

/// Where a mutant shows something else, its identity is another one. It may be another one without: not all that can be
/// reached is shown.
///
/// A part of the mutants is tried; with `IDENTITY_MUTANTS=all` all of them are, which takes minutes.
#[test]
fn a_mutant_that_behaves_differently_has_another_identity() {
    let root = tempfile::tempdir().unwrap();
    let shows = |directory: &Path| {
        rustc(directory, "shown", SHOWN, &["--extern=measured=libmeasured.rlib"]).unwrap();
        Command::new(directory.join("shown")).output().unwrap()
    };
    let before = identity_in(root.path(), HELPER, MEASURED);
    let shown = shows(root.path());
    let in_helper = mutants(HELPER).into_iter().map(|text| (text, MEASURED.to_owned()));
    let in_measured = mutants(MEASURED).into_iter().map(|text| (HELPER.to_owned(), text));
    let all: Vec<(String, String)> = in_helper.chain(in_measured).collect();
    let every = if std::env::var("IDENTITY_MUTANTS").is_ok_and(|which| which == "all") { 1 } else { 12 };
    let (mut compiled, mut different, mut told) = (0, 0, 0);
    for (helper, measured) in all.iter().step_by(every) {
        if compile(root.path(), helper, measured).is_err() {
            continue;
        }
        let is_told = identity_of(root.path()) != before;
        let differs = shows(root.path()) != shown;
        assert!(is_told || !differs, "the identity of this is that of the original:\n{helper}\n{measured}");
        compiled += 1;
        different += u32::from(differs);
        told += u32::from(is_told);
    }
    println!(
        "{compiled} of {} mutants compile, {different} behave differently, {told} have another identity",
        all.len()
    );
    assert!(different > 10, "{different} of {compiled}");
}

/// Two statics that look alike are two: a program that writes to one of them does not write to the other.
#[test]
fn equal_statics_stay_apart() {
    let root = tempfile::tempdir().unwrap();
    let two = "use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static ONE: AtomicU64 = AtomicU64::new(3);
        static TWO: AtomicU64 = AtomicU64::new(3);
        #[unsafe(no_mangle)] pub fn measured(x: u64) -> u64 { ONE.store(x, Relaxed); TWO.load(Relaxed) }";
    let before = identity_in(root.path(), HELPER, two);
    let after = identity_in(root.path(), HELPER, &replaced(two, "TWO.load", "ONE.load"));
    assert_ne!(after.hash, before.hash);
}

#[test]
fn a_root_that_is_not_there_is_named() {
    let files = Files::read(standard_library()).unwrap();
    let error = Program::parse(&files).unwrap().identity(&["no_such_function"]).unwrap_err();
    assert_eq!(error.to_string(), "no object file defines `no_such_function`");
}

#[test]
fn a_file_that_is_damaged_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("libdamaged.rlib");
    fs::write(
        &path,
        b"!<arch>\nnonsense that is longer than a header of an archive's member would be, by far",
    )
    .unwrap();
    let files = Files::read([&path]).unwrap();
    let error = Program::parse(&files).err().unwrap().to_string();
    assert!(error.contains("libdamaged.rlib"), "{error}");
    let missing = Files::read([root.path().join("none")]).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read ") && missing.contains("none"), "{missing}");
    // What is no object code at all is left out: a linker's script.
    fs::write(&path, "GROUP ( /lib/libc.so.6 )").unwrap();
    let files = Files::read([&path]).unwrap();
    assert!(Program::parse(&files).is_ok());
}
