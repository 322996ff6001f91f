//! Claims, of the lab and of a reader, as a command and as a page.

use std::fs;

use crate::common::{Lab, QUICK, small_record};

const MINE: &str = r#"
[publication]
title = "A README"
venue = "version 1"

[[claim]]
id = "mine"
says = "To copy an array takes more blocks than to share a tree."
bottleneck = "persistent_vector"
scenarios = ["slice"]
sizes = [100]
quantity = "BLOCKS"
more = "imbl"
less = "array_copy"

[[claim]]
id = "never"
says = "A time that nobody took."
bottleneck = "persistent_vector"
scenarios = ["slice"]
quantity = "time"
only_time = true
more = "imbl"
less = "array_copy"
"#;

#[test]
fn a_reader_s_claims_are_tested_in_the_terminal_and_on_a_page() {
    let lab = Lab::out_of_tree();
    lab.run("claims").complains(2, &["record.json"]);
    lab.run(&format!("run {QUICK}")).ends_with(0);
    let mine = lab.root().join("mine.toml");
    fs::write(&mine, MINE.replace("BLOCKS", "blocks")).unwrap();
    let own = format!("--claims {}", mine.display());

    let told = lab.run(&format!("claims persistent_vector {own}")).ends_with(0);
    assert!(told.out.lines().all(|line| line.chars().count() <= 80), "{}", told.out);
    assert!(told.out.contains("never: not measured in this record"), "{}", told.out);
    assert!(told.out.contains("imbl ÷ array_copy in slice/100"), "{}", told.out);
    let json = lab.run(&format!("claims --json {own}")).ends_with(0).json();
    let claim = json.as_array().unwrap().iter().find(|claim| claim["id"] == "mine").unwrap();
    let cells = lab.latest().cells;
    let blocks = |contender: &str| {
        let name = format!("persistent_vector/slice/100/{contender}");
        let cell = cells.iter().find(|cell| cell.name.to_string() == name).unwrap();
        cell.measured.allocations.unwrap().blocks as f64 / cell.ops as f64
    };
    let ratio = blocks("imbl") / blocks("array_copy");
    assert!((claim["ours"]["value"].as_f64().unwrap() - ratio).abs() < 1e-9, "{claim}");
    assert_eq!(claim["verdict"] == "holds", ratio > 1.01, "{claim}");

    // The lab's own claims are beside them.
    assert!(json.as_array().unwrap().iter().any(|claim| claim["id"] == "rrb-split"), "{json}");
    lab.run(&format!("report {own}")).ends_with(0);
    let page = fs::read_to_string(lab.runs().join("latest/report/claims.html")).unwrap();
    assert!(page.contains("data-claim=\"mine\"") && page.contains("data-claim=\"never\""));
}

#[test]
fn what_cannot_be_tested_is_said_in_a_line() {
    let lab = Lab::out_of_tree();
    fs::create_dir_all(lab.runs().join("latest")).unwrap();
    fs::write(lab.runs().join("latest/record.json"), small_record()).unwrap();
    lab.run("claims nonsense").complains(2, &["`nonsense`", "persistent_vector"]);
    let mine = lab.root().join("mine.toml");
    fs::write(&mine, MINE).unwrap();
    for command in ["claims", "report"] {
        let command = format!("{command} --claims {}", mine.display());
        lab.run(&command).complains(2, &["mine.toml:7: ", "`BLOCKS`", "write one of time,"]);
    }
    lab.run("claims --claims nowhere").complains(2, &["nowhere"]);

    // A record without a cell that decides.
    let mut empty: serde_json::Value = serde_json::from_str(small_record()).unwrap();
    empty["cells"] = serde_json::json!([]);
    let path = lab.root().join("empty.json");
    fs::write(&path, empty.to_string()).unwrap();
    let undecided = lab.run(&format!("claims --record {}", path.display())).ends_with(4);
    assert!(undecided.err.contains("no cell that decides about a claim"), "{}", undecided.all());
}
