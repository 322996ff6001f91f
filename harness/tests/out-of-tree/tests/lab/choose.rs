//! Predictions of mixes: where the costs come from.

use crate::common::{Lab, has_valgrind};

/// Scenarios of which the mix `get=1` consists, and one that runs a whole mix.
const COST: &str = "--scenario get_random --size 8,100";

/// What `choose` says about where the costs come from, and about the error.
fn said(lab: &Lab, size: usize) -> String {
    lab.run(&format!("choose persistent_vector --size {size} --mix get=1")).ends_with(0).out
}

#[test]
fn costs_come_from_whatever_says_most_about_the_mix() {
    if !has_valgrind() {
        return;
    }
    let lab = Lab::out_of_tree();
    let nothing = "choose persistent_vector --size 50 --mix get=1";
    lab.run(nothing)
        .complains(2, &["neither the newest record nor the baseline", "there is none", "measures more"]);

    // With nothing better, a record without mixed scenarios has to do.
    lab.run(&format!("run {COST} --meter instructions --no-report")).ends_with(0);
    let out = said(&lab, 50);
    assert!(out.contains("from the newest record") && out.contains("No mixed scenario"), "{out}");

    // A baseline with mixed scenarios is better, also than a newer record without.
    lab.bless("--scenario get_random,set_unshared,end_unshared,mix_09 --size 8,100,1000", 36);
    lab.run(&format!("run {COST} --meter instructions --no-report")).ends_with(0);
    let out = said(&lab, 50);
    assert!(out.contains("from the baseline") && out.contains("Nine of ten"), "{out}");

    // A record with mixed scenarios goes before the baseline, as far as its sizes reach.
    let mixed = "get_random,set_unshared,end_unshared,mix_09";
    lab.run(&format!("run --scenario {mixed} --size 8,100 --meter instructions --no-report")).ends_with(0);
    let out = said(&lab, 50);
    assert!(out.contains("from the newest record") && out.contains("Nine of ten"), "{out}");
    let out = said(&lab, 500);
    assert!(out.contains("from the baseline"), "{out}");
}
