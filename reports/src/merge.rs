//! Joining the records of a run that several machines shared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::io::Error;
use crate::meter::Meter;
use crate::record::{CellRecord, InputInfo, Machine, Record};
use crate::{CellName, shell};

/// Joins records of one revision, fingerprint, profile, input, seed and set of meters, each of other cells, into one.
///
/// # Errors
/// If there is none, if they differ in one of these (named), if they have times of different machines, if a cell is in
/// two of them, or if none has a cell or a failure.
pub fn merge(records: Vec<(PathBuf, Record)>) -> Result<Record, Error> {
    let Some((first_path, first)) = records.first() else {
        return Err(Error::Merge("nothing to merge: name at least one record".to_owned()));
    };
    for (path, record) in &records[1..] {
        agree(first, record).map_err(|what| refused(path, first_path, &what))?;
    }
    same_meters(&records)?;
    same_machine(&records)?;
    held_once(&records)?;
    let commands: Vec<&str> = records.iter().map(|(_, record)| record.command.as_str()).collect();
    let command = whole_command(&commands);
    let with_times = records.iter().any(|(_, record)| record.has_times());

    let mut records = records.into_iter().map(|(_, record)| record);
    let mut merged = records.next().expect("there is a first record");
    if with_times && !merged.has_times() {
        (merged.machines, merged.fingerprint.cpu) = (Vec::new(), String::new());
    }
    for record in records {
        join(&mut merged, record, with_times);
    }
    merged.command = command;
    merged.cells.sort_by(|left, right| left.name.cmp(&right.name));
    merged.trials.sort_by(|left, right| left.name.cmp(&right.name));
    // A contender that one shard excluded has no place in the whole.
    let excluded: BTreeSet<&str> = merged.failures.iter().map(|failure| failure.subject.as_str()).collect();
    merged.cells.retain(|cell| !excluded.contains(&*cell.name.of_contender()));
    if merged.cells.is_empty() && merged.failures.is_empty() {
        return Err(Error::Merge("nothing to merge: the records hold no cell".to_owned()));
    }
    Ok(merged)
}

fn refused(path: &Path, other: &Path, what: &str) -> Error {
    Error::Merge(format!("cannot merge {} with {}: {what}", path.display(), other.display()))
}

/// Why two records are not parts of one run.
fn agree(ours: &Record, theirs: &Record) -> Result<(), String> {
    let differences = ours.fingerprint.incomparable_with(&theirs.fingerprint);
    if !differences.is_empty() {
        let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
        return Err(differences.join("; "));
    }
    let revision = |record: &Record| {
        let dirty = if record.fingerprint.dirty { " with changes" } else { "" };
        format!("{}{dirty}", record.fingerprint.revision)
    };
    let content = |record: &Record| record.input.as_ref().map(|input| input.sha256.clone());
    let input = |record: &Record| InputInfo::spelled(record.input.as_ref());
    let fields = [
        ("revision", revision(ours), revision(theirs), revision(ours) == revision(theirs)),
        ("profile", ours.profile.clone(), theirs.profile.clone(), ours.profile == theirs.profile),
        ("input", input(ours), input(theirs), content(ours) == content(theirs)),
        ("seed", ours.spelled_seed(), theirs.spelled_seed(), ours.seed == theirs.seed),
    ];
    match fields.into_iter().find(|(.., same)| !same) {
        Some((field, left, right, _)) => Err(format!("{field}: `{left}` against `{right}`")),
        None => Ok(()),
    }
}

