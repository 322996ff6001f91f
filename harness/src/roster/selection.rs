//! Selecting cells by name, glob and role.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use globset::{GlobBuilder, GlobSetBuilder};
use reports::CellName;
use scenarios::{Bottleneck, Contender, Role, Scenario};
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Roster, check_size, unknown};
use super::input::Input;
use super::pattern::Pattern;
use crate::door;
use crate::error::{UsageError, usage};

/// Which sizes and budgets a run uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Few sizes and short timing, for a first look and the self-test
    Quick,
    /// All sizes up to 100 k
    #[default]
    Default,
    /// All sizes up to 1 M, and long timing
    Full,
}

impl Profile {
    /// The profile's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Quick => "quick",
            Profile::Default => "default",
            Profile::Full => "full",
        }
    }

    fn sizes(self, bottleneck: &Bottleneck, scenario: &Scenario) -> &'static [usize] {
        let sizes = scenario.sizes.unwrap_or(bottleneck.sizes);
        match self {
            Profile::Quick => sizes.quick,
            Profile::Default => sizes.default,
            Profile::Full => sizes.full,
        }
    }
}

/// A selection of cells. A cell must meet every condition that is given; an empty condition selects all cells.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Selection {
    /// Names of cells, or of what holds them, which may be globs: `persistent_map/get_hit`, `**/hamt`
    #[arg(value_name = "CELLS")]
    pub cells: Vec<String>,
    /// Only these bottlenecks
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub bottleneck: Vec<String>,
    /// Only these scenarios
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub scenario: Vec<String>,
    /// Only these sizes, instead of those of the profile
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub size: Vec<usize>,
    /// Only these contenders
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub contender: Vec<String>,
    /// Only these roles: naive, optimized, peer, bound
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    pub role: Vec<String>,
    /// Sizes and time budgets: quick, default, full
    #[arg(long, value_enum, default_value_t = Profile::Default)]
    pub profile: Profile,
}

