//! The gate: what `bless` keeps, `check` compares.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use reports::baseline::{self, Baseline, Entry};
use reports::metric::Gate;
use reports::record::Record;
use reports::{CellName, Metric};

use crate::common::{Lab, Outcome, contents, small_record};

/// The cells of these tests.
const SELECTION: &str = "--jobs 1 --contender arc_deque,array_copy --scenario get_random,slice --size 8,100";

/// A lab whose baseline is what is measured here now; none without Valgrind.
fn blessed() -> Option<Lab> {
    static BASELINE: OnceLock<Baseline> = OnceLock::new();
    Lab::blessed(Lab::out_of_tree, SELECTION, 8, &BASELINE)
}

fn key(name: &str) -> CellName {
    name.parse().unwrap()
}

/// Rewrites what the baseline says of one cell.
fn rewrite(lab: &Lab, cell: &str, change: impl FnOnce(&mut Entry)) {
    lab.rewrite_baseline(|known| {
        change(known.cells.get_mut(&key(cell)).unwrap_or_else(|| panic!("{cell} is blessed")));
    });
}

/// The lines below a heading of a check's output.
fn below<'a>(outcome: &'a Outcome, heading: &str) -> Vec<&'a str> {
    let lines = outcome.out.lines().skip_while(|line| !line.starts_with(heading));
    lines.skip(1).take_while(|line| line.starts_with("    ")).map(str::trim).collect()
}

#[test]
fn what_was_blessed_is_fine() {
    let Some(lab) = blessed() else { return };
    let outcome = lab.run(&format!("check {SELECTION}")).ends_with(0);
    let expected = "8 cells compared: 0 regressed, 0 improved, 0 new, 0 missing, 0 vanished, 0 failed";
    assert!(outcome.out.contains(expected), "{}", outcome.all());
    // The baseline says what the record says.
    let record: Record = serde_json::from_str(small_record()).unwrap();
    let known = baseline::read(&lab.baselines()).unwrap();
    for cell in record.cells.iter().filter(|cell| cell.name.contender != "imbl") {
        let entry = &known.cells[&cell.name];
        for (metric, count) in &entry.counts {
            assert_eq!(Some(*count), metric.count(&cell.measured), "{}: {metric:?}", cell.name);
        }
        assert!(entry.noise.is_empty(), "{}", cell.name);
        assert!(!entry.functions.is_empty(), "{}", cell.name);
    }
    // And blessing again changes nothing.
    let before = contents(&lab.baselines());
    lab.run(&format!("bless {SELECTION}")).ends_with(0);
    assert!(contents(&lab.baselines()) == before);
}

#[test]
fn nothing_is_blessed_if_the_lab_is_built_anew_meanwhile() {
    let Some(lab) = blessed() else { return };
    let before = contents(&lab.baselines());
    let home = tempfile::tempdir().unwrap();
    let allocations = home.path().join("out-of-tree-allocations");
    let built = Path::new(lab.program());
    fs::copy(built, home.path().join("out-of-tree")).unwrap();
    fs::copy(built.with_file_name("out-of-tree-allocations"), &allocations).unwrap();

    let mut bless = Command::new(home.path().join("out-of-tree"));
    bless.arg("--root").arg(lab.root()).arg("bless").args(SELECTION.split(' '));
    let mut running = bless.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.contains("verify")).expect("it begins to measure");
    let newer = home.path().join("newer");
    fs::copy(&allocations, &newer).unwrap();
    fs::File::options().append(true).open(&newer).unwrap().write_all(b"newer").unwrap();
    fs::rename(newer, allocations).unwrap();

    let said: Vec<String> = lines.collect();
    assert_eq!(running.wait().unwrap().code(), Some(2), "{said:?}");
    assert!(said.last().is_some_and(|line| line.contains("built anew")), "{said:?}");
    assert!(contents(&lab.baselines()) == before);
}

