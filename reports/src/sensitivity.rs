//! How sensitive the winners are: the same cells in other surroundings, such as another allocator, hash function, build or
//! size of entries.
//!
//! `lab sensitivity` measures them and writes a file for each bottleneck, which is committed: text that reads well in a review.
//!
//! ```text
//! # rustc: rustc 1.98.0
//! # jemalloc: libjemalloc.so.2
//! cell                            ops   usual  jemalloc
//! persistent_map/get_hit/8/im     1024  40213  40213
//! ```
//!
//! The numbers are instructions of a region. A count that could not be measured is `-`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::analysis::geometric_mean;
use crate::cell_name::{CellName, NotACell};
use crate::io::{Error, read_text, write_text};
use crate::measurements::Measurements;
use crate::metric::Metric;
use crate::record::{CellRecord, Record, Role};
use crate::verdict::{Estimate, GroupVerdict, Verdict, verdict};
use crate::view::{BottleneckView, ScenarioView, Unlisted};

/// Surroundings in which cells are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Surroundings {
    /// In files and on the command line.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What differs from the usual ones, a sentence.
    pub what: &'static str,
}

/// The lab's own: those of every other number.
pub const USUAL: Surroundings = Surroundings {
    name: "usual",
    title: "as everywhere else",
    what: "glibc's allocator, foldhash, no link-time optimisation, baseline x86-64, keys and values of 8 bytes (String keys of 16).",
};

/// All others, in the order of reading.
pub const OTHERS: [Surroundings; 7] = [
    Surroundings {
        name: "mimalloc",
        title: "mimalloc",
        what: "mimalloc takes the place of glibc's allocator, by preload.",
    },
    Surroundings {
        name: "jemalloc",
        title: "jemalloc",
        what: "jemalloc takes the place of glibc's allocator, by preload.",
    },
    Surroundings {
        name: "siphash",
        title: "SipHash",
        what: "Every contender that hashes gets SipHash-1-3, the hash function of std's maps, with a fixed key.",
    },
    Surroundings {
        name: "lto",
        title: "link-time optimisation",
        what: "The program is compiled with fat link-time optimisation.",
    },
    Surroundings {
        name: "native",
        title: "target-cpu=native",
        what: "The program is compiled for the processor that measures, without AVX-512, which Valgrind does not know.",
    },
    Surroundings {
        name: "entries_64",
        title: "entries of 64 bytes",
        what: "Plain keys, values and elements have 64 bytes, and String keys as well.",
    },
    Surroundings {
        name: "entries_256",
        title: "entries of 256 bytes",
        what: "Plain keys, values and elements have 256 bytes, and String keys as well.",
    },
];

/// The surroundings of that name.
pub fn named(name: &str) -> Option<Surroundings> {
    std::iter::once(USUAL).chain(OTHERS).find(|known| known.name == name)
}

/// What was counted of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Operations per region.
    pub ops: u64,
    /// Instructions of the region, for each of the [surroundings](Sensitivity::surroundings).
    pub instructions: Vec<Option<u64>>,
}

/// What was measured of a bottleneck.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensitivity {
    /// What it was measured with: the compiler, the allocators, the day.
    pub conditions: BTreeMap<String, String>,
    /// The surroundings, [`USUAL`] first.
    pub surroundings: Vec<Surroundings>,
    /// The cells, of one bottleneck.
    pub cells: BTreeMap<CellName, Counted>,
}

/// What stands for a count that could not be measured.
const ABSENT: &str = "-";

/// The file of a bottleneck in a directory.
pub fn path(directory: &Path, bottleneck: &str) -> PathBuf {
    directory.join(format!("{bottleneck}.tsv"))
}

/// Reads every file of a directory, by bottleneck. A directory that is not there has none.
///
/// # Errors
/// If a file cannot be read, or is none that [`Sensitivity::write`] wrote. The error names the line.
pub fn read_all(directory: &Path) -> Result<BTreeMap<String, Sensitivity>, Error> {
    let mut all = BTreeMap::new();
    if !directory.is_dir() {
        return Ok(all);
    }
    let failed = |cause| Error::Read { path: directory.to_owned(), cause };
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "tsv") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            all.insert(name, Sensitivity::read(&path)?);
        }
    }
    Ok(all)
}