impl Selection {
    /// The cells of the roster that it selects, sorted by bottleneck, scenario and size; at least one.
    ///
    /// # Errors
    /// If a name is not on the roster, a pattern is malformed or selects nothing, or no cell meets all conditions. The
    /// message says which it is and what is near.
    pub fn resolve<'a>(&self, roster: Roster<'a>) -> Result<Vec<Cell<'a>>> {
        Ok(self.resolve_all(roster)?.0)
    }

    /// The same, and the cells that are selected but whose contender lacks a capability, sorted by name.
    ///
    /// # Errors
    /// As those of [`Selection::resolve`].
    pub fn resolve_all<'a>(&self, roster: Roster<'a>) -> Result<(Vec<Cell<'a>>, Vec<Cell<'a>>)> {
        self.check_names(roster)?;
        let patterns = self.cells.iter().map(|text| Pattern::new(text, roster, &self.size));
        let patterns = patterns.collect::<Result<Vec<_>>>()?;
        let (mut cells, mut left_out): (Vec<_>, Vec<_>) =
            self.matching(roster, &patterns).into_iter().partition(takes_part);
        left_out.sort_by_key(Cell::name);
        left_out.dedup_by_key(|cell| cell.name());
        self.check_patterns(roster, &patterns, &cells)?;
        if let (true, Some(_), Some(cell)) = (cells.is_empty(), roster.input, left_out.first()) {
            bail!(usage(format!(
                "no selected contender can do what its scenario requires, for example {}",
                cell.name()
            )));
        }
        if cells.is_empty() {
            bail!(self.nothing(roster, &patterns));
        }
        let position = |cell: &Cell| {
            let scenarios = roster.scenarios(cell.contender.bottleneck);
            scenarios.take_while(|scenario| scenario.name != cell.scenario.name).count()
        };
        cells.sort_by_key(|cell| (cell.contender.bottleneck.name, position(cell), cell.size));
        // A size that is named twice is measured once.
        cells.dedup_by_key(|cell| cell.name());
        Ok((cells, left_out))
    }

    /// The one bottleneck that it selects from, whatever its scenarios are.
    ///
    /// # Errors
    /// If a name is not on the roster, a glob is malformed, or there are several bottlenecks or none.
    pub fn bottleneck(&self, roster: Roster<'_>) -> Result<&'static Bottleneck> {
        for name in &self.bottleneck {
            roster.bottleneck(name)?;
        }
        let mut globs = GlobSetBuilder::new();
        for pattern in &self.cells {
            // What is no glob on its own, such as the beginning of `{a/b,c/d}`, may select anything.
            let first = pattern.split('/').next().unwrap_or_default();
            globs.add(GlobBuilder::new(first).build().or_else(|_| GlobBuilder::new("*").build())?);
        }
        let globs = globs.build()?;
        let mut found: Vec<&'static Bottleneck> = Vec::new();
        for contender in roster.contenders {
            let bottleneck = contender.bottleneck;
            let selected = among(&self.bottleneck, bottleneck.name)
                && among(&self.contender, contender.about.name)
                && (self.cells.is_empty() || globs.is_match(bottleneck.name));
            if selected && !found.iter().any(|known| std::ptr::eq(*known, bottleneck)) {
                found.push(bottleneck);
            }
        }
        match found[..] {
            [bottleneck] => Ok(bottleneck),
            [] => {
                // The message says which part is wrong.
                self.cells.iter().try_for_each(|text| Pattern::new(text, roster, &self.size).map(drop))?;
                bail!(self.nothing(roster, &[]))
            }
            _ => {
                let example = door::command(["run", "lru_cache", "--input", "FILE"]);
                bail!(usage(format!(
                    "--input needs exactly one bottleneck: name it, for example `{example}`"
                )))
            }
        }
    }

    /// The cells that meet every condition, in the roster's order.
    fn select<'a>(&self, roster: Roster<'a>, patterns: &[Pattern]) -> Vec<Cell<'a>> {
        let mut cells = self.matching(roster, patterns);
        cells.retain(takes_part);
        cells
    }

    /// The cells that meet every condition, and those that would if their contender took part.
    fn matching<'a>(&self, roster: Roster<'a>, patterns: &[Pattern]) -> Vec<Cell<'a>> {
        // A gate names thousands of cells in full.
        let named: BTreeSet<&CellName> = patterns.iter().filter_map(Pattern::cell).collect();
        let mut sizes_of: BTreeMap<[&str; 3], Vec<u64>> = BTreeMap::new();
        for CellName { bottleneck, scenario, size, contender } in &named {
            sizes_of.entry([bottleneck, scenario, contender]).or_default().push(*size);
        }
        let globs: Vec<&Pattern> = patterns.iter().filter(|pattern| pattern.cell().is_none()).collect();
        let mut cells = Vec::new();
        for contender in roster.contenders {
            let bottleneck = contender.bottleneck;
            let selected = among(&self.bottleneck, bottleneck.name)
                && among(&self.contender, contender.about.name)
                && among(&self.role, contender.about.role.as_str());
            if !selected {
                continue;
            }
            let scenarios = roster.scenarios(bottleneck);
            for scenario in scenarios.filter(|scenario| among(&self.scenario, scenario.name)) {
                let own = roster.input.and_then(Input::size);
                let usual = own.map_or_else(|| self.sizes(bottleneck, scenario).to_vec(), |size| vec![size]);
                let mut sizes = usual.clone();
                if self.size.is_empty() && own.is_none() {
                    // A size that a pattern names is selected whatever the profile is.
                    let key = [bottleneck.name, scenario.name, contender.about.name];
                    let named = sizes_of.get(&key).into_iter().flatten().map(|size| *size as usize);
                    sizes.extend(named.chain(globs.iter().filter_map(|pattern| pattern.size())));
                    sizes.sort_unstable();
                    sizes.dedup();
                }
                for size in sizes {
                    let cell = Cell { contender, scenario, size };
                    let name = cell.name();
                    let is_usual = usual.contains(&size);
                    let selects = |pattern: &&Pattern| {
                        (is_usual || pattern.size() == Some(size)) && pattern.selects(&name)
                    };
                    if patterns.is_empty() || named.contains(&name) || globs.iter().any(selects) {
                        cells.push(cell);
                    }
                }
            }
        }
        cells
    }

    /// The sizes of a scenario that are selected where no pattern names another.
    fn sizes<'s>(&'s self, bottleneck: &Bottleneck, scenario: &Scenario) -> &'s [usize] {
        if self.size.is_empty() { self.profile.sizes(bottleneck, scenario) } else { &self.size }
    }

    /// Refuses a pattern none of whose cells has a selected size. What other conditions leave of it is their business.
    fn check_patterns(&self, roster: Roster<'_>, patterns: &[Pattern], cells: &[Cell<'_>]) -> Result<()> {
        let globs = || patterns.iter().filter(|pattern| pattern.cell().is_none());
        let names: Vec<CellName> =
            if globs().next().is_some() { cells.iter().map(Cell::name).collect() } else { Vec::new() };
        let used = |pattern: &&Pattern| names.iter().any(|name| pattern.selects(name));
        for pattern in globs().filter(|pattern| !used(pattern)) {
            let only = Selection { size: self.size.clone(), profile: self.profile, ..Selection::default() };
            if only.select(roster, std::slice::from_ref(pattern)).is_empty() {
                bail!(self.wrong_size(pattern));
            }
        }
        let other = |pattern: &&Pattern| {
            pattern.cell().is_some() && pattern.size().is_some_and(|size| !self.size.contains(&size))
        };
        match patterns.iter().find(other) {
            Some(pattern) if !self.size.is_empty() => bail!(self.wrong_size(pattern)),
            _ => Ok(()),
        }
    }

    /// What to say of a pattern whose cells have other sizes than those that are selected.
    fn wrong_size(&self, pattern: &Pattern) -> UsageError {
        let why = if self.size.is_empty() {
            let profile = self.profile.as_str();
            format!(
                "its sizes are not among those of the profile `{profile}`; choose another one (`--profile full`) or name \
                 them (`--size`)"
            )
        } else {
            format!("its sizes are not among `--size {}`", self.spelled_sizes())
        };
        usage(format!("no cell is selected by `{}`: {why}", pattern.text()))
    }

    /// What to say where no cell meets all conditions: which of them leaves none of the others' cells.
    fn nothing(&self, roster: Roster<'_>, patterns: &[Pattern]) -> UsageError {
        let by = match &self.cells[..] {
            [] => String::new(),
            cells => format!(" by `{}`", cells.join(" ")),
        };
        let without = [
            ("", self.cells.join(" "), Selection { cells: Vec::new(), ..self.clone() }),
            (
                "--bottleneck ",
                self.bottleneck.join(","),
                Selection { bottleneck: Vec::new(), ..self.clone() },
            ),
            ("--scenario ", self.scenario.join(","), Selection { scenario: Vec::new(), ..self.clone() }),
            ("--contender ", self.contender.join(","), Selection { contender: Vec::new(), ..self.clone() }),
            ("--role ", self.role.join(","), Selection { role: Vec::new(), ..self.clone() }),
            ("--size ", self.spelled_sizes(), Selection { size: Vec::new(), ..self.clone() }),
        ];
        let given = without.iter().filter(|(_, value, _)| !value.is_empty());
        let hints = given.filter_map(|(option, value, rest)| {
            let patterns = if rest.cells.is_empty() { &[][..] } else { patterns };
            let cells = rest.select(roster, patterns).len();
            (cells > 0).then(|| format!("without `{option}{value}` there are {cells}"))
        });
        let hints: Vec<String> = hints.collect();
        if !hints.is_empty() {
            return usage(format!(
                "no cell is selected{by}: no cell meets all conditions; {}",
                hints.join(", ")
            ));
        }
        let full = Selection { profile: Profile::Full, ..self.clone() };
        if self.size.is_empty() && !full.select(roster, patterns).is_empty() {
            let profile = self.profile.as_str();
            return usage(format!(
                "no cell is selected{by}: its sizes are not among those of the profile `{profile}`; choose another one \
                 (`--profile full`) or name them (`--size`)"
            ));
        }
        let list = door::command(["list"]);
        usage(format!("no cell is selected{by}: no cell meets all conditions; `{list}` shows them all"))
    }

    fn spelled_sizes(&self) -> String {
        let sizes: Vec<String> = self.size.iter().map(usize::to_string).collect();
        sizes.join(",")
    }

    /// Whether it is the whole profile, with nothing left out.
    pub fn is_everything(&self) -> bool {
        let Selection { cells, bottleneck, scenario, size, contender, role, profile: _ } = self;
        size.is_empty() && [cells, bottleneck, scenario, contender, role].iter().all(|list| list.is_empty())
    }

    /// The arguments that select the same again.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = self.cells.clone();
        let sizes: Vec<String> = self.size.iter().map(usize::to_string).collect();
        let lists = [
            ("--bottleneck", &self.bottleneck),
            ("--scenario", &self.scenario),
            ("--size", &sizes),
            ("--contender", &self.contender),
            ("--role", &self.role),
        ];
        for (option, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            arguments.extend([option.to_owned(), list.join(",")]);
        }
        arguments.extend(["--profile".to_owned(), self.profile.as_str().to_owned()]);
        arguments
    }

    fn check_names(&self, roster: Roster<'_>) -> Result<()> {
        for name in &self.bottleneck {
            roster.bottleneck(name)?;
        }
        let in_scope = || {
            roster.contenders.iter().filter(|contender| among(&self.bottleneck, contender.bottleneck.name))
        };
        // A name of another bottleneck is no mistake where a list has several, as that of a report has.
        let scenarios = |contender: &Contender| roster.scenarios(contender.bottleneck);
        for name in &self.scenario {
            if !roster.contenders.iter().flat_map(scenarios).any(|scenario| scenario.name == name) {
                bail!(unknown(
                    "scenario",
                    name,
                    in_scope().flat_map(scenarios).map(|scenario| scenario.name)
                ));
            }
        }
        for name in &self.contender {
            if !roster.contenders.iter().any(|contender| contender.about.name == name) {
                bail!(unknown("contender", name, in_scope().map(|contender| contender.about.name)));
            }
        }
        let roles = [Role::Naive, Role::Optimized, Role::Peer, Role::Bound].map(Role::as_str);
        for name in &self.role {
            if !roles.contains(&name.as_str()) {
                bail!(unknown("role", name, roles));
            }
        }
        self.size.iter().try_for_each(|size| check_size(*size))
    }
}

fn takes_part(cell: &Cell<'_>) -> bool {
    cell.contender.about.can(cell.scenario.requires)
}

fn among(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|item| item == name)
}
