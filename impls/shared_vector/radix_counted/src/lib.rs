//! The source's vector: a radix trie in shared memory, linked by offsets, whose nodes count who refers to them.
//!
//! Source: hamt-shared.
//!
//! ```text
//!   ┌─Node─────────────────────┐
//!   │ count │ number of links  │
//!   │ links ─►  ●  │  ●  │ …   │
//!   └───────────┼─────┼────────┘
//!               ▼     ▼
//!             Leaf  ┌─Leaf─────────────────────────────────────┐
//!                   │ count │ number of elements │ their kinds │     ┌─Text──────────────────┐
//!                   │ elements:  3.0  │  true  │  ●  │ …       │  ┌─►│ count │ length │ bytes │
//!                   └──────────────────────────────┼───────────┘  │  └───────────────────────┘
//!                                                  └──────────────┘
//! ```
//!
//! A node has up to 32 links, and a leaf up to 32 elements. All nodes but those at the right edge are full, so five bits of
//! an index name the place at each level.

use std::path::Path as FilePath;
use std::{ptr, slice, str};

use publishing::counted::{self, Blocks, Edit, LEVELS, Link, Path, Step, Version, offset};
use publishing::pinned;
use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_vector::{SharedVector, VectorSnapshot};
use scenarios::{About, Capability, Caveat, Contender, Role};

/// How many links a node has at most, and elements a leaf.
const WIDTH: u32 = 32;

/// The place at a level above the leaves, which are at level 0.
#[inline]
fn place(index: u64, level: u32) -> u32 {
    (index >> (5 * level)) as u32 % WIDTH
}

const NUMBER: u64 = 0;
const BOOL: u64 = 1;
const STR: u64 = 2;
const BYTES: u64 = 3;

/// How many bits of a leaf's word of kinds an element has.
const KIND_BITS: u32 = 2;

/// The bits of the kinds whose elements lie in blocks of their own: [`STR`] and [`BYTES`].
const IN_BLOCKS: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// An element as a leaf has it.
#[derive(Clone, Copy)]
struct Element {
    kind: u64,
    /// The bits of a number or a truth value, or the link to a text or bytes.
    slot: u64,
}

impl Element {
    /// The block that it refers to.
    fn block(self) -> Option<Link> {
        (self.kind >= STR).then_some(self.slot as Link)
    }

    /// Its value.
    ///
    /// # Safety
    /// `data` is the address of a region's data, and the element is that of a leaf that stays as it is for `'a`.
    #[inline]
    unsafe fn value<'a>(self, data: *const u8) -> Value<'a> {
        match self.kind {
            NUMBER => Value::Number(f64::from_bits(self.slot)),
            BOOL => Value::Bool(self.slot != 0),
            kind => {
                // SAFETY: the slot is the link to a block, whose bytes follow its header and do not change.
                let bytes = unsafe {
                    let at = data.add(offset(self.slot as Link)).cast::<BytesHeader>();
                    slice::from_raw_parts(at.add(1).cast::<u8>(), (*at).length as usize)
                };
                if kind == BYTES {
                    return Value::Bytes(bytes);
                }
                // SAFETY: the writer copied the bytes of a text from a `str`.
                Value::Str(unsafe { str::from_utf8_unchecked(bytes) })
            }
        }
    }
}

/// A text or bytes. They follow it.
#[repr(C)]
struct BytesHeader {
    count: u32,
    length: u32,
}

impl BytesHeader {
    /// How many bytes of the region it takes with the bytes that follow it.
    fn whole(length: usize) -> u64 {
        (size_of::<Self>() + length) as u64
    }
}

/// The beginning of a leaf. The elements' slots follow it. It begins like a node, with a count and a label: the number of
/// elements.
#[repr(C)]
struct LeafHeader {
    count: u32,
    len: u32,
    kinds: u64,
}

