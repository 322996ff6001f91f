//! Which containers the pointers of a store imply, and of which kind they are.

use std::collections::{BTreeSet, HashMap};

use crate::input::FixedHasher;
use crate::pointer::{Pointer, array_index};

/// The containers that were recorded as objects, because their children may be named like an array's elements.
///
/// A record stays when its container is gone, so that a container that comes back is what it was.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    objects: BTreeSet<String>,
    every: bool,
}

impl Kinds {
    /// No records: every container that looks like an array is one.
    pub const NONE: &'static Kinds = &Kinds { objects: BTreeSet::new(), every: false };

    /// Every container is an object: a store that keeps its arrays elsewhere.
    pub const OBJECTS: &'static Kinds = &Kinds { objects: BTreeSet::new(), every: true };

    /// Records that the container at `pointer` is an object, whatever its children are named.
    pub fn record_object(&mut self, pointer: Pointer<'_>) {
        self.objects.insert(pointer.as_str().to_owned());
    }

    /// Whether all containers are objects (`Some(true)`), or no container is recorded as one (`Some(false)`); `None` if
    /// it depends on the container. O(1), so a store can tell which of the two a tree was built for.
    #[inline]
    pub fn of_all(&self) -> Option<bool> {
        if self.every || self.objects.is_empty() { Some(self.every) } else { None }
    }

    /// Whether the container at `pointer` was recorded as an object.
    #[inline]
    pub fn is_object(&self, pointer: Pointer<'_>) -> bool {
        self.every || (!self.objects.is_empty() && self.objects.contains(pointer.as_str()))
    }
}

/// Counts of one container's children, which tell whether they are named like an array's elements.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    children: u64,
    indices: u64,
    /// The sum of the indices. Each is below 2³², so it does not overflow.
    sum: u64,
}

impl Census {
    /// Counts a child that came. Its index is `None` if its segment is no [index](array_index).
    #[inline]
    pub fn add(&mut self, index: Option<u32>) {
        self.children += 1;
        self.indices += u64::from(index.is_some());
        self.sum += u64::from(index.unwrap_or(0));
    }

    /// No longer counts a child that went.
    #[inline]
    pub fn remove(&mut self, index: Option<u32>) {
        self.children -= 1;
        self.indices -= u64::from(index.is_some());
        self.sum -= u64::from(index.unwrap_or(0));
    }

    /// Whether there is no child.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.children == 0
    }

    /// Whether the children are named `0 … k - 1`. No other k distinct indices have so small a sum.
    #[inline]
    pub fn is_dense(&self) -> bool {
        self.children == self.indices
            && (self.children == 0 || self.sum == self.children * (self.children - 1) / 2)
    }
}

/// Every container that the pointers of a store imply, and its kind. It is kept up to date leaf by leaf.
#[derive(Clone, Debug, Default)]
pub struct Containers {
    censuses: HashMap<String, Census, FixedHasher>,
    /// Which of them were recorded as objects.
    pub kinds: Kinds,
}

impl Containers {
    /// Whether there is a container at `pointer`.
    #[inline]
    pub fn contains(&self, pointer: &str) -> bool {
        self.censuses.contains_key(pointer)
    }

    /// Whether the container at `pointer` is an array; `None` if there is no container.
    #[inline]
    pub fn is_array(&self, pointer: &str) -> Option<bool> {
        let census = self.censuses.get(pointer)?;
        Some(census.is_dense() && !self.kinds.is_object(Pointer(pointer)))
    }

    /// Counts a leaf that was set at `pointer`, where there was none. `is_leaf` says where other leaves are.
    pub fn add(&mut self, pointer: Pointer<'_>, is_leaf: impl Fn(&str) -> bool) {
        let mut child = pointer;
        // A child that is a leaf or a container already is counted already.
        let mut counted = self.contains(child.as_str());
        while let Some(parent) = child.parent().filter(|_| !counted) {
            let index = array_index(child.last());
            match self.censuses.get_mut(parent.as_str()) {
                Some(census) => {
                    census.add(index);
                    return;
                }
                None => self.censuses.entry(parent.as_str().to_owned()).or_default().add(index),
            }
            counted = is_leaf(parent.as_str());
            child = parent;
        }
    }

    /// No longer counts a leaf that was deleted at `pointer`. `is_leaf` says where other leaves are.
    pub fn remove(&mut self, pointer: Pointer<'_>, is_leaf: impl Fn(&str) -> bool) {
        let mut child = pointer;
        let mut counted = self.contains(child.as_str());
        while let Some(parent) = child.parent().filter(|_| !counted) {
            let Some(census) = self.censuses.get_mut(parent.as_str()) else { return };
            census.remove(array_index(child.last()));
            if !census.is_empty() {
                return;
            }
            self.censuses.remove(parent.as_str());
            counted = is_leaf(parent.as_str());
            child = parent;
        }
    }
}
