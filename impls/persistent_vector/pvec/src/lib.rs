//! Peer: the vector of crate `pvec`, an RRB tree with a tail in the handle.

use std::fmt::Debug;
use std::ops::Range;

use pvec::core::RrbVec;
use scenarios::persistent_vector::PersistentVector;
use scenarios::{About, Capability, Caveat, Contender, Growth, KnownFailure, Role};

/// `pvec::core::RrbVec`, under the contract's names.
///
/// This is not `pvec::PVec`. That one is a `Vec` until its first clone, which copies every element into an `RrbVec`;
/// every later clone of the original copies them again.
#[derive(Clone)]
struct Vector<T>(RrbVec<T>);

impl<T: Clone + Debug> PersistentVector<T> for Vector<T> {
    fn new() -> Self {
        Vector(RrbVec::new())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    // The crate's own `get` panics past the end.
    fn get(&self, index: usize) -> Option<&T> {
        if index < self.0.len() { self.0.get(index) } else { None }
    }

    fn push_back(&mut self, value: T) {
        self.0.push(value);
    }

    fn pop_back(&mut self) -> Option<T> {
        self.0.pop()
    }

    fn set(&mut self, index: usize, value: T) -> bool {
        if index >= self.0.len() {
            return false;
        }
        self.0.get_mut(index).map(|element| *element = value).is_some()
    }

    // The crate iterates by value only.
    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        (0..self.0.len()).filter_map(|index| self.0.get(index))
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.0.len() {
            return None;
        }
        let length = range.len();
        let mut part = self.0.clone().split_off(range.start);
        let _behind = part.split_off(length);
        Some(Vector(part))
    }

    fn concat(&self, other: &Self) -> Self {
        let mut joined = self.0.clone();
        joined.append(&mut other.0.clone());
        Vector(joined)
    }

    fn from_values(values: impl Iterator<Item = T>) -> Self {
        Vector(values.collect())
    }
}

struct Peer;

scenarios::persistent_vector_family!(<T> Peer = Vector<T>);

/// The contender: `pvec::core::RrbVec`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_vector::contender::<Peer>(About {
        name: "pvec",
        role: Role::Peer,
        summary: "pvec::core::RrbVec: a 32-way RRB tree with a tail of 32 slots in the handle.",
        source: "crate pvec 0.2",
        analysis: ANALYSIS,
        complexity: &[
            ("push_unshared", Growth::Logarithmic),
            ("push_shared", Growth::Logarithmic),
            ("get_random", Growth::Logarithmic),
            ("set_unshared", Growth::Logarithmic),
            ("set_shared", Growth::Logarithmic),
            ("pop_all", Growth::Logarithmic),
            ("iterate", Growth::Logarithmic),
            ("slice", Growth::Logarithmic),
            ("concat", Growth::Logarithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[
            Caveat {
                badge: "no borrowing iterator",
                text: "pvec iterates only by value: it consumes a vector and clones shared elements. So `iterate` \
                       asks for one index after the other here.",
            },
            Caveat {
                badge: "tail in the handle",
                text: "The 32 slots of the tail lie in the handle itself. A kept version of u64 takes some 560 bytes \
                       for them, which the allocation meter does not see if the versions go into an array that was \
                       made before.",
            },
        ],
        known_failures: &[
            KnownFailure { check: "trace", text: PUSH_AFTER_SPLIT },
            KnownFailure { check: "trace_long", text: PUSH_AFTER_SPLIT },
            KnownFailure { check: "trace_drops", text: PUSH_AFTER_SPLIT },
            KnownFailure { check: "panics", text: PUSH_AFTER_SPLIT },
            KnownFailure {
                check: "small_pairs",
                text: "pvec 0.2.1 fills all 32 slots of the tail when it splits and joins, and the next push onto that \
                       panics: index out of bounds, the len is 32 but the index is 32.",
            },
        ],
    })
}

const PUSH_AFTER_SPLIT: &str = "\
pvec 0.2.1 panics (entered unreachable code) when a vector that `split_off` made within the tree is pushed onto \
or joined again, for example 68 elements split at 36 and 32 pushes.";

const ANALYSIS: &str = "\
A relaxed radix balanced tree whose leaves and branches are arrays of 32 Options. A tail of 32 Options and \
its length lie in the handle. Features choose Rc or Arc; here it is Arc. RrbVec is the type that is \
persistent all the time. PVec, which the crate recommends, is a Vec until its first clone, which copies \
every element.

Push and pop write a slot of the handle and touch the tree every 32 elements: without a shared owner they \
are the cheapest of the peers. What they do there follows a path of nodes: O(log n) with a small factor. Get \
compares with the tree's length and descends by radix, through an enum \
of three kinds of nodes per level. A copied branch is 32 clones of Option<Arc>. slice splits twice and \
concat rebalances along the seam.

It loses where versions are kept: a clone copies the whole tail, 32 Options, and so does every move of the \
handle. An Option<u64> is 16 bytes, so leaves are twice as large as their content. There is no iterator \
that borrows, and splitting within the tree leaves vectors behind that panic later.";
