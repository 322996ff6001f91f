//! Attribution finds which functions of a cell changed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use reports::baseline::{Baseline, Entry};
use reports::{CellName, Metric};

use super::explained::Explained;
use super::revision::Revision;
use super::rule::tolerance;
use crate::measure::meters::callers::Row;
use crate::measure::meters::callgrind::{Attributed, Functions};
use crate::measure::meters::valgrind;
use crate::measure::programs::Options;
use crate::measure::run::Run;
use crate::roster::cell::Roster;

/// A change of a function by this part of its cell is worth a line, even where the cell tolerates more.
const LEAST_CHANGE: u64 = 1000;

/// A function is not named if it changed by less than this part of the one that grew most.
const LEAST_PART: u64 = 20;

/// A function that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub function: String,
    /// Its instructions before, with those of the library functions that it calls.
    pub old: u64,
    /// Its instructions now.
    pub new: u64,
    /// The library functions in which its calls changed most, in the same direction, with what they changed by.
    pub callees: Vec<(String, u64)>,
}

impl Changed {
    fn growth(&self) -> i64 {
        self.new as i64 - self.old as i64
    }
}

/// The library functions that are named for a function.
const CALLEES: usize = 2;

/// A library function is named if it makes out at least this part of the function's change.
const LEAST_CALLEE: u64 = 10;

/// Atomic read-modify-writes.
#[derive(Clone, Copy, Default)]
struct Atomics<'a> {
    /// By row, which the baseline does not say.
    before: Option<&'a Functions>,
    /// By row now.
    now: Option<&'a Functions>,
    /// How many the program has more.
    more: u64,
}

/// The functions whose cost changed: first those that explain the cell's growth, largest growth first, then those between
/// which cost only moved.
///
/// If the cell's instructions hardly grew, what they do is less telling than new atomics, whose functions come first.
fn changed_functions(old: &Entry, new: &Functions, atomics: Atomics<'_>) -> Vec<Changed> {
    let before = rows_before(old, new, atomics);
    let names: BTreeSet<&String> = before.keys().chain(new.keys()).collect();
    let of = |rows: &Functions, name: &String| rows.get(name).copied().unwrap_or(0);
    let mut changes: BTreeMap<String, (Changed, Vec<(String, i64)>)> = BTreeMap::new();
    for name in names {
        let (was, is) = (of(&before, name), of(new, name));
        let Row { function, callee } = Row::parse(name);
        let (change, callees) = changes
            .entry(function.clone())
            .or_insert_with(|| (Changed { function, old: 0, new: 0, callees: Vec::new() }, Vec::new()));
        change.old += was;
        change.new += is;
        callees.extend(callee.map(|callee| (callee, is as i64 - was as i64)));
    }
    let mut changes: Vec<Changed> = changes
        .into_values()
        .map(|(change, callees)| {
            let by = change.growth();
            let mut callees: Vec<(String, u64)> = callees
                .into_iter()
                .filter(|(_, part)| part.signum() == by.signum())
                .map(|(callee, part)| (callee, part.unsigned_abs()))
                .filter(|(_, part)| part * LEAST_CALLEE >= by.unsigned_abs())
                .collect();
            callees.sort_by_key(|(_, part)| Reverse(*part));
            callees.truncate(CALLEES);
            Changed { callees, ..change }
        })
        .collect();
    changes.sort_by_key(|change| Reverse(change.growth()));
    let (mut changes, moved) = without_moves(changes);
    changes.extend(moved);
    // One more atomic is a single instruction among thousands, and its function is worth a line all the same.
    let most = changes.iter().map(Changed::growth).max().unwrap_or(0).max(0) as u64;
    let least = (old.count(Metric::Instructions) / LEAST_CHANGE).min(most / LEAST_PART);
    let tolerated = old.count(Metric::Instructions) + tolerance(Metric::Instructions, old).unwrap_or(0);
    let both = atomics.before.zip(atomics.now);
    let both = both.filter(|_| atomics.more > 0 && new.values().sum::<u64>() <= tolerated);
    let more_atomics = |change: &Changed| {
        let (before, now) = both?;
        now.get(&change.function)?.checked_sub(before.get(&change.function).copied().unwrap_or(0))
    };
    changes.sort_by_key(|change| Reverse(more_atomics(change).unwrap_or(0)));
    changes.retain(|change| {
        change.growth().unsigned_abs() > least || more_atomics(change).is_some_and(|more| more > 0)
    });
    changes
}