/// How many bytes of the region a leaf takes. Leaves have room for 4, 8, 16 or 32 elements.
fn leaf_length(len: u32) -> u64 {
    size_of::<LeafHeader>() as u64 + 8 * u64::from(len.next_power_of_two().max(4))
}

/// What is read of a leaf.
#[derive(Clone, Copy)]
struct Leaf<'a> {
    kinds: u64,
    slots: &'a [u64],
}

impl<'a> Leaf<'a> {
    /// # Safety
    /// `data` is the address of a region's data, and `link` refers to a leaf that stays as it is for `'a`, apart from its
    /// count.
    #[inline]
    unsafe fn new(data: *const u8, link: Link) -> Self {
        // SAFETY: the caller's promise. A leaf begins at a multiple of 16, and its slots follow its header.
        unsafe {
            let at = data.add(offset(link)).cast::<LeafHeader>();
            let slots = slice::from_raw_parts(at.add(1).cast::<u64>(), (*at).len as usize);
            Leaf { kinds: (*at).kinds, slots }
        }
    }

    #[inline]
    fn element(self, index: u32) -> Element {
        let kind = (self.kinds >> (KIND_BITS * index)) & BYTES;
        Element { kind, slot: self.slots[index as usize] }
    }

    /// The blocks of its elements.
    fn blocks(self) -> impl Iterator<Item = Link> + use<'a> {
        let mut left = self.kinds & IN_BLOCKS;
        std::iter::from_fn(move || {
            let at = (left != 0).then(|| left.trailing_zeros() / KIND_BITS)?;
            left &= left - 1;
            Some(self.slots[at as usize] as Link)
        })
    }
}

/// A change of a leaf.
#[derive(Clone, Copy)]
enum Change {
    /// Puts an element at a place: the place of another, or behind the last one.
    Put(u32, Element),
    /// Removes the last element.
    Pop,
}

impl Change {
    /// The number of elements after it.
    fn after(self, len: u32) -> u32 {
        match self {
            Change::Put(at, _) => len.max(at + 1),
            Change::Pop => len - 1,
        }
    }

    /// The place of the element that is there before and not after it.
    fn taken(self, len: u32) -> Option<u32> {
        match self {
            Change::Put(at, _) => (at < len).then_some(at),
            Change::Pop => Some(len - 1),
        }
    }
}

/// Writes what a leaf is after a change, to a new block or in place.
///
/// # Safety
/// The block `to` has the length of the changed leaf, and nobody else reads it. `from` refers to a leaf.
unsafe fn change(data: *mut u8, to: Link, from: Link, change: Change) {
    // SAFETY: the caller's promise. All slots that are read and written lie in the two leaves, which may be the same one.
    unsafe {
        let source = data.add(offset(from)).cast::<LeafHeader>();
        let target = data.add(offset(to)).cast::<LeafHeader>();
        let slots = target.add(1).cast::<u64>();
        let (len, mut kinds) = ((*source).len, (*source).kinds);
        let after = change.after(len);
        if to != from {
            ptr::copy_nonoverlapping(source.add(1).cast::<u64>(), slots, len.min(after) as usize);
        }
        let (at, kind) = match change {
            Change::Put(at, element) => {
                slots.add(at as usize).write(element.slot);
                (at, element.kind)
            }
            // What has no element has the kind of a number, and so refers to no block.
            Change::Pop => (after, NUMBER),
        };
        kinds = kinds & !(BYTES << (KIND_BITS * at)) | kind << (KIND_BITS * at);
        (*target).len = after;
        (*target).kinds = kinds;
    }
}

struct Writer {
    blocks: Blocks,
    root: Option<Link>,
    len: u64,
    /// The level of the root. Leaves are at level 0.
    height: u32,
}

// A link of the writer's trie, or of a version that is not released yet, refers to a block in use. This is what every
// `unsafe` block of the writer relies on.
impl Writer {
    /// How many elements fit below the root.
    fn room(&self) -> u64 {
        u64::from(WIDTH) << (5 * self.height)
    }

