//! Runs that are killed, go on, or meet each other: nothing is lost but the cell in flight.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use serde_json::Value;

use crate::common::{
    Lab, Outcome, QUICK, contents, exact, has_valgrind, read_record, run_directories, wait_for,
};

/// The journal of the one run under a lab's root, once there is one.
fn journal(lab: &Lab) -> Option<PathBuf> {
    let directory = run_directories(&lab.runs()).into_iter().next()?;
    Some(directory.join("journal.jsonl")).filter(|path| path.exists())
}

/// The lines of a journal that are whole.
fn whole_lines(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap();
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    String::from_utf8(text[..whole].to_vec()).unwrap().lines().map(str::to_owned).collect()
}

/// What a journal's line says was measured: cell and meter.
fn measured(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).unwrap();
    let found = entry.get("Ran")?;
    // A cell that ran for its digest alone was measured by no meter.
    let meters = found["ran"].get("measured").and_then(Value::as_object);
    let meters: Vec<&String> = meters.into_iter().flat_map(|measured| measured.keys()).collect();
    Some(format!("{} {meters:?}", found["cell"]))
}

/// A process that was seen: its id and when it started, which together are unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Process {
    id: i32,
    started: String,
    parent: i32,
    command: String,
}

/// Every process that is alive.
fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| -> Option<Process> {
        let id = path.file_name()?.to_str()?.parse().ok()?;
        let stat = fs::read_to_string(path.join("stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let command = fs::read(path.join("cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let is_dead = matches!(fields[0], "Z" | "X");
        (!is_dead).then(|| Process {
            id,
            started: fields[19].to_owned(),
            parent: fields[1].parse().unwrap(),
            command,
        })
    };
    entries.filter_map(read).collect()
}

/// The processes that `id` started, and those that they did.
fn descendants(id: i32) -> BTreeSet<Process> {
    let all = processes();
    let mut family = BTreeSet::from([id]);
    let mut found = BTreeSet::new();
    loop {
        let more: Vec<&Process> = all
            .iter()
            .filter(|process| family.contains(&process.parent) && !found.contains(*process))
            .collect();
        if more.is_empty() {
            return found;
        }
        for process in more {
            family.insert(process.id);
            found.insert(process.clone());
        }
    }
}

/// Kills the lab and waits until nobody is left of those it had started; returns them.
fn kill_and_see_all_end(lab: &mut Child, signal: Signal) -> BTreeSet<Process> {
    let id = lab.id() as i32;
    // Nothing may start between looking and killing.
    kill(Pid::from_raw(id), Signal::SIGSTOP).unwrap();
    let started = descendants(id);
    kill(Pid::from_raw(id), signal).unwrap();
    kill(Pid::from_raw(id), Signal::SIGCONT).unwrap();
    lab.wait().unwrap();
    wait_for("every worker to end", || {
        let alive = processes();
        let stray = started.iter().any(|process| {
            alive.iter().any(|other| (other.id, &other.started) == (process.id, &process.started))
        });
        (!stray).then_some(())
    });
    started
}

/// Starts a command; what it has to leave behind in the temporary directory when it is killed goes with the lab.
fn start(lab: &Lab, arguments: &str) -> Child {
    let mut command = lab.command(arguments);
    command.env("TMPDIR", lab.root()).stdout(Stdio::null()).stderr(Stdio::null());
    // A shell that runs the tests in the background ignores this signal, and so would whatever they start.
    // SAFETY: no handler is installed, but the usual disposition.
    unsafe { signal(Signal::SIGINT, SigHandler::SigDfl) }.unwrap();
    command.spawn().unwrap()
}

#[test]
fn a_killed_run_leaves_no_workers_and_goes_on_where_it_was() {
    let meter = if has_valgrind() { "instructions" } else { "allocations" };
    let selection =
        "--scenario get_random,set_shared,slice --size 8,100,1000 --meter allocations,instructions";
    let lab = Lab::out_of_tree();
    let mut running = start(&lab, &format!("run {selection} --no-report"));
    let path = wait_for("a few results", || {
        let path = journal(&lab)?;
        let of_meter = |line: &&String| line.to_lowercase().contains(&format!("\"measured\":{{\"{meter}\""));
        (whole_lines(&path).iter().filter(of_meter).count() >= 3).then_some(path)
    });
    let workers = kill_and_see_all_end(&mut running, Signal::SIGKILL);
    if meter == "instructions" {
        let under_valgrind = |process: &&Process| process.command.contains("callgrind");
        assert!(workers.iter().any(|process| under_valgrind(&process)), "{workers:?}");
    }
    let directory = path.parent().unwrap();
    assert!(!directory.join("record.json").exists());
    assert!(!lab.runs().join("latest").exists());
    let before = whole_lines(&path);

    let outcome = lab.run("run --resume --no-report").ends_with(0);
    assert!(outcome.err.contains(&format!("with {} results", before.len() - 1)), "{}", outcome.err);
    let after = whole_lines(&path);
    assert_eq!(after[..before.len()], before, "what was measured before is still there");
    assert!(after.len() > before.len(), "the run had not ended when it was killed");
    let all: Vec<String> = after.iter().filter_map(|line| measured(line)).collect();
    let unique: BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len(), "nothing is measured twice");

    let resumed = lab.latest();
    let uninterrupted = Lab::out_of_tree();
    uninterrupted.run(&format!("run {selection} --no-report")).ends_with(0);
    assert_eq!(exact(&resumed), exact(&uninterrupted.latest()));
    assert_eq!(resumed.cells.len(), 27);
    assert_eq!(resumed.command, uninterrupted.latest().command);
    // Finished runs have nothing to go on with.
    lab.run("run --resume").complains(2, &["no unfinished run in", "target/lab"]);
}

