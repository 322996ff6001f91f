//! Inputs and measured regions.

use super::contract::__Name__;
use super::oracle;
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::Request;
use crate::input::{copies, mix, rng, shuffled, sum};

/// Sets up the scenario that the request names.
pub(super) fn set_up<S: __Name__ + 'static>(request: Request) -> Box<dyn Case> {
    match request.scenario {
        "insert" => insert::<S>(request),
        other => not_set_up(other),
    }
}

/// Several sets, so that a region of a small size does enough to be measured.
fn insert<S: __Name__ + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    let keys: Vec<u64> = shuffled(&mut rng("insert", size), size).into_iter().map(mix).collect();
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        keys,
        move |_| (0..count).map(|_| S::new()).collect::<Vec<S>>(),
        |keys, sets: &mut Vec<S>| {
            for set in sets {
                for key in keys {
                    set.insert(*key);
                }
            }
        },
        |keys, sets, ()| {
            let held = |set: &S| sum(keys.iter().copied().filter(|key| set.contains(*key)));
            sum(sets.iter().map(held))
        },
        move |keys| oracle::content_digest(keys).wrapping_mul(count as u64),
    )
}
