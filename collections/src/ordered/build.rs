//! Building trees from entries that are sorted.

use super::node::{BRANCH_MAX, Node};
use super::slot::Slot;
use super::tree::Tree;
use crate::counter::Counter;

/// Nodes of one height that are not part of a tree yet. They are freed if making the branches above them panics.
struct Level<K, V, C: Counter> {
    nodes: Vec<Node<K, V, C>>,
    height: usize,
    /// How many of the nodes belong to a branch already.
    done: usize,
}

impl<K, V, C: Counter> Drop for Level<K, V, C> {
    fn drop(&mut self) {
        for node in &self.nodes[self.done..] {
            // SAFETY: the level holds these nodes, which have this height.
            unsafe { node.release(self.height) }
        }
    }
}

/// The sizes of as few groups of at most `max` as `len` takes, which differ by at most one.
fn groups(len: usize, max: usize) -> impl Iterator<Item = usize> {
    let count = len.div_ceil(max);
    (0..count).map(move |at| len / count + usize::from(at < len % count))
}

/// An entry for a new tree: one that is in another tree already, or a new one.
pub(super) enum Source<K, V, C> {
    Kept(Slot<K, V, C>),
    New(K, V),
}

/// A tree of these entries, whose keys ascend. O(n), without a comparison.
///
/// # Safety
/// The slots hold entries of trees that are alive.
pub(super) unsafe fn from_sorted<K: Clone, V: Clone, C: Counter>(
    mut entries: impl ExactSizeIterator<Item = Source<K, V, C>>,
) -> Tree<K, V, C> {
    if entries.len() == 0 {
        return Tree::new();
    }
    let mut level = Level { nodes: Vec::new(), height: 0, done: 0 };
    for size in groups(entries.len(), Node::<K, V, C>::LEAF_MAX) {
        let leaf = Node::leaf(size);
        level.nodes.push(leaf);
        for (at, entry) in entries.by_ref().take(size).enumerate() {
            // SAFETY: the leaf is new, and has room for so many entries.
            unsafe {
                match entry {
                    Source::Kept(slot) => leaf.slot(at).copy_from(slot),
                    Source::New(key, value) => leaf.slot(at).write(key, value),
                }
                leaf.set_len(at + 1);
            }
        }
    }
    while level.nodes.len() > 1 {
        let height = level.height + 1;
        let mut above = Level { nodes: Vec::new(), height, done: 0 };
        for size in groups(level.nodes.len(), BRANCH_MAX) {
            // SAFETY: the nodes of a level are not empty, and have its height.
            let branch = unsafe { Node::branch_of(&level.nodes[level.done..level.done + size], height) };
            above.nodes.push(branch);
            level.done += size;
        }
        level = above;
    }
    level.done = 1;
    // SAFETY: the root has this height, and passes from the level to the tree.
    unsafe { Tree::from_root(level.nodes[0], level.height) }
}
