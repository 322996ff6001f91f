//! What is not measured because its code is as it was: by the gate, and by a run with a cache.

use std::fs;
use std::sync::OnceLock;

use reports::Metric;
use reports::baseline::{self, Baseline, Entry};

use crate::common::{Lab, Outcome, exact, has_valgrind};

/// The cells of these tests: twelve of each of two contenders.
const SELECTION: &str =
    "--jobs 1 --contender arc_deque,array_copy --scenario get_random,slice,set_shared --size 8,16,32,100";

/// A lab that knows the code of its contenders, with a baseline of now; none without Valgrind.
fn blessed() -> Option<Lab> {
    static BASELINE: OnceLock<Baseline> = OnceLock::new();
    Lab::blessed(Lab::identified, SELECTION, 24, &BASELINE)
}

/// Says that a contender was compiled from other code when the baseline was measured.
fn as_if_changed(lab: &Lab, contender: &str) {
    lab.rewrite_baseline(|known| known.identities.contenders.get_mut(contender).unwrap().cells.push('0'));
}

fn scale(entry: &mut Entry, times: u64, by: u64) {
    let count = entry.counts.get_mut(&Metric::Instructions).unwrap();
    *count = *count * times / by;
}

fn check(lab: &Lab, more: &str) -> Outcome {
    lab.run(&format!("check {SELECTION} {more}"))
}

