//! What it costs to drop what a region leaves. Runs count it, and nothing else does.

use std::fs;

use reports::Metric;
use reports::record::CellRecord;

use crate::common::{Lab, has_valgrind, small_record};

const SELECTION: &str = "--scenario variants_100,get_random --size 8,100 --contender imbl,array_copy";

#[test]
fn a_run_counts_drops_at_every_size_and_the_region_as_ever() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let run = format!("run {SELECTION} --meter allocations,instructions --no-report");
    lab.run(&run).ends_with(0);
    let record = lab.latest();
    assert_eq!(record.cells.len(), 8);
    let count = |cell: &CellRecord, metric: Metric| {
        metric.count(&cell.measured).unwrap_or_else(|| panic!("{} has no {}", cell.name, metric.key()))
    };
    for cell in &record.cells {
        let [instructions, frees] = [Metric::Dropping, Metric::DropFrees].map(|metric| count(cell, metric));
        if cell.name.scenario == "get_random" {
            // It leaves a number.
            assert!(instructions < 100 && frees == 0, "{}: {instructions} {frees}", cell.name);
            continue;
        }
        // Each version gives back a block at least, and `free` takes more than five instructions.
        assert!(frees >= cell.ops && instructions > 5 * frees, "{}: {instructions} {frees}", cell.name);
        if cfg!(target_arch = "x86_64") {
            // Each version counts a reference down.
            assert!(count(cell, Metric::DropAtomics) >= cell.ops, "{}", cell.name);
        }
        // Nothing of this is in the region, which others count alone.
        let explained = lab.run(&format!("explain --json {}", cell.name)).ends_with(0).json();
        assert_eq!(explained[0]["instructions"].as_u64(), cell.measured.instructions, "{}", cell.name);
    }
    // A second run takes all of it from its cache or counts the same again.
    lab.run(&run).ends_with(0);
    assert_eq!(lab.latest().cells, record.cells);
}

#[test]
fn a_run_times_drops() {
    let lab = Lab::out_of_tree();
    lab.run(&format!("run {SELECTION} --meter time --profile quick --no-report")).ends_with(0);
    for cell in &lab.latest().cells {
        let [drop, region] = [Metric::DropTime, Metric::Warm].map(|metric| metric.value(cell).unwrap());
        // Whoever runs beside this test, a number is dropped sooner than a thousand elements are looked up.
        assert!(cell.name.scenario != "get_random" || drop < region, "{}: {drop} {region}", cell.name);
        assert!(cell.name.scenario == "get_random" || drop > 0.0, "{}: {drop}", cell.name);
    }
}

#[test]
fn simulated_caches_explain_one_cell_and_two() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let [one, other] =
        ["imbl", "array_copy"].map(|name| format!("persistent_vector/variants_100/100/{name}"));
    let looked = lab.run(&format!("explain --memory --json {one}")).ends_with(0).json();
    let simulated = &looked[0];
    assert_eq!(
        (&simulated["cell"]["contender"], simulated["caches"].as_array().unwrap().len()),
        (&"imbl".into(), 3)
    );
    let number = |of: &serde_json::Value, name: &str| of[name].as_u64().unwrap();
    for name in ["l1_data_misses", "conditional_branches", "conditional_mispredictions"] {
        let functions = simulated["functions"].as_object().unwrap().values();
        let sum: u64 = functions.map(|function| number(function, name)).sum();
        let whole = number(&simulated["whole"], name);
        assert!(sum == whole && whole > 0, "{name}: {sum} of {whole}");
    }
    let whole = |name| number(&simulated["whole"], name);
    assert!(whole("conditional_mispredictions") <= whole("conditional_branches"));
    let alone = lab.run(&format!("explain --memory {one}")).ends_with(0);
    let both = lab.run(&format!("explain --memory {one} {other}")).ends_with(0);
    for (text, words) in [
        (&alone, ["D1 miss", "for each of 100 operations", "Simulated by Callgrind", "D1 cache: "]),
        (&both, ["B - A", "A  persistent_vector/", "B LL miss", "not measured"]),
    ] {
        for word in words {
            assert!(text.out.contains(word), "no {word}: {}", text.all());
        }
    }
}

#[test]
fn cells_to_look_at_are_those_of_which_time_and_instructions_disagree() {
    let lab = Lab::out_of_tree();
    let refused = lab.run("explain").ends_with(2);
    assert!(refused.err.contains("<CELL>"), "{}", refused.all());
    lab.run("explain --memory").complains(2, &["record.json"]);
    let latest = lab.runs().join("latest");
    fs::create_dir_all(&latest).unwrap();
    fs::write(latest.join("record.json"), small_record()).unwrap();
    // Nothing in that record is timed.
    lab.run("explain --memory").complains(4, &["instructions and times"]);

    let mut record: reports::record::Record = serde_json::from_str(small_record()).unwrap();
    let interval = |value: f64| reports::record::Interval { median: value, low: value, high: value };
    for cell in &mut record.cells {
        // By their instructions all differ by far; by time only in one scenario.
        let instructions = if cell.name.contender == "imbl" { 1000 } else { 5000 };
        let time = match (cell.name.scenario.as_str(), instructions) {
            ("slice", 5000) => 1000.0,
            (_, instructions) => f64::from(instructions as u32),
        };
        cell.measured.instructions = Some(instructions * cell.ops);
        let time = interval(time * cell.ops as f64);
        cell.measured.times = Some(reports::record::Times {
            warm_ns: time,
            cold_ns: time,
            drop_ns: None,
            disturbed: 0.0,
            ratios: None,
        });
    }
    fs::write(latest.join("record.json"), serde_json::to_string(&record).unwrap()).unwrap();
    let told = lab.run("explain --memory --json").ends_with(0).json();
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 2, "slice at both sizes: {told:?}");
    for told in told {
        assert_eq!(told["leader"]["scenario"], "slice", "{told}");
        assert_eq!((&told["instructions"], &told["time"]), (&5.0.into(), &1.0.into()));
    }
    let said = lab.run("explain --memory").ends_with(0);
    for word in
        ["In 2 of 4 groups", "instructions 5.00×, time 1.00×", "explain --memory persistent_vector/slice/"]
    {
        assert!(said.out.contains(word), "no {word}: {}", said.all());
    }
    let first = lab.run("explain --memory --top 1").ends_with(0);
    assert!(first.out.contains("1 more; `--top` shows them"), "{}", first.all());
}
