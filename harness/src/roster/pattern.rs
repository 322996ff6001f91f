//! Patterns: names of cells, or of what holds cells, which may be globs.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use globset::{GlobBuilder, GlobMatcher};
use reports::CellName;
use scenarios::{Bottleneck, Scenario};

use super::cell::{Roster, about_a_file, check_size, unknown};
use super::glob::{self, NameGlob};
use super::input::Input;
use crate::door;
use crate::error::{UsageError, usage};

/// What the parts of a cell's name are.
const PARTS: [&str; 4] = ["bottleneck", "scenario", "size", "contender"];

/// A pattern of a selection.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    /// What it selects.
    selected: Selected,
    /// The size that it names. Such a size is selected whatever the profile is.
    size: Option<usize>,
}

#[derive(Debug)]
enum Selected {
    /// One cell, by its whole name.
    Cell(CellName),
    /// All cells whose names it matches.
    Names(GlobMatcher),
}

impl Pattern {
    /// Reads a pattern. One that names no cell means all cells below what it names: `persistent_map/get_hit` is all of
    /// this scenario. `sizes` are those that the command line names.
    ///
    /// # Errors
    /// If it is malformed or matches no cell of the roster at any size: one line that says which part is wrong, and what
    /// is near.
    pub fn new(text: &str, roster: Roster<'_>, sizes: &[usize]) -> Result<Self> {
        let base = glob::base(text);
        if let Ok(name) = base.parse::<CellName>()
            && !base.contains(is_special)
        {
            let cell = roster.find(&name)?;
            let size = Some(cell.size);
            return Ok(Pattern { text: text.to_owned(), selected: Selected::Cell(name), size });
        }
        let glob = NameGlob::new(text)?;
        let parts: Vec<&str> = base.split('/').collect();
        let is_simple = !base.contains("**") && !base.contains(['{', '[', '\\']);
        let size = match parts.get(2).map(|size| (size, size.parse::<usize>())) {
            Some((spelled, Ok(size))) if is_simple && size.to_string() == *spelled => Some(size),
            _ => None,
        };
        size.map_or(Ok(()), check_size)?;
        let names = names(roster, sizes.iter().copied().chain(size).collect());
        let joined: Vec<String> = names.iter().map(|name| name.join("/")).collect();
        let Some(selected) = glob.among(&joined) else {
            let why = if is_simple { wrong_part(&parts, roster, &names)? } else { absent(&parts, &names) };
            bail!(usage(format!("no cell is selected by `{text}`: {why}")));
        };
        Ok(Pattern { text: text.to_owned(), selected: Selected::Names(selected.clone()), size })
    }

    /// The pattern as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The size that it names, if it names one.
    pub fn size(&self) -> Option<usize> {
        self.size
    }

    /// Whether it selects a cell.
    pub fn selects(&self, name: &CellName) -> bool {
        match &self.selected {
            Selected::Cell(cell) => cell == name,
            Selected::Names(glob) => glob.is_match(name.to_string()),
        }
    }

    /// The cell that it names in full, if it does.
    pub fn cell(&self) -> Option<&CellName> {
        match &self.selected {
            Selected::Cell(cell) => Some(cell),
            Selected::Names(_) => None,
        }
    }
}

/// Whether a character means something in a glob.
fn is_special(character: char) -> bool {
    "*?[]{}\\".contains(character)
}

/// All sizes of a scenario, in any profile.
pub fn all_sizes(bottleneck: &Bottleneck, scenario: &Scenario) -> BTreeSet<usize> {
    let sizes = scenario.sizes.unwrap_or(bottleneck.sizes);
    [sizes.quick, sizes.default, sizes.full].into_iter().flatten().copied().collect()
}