impl Sensitivity {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is none that [`write`](Self::write) wrote. The error names the line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let malformed = |(line, reason): (usize, String)| Error::Malformed {
            path: path.to_owned(),
            reason: format!("line {line}: {reason}"),
        };
        Self::parse(&read_text(path)?).map_err(malformed)
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut found = Sensitivity::default();
        let mut lines = (1..).zip(text.lines());
        let titles = loop {
            let (number, line) = lines.next().ok_or((1, "it has no table".to_owned()))?;
            match line.strip_prefix("# ") {
                Some(condition) => {
                    let (name, value) =
                        condition.split_once(": ").ok_or((number, "expected `# name: value`".to_owned()))?;
                    found.conditions.insert(name.to_owned(), value.to_owned());
                }
                None => break (number, line),
            }
        };
        let (number, line) = titles;
        let header = || (number, format!("expected the columns `cell ops {} …`", USUAL.name));
        let columns = line.strip_prefix("cell\tops\t").ok_or_else(header)?;
        for column in columns.split('\t') {
            let known = named(column).ok_or((number, format!("`{column}` is none of the surroundings")))?;
            if found.surroundings.contains(&known) {
                return Err((number, format!("`{column}` is there twice")));
            }
            found.surroundings.push(known);
        }
        if found.surroundings.first() != Some(&USUAL) {
            return Err(header());
        }
        for (number, line) in lines {
            let at = |reason: String| (number, reason);
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, ops, counts @ ..] = &fields[..] else {
                return Err(at("it has too few columns".to_owned()));
            };
            if counts.len() != found.surroundings.len() {
                return Err(at(format!("{} counts instead of {}", counts.len(), found.surroundings.len())));
            }
            let name: CellName = name.parse().map_err(|error: NotACell| at(error.to_string()))?;
            let positive = |text: &str| match text.parse::<u64>() {
                Ok(count) if count > 0 => Ok(count),
                _ => Err(at(format!("`{text}` is no count"))),
            };
            let count = |text: &&str| if *text == ABSENT { Ok(None) } else { positive(text).map(Some) };
            let counted = Counted {
                ops: positive(ops)?,
                instructions: counts.iter().map(count).collect::<Result<_, _>>()?,
            };
            if found.cells.first_key_value().is_some_and(|(first, _)| first.bottleneck != name.bottleneck) {
                return Err(at(format!("`{name}` is of another bottleneck")));
            }
            if found.cells.insert(name.clone(), counted).is_some() {
                return Err(at(format!("`{name}` is there twice")));
            }
        }
        Ok(found)
    }

    /// Writes the file, completely or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_text(path, &self.text())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.conditions {
            let _ = writeln!(text, "# {name}: {value}");
        }
        text.push_str("cell\tops");
        self.surroundings.iter().for_each(|surroundings| text.extend(["\t", surroundings.name]));
        text.push('\n');
        for (name, counted) in &self.cells {
            let _ = write!(text, "{name}\t{}", counted.ops);
            for count in &counted.instructions {
                let _ = match count {
                    Some(count) => write!(text, "\t{count}"),
                    None => write!(text, "\t{ABSENT}"),
                };
            }
            text.push('\n');
        }
        text
    }

    /// The bottleneck.
    pub fn bottleneck(&self) -> Option<&str> {
        self.cells.first_key_value().map(|(name, _)| name.bottleneck.as_str())
    }

    /// The sizes, ascending.
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.cells.keys().map(|name| name.size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// What was counted in the surroundings with this index, as a record. What the scenarios and contenders are is taken from
    /// `roster`, and cells of others are left out.
    fn record(&self, roster: &Record, at: usize) -> Record {
        let is_ours = |name: &str| self.bottleneck() == Some(name);
        let contenders = roster.contenders.iter().filter(|contender| is_ours(&contender.bottleneck));
        let roles: BTreeMap<&str, Role> =
            contenders.clone().map(|contender| (contender.name.as_str(), contender.role)).collect();
        let bottlenecks = roster.bottlenecks.iter().filter(|info| is_ours(&info.name));
        let has = |name: &CellName| {
            bottlenecks
                .clone()
                .flat_map(|info| &info.scenarios)
                .any(|scenario| scenario.name == name.scenario)
        };
        let cells = self.cells.iter().filter(|(name, _)| has(name)).filter_map(|(name, counted)| {
            Some(CellRecord {
                name: name.clone(),
                role: *roles.get(name.contender.as_str())?,
                ops: counted.ops,
                digest: String::new(),
                measured: Measurements {
                    instructions: Some(counted.instructions[at]?),
                    ..Measurements::default()
                },
                observed: BTreeMap::new(),
            })
        });
        Record {
            cells: cells.collect(),
            bottlenecks: bottlenecks.cloned().collect(),
            contenders: contenders.cloned().collect(),
            ..Record::default()
        }
    }

    /// What the surroundings change, for each of them, [`USUAL`] first. What the scenarios and contenders are is taken from
    /// `roster`.
    ///
    /// # Errors
    /// If the roster contradicts itself.
    pub fn effects(&self, roster: &Record) -> Result<Vec<Effect>, Unlisted> {
        let records: Vec<Record> = (0..self.surroundings.len()).map(|at| self.record(roster, at)).collect();
        let views = records.iter().map(|record| Ok(BottleneckView::all(record)?.into_iter().next()));
        let views: Vec<Option<BottleneckView<'_>>> = views.collect::<Result<_, Unlisted>>()?;
        let Some(Some(usual)) = views.first() else { return Ok(Vec::new()) };
        let there = verdict(usual);
        let effects = self.surroundings.iter().zip(&views);
        Ok(effects
            .filter_map(|(surroundings, view)| Some(Effect::of(*surroundings, view.as_ref()?, usual, &there)))
            .collect())
    }
}

