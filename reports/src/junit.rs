//! What the gate found, as JUnit XML: the form in which CI systems show tests.
//!
//! The template engine of the report writes it. It escapes XML already, so no other crate is needed for one file.

use askama::Template;

use crate::cell_name::CellName;

/// A cell that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The cell.
    pub cell: CellName,
    /// What was found.
    pub outcome: Outcome,
}

/// What the gate found of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it was, or better.
    Passed {
        /// What is better; empty if nothing is.
        note: String,
    },
    /// It fails the gate.
    Failed {
        /// How: `regression`, `missing`, `vanished`.
        kind: &'static str,
        /// What is worse: old, new and the growth.
        message: String,
    },
    /// It could not be measured.
    Broken {
        /// Why.
        message: String,
    },
    /// It was not judged, and that is no failure.
    Skipped {
        /// Why.
        message: String,
    },
}

impl Case {
    /// A case for each of these cells, with the same outcome.
    pub fn all<'a>(
        cells: impl IntoIterator<Item = &'a CellName>,
        outcome: impl Fn(&CellName) -> Outcome,
    ) -> Vec<Case> {
        cells.into_iter().map(|cell| Case { cell: cell.clone(), outcome: outcome(cell) }).collect()
    }
}

/// How many cases there are, by outcome.
#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut counts = Counts::default();
        for case in cases {
            counts.tests += 1;
            match case.outcome {
                Outcome::Passed { .. } => {}
                Outcome::Failed { .. } => counts.failures += 1,
                Outcome::Broken { .. } => counts.errors += 1,
                Outcome::Skipped { .. } => counts.skipped += 1,
            }
        }
        counts
    }
}

#[derive(Template)]
#[template(path = "junit.xml")]
struct Document {
    all: Counts,
    suites: Vec<Suite>,
}

struct Suite {
    name: String,
    counts: Counts,
    cases: Vec<Shown>,
}

/// A case in the document's words.
struct Shown {
    /// CI systems make a tree of what stands between dots.
    class: String,
    /// What the class does not say.
    name: String,
    outcome: Outcome,
}

impl Shown {
    fn of(Case { cell, outcome }: &Case) -> Self {
        let outcome = match outcome {
            Outcome::Passed { note } => Outcome::Passed { note: spelled(note) },
            Outcome::Failed { kind, message } => Outcome::Failed { kind, message: spelled(message) },
            Outcome::Broken { message } => Outcome::Broken { message: spelled(message) },
            Outcome::Skipped { message } => Outcome::Skipped { message: spelled(message) },
        };
        Shown {
            class: spelled(&format!("{}.{}", cell.bottleneck, cell.contender)),
            name: spelled(&format!("{}/{}", cell.scenario, cell.size)),
            outcome,
        }
    }
}

/// A text without the characters that XML has no way to spell.
fn spelled(text: &str) -> String {
    let is_known = |character: char| {
        let control = character < ' ' && !matches!(character, '\t' | '\n' | '\r');
        !control && !matches!(character, '\u{fffe}' | '\u{ffff}')
    };
    text.chars()
        .map(|character| if is_known(character) { character } else { char::REPLACEMENT_CHARACTER })
        .collect()
}

/// The cases as a document: a suite for each bottleneck, and in it the cells by name.
///
/// # Panics
/// Not in practice: the template has no part that can fail.
pub fn junit(mut cases: Vec<Case>) -> String {
    cases.sort_by(|left, right| left.cell.cmp(&right.cell));
    let all = Counts::of(&cases);
    let suites =
        cases.chunk_by(|left, right| left.cell.bottleneck == right.cell.bottleneck).map(|cases| Suite {
            name: spelled(&cases[0].cell.bottleneck),
            counts: Counts::of(cases),
            cases: cases.iter().map(Shown::of).collect(),
        });
    let document = Document { all, suites: suites.collect() };
    let text = document.render().expect("the template has no part that fails");
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(cell: &str, outcome: Outcome) -> Case {
        Case { cell: cell.parse().unwrap(), outcome }
    }

    fn counts(node: roxmltree::Node<'_, '_>) -> [usize; 4] {
        ["tests", "failures", "errors", "skipped"].map(|name| node.attribute(name).unwrap().parse().unwrap())
    }

    #[test]
    fn a_document_has_what_ci_systems_read() {
        let regression = "m/get/8/b instructions 1 000 -> 2 000 (+100.00 %)";
        let text = junit(vec![
            case("v/push/8/a", Outcome::Skipped { message: "unchanged by identity".to_owned() }),
            case("m/get/8/b", Outcome::Failed { kind: "regression", message: regression.to_owned() }),
            case("m/get/1000/a", Outcome::Passed { note: String::new() }),
            case("m/get/8/a", Outcome::Passed { note: "blocks 3 -> 2".to_owned() }),
            case("v/push/8/b", Outcome::Broken { message: "it failed".to_owned() }),
        ]);
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!((root.tag_name().name(), counts(root)), ("testsuites", [5, 1, 1, 1]));
        let suites: Vec<_> = root.children().filter(roxmltree::Node::is_element).collect();
        let named: Vec<_> =
            suites.iter().map(|suite| (suite.attribute("name").unwrap(), counts(*suite))).collect();
        assert_eq!(named, [("m", [3, 1, 0, 0]), ("v", [2, 0, 1, 1])]);
        let found: Vec<(String, String)> = document
            .descendants()
            .filter(|node| node.has_tag_name("testcase"))
            .map(|case| {
                let name = ["classname", "name"].map(|name| case.attribute(name).unwrap());
                let child = case.first_element_child().map(|child| {
                    let said = child.attribute("message").or(child.text()).unwrap();
                    format!("{}: {said}", child.tag_name().name())
                });
                (name.join(" "), child.unwrap_or_default())
            })
            .collect();
        let expected = [
            ("m.a get/8", "system-out: blocks 3 -> 2"),
            ("m.b get/8", &*format!("failure: {regression}")),
            ("m.a get/1000", ""),
            ("v.a push/8", "skipped: unchanged by identity"),
            ("v.b push/8", "error: it failed"),
        ];
        assert_eq!(found, expected.map(|(name, said)| (name.to_owned(), said.to_owned())));
    }

    #[test]
    fn any_text_is_xml() {
        let hostile = "<a href=\"x\">&amp; 'it' ]]> \u{1b}[31m\u{0} ü 日本 \u{ffff}";
        for outcome in [
            Outcome::Failed { kind: "regression", message: hostile.to_owned() },
            Outcome::Broken { message: hostile.to_owned() },
            Outcome::Skipped { message: hostile.to_owned() },
            Outcome::Passed { note: hostile.to_owned() },
        ] {
            let text = junit(vec![case("m<&>/g\"'/8/c]]>", outcome)]);
            let document = roxmltree::Document::parse(&text).unwrap();
            let case = document.descendants().find(|node| node.has_tag_name("testcase")).unwrap();
            assert_eq!(case.attribute("classname"), Some("m<&>.c]]>"));
            let child = case.first_element_child().unwrap();
            let said = child.attribute("message").or(child.text()).unwrap();
            let replaced = hostile.replace(['\u{1b}', '\u{0}', '\u{ffff}'], "\u{fffd}");
            assert_eq!(said, replaced);
        }
    }

    #[test]
    fn no_cases_are_a_document_too() {
        let text = junit(Vec::new());
        assert_eq!(counts(roxmltree::Document::parse(&text).unwrap().root_element()), [0; 4]);
    }
}
