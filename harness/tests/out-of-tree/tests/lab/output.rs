//! What the commands print.

use std::process::Stdio;

use reports::record::Record;

use crate::common::{Lab, Outcome, SMALL, has_valgrind};

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
    assert_eq!(cells.as_array().unwrap().len(), 10);

    let verified = lab.run("verify --json --size 8 --scenario slice").ends_with(0).json();
    assert_eq!(verified, serde_json::json!([]));

    let printed = lab.run(&format!("run --json {SMALL}")).ends_with(0).json();
    let record: Record = serde_json::from_value(printed).unwrap();
    assert_eq!(record, lab.latest());

    let path = lab.runs().join("latest/record.json");
    let path = path.display();
    assert_eq!(lab.run(&format!("diff --json {path} {path}")).ends_with(0).json(), serde_json::json!([]));

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
    // `lab list | head -1` with the quickest `head` there is.
    let lab = Lab::out_of_tree();
    for arguments in ["list", "list --cells", "list --json", "completions bash", "--help"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = lab.command(arguments);
        command.stdout(writer).stderr(Stdio::piped());
        let outcome = Outcome::of(arguments, command).ends_with(0);
        assert!(outcome.err.is_empty(), "{}", outcome.all());
    }
}

#[test]
fn the_self_test_finds_the_exact_meters_exact() {
    let lab = Lab::out_of_tree();
    let outcome =
        lab.run("self-test --jobs 1 --scenario slice,set_shared --size 8,100 --contender imbl,arc_deque");
    let outcome = outcome.ends_with(0);
    assert!(
        outcome.out.contains("8 cells: instructions and allocations identical, twice"),
        "{}",
        outcome.all()
    );
    if !has_valgrind() {
        assert!(outcome.err.contains("only allocations are compared"), "{}", outcome.all());
    }
    let outcome = Lab::misbehaving().run("self-test --scenario get_random --size 60000 --contender lying");
    outcome.complains(2, &["persistent_vector/lying", "needs cells that run"]);
}