#[test]
fn the_next_run_removes_what_a_killed_one_left() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let left = || -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(lab.root()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_string_lossy().contains("/lab-callgrind-")).collect()
    };
    let selection =
        "--scenario get_random,set_shared,slice --size 8,100,1000 --meter instructions --no-report";
    let mut killed = start(&lab, &format!("run {selection}"));
    wait_for("a few results", || {
        let path = journal(&lab)?;
        (whole_lines(&path).iter().filter(|line| line.contains("\"instructions\":")).count() >= 3)
            .then_some(())
    });
    kill_and_see_all_end(&mut killed, Signal::SIGKILL);
    let stale = left();
    assert_eq!(stale.len(), 1, "where the profiles were: {stale:?}");

    let runs_before = fs::read_dir(lab.runs()).unwrap().count();
    let mut living = start(&lab, &format!("run {selection}"));
    let own = wait_for("the next run to make room for its profiles", || {
        // What it used before, to ask Valgrind for its processor, is gone by then.
        let begun = fs::read_dir(lab.runs()).unwrap().count() > runs_before;
        let now = left();
        (begun && now.len() == 1 && now.is_disjoint(&stale)).then_some(now)
    });
    // A third one leaves the second's alone, which must not end meanwhile.
    let id = Pid::from_raw(living.id() as i32);
    kill(id, Signal::SIGSTOP).unwrap();
    let mut command = lab.command("run --scenario slice --size 8 --meter instructions --no-report");
    command.env("TMPDIR", lab.root());
    Outcome::of("run", command).ends_with(0);
    let after = left();
    kill(id, Signal::SIGCONT).unwrap();
    assert_eq!(after, own);
    assert!(living.wait().unwrap().success());
    assert!(left().is_empty());
}

#[test]
fn a_cell_that_never_ends_is_killed_with_the_lab() {
    for signal in [Signal::SIGKILL, Signal::SIGINT, Signal::SIGTERM] {
        let lab = Lab::misbehaving();
        let arguments = "run --contender looping --scenario slice --size 60000 --meter allocations";
        let mut running = start(&lab, arguments);
        wait_for("the cell's process", || {
            // The allocation meter's worker, and the child in which the cell runs.
            let workers = descendants(running.id() as i32);
            let measuring =
                workers.iter().filter(|process| process.command.contains("-allocations __worker"));
            (measuring.count() == 2).then_some(())
        });
        kill_and_see_all_end(&mut running, signal);
    }
}

#[test]
fn two_runs_at_once_are_two_records() {
    let lab = Lab::out_of_tree();
    let runs = [(); 2].map(|()| start(&lab, &format!("run {QUICK}")));
    for mut run in runs {
        assert_eq!(run.wait().unwrap().code(), Some(0));
    }
    let directories = run_directories(&lab.runs());
    let [one, other] = &directories[..] else { panic!("two runs: {directories:?}") };
    let [first, second] = [one, other].map(|directory| read_record(&directory.join("record.json")));
    assert_eq!(exact(&first), exact(&second));
    let latest = fs::read_link(lab.runs().join("latest")).unwrap();
    assert!(directories.iter().any(|directory| directory.ends_with(&latest)), "{latest:?}");
}

