//! Cells, and selecting them by name, glob and role.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use scenarios::{Bottleneck, Contender, Role, Scenario};
use serde::{Deserialize, Serialize};

use crate::error::usage;
use crate::input;

/// A cell's name: `bottleneck/scenario/size/contender`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellId {
    /// Bottleneck.
    pub bottleneck: String,
    /// Scenario.
    pub scenario: String,
    /// Size.
    pub size: usize,
    /// Contender.
    pub contender: String,
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.bottleneck, self.scenario, self.size, self.contender)
    }
}

impl FromStr for CellId {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let parts: Vec<&str> = name.split('/').collect();
        let [bottleneck, scenario, size, contender] = parts[..] else {
            bail!(usage(format!("`{name}` is not a cell: expected bottleneck/scenario/size/contender")));
        };
        let Ok(size) = size.parse() else {
            bail!(usage(format!("`{name}` is not a cell: its size `{size}` is not a number")));
        };
        let [bottleneck, scenario, contender] = [bottleneck, scenario, contender].map(str::to_owned);
        Ok(CellId { bottleneck, scenario, size, contender })
    }
}

/// A cell of the roster.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// Its contender.
    pub contender: &'a Contender,
    /// Its scenario.
    pub scenario: &'static Scenario,
    /// Its size.
    pub size: usize,
}

impl Cell<'_> {
    /// Its name.
    pub fn id(&self) -> CellId {
        CellId {
            bottleneck: self.contender.bottleneck.name.to_owned(),
            scenario: self.scenario.name.to_owned(),
            size: self.size,
            contender: self.contender.about.name.to_owned(),
        }
    }
}

/// Refuses a roster on which two contenders have one name: their cells could not be told apart.
pub fn check_roster(roster: &[Contender]) -> Result<()> {
    let mut names = std::collections::BTreeSet::new();
    for Contender { bottleneck, about, .. } in roster {
        if !names.insert((bottleneck.name, about.name)) {
            bail!(usage(format!(
                "the roster has two contenders called {}/{}: rename one",
                bottleneck.name, about.name
            )));
        }
    }
    Ok(())
}

/// Finds a cell by its name, or says what is wrong with it.
pub fn find<'a>(roster: &'a [Contender], id: &CellId) -> Result<Cell<'a>> {
    let bottleneck = find_bottleneck(roster, &id.bottleneck)?;
    let of_bottleneck = || roster.iter().filter(|contender| contender.bottleneck.name == bottleneck.name);
    let scenarios = input::scenarios(bottleneck);
    let Some(scenario) = scenarios.iter().find(|scenario| scenario.name == id.scenario) else {
        let own = bottleneck.own_input.map_or(&[][..], |own| own.scenarios);
        if own.iter().any(|scenario| scenario.name == id.scenario) {
            bail!(usage(format!(
                "`{}` is about a file: `lab run {} --input FILE`",
                id.scenario, id.bottleneck
            )));
        }
        let names = scenarios.iter().map(|scenario| scenario.name);
        bail!(unknown("scenario", &id.scenario, names));
    };
    let Some(contender) = of_bottleneck().find(|contender| contender.about.name == id.contender) else {
        bail!(unknown("contender", &id.contender, of_bottleneck().map(|contender| contender.about.name)));
    };
    if !contender.about.can(scenario.requires) {
        bail!(usage(format!("`{}` takes no part in `{}`: it lacks a capability", id.contender, id.scenario)));
    }
    check_size(id.size)?;
    Ok(Cell { contender, scenario, size: id.size })
}

/// Sizes at which the scenarios are meaningful and fit into memory.
const SIZES: std::ops::RangeInclusive<usize> = 1..=10_000_000;

fn check_size(size: usize) -> Result<()> {
    if !SIZES.contains(&size) {
        bail!(usage(format!("size {size} is outside {}..={}", SIZES.start(), SIZES.end())));
    }
    Ok(())
}

/// Which sizes and budgets a run uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Few sizes, short timing: a first look, and the self-test.
    Quick,
    /// All sizes to 100 k.
    #[default]
    Default,
    /// All sizes to 1 M, long timing.
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

