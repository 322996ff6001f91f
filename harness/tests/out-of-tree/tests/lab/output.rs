//! What the commands print.

use reports::record::Record;

use crate::common::{Lab, SMALL, has_valgrind};

/// The names of the subcommands, as `--help` lists them.
fn subcommands(lab: &Lab) -> Vec<String> {
    let help = lab.run("--help").ends_with(0).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_subcommand_has_help() {
    let lab = Lab::out_of_tree();
    let subcommands = subcommands(&lab);
    for expected in
        ["list", "verify", "run", "report", "check", "bless", "diff", "explain", "self-test", "new"]
    {
        assert!(subcommands.iter().any(|name| name == expected), "{subcommands:?}");
    }
    for name in subcommands {
        let [short, long] = ["-h", "--help"].map(|option| lab.run(&format!("{name} {option}")).ends_with(0));
        assert!(short.out.contains("Usage: "), "{}", short.all());
        assert!(long.out.contains("Usage: ") && long.out.len() >= short.out.len(), "{}", long.all());
    }
}

#[test]
fn completions_know_every_subcommand() {
    let lab = Lab::out_of_tree();
    for shell in ["bash", "zsh", "fish"] {
        let script = lab.run(&format!("completions {shell}")).ends_with(0).out;
        for name in subcommands(&lab) {
            assert!(script.contains(&name), "{shell} does not complete `{name}`");
        }
    }
}

#[test]
fn json_is_json() {
    let lab = Lab::out_of_tree();
    let cells = lab.run("list --json --size 8 --contender imbl").ends_with(0).json();
    assert_eq!(cells[0]["cell"], "persistent_vector/push_unshared/8/imbl");
    assert_eq!(cells.as_array().unwrap().len(), 27);

    let verified = lab.run("verify --json --size 8 --scenario slice").ends_with(0).json();
    assert_eq!(verified, serde_json::json!([]));

    let printed = lab.run(&format!("run --json {SMALL}")).ends_with(0).json();
    let record: Record = serde_json::from_value(printed).unwrap();
    assert_eq!(record, lab.latest());

    let path = lab.runs().join("latest/record.json");
    let path = path.display();
    let compared = lab.run(&format!("diff --json --metric blocks {path} {path}")).ends_with(0).json();
    let nothing = serde_json::json!([]);
    assert_eq!((&compared["changes"], &compared["set_apart"]), (&nothing, &nothing));
    assert_eq!(
        (&compared["compared"], &compared["only_before"]),
        (&serde_json::json!(12), &serde_json::json!(0))
    );

    if has_valgrind() {
        let cell = "persistent_vector/slice/8/imbl";
        let explained = lab.run(&format!("explain --json {cell}")).ends_with(0).json();
        assert_eq!(explained[0]["cell"], cell);
        let measured = record.cells.iter().find(|measured| measured.name.to_string() == cell).unwrap();
        assert_eq!(explained[0]["instructions"].as_u64(), measured.measured.instructions, "as in the record");
        let functions = explained[0]["functions"].as_object().unwrap().values();
        let sum: u64 = functions.map(|cost| cost.as_u64().unwrap()).sum();
        assert_eq!(Some(sum), measured.measured.instructions, "every instruction belongs to a function");
    }
}

#[test]
fn nobody_has_to_read_to_the_end() {
    let lab = Lab::out_of_tree();
    for arguments in ["list", "list --cells", "list --json", "completions bash", "--help"] {
        let outcome = lab.run_unread(arguments).ends_with(0);
        assert!(outcome.err.is_empty(), "{}", outcome.all());
    }
}

/// A verdict is the same whether its output is read or not: neither a regression nor a failure becomes "fine".
#[test]
fn a_verdict_does_not_depend_on_who_reads_it() {
    let (good, bad) = (Lab::out_of_tree(), Lab::misbehaving());
    good.run(&format!("run {SMALL}")).ends_with(0);
    let record = good.runs().join("latest/record.json");
    let other = good.root().join("other.json");
    let mut changed: Record = serde_json::from_str(&std::fs::read_to_string(&record).unwrap()).unwrap();
    changed.fingerprint.rustc = "another".to_owned();
    std::fs::write(&other, serde_json::to_string(&changed).unwrap()).unwrap();
    let diff = format!("diff {} {}", record.display(), other.display());
    let lying = "--scenario get_random --size 60000 --contender lying";
    let verdicts = [
        (&good, "list".to_owned(), 0),
        (&good, format!("diff {0} {0}", record.display()), 0),
        (&good, diff, 4),
        (&good, "list --bottleneck nowhere".to_owned(), 2),
        (&good, "verify --scenario slice --size 8".to_owned(), 0),
        (&good, format!("check {SMALL}").replace(" --meter allocations,instructions --no-report", ""), 2),
        (&bad, format!("verify {lying}"), 3),
        (&bad, format!("run {lying} --meter allocations --no-report"), 3),
        (&bad, format!("self-test {lying}"), 2),
    ];
    for (lab, arguments, code) in verdicts {
        lab.run(&arguments).ends_with(code);
        lab.run_unread(&arguments).ends_with(code);
    }
}

#[test]
fn the_self_test_finds_the_exact_meters_exact() {
    let lab = Lab::out_of_tree();
    let outcome =
        lab.run("self-test --jobs 1 --scenario slice,set_shared --size 8,100 --contender imbl,arc_deque");
    let outcome = outcome.ends_with(0);
    assert!(
        outcome.out.contains("8 cells: allocations and instructions identical, twice"),
        "{}",
        outcome.all()
    );
    if !has_valgrind() {
        assert!(outcome.err.contains("only allocations are compared"), "{}", outcome.all());
    }
    let outcome = Lab::misbehaving().run("self-test --scenario get_random --size 60000 --contender lying");
    outcome.complains(2, &["persistent_vector/lying", "needs cells that run"]);
}