#[test]
fn a_cell_that_grew_is_named_with_its_function_and_what_reproduces_it() {
    let Some(lab) = blessed() else { return };
    let cell = "persistent_vector/slice/100/arc_deque";
    // It was cheaper before, says the baseline: one function by a tenth.
    rewrite(&lab, cell, |entry| {
        let (name, cost) = entry.functions.iter().max_by_key(|(_, cost)| **cost).unwrap();
        let (name, less) = (name.clone(), entry.count(Metric::Instructions) / 10);
        entry.functions.insert(name, cost - less);
        *entry.counts.get_mut(&Metric::Instructions).unwrap() -= less;
    });
    let outcome = lab.run(&format!("check {SELECTION}")).ends_with(3);
    let found: Vec<&str> = outcome.out.lines().filter(|line| line.starts_with("regression: ")).collect();
    assert_eq!(found.len(), 1, "{}", outcome.all());
    assert!(found[0].starts_with(&format!("regression: {cell} instructions ")), "{found:?}");
    assert!(found[0].contains("(+11.1"), "{found:?}");
    let details = below(&outcome, "regression: ");
    let [function, reproduce] = &details[..] else { panic!("one function grew: {details:?}") };
    assert!(function.starts_with('+') && function.contains(" in "), "{function}");
    // The command that reproduces it does.
    let explain = reproduce.strip_prefix("reproduce: out-of-tree ").unwrap();
    assert_eq!(explain, format!("explain {cell}"));
    let explained = lab.run(explain).ends_with(0);
    let name = function.split(" in ").nth(1).unwrap().split(" (").next().unwrap();
    assert!(explained.out.contains(name), "`{name}` is not in\n{}", explained.out);
}

#[test]
fn one_block_more_is_a_regression() {
    let Some(lab) = blessed() else { return };
    let cell = "persistent_vector/slice/8/array_copy";
    rewrite(&lab, cell, |entry| *entry.counts.get_mut(&Metric::Blocks).unwrap() -= 1);
    let check = format!("check {SELECTION}");
    let outcome = lab.run_without_valgrind(&check).ends_with(3);
    assert!(outcome.out.contains(&format!("regression: {cell} blocks ")), "{}", outcome.all());
    // It stays one where nobody reads it.
    lab.run_unread(&check).ends_with(3);
}

#[test]
fn every_cell_is_a_test_case_of_the_ci_system() {
    let Some(lab) = blessed() else { return };
    let grown = "persistent_vector/slice/8/array_copy";
    rewrite(&lab, grown, |entry| *entry.counts.get_mut(&Metric::Blocks).unwrap() -= 1);
    lab.rewrite_baseline(|known| {
        known.cells.remove(&key("persistent_vector/slice/100/arc_deque"));
    });
    let file = lab.root().join("gate.xml");
    let check = format!("check {SELECTION} --junit {}", file.display());
    lab.run(&check).ends_with(3);
    let text = fs::read_to_string(&file).unwrap();
    let head = "<testsuite name=\"persistent_vector\" tests=\"8\" failures=\"2\" errors=\"0\" skipped=\"0\">";
    assert!(text.contains(head), "{text}");
    let case = |contender: &str, name: &str| {
        let start = format!("<testcase classname=\"persistent_vector.{contender}\" name=\"{name}\">");
        text.lines()
            .find(|line| line.starts_with(&start))
            .unwrap_or_else(|| panic!("{start} is not in {text}"))
    };
    let regression = case("array_copy", "slice/8");
    assert!(
        regression.contains("<failure type=\"regression\"") && regression.contains(" blocks "),
        "{regression}"
    );
    assert!(case("arc_deque", "slice/100").contains("<failure type=\"missing\""), "{text}");
    assert!(case("arc_deque", "slice/8").ends_with("\"></testcase>"), "{text}");
    // A file that is there is found before anything is measured.
    let outcome = lab.run(&check).complains(2, &["gate.xml exists: `--force` overwrites it"]);
    assert!(!outcome.err.contains("verify"), "{}", outcome.all());
    lab.run(&format!("{check} --force")).ends_with(3);
}

