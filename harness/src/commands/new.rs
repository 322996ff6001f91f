//! `lab new`: scaffolds a contender from an existing one, or a bottleneck.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use scenarios::{Contender, Role};

use super::context::Context;
use super::output::print;
use crate::error::{Exit, usage};
use crate::roster::cell::Roster;

/// Scaffold a contender, or a bottleneck, that compiles and is on the roster
///
/// `lab new BOTTLENECK NAME` copies an existing contender of the bottleneck (default: its naive one) to
/// `impls/<bottleneck>/<name>/` under the new name, and adds one line to `harness/Cargo.toml` and one
/// to `harness/src/roster/list.rs`. It changes no other file.
///
/// `lab new --bottleneck NAME` writes a bottleneck of small files to `scenarios/src/<name>/`: the contract, one
/// scenario, an oracle and a check; and a naive contender to `impls/<name>/naive/`. It adds two lines to
/// `scenarios/src/lib.rs`, and the contender's lines as above. The new bottleneck compiles, passes its checks and
/// can be measured at once. Replace its parts with your own, one after the other.
#[derive(clap::Args)]
#[command(override_usage = "lab new [OPTIONS] <BOTTLENECK> <NAME>\n       lab new --bottleneck <NAME>")]
pub struct Arguments {
    /// The bottleneck of the new contender
    #[arg(required_unless_present = "new_bottleneck")]
    bottleneck: Option<String>,
    /// The new contender's name: lower case letters, digits and underscores
    #[arg(required_unless_present = "new_bottleneck")]
    name: Option<String>,
    /// Contender to copy [default: the naive one]
    #[arg(long, value_name = "CONTENDER")]
    from: Option<String>,
    /// Scaffold a bottleneck of this name instead
    #[arg(long = "bottleneck", value_name = "NAME", conflicts_with_all = ["bottleneck", "name", "from"])]
    new_bottleneck: Option<String>,
}

const MANIFEST: &str = "harness/Cargo.toml";
const ROSTER: &str = "harness/src/roster/list.rs";

/// A file that is to be written: its path and its text.
type Written = (PathBuf, String);

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    match arguments {
        Arguments { new_bottleneck: Some(name), .. } => new_bottleneck(context, name),
        Arguments { bottleneck: Some(bottleneck), name: Some(name), from, .. } => {
            new_contender(context, bottleneck, name, from.as_deref())
        }
        _ => bail!(usage("name a bottleneck and a contender")),
    }
}

fn check_name(name: &str) -> Result<()> {
    let valid = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_');
    if !valid {
        bail!(usage(format!("`{name}` is not a name: lower case letters, digits and `_`, a letter first")));
    }
    Ok(())
}

fn new_contender(context: &Context<'_>, bottleneck: &str, name: &str, from: Option<&str>) -> Result<Exit> {
    check_name(name)?;
    context.roster.bottleneck(bottleneck)?;
    let source = source(context.roster, bottleneck, from)?;
    let directory = |contender: &str| context.root.join("impls").join(bottleneck).join(contender);
    let (from, to) = (directory(source.about.name), directory(name));
    if !from.join("Cargo.toml").is_file() {
        bail!(usage(format!("{} is not a contender's directory: is `--root` the project?", from.display())));
    }
    if to.exists() {
        bail!(usage(format!("{} is there already: choose another name", to.display())));
    }

    // Everything is prepared before anything is written.
    let mut files = copies(&from, &to, source, name)?;
    files.extend(listed(&context.root, bottleneck, name)?);
    write(&files)?;
    print(&format!(
        "{} is a copy of {}, on the roster as {bottleneck}/{name}\n\
         next: describe it in its `About`, change it, then\n\
         \x20   scripts/just lab verify --contender {name}\n\
         \x20   scripts/just lab run --bottleneck {bottleneck} --profile quick",
        to.display(),
        source.about.name
    ))?;
    Ok(Exit::Fine)
}