/// How many cells a check compared.
#[track_caller]
fn compared(outcome: &Outcome) -> usize {
    let line = outcome.out.lines().find(|line| line.contains(" cells compared: "));
    let line = line.unwrap_or_else(|| panic!("{}", outcome.all()));
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_contender_whose_code_is_as_it_was_is_sampled() {
    let Some(lab) = blessed() else { return };
    let outcome = check(&lab, "").ends_with(0);
    // One cell of each contender, and neither is verified again.
    assert_eq!(compared(&outcome), 2, "{}", outcome.all());
    let said = "24 cells of 2 contenders are unchanged by identity: 22 were not measured, and 2 that were measured all \
                the same are as before";
    assert!(outcome.out.contains(said), "{}", outcome.all());
    assert!(!outcome.err.contains("verify"), "{}", outcome.all());

    let outcome = check(&lab, "--all").ends_with(0);
    assert_eq!(compared(&outcome), 24, "{}", outcome.all());
    assert!(!outcome.out.contains("unchanged") && outcome.err.contains("verify"), "{}", outcome.all());
}

#[test]
fn a_contender_whose_code_changed_is_measured_whole() {
    let Some(lab) = blessed() else { return };
    as_if_changed(&lab, "persistent_vector/arc_deque");
    let cell = "persistent_vector/slice/32/arc_deque";
    lab.rewrite_baseline(|known| scale(known.cells.get_mut(&cell.parse().unwrap()).unwrap(), 9, 10));
    let outcome = check(&lab, "--dry-run").ends_with(0);
    let told = "changed: persistent_vector/arc_deque: 12 cells\n12 cells of contenders that changed, and 1 of 12 others, \
                would be measured";
    assert!(outcome.out.contains(told), "{}", outcome.all());
    let outcome = check(&lab, "").ends_with(3);
    assert!(outcome.out.contains(&format!("regression: {cell} instructions ")), "{}", outcome.all());
    assert_eq!(compared(&outcome), 12 + 1, "{}", outcome.all());
    assert!(outcome.out.contains("12 cells of 1 contenders are unchanged"), "{}", outcome.all());

    // To bless some of its cells does not make the others known; to bless all of them does.
    let one = format!("bless --jobs 1 {cell}");
    lab.run(&one).ends_with(0);
    let identities = baseline::read(&lab.baselines()).unwrap().identities;
    assert!(!identities.contenders.contains_key("persistent_vector/arc_deque"), "{identities:?}");
    assert!(identities.contenders.contains_key("persistent_vector/array_copy"), "{identities:?}");
    assert_eq!(compared(&check(&lab, "").ends_with(0)), 12 + 1);
    lab.run("bless --jobs 1 --contender arc_deque --scenario get_random,slice,set_shared --size 8,16,32,100")
        .ends_with(0);
    assert_eq!(compared(&check(&lab, "").ends_with(0)), 2);
}

/// The sample is there for what an identity could overlook.
#[test]
fn a_count_that_differs_under_the_same_code_is_an_error() {
    let Some(lab) = blessed() else { return };
    let of_arc_deque = |known: &mut Baseline, times, by| {
        let own = known.cells.iter_mut().filter(|(name, _)| name.contender == "arc_deque");
        own.for_each(|(_, entry)| scale(entry, times, by));
    };
    // Fewer before: regressions, each of which is found.
    lab.rewrite_baseline(|known| of_arc_deque(known, 1, 2));
    let outcome = check(&lab, "").ends_with(3);
    let error = outcome.out.lines().find(|line| line.starts_with("error: persistent_vector/"));
    let error = error.unwrap_or_else(|| panic!("{}", outcome.all()));
    assert!(
        error.contains("/arc_deque instructions ") && error.contains("every cell is measured now"),
        "{error}"
    );
    assert_eq!(compared(&outcome), 24, "{}", outcome.all());
    assert!(outcome.out.contains("12 regressed"), "{}", outcome.all());
    // More before: no regression, and still nothing to pass over.
    lab.rewrite_baseline(|known| of_arc_deque(known, 8, 1));
    let outcome = check(&lab, "").complains(1, &["/arc_deque changed although"]);
    assert!(outcome.out.contains("12 improved"), "{}", outcome.all());
}

#[test]
fn without_both_identities_everything_is_measured() {
    let Some(lab) = blessed() else { return };
    let told = |lab: &Lab, why: &str| {
        let outcome = check(lab, "").ends_with(0);
        assert_eq!(compared(&outcome), 24, "{}", outcome.all());
        let note = outcome.err.lines().find(|line| line.starts_with("note: every cell is measured: "));
        assert!(note.is_some_and(|note| note.contains(why)), "{why}: {}", outcome.all());
    };
    let whole = baseline::read(&lab.baselines()).unwrap();
    lab.rewrite_baseline(|known| known.identities.worker.push('0'));
    told(&lab, "the worker");
    lab.rewrite_baseline(|known| known.identities = Default::default());
    told(&lab, "does not know");
    // A program whose linker wrote no list.
    let other = Lab::out_of_tree();
    baseline::write(&other.baselines(), &whole).unwrap();
    told(&other, "what this program was linked from");
    other.run("identity").complains(1, &["what this program was linked from"]);
}

#[test]
fn a_row_that_was_lost_is_missed_whatever_its_code() {
    let Some(lab) = blessed() else { return };
    let cell = "persistent_vector/slice/8/array_copy";
    lab.rewrite_baseline(|known| drop(known.cells.remove(&cell.parse().unwrap())));
    let outcome = check(&lab, "").ends_with(3);
    assert!(outcome.out.contains(&format!("    {cell}")), "{}", outcome.all());
    assert!(outcome.out.contains(" 1 missing"), "{}", outcome.all());
}

#[test]
fn a_run_counts_only_what_is_not_in_the_cache() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::identified();
    let run =
        "run --jobs 1 --scenario get_random,slice --size 8,100 --meter allocations,instructions --no-report";
    let cached = |outcome: &Outcome| outcome.err.matches("cells from the cache").count();
    let first = lab.run(run).ends_with(0);
    assert_eq!(cached(&first), 0, "{}", first.all());
    let counted = exact(&lab.latest());
    assert!(lab.latest().identities.is_some_and(|identities| identities.contenders.len() == 3));

    let second = lab.run(run).ends_with(0);
    for meter in ["allocations", "instructions"] {
        let line = format!("{meter} 12 of 12 cells from the cache (`--fresh` measures them)");
        assert!(second.err.contains(&line), "{}", second.all());
    }
    assert_eq!(exact(&lab.latest()), counted);
    // More cells than before: only those are counted.
    let more = lab.run(&run.replace("8,100", "8,16,100")).ends_with(0);
    assert!(more.err.contains("instructions 12 of 18 cells from the cache"), "{}", more.all());
    assert!(more.err.contains("instructions 6 cells in "), "{}", more.all());

    let fresh = lab.run(&format!("{run} --fresh")).ends_with(0);
    assert_eq!(cached(&fresh), 0, "{}", fresh.all());
    assert_eq!(exact(&lab.latest()), counted);

    // Damage costs one line and the time to count again.
    let cache = lab.runs().join("cache");
    for entry in fs::read_dir(&cache).unwrap() {
        let path = entry.unwrap().path();
        let mut text = fs::read(&path).unwrap();
        let middle = text.len() / 2;
        text[middle] ^= 1;
        fs::write(path, text).unwrap();
    }
    let damaged = lab.run(run).ends_with(0);
    let notes =
        damaged.err.lines().filter(|line| line.starts_with("note: ") && line.contains(" is ignored: line "));
    assert_eq!(notes.count(), 9, "three contenders, two meters and the phases: {}", damaged.all());
    assert_eq!(exact(&lab.latest()), counted);
    // The cache of another program is none.
    let other = Lab::out_of_tree();
    fs::create_dir_all(other.runs()).unwrap();
    fs::rename(&cache, other.runs().join("cache")).unwrap();
    let outcome = other.run(run).ends_with(0);
    assert_eq!(cached(&outcome), 0, "{}", outcome.all());
    // A cache that cannot be written stops nothing.
    fs::write(&cache, "a file").unwrap();
    let outcome = lab.run(run).ends_with(0);
    assert_eq!(
        outcome.err.matches("note: nothing more goes into the cache: ").count(),
        1,
        "{}",
        outcome.all()
    );
    assert_eq!(exact(&lab.latest()), counted);
}