/// Which cells: every condition narrows; an empty one does not.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Selection {
    /// Cells by name, with globs: `persistent_map/get_*/1000/*`, `**/hamt`, `persistent_map`
    #[arg(value_name = "CELLS")]
    pub cells: Vec<String>,
    /// Only these bottlenecks
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub bottleneck: Vec<String>,
    /// Only these scenarios
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub scenario: Vec<String>,
    /// These sizes instead of the profile's
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
    /// A name that is not on the roster, a malformed glob, a selection without a cell.
    pub fn resolve<'a>(&self, roster: &'a [Contender]) -> Result<Vec<Cell<'a>>> {
        self.check_names(roster)?;
        let globs = self.globs(roster)?;
        let mut cells = Vec::new();
        for contender in roster {
            let bottleneck = contender.bottleneck;
            let selected = among(&self.bottleneck, bottleneck.name)
                && among(&self.contender, contender.about.name)
                && among(&self.role, contender.about.role.as_str());
            if !selected {
                continue;
            }
            let scenarios = input::scenarios(bottleneck).iter();
            let selected = |scenario: &&Scenario| {
                contender.about.can(scenario.requires) && among(&self.scenario, scenario.name)
            };
            for scenario in scenarios.filter(selected) {
                let of_profile = self.profile.sizes(bottleneck, scenario);
                for &size in if self.size.is_empty() { of_profile } else { &self.size } {
                    let cell = Cell { contender, scenario, size };
                    if globs.is_empty() || globs.is_match(cell.id().to_string()) {
                        cells.push(cell);
                    }
                }
            }
        }
        if cells.is_empty() {
            bail!(usage(format!("no cell is selected{}; `lab list` shows them all", self.spelled())));
        }
        let position = |cell: &Cell| {
            let scenarios = input::scenarios(cell.contender.bottleneck).iter();
            scenarios.take_while(|scenario| scenario.name != cell.scenario.name).count()
        };
        cells.sort_by_key(|cell| (cell.contender.bottleneck.name, position(cell), cell.size));
        // A size that is named twice is measured once.
        cells.dedup_by_key(|cell| cell.id());
        Ok(cells)
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

    fn check_names(&self, roster: &[Contender]) -> Result<()> {
        for name in &self.bottleneck {
            find_bottleneck(roster, name)?;
        }
        let in_scope =
            || roster.iter().filter(|contender| among(&self.bottleneck, contender.bottleneck.name));
        let scenarios = || in_scope().flat_map(|contender| input::scenarios(contender.bottleneck));
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

    fn globs(&self, roster: &[Contender]) -> Result<GlobSet> {
        let mut globs = GlobSetBuilder::new();
        for pattern in &self.cells {
            // A bottleneck's bare name means all of it.
            let bare = roster.iter().any(|contender| contender.bottleneck.name == pattern);
            let whole = if bare { format!("{pattern}/**") } else { pattern.clone() };
            match GlobBuilder::new(&whole).literal_separator(true).build() {
                Ok(glob) => globs.add(glob),
                Err(error) => bail!(usage(format!("`{pattern}` is not a glob over cell names: {error}"))),
            };
        }
        Ok(globs.build()?)
    }
}

fn among(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|item| item == name)
}

/// Finds a bottleneck of the roster by name.
pub fn find_bottleneck(roster: &[Contender], name: &str) -> Result<&'static Bottleneck> {
    match roster.iter().find(|contender| contender.bottleneck.name == name) {
        Some(contender) => Ok(contender.bottleneck),
        None => bail!(unknown("bottleneck", name, roster.iter().map(|contender| contender.bottleneck.name))),
    }
}

/// One line for a name that does not exist, with the nearest that does.
pub fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> crate::error::UsageError {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let nearest = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0));
    usage(match nearest {
        Some((_, candidate)) => format!("no {what} `{name}`; did you mean `{candidate}`?"),
        None => format!("no {what} `{name}`; there are: {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_contenders_of_one_name_are_refused() {
        let mut roster = crate::roster::roster();
        check_roster(&roster).unwrap();
        roster.push(roster[0]);
        let error = check_roster(&roster).unwrap_err();
        let name = format!("{:?}", roster[0]);
        assert!(error.to_string().contains(&name), "{error}");
        assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
    }
}