/// The texts of the two lists of contenders, each with a line for the new one.
fn listed(root: &Path, bottleneck: &str, name: &str) -> Result<[Written; 2]> {
    let dependency = format!("{bottleneck}-{name} = {{ path = \"../impls/{bottleneck}/{name}\" }}");
    let call = format!("        {bottleneck}_{name}::contender(),");
    let (manifest, roster) = (root.join(MANIFEST), root.join(ROSTER));
    let new_manifest = with_line(&manifest, &dependency, |line| line.contains("path = \"../impls/"))?;
    let new_roster = with_line(&roster, &call, |line| line.ends_with("::contender(),"))?;
    Ok([(manifest, new_manifest), (roster, new_roster)])
}

fn write(files: &[Written]) -> Result<()> {
    Ok(reports::io::write_texts(files.iter().map(|(path, text)| (path.as_path(), text.as_str())))?)
}

/// The files of a new bottleneck below its directory in `scenarios/src/`.
const BOTTLENECK_FILES: [(&str, &str); 5] = [
    ("mod.rs", include_str!("../../templates/bottleneck/mod.rs")),
    ("contract.rs", include_str!("../../templates/bottleneck/contract.rs")),
    ("cases.rs", include_str!("../../templates/bottleneck/cases.rs")),
    ("oracle.rs", include_str!("../../templates/bottleneck/oracle.rs")),
    ("checks.rs", include_str!("../../templates/bottleneck/checks.rs")),
];

/// The files of its naive contender.
const NAIVE: &str = "naive";
const NAIVE_FILES: [(&str, &str); 2] = [
    ("Cargo.toml", include_str!("../../templates/bottleneck/naive/Cargo.toml.template")),
    ("src/lib.rs", include_str!("../../templates/bottleneck/naive/lib.rs")),
];

const SCENARIOS: &str = "scenarios/src";

/// Words that cannot name a bottleneck, because its name becomes a module and a trait. They are the keywords of
/// Rust and the names of the lab that every bottleneck uses.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue", "core", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "std", "struct",
    "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    "about", "bottleneck", "check", "contender", "mismatch", "model", "operation", "option", "ord", "request",
    "result", "scanned", "scenario", "scenarios", "setup", "sizes", "some", "step", "string", "vec",
];

fn new_bottleneck(context: &Context<'_>, name: &str) -> Result<Exit> {
    check_name(name)?;
    if RESERVED.contains(&name) {
        bail!(usage(format!("`{name}` is not a name: Rust or the lab uses the word; add another to it")));
    }
    let room = context.root.join(SCENARIOS);
    let list = room.join("lib.rs");
    if !list.is_file() {
        bail!(usage(format!("{} is not there: is `--root` the project?", list.display())));
    }
    let (questions, answers) = (room.join(name), context.root.join("impls").join(name));
    for taken in [&questions, &room.join(format!("{name}.rs")), &answers] {
        if taken.exists() {
            bail!(usage(format!("{} is there already: choose another name", taken.display())));
        }
    }
    let fill = |text: &str| {
        let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
        let camel: String = words.iter().map(|word| capitalised(word)).collect();
        text.replace("__name__", name)
            .replace("__Name__", &camel)
            .replace("__Title__", &capitalised(&words.join(" ")))
    };
    let mut files: Vec<Written> = Vec::new();
    files.extend(BOTTLENECK_FILES.map(|(file, text)| (questions.join(file), fill(text))));
    files.extend(NAIVE_FILES.map(|(file, text)| (answers.join(NAIVE).join(file), fill(text))));
    files.extend(listed(&context.root, name, NAIVE)?);
    files.push((list.clone(), with_bottleneck(&list, name)?));
    write(&files)?;
    print(&format!(
        "{} holds a bottleneck whose contract is a set, with one contender, {name}/{NAIVE}\n\
         next: scripts/just lab run {name} --profile quick\n\
         then: replace the contract in contract.rs by yours, and the other files after it (see CONTRIBUTING.md)",
        questions.display()
    ))?;
    Ok(Exit::Fine)
}