/// Refuses records that were measured with different meters. A meter with which every cell of a record failed was there.
fn same_meters(records: &[(PathBuf, Record)]) -> Result<(), Error> {
    let of = |record: &Record, found: fn(&Record, Meter) -> bool| -> BTreeSet<Meter> {
        Meter::OF_REGIONS.into_iter().filter(|meter| found(record, *meter)).collect()
    };
    let measured = |record: &Record| {
        of(record, |record, meter| record.cells.iter().any(|cell| cell.measured.has(meter)))
    };
    let failed = |record: &Record| {
        of(record, |record, meter| record.failures.iter().any(|failure| failure.phase == meter.as_str()))
    };
    let with_cells: Vec<_> = records.iter().filter(|(_, record)| !record.cells.is_empty()).collect();
    let spell = |meters: &BTreeSet<Meter>| {
        let words: Vec<&str> = meters.iter().map(|meter| meter.as_str()).collect();
        words.join(", ")
    };
    for (at, (path, record)) in with_cells.iter().enumerate() {
        for (other_path, other) in &with_cells[..at] {
            let [left, right] = [measured(other), measured(record)];
            let lacking_left = right.difference(&left).any(|meter| !failed(other).contains(meter));
            let lacking_right = left.difference(&right).any(|meter| !failed(record).contains(meter));
            if lacking_left || lacking_right {
                let what = format!("meters: `{}` against `{}`", spell(&left), spell(&right));
                return Err(refused(path, other_path, &what));
            }
        }
    }
    Ok(())
}

/// Refuses times of different machines.
fn same_machine(records: &[(PathBuf, Record)]) -> Result<(), Error> {
    let timed: Vec<_> = records.iter().filter(|(_, record)| record.has_times()).collect();
    for (at, (path, record)) in timed.iter().enumerate() {
        for (other_path, other) in &timed[..at] {
            if let Some(difference) = other.other_machine(record).first() {
                let what = format!(
                    "{difference}: their times are of different machines; measure the shards with \
                     `--meter instructions,allocations`"
                );
                return Err(refused(path, other_path, &what));
            }
        }
    }
    Ok(())
}

/// Refuses a cell that is in two of the records.
fn held_once(records: &[(PathBuf, Record)]) -> Result<(), Error> {
    let mut seen: BTreeMap<&CellName, (&Path, &CellRecord)> = BTreeMap::new();
    let mut trials: BTreeMap<&CellName, &Path> = BTreeMap::new();
    for (path, record) in records {
        for trial in &record.trials {
            if let Some(other) = trials.insert(&trial.name, path) {
                let what = format!("two of the records hold {}: name each record once", trial.name);
                return Err(refused(path, other, &what));
            }
        }
        for cell in &record.cells {
            let Some((other_path, other)) = seen.insert(&cell.name, (path, cell)) else { continue };
            let how = if other == cell {
                "with the same numbers: name each record once"
            } else {
                "with different numbers: they are parts of different runs"
            };
            let what = format!("two of the records hold {}, {how}", cell.name);
            return Err(refused(path, other_path, &what));
        }
    }
    Ok(())
}

/// Adds what a record holds. If there `are_times`, its machine counts only if it has some.
fn join(merged: &mut Record, record: Record, are_times: bool) {
    let is_timed = record.has_times();
    // A shard without Valgrind has no version; the merged record keeps the one that is there.
    for (ours, theirs) in [
        (&mut merged.fingerprint.valgrind, record.fingerprint.valgrind),
        (&mut merged.fingerprint.isa, record.fingerprint.isa),
    ] {
        if ours.is_empty() {
            *ours = theirs;
        }
    }
    if is_timed || !are_times {
        let cpu = &mut merged.fingerprint.cpu;
        if !cpu.split(" / ").any(|known| known == record.fingerprint.cpu) {
            let joined = [cpu.as_str(), &record.fingerprint.cpu];
            *cpu = joined.into_iter().filter(|cpu| !cpu.is_empty()).collect::<Vec<_>>().join(" / ");
        }
        record.machines.into_iter().for_each(|machine| add_machine(&mut merged.machines, machine));
    }
    // The parts of one run measure the same code. Where they do not, nothing can be said of the whole.
    merged.identities = match (merged.identities.take(), record.identities) {
        (Some(mut ours), Some(theirs)) if ours.agrees_with(&theirs) => {
            ours.contenders.extend(theirs.contenders);
            Some(ours)
        }
        _ => None,
    };
    if record.started < merged.started {
        merged.started = record.started;
    }
    for bottleneck in record.bottlenecks {
        if !merged.bottlenecks.iter().any(|known| known.name == bottleneck.name) {
            merged.bottlenecks.push(bottleneck);
        }
    }
    for contender in record.contenders {
        let names = (&contender.bottleneck, &contender.name);
        if !merged.contenders.iter().any(|known| (&known.bottleneck, &known.name) == names) {
            merged.contenders.push(contender);
        }
    }
    for failure in record.failures {
        if !merged.failures.contains(&failure) {
            merged.failures.push(failure);
        }
    }
    merged.cells.extend(record.cells);
    merged.trials.extend(record.trials);
}

