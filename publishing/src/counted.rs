//! Blocks of a region that count who refers to them, so that versions share what they have in common.
//!
//! ```text
//!  ┌─Node──────────────────────┐         ┌─Block───────────────────┐
//!  │ count │ label │ ●  ●  ● … │         │ count │ what it holds … │
//!  └───────┴───────┴─┼──┼──┼───┘         └─────────────────────────┘
//!                    │  │  └──────────────►  ▲
//!        other nodes ◄──┘                    └─ nodes of other versions
//! ```
//!
//! A count says how many nodes and versions refer to a block. The version that is being built counts as one. A block that
//! is reached from the root through counts of 1 alone belongs to no other version, and changes in place. Any other block is
//! copied.
//!
//! Counts are plain numbers, because only the writer reads and changes them, and a region has one writer. A reader pins a
//! version as a whole, see [`pinned`], and touches no count. What else a block holds stays as it is as long
//! as a published version refers to it, so nobody reads what somebody else writes.

use std::ptr;
use std::slice;

use scenarios::shared::{Place, SharedError};

use crate::pinned;

/// Refers to a block: its offset, divided by 8. A block begins at a multiple of 16, so the lowest bit is 0. A trie can set
/// it in order to tell kinds of blocks apart.
pub type Link = u32;

const UNIT: usize = 8;

/// Links reach no further.
const MAX_CAPACITY: u64 = (1 << 32) * UNIT as u64;

/// How many nodes a path can have.
pub const LEVELS: usize = 8;

const COUNT: usize = 0;
const LABEL: usize = 4;
const LINKS: usize = 8;

/// The offset of a block.
#[inline]
pub fn offset(link: Link) -> usize {
    (link & !1) as usize * UNIT
}

/// How many bytes a node with so many links takes. Blocks are multiples of 16, so a node often has room for another link.
#[inline]
pub fn node_length(links: u32) -> u64 {
    (LINKS as u64 + 4 * u64::from(links)).next_multiple_of(16)
}

/// The label of a node: a number that says how many links it has, in a way that the trie decides.
///
/// # Safety
/// `data` is the address of a region's data, and `node` refers to a node that nobody changes meanwhile.
#[inline]
pub unsafe fn label(data: *const u8, node: Link) -> u32 {
    // SAFETY: the caller's promise. A node begins at a multiple of 16.
    unsafe { data.add(offset(node) + LABEL).cast::<u32>().read() }
}

/// One of a node's links.
///
/// # Safety
/// As for [`label`]; and the node has more than `index` links.
#[inline]
pub unsafe fn link(data: *const u8, node: Link, index: u32) -> Link {
    // SAFETY: the caller's promise. A node begins at a multiple of 16.
    unsafe { data.add(offset(node) + LINKS).cast::<Link>().add(index as usize).read() }
}

/// A node's links.
///
/// # Safety
/// As for [`label`], for the whole of `'a`; and the node has so many links.
#[inline]
pub unsafe fn links<'a>(data: *const u8, node: Link, count: u32) -> &'a [Link] {
    // SAFETY: the caller's promise. A node begins at a multiple of 16.
    unsafe { slice::from_raw_parts(data.add(offset(node) + LINKS).cast(), count as usize) }
}

/// A version of a trie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Its root, unless it is empty.
    pub root: Option<Link>,
    /// How many entries or elements it has.
    pub len: u64,
    /// How many levels of nodes lie below the root, where that differs between versions.
    pub height: u32,
}

impl Version {
    /// The version that a payload describes.
    #[inline]
    pub fn of([root, len, height, _]: pinned::Payload) -> Self {
        Version { root: (root > 0).then(|| (root - 1) as Link), len, height: height as u32 }
    }

    fn payload(self) -> pinned::Payload {
        [self.root.map_or(0, |root| u64::from(root) + 1), self.len, u64::from(self.height), 0]
    }
}

/// A node on the way from the root to a change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    /// The node.
    pub node: Link,
    /// How many links it has.
    pub links: u32,
    /// At which of its links the way goes on, or where the change is.
    pub index: u32,
}

/// The way from the root to a change.
#[derive(Debug)]
pub struct Path {
    steps: [Step; LEVELS],
    len: usize,
    /// How many of the steps, from the root on, belong to the version that is being built alone.
    own: usize,
}

