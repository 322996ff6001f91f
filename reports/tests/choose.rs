//! The section that predicts what a mix of operations costs: what it says without a script, and that the script predicts
//! what the library does.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reports::CellName;
use reports::beside::Beside;
use reports::choose::Model;
use reports::record::{
    CellRecord, ChoiceInfo, CostInfo, KeyInfo, Measurements, MixInfo, PairInfo, Purpose, Record,
    ScenarioInfo, TypicalInfo, WordInfo,
};
use reports::render::render;

const BOTTLENECK: &str = "persistent_map";

/// The scenarios that tell costs, without suffix.
const COSTS: [&str; 7] =
    ["c_get", "c_set", "c_set_kept", "c_replace", "c_replace_kept", "c_replace_seldom", "c_visit"];

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn part(name: &str, unshared: &[&str], kept: &[&str], changes: u32) -> CostInfo {
    CostInfo {
        name: name.to_owned(),
        unshared: owned(unshared),
        kept: owned(kept),
        seldom: if name == "replace" { owned(&["c_replace_seldom"]) } else { Vec::new() },
        changes,
        visits_all: name == "iterate",
    }
}

fn word(name: &str, part: Option<&str>) -> WordInfo {
    WordInfo {
        name: name.to_owned(),
        summary: format!("does what <{name}> does"),
        part: part.map(str::to_owned),
    }
}

fn mix(key: &str, size: u64, versions: f64, words: &[(&str, f64)], parts: &[(&str, f64)]) -> MixInfo {
    let map = |named: &[(&str, f64)]| -> BTreeMap<String, f64> {
        named.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    };
    MixInfo { key: key.to_owned(), size, versions, words: map(words), parts: map(parts) }
}

/// Mixes with their words and what these come to.
fn mixes() -> Vec<MixInfo> {
    let reads = [("get", 80.0), ("iterate", 20.0)];
    let changes = [("get", 50.0), ("insert", 40.0), ("remove", 10.0)];
    let changed = [("get", 0.5), ("overwrite", 0.3), ("replace", 0.1)];
    vec![
        mix("u64", 1000, 0.0, &reads, &[("get", 0.8), ("iterate", 0.2)]),
        mix("u64", 20, 0.0, &changes, &changed),
        mix("string", 300, 7.0, &changes, &changed),
        mix("string", 9000, 500.0, &changes, &changed),
        // Beyond the sizes that were measured.
        mix("u64", 50_000, 100.0, &changes, &changed),
    ]
}

/// A record with the costs of parts, which differ from contender to contender and are no round numbers, and with a mixed
/// scenario.
fn record() -> Record {
    let mut record = common::full_size();
    let scenario = |name: &str, purpose| ScenarioInfo {
        name: name.to_owned(),
        summary: String::new(),
        unit: "operation".to_owned(),
        keeps_versions: false,
        purpose: Some(purpose),
    };
    let info = record.bottlenecks.iter_mut().find(|info| info.name == BOTTLENECK).unwrap();
    for suffix in ["", "_string"] {
        info.scenarios.extend(COSTS.map(|name| scenario(&format!("{name}{suffix}"), Purpose::Cost)));
    }
    let tested = mixes().swap_remove(1);
    info.scenarios.push(scenario("mix_1", Purpose::Mix(Box::new(tested))));
    let key = |name: &str, suffix: &str| KeyInfo { name: name.to_owned(), suffix: suffix.to_owned() };
    info.choice = Some(ChoiceInfo {
        items: "keys".to_owned(),
        size_stays: "The size stays the same.".to_owned(),
        keys: vec![key("u64", ""), key("string", "_string")],
        words: vec![
            word("get", Some("get")),
            word("insert", Some("overwrite")),
            word("remove", None),
            word("iterate", Some("iterate")),
        ],
        pairs: vec![PairInfo { words: ["insert", "remove"].map(str::to_owned), part: "replace".to_owned() }],
        parts: vec![
            part("get", &["c_get"], &[], 0),
            part("overwrite", &["c_set"], &["c_set_kept"], 1),
            part("replace", &["c_replace"], &["c_replace_kept"], 2),
            part("iterate", &["c_visit"], &[], 0),
        ],
        every: 10,
        typical: mixes()
            .into_iter()
            .map(|mix| TypicalInfo { title: "</script><b>typical".to_owned(), mix })
            .collect(),
    });
    let contenders = record.contenders.iter().filter(|contender| contender.bottleneck == BOTTLENECK);
    let mut cells = Vec::new();
    for (at, contender) in contenders.enumerate() {
        let mut add = |scenario: String, size: u64, cost: f64| {
            let instructions = (cost * 1000.0) as u64;
            cells.push(CellRecord {
                name: CellName {
                    bottleneck: BOTTLENECK.to_owned(),
                    scenario,
                    size,
                    contender: contender.name.clone(),
                },
                role: contender.role,
                ops: 1000,
                digest: "0".repeat(16),
                measured: Measurements { instructions: Some(instructions), ..Measurements::default() },
                observed: BTreeMap::new(),
            });
        };
        let factor = 1.0 + at as f64 * 0.37;
        for (suffix, dearer) in [("", 1.0), ("_string", 2.3)] {
            for size in [8, 100, 1000, 10_000] {
                let steps = (size as f64).ln() * dearer;
                // Who is cheap alone is dear where versions are kept.
                let kept = factor * factor;
                let costs = [9.0, 31.0, 900.0 / kept, 70.0, 1700.0 / kept, 800.0 / kept, 2.5];
                for (scenario, cost) in COSTS.iter().zip(costs) {
                    add(format!("{scenario}{suffix}"), size, cost * factor * steps);
                }
            }
        }
        add("mix_1".to_owned(), 20, 100.0 * factor);
    }
    record.cells.extend(cells);
    record
}