    /// An element of which only the caller knows.
    fn new_element(&mut self, value: Value<'_>) -> Result<Element, SharedError> {
        let (kind, bytes) = match value {
            Value::Number(value) => return Ok(Element { kind: NUMBER, slot: value.to_bits() }),
            Value::Bool(value) => return Ok(Element { kind: BOOL, slot: u64::from(value) }),
            Value::Str(value) => (STR, value.as_bytes()),
            Value::Bytes(value) => (BYTES, value),
        };
        let length = u32::try_from(bytes.len());
        let length = length.map_err(|_| SharedError::Unsupported("the value is too long".to_owned()))?;
        let link = self.blocks.allocate(BytesHeader::whole(bytes.len()))?;
        // SAFETY: the block is new and has this length.
        unsafe {
            let at = self.blocks.data().add(offset(link)).cast::<BytesHeader>();
            at.write(BytesHeader { count: 1, length });
            ptr::copy_nonoverlapping(bytes.as_ptr(), at.add(1).cast(), bytes.len());
        }
        Ok(Element { kind, slot: u64::from(link) })
    }

    fn release_block(&mut self, link: Link) {
        // SAFETY: the block is that of an element, and is in use.
        unsafe {
            if self.blocks.release(link) {
                let at = self.blocks.data().add(offset(link)).cast::<BytesHeader>();
                let length = BytesHeader::whole((*at).length as usize);
                self.blocks.free(link, length);
            }
        }
    }

    /// Takes a reference to a node or a leaf away, and frees what nobody refers to any more.
    fn release(&mut self, link: Link, level: u32) {
        // SAFETY: the block is in use.
        if !unsafe { self.blocks.release(link) } {
            return;
        }
        let data = self.blocks.data();
        if level == 0 {
            // SAFETY: the leaf is not freed yet, and nobody changes it.
            let leaf = unsafe { Leaf::new(data, link) };
            for block in leaf.blocks() {
                self.release_block(block);
            }
            return self.blocks.free(link, leaf_length(leaf.slots.len() as u32));
        }
        // SAFETY: the node is not freed yet, and nobody changes it.
        let links = unsafe { counted::links(data, link, counted::label(data, link)) };
        for below in links {
            self.release(*below, level - 1);
        }
        self.blocks.free(link, counted::node_length(links.len() as u32));
    }

    /// The nodes on the way from the root to an index. If there is no leaf at the index, the last one is where a link is
    /// missing.
    fn search(&self, root: Link, index: u64) -> (Path, Option<Link>) {
        let data = self.blocks.data();
        let mut path = Path::new();
        let mut node = root;
        for level in (1..=self.height).rev() {
            // SAFETY: the link is that of a node, and only the writer changes it.
            let (links, shared) = unsafe { (counted::label(data, node), self.blocks.is_shared(node)) };
            let index = place(index, level);
            path.push(Step { node, links, index }, shared);
            if index >= links {
                return (path, None);
            }
            // SAFETY: the node has this link.
            node = unsafe { counted::link(data, node, index) };
        }
        (path, Some(node))
    }