impl Path {
    /// No step.
    #[inline]
    pub fn new() -> Self {
        Path { steps: [Step::default(); LEVELS], len: 0, own: 0 }
    }

    /// Adds a step. `shared`: whether anything else refers to its node.
    #[inline]
    pub fn push(&mut self, step: Step, shared: bool) {
        if !shared && self.is_own() {
            self.own += 1;
        }
        self.steps[self.len] = step;
        self.len += 1;
    }

    /// Forgets the steps after the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.own = self.own.min(len);
    }

    /// The steps, from the root on.
    #[inline]
    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.len]
    }

    /// Whether no other version has any of its nodes.
    #[inline]
    pub fn is_own(&self) -> bool {
        self.own == self.len
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::new()
    }
}

/// A change of one node, at the index of its step.
#[derive(Clone, Copy, Debug)]
pub enum Edit {
    /// Puts a link in front of that at the index.
    Add {
        /// What it refers to.
        link: Link,
        /// The node's label from now on.
        label: u32,
    },
    /// Puts a link in the place of that at the index.
    Replace(Link),
    /// Removes the link at the index.
    Remove {
        /// The node's label from now on.
        label: u32,
    },
}

impl Edit {
    /// How many links a node has after the change.
    fn after(self, links: u32) -> u32 {
        match self {
            Edit::Add { .. } => links + 1,
            Edit::Replace(_) => links,
            Edit::Remove { .. } => links - 1,
        }
    }

    /// How many of the node's links the change takes away.
    fn taken(self) -> u32 {
        u32::from(!matches!(self, Edit::Add { .. }))
    }
}

/// The blocks of a region, for its writer.
pub struct Blocks {
    region: pinned::Writer,
}

