//! Verdicts as the end of a run and as a command, and the tables that stand in their place.

use std::fs;

use crate::common::{Lab, SMALL, has_valgrind, small_record};

/// The columns of the widest line.
fn width(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn a_run_ends_with_the_verdicts_that_the_command_repeats() {
    let lab = Lab::out_of_tree();
    let run = lab.run(&format!("run {SMALL}")).ends_with(0);
    assert!(width(&run.out) <= 80, "{}", run.out);
    if !has_valgrind() {
        // Without counts there is nothing to compare, and the tables stand for themselves.
        assert!(run.out.contains("──"), "{}", run.out);
        return;
    }
    assert!(run.out.contains("needs the fewest instructions"), "{}", run.out);
    assert!(!run.out.contains("──"), "there is a table: {}", run.out);
    let verdict = lab.run("verdict persistent_vector").ends_with(0);
    assert_eq!(verdict.out, run.out);
    let said = lab.run("verdict --json").ends_with(0).json();
    assert_eq!(said[0]["bottleneck"], "persistent_vector");
    let sentences = said[0]["sentences"].as_array().unwrap();
    assert!(sentences.len() >= 2, "{said}");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in sentences {
        assert!(words(&run.out).contains(&words(sentence.as_str().unwrap())), "{sentence}");
    }
}

#[test]
fn tables_come_back_on_demand_and_show_every_size() {
    let lab = Lab::out_of_tree();
    let run = lab
        .run("run --scenario slice --size 8,32 --contender imbl,array_copy --meter allocations --tables --no-report")
        .ends_with(0);
    assert!(width(&run.out) <= 80, "{}", run.out);
    for row in ["slice 8", "slice 32"] {
        assert!(run.out.lines().any(|line| line.trim_start().starts_with(row)), "no {row}: {}", run.out);
    }
}

#[test]
fn what_cannot_be_judged_is_said_in_a_line() {
    let lab = Lab::out_of_tree();
    lab.run("verdict").complains(2, &["record.json"]);
    fs::create_dir_all(lab.runs().join("latest")).unwrap();
    fs::write(lab.runs().join("latest/record.json"), small_record()).unwrap();
    lab.run("verdict nonsense").complains(2, &["`nonsense`", "persistent_vector"]);

    // A record of one contender has nobody to compare it with.
    let alone = lab.root().join("alone");
    let run =
        format!("run --scenario slice --size 8 --contender imbl --no-report --output {}", alone.display());
    lab.run(&run).ends_with(0);
    let verdict = format!("verdict --record {}", alone.join("record.json").display());
    lab.run(&verdict).complains(2, &["alone/record.json", "two contenders"]);
}

#[test]
fn two_cells_are_explained_side_by_side() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let [one, other] = ["imbl", "array_copy"].map(|name| format!("persistent_vector/get_random/100/{name}"));
    let both = lab.run(&format!("explain {one} {other}")).ends_with(0);
    for expected in
        [format!("A  {one}: "), format!("B  {other}: "), "times as many as A".into(), "B - A".into()]
    {
        assert!(both.out.contains(&expected), "no {expected}: {}", both.out);
    }
    // The counts are the same as those of each cell by itself.
    let apart = lab.run(&format!("explain --apart {one} {other}")).ends_with(0);
    assert!(!apart.out.contains("B - A"), "{}", apart.out);
    let whole = |cell: &str, text: &str| {
        let line =
            text.lines().find(|line| line.contains(cell)).unwrap_or_else(|| panic!("no {cell}: {text}"));
        line.split_once(": ").unwrap().1.to_owned()
    };
    for cell in [&one, &other] {
        assert_eq!(whole(cell, &both.out), whole(cell, &apart.out));
    }
}