/// The parts of the names of all cells of the roster, at the sizes of all profiles and these.
fn names(roster: Roster<'_>, more: BTreeSet<usize>) -> Vec<[String; 4]> {
    let mut names = Vec::new();
    for contender in roster.contenders {
        let bottleneck = contender.bottleneck;
        let scenarios = roster.scenarios(bottleneck);
        for scenario in scenarios.filter(|scenario| contender.about.can(scenario.requires)) {
            let own = roster.input.and_then(Input::size).map(|size| BTreeSet::from([size]));
            for size in &own.unwrap_or_else(|| &all_sizes(bottleneck, scenario) | &more) {
                let size = size.to_string();
                let name = [bottleneck.name, scenario.name, &size, contender.about.name];
                names.push(name.map(str::to_owned));
            }
        }
    }
    names
}

/// Which part of a pattern is wrong: the first one that matches nothing below the parts before it.
fn wrong_part(parts: &[&str], roster: Roster<'_>, names: &[[String; 4]]) -> Result<UsageError> {
    let mut left: Vec<&[String; 4]> = names.iter().collect();
    for (at, part) in parts.iter().enumerate() {
        let Some(what) = PARTS.get(at) else {
            return Ok(usage(format!(
                "a cell's name has four parts, {}, and this one has {}",
                PARTS.join("/"),
                parts.len()
            )));
        };
        let glob = GlobBuilder::new(part).build()?.compile_matcher();
        let (found, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|name| glob.is_match(&name[at]));
        if !found.is_empty() {
            left = found;
            continue;
        }
        let known = || distinct(others.iter().map(|name| name[at].as_str()), at);
        let bottleneck = if at == 0 { *part } else { others[0][0].as_str() };
        let of_roster = roster.contenders.iter().map(|contender| contender.bottleneck);
        let named = of_roster.into_iter().find(|known| known.name == bottleneck);
        return Ok(match named {
            Some(_) if at == 0 => usage(format!("{part} cannot be measured on a file")),
            Some(bottleneck) if at == 1 && about_a_file(bottleneck, part) => usage(format!(
                "`{part}` is about a file: `{}`",
                door::command(["run", bottleneck.name, "--input", "FILE"])
            )),
            _ if part.contains(is_special) => {
                usage(format!("no {what} matches `{part}`; there are: {}", known().join(", ")))
            }
            _ => unknown(what, part, known()),
        });
    }
    Ok(usage("no cell has all its parts"))
}

/// Each once: sizes by value, names by their bytes.
fn distinct<'a>(names: impl Iterator<Item = &'a str>, part: usize) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect::<BTreeSet<&str>>().into_iter().collect();
    if PARTS[part] == "size" {
        names.sort_by_key(|size| size.parse::<usize>().unwrap_or(0));
    }
    names
}