impl Blocks {
    /// A region whose first version is empty.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        let empty = Version::default().payload();
        Ok(Blocks { region: pinned::Writer::create(place, capacity.min(MAX_CAPACITY), |_| Ok(empty))? })
    }

    /// The address of the region's data.
    #[inline]
    pub fn data(&self) -> *mut u8 {
        self.region.data()
    }

    /// How many bytes of the region are in use.
    pub fn used(&self) -> u64 {
        self.region.used()
    }

    /// A reader in this process.
    pub fn reader(&self) -> pinned::Reader {
        self.region.reader()
    }

    /// Publishes a version, which refers to its root from now on.
    ///
    /// # Errors
    /// [`SharedError::Full`] if too many versions are live.
    ///
    /// # Safety
    /// The root is a block in use, and everything that is reached from it is complete.
    pub unsafe fn publish(&mut self, version: Version) -> Result<u64, SharedError> {
        let number = self.region.publish(version.payload())?;
        if let Some(root) = version.root {
            // SAFETY: the caller's promise.
            unsafe { self.retain(root) };
        }
        Ok(number)
    }

    /// The versions that nobody can read any more. They still refer to their roots: the caller releases these.
    pub fn released(&mut self) -> impl Iterator<Item = Version> + use<> {
        self.region.released().into_iter().map(Version::of)
    }

    /// A block, to which whoever asks for it refers.
    ///
    /// # Errors
    /// [`SharedError::Full`].
    #[inline]
    pub fn allocate(&mut self, length: u64) -> Result<Link, SharedError> {
        let link = (self.region.allocate(length)? / UNIT as u64) as Link;
        // SAFETY: the block is new, and this long at least.
        unsafe { self.count(link).write(1) };
        Ok(link)
    }

    /// Allocates a block for each of `links`, of the length that its index has, or none.
    ///
    /// # Errors
    /// [`SharedError::Full`].
    pub fn allocate_all(
        &mut self,
        links: &mut [Link],
        length: impl Fn(usize) -> u64,
    ) -> Result<(), SharedError> {
        for at in 0..links.len() {
            match self.allocate(length(at)) {
                Ok(link) => links[at] = link,
                Err(error) => {
                    self.free_all(&links[..at], length);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Frees a block to which nothing refers. What it refers to stays as it is.
    #[inline]
    pub fn free(&mut self, link: Link, length: u64) {
        self.region.free(offset(link) as u64, length);
    }

    /// Frees what [`allocate_all`](Self::allocate_all) allocated.
    pub fn free_all(&mut self, links: &[Link], length: impl Fn(usize) -> u64) {
        for (at, link) in links.iter().enumerate() {
            self.free(*link, length(at));
        }
    }

    #[inline]
    fn count(&self, link: Link) -> *mut u32 {
        // An address outside of the region is harmless until somebody uses it.
        self.data().wrapping_add(offset(link) + COUNT).cast()
    }

    /// Adds a reference to a block.
    ///
    /// # Safety
    /// The block is in use.
    #[inline]
    pub unsafe fn retain(&mut self, link: Link) {
        // SAFETY: the caller's promise. Only the writer uses counts, and `self` is the writer.
        unsafe { *self.count(link) += 1 };
    }

    /// Takes a reference to a block away. `true` if that was the last one: the caller frees the block.
    ///
    /// # Safety
    /// The block is in use.
    #[inline]
    #[must_use]
    pub unsafe fn release(&mut self, link: Link) -> bool {
        let count = self.count(link);
        // SAFETY: the caller's promise. Only the writer uses counts, and `self` is the writer.
        unsafe {
            *count -= 1;
            *count == 0
        }
    }

    /// Whether there are several references to a block.
    ///
    /// # Safety
    /// The block is in use.
    #[inline]
    pub unsafe fn is_shared(&self, link: Link) -> bool {
        // SAFETY: the caller's promise. Only the writer uses counts, and `self` is the writer.
        unsafe { *self.count(link) > 1 }
    }

    /// Makes a node of an allocated block. The references of its links pass to it.
    ///
    /// # Safety
    /// The block has the length of a node with these links, and nobody else uses it.
    pub unsafe fn write_node(&mut self, node: Link, label: u32, links: &[Link]) {
        // SAFETY: the caller's promise. The block begins at a multiple of 16.
        unsafe {
            let at = self.data().add(offset(node));
            at.add(LABEL).cast::<u32>().write(label);
            ptr::copy_nonoverlapping(links.as_ptr(), at.add(LINKS).cast(), links.len());
        }
    }

    /// Changes the node at the end of a path, and copies the nodes of the path that other versions have. Returns the link
    /// that the version being built does not have any more, if it was the only one with this reference: the caller releases
    /// it. If the path has no step, a [replacement](Edit::Replace) takes the place of the root.
    ///
    /// A link that is put into the node passes its reference to it.
    ///
    /// # Errors
    /// [`SharedError::Full`]; nothing has changed then.
    ///
    /// # Safety
    /// The path leads from the root through nodes in use and says of each what is so. The edit refers to a block in use.
    pub unsafe fn edit(
        &mut self,
        root: &mut Option<Link>,
        path: &Path,
        edit: Edit,
    ) -> Result<Option<Link>, SharedError> {
        let Some((last, above)) = path.steps().split_last() else {
            let Edit::Replace(link) = edit else { panic!("{edit:?} where there is no node") };
            return Ok(root.replace(link));
        };
        if path.is_own() && node_length(edit.after(last.links)) == node_length(last.links) {
            // SAFETY: no version has the node, so it may change, and it has room.
            return Ok(unsafe { change(self.data(), last.node, *last, edit) });
        }

        // All blocks before any change. The first is that of the node nearest to the root.
        let first = path.own.min(above.len());
        let mut new = [0; LEVELS];
        let new = &mut new[..path.len - first];
        self.allocate_all(new, |at| match above.get(first + at) {
            Some(step) => node_length(step.links),
            None => node_length(edit.after(last.links)),
        })?;

        let mut below = new[new.len() - 1];
        // SAFETY: the block is new and has the length of the changed node.
        let gone = unsafe { change(self.data(), below, *last, edit) };
        if path.is_own() {
            self.free(last.node, node_length(last.links));
        } else {
            // SAFETY: the old node stays as it is, and the new one has its other links, too.
            unsafe { self.retain_others(*last, edit.taken()) };
        }
        for (node, step) in new.iter().zip(&above[first..]).rev() {
            let edit = Edit::Replace(below);
            // SAFETY: as above. The link that is replaced is still that of the old node.
            unsafe {
                change(self.data(), *node, *step, edit);
                self.retain_others(*step, edit.taken());
            }
            below = *node;
        }
        match above[..first].last() {
            Some(step) => {
                // SAFETY: no version has this node, so it may change.
                unsafe { change(self.data(), step.node, *step, Edit::Replace(below)) };
            }
            None => *root = Some(below),
        }
        if path.is_own() {
            return Ok(gone);
        }
        // SAFETY: the node is in use.
        let unused = unsafe { self.release(path.steps[first].node) };
        debug_assert!(!unused, "a node that others refer to was copied");
        Ok(None)
    }

    /// Adds a reference to each block that a node refers to, apart from `taken` at the index.
    ///
    /// # Safety
    /// The node is in use.
    unsafe fn retain_others(&mut self, step: Step, taken: u32) {
        let data = self.data();
        let Step { node, links: count, index } = step;
        // SAFETY: the caller's promise. Only the writer uses counts, and they lie outside of the links.
        unsafe {
            let links = links(data, node, count);
            let (before, after) = (&links[..index as usize], &links[(index + taken) as usize..]);
            for link in before.iter().chain(after) {
                *data.add(offset(*link) + COUNT).cast::<u32>() += 1;
            }
        }
    }
}

/// Writes what a step's node is after a change, to a new block or in place. Returns the link that the change takes away.
///
/// # Safety
/// The block `to` has the length of the changed node, and nobody else reads it.
unsafe fn change(data: *mut u8, to: Link, step: Step, edit: Edit) -> Option<Link> {
    let Step { node, links, index } = step;
    let index = index as usize;
    let taken = edit.taken() as usize;
    // SAFETY: the caller's promise. All links that are read and written lie in the two nodes, which may be the same one.
    unsafe {
        let from = data.add(offset(node) + LINKS).cast::<Link>();
        let into = data.add(offset(to) + LINKS).cast::<Link>();
        let gone = (taken > 0).then(|| from.add(index).read());
        let (link, new_label) = match edit {
            Edit::Replace(link) if to == node => {
                into.add(index).write(link);
                return gone;
            }
            Edit::Replace(link) => (Some(link), label(data, node)),
            Edit::Add { link, label } => (Some(link), label),
            Edit::Remove { label } => (None, label),
        };
        let put = usize::from(link.is_some());
        if to != node {
            ptr::copy_nonoverlapping(from, into, index);
        }
        ptr::copy(from.add(index + taken), into.add(index + put), links as usize - index - taken);
        if let Some(link) = link {
            into.add(index).write(link);
        }
        data.add(offset(to) + LABEL).cast::<u32>().write(new_label);
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie of three levels: the root and the nodes below have `width` links each, and a label that is their number.
    /// The blocks at the bottom have 16 bytes.
    struct Trie {
        blocks: Blocks,
        root: Option<Link>,
    }

    impl Trie {
        fn new(capacity: u64, width: u32) -> Self {
            let mut blocks = Blocks::create(Place::Private, capacity).expect("a region");
            let mut node = |below: &mut dyn FnMut(&mut Blocks) -> Link| {
                let links: Vec<Link> = (0..width).map(|_| below(&mut blocks)).collect();
                let node = blocks.allocate(node_length(width)).expect("room");
                // SAFETY: the block is new and has this length.
                unsafe { blocks.write_node(node, width, &links) };
                node
            };
            let mut nodes = (0..width)
                .map(|_| node(&mut |blocks| blocks.allocate(16).expect("room")))
                .collect::<Vec<_>>()
                .into_iter();
            let root = node(&mut |_| nodes.next().expect("a node"));
            Trie { blocks, root: Some(root) }
        }

        /// The path to a place in a node below the root.
        fn path(&self, place: u32, index: u32) -> Path {
            let mut path = Path::new();
            let mut node = self.root.expect("a root");
            for index in [place, index] {
                // SAFETY: the nodes are in use and have such links.
                unsafe {
                    let links = label(self.blocks.data(), node);
                    path.push(Step { node, links, index }, self.blocks.is_shared(node));
                    node = link(self.blocks.data(), node, index.min(links - 1));
                }
            }
            path
        }

        fn edit(&mut self, path: &Path, edit: Edit) -> Result<Option<Link>, SharedError> {
            // SAFETY: the path is one of `path`, and every edit of a test is about a block in use.
            unsafe { self.blocks.edit(&mut self.root, path, edit) }
        }

        fn release(&mut self, link: Link, level: u32) {
            // SAFETY: the block is in use.
            if !unsafe { self.blocks.release(link) } {
                return;
            }
            if level == 2 {
                return self.blocks.free(link, 16);
            }
            let data = self.blocks.data();
            // SAFETY: the node is not freed yet.
            let links = unsafe { links(data, link, label(data, link)) }.to_vec();
            links.iter().for_each(|below| self.release(*below, level + 1));
            self.blocks.free(link, node_length(links.len() as u32));
        }

        /// All nodes below a root, each with its links.
        fn content(&self, root: Link) -> Vec<Vec<Link>> {
            let data = self.blocks.data();
            // SAFETY: the nodes are in use.
            unsafe {
                let below = links(data, root, label(data, root)).iter();
                below.map(|node| links(data, *node, label(data, *node)).to_vec()).collect()
            }
        }

        fn publish(&mut self) {
            let version = Version { root: self.root, ..Version::default() };
            // SAFETY: the trie is complete.
            unsafe { self.blocks.publish(version) }.expect("room");
        }

        /// Frees all but the newest version.
        fn collect(&mut self) {
            for version in self.blocks.released() {
                version.root.into_iter().for_each(|root| self.release(root, 0));
            }
        }
    }

    #[test]
    fn a_published_version_keeps_what_an_edit_changes() {
        for width in [1, 2, 3, 6, 7, 31] {
            for place in 0..width {
                let mut trie = Trie::new(1 << 20, width);
                let used = trie.blocks.used();
                let first = trie.root.expect("a root");
                trie.publish();
                let before = trie.content(first);
                let mut model = before.clone();
                for index in 0..width {
                    let added = trie.blocks.allocate(16).expect("room");
                    let path = trie.path(place, index);
                    let gone = trie.edit(&path, Edit::Add { link: added, label: width + 1 });
                    assert_eq!(gone, Ok(None));
                    model[place as usize].insert(index as usize, added);
                    assert_eq!(trie.content(trie.root.expect("a root")), model);

                    let replacement = trie.blocks.allocate(16).expect("room");
                    let path = trie.path(place, index);
                    assert!(path.is_own());
                    assert_eq!(trie.edit(&path, Edit::Replace(replacement)), Ok(Some(added)));
                    trie.release(added, 2);
                    model[place as usize][index as usize] = replacement;

                    let path = trie.path(place, width);
                    let last = model[place as usize].pop();
                    assert_eq!(trie.edit(&path, Edit::Remove { label: width }), Ok(last));
                    trie.release(last.expect("a link"), 2);
                    assert_eq!(trie.content(trie.root.expect("a root")), model);
                    assert_eq!(trie.content(first), before);
                }
                trie.publish();
                trie.collect();
                assert_eq!(trie.blocks.used(), used, "the first version is freed");
                let root = trie.root.take().expect("a root");
                trie.release(root, 0);
                trie.publish();
                trie.collect();
                assert_eq!(trie.blocks.used(), 0);
            }
        }
    }

    #[test]
    fn an_edit_without_room_changes_nothing() {
        let mut trie = Trie::new(0, 8);
        let root = trie.root.expect("a root");
        trie.publish();
        let before = trie.content(root);
        // Takes all of the region but `spare` blocks.
        for spare in 0..2 {
            let mut taken = Vec::new();
            while let Ok(link) = trie.blocks.allocate(node_length(8)) {
                taken.push(link);
            }
            for link in taken.drain(taken.len() - spare..) {
                trie.blocks.free(link, node_length(8));
            }
            let used = trie.blocks.used();
            let path = trie.path(3, 5);
            for edit in [Edit::Replace(before[0][0]), Edit::Remove { label: 7 }] {
                assert_eq!(trie.edit(&path, edit), Err(SharedError::Full));
                assert_eq!((trie.blocks.used(), trie.root), (used, Some(root)));
                assert_eq!(trie.content(root), before);
            }
            taken.iter().for_each(|link| trie.blocks.free(*link, node_length(8)));
        }
    }

    #[test]
    fn a_version_is_what_its_payload_says() {
        for root in [None, Some(0), Some(2), Some(Link::MAX & !1)] {
            let version = Version { root, len: 1 << 40, height: 6 };
            assert_eq!(Version::of(version.payload()), version);
        }
    }
}
