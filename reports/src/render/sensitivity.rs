//! What other surroundings change, in words and numbers: a page of the report, and what the command prints.

use std::collections::BTreeMap;

use askama::Template;

use super::error::{Error, fill};
use super::shell::Shell;
use super::verdict::estimate;
use super::{format, pages};
use crate::sensitivity::{Change, Effect, OTHERS, Sensitivity, Surroundings, USUAL};
use crate::view::BottleneckView;

/// What surroundings change, for people: the leader, the next one, by how much, the groups with another winner, and what the
/// leader costs.
pub fn columns(effect: &Effect) -> [String; 5] {
    let absent = || format::ABSENT.to_owned();
    let (second, by) = effect.second.as_ref().map(|(name, ratio)| (name.clone(), estimate(*ratio))).unzip();
    [
        if effect.leaders.is_empty() { absent() } else { format::listed(&effect.leaders) },
        second.unwrap_or_else(absent),
        by.unwrap_or_else(absent),
        format!("{} of {}", effect.changes.len(), effect.groups),
        effect.cost().map_or_else(absent, format::ratio),
    ]
}

/// A change in words: the group, and what happens there.
fn parts(change: &Change) -> (String, String) {
    let group = format!("{} at {}", change.scenario, format::size(change.size));
    let what = format!(
        ": {} wins instead of {}, which takes {} as many instructions",
        format::listed(&change.after),
        format::listed(&change.before),
        format::ratio(change.by)
    );
    (group, what)
}

/// A change in words.
pub fn changed(change: &Change) -> String {
    let (group, what) = parts(change);
    group + &what
}

#[derive(Template)]
#[template(path = "sensitivity.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    /// The answer in a sentence or two.
    answer: String,
    /// All surroundings.
    known: Vec<Surroundings>,
    sections: Vec<Section<'a>>,
}

/// A group with another winner.
struct Linked {
    page: String,
    group: String,
    what: String,
}

/// A bottleneck in other surroundings.
struct Section<'a> {
    name: &'a str,
    title: &'a str,
    rows: Vec<(Surroundings, [String; 5])>,
    /// By the title of the surroundings: the groups with another winner.
    changes: Vec<(&'static str, Vec<Linked>)>,
    conditions: String,
    effects: Vec<Effect>,
}

/// The page of what was measured in other surroundings, for the bottlenecks of a record.
///
/// # Errors
/// If the template fails.
pub fn page(
    shell: &Shell<'_>,
    views: &[BottleneckView<'_>],
    measured: &BTreeMap<String, Sensitivity>,
) -> Result<String, Error> {
    let mut sections = Vec::new();
    for view in views {
        let Some(sensitivity) = measured.get(&view.info.name) else { continue };
        let effects = sensitivity.effects(shell.record)?;
        // The record may have none of the contenders that were measured.
        if !effects.is_empty() {
            sections.push(Section::new(view, sensitivity, effects));
        }
    }
    let page = Page {
        shell,
        answer: answer(&sections),
        known: std::iter::once(USUAL).chain(OTHERS).collect(),
        sections,
    };
    fill(&page, pages::SENSITIVITY)
}

/// What all of it says.
fn answer(sections: &[Section<'_>]) -> String {
    if sections.is_empty() {
        return "Nothing was measured in other surroundings yet. `lab sensitivity BOTTLENECK` counts instructions with \
                other allocators, hash functions, builds and sizes of entries, and this page then says where the winner \
                changes."
            .to_owned();
    }
    let mut lost = Vec::new();
    let (mut groups, mut changes) = (0, 0);
    for section in sections {
        let Some((usual, others)) = section.effects.split_first() else { continue };
        for effect in others {
            groups += effect.groups;
            changes += effect.changes.len();
            let has_led = |leader: &String| usual.leaders.contains(leader);
            if !effect.leaders.is_empty() && !effect.leaders.iter().any(has_led) {
                let (title, way) = (section.title, effect.surroundings.title);
                lost.push(format!("{} leads {title} with {way}", format::listed(&effect.leaders)));
            }
        }
    }
    let leads = match &lost[..] {
        [] => "The overall leader of each bottleneck stays the same with every allocator, hash function, build and size of \
               entries that was measured."
            .to_owned(),
        lost => format!("The overall leader changes in {} of these surroundings: {}.", lost.len(), lost.join("; ")),
    };
    format!("{leads} Another contender wins {changes} of {groups} single groups.")
}

impl<'a> Section<'a> {
    fn new(view: &'a BottleneckView<'_>, sensitivity: &Sensitivity, effects: Vec<Effect>) -> Self {
        let changes = effects.iter().filter(|effect| !effect.changes.is_empty()).map(|effect| {
            let linked = |change: &Change| {
                let page = view.scenario_page(&change.scenario);
                let (group, what) = parts(change);
                Linked { page, group, what }
            };
            (effect.surroundings.title, effect.changes.iter().map(linked).collect())
        });
        let conditions: Vec<String> =
            sensitivity.conditions.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Section {
            name: &view.info.name,
            title: &view.info.title,
            rows: effects.iter().map(|effect| (effect.surroundings, columns(effect))).collect(),
            changes: changes.collect(),
            conditions: conditions.join("; "),
            effects,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::record;
    use crate::record::Role;
    use crate::sensitivity::{Counted, named};

    /// Contender `a` leads as everywhere else, and `b` does with the allocator.
    fn sample() -> BTreeMap<String, Sensitivity> {
        let row = |(name, counts): (&str, [u64; 2])| {
            (name.parse().unwrap(), Counted { ops: 1, instructions: counts.map(Some).to_vec() })
        };
        let rows = [
            ("b/get/10/a", [100, 300]),
            ("b/get/10/b", [200, 200]),
            ("b/put/10/a", [100, 300]),
            ("b/put/10/b", [200, 200]),
        ];
        let sensitivity = Sensitivity {
            conditions: [("rustc".to_owned(), "<1>".to_owned())].into(),
            surroundings: vec![USUAL, named("jemalloc").unwrap()],
            cells: rows.into_iter().map(row).collect(),
        };
        [("b".to_owned(), sensitivity)].into()
    }

    #[test]
    fn the_page_says_whether_the_leader_changes() {
        let record =
            record(&[("a", Role::Optimized), ("b", Role::Peer)], &[("get", 10, "a", 1), ("put", 10, "b", 1)]);
        let views = BottleneckView::all(&record).unwrap();
        let shell = Shell::new(&record);
        let page = page(&shell, &views, &sample()).unwrap();
        for words in [
            "changes in 1 of these surroundings: b leads",
            "Another contender wins 2 of 2 single groups",
            "get at 10</a>: b wins instead of a, which takes 1.50× as many",
            "rustc: &#60;1&#62;",
            "data-surroundings=jemalloc",
        ] {
            assert!(page.contains(words), "`{words}` is not in {page}");
        }
        let nothing = super::page(&shell, &views, &BTreeMap::new()).unwrap();
        assert!(nothing.contains("Nothing was measured in other surroundings yet"), "{nothing}");
    }
}