#[test]
fn a_run_that_is_still_going_is_not_resumed() {
    let lab = Lab::misbehaving();
    let mut running =
        start(&lab, "run --contender looping --scenario slice --size 60000 --meter allocations");
    let path =
        wait_for("the journal's header", || journal(&lab).filter(|path| !whole_lines(path).is_empty()));
    let directory = path.parent().unwrap();
    let name = directory.file_name().unwrap().to_str().unwrap();
    lab.run("run --resume").complains(2, &[name, "still going on"]);
    lab.run(&format!("run --resume {}", directory.display())).complains(2, &[name, "still going on"]);
    kill_and_see_all_end(&mut running, Signal::SIGKILL);
}

/// A run that was killed just before it wrote its record, and the path of its journal.
fn unfinished() -> (Lab, PathBuf) {
    let lab = Lab::out_of_tree();
    lab.run(&format!("run {QUICK}")).ends_with(0);
    let path = journal(&lab).unwrap();
    fs::remove_file(path.with_file_name("record.json")).unwrap();
    fs::remove_file(lab.runs().join("latest")).unwrap();
    (lab, path)
}

#[test]
fn a_journal_torn_in_its_last_line_is_mended() {
    let (lab, path) = unfinished();
    let whole = fs::read(&path).unwrap();
    let lines = whole_lines(&path);
    let last = lines.last().unwrap().len() + 1;
    // In the middle of a line, of a character, and of a disk block that was never written.
    let tails: [&[u8]; 3] =
        [&whole[whole.len() - last..][..last / 2], b"{\"Failed\":{\"message\":\"\xe2\x80", &[0; 512]];
    for tail in tails {
        let mut torn = whole[..whole.len() - last].to_vec();
        torn.extend(tail);
        fs::write(&path, torn).unwrap();
        lab.run("run --resume --no-report").ends_with(0);
        assert_eq!(whole_lines(&path)[..lines.len() - 1], lines[..lines.len() - 1]);
        assert_eq!(lab.latest().cells.len(), 12);
        fs::remove_file(path.with_file_name("record.json")).unwrap();
    }
}

#[test]
fn a_damaged_journal_is_named_and_left_alone() {
    let (lab, path) = unfinished();
    let whole = fs::read_to_string(&path).unwrap();
    let name = path.to_str().unwrap();
    let line_3 = whole.lines().nth(2).unwrap();
    let cases: [(Vec<u8>, &[&str]); 6] = [
        (whole.replacen(line_3, "garbage", 1).into(), &[name, "line 3"]),
        (whole.replacen(line_3, "{\"Measured\":{}}", 1).into(), &[name, "line 3"]),
        ([whole.lines().next().unwrap().as_bytes(), b"\n\xff\xfe\n{}\n"].concat(), &[name, "line 2"]),
        (whole.replacen("\"schema\":2", "\"schema\":99", 1).into(), &[name, "schema 99", "2"]),
        (whole.lines().nth(1).unwrap().to_owned().into(), &[name, "header"]),
        (Vec::new(), &[name, "header"]),
    ];
    for (damaged, words) in cases {
        fs::write(&path, &damaged).unwrap();
        let before = contents(lab.root());
        lab.run("run --resume").complains(2, words);
        assert!(contents(lab.root()) == before, "{words:?}: nothing is overwritten");
    }
}

#[test]
fn a_run_goes_on_only_where_it_began() {
    let (lab, path) = unfinished();
    let whole = fs::read_to_string(&path).unwrap();
    let directory = path.parent().unwrap().to_str().unwrap();
    let cases: [(&str, &str, i32, &[&str]); 3] = [
        ("\"rustc\":\"rustc ", "\"rustc\":\"rustc 0.", 4, &[directory, "rustc: `rustc 0."]),
        ("\"revision\":\"", "\"revision\":\"other", 4, &[directory, "revision: `other` against ``"]),
        ("\"contender\":\"arc_deque\"", "\"contender\":\"gone\"", 2, &[directory, "no contender `gone`"]),
    ];
    for (old, new, code, words) in cases {
        fs::write(&path, whole.replacen(old, new, 1)).unwrap();
        let before = contents(lab.root());
        lab.run("run --resume").complains(code, words);
        assert!(contents(lab.root()) == before, "{words:?}: nothing is overwritten");
    }
    let elsewhere = lab.root().join("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    lab.run(&format!("run --resume {elsewhere}")).complains(2, &["no run to resume in", elsewhere]);
}

#[test]
fn a_run_outlives_the_reader_of_its_progress() {
    // `lab run 2>&1 | head -1`, in effect: nobody reads what it says.
    let lab = Lab::out_of_tree();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = lab.command(&format!("run {QUICK}"));
    command.stdout(Stdio::null()).stderr(writer);
    assert_eq!(Outcome::of("run", command).code, Some(0));
    assert_eq!(lab.latest().cells.len(), 12);
}