    /// Changes the leaf at the end of a path. If this fails, a new element is still the caller's.
    fn change(&mut self, path: &Path, leaf: Link, of_leaf: Change) -> Result<(), SharedError> {
        let data = self.blocks.data();
        // SAFETY: the link is that of a leaf, and only the writer changes it. A leaf has its label where a node has it.
        let (len, own) =
            unsafe { (counted::label(data, leaf), path.is_own() && !self.blocks.is_shared(leaf)) };
        let (before, after) = (leaf_length(len), leaf_length(of_leaf.after(len)));
        // SAFETY: the leaf is in use.
        let taken = of_leaf.taken(len).map(|at| unsafe { Leaf::new(data, leaf) }.element(at));
        if own && before == after {
            // SAFETY: no version has the leaf, so it may change, and it has room.
            unsafe { change(data, leaf, leaf, of_leaf) };
        } else {
            let new = self.blocks.allocate(after)?;
            // SAFETY: the block is new and has this length. The path is that of a search, and nothing has changed since.
            let edited = unsafe {
                change(data, new, leaf, of_leaf);
                self.blocks.edit(&mut self.root, path, Edit::Replace(new))
            };
            if edited.is_err() {
                self.blocks.free(new, after);
            }
            let gone = edited?;
            if own {
                self.blocks.free(leaf, before);
            } else {
                // SAFETY: the leaf is in use.
                let old = unsafe { Leaf::new(data, leaf) };
                for block in old.blocks() {
                    // SAFETY: the block is in use.
                    unsafe { self.blocks.retain(block) };
                }
                if let Some(gone) = gone {
                    self.release(gone, 0);
                }
            }
        }
        // What the new leaf does not have was counted with the rest, or was the old leaf's.
        if let Some(block) = taken.and_then(Element::block) {
            self.release_block(block);
        }
        Ok(())
    }

    /// Allocates a node for each level from `level` on down and a leaf, the last of which has the element alone. Each node
    /// refers to the next one.
    fn chain(&mut self, level: u32, element: Element) -> Result<[Link; LEVELS], SharedError> {
        let mut chain = [0; LEVELS];
        let nodes = level as usize;
        self.blocks.allocate_all(&mut chain[..=nodes], |at| chain_length(nodes, at))?;
        // SAFETY: the blocks are new and have these lengths.
        unsafe {
            for at in 0..nodes {
                self.blocks.write_node(chain[at], 1, &[chain[at + 1]]);
            }
            let leaf = self.blocks.data().add(offset(chain[nodes])).cast::<LeafHeader>();
            leaf.write(LeafHeader { count: 1, len: 1, kinds: element.kind });
            leaf.add(1).cast::<u64>().write(element.slot);
        }
        Ok(chain)
    }

    /// Appends an element. If this fails, it is still the caller's.
    fn append(&mut self, element: Element) -> Result<(), SharedError> {
        let Some(root) = self.root else {
            self.root = Some(self.chain(0, element)?[0]);
            return Ok(());
        };
        if self.len == self.room() {
            let chain = self.chain(self.height, element)?;
            let nodes = self.height as usize;
            let top = self.blocks.allocate(counted::node_length(2));
            if top.is_err() {
                self.blocks.free_all(&chain[..=nodes], |at| chain_length(nodes, at));
            }
            let top = top?;
            // SAFETY: the block is new and has this length.
            unsafe { self.blocks.write_node(top, 2, &[root, chain[0]]) };
            self.root = Some(top);
            self.height += 1;
            return Ok(());
        }
        let (path, leaf) = self.search(root, self.len);
        if let Some(leaf) = leaf {
            return self.change(&path, leaf, Change::Put(place(self.len, 0), element));
        }
        let steps = path.steps();
        let level = self.height - steps.len() as u32;
        let chain = self.chain(level, element)?;
        let edit = Edit::Add { link: chain[0], label: steps[steps.len() - 1].links + 1 };
        // SAFETY: the path is that of the search, and nothing has changed since.
        let edited = unsafe { self.blocks.edit(&mut self.root, &path, edit) };
        if edited.is_err() {
            let nodes = level as usize;
            self.blocks.free_all(&chain[..=nodes], |at| chain_length(nodes, at));
        }
        edited.map(drop)
    }

