//! The identities of contenders: hashes over the compiled code that their cells can reach.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The identities of what one program measures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identities {
    /// What runs the cells, hexadecimal. Every exact count depends on it.
    pub worker: String,
    /// The contenders, by name: `bottleneck/contender`.
    pub contenders: BTreeMap<String, Identity>,
}

/// The identity of a contender, as two hashes, hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Of the code and data that its cells can reach, and of what it says that it can do.
    pub cells: String,
    /// Of the code and data that its checks can reach, and of the checks that there are.
    pub checks: String,
}

impl Identities {
    /// Whether a contender's cells have the same exact counts with the code of `other`, because they run the same code.
    pub fn same_cells(&self, other: &Identities, contender: &str) -> bool {
        self.worker == other.worker && self.same(other, contender, |identity| &identity.cells)
    }

    /// Whether a contender passes the same checks with the code of `other`.
    pub fn same_checks(&self, other: &Identities, contender: &str) -> bool {
        self.same(other, contender, |identity| &identity.checks)
    }

    /// Whether no hash of one contradicts the other.
    pub fn agrees_with(&self, other: &Identities) -> bool {
        let known = |name: &&String| other.contenders.contains_key(*name);
        self.worker == other.worker
            && self
                .contenders
                .keys()
                .filter(known)
                .all(|name| self.contenders[name] == other.contenders[name])
    }

    fn same(&self, other: &Identities, contender: &str, of: impl Fn(&Identity) -> &String) -> bool {
        match (self.contenders.get(contender), other.contenders.get(contender)) {
            (Some(ours), Some(theirs)) => of(ours) == of(theirs),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_the_same_where_their_code_and_the_worker_are() {
        let identity =
            |cells: &str, checks: &str| Identity { cells: cells.to_owned(), checks: checks.to_owned() };
        let with = |worker: &str, contenders: &[(&str, Identity)]| Identities {
            worker: worker.to_owned(),
            contenders: contenders.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect(),
        };
        let old = with("w", &[("m/a", identity("1", "2")), ("m/gone", identity("5", "6"))]);
        let same = |new: &Identities, name: &str| (new.same_cells(&old, name), new.same_checks(&old, name));
        assert_eq!(same(&old, "m/a"), (true, true));
        assert_eq!(same(&with("w", &[("m/a", identity("1", "3"))]), "m/a"), (true, false));
        assert_eq!(same(&with("w", &[("m/a", identity("3", "2"))]), "m/a"), (false, true));
        // Another worker moves every count, and checks pass as before.
        assert_eq!(same(&with("v", &[("m/a", identity("1", "2"))]), "m/a"), (false, true));
        // What is not known is not the same.
        assert_eq!(same(&with("w", &[]), "m/gone"), (false, false));
        assert_eq!(same(&with("w", &[("m/new", identity("1", "2"))]), "m/new"), (false, false));

        assert!(old.agrees_with(&with("w", &[("m/new", identity("1", "2")), ("m/a", identity("1", "2"))])));
        assert!(!old.agrees_with(&with("w", &[("m/a", identity("1", "3"))])));
        assert!(!old.agrees_with(&with("v", &[])));
    }
}
