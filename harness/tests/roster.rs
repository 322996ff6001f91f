//! The roster is complete: every contender under `impls/` is on it, and tells what a reader needs.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{project, written};
use scenarios::{Capability, Contender, Purpose, Role};

fn name(contender: &Contender) -> String {
    format!("{}/{}", contender.bottleneck.name, contender.about.name)
}

#[test]
fn every_directory_under_impls_is_on_the_roster_and_vice_versa() {
    let written = written(&project());
    let listed: BTreeSet<String> = lab::roster::roster().iter().map(name).collect();
    let missing: Vec<&String> = written.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "not in harness/src/roster/list.rs, as `lab new` would have put them: {missing:?}"
    );
    let homeless: Vec<&String> = listed.difference(&written).collect();
    assert!(homeless.is_empty(), "on the roster, without a directory of that name in impls/: {homeless:?}");
}

#[test]
fn every_package_is_named_after_its_directory() {
    for contender in lab::roster::roster() {
        let (bottleneck, own) = (contender.bottleneck.name, contender.about.name);
        let path = project().join("impls").join(bottleneck).join(own).join("Cargo.toml");
        let manifest = std::fs::read_to_string(&path).unwrap();
        let expected = format!("name = \"{bottleneck}-{own}\"");
        assert!(manifest.lines().any(|line| line == expected), "{} has no `{expected}`", path.display());
    }
}

#[test]
fn names_are_unique_and_plain() {
    let mut known = BTreeSet::new();
    for contender in lab::roster::roster() {
        assert!(known.insert(name(&contender)), "{contender:?} is on the roster twice");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(contender.about.name.bytes().all(plain), "{contender:?}");
    }
}

#[test]
fn every_bottleneck_has_its_reference_and_something_to_beat() {
    let roster = lab::roster::roster();
    for bottleneck in scenarios::BOTTLENECKS {
        let own = || roster.iter().filter(|contender| std::ptr::eq(contender.bottleneck, *bottleneck));
        let reference = bottleneck.reference;
        assert!(
            own().any(|contender| contender.about.name == reference),
            "{}: its reference `{reference}` is not on the roster",
            bottleneck.name
        );
        // `lab new` copies the naive one.
        assert!(
            own().any(|contender| contender.about.role == Role::Naive),
            "{}: nothing naive",
            bottleneck.name
        );
    }
}

/// Whether `text` is one or more whole sentences on one line.
fn is_prose(text: &str) -> bool {
    let text = text.trim_end_matches(['"', ')']);
    text.ends_with(['.', '?', '!']) && !text.contains('\n') && !text.contains("  ")
}

#[test]
fn every_contender_says_what_it_is() {
    for contender in lab::roster::roster() {
        let about = &contender.about;
        assert!(is_prose(about.summary), "{contender:?}: its summary is not a sentence: {}", about.summary);
        assert!(!about.source.is_empty(), "{contender:?}: where does it come from?");
        assert!(!about.source.ends_with('.'), "{contender:?}: a source is no sentence: {}", about.source);
        let paragraphs: Vec<&str> = about.analysis.split("\n\n").collect();
        assert!(
            paragraphs.len() > 1,
            "{contender:?}: the analysis says what it does, and why it wins or loses: two paragraphs at least"
        );
        for paragraph in paragraphs {
            assert!(is_prose(paragraph), "{contender:?}: not prose: {paragraph:?}");
        }
        let badges = about.caveats.iter().map(|caveat| (caveat.badge, caveat.text));
        for (badge, text) in badges.chain(about.known_failures.iter().map(|known| (known.check, known.text)))
        {
            assert!(!badge.is_empty() && badge.len() <= 30, "{contender:?}: a badge is a few words: {badge}");
            assert!(is_prose(text), "{contender:?}, {badge}: not a sentence: {text}");
        }
    }
}