/// What surroundings change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The surroundings.
    pub surroundings: Surroundings,
    /// The contender that leads over all groups, and those that cannot be told from it. Empty if too few were measured.
    pub leaders: Vec<String>,
    /// The best of the others, and its mean divided by the leader's.
    pub second: Option<(String, Estimate)>,
    /// In how many groups both these and the usual surroundings have a winner.
    pub groups: usize,
    /// The groups that another contender wins than in the usual surroundings, those first in which it matters most.
    pub changes: Vec<Change>,
    /// For each contender with instructions here and in the usual surroundings: the geometric mean over its cells of the one
    /// divided by the other. The lowest first.
    pub costs: Vec<(String, f64)>,
}

/// A group that another contender wins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The scenario.
    pub scenario: String,
    /// The size.
    pub size: u64,
    /// Who wins in the usual surroundings.
    pub before: Vec<String>,
    /// Who wins in these.
    pub after: Vec<String>,
    /// The instructions of the best of the earlier winners here, divided by those of the new winner.
    pub by: f64,
}

impl Effect {
    /// The leader's instructions divided by those in the usual surroundings.
    pub fn cost(&self) -> Option<f64> {
        let leader = self.leaders.first()?;
        self.costs.iter().find(|(name, _)| name == leader).map(|(_, cost)| *cost)
    }

    /// `there` is the verdict in the usual surroundings.
    fn of(
        surroundings: Surroundings,
        view: &BottleneckView<'_>,
        usual: &BottleneckView<'_>,
        there: &Verdict,
    ) -> Self {
        let name = |at: usize| view.contenders[at].name.clone();
        let here = verdict(view);
        let lead = here.overall.as_ref();
        let mut groups = 0;
        let mut changes = Vec::new();
        for group in &here.groups {
            let scenario = &view.scenarios[group.scenario];
            let same = |other: &&GroupVerdict| {
                usual.scenarios[other.scenario].info.name == scenario.info.name && other.size == group.size
            };
            // Both views have the same contenders in the same order.
            let Some(before) = there.groups.iter().find(same) else { continue };
            groups += 1;
            if before.leaders.iter().any(|leader| group.leaders.contains(leader)) {
                continue;
            }
            let value = |at: &usize| scenario.value(Metric::Instructions, group.size, *at);
            let best = |leaders: &[usize]| leaders.iter().filter_map(value).min_by(f64::total_cmp);
            // Who could not be measured here did not lose.
            let (Some(earlier), Some(now)) = (best(&before.leaders), best(&group.leaders)) else { continue };
            let names = |leaders: &[usize]| leaders.iter().map(|at| name(*at)).collect();
            changes.push(Change {
                scenario: scenario.info.name.clone(),
                size: group.size,
                before: names(&before.leaders),
                after: names(&group.leaders),
                by: earlier / now,
            });
        }
        changes.sort_by(|left, right| right.by.total_cmp(&left.by));
        let costs = (0..view.contenders.len()).filter_map(|at| Some((name(at), cost(view, usual, at)?)));
        let mut costs: Vec<(String, f64)> = costs.collect();
        costs.sort_by(|left, right| left.1.total_cmp(&right.1));
        Effect {
            surroundings,
            leaders: lead.map_or(Vec::new(), |lead| lead.leaders.iter().map(|at| name(*at)).collect()),
            second: lead.and_then(|lead| lead.second).map(|(at, ratio)| (name(at), ratio)),
            groups,
            changes,
            costs,
        }
    }
}