/// A word that begins with a capital letter.
fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// The text of `scenarios/src/lib.rs` with one more bottleneck. Its module is inserted in alphabetical order, and
/// its entry comes last in the reading order.
fn with_bottleneck(list: &Path, name: &str) -> Result<String> {
    let text = reports::io::read_text(list)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_module = |line: &String| module_of(line).is_some();
    let first = lines.iter().position(is_module);
    let last = lines.iter().rposition(|line| line.trim_end().ends_with("::BOTTLENECK,"));
    let (Some(first), Some(last)) = (first, last) else {
        bail!(usage(format!("{} has no list of bottlenecks: add {name} by hand", list.display())));
    };
    // The lower line is inserted first, so that the other position stays right.
    lines.insert(last + 1, format!("    &{name}::BOTTLENECK,"));
    let modules = lines[first..].iter().take_while(|line| is_module(line));
    let before = modules.take_while(|line| module_of(line).is_some_and(|module| module < name)).count();
    lines.insert(first + before, format!("pub mod {name};"));
    Ok(lines.join("\n") + "\n")
}

/// The module that a line declares.
fn module_of(line: &str) -> Option<&str> {
    line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';')
}

fn source<'a>(roster: Roster<'a>, bottleneck: &str, from: Option<&str>) -> Result<&'a Contender> {
    if let Some(from) = from {
        return roster.contender(bottleneck, from);
    }
    let mut own = roster.contenders.iter().filter(|contender| contender.bottleneck.name == bottleneck);
    match own.find(|contender| contender.about.role == Role::Naive) {
        Some(contender) => Ok(contender),
        None => bail!(usage(format!("{bottleneck} has no naive contender: name one with `--from`"))),
    }
}

/// The text of `path` with `line` inserted, in order, among the lines that are `alike`.
fn with_line(path: &Path, line: &str, alike: impl Fn(&str) -> bool) -> Result<String> {
    let text = reports::io::read_text(path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    let Some(first) = lines.iter().position(|line| alike(line)) else {
        bail!(usage(format!("{} has no line like `{}`: add that one by hand", path.display(), line.trim())));
    };
    let run = lines[first..].iter().take_while(|line| alike(line)).count();
    let at = lines[first..first + run].iter().position(|other| *other > line).unwrap_or(run);
    lines.insert(first + at, line);
    Ok(lines.join("\n") + "\n")
}

/// Copies of the files of a contender's directory, under the new name.
fn copies(from: &Path, to: &Path, source: &Contender, name: &str) -> Result<Vec<Written>> {
    let mut files = Vec::new();
    let mut directories = vec![from.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = std::fs::read_dir(&directory);
        let entries = entries.with_context(|| format!("cannot read {}", directory.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", directory.display()))?.path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = reports::io::read_text(&path)?;
            let relative = path.strip_prefix(from).expect("it is in that directory");
            files.push((to.join(relative), renamed(&text, source, name)));
        }
    }
    Ok(files)
}

fn renamed(text: &str, source: &Contender, name: &str) -> String {
    let (bottleneck, old) = (source.bottleneck.name, source.about.name);
    text.replace(&format!("name = \"{bottleneck}-{old}\""), &format!("name = \"{bottleneck}-{name}\""))
        .replace(&format!("{bottleneck}_{old}"), &format!("{bottleneck}_{name}"))
        .replace(&format!("name: \"{old}\""), &format!("name: \"{name}\""))
        .replace("Role::Naive", "Role::Optimized")
        // A new contender will have tests, even if the copied one has none to build.
        .replace("[lib]\ntest = false\ndoctest = false\n\n", "")
        .replace("[lib]\ndoctest = false\n\n", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_to_its_place_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        std::fs::write(&path, "head\n- b\n- d\ntail\n- z\n").unwrap();
        let alike = |line: &str| line.starts_with("- ");
        assert_eq!(with_line(&path, "- c", alike).unwrap(), "head\n- b\n- c\n- d\ntail\n- z\n");
        assert_eq!(with_line(&path, "- a", alike).unwrap(), "head\n- a\n- b\n- d\ntail\n- z\n");
        assert_eq!(with_line(&path, "- e", alike).unwrap(), "head\n- b\n- d\n- e\ntail\n- z\n");
    }
}
