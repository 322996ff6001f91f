//! The claims that come with the lab, and what a report shows of claims.

mod common;

use std::fs;
use std::path::Path;

use reports::beside::Beside;
use reports::claims::claim::{Claim, Test};
use reports::claims::file::{own, with};
use reports::render::{Error, render, render_with};
use reports::{CellName, baseline};

const MINE: &str = r#"
[publication]
authors = "A <b> Writer"
title = "A paper"
venue = "version 1"
year = 2026
address = "https://example.org/?a=1&b=2"

[[claim]]
id = "mine-holds"
says = "Reading takes five sixths of what another <map> takes."
note = "A stand-in."
bottleneck = "persistent_map"
scenarios = ["get_hit"]
sizes = [100, 1000]
quantity = "time"
more = "imbl"
less = "champ"
at_least = 1.2

[[claim]]
id = "mine-elsewhere"
says = "Another size is another matter."
bottleneck = "persistent_map"
scenarios = ["get_hit"]
sizes = [12345]
quantity = "time"
more = "imbl"
less = "champ"

[[claim]]
id = "mine-impossible"
says = "Nobody can know."
bottleneck = "persistent_vector"
cannot_be_tested = "Nobody <can>."
claimed = "42 times"
"#;

/// The pages of a report on the common record with [`MINE`], by name.
fn pages() -> impl Fn(&str) -> String {
    let home = tempfile::tempdir().unwrap();
    let index =
        render_with(&common::full_size(), &mine(), &Beside::default(), &home.path().join("report")).unwrap();
    let directory = index.parent().unwrap();
    let names = ["index.html", "claims.html", "persistent_map.html", "persistent_vector.html"];
    let pages: Vec<(String, String)> = names
        .map(|name| (name.to_owned(), common::as_read(&fs::read_to_string(directory.join(name)).unwrap())))
        .into();
    move |name: &str| pages.iter().find(|(known, _)| known == name).unwrap().1.clone()
}

fn mine() -> Vec<Claim> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("mine.toml");
    fs::write(&path, MINE).unwrap();
    with(&path).unwrap()
}

/// The row of a claim.
fn row<'a>(page: &'a str, id: &str) -> &'a str {
    let from = page.find(&format!("<tr data-claim=\"{id}\"")).unwrap_or_else(|| panic!("no {id}"));
    &page[from..from + page[from..].find("</tr>").unwrap()]
}

#[test]
fn the_page_of_claims_shows_each_with_its_source_its_numbers_and_the_cells_that_decide() {
    let page = pages();
    let claims = page("claims.html");
    let holds = row(&claims, "mine-holds");
    assert!(holds.contains("data-verdict=\"holds\""), "{holds}");
    for part in [
        "another &#60;map&#62; takes.",
        "A &#60;b&#62; Writer, A paper, version 1, 2026",
        "href=\"https://example.org/?a=1&#38;b=2\" rel=\"noreferrer\"",
        "A stand-in.",
        "1.20× the time",
        "imbl ÷ champ",
        "href=\"persistent_map.get_hit.html\">get_hit at 100</a>",
        "in instructions",
    ] {
        assert!(holds.contains(part), "no {part}: {holds}");
    }
    let elsewhere = row(&claims, "mine-elsewhere");
    assert!(
        elsewhere.contains("not measured in this record")
            && elsewhere.contains("was not measured at 12\u{202f}345"),
        "{elsewhere}"
    );
    let impossible = row(&claims, "mine-impossible");
    assert!(
        impossible.contains("cannot be tested here") && impossible.contains("Nobody &#60;can&#62;."),
        "{impossible}"
    );
    assert!(impossible.contains("42 times"), "{impossible}");
    // The page asks the network for nothing: its only addresses are links.
    for (at, _) in claims.match_indices("https://") {
        assert!(claims[..at].ends_with("<a href=\""), "{}", &claims[at.saturating_sub(60)..at + 40]);
    }
}

#[test]
fn every_page_leads_to_the_claims_and_a_bottleneck_shows_its_own() {
    let page = pages();
    assert!(page("index.html").contains("href=\"claims.html\""));
    let (map, vector) = (page("persistent_map.html"), page("persistent_vector.html"));
    assert!(map.contains("href=\"claims.html\"") && vector.contains("href=\"claims.html\""));
    assert!(row(&map, "mine-holds").contains("href=\"persistent_map.get_hit.html\""));
    assert!(!map.contains("mine-impossible") && vector.contains("mine-impossible"));
    // Each link leads to a section that is there.
    let claims = page("claims.html");
    for link in claims.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        if let Some((name, place)) = link.split_once(".html#") {
            assert!(
                page(&format!("{name}.html")).contains(&format!("id=\"{place}\"")),
                "{link} leads nowhere"
            );
        }
    }
}

#[test]
fn a_report_has_the_lab_s_own_claims_and_counts_those_about_other_bottlenecks() {
    let home = tempfile::tempdir().unwrap();
    let index = render(&common::full_size(), &Beside::default(), &home.path().join("report")).unwrap();
    let page = common::as_read(&fs::read_to_string(index.with_file_name("claims.html")).unwrap());
    let about = |name: &str| own().iter().filter(|claim| claim.bottleneck == name).count();
    let here = about("persistent_map") + about("persistent_vector");
    assert_eq!(page.matches("<tr data-claim=").count(), here);
    assert!(page.contains(&format!("{} more claims are about", own().len() - here)));
}

#[test]
fn a_bottleneck_cannot_take_the_name_of_the_page() {
    let mut record = common::full_size();
    record.bottlenecks[0].name = "claims".into();
    record.contenders.iter_mut().for_each(|contender| contender.bottleneck = "claims".into());
    record.cells.clear();
    let home = tempfile::tempdir().unwrap();
    let refused = render(&record, &Beside::default(), &home.path().join("report")).unwrap_err();
    assert!(matches!(refused, Error::PageName(_)), "{refused}");
}

/// A claim that names a cell which is measured nowhere would never be tested.
#[test]
fn the_committed_baseline_has_a_cell_of_each_side_of_every_claim() {
    let known = baseline::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines")).unwrap();
    let has = |name: &str| known.cells.keys().any(|cell: &CellName| cell.to_string().starts_with(name));
    for claim in own().iter().filter(|claim| !matches!(claim.test, Test::Impossible { .. })) {
        for (contender, elsewhere) in claim.contenders() {
            let scenarios: Vec<&str> = match elsewhere {
                Some(scenario) => vec![scenario],
                None => claim.scenarios().iter().map(String::as_str).collect(),
            };
            for scenario in scenarios {
                let group = format!("{}/{scenario}/", claim.bottleneck);
                let there = known.cells.keys().any(|cell| {
                    let name = cell.to_string();
                    name.starts_with(&group) && name.ends_with(&format!("/{contender}"))
                });
                assert!(there && has(&group), "{}: no cell {group}*/{contender}", claim.id);
            }
        }
    }
}
