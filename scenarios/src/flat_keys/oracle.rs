//! What lies where in a store: the oracle of every scenario and check.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::flat::{Kinds, Leaf, Pointer, touch_elements, touch_members};
use crate::input::mix;

/// The fields of a user.
pub(super) const FIELDS: [&str; 10] =
    ["name", "age", "email", "city", "role", "score", "active", "phone", "postcode", "note"];

/// What stands in a digest for a leaf that is not there.
pub(super) const ABSENT: u64 = 7;

/// The number in the leaf at the pointer with this number.
pub(super) fn value_of(id: usize) -> u64 {
    mix(id as u64)
}

/// How many users a store of `size` pointers has. The last one may have fewer fields than the others.
pub(super) fn users(size: usize) -> usize {
    size.div_ceil(FIELDS.len())
}

/// The numbers of a user's pointers in a store of `size`.
pub(super) fn ids_of(user: usize, size: usize) -> Range<usize> {
    user * FIELDS.len()..((user + 1) * FIELDS.len()).min(size)
}

/// The field of the pointer with this number.
pub(super) fn field_of(id: usize) -> &'static str {
    FIELDS[id % FIELDS.len()]
}

/// What a user's object comes to if its pointers have these values.
pub(super) fn expected_user(user: usize, size: usize, value: impl Fn(usize) -> u64) -> u64 {
    touch_members(ids_of(user, size).map(|id| (field_of(id), value(id))))
}

/// What the tree of a whole store comes to.
pub(super) fn expected_tree(size: usize, value: impl Fn(usize) -> u64) -> u64 {
    let users = touch_elements((0..users(size)).map(|user| expected_user(user, size, &value)));
    touch_members([("users", users)].into_iter())
}

/// Whether `key` lies below `prefix`, segment by segment.
pub(super) fn is_below(prefix: &str, key: &str) -> bool {
    let (prefix, key): (Vec<&str>, Vec<&str>) = (prefix.split('/').collect(), key.split('/').collect());
    key.len() > prefix.len() && key[..prefix.len()] == prefix[..]
}

/// Which containers are recorded as objects.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Objects {
    /// None.
    None,
    /// All.
    All,
    /// Those at these pointers.
    At(Vec<String>),
}

impl Objects {
    fn has(&self, pointer: &str) -> bool {
        match self {
            Objects::None => false,
            Objects::All => true,
            Objects::At(pointers) => pointers.iter().any(|other| other == pointer),
        }
    }

    /// The same as a contender is given it.
    pub(super) fn kinds(&self) -> Kinds {
        match self {
            Objects::None => Kinds::NONE.clone(),
            Objects::All => Kinds::OBJECTS.clone(),
            Objects::At(pointers) => {
                let mut kinds = Kinds::default();
                for pointer in pointers {
                    kinds.record_object(Pointer(pointer));
                }
                kinds
            }
        }
    }
}

/// The tree at `pointer` of entries, each with the segments that are left of its pointer: a plain model of
/// [`tree`](crate::flat::tree) that shares no code with it.
pub(super) fn model_tree(pointer: &str, entries: &[(Vec<&str>, &Leaf)], objects: &Objects) -> Option<Value> {
    let mut groups: BTreeMap<&str, Vec<(Vec<&str>, &Leaf)>> = BTreeMap::new();
    let mut own = None;
    for (segments, leaf) in entries {
        match segments.split_first() {
            None => own = Some(*leaf),
            Some((first, rest)) => groups.entry(first).or_default().push((rest.to_vec(), leaf)),
        }
    }
    if groups.is_empty() {
        return own.map(|leaf| leaf.value().clone());
    }
    let tree_of = |name: &str| model_tree(&format!("{pointer}/{name}"), &groups[name], objects);
    let indices: Vec<String> = (0..groups.len()).map(|index| index.to_string()).collect();
    if !objects.has(pointer) && indices.iter().all(|index| groups.contains_key(index.as_str())) {
        return indices.iter().map(|index| tree_of(index)).collect();
    }
    let members =
        groups.keys().map(|name| Some((name.replace("~1", "/").replace("~0", "~"), tree_of(name)?)));
    members.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
}