#[test]
fn every_contender_states_the_growth_of_every_scenario_it_takes_part_in() {
    for contender in lab::roster::roster() {
        let stated = contender.about.complexity;
        // As the report reads it: an operation stands for its scenario and for that one's variants.
        let covers = |operation: &str, scenario: &str| {
            scenario.strip_prefix(operation).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        // What is there for another purpose is not shown beside the growth that is stated.
        let compared = contender.scenarios().filter(|scenario| scenario.purpose == Purpose::Comparison);
        for scenario in compared {
            let found = stated.iter().any(|(operation, _)| covers(operation, scenario.name));
            assert!(found, "{contender:?} states no growth for `{}`", scenario.name);
        }
        for (operation, _) in stated {
            let found = contender.scenarios().any(|scenario| covers(operation, scenario.name));
            assert!(found, "{contender:?} states a growth for `{operation}`, in which it takes no part");
        }
        let operations: BTreeSet<&str> = stated.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(operations.len(), stated.len(), "{contender:?} states a growth twice");
    }
}

#[test]
fn capabilities_fit_roles() {
    for contender in lab::roster::roster() {
        let about = &contender.about;
        let persistent = about.can(&[Capability::Persistent]);
        let mut scenarios = contender.bottleneck.scenarios.iter();
        // Where a bottleneck is about versions, a contender that keeps none is a bound.
        if scenarios.any(|scenario| scenario.requires.contains(&Capability::Persistent)) {
            assert_eq!(persistent, about.role != Role::Bound, "{contender:?} is {}", about.role.as_str());
        }
        let copies_whole = about.can(&[Capability::CopiesWhole]);
        assert!(persistent || !copies_whole, "{contender:?} copies whole, but keeps no version");
        assert!(contender.scenarios().next().is_some(), "{contender:?} takes part in nothing");
    }
}

#[test]
fn known_failures_name_checks() {
    for contender in lab::roster::roster() {
        for known in contender.about.known_failures {
            let checks = contender.bottleneck.checks;
            assert!(checks.iter().any(|check| check.name == known.check), "{contender:?}: {}", known.check);
            assert_eq!(contender.about.role, Role::Peer, "{contender:?}: ours is mended, not excused");
        }
    }
}

#[test]
fn the_smallest_size_is_sound_in_every_scenario() {
    for contender in lab::roster::roster() {
        for scenario in contender.scenarios() {
            let mut case = contender.case(scenario.name, 1, None);
            case.arm();
            case.run();
            assert_eq!(case.digest(), case.expected(), "{contender:?} in {} at size 1", scenario.name);
            assert!(case.ops() > 0, "{contender:?} in {} does nothing at size 1", scenario.name);
        }
    }
}

#[test]
fn memory_is_told_by_scenarios_that_exist() {
    for bottleneck in scenarios::BOTTLENECKS {
        for memory in bottleneck.memory {
            let keeps_versions = |name: &str| {
                let found = bottleneck.scenarios.iter().find(|scenario| scenario.name == name);
                let scenario = found.unwrap_or_else(|| panic!("{}: no scenario `{name}`", bottleneck.name));
                scenario.requires.contains(&Capability::Persistent)
            };
            assert!(!keeps_versions(memory.built) && keeps_versions(memory.kept), "{memory:?}");
        }
    }
}

/// Without one of these mixtures the report cannot tell what a part is worth.
#[test]
fn a_composition_has_contenders_that_tell_what_each_part_is_worth() {
    let roster = lab::roster::roster();
    for bottleneck in scenarios::BOTTLENECKS {
        let Some(composition) = bottleneck.composition else { continue };
        let exists = |bottleneck: &str, name: &str| {
            let mut all = roster.iter();
            assert!(
                all.any(|contender| contender.bottleneck.name == bottleneck && contender.about.name == name),
                "no contender {bottleneck}/{name}"
            );
        };
        let names: BTreeSet<&str> = composition.parts.iter().map(|part| part.name).collect();
        assert_eq!(names.len(), composition.parts.len(), "{}: two parts have one name", bottleneck.name);
        for part in composition.parts {
            for form in [part.naive, part.planned, part.best] {
                exists(part.bottleneck, form);
            }
        }
        let mut mixtures = BTreeSet::new();
        for mixture in composition.mixtures {
            exists(bottleneck.name, mixture.contender);
            let best: BTreeSet<&str> = mixture.best.iter().copied().collect();
            assert!(best.is_subset(&names), "{}: no such part", mixture.contender);
            assert!(mixtures.insert(best), "{}: another contender is the same mixture", mixture.contender);
        }
        exists(bottleneck.name, composition.planned);
        assert!(mixtures.contains(&BTreeSet::new()) && mixtures.contains(&names), "{}", bottleneck.name);
        for name in &names {
            let alone = BTreeSet::from([*name]);
            let all_but_it = &names - &alone;
            assert!(
                mixtures.contains(&alone) && mixtures.contains(&all_but_it),
                "{}: {name}",
                bottleneck.name
            );
        }
        for program in composition.programs {
            let is_listed = bottleneck.scenarios.iter().any(|scenario| scenario.name == *program);
            assert!(is_listed, "{}: no scenario {program}", bottleneck.name);
        }
    }
}

#[test]
fn claims_are_about_cells_that_exist() {
    let roster = lab::roster::roster();
    for claim in reports::claims::file::own() {
        let id = &claim.id;
        let bottleneck = scenarios::BOTTLENECKS.iter().find(|bottleneck| bottleneck.name == claim.bottleneck);
        let bottleneck = bottleneck.unwrap_or_else(|| panic!("{id}: no bottleneck {}", claim.bottleneck));
        let of_bottleneck = roster.iter().filter(|contender| contender.bottleneck.name == bottleneck.name);
        for (name, elsewhere) in claim.contenders() {
            let contender = of_bottleneck.clone().find(|contender| contender.about.name == name);
            let contender = contender.unwrap_or_else(|| panic!("{id}: no contender {name}"));
            let own: Vec<&str> = elsewhere.map_or_else(
                || claim.scenarios().iter().map(String::as_str).collect(),
                |scenario| vec![scenario],
            );
            for scenario in own {
                let takes_part = contender.scenarios().any(|known| known.name == scenario);
                assert!(takes_part, "{id}: {name} takes no part in {scenario}");
                let scenario = bottleneck.scenarios.iter().find(|known| known.name == scenario);
                let sizes = scenario.and_then(|scenario| scenario.sizes).unwrap_or(bottleneck.sizes);
                let has = |size: &u64| {
                    [sizes.quick, sizes.default, sizes.full].concat().contains(&(*size as usize))
                };
                assert!(claim.sizes().iter().all(has), "{id}: not every size of it is in a profile");
            }
        }
    }
}

/// Cells of one contender must not depend on the others: its scenarios have to be compiled in its own crate.
/// The compiler takes a small function over into the crate that calls it, and everything that it instantiates
/// with it, unless it is told not to.
#[test]
fn every_contender_is_compiled_in_its_own_crate() {
    for contender in lab::roster::roster() {
        let path = format!("../impls/{}/{}/src/lib.rs", contender.bottleneck.name, contender.about.name);
        let source = std::fs::read_to_string(&path).unwrap();
        let kept = source.contains("#[inline(never)]\npub fn contender() -> Contender {");
        assert!(kept, "{path}: `pub fn contender()` needs `#[inline(never)]` on the line before it");
    }
}

/// A contender without tests says `test = false`, because a test program of each would take a quarter of the build.
#[test]
fn a_contender_s_tests_and_examples_are_run_if_it_has_any() {
    for contender in lab::roster::roster() {
        let directory = project().join("impls").join(contender.bottleneck.name).join(contender.about.name);
        let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        let leaves_out = |what: &str| manifest.lines().any(|line| line == format!("{what} = false"));
        for source in sources(&directory.join("src")) {
            let text = std::fs::read_to_string(&source).unwrap();
            let has_tests = text.contains("#[test]") || text.contains("#[cfg(test)]");
            assert!(
                !(has_tests && leaves_out("test")),
                "{} has tests: remove `test = false`",
                source.display()
            );
            let mut fences = text
                .lines()
                .map(str::trim_start)
                .filter_map(|line| line.strip_prefix("//! ```").or_else(|| line.strip_prefix("/// ```")));
            let has_examples = fences.by_ref().step_by(2).any(|fence| fence != "text");
            assert!(
                !(has_examples && leaves_out("doctest")),
                "{} has an example: remove `doctest = false`",
                source.display()
            );
        }
    }
}

/// The files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
