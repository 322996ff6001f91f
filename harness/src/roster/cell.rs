//! Cells, and finding them by name.

use anyhow::{Result, bail};
use reports::CellName;
use reports::cell_name::contender_name;
use scenarios::{Bottleneck, Contender, Scenario};

use super::input::Input;
use crate::door;
use crate::error::{UsageError, usage};

/// All contenders, and what they are measured on.
#[derive(Clone, Copy, Debug)]
pub struct Roster<'a> {
    /// The contenders.
    pub contenders: &'a [Contender],
    /// The user's file, if any.
    pub input: Option<&'a Input>,
    /// The seed of the generated inputs, if it is not the lab's own.
    pub seed: Option<u64>,
    /// Whether scenarios of several threads or processes are among those to select from.
    pub concurrent: bool,
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

/// A group of cells that are compared with each other. They have the same bottleneck, scenario and size.
pub type Group = (&'static str, &'static str, usize);

impl Cell<'_> {
    /// Its name.
    pub fn name(&self) -> CellName {
        CellName {
            bottleneck: self.contender.bottleneck.name.to_owned(),
            scenario: self.scenario.name.to_owned(),
            size: self.size as u64,
            contender: self.contender.about.name.to_owned(),
        }
    }

    /// Whether it is about several threads or processes. It has no region then.
    pub fn is_concurrent(&self) -> bool {
        self.contender.bottleneck.concurrent.iter().any(|scenario| scenario.name == self.scenario.name)
    }

    /// Its group.
    pub fn group(&self) -> Group {
        (self.contender.bottleneck.name, self.scenario.name, self.size)
    }
}

/// The name of a contender: `bottleneck/contender`.
pub fn name_of(contender: &Contender) -> String {
    contender_name(contender.bottleneck.name, contender.about.name)
}

/// The contenders of `cells`, each once, in their order.
pub fn contenders_of<'a>(cells: &[Cell<'a>]) -> Vec<&'a Contender> {
    let mut contenders: Vec<&Contender> = Vec::new();
    for cell in cells {
        if !contenders.iter().any(|known| std::ptr::eq(*known, cell.contender)) {
            contenders.push(cell.contender);
        }
    }
    contenders
}

impl<'a> Roster<'a> {
    /// A roster whose scenarios are the generated ones.
    pub fn generated(contenders: &'a [Contender]) -> Self {
        Roster { contenders, input: None, seed: None, concurrent: false }
    }

    /// The scenarios of a bottleneck: those about the user's file where there is one, otherwise the
    /// generated ones.
    pub fn scenarios(self, bottleneck: &Bottleneck) -> impl Iterator<Item = &'static Scenario> + Clone {
        let (scenarios, concurrent): (&[_], &[_]) = match self.input {
            None if self.concurrent => (bottleneck.scenarios, bottleneck.concurrent),
            None => (bottleneck.scenarios, &[]),
            Some(input) => (input.kind(bottleneck).map_or(&[], |own| own.scenarios), &[]),
        };
        scenarios.iter().chain(concurrent)
    }

    /// Refuses an empty roster, a name by which nothing can be selected, and two contenders of one name: their cells could
    /// not be told apart.
    ///
    /// # Errors
    /// If there is such a name; the message says whose it is and what is wrong with it.
    pub fn check(self) -> Result<()> {
        if self.contenders.is_empty() {
            bail!(usage("the roster is empty: there is no contender to measure"));
        }
        let mut names = std::collections::BTreeSet::new();
        for contender in self.contenders {
            let bottleneck = contender.bottleneck;
            let scenarios = bottleneck.scenarios.iter().chain(bottleneck.concurrent);
            let scenarios = scenarios.map(|scenario| ("scenario", scenario.name));
            let all = [("bottleneck", bottleneck.name), ("contender", contender.about.name)];
            for (what, name) in all.into_iter().chain(scenarios) {
                let fault = if name.is_empty() { Some("is empty") } else { fault(name) };
                if let Some(fault) = fault {
                    bail!(usage(format!(
                        "the roster has a {what} of {} whose name {name:?} cannot be selected: it {fault}; rename it",
                        bottleneck.name
                    )));
                }
            }
            let name = name_of(contender);
            if names.contains(&name) {
                bail!(usage(format!("the roster has two contenders called {name}: rename one")));
            }
            names.insert(name);
        }
        Ok(())
    }

    /// Finds a cell by its name.
    ///
    /// # Errors
    /// If there is no such cell; the message is one line and says what is wrong with the name.
    pub fn find(self, name: &CellName) -> Result<Cell<'a>> {
        let bottleneck = self.bottleneck(&name.bottleneck)?;
        let mut scenarios = self.scenarios(bottleneck);
        let known = scenarios.clone();
        let Some(scenario) = scenarios.find(|scenario| scenario.name == name.scenario) else {
            if about_a_file(bottleneck, &name.scenario) {
                let run = door::command(["run", &name.bottleneck, "--input", "FILE"]);
                bail!(usage(format!("`{}` is about a file: `{run}`", name.scenario)));
            }
            if bottleneck.concurrent.iter().any(|scenario| scenario.name == name.scenario) {
                let run = door::command(["run", &format!("{}/{}", name.bottleneck, name.scenario)]);
                bail!(usage(format!(
                    "`{}` is about threads or processes and has no region to count: `{run}`",
                    name.scenario
                )));
            }
            bail!(unknown("scenario", &name.scenario, known.map(|scenario| scenario.name)));
        };
        let contender = self.contender(&name.bottleneck, &name.contender)?;
        if !contender.about.can(scenario.requires) {
            let (contender, scenario) = (&name.contender, &name.scenario);
            bail!(usage(format!("`{contender}` takes no part in `{scenario}`: it lacks a capability")));
        }
        let size = usize::try_from(name.size).unwrap_or(usize::MAX);
        check_size(size)?;
        Ok(Cell { contender, scenario, size })
    }

    /// Finds a bottleneck by its name.
    ///
    /// # Errors
    /// If there is none: one line with the nearest name that there is.
    pub fn bottleneck(self, name: &str) -> Result<&'static Bottleneck> {
        let mut bottlenecks = self.contenders.iter().map(|contender| contender.bottleneck);
        match bottlenecks.find(|bottleneck| bottleneck.name == name) {
            Some(bottleneck) => Ok(bottleneck),
            None => {
                let names = self.contenders.iter().map(|contender| contender.bottleneck.name);
                bail!(unknown("bottleneck", name, names))
            }
        }
    }

    /// Finds a contender by its bottleneck's name and its own.
    ///
    /// # Errors
    /// If there is none: one line with the nearest name that there is.
    pub fn contender(self, bottleneck: &str, name: &str) -> Result<&'a Contender> {
        let own = || self.contenders.iter().filter(|contender| contender.bottleneck.name == bottleneck);
        match own().find(|contender| contender.about.name == name) {
            Some(contender) => Ok(contender),
            None => bail!(unknown("contender", name, own().map(|contender| contender.about.name))),
        }
    }
}