/// Adds a machine that is not there yet. The load is another every minute and makes no other machine.
fn add_machine(machines: &mut Vec<Machine>, machine: Machine) {
    let same = |known: &&mut Machine| {
        let (mut left, mut right) = ((**known).clone(), machine.clone());
        for machine in [&mut left, &mut right] {
            (machine.load_before, machine.load_after) = (None, None);
        }
        left == right
    };
    match machines.iter_mut().find(same) {
        Some(known) => known.take_load(&machine),
        None => machines.push(machine),
    }
}

/// A shard's command without its `--shard 2/3`, and that.
fn without_shard(command: &str) -> (String, Option<(usize, usize)>) {
    let mut words = shell::words(command).unwrap_or_default();
    let Some(shard) = shell::take_option(&mut words, "--shard") else { return (command.to_owned(), None) };
    let shard = shard.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    (shell::command(words.iter().map(String::as_str)), shard)
}

/// The command that measures what all of these did: that of the whole run if they are all of its shards, and otherwise
/// one after the other.
fn whole_command(commands: &[&str]) -> String {
    let (whole, _) = without_shard(commands[0]);
    let is_one_run = commands.iter().all(|command| without_shard(command).0 == whole);
    if is_one_run && missing_shards(commands).is_empty() {
        return whole;
    }
    let mut distinct: Vec<&str> = Vec::new();
    for command in commands {
        if !distinct.contains(command) {
            distinct.push(command);
        }
    }
    distinct.join(" && ")
}

