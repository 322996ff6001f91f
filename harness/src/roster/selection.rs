//! Selecting cells by name, glob and role.

use anyhow::{Result, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use reports::CellName;
use scenarios::{Bottleneck, Role, Scenario};
use serde::{Deserialize, Serialize};

use super::cell::{Cell, Roster, check_size, unknown};
use super::input::Input;
use crate::error::usage;

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

    /// The sizes of a scenario's cells.
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
    /// Names of cells, which may be globs: `persistent_map/get_*/1000/*`, `**/hamt`, `persistent_map`
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
    /// If a name is not on the roster, a glob is malformed, or the selection holds no cell.
    pub fn resolve<'a>(&self, roster: Roster<'a>) -> Result<Vec<Cell<'a>>> {
        Ok(self.resolve_all(roster)?.0)
    }

    /// The same, and the names of the cells that are selected but whose contender lacks a capability.
    ///
    /// # Errors
    /// If a name is not on the roster, a glob is malformed, or the selection holds no cell.
    pub fn resolve_all<'a>(&self, roster: Roster<'a>) -> Result<(Vec<Cell<'a>>, Vec<CellName>)> {
        self.check_names(roster)?;
        let globs = self.globs(roster)?;
        let mut cells = Vec::new();
        for contender in roster.contenders {
            let bottleneck = contender.bottleneck;
            let selected = among(&self.bottleneck, bottleneck.name)
                && among(&self.contender, contender.about.name)
                && among(&self.role, contender.about.role.as_str());
            if !selected {
                continue;
            }
            let scenarios = roster.scenarios(bottleneck).iter();
            for scenario in scenarios.filter(|scenario| among(&self.scenario, scenario.name)) {
                for size in self.sizes(roster, bottleneck, scenario) {
                    let cell = Cell { contender, scenario, size };
                    if globs.is_empty() || globs.is_match(cell.name().to_string()) {
                        cells.push(cell);
                    }
                }
            }
        }
        let takes_part = |cell: &Cell<'_>| cell.contender.about.can(cell.scenario.requires);
        let mut left_out: Vec<CellName> =
            cells.extract_if(.., |cell| !takes_part(cell)).map(|cell| cell.name()).collect();
        left_out.sort();
        left_out.dedup();
        if let (true, Some(cell)) = (cells.is_empty(), left_out.first()) {
            bail!(usage(format!(
                "no selected contender can do what its scenario requires, for example {cell}"
            )));
        }
        if cells.is_empty() {
            bail!(usage(format!("no cell is selected{}; `lab list` shows them all", self.spelled())));
        }
        let position = |cell: &Cell| {
            let scenarios = roster.scenarios(cell.contender.bottleneck).iter();
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
        // What is no glob on its own, such as the beginning of `{a/b,c/d}`, may select anything.
        let first_part = |pattern: &String| {
            let part = pattern.split('/').next().unwrap_or_default();
            if GlobBuilder::new(part).build().is_ok() { part.to_owned() } else { "*".to_owned() }
        };
        let globs = glob_set(self.cells.iter().map(first_part))?;
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
            [] => bail!(usage(format!("no cell is selected{}; `lab list` shows them all", self.spelled()))),
            _ => bail!(usage(
                "--input needs exactly one bottleneck: name it, for example `lab run lru_cache --input FILE`"
            )),
        }
    }

    fn sizes(&self, roster: Roster<'_>, bottleneck: &Bottleneck, scenario: &Scenario) -> Vec<usize> {
        match roster.input.and_then(Input::size) {
            Some(size) => vec![size],
            None if self.size.is_empty() => self.profile.sizes(bottleneck, scenario).to_vec(),
            None => self.size.clone(),
        }
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

    fn spelled(&self) -> String {
        if self.cells.is_empty() { String::new() } else { format!(" by `{}`", self.cells.join(" ")) }
    }

    fn check_names(&self, roster: Roster<'_>) -> Result<()> {
        for name in &self.bottleneck {
            roster.bottleneck(name)?;
        }
        let in_scope = || {
            roster.contenders.iter().filter(|contender| among(&self.bottleneck, contender.bottleneck.name))
        };
        let scenarios = || in_scope().flat_map(|contender| roster.scenarios(contender.bottleneck));
        for name in &self.scenario {
            if !scenarios().any(|scenario| scenario.name == name) {
                bail!(unknown("scenario", name, scenarios().map(|scenario| scenario.name)));
            }
        }
        for name in &self.contender {
            if !in_scope().any(|contender| contender.about.name == name) {
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

    fn globs(&self, roster: Roster<'_>) -> Result<GlobSet> {
        // A bottleneck's bare name means all of it.
        let is_bare =
            |pattern: &str| roster.contenders.iter().any(|contender| contender.bottleneck.name == pattern);
        glob_set(
            self.cells.iter().map(
                |pattern| {
                    if is_bare(pattern) { format!("{pattern}/**") } else { pattern.clone() }
                },
            ),
        )
    }
}

fn glob_set(patterns: impl Iterator<Item = String>) -> Result<GlobSet> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        match GlobBuilder::new(&pattern).literal_separator(true).build() {
            Ok(glob) => globs.add(glob),
            Err(error) => bail!(usage(format!("`{pattern}` is not a glob over cell names: {error}"))),
        };
    }
    Ok(globs.build()?)
}

fn among(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|item| item == name)
}