    /// Removes the last leaf, which has one element, with the nodes above it that have nothing else.
    fn remove_leaf(&mut self, root: Link, mut path: Path) -> Result<(), SharedError> {
        let steps = path.steps();
        let Some(at) = steps.iter().rposition(|step| step.links > 1) else {
            self.root = None;
            let level = std::mem::take(&mut self.height);
            self.release(root, level);
            return Ok(());
        };
        if at == 0 && steps[0].links == 2 {
            // The root would have one link.
            // SAFETY: the root is a node in use.
            let first = unsafe {
                let first = counted::link(self.blocks.data(), root, 0);
                self.blocks.retain(first);
                first
            };
            self.root = Some(first);
            self.release(root, self.height);
            self.height -= 1;
            return Ok(());
        }
        let edit = Edit::Remove { label: steps[at].links - 1 };
        path.truncate(at + 1);
        // SAFETY: the path is that of a search, and nothing has changed since.
        if let Some(gone) = unsafe { self.blocks.edit(&mut self.root, &path, edit)? } {
            self.release(gone, self.height - 1 - at as u32);
        }
        Ok(())
    }
}

/// The length of a block of a chain of so many nodes and a leaf.
fn chain_length(nodes: usize, at: usize) -> u64 {
    if at < nodes { counted::node_length(1) } else { leaf_length(1) }
}

impl SharedVector for Writer {
    fn push(&mut self, value: Value<'_>) -> Result<(), SharedError> {
        let element = self.new_element(value)?;
        let pushed = self.append(element);
        match (&pushed, element.block()) {
            (Ok(()), _) => self.len += 1,
            (Err(_), Some(block)) => self.release_block(block),
            (Err(_), None) => {}
        }
        pushed
    }

    fn pop(&mut self) -> Result<bool, SharedError> {
        let Some(root) = self.root else { return Ok(false) };
        let last = self.len - 1;
        let (path, leaf) = self.search(root, last);
        let leaf = leaf.expect("there is a leaf for every element");
        if place(last, 0) > 0 {
            self.change(&path, leaf, Change::Pop)?;
        } else {
            self.remove_leaf(root, path)?;
        }
        self.len = last;
        Ok(true)
    }

    fn set_at(&mut self, index: usize, value: Value<'_>) -> Result<bool, SharedError> {
        let index = index as u64;
        let Some(root) = self.root.filter(|_| index < self.len) else { return Ok(false) };
        let element = self.new_element(value)?;
        let (path, leaf) = self.search(root, index);
        let leaf = leaf.expect("there is a leaf for every element");
        let set = self.change(&path, leaf, Change::Put(place(index, 0), element));
        if let (Err(_), Some(block)) = (&set, element.block()) {
            self.release_block(block);
        }
        set.map(|()| true)
    }
}

impl shared::Writer for Writer {
    type Reader = Reader;

    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        Ok(Writer { blocks: Blocks::create(place, capacity)?, root: None, len: 0, height: 0 })
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        self.collect()?;
        // SAFETY: the trie is complete.
        unsafe { self.blocks.publish(Version { root: self.root, len: self.len, height: self.height }) }
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        for version in self.blocks.released() {
            if let Some(root) = version.root {
                self.release(root, version.height);
            }
        }
        Ok(())
    }

    fn reader(&self) -> Result<Reader, SharedError> {
        Ok(Reader(self.blocks.reader()))
    }

    fn region_bytes(&self) -> Option<u64> {
        Some(self.blocks.used())
    }
}

struct Reader(pinned::Reader);

impl shared::Reader for Reader {
    type Snapshot = Snapshot;

    fn attach(path: &FilePath) -> Result<Self, SharedError> {
        pinned::Reader::attach(path).map(Reader)
    }

    #[inline]
    fn latest(&self) -> Result<Snapshot, SharedError> {
        let pin = self.0.latest();
        Ok(Snapshot { version: Version::of(pin.payload()), pin })
    }
}

struct Snapshot {
    version: Version,
    pin: pinned::Pin,
}