/// The shards, `3/3`, that the whole run of these commands has beside theirs.
pub fn missing_shards(commands: &[&str]) -> Vec<String> {
    let mut runs: BTreeMap<(String, usize), BTreeSet<usize>> = BTreeMap::new();
    for command in commands {
        if let (whole, Some((index, of))) = without_shard(command) {
            runs.entry((whole, of)).or_default().insert(index);
        }
    }
    let missing = runs.into_iter().flat_map(|((_, of), there)| {
        (1..=of).filter(move |index| !there.contains(index)).map(move |index| format!("{index}/{of}"))
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Fingerprint, Interval, Measurements, Role, SCHEMA, Times};

    const ONE: Interval = Interval { median: 1.0, low: 1.0, high: 1.0 };

    fn cell(name: &str, meters: &[Meter]) -> CellRecord {
        let has = |meter| meters.contains(&meter);
        let times = Times { warm_ns: ONE, cold_ns: ONE, drop_ns: None, disturbed: 0.0, ratios: None };
        CellRecord {
            name: name.parse().unwrap(),
            role: Role::Peer,
            ops: 1,
            digest: "0123456789abcdef".to_owned(),
            measured: Measurements {
                instructions: has(Meter::Instructions).then_some(5),
                allocations: has(Meter::Allocations).then(Default::default),
                times: has(Meter::Time).then_some(times),
                ..Measurements::default()
            },
            observed: BTreeMap::new(),
        }
    }

    fn machine(cores: u64, load: f64) -> Machine {
        Machine { cores, load_before: Some(load), load_after: Some(load / 2.0), ..Machine::default() }
    }

    /// Shard `index` of three, with one cell.
    fn shard(index: usize, meters: &[Meter]) -> Record {
        Record {
            schema: SCHEMA,
            started: format!("2026-01-0{index}T00:00:00Z"),
            profile: "quick".to_owned(),
            command: format!("scripts/just lab run 'm/*' --profile quick --shard {index}/3"),
            fingerprint: Fingerprint { cpu: "A".to_owned(), ..Fingerprint::default() },
            cells: vec![cell(&format!("m/s/{index}/c"), meters)],
            machines: vec![machine(2, index as f64)],
            ..Record::default()
        }
    }

    fn merged(records: impl IntoIterator<Item = Record>) -> Result<Record, String> {
        let named = records.into_iter().enumerate();
        let named = named.map(|(at, record)| (PathBuf::from(format!("{at}.json")), record)).collect();
        merge(named).map_err(|error| {
            assert!(error.is_bad_input());
            error.to_string()
        })
    }

    const EXACT: &[Meter] = &[Meter::Allocations, Meter::Instructions];

    #[test]
    fn all_shards_are_the_run_on_one_machine() {
        let record = merged([2, 3, 1].map(|index| shard(index, &Meter::ALL))).unwrap();
        assert_eq!(record.cells.len(), 3);
        assert_eq!(record.command, "scripts/just lab run 'm/*' --profile quick");
        assert_eq!(record.started, "2026-01-01T00:00:00Z");
        // Its load was another each time, and the machine is one.
        assert_eq!(record.machines, [machine(2, 3.0)]);
        assert_eq!(record.fingerprint.cpu, "A");
    }

    #[test]
    fn what_is_not_of_one_run_is_refused_by_name() {
        type Change = fn(&mut Record);
        let cases: [(Change, &str); 16] = [
            (|record| record.fingerprint.rustc = "new".to_owned(), "rustc: `` against `new`"),
            (|record| record.fingerprint.glibc = "new".to_owned(), "glibc: `` against `new`"),
            (|record| record.fingerprint.target = "new".to_owned(), "target: `` against `new`"),
            (|record| record.fingerprint.profile = "debug".to_owned(), "profile: `` against `debug`"),
            (|record| record.fingerprint.tunables = "x".to_owned(), "tunables: `` against `x`"),
            (|record| record.fingerprint.revision = "abc".to_owned(), "revision: `` against `abc`"),
            (|record| record.fingerprint.dirty = true, "revision: `` against ` with changes`"),
            (|record| record.profile = "full".to_owned(), "profile: `quick` against `full`"),
            (
                |record| {
                    record.input = Some(InputInfo {
                        name: "t.gz".to_owned(),
                        sha256: "0123456789abcdef".to_owned(),
                        ..InputInfo::default()
                    });
                },
                "input: `generated input` against `t.gz (SHA-256 0123456789ab…)`",
            ),
            (
                |record| record.cells = vec![cell("m/s/2/c", EXACT)],
                "meters: `allocations, instructions, time` against `allocations, instructions`",
            ),
            (
                |record| record.cells = vec![cell("m/s/2/c", &[Meter::Time])],
                "meters: `allocations, instructions, time` against `time`",
            ),
            (|record| record.machines = vec![machine(4, 1.0)], "cores: `2` against `4`: their times"),
            (|record| record.fingerprint.cpu = "B".to_owned(), "cpu: `A` against `B`: their times"),
            (
                |record| record.machines[0].governor = "powersave".to_owned(),
                "governor: `` against `powersave`: their times",
            ),
            (
                |record| record.cells = vec![cell("m/s/1/c", &Meter::ALL)],
                "two of the records hold m/s/1/c, with the same numbers",
            ),
            (
                |record| {
                    let mut same = cell("m/s/1/c", &Meter::ALL);
                    same.measured.instructions = Some(6);
                    record.cells = vec![same];
                },
                "two of the records hold m/s/1/c, with different numbers",
            ),
        ];
        for (change, expected) in cases {
            let mut other = shard(2, &Meter::ALL);
            change(&mut other);
            let message = merged([shard(1, &Meter::ALL), other]).unwrap_err();
            let whole = format!("cannot merge 1.json with 0.json: {expected}");
            assert!(message.starts_with(&whole), "{message}, not {expected}");
        }
    }

    #[test]
    fn inputs_are_compared_by_their_content() {
        let on = |index, file: &str, sha256: &str| Record {
            input: Some(InputInfo {
                name: file.to_owned(),
                sha256: sha256.to_owned(),
                ..InputInfo::default()
            }),
            ..shard(index, EXACT)
        };
        merged([on(1, "a", "01"), on(2, "b", "01")]).unwrap();
        let message = merged([on(1, "a", "01"), on(2, "a", "02")]).unwrap_err();
        assert!(message.contains("input: `a (SHA-256 01…)` against `a (SHA-256 02…)`"), "{message}");
    }

    #[test]
    fn exact_counts_of_different_machines_are_joined() {
        let other = Record { machines: vec![machine(4, 1.0)], ..shard(2, EXACT) };
        let record = merged([shard(1, EXACT), other]).unwrap();
        assert_eq!(record.machines, [machine(2, 1.0), machine(4, 1.0)]);
    }

    #[test]
    fn a_meter_that_failed_was_there() {
        let failure = Failure {
            subject: "m/s/2/d".to_owned(),
            phase: "time".to_owned(),
            message: "too slow".to_owned(),
            trace: Vec::new(),
        };
        let failed = Record { failures: vec![failure], ..shard(2, EXACT) };
        let record = merged([failed.clone(), shard(1, &Meter::ALL)]).unwrap();
        // Only one of them took times, and its machine counts.
        assert_eq!(record.machines, [machine(2, 1.0)]);
        let nothing = Record { cells: Vec::new(), ..failed };
        merged([shard(1, &Meter::ALL), nothing]).unwrap();
    }

    #[test]
    fn records_without_a_cell_are_nothing() {
        let empty = |index| Record { cells: Vec::new(), ..shard(index, EXACT) };
        for records in [vec![], vec![empty(1)], vec![empty(1), empty(2)]] {
            let message = merged(records).unwrap_err();
            assert!(message.starts_with("nothing to merge"), "{message}");
        }
    }

    #[test]
    fn the_command_of_the_whole_measures_what_its_parts_did() {
        let cases: [(&[&str], &str, &[&str]); 11] = [
            (&["lab run"], "lab run", &[]),
            (&["lab run --shard 1/1"], "lab run", &[]),
            (&["lab run --shard 1/2", "lab run --shard 2/2"], "lab run", &[]),
            (
                &["lab run 'a/**' --shard 2/2 --profile quick", "lab run 'a/**' --shard 1/2 --profile quick"],
                "lab run 'a/**' --profile quick",
                &[],
            ),
            (&["lab run --shard 1/2"], "lab run --shard 1/2", &["2/2"]),
            (
                &["lab run --shard 1/4", "lab run --shard 3/4"],
                "lab run --shard 1/4 && lab run --shard 3/4",
                &["2/4", "4/4"],
            ),
            (&["lab run a", "lab run b"], "lab run a && lab run b", &[]),
            (&["lab run a", "lab run a"], "lab run a", &[]),
            (
                &["lab run a --shard 1/2", "lab run b --shard 2/2"],
                "lab run a --shard 1/2 && lab run b --shard 2/2",
                &["2/2", "1/2"],
            ),
            // A file may be called like an option.
            (&["lab run c --input 'my --shard 1/2 b'"], "lab run c --input 'my --shard 1/2 b'", &[]),
            (&["lab run 'torn"], "lab run 'torn", &[]),
        ];
        for (commands, whole, missing) in cases {
            assert_eq!(whole_command(commands), whole);
            assert_eq!(missing_shards(commands), missing, "{commands:?}");
        }
    }
}
