//! Peer: the trie of crate `qp-trie`, which branches on half bytes.

use qp_trie::Trie;
use qp_trie::wrapper::BString;
use scenarios::flat::{Kinds, Leaf, Pointer};
use scenarios::flat_keys::{FlatStore, tree_at};
use scenarios::{About, Capability, Contender, Growth, Role};
use serde_json::Value;

/// The crate's trie from pointer to leaf, and the number of leaves: the trie would count by visiting every entry.
#[derive(Clone, Default)]
struct Store {
    trie: Trie<BString, Leaf>,
    len: usize,
}

impl FlatStore for Store {
    type Object = Value;

    fn new() -> Self {
        Store::default()
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf> {
        self.trie.get_str(pointer.as_str())
    }

    #[inline]
    fn get_mut(&mut self, pointer: Pointer<'_>) -> Option<&mut Leaf> {
        self.trie.get_mut_str(pointer.as_str())
    }

    #[inline]
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf> {
        if let Some(present) = self.trie.get_mut_str(pointer.as_str()) {
            return Some(std::mem::replace(present, leaf));
        }
        self.len += 1;
        self.trie.insert_str(pointer.as_str(), leaf)
    }

    #[inline]
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf> {
        let leaf = self.trie.remove_str(pointer.as_str());
        self.len -= usize::from(leaf.is_some());
        leaf
    }

    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        let mut below = String::with_capacity(prefix.as_str().len() + 1);
        below.push_str(prefix.as_str());
        below.push('/');
        self.trie.iter_prefix_str(below.as_str()).map(|(key, leaf)| (key.as_str(), leaf))
    }

    fn to_object(&self, prefix: Pointer<'_>, kinds: &Kinds) -> Option<Value> {
        tree_at(self, prefix, kinds)
    }
}

/// The contender: `qp_trie::Trie`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::flat_keys::contender::<Store>(About {
        name: "qp_trie",
        role: Role::Peer,
        summary: "qp_trie::Trie: a trie that branches on half bytes with sparse nodes.",
        source: "crate qp-trie 0.8",
        analysis: ANALYSIS,
        complexity: &[
            ("get", Growth::Logarithmic),
            ("set", Growth::Logarithmic),
            ("delete", Growth::Logarithmic),
            ("churn", Growth::Logarithmic),
            ("build", Growth::Logarithmic),
            ("keys_under_prefix", Growth::Logarithmic),
            ("first_key", Growth::Logarithmic),
            ("sorted_keys", Growth::Logarithmic),
            ("has_descendants", Growth::Logarithmic),
            ("to_object", Growth::Logarithmic),
            ("to_object_again", Growth::Linearithmic),
            ("wide_get", Growth::Logarithmic),
            ("set_kept", Growth::Linear),
        ],
        capabilities: &[Capability::Prefixes, Capability::Persistent, Capability::CopiesWhole],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A trie over half bytes. A branch says at which half byte its keys differ, and holds a child for each value \
that occurs, in a sparse array with a bitmap. Text that all keys have in common is skipped. The pointers \
below a prefix are one subtree. The lower half of a byte comes first, so keys come in an order of the \
trie's own, and sorted_keys has to sort.

It finds the subtree without comparing texts on the way, which makes it the best of the published crates \
for a narrow prefix. A lookup still passes a branch for each half byte that tells two keys apart, and each \
insert allocates and copies a larger sparse array for the branch that it changes.";