impl Snapshot {
    /// The leaf of an element that the version has.
    #[inline]
    fn leaf(&self, index: u64) -> Option<Leaf<'_>> {
        let data = self.pin.data();
        let mut node = self.version.root.filter(|_| index < self.version.len)?;
        for level in (1..=self.version.height).rev() {
            // SAFETY: the version is pinned as long as `self` lives, and has this element.
            node = unsafe { counted::link(data, node, place(index, level)) };
        }
        // SAFETY: as above.
        Some(unsafe { Leaf::new(data, node) })
    }
}

impl shared::Snapshot for Snapshot {
    fn number(&self) -> u64 {
        self.pin.number()
    }
}

impl VectorSnapshot for Snapshot {
    #[inline]
    fn get(&self, index: usize) -> Option<Value<'_>> {
        let index = index as u64;
        let element = self.leaf(index)?.element(place(index, 0));
        // SAFETY: the version is pinned as long as `self` lives.
        Some(unsafe { element.value(self.pin.data()) })
    }

    fn len(&self) -> usize {
        self.version.len as usize
    }

    fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        Elements { snapshot: self, data: self.pin.data(), kinds: 0, slots: [].iter(), next: 0 }
    }

    fn to_vec(&self) -> Vec<Value<'_>> {
        let data = self.pin.data();
        let mut values = Vec::with_capacity(self.len());
        while let Some(leaf) = self.leaf(values.len() as u64) {
            let elements = (0..leaf.slots.len() as u32).map(|at| leaf.element(at));
            // SAFETY: the version is pinned as long as `self` lives.
            values.extend(elements.map(|element| unsafe { element.value(data) }));
        }
        values
    }
}

/// The elements of a snapshot. It descends once for each leaf.
struct Elements<'a> {
    snapshot: &'a Snapshot,
    data: *const u8,
    /// The kinds of what is left of the leaf that is visited.
    kinds: u64,
    slots: slice::Iter<'a, u64>,
    /// The index of the first element of the next leaf.
    next: u64,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let slot = match self.slots.next() {
            Some(slot) => *slot,
            None => {
                let leaf = self.snapshot.leaf(self.next)?;
                self.next += leaf.slots.len() as u64;
                self.kinds = leaf.kinds;
                self.slots = leaf.slots.iter();
                *self.slots.next()?
            }
        };
        let element = Element { kind: self.kinds & BYTES, slot };
        self.kinds >>= KIND_BITS;
        // SAFETY: the version is pinned as long as the snapshot lives.
        Some(unsafe { element.value(self.data) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.snapshot.version.len - self.next) as usize + self.slots.len();
        (left, Some(left))
    }
}

/// The contender: a radix trie in shared memory with reference counts.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_vector::contender::<Writer>(About {
        name: "radix_counted",
        role: Role::Optimized,
        summary: "A 32-way radix trie in shared memory: offsets for pointers, and nodes that count who refers to them.",
        source: "hamt-shared's design: vector in one shared buffer with offsets and reference counts",
        analysis: ANALYSIS,
        complexity: scenarios::shared_vector::AS_A_TRIE,
        capabilities: &[Capability::Persistent],
        caveats: &[Caveat {
            badge: "leaks after a kill",
            text: "A reader that is killed leaves its pin behind. What it held is never freed.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A leaf has up to 32 elements of 8 bytes, and one word that says of each whether it is a number, a truth value, a text or \
bytes. Texts and bytes are blocks of their own, so a leaf that is copied copies none of them. A node has up to 32 links, \
which are offsets of 32 bits. To read an element reads one link a level and then the leaf. An iteration descends once \
for each leaf.

Each node and each leaf counts who refers to it. Where only the version being built refers to a leaf and to all nodes \
above it, a change writes to it in place. Where another version does, the change copies the leaf and the path to it. \
Each node that is copied adds one to the counts of up to 32 others. A leaf of numbers has nothing to count.

No leaf is kept apart from the trie, so every push and every pop descends from the root and looks at each count on the \
way. Readers touch no count of a node. They pin a whole version by one counter that all of them share, and many readers \
of one version wait for each other there.";