/// What each row cost before. The baseline has no line for a cheap row: what the lines do not add up to was spent there.
///
/// Nobody knows how that was spread. The least surprising is that one function grew, so the others are given what they
/// cost now for as long as it lasts.
fn rows_before(old: &Entry, new: &Functions, atomics: Atomics<'_>) -> Functions {
    let mut before = old.functions.clone();
    let mut hidden = old.count(Metric::Instructions).saturating_sub(before.values().sum());
    let mut cheap: BTreeMap<String, Vec<(&String, u64)>> = BTreeMap::new();
    for (name, cost) in new.iter().filter(|(name, _)| !before.contains_key(*name)) {
        cheap.entry(Row::parse(name).function).or_default().push((name, *cost));
    }
    let sum = |rows: &[(&String, u64)]| rows.iter().map(|(_, cost)| cost).sum::<u64>();
    let more = cheap.values().map(|rows| sum(rows)).sum::<u64>().saturating_sub(hidden);
    let most = old.least_function() - 1;
    // The likeliest comes last: one with as many atomics as there are new ones, one that has to have grown because it had
    // no line before, or one that hardly cost anything before if it is what grew.
    let likeliness = |(function, rows): &(String, Vec<(&String, u64)>)| {
        let own_atomics = atomics.now.and_then(|now| now.get(function)).copied().unwrap_or(0);
        let cost = sum(rows);
        if atomics.more > 0 && own_atomics >= atomics.more {
            (3, Reverse(own_atomics - atomics.more), cost)
        } else if rows.iter().any(|(_, cost)| *cost > most) {
            (2, Reverse(0), cost)
        } else if cost >= more {
            (1, Reverse(cost - more), cost)
        } else {
            (0, Reverse(0), cost)
        }
    };
    let mut cheap: Vec<_> = cheap.into_iter().collect();
    cheap.sort_by_key(likeliness);
    for (name, cost) in cheap.into_iter().flat_map(|(_, rows)| rows) {
        let was = cost.min(hidden).min(most);
        hidden -= was;
        before.insert(name.clone(), was);
    }
    before
}

/// Parts a growth and a fall that differ by less than this part of them are one cost that moved.
const SAME: u64 = 10;

/// Splits functions that are sorted by growth: those whose growth is the cell's, and pairs between which cost moved.
///
/// Cost moves where the compiler inlines a call that it did not inline before, or no longer does: what one function loses
/// is what another one gains.
fn without_moves(mut changes: Vec<Changed>) -> (Vec<Changed>, Vec<Changed>) {
    let mut moved = Vec::new();
    loop {
        let pair = changes.iter().enumerate().rev().find_map(|(at, fell)| {
            let fall = fell.growth();
            if fall >= 0 {
                return None;
            }
            let rest = |rose: &Changed| (rose.growth() + fall).unsigned_abs();
            let nearest = changes.iter().enumerate().filter(|(_, rose)| rose.growth() > 0);
            let (nearest, rose) = nearest.min_by_key(|(_, rose)| rest(rose))?;
            (rest(rose) * SAME <= fall.unsigned_abs()).then_some((nearest, at))
        });
        let Some((rose, fell)) = pair else { return (changes, moved) };
        moved.push(changes.remove(fell));
        moved.push(changes.remove(rose));
    }
}

/// The number of cells whose functions are looked up. They are the cells that grew most: enough to show the cause, and
/// few enough to take only seconds.
const EXPLAINED: usize = 100;

/// The functions of the regressed cells that changed. Their old costs are the baseline's, or those of another
/// revision where the comparison is with one.
///
/// # Errors
/// If a cell cannot be measured.
pub fn explain(
    roster: Roster<'_>,
    options: &Options,
    old: &Baseline,
    revision: Option<&Revision>,
    regressions: &[CellName],
) -> Result<BTreeMap<CellName, Vec<Changed>>> {
    if regressions.is_empty() || valgrind::off(&options.binaries).is_some() {
        return Ok(BTreeMap::new());
    }
    let names = &regressions[..regressions.len().min(EXPLAINED)];
    let cells = names.iter().map(|name| roster.find(name)).collect::<Result<Vec<_>>>()?;
    let mut functions = Run::new(roster, options.clone()).functions(&cells)?;
    let mut changed = BTreeMap::new();
    for name in names {
        let Some((_, new)) = functions.remove(name) else { continue };
        let mut entry = old.cells[name].clone();
        let old = revision.map(|revision| revision.explained(name)).transpose()?;
        changed.insert(name.clone(), changed_since(&mut entry, old, &new));
    }
    Ok(changed)
}

