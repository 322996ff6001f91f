//! The identities of the lab's own contenders.

use std::collections::BTreeSet;
use std::process::Command;

use reports::Identities;

fn identities() -> Identities {
    let output = Command::new(env!("CARGO_BIN_EXE_lab")).args(["identity", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_contender_has_an_identity_of_its_own() {
    let identities = identities();
    let roster = lab::roster::roster();
    let names = roster.iter().map(|it| format!("{}/{}", it.bottleneck.name, it.about.name));
    assert_eq!(identities.contenders.keys().cloned().collect::<BTreeSet<_>>(), names.collect());
    let cells: BTreeSet<&String> = identities.contenders.values().map(|identity| &identity.cells).collect();
    assert_eq!(cells.len(), roster.len(), "two contenders reach the same code");
    assert_eq!(identities.worker.len(), 64);
    assert_eq!(self::identities(), identities, "asked twice");
}