/// Whether a bottleneck has a scenario of this name about a user's file.
pub fn about_a_file(bottleneck: &Bottleneck, scenario: &str) -> bool {
    bottleneck.own_scenarios().any(|own| own.name == scenario)
}

/// What is wrong with the name of a bottleneck, a scenario or a contender; `None` for a name by which it can be selected.
/// Names are parts of cells' names and globs, items of lists, and words of command lines and files.
fn fault(name: &str) -> Option<&'static str> {
    let first = name.chars().next()?;
    match first {
        '-' => return Some("begins with `-`, as an option does"),
        '.' => return Some("begins with `.`"),
        _ => {}
    }
    name.chars().find_map(|character| match character {
        '/' => Some("has a `/`, which divides the parts of a cell's name"),
        ',' => Some("has a `,`, which divides the names of a list"),
        '*' | '?' | '[' | ']' | '{' | '}' | '\\' => Some("has a character that means something in a glob"),
        _ if character.is_whitespace() || character.is_control() => {
            Some("has a space or a control character")
        }
        _ => None,
    })
}

/// Sizes at which the scenarios are meaningful and fit into memory.
const SIZES: std::ops::RangeInclusive<usize> = 1..=10_000_000;

/// Refuses a size outside the range.
///
/// # Errors
/// If the size is outside.
pub fn check_size(size: usize) -> Result<()> {
    if !SIZES.contains(&size) {
        bail!(usage(format!("size {size} is outside {}..={}", SIZES.start(), SIZES.end())));
    }
    Ok(())
}

/// Similarity (Jaro–Winkler, at most 1) from which a name is taken for a misspelling of another.
const SIMILAR: f64 = 0.75;

/// One line for a name that does not exist, with the nearest that does.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> UsageError {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let nearest = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > SIMILAR)
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
        Roster::generated(&roster).check().unwrap();
        roster.push(roster[0]);
        let error = Roster::generated(&roster).check().unwrap_err();
        let name = format!("{:?}", roster[0]);
        assert!(error.to_string().contains(&name), "{error}");
        assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
    }

    #[test]
    fn names_that_cannot_be_selected_are_refused() {
        let refused = |contenders: &[Contender]| {
            let error = Roster::generated(contenders).check().unwrap_err();
            assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
            error.to_string()
        };
        let own = crate::roster::roster()[0];
        for name in [
            "", "a/b", "/", "a,b", ",", "-x", "--all", "-", ".", "..", ".hidden", "a b", " a", "a\tb",
            "a\nb", "a*", "?", "[a]", "a]", "{a}", "a\\b", "a\u{7f}", "a\u{a0}b",
        ] {
            let mut contender = own;
            contender.about.name = name;
            let message = refused(&[contender]);
            assert!(message.contains("contender of") && message.contains(&format!("{name:?}")), "{message}");
            assert!(message.lines().count() == 1, "{message}");
        }
        for name in ["a", "a_b", "a-b", "A1", "größe", "a.b", "a+b", "a@1", "it's", "100%", "a:b", "1000"] {
            let mut contender = own;
            contender.about.name = name;
            Roster::generated(&[contender]).check().unwrap();
        }
        assert!(refused(&[]).contains("empty"));
    }
}