/// The instructions of a contender here, divided by those in the usual surroundings: the mean over its cells.
fn cost(view: &BottleneckView<'_>, usual: &BottleneckView<'_>, contender: usize) -> Option<f64> {
    let ratios = view.scenarios.iter().flat_map(|scenario| {
        let other = usual.scenarios.iter().find(|other| other.info.name == scenario.info.name);
        scenario.sizes.iter().filter_map(move |size| {
            let value = |of: &ScenarioView<'_>| of.value(Metric::Instructions, *size, contender);
            Some(value(scenario)? / value(other?)?)
        })
    });
    geometric_mean(ratios)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::record;

    /// Rows as (scenario, contender, counts).
    fn of(rows: &[(&str, &str, [Option<u64>; 3])]) -> Sensitivity {
        let row = |(scenario, contender, counts): &(&str, &str, [Option<u64>; 3])| {
            let name: CellName = format!("b/{scenario}/10/{contender}").parse().unwrap();
            (name, Counted { ops: 2, instructions: counts.to_vec() })
        };
        Sensitivity {
            conditions: [("rustc".to_owned(), "rustc 1: a".to_owned())].into(),
            surroundings: vec![USUAL, named("jemalloc").unwrap(), named("lto").unwrap()],
            cells: rows.iter().map(row).collect(),
        }
    }

    fn roster() -> Record {
        let roles = [("a", Role::Optimized), ("b", Role::Peer), ("c", Role::Peer), ("std", Role::Bound)];
        record(&roles, &[("get", 10, "a", 1), ("put", 10, "a", 1)])
    }

    fn sample() -> Sensitivity {
        of(&[
            ("get", "a", [Some(100), Some(100), Some(80)]),
            ("get", "b", [Some(200), Some(200), Some(90)]),
            ("get", "std", [Some(10), Some(10), Some(10)]),
            ("put", "a", [Some(100), Some(300), Some(100)]),
            ("put", "b", [Some(150), Some(150), None]),
            ("put", "std", [Some(10), Some(10), Some(10)]),
        ])
    }

    #[test]
    fn what_is_written_is_read_again() {
        let sample = sample();
        assert_eq!(Sensitivity::parse(&sample.text()).unwrap(), sample);
        let directory = tempfile::tempdir().unwrap();
        assert!(read_all(&directory.path().join("none")).unwrap().is_empty());
        sample.write(&path(directory.path(), "b")).unwrap();
        assert_eq!(read_all(directory.path()).unwrap(), [("b".to_owned(), sample)].into());
    }

    #[test]
    fn a_damaged_file_is_refused_by_its_line() {
        let text = sample().text();
        let cases = [
            (text.replace("cell\tops", "cell"), 2, "expected the columns"),
            (text.replace("\tusual", ""), 2, "expected the columns"),
            (text.replace("\tlto", "\tjemalloc"), 2, "twice"),
            (text.replace("\tlto", "\tnobody"), 2, "none of the surroundings"),
            (text.replace(": rustc 1: a", ""), 1, "name: value"),
            (text.replace("\t80", ""), 3, "2 counts instead of 3"),
            (text.replace("\t80", "\tx"), 3, "`x` is no count"),
            (text.replace("\t80", "\t0"), 3, "`0` is no count"),
            (text.replace("b/get/10/a", "get"), 3, "get"),
            (text.replace("b/get/10/b", "b/get/10/a"), 4, "twice"),
            (text.replace("b/get/10/b", "c/get/10/a"), 4, "another bottleneck"),
            (String::new(), 1, "no table"),
        ];
        for (text, line, words) in cases {
            let (number, reason) = Sensitivity::parse(&text).unwrap_err();
            assert!(
                number == line && reason.contains(words),
                "line {number}: {reason}, expected {line}: {words}"
            );
        }
    }

    #[test]
    fn a_winner_changes_only_where_another_contestant_is_ahead() {
        let effects = sample().effects(&roster()).unwrap();
        let [usual, jemalloc, lto] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!((usual.groups, usual.changes.len()), (2, 0));
        assert!(usual.costs.iter().all(|(_, cost)| *cost == 1.0));
        let expected = Change {
            scenario: "put".to_owned(),
            size: 10,
            before: vec!["a".to_owned()],
            after: vec!["b".to_owned()],
            by: 2.0,
        };
        assert_eq!(jemalloc.changes, [expected]);
        assert_eq!(jemalloc.groups, 2);
        // The bound wins nothing, and `b` could not be measured in one group: that is no change.
        assert!(lto.changes.is_empty(), "{lto:?}");
        let cost = |effect: &Effect, name: &str| effect.costs.iter().find(|cost| cost.0 == name).unwrap().1;
        assert!((cost(jemalloc, "a") - 3_f64.sqrt()).abs() < 1e-12);
        assert!((cost(lto, "b") - 0.45).abs() < 1e-12);
    }

    #[test]
    fn what_the_roster_no_longer_has_is_left_out() {
        let mut roster = roster();
        roster.contenders.retain(|contender| contender.name != "b");
        let effects = sample().effects(&roster).unwrap();
        assert!(effects.iter().all(|effect| effect.costs.iter().all(|(name, _)| name != "b")), "{effects:?}");
        roster.bottlenecks.clear();
        assert!(sample().effects(&roster).unwrap().is_empty());
    }
}