/// The functions that changed since a baseline's entry or, if there is one, since what another revision's lab says.
fn changed_since(entry: &mut Entry, revision: Option<Explained>, new: &Attributed) -> Vec<Changed> {
    let before = entry.counts.get(&Metric::Atomics).copied().unwrap_or(new.program_atomics);
    let more = new.program_atomics.saturating_sub(before);
    let mut atomics = Atomics { before: None, now: new.atomics.as_ref(), more };
    let Some(revision) = revision else {
        return changed_functions(entry, &new.functions, atomics);
    };
    entry.functions = revision.functions;
    if revision.by_caller {
        atomics.before = revision.atomics.as_ref();
        return changed_functions(entry, &new.functions, atomics);
    }
    // An older lab names the functions whose code was executed, so those are compared.
    changed_functions(entry, &new.executed, Atomics::default())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::measure::meters::atomics::Objects;
    use crate::measure::meters::callgrind::{functions, total};
    use crate::measure::meters::instructions::TUNABLES;
    use crate::progress::say;

    fn entry(instructions: u64) -> Entry {
        Entry { counts: [(Metric::Instructions, instructions)].into(), ..Entry::default() }
    }

    fn costs<const N: usize>(costs: [(&str, u64); N]) -> Functions {
        costs.map(|(name, cost)| (name.to_owned(), cost)).into()
    }

    /// What changed between two whole profiles, spelled in short.
    fn changed<const OLD: usize, const NEW: usize>(
        old: [(&str, u64); OLD],
        new: [(&str, u64); NEW],
    ) -> Vec<String> {
        let old = costs(old);
        let entry = Entry { functions: old.clone(), ..entry(old.values().sum()) };
        spelled(&changed_functions(&entry, &costs(new), Atomics::default()))
    }

    fn spelled(changes: &[Changed]) -> Vec<String> {
        let spell = |change: &Changed| {
            let callees = change.callees.iter().map(|(callee, part)| format!(", {callee} {part}"));
            format!("{} {:+}{}", change.function, change.growth(), callees.collect::<String>())
        };
        changes.iter().map(spell).collect()
    }

    #[test]
    fn the_function_that_grew_most_comes_first() {
        let changes = changed(
            [("get", 6_000), ("insert", 3_000), ("same", 1_000)],
            [("get", 6_100), ("insert", 4_000), ("same", 1_001)],
        );
        assert_eq!(changes, ["insert +1000", "get +100"]);
    }

    #[test]
    fn a_single_instruction_per_operation_is_worth_a_line() {
        let changes = changed([("get", 900_000), ("count", 100_000)], [("get", 900_000), ("count", 100_100)]);
        assert_eq!(changes, ["count +100"]);
    }

    #[test]
    fn what_inlining_moved_does_not_hide_what_grew() {
        // `find` is no longer inlined into `get` and `insert` grew by a tenth of that.
        let changes = changed(
            [("get", 50_000), ("find", 20_000), ("insert", 30_000)],
            [("get", 41_000), ("find", 29_030), ("insert", 30_900)],
        );
        assert_eq!(changes, ["insert +900", "get -9000", "find +9030"]);
        // A function that vanished into another one.
        let changes = changed(
            [("push", 50_000), ("own_tail", 20_000), ("get", 30_000)],
            [("push", 70_100), ("get", 30_700)],
        );
        assert_eq!(changes, ["get +700", "own_tail -20000", "push +20100"]);
    }

    #[test]
    fn a_fall_somewhere_else_is_not_taken_for_a_move() {
        let changes = changed(
            [("push", 50_000), ("pop", 30_000), ("get", 20_000)],
            [("push", 58_000), ("pop", 25_000), ("get", 20_000)],
        );
        assert_eq!(changes, ["push +8000", "pop -5000"]);
    }

    #[test]
    fn growth_in_an_allocator_belongs_to_who_calls_it() {
        // `get` allocates as much as before, and `push` allocates a block more for each operation.
        let changes = changed(
            [("push", 20_000), ("push > malloc", 5_000), ("get", 15_000), ("get > malloc", 60_000)],
            [
                ("push", 20_300),
                ("push > malloc", 17_000),
                ("push > free", 4_000),
                ("get", 15_000),
                ("get > malloc", 60_000),
            ],
        );
        assert_eq!(changes, ["push +16300, malloc 12000, free 4000"]);
    }

    #[test]
    fn growth_in_memcpy_belongs_to_the_one_of_its_callers_that_copies_more() {
        let changes = changed(
            [("copy", 10_000), ("copy > memcpy", 30_000), ("clone", 10_000), ("clone > memcpy", 50_000)],
            [("copy", 10_000), ("copy > memcpy", 33_000), ("clone", 10_000), ("clone > memcpy", 50_100)],
        );
        assert_eq!(changes, ["copy +3000, memcpy 3000"]);
        // Between code of its own and a library nothing is gained.
        let changes = changed(
            [("copy", 40_000), ("clone", 10_000), ("clone > memcpy", 50_000)],
            [("copy", 10_000), ("copy > memcpy", 30_100), ("clone", 10_600), ("clone > memcpy", 50_000)],
        );
        assert_eq!(changes, ["clone +600", "copy +100, memcpy 30100"]);
    }

    #[test]
    fn library_functions_are_named_if_they_change_as_their_caller_does() {
        // `free` fell while its caller grew, and `realloc` is a small part of the growth.
        let changes = changed(
            [("push", 26_000), ("push > free", 9_000), ("push > memcpy", 20_000), ("push > malloc", 5_000)],
            [
                ("push", 37_001),
                ("push > free", 1_000),
                ("push > memcpy", 23_000),
                ("push > malloc", 17_000),
                ("push > realloc", 1_999),
            ],
        );
        assert_eq!(changes, ["push +20000, malloc 12000, memcpy 3000"]);
    }

    #[test]
    fn a_function_that_was_not_worth_a_line_has_not_grown_from_nothing() {
        let blessed = |old: Functions| {
            let mut entry = entry(old.values().sum());
            entry.set_functions(old);
            entry
        };
        let old = blessed(costs([("get", 99_000), ("rare", 400), ("insert", 490), ("push", 110)]));
        let new = costs([("get", 99_000), ("rare", 400), ("insert", 2_490), ("push", 110)]);
        assert_eq!(spelled(&changed_functions(&old, &new, Atomics::default())), ["insert +2000"]);
        // It is worth a line now, and has hardly grown.
        let new = costs([("get", 99_900), ("rare", 400), ("insert", 505), ("push", 110)]);
        assert_eq!(spelled(&changed_functions(&old, &new, Atomics::default())), ["get +900"]);
        // So is what nobody had called before.
        let new = costs([("get", 99_000), ("rare", 400), ("insert", 490), ("push", 110), ("new", 700)]);
        assert_eq!(spelled(&changed_functions(&old, &new, Atomics::default())), ["new +700"]);
    }

    #[test]
    fn where_instructions_hardly_change_new_atomics_come_first() {
        let (before, now) = (costs([("clone", 500)]), costs([("clone", 500), ("len", 100)]));
        let mut old = entry(100_000);
        old.functions = costs([("clone", 60_000), ("get", 30_000), ("len", 10_000)]);
        let new = costs([("clone", 60_000), ("get", 30_300), ("len", 9_900)]);
        let changes =
            changed_functions(&old, &new, Atomics { before: Some(&before), now: Some(&now), more: 100 });
        assert_eq!(spelled(&changes), ["len -100", "get +300"]);
        // The instructions regressed, too.
        let new = costs([("clone", 60_000), ("get", 40_000), ("len", 10_200)]);
        let changes =
            changed_functions(&old, &new, Atomics { before: Some(&before), now: Some(&now), more: 100 });
        assert_eq!(spelled(&changes), ["get +10000", "len +200"]);
        // The baseline does not say whose the atomics were, and has no line for what cost less than 500.
        let mut blessed = entry(100_000);
        blessed.set_functions(costs([("clone", 99_000), ("get", 490), ("len", 400), ("tail", 110)]));
        let new = costs([("clone", 99_000), ("get", 490), ("len", 500), ("tail", 110)]);
        let now = costs([("clone", 500), ("len", 100)]);
        let changes = changed_functions(&blessed, &new, Atomics { before: None, now: Some(&now), more: 100 });
        assert_eq!(spelled(&changes), ["len +100"]);
    }

    #[test]
    fn with_an_older_revision_the_executed_functions_are_compared() {
        let new = Attributed {
            functions: costs([("push", 3_000), ("push > malloc", 6_000)]),
            executed: costs([("push", 3_000), ("malloc", 6_000)]),
            ..Attributed::default()
        };
        let explained = |text: &str| {
            let json = format!(r#"{{"cell": "b/s/8/c", "instructions": 5000, "ops": 1, {text}}}"#);
            Some(serde_json::from_str::<Explained>(&json).unwrap())
        };
        let older = explained(r#""functions": {"push": 3000, "malloc": 2000}"#);
        assert_eq!(spelled(&changed_since(&mut entry(5_000), older, &new)), ["malloc +4000"]);
        let same = explained(r#""functions": {"push": 3000, "push > malloc": 2000}, "by_caller": true"#);
        assert_eq!(spelled(&changed_since(&mut entry(5_000), same, &new)), ["push +4000, malloc 4000"]);
        let mut blessed = entry(5_000);
        blessed.functions = costs([("push", 3_000), ("push > malloc", 2_000)]);
        assert_eq!(spelled(&changed_since(&mut blessed, None, &new)), ["push +4000, malloc 4000"]);
    }

    /// Work that is planted in a real program, compiled with optimisation: `tests/planted/program.rs` says what it is.
    #[test]
    fn the_function_in_which_work_is_planted_comes_first() {
        const KINDS: [&str; 3] = ["instructions", "a block", "an atomic"];
        if crate::measure::meters::instructions::valgrind_version().is_none() {
            say("skipped: without Valgrind nothing is counted");
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("program");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/planted/program.rs");
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "-O", "-Ccodegen-units=1", "-Cdebuginfo=line-tables-only", "-o"]);
        assert!(rustc.arg(&program).arg(source).status().unwrap().success());
        let listed = Command::new(&program).output().unwrap().stdout;
        let listed = String::from_utf8(listed).unwrap();
        let planted: Vec<&str> = listed.split_whitespace().collect();
        let profile = |number: usize| {
            let file = home.path().join(format!("profile.{number}"));
            let mut valgrind = Command::new("valgrind");
            valgrind
                .args(["--tool=callgrind", "-q", "--vgdb=no", "--collect-atstart=no", "--dump-instr=yes"])
                .args(["--toggle-collect=lab_measured_region", "--dump-line=no"])
                .arg(format!("--callgrind-out-file={}", file.display()))
                .arg(&program)
                .arg(number.to_string())
                .env("GLIBC_TUNABLES", TUNABLES)
                .stdout(Stdio::null());
            assert!(valgrind.status().unwrap().success());
            let text = std::fs::read_to_string(&file).unwrap();
            (total(&text).unwrap(), functions(&text, &program, &mut Objects::default()).unwrap())
        };
        let (instructions, unplanted) = profile(0);
        let mut blessed = entry(instructions);
        blessed.counts.insert(Metric::Atomics, unplanted.program_atomics);
        blessed.set_functions(unplanted.functions.clone());
        // Against a revision, and against the baseline, which keeps the expensive functions alone.
        let (mut missed, mut cells) = (Vec::new(), 0);
        for number in 1..=planted.len() * KINDS.len() {
            let (now, attributed) = profile(number);
            let (function, kind) = (planted[(number - 1) / KINDS.len()], KINDS[(number - 1) % KINDS.len()]);
            let change = format!("{kind} in {function}: {instructions} -> {now}");
            assert!(kind != KINDS[0] || now > instructions + instructions / 200, "{change}");
            for against in ["the baseline", "a revision"] {
                cells += 1;
                let revision = (against == "a revision").then(|| Explained {
                    cell: String::new(),
                    instructions,
                    ops: 1,
                    functions: unplanted.functions.clone(),
                    by_caller: true,
                    lines: unplanted.lines.clone(),
                    atomics: unplanted.atomics.clone(),
                });
                let changes = changed_since(&mut blessed.clone(), revision, &attributed);
                let first = changes.first().map_or("nothing", |change| &change.function);
                if first.split(" (").next() != Some(function) {
                    let named = spelled(&changes[..changes.len().min(4)]).join("; ");
                    missed.push(format!("{change}, against {against}: {named}"));
                }
            }
        }
        assert!(
            missed.len() * 20 <= cells,
            "{} of {cells} are not first:\n{}",
            missed.len(),
            missed.join("\n")
        );
    }
}