/// Each exact metric gates, and the line about the cell names it.
#[test]
fn more_of_any_exact_metric_is_a_regression() {
    let Some(lab) = blessed() else { return };
    // Every version is kept: the region allocates, keeps what it allocates and counts references.
    let cell = "persistent_vector/set_shared/100/arc_deque";
    lab.run(&format!("bless --jobs 1 {cell}")).ends_with(0);
    let whole = baseline::read(&lab.baselines()).unwrap();
    for (metric, gate) in Metric::in_baseline() {
        // As if it had been less before.
        let mut known = whole.clone();
        let count = known.cells.get_mut(&key(cell)).unwrap().counts.get_mut(&metric).unwrap();
        *count -= if gate == Gate::NoGrowth { 1 } else { *count / 10 };
        baseline::write(&lab.baselines(), &known).unwrap();
        let outcome = lab.run(&format!("check --jobs 1 {cell}")).ends_with(3);
        let found: Vec<&str> = outcome.out.lines().filter(|line| line.starts_with("regression: ")).collect();
        assert_eq!(found.len(), 1, "{metric:?}: {}", outcome.all());
        assert!(found[0].contains(&format!(" {} ", metric.key())), "{metric:?}: {found:?}");
    }
}

#[test]
fn a_row_that_was_lost_is_no_new_cell() {
    let Some(lab) = blessed() else { return };
    let cell = "persistent_vector/slice/8/array_copy";
    let mut known = baseline::read(&lab.baselines()).unwrap();
    known.cells.remove(&key(cell)).unwrap();
    baseline::write(&lab.baselines(), &known).unwrap();
    let outcome = lab.run(&format!("check {SELECTION}")).ends_with(3);
    let missing = below(&outcome, "missing in the baseline");
    assert_eq!(missing, [cell], "{}", outcome.all());
    assert!(outcome.out.contains("0 new, 1 missing"), "{}", outcome.all());
}

/// One that began earlier and ends later keeps what the other one wrote meanwhile.
#[test]
fn two_that_bless_at_once_lose_nothing() {
    let Some(lab) = blessed() else { return };
    let mut slow =
        lab.command("bless --jobs 1 --contender arc_deque --scenario get_random,slice --size 8,100");
    let mut slow = slow.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // It has read the baseline when it says that it verifies.
    let mut said = String::new();
    let mut lines = BufReader::new(slow.stderr.take().unwrap());
    lines.read_line(&mut said).unwrap();
    assert!(said.contains("verify"), "{said}");
    let other = "persistent_vector/slice/8/array_copy";
    rewrite(&lab, other, |entry| *entry.counts.get_mut(&Metric::Blocks).unwrap() = 12_345);
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    assert!(slow.wait().unwrap().success());
    let known = baseline::read(&lab.baselines()).unwrap();
    assert_eq!(known.cells[&key(other)].count(Metric::Blocks), 12_345);
}

#[test]
fn an_improvement_is_told_with_the_command_that_keeps_it() {
    let Some(lab) = blessed() else { return };
    let cell = "persistent_vector/slice/100/arc_deque";
    rewrite(&lab, cell, |entry| *entry.counts.get_mut(&Metric::Instructions).unwrap() *= 2);
    let outcome = lab.run(&format!("check {cell}")).ends_with(0);
    let improved = below(&outcome, "improved:");
    assert!(improved[0].starts_with(cell) && improved[0].contains("(-50.0"), "{improved:?}");
    assert_eq!(improved[1], "keep: out-of-tree bless --contender arc_deque");
}

#[test]
fn a_new_contender_is_named() {
    let Some(lab) = blessed() else { return };
    let outcome = lab.run("check --scenario get_random --size 8").ends_with(0);
    let new = below(&outcome, "new, not compared (`out-of-tree bless` adds them)");
    assert_eq!(new, ["persistent_vector/get_random/8/imbl"], "{}", outcome.all());
    assert!(outcome.out.contains("2 cells compared: 0 regressed, 0 improved, 1 new"), "{}", outcome.all());
}