/// What no cell has of a pattern whose parts may stand anywhere.
fn absent(parts: &[&str], names: &[[String; 4]]) -> UsageError {
    let has = |part: &str| names.iter().flatten().any(|name| name == part);
    let literal = |part: &&&str| !part.is_empty() && !part.contains(is_special);
    match parts.iter().filter(literal).find(|part| !has(part)) {
        Some(part) => unknown("part of any name", part, names.iter().flatten().map(String::as_str)),
        None => {
            usage(format!("no cell has all its parts; `{}` shows them", door::command(["list", "--cells"])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let contenders = crate::roster::roster();
        let error = Pattern::new(text, Roster::generated(&contenders), &[]).unwrap_err();
        assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage, "{text}");
        error.to_string()
    }

    #[test]
    fn the_part_that_is_wrong_is_named_with_what_is_near() {
        let cases = [
            ("persistent_mapp", "no bottleneck `persistent_mapp`; did you mean `persistent_map`?"),
            ("persistent_mapp/**", "no bottleneck `persistent_mapp`; did you mean `persistent_map`?"),
            (
                "persistent_mapp/get_hit/8/imbl",
                "no bottleneck `persistent_mapp`; did you mean `persistent_map`?",
            ),
            ("", "no bottleneck ``; there are: "),
            ("/persistent_map", "no bottleneck ``; there are: "),
            ("x*", "no bottleneck matches `x*`; there are: "),
            ("persistent_map/get_hitt", "no scenario `get_hitt`; did you mean `get_hit`?"),
            ("persistent_map/get_hitt/**", "no scenario `get_hitt`; did you mean `get_hit`?"),
            ("persistent_*/get_hitt/8/imbl", "no scenario `get_hitt`; did you mean `get_hit`?"),
            ("persistent_map/get_hitt/8/imbl", "no scenario `get_hitt`; did you mean `get_hit`?"),
            ("persistent_map/gt_*", "no scenario matches `gt_*`; there are: "),
            ("persistent_map/get_hit/1k", "no size `1k`; there are: "),
            ("persistent_map/get_hit/08/imbl", "no size `08`; "),
            ("persistent_map/get_hit/7*", "no size matches `7*`; there are: "),
            ("persistent_map/get_hit/0", "size 0 is outside"),
            ("persistent_map/get_hit/99999999999", "size 99999999999 is outside"),
            ("persistent_map/get_hit/8/imbll", "no contender `imbll`; did you mean `imbl`?"),
            ("persistent_map/get_*/8/imbll", "no contender `imbll`; did you mean `imbl`?"),
            ("persistent_map/get_hit/*/imbll", "no contender `imbll`; did you mean `imbl`?"),
            ("persistent_map/get_hit/8/z*", "no contender matches `z*`; there are: "),
            (
                "persistent_map/get_hit/8/imbl/more",
                "has four parts, bottleneck/scenario/size/contender, and this one has 5",
            ),
            ("**/imbll", "no part of any name `imbll`; did you mean `imbl`?"),
            ("**/get_hitt/**", "no part of any name `get_hitt`; did you mean `get_hit`?"),
            ("**/imbl/get_hit", "no cell has all its parts; `scripts/just lab list --cells` shows them"),
            (
                "lru_cache/own_trace",
                "`own_trace` is about a file: `scripts/just lab run lru_cache --input FILE`",
            ),
            ("persistent_map/[", "`persistent_map/[` is not a glob"),
            ("persistent_map/{a", "`persistent_map/{a` is not a glob"),
        ];
        for (text, expected) in cases {
            let message = refused(text);
            assert!(message.contains(expected), "{text}: {message}");
            assert!(message.lines().count() == 1, "{message}");
        }
    }

    #[test]
    fn a_name_means_all_below_it() {
        let contenders = crate::roster::roster();
        let selected = |text: &str, cell: &str| {
            let pattern = Pattern::new(text, Roster::generated(&contenders), &[]);
            pattern.unwrap_or_else(|error| panic!("{text}: {error}")).selects(&cell.parse().unwrap())
        };
        let cell = "persistent_map/get_hit/1000/imbl";
        for text in [
            "persistent_map",
            "persistent_map/",
            "persistent_map/**",
            "persistent_*",
            "persistent_map/get_hit",
            "persistent_map/get_hit/",
            "persistent_map/get_*",
            "persistent_map/get_hit/1000",
            "persistent_map/get_hit/1000/",
            "persistent_map/get_hit/1*",
            "persistent_map/get_hit/1000/imbl",
            "persistent_map/get_hit/1000/imbl/**",
            "persistent_map/{get_hit,get_miss}",
            "persistent_[m]ap/get_hit",
            "**/get_hit",
            "**/1000",
            "**/imbl",
            "**/get_hit/**",
            "**",
            "*",
            "*/get_hit",
        ] {
            assert!(selected(text, cell), "{text}");
        }
        for (text, other) in [
            ("persistent_map/get_hit", "persistent_map/get_hit_string/1000/imbl"),
            ("persistent_map", "small_map/get_hit/8/imbl"),
            ("persistent_map/get_hit/1000", "persistent_map/get_hit/10000/imbl"),
            ("persistent_map/get_hit/1*", "persistent_map/get_hit/8/imbl"),
            // What matches a cell's own name is not taken for the name of something above it.
            ("**/h*", "persistent_map/hash_like/8/imbl"),
            ("**/imbl", "persistent_map/get_hit/1000/im"),
        ] {
            assert!(!selected(text, other), "{text} selects {other}");
        }
    }
}