fn page(record: &Record, name: &str) -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    render(record, &Beside::default(), &home.path().join("report")).unwrap();
    let page = fs::read_to_string(home.path().join("report").join(name)).unwrap();
    (home, page)
}

#[test]
fn without_a_script_the_page_has_typical_mixes_and_how_far_predictions_are_off() {
    let record = record();
    let model = Model::of(&record, BOTTLENECK).unwrap();
    let (_home, text) = page(&record, "persistent_map.html");
    let text = common::as_read(&text);
    let section = text.split_once("<section id=\"choose\">").unwrap().1.split_once("</section>").unwrap().0;
    let rows = section.matches("&#60;/script&#62;&#60;b&#62;typical").count();
    assert_eq!(rows, mixes().len(), "a row for each typical mix, and none of its text is an element");
    for mix in mixes() {
        let prediction = model.predict(&mix);
        assert!(section.contains(&format!("<td>{}</td>", prediction.ranked[0].name)));
        assert!(section.contains(&format!("{} takes ", prediction.ranked[1].name)));
    }
    assert!(section.contains("The record tests ") && section.contains(">mix_1<"));
    // The data stands in a script element and ends it nowhere.
    let data = section.split_once("id=\"choose-data\">").unwrap().1.split_once("</script>").unwrap().0;
    assert!(data.ends_with('}') && !data.contains('<'), "{}", &data[data.len() - 80..]);

    // Scenarios for this purpose have no tables, and a bottleneck without mixes has no such section.
    assert!(!text.contains("id=\"c_get\"") && !text.contains("id=\"mix_1\""));
    let (_home, other) = page(&record, "persistent_vector.html");
    assert!(!other.contains("id=\"choose\"") && !other.contains("choose-data"));
}

/// Chromium, if there is one; says so if not.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut candidates = std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    let found = candidates.find(|candidate| candidate.is_file());
    if found.is_none() {
        println!("skipped: no Chromium found (Debian: apt-get install chromium)");
    }
    found
}

/// What a page is once its scripts have run.
fn opened(chromium: &Path, home: &Path, address: &str) -> String {
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--virtual-time-budget=10000",
        ])
        .arg(format!("--user-data-dir={}", home.join("profile").display()))
        .args(["--dump-dom", address])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    tag.split_once(&format!("{name}=\""))
        .unwrap_or_else(|| panic!("no {name} in {tag}"))
        .1
        .split('"')
        .next()
        .unwrap()
}

#[test]
fn the_script_predicts_what_the_library_predicts() {
    let Some(chromium) = chromium() else { return };
    let record = record();
    let model = Model::of(&record, BOTTLENECK).unwrap();
    let (home, _) = page(&record, "persistent_map.html");
    let address = format!("file://{}/report/persistent_map.html", home.path().display());
    let mut winners = Vec::new();
    for mix in mixes() {
        let words: Vec<String> = mix.words.iter().map(|(word, share)| format!("{word}:{share}")).collect();
        let state =
            format!("key:{},size:{},versions:{},{}", mix.key, mix.size, mix.versions, words.join(","));
        let dom = opened(&chromium, home.path(), &format!("{address}#choose={state}&metric=blocks"));
        let table = dom.split_once("<table class=\"chosen\">").unwrap().1.split_once("</table>").unwrap().0;
        let rows: Vec<&str> = table.split("<tr data-contender").skip(1).collect();
        let expected = model.predict(&mix).ranked;
        assert_eq!(rows.len(), expected.len(), "{state}");
        for (row, expected) in rows.iter().zip(&expected) {
            let row = format!("data-contender{row}");
            assert_eq!(attribute(&row, "data-contender"), expected.name, "{state}");
            let cost: f64 = attribute(&row, "data-cost").parse().unwrap();
            assert!((cost / expected.cost - 1.0).abs() < 1e-9, "{state}: {cost} and {}", expected.cost);
            assert_eq!(attribute(&row, "data-tie"), expected.is_tie.to_string(), "{state}");
        }
        assert!(
            dom.contains(&format!("{} takes least; {} takes ", expected[0].name, expected[1].name)),
            "{state}"
        );
        winners.push(expected[0].name.clone());
    }
    winners.dedup();
    assert!(winners.len() > 1, "the mixes have different winners: {winners:?}");

    // What is no mix is said, and an address that is none does no harm.
    let said = |state: &str| {
        let dom = opened(&chromium, home.path(), &format!("{address}#choose={state}"));
        let said = dom.split_once("id=\"choose-said\"").unwrap().1;
        said.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()
    };
    assert!(said("size:10,remove:5,insert:1").starts_with("There is more of remove than of insert"));
    assert_eq!(said("size:10,get:0"), "Give at least one operation a share.");
    assert!(said("x,key:<b>,size:-1,get:1").contains(" takes least; "));
}
