//! **Persistent vector**: a sequence whose old versions stay valid, cheaply.
//!
//! Contract: [`PersistentVector`], for every element type through a [`Family`]. Oracle: a `Vec`
//! copied whole for every version. Scenarios: [`BOTTLENECK`], with `u64` elements.
//!
//! "Unshared" vectors are owned once, so a change may happen in place; a "shared" step keeps the
//! version before it alive to the end of the region.

mod cases;
mod checks;
mod oracle;

use std::fmt::Debug;
use std::ops::Range;

use crate::contender::{About, Bottleneck, Capability, Claim, Contender, Memory, NOTHING, Scenario, Sizes};

/// A sequence with cheap versions: `clone` keeps the present content, every change affects one clone only.
pub trait PersistentVector<T>: Clone {
    /// The empty vector.
    fn new() -> Self;
    /// Number of elements.
    fn len(&self) -> usize;
    /// The element at `index`, or `None` past the end.
    fn get(&self, index: usize) -> Option<&T>;
    /// Appends `value`, in place where this version shares nothing.
    fn push_back(&mut self, value: T);
    /// Removes and returns the last element.
    fn pop_back(&mut self) -> Option<T>;
    /// Replaces the element at `index`; `false`, and nothing changes, past the end.
    fn set(&mut self, index: usize, value: T) -> bool;
    /// Every element in order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a;
    /// The elements of `range`, which must lie within the vector; `None` where it does not.
    fn slice(&self, range: Range<usize>) -> Option<Self>;
    /// This vector's elements, then those of `other`.
    fn concat(&self, other: &Self) -> Self;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The vector of `values`.
    fn from_values(values: impl Iterator<Item = T>) -> Self {
        let mut vector = Self::new();
        for value in values {
            vector.push_back(value);
        }
        vector
    }
}

/// One vector implementation, for every element type.
pub trait Family: 'static {
    /// The vector type.
    type Vector<T>: PersistentVector<T> + Send + Sync + 'static
    where
        T: Clone + Debug + PartialEq + Send + Sync + 'static;
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "persistent_vector",
    title: "Persistent vector",
    question: "How much does it cost to keep old versions of a sequence alive? Copying an array at each push or set is \
               O(n) per version; a 32-way trie with a tail copies a path of a few small nodes and reads almost as \
               fast as an array.",
    scenarios: SCENARIOS,
    checks: checks::CHECKS,
    sizes: Sizes {
        quick: &[8, 100, 1000],
        default: &[8, 32, 100, 1000, 10_000, 100_000],
        full: &[8, 32, 100, 1000, 10_000, 100_000, 1_000_000],
    },
    claims: CLAIMS,
    memory: &[Memory { unit: "element", built: "push_unshared", kept: "variants_100", versions: 100 }],
    own_input: None,
    reference: "imbl",
    describe: checks::describe,
};

const CLAIMS: &[Claim] = &[Claim::new(
    "dm-vector",
    "A push onto a 32-way trie is O(log32 n); onto an array that is copied whole it is O(n).",
    None,
    ("push_shared", 100_000),
    ["array_copy", "trie32"],
)];

const PERSISTENT: &[Capability] = &[Capability::Persistent];

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    Scenario::new("push_unshared", "push", NOTHING, "Builds a vector of n elements from empty, owned once."),
    Scenario::new("push_shared", "push", PERSISTENT, "Pushes elements (all n up to 1,000, the last 250 of more), every version before kept."),
    Scenario::new("get_random", "get", NOTHING, "Reads random elements of a vector of n."),
    Scenario::new("set_unshared", "set", NOTHING, "Replaces random elements of a vector of n, owned once."),
    Scenario::new("set_shared", "set", PERSISTENT, "Replaces random elements (n steps up to 1,000, 250 beyond), every version before kept."),
    Scenario::new("pop_all", "pop", NOTHING, "Pops every element of a vector of n, owned once."),
    Scenario::new("iterate", "element", NOTHING, "Visits every element of a vector of n in order."),
    Scenario::new("slice", "slice", NOTHING, "Takes the middle part (about half) of a vector of n; both stay."),
    Scenario::new("concat", "concat", NOTHING, "Concatenates two vectors of n/2 elements; both stay."),
    Scenario::new("variants_100", "variant", PERSISTENT, "Derives 100 variants of one vector of n by one set each and keeps them all."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender {
        bottleneck: &BOTTLENECK,
        about,
        set_up: cases::set_up::<F::Vector<u64>>,
        replay: checks::replay::<F>,
    }
}
