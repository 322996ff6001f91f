//! Traces of real caches: exact LRU contenders hit as often as the oracle says, to the access.
//!
//! The traces are no part of the project. `LAB_CACHE_TRACES` names a directory of them (`*.gz`, one key
//! a line); without it `shared/data/traces` beside the project is tried, and without that nothing is tested.

use std::fs::File;
use std::io::{Read, Write};

use flate2::read::GzDecoder;
use scenarios::Capability;
use scenarios::input::outside_data;
use scenarios::lru_cache::BOTTLENECK;

/// Hits of an LRU cache: the keys in a list, the most recently used one last.
fn hits(trace: &str, capacity: usize) -> u64 {
    let mut list: Vec<&str> = Vec::new();
    let mut hits = 0;
    for key in trace.lines() {
        match list.iter().rposition(|held| *held == key) {
            Some(at) => {
                list.remove(at);
                hits += 1;
            }
            None if list.len() == capacity => drop(list.remove(0)),
            None => {}
        }
        list.push(key);
    }
    hits
}

#[test]
fn exact_contenders_hit_as_often_as_the_oracle() {
    let Some(directory) = outside_data("LAB_CACHE_TRACES", "traces") else { return };
    let entries = std::fs::read_dir(directory).unwrap();
    let own_input = BOTTLENECK.own_inputs.first().expect("the bottleneck takes traces");
    let mut compared = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "gz") {
            continue;
        }
        let mut trace = String::new();
        GzDecoder::new(File::open(&path).unwrap()).read_to_string(&mut trace).unwrap();
        // A worker leaks its file too: cases refer to it as long as they like.
        let trace: &'static str = trace.leak();
        assert_eq!((own_input.check)(trace.as_bytes()), Ok(()), "{}", path.display());
        for capacity in [500, 100_000] {
            let expected = hits(trace, capacity) as f64 / trace.lines().count() as f64;
            for contender in lab::roster::roster() {
                if contender.bottleneck.name != BOTTLENECK.name
                    || contender.about.can(&[Capability::ScansWhole])
                {
                    continue;
                }
                let mut case = contender.case("own_trace", capacity, Some(trace.as_bytes()));
                case.arm();
                case.run();
                let what = format!("{contender:?} on {} at {capacity}", path.display());
                assert_eq!(case.digest(), case.expected(), "{what}");
                let observed = case.observed();
                assert_eq!(observed.len(), 1, "{what}");
                assert_eq!(observed[0].0, "hit_rate", "{what}");
                assert!((0.0..=1.0).contains(&observed[0].1), "{what}");
                if contender.about.can(&[Capability::ExactLru]) {
                    assert_eq!(observed[0].1, expected, "{what}");
                }
                compared += 1;
            }
        }
    }
    let _ = writeln!(std::io::stderr(), "{compared} contenders, traces and capacities compared");
}
