//! `lab new`: a new contender, scaffolded from one that is there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use scenarios::{Contender, Role};

use super::print;
use crate::cell::{find_bottleneck, unknown};
use crate::cli::Context;
use crate::error::{Exit, usage};

/// Scaffold a contender that compiles and is on the roster
///
/// Copies an existing contender of the bottleneck (default: its naive one) to
/// `impls/<bottleneck>/<name>/` under the new name, and adds one line to `harness/Cargo.toml` and one
/// to `harness/src/roster.rs`. Nothing else is touched.
#[derive(clap::Args)]
pub struct Arguments {
    /// The bottleneck
    bottleneck: String,
    /// The new contender's name: lower case letters, digits and underscores
    name: String,
    /// Which contender to start from [default: the naive one]
    #[arg(long, value_name = "CONTENDER")]
    from: Option<String>,
}

const MANIFEST: &str = "harness/Cargo.toml";
const ROSTER: &str = "harness/src/roster.rs";

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let Arguments { bottleneck, name, from } = arguments;
    let valid = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_');
    if !valid {
        bail!(usage(format!("`{name}` is not a name: lower case letters, digits and `_`, a letter first")));
    }
    find_bottleneck(context.roster, bottleneck)?;
    let source = source(context.roster, bottleneck, from.as_deref())?;
    let directory = |contender: &str| context.root.join("impls").join(bottleneck).join(contender);
    let (from, to) = (directory(source.about.name), directory(name));
    if !from.join("Cargo.toml").is_file() {
        bail!(usage(format!("{} is not a contender's directory: is `--root` the project?", from.display())));
    }
    if to.exists() {
        bail!(usage(format!("{} is there already: choose another name", to.display())));
    }

    // Everything is prepared before anything is written.
    let package = format!("{bottleneck}-{name}");
    let manifest = context.root.join(MANIFEST);
    let dependency = format!("{package} = {{ path = \"../impls/{bottleneck}/{name}\" }}");
    let new_manifest = with_line(&manifest, &dependency, |line| line.contains("path = \"../impls/"))?;
    let roster = context.root.join(ROSTER);
    let call = format!("        {bottleneck}_{name}::contender(),");
    let new_roster = with_line(&roster, &call, |line| line.ends_with("::contender(),"))?;
    let files = copies(&from, &to, source, name)?;

    let lists = [(manifest, new_manifest), (roster, new_roster)];
    let texts = files.iter().chain(&lists);
    reports::io::write_texts(texts.map(|(path, text)| (path.as_path(), text.as_str())))?;
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

fn source<'a>(roster: &'a [Contender], bottleneck: &str, from: Option<&str>) -> Result<&'a Contender> {
    let own = || roster.iter().filter(|contender| contender.bottleneck.name == bottleneck);
    let found = match from {
        Some(from) => own().find(|contender| contender.about.name == from),
        None => own().find(|contender| contender.about.role == Role::Naive),
    };
    match (found, from) {
        (Some(contender), _) => Ok(contender),
        (None, Some(from)) => bail!(unknown("contender", from, own().map(|contender| contender.about.name))),
        (None, None) => bail!(usage(format!("{bottleneck} has no naive contender: name one with `--from`"))),
    }
}

/// The text of `path` with `line` among those that are `alike`, in order.
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

/// The files of a contender's directory under its new name.
fn copies(from: &Path, to: &Path, source: &Contender, name: &str) -> Result<Vec<(PathBuf, String)>> {
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