#[test]
fn a_gate_that_compared_nothing_is_not_passed() {
    let Some(lab) = blessed() else { return };
    let nothing = "nothing was compared: the baseline has none of the selected cells";
    // Cells of sizes, scenarios and contenders that the baseline does not have.
    for selection in [
        "persistent_vector/slice/9/imbl",
        "persistent_vector/slice/9",
        "persistent_vector/concat/8",
        "persistent_vector/concat/8/arc_deque",
        "persistent_vector/get_random/1000/arc_deque",
        "--scenario slice --size 9,10",
        "--scenario concat,set_shared --size 8",
        "--contender imbl --scenario slice --size 8",
        "--contender imbl --scenario get_random --size 100,1000",
    ] {
        // Without Valgrind, to be quick.
        let outcome = lab.run_without_valgrind(&format!("check {selection}")).complains(4, &[nothing]);
        assert!(outcome.out.contains("\n0 cells compared: 0 regressed"), "{}", outcome.all());
    }
    lab.run("check --jobs 1 persistent_vector/slice/9/imbl").complains(4, &[nothing]);
    // A baseline without a row is none.
    lab.rewrite_baseline(|known| known.cells.clear());
    lab.run_without_valgrind(&format!("check {SELECTION}")).complains(4, &[nothing]);
}

#[test]
fn a_vanished_cell_is_named() {
    let Some(lab) = blessed() else { return };
    let mut known = baseline::read(&lab.baselines()).unwrap();
    let entry = known.cells[&key("persistent_vector/slice/8/arc_deque")].clone();
    // Of a contender, a scenario and a size that are gone, and of a size of another profile only.
    for cell in [
        "persistent_vector/slice/8/gone",
        "persistent_vector/gone/8/imbl",
        "persistent_vector/slice/9/imbl",
        "persistent_vector/slice/100000/imbl",
    ] {
        known.cells.insert(key(cell), entry.clone());
    }
    baseline::write(&lab.baselines(), &known).unwrap();

    // The whole roster; without Valgrind, to be quick.
    let outcome = lab.run_without_valgrind("check --profile quick").ends_with(3);
    let mut vanished = below(&outcome, "vanished (`out-of-tree bless` drops them)");
    vanished.sort_unstable();
    let expected =
        ["persistent_vector/gone/8/imbl", "persistent_vector/slice/8/gone", "persistent_vector/slice/9/imbl"];
    assert_eq!(vanished, expected, "{}", outcome.all());
    assert!(outcome.out.contains(" 3 vanished, 0 failed"), "{}", outcome.all());
    // A selection says nothing of what it does not select.
    let outcome = lab.run_without_valgrind(&format!("check {SELECTION}"));
    let outcome = outcome.complains(4, &["only allocations were compared"]);
    assert!(outcome.out.contains(" 0 vanished, 0 failed"), "{}", outcome.all());
}

#[test]
fn a_contender_that_fails_is_not_skipped() {
    let Some(lab) = blessed() else { return };
    let misbehaving = Lab::misbehaving();
    let cell = "persistent_vector/get_random/60000/lying";
    let selection = format!("{cell} --size 60000");
    let mut known = baseline::read(&lab.baselines()).unwrap();
    let entry = Entry { counts: [(Metric::Instructions, 1_000_000)].into(), ..Entry::default() };
    known.cells = [(key(cell), entry)].into();
    baseline::write(&misbehaving.baselines(), &known).unwrap();
    let before = contents(&misbehaving.baselines());

    let outcome = misbehaving.run(&format!("check {selection}")).ends_with(3);
    assert_eq!(below(&outcome, "not measured, because they failed:"), [cell], "{}", outcome.all());
    assert!(outcome.err.contains("persistent_vector/lying failed"), "{}", outcome.all());
    misbehaving.run(&format!("bless {selection}")).complains(2, &["1 cells failed, so nothing is blessed"]);
    assert!(contents(&misbehaving.baselines()) == before);
    misbehaving.run(&format!("explain {cell}")).complains(3, &["persistent_vector/lying", "digest"]);
}
