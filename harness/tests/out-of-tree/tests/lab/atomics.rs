//! Atomic read-modify-writes are counted, not guessed: structures of which is known how many they do.

use reports::record::{Atomics, Record};

use crate::common::{Lab, has_valgrind};

const SELECTION: &str = "--scenario push_unshared,push_shared,get_random,set_shared --size 8,100 \
     --contender array_copy,arc_deque --meter instructions --no-report";

fn counted(lab: &Lab) -> Record {
    lab.run(&format!("run {SELECTION}")).ends_with(0);
    lab.latest()
}

#[test]
fn what_an_arc_costs_is_counted() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let record = counted(&lab);
    assert_eq!(record.cells.len(), 16);
    for cell in &record.cells {
        let found = cell.measured.atomics.map(|atomics| atomics.program as f64 / cell.ops as f64);
        let per_operation = match cell.name.scenario.as_str() {
            // The version before is cloned (one), `Arc::make_mut` sees in vain whether it is alone (two), and
            // gives up its share (three).
            "push_shared" | "set_shared" => 3.0,
            // It is alone, and says so.
            "push_unshared" => 1.0,
            // Nothing but loads.
            _ => 0.0,
        };
        let expected = cfg!(target_arch = "x86_64").then_some(per_operation);
        assert_eq!(found, expected, "{}: {:?}", cell.name, cell.measured.atomics);
    }
    let before = record.cells.iter().map(|cell| cell.measured.atomics).collect::<Vec<Option<Atomics>>>();
    let after =
        counted(&lab).cells.iter().map(|cell| cell.measured.atomics).collect::<Vec<Option<Atomics>>>();
    assert_eq!(before, after);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn they_are_told_by_function_and_compared() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let outcome = lab.run("explain persistent_vector/push_shared/100/arc_deque").ends_with(0);
    assert!(outcome.out.contains("atomics/op"), "{}", outcome.all());
    let explained = lab.run("explain --json persistent_vector/push_shared/100/arc_deque").ends_with(0).json();
    let by_function = explained[0]["atomics"].as_object().unwrap();
    let total: u64 = by_function.values().map(|count| count.as_u64().unwrap()).sum();
    let ops = explained[0]["ops"].as_u64().unwrap();
    assert!(total >= 3 * ops, "{explained}");

    let record = counted(&lab);
    let before = lab.runs().join("latest/record.json");
    let after = lab.root().join("after.json");
    let mut changed = record;
    for cell in &mut changed.cells {
        // As if a count had become plain; nothing where none is atomic.
        cell.measured.atomics.as_mut().unwrap().program /= 3;
    }
    reports::io::write_record(&after, &changed).unwrap();
    let diff = format!("diff {} {} --metric atomics", before.display(), after.display());
    let outcome = lab.run(&diff).ends_with(0);
    assert!(outcome.out.contains("push_shared/100/arc_deque"), "{}", outcome.all());
    assert!(!outcome.out.contains("get_random"), "{}", outcome.all());
}
