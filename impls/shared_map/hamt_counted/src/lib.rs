//! The source's map: a hash array mapped trie in shared memory, linked by offsets, whose nodes count who refers to them.
//!
//! Source: hamt-shared.
//!
//! ```text
//!   ┌─Node──────────────────────────┐
//!   │ count │ bitmap: bits 0, 3, 7  │
//!   │ links ─►  ●  │  ●  │  ●       │
//!   └───────────┼─────┼─────┼───────┘
//!               ▼     ▼     ▼
//!             Leaf  Node  ┌─Leaf────────────────────────────────────────────────────────────┐
//!                         │ count │ hash │ length of the key │ kind and length of the value │
//!                         │ key │ value                                                     │
//!                         └─────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A node has a place for each five bits of the hash. Keys whose 32 bits are equal are listed by a node below the seventh
//! one, whose label is their number. The lowest bit of a link says whether it refers to a leaf.

use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::path::Path as FilePath;
use std::{ptr, slice, str};

use publishing::counted::{self, Blocks, Edit, LEVELS, Link, Path, Step, Version, offset};
use publishing::pinned;
use scenarios::input::FixedHasher;
use scenarios::shared::{self, Place, SharedError, Value};
use scenarios::shared_map::{Family, MapAsSet, MapSnapshot, SharedMap};
use scenarios::{About, Capability, Caveat, Contender, Role};

/// The level of the nodes that list keys with equal hashes. It is below those for 32 bits, five by five.
const COLLISIONS: usize = 7;

/// The bit of a link that says that it refers to a leaf.
const LEAF: Link = 1;

fn hash_of(key: &[u8]) -> u32 {
    FixedHasher::default().hash_one(key) as u32
}

/// The place in a node at a level, as a bit.
#[inline]
fn bit_at(hash: u32, level: usize) -> u32 {
    1 << (hash >> (5 * level) & 31)
}

/// How many places come before that of a bit.
#[inline]
fn index_in(bitmap: u32, bit: u32) -> u32 {
    (bitmap & (bit - 1)).count_ones()
}

/// How many links a node has.
#[inline]
fn links_of(label: u32, level: usize) -> u32 {
    if level < COLLISIONS { label.count_ones() } else { label }
}

const FALSE: u32 = 0;
const TRUE: u32 = 1;
const NUMBER: u32 = 2;
const STR: u32 = 3;
const BYTES: u32 = 4;

/// How many bits of a leaf's word say what kind its value is. The others are the value's length.
const KIND_BITS: u32 = 3;

/// An entry. `size_of::<Header>()` bytes are followed by the key and the value.
#[repr(C)]
struct Header {
    count: u32,
    hash: u32,
    key: u32,
    value: u32,
}

/// A leaf as it lies in the region.
#[derive(Clone, Copy)]
struct Leaf<'a> {
    at: *const u8,
    region: PhantomData<&'a [u8]>,
}

impl<'a> Leaf<'a> {
    /// # Safety
    /// `data` is the address of a region's data, and `link` refers to a leaf that stays as it is for `'a`, apart from its
    /// count.
    #[inline]
    unsafe fn new(data: *const u8, link: Link) -> Self {
        // SAFETY: the caller's promise.
        Leaf { at: unsafe { data.add(offset(link)) }, region: PhantomData }
    }

    #[inline]
    fn header(self) -> *const Header {
        self.at.cast()
    }

    #[inline]
    fn hash(self) -> u32 {
        // SAFETY: a leaf begins with a header, and this field does not change.
        unsafe { (*self.header()).hash }
    }

    #[inline]
    fn key_length(self) -> usize {
        // SAFETY: as above.
        unsafe { (*self.header()).key as usize }
    }

    /// The kind of the value, and its length.
    #[inline]
    fn kind(self) -> (u32, usize) {
        // SAFETY: as above.
        let word = unsafe { (*self.header()).value };
        (word & ((1 << KIND_BITS) - 1), (word >> KIND_BITS) as usize)
    }

    /// How many bytes of the region it takes.
    fn length(self) -> u64 {
        (size_of::<Header>() + self.key_length() + self.kind().1) as u64
    }

    #[inline]
    fn key(self) -> &'a [u8] {
        // SAFETY: the key follows the header, and does not change.
        unsafe { slice::from_raw_parts(self.at.add(size_of::<Header>()), self.key_length()) }
    }

    #[inline]
    fn value(self) -> Value<'a> {
        let (kind, length) = self.kind();
        // SAFETY: the value follows the key, and does not change.
        let bytes: &'a [u8] =
            unsafe { slice::from_raw_parts(self.at.add(size_of::<Header>() + self.key_length()), length) };
        match kind {
            // SAFETY: a number has 8 bytes.
            NUMBER => Value::Number(f64::from_bits(unsafe { bytes.as_ptr().cast::<u64>().read_unaligned() })),
            // SAFETY: the writer copied these bytes from a `str`.
            STR => Value::Str(unsafe { str::from_utf8_unchecked(bytes) }),
            BYTES => Value::Bytes(bytes),
            kind => Value::Bool(kind == TRUE),
        }
    }

    #[inline]
    fn is_of(self, hash: u32, key: &[u8]) -> bool {
        self.hash() == hash && self.key() == key
    }
}

/// Looks a key up below a root.
///
/// # Safety
/// `data` is the address of a region's data, and the trie below the root stays as it is for `'a`, apart from counts.
#[inline]
unsafe fn find<'a>(data: *const u8, root: Link, key: &[u8]) -> Option<Leaf<'a>> {
    let hash = hash_of(key);
    let mut node = root;
    for level in 0..COLLISIONS {
        // SAFETY: the link is that of a node above the level of collisions, which has a link for each bit of its label.
        let link = unsafe {
            let bitmap = counted::label(data, node);
            let bit = bit_at(hash, level);
            if bitmap & bit == 0 {
                return None;
            }
            counted::link(data, node, index_in(bitmap, bit))
        };
        if link & LEAF != 0 {
            // SAFETY: the link is that of a leaf.
            let leaf = unsafe { Leaf::new(data, link) };
            return leaf.is_of(hash, key).then_some(leaf);
        }
        node = link;
    }
    // SAFETY: the node is at the level of collisions. All of its links are those of leaves.
    let mut leaves = unsafe {
        let links = counted::links(data, node, counted::label(data, node));
        links.iter().map(|link| Leaf::new(data, *link))
    };
    leaves.find(|leaf| leaf.is_of(hash, key))
}

/// Where the writer finds a key, or a place for it.
struct Found {
    path: Path,
    /// The label of the last node.
    label: u32,
    /// What the label has more when the key's place is taken.
    unit: u32,
    end: End,
}

/// What is at the key's place.
enum End {
    Nothing,
    /// The key's leaf.
    Same,
    /// The leaf of another key.
    Other(Link),
}

struct Writer {
    blocks: Blocks,
    root: Option<Link>,
    len: u64,
}

// A link of the writer's trie, or of a version that is not released yet, refers to a block in use. This is what every
// `unsafe` block of the writer relies on.
impl Writer {
    fn search(&self, root: Link, hash: u32, key: &[u8]) -> Found {
        let data = self.blocks.data();
        let mut path = Path::new();
        let mut node = root;
        for level in 0..COLLISIONS {
            let unit = bit_at(hash, level);
            // SAFETY: the link is that of a node above the level of collisions, and only the writer changes it.
            let (label, shared) = unsafe { (counted::label(data, node), self.blocks.is_shared(node)) };
            let index = index_in(label, unit);
            path.push(Step { node, links: label.count_ones(), index }, shared);
            if label & unit == 0 {
                return Found { path, label, unit, end: End::Nothing };
            }
            // SAFETY: the node has a link for each bit of its label.
            let link = unsafe { counted::link(data, node, index) };
            if link & LEAF != 0 {
                // SAFETY: the link is that of a leaf.
                let same = unsafe { Leaf::new(data, link) }.is_of(hash, key);
                return Found { path, label, unit, end: if same { End::Same } else { End::Other(link) } };
            }
            node = link;
        }
        // SAFETY: the node is at the level of collisions. All of its links are those of leaves.
        let (label, shared, same) = unsafe {
            let label = counted::label(data, node);
            let mut links = counted::links(data, node, label).iter();
            let same = links.position(|link| Leaf::new(data, *link).is_of(hash, key));
            (label, self.blocks.is_shared(node), same)
        };
        let index = same.map_or(label, |at| at as u32);
        path.push(Step { node, links: label, index }, shared);
        Found { path, label, unit: 1, end: if same.is_some() { End::Same } else { End::Nothing } }
    }

    /// Writes a leaf to which only the caller refers.
    fn new_leaf(&mut self, hash: u32, key: &[u8], value: Value<'_>) -> Result<Link, SharedError> {
        let number;
        let (kind, bytes): (u32, &[u8]) = match value {
            Value::Bool(value) => (if value { TRUE } else { FALSE }, &[]),
            Value::Number(value) => {
                number = value.to_ne_bytes();
                (NUMBER, &number)
            }
            Value::Str(value) => (STR, value.as_bytes()),
            Value::Bytes(value) => (BYTES, value),
        };
        let too_long = |what: &str| SharedError::Unsupported(format!("the {what} is too long"));
        let key_length = u32::try_from(key.len()).map_err(|_| too_long("key"))?;
        let value_length = u32::try_from(bytes.len()).map_err(|_| too_long("value"))?;
        if value_length.leading_zeros() < KIND_BITS {
            return Err(too_long("value"));
        }
        let length = size_of::<Header>() + key.len() + bytes.len();
        let link = self.blocks.allocate(length as u64)?;
        let header = Header { count: 1, hash, key: key_length, value: value_length << KIND_BITS | kind };
        // SAFETY: the block is new and has this length.
        unsafe {
            let at = self.blocks.data().add(offset(link));
            at.cast::<Header>().write(header);
            let at = at.add(size_of::<Header>());
            ptr::copy_nonoverlapping(key.as_ptr(), at, key.len());
            ptr::copy_nonoverlapping(bytes.as_ptr(), at.add(key.len()), bytes.len());
        }
        Ok(link | LEAF)
    }

    fn free_leaf(&mut self, link: Link) {
        // SAFETY: the leaf is in use.
        let length = unsafe { Leaf::new(self.blocks.data(), link) }.length();
        self.blocks.free(link, length);
    }

    /// Takes a reference away, and frees what nobody refers to any more. `level` is that of a node.
    fn release(&mut self, link: Link, level: usize) {
        // SAFETY: the block is in use.
        if !unsafe { self.blocks.release(link) } {
            return;
        }
        if link & LEAF != 0 {
            return self.free_leaf(link);
        }
        let data = self.blocks.data();
        // SAFETY: the node is not freed yet, and nobody changes it.
        let links = unsafe { counted::links(data, link, links_of(counted::label(data, link), level)) };
        for below in links {
            self.release(*below, level + 1);
        }
        self.blocks.free(link, counted::node_length(links.len() as u32));
    }

    /// Puts a leaf into the trie. `true` if its key is new. If this fails, the leaf is still the caller's.
    fn put(&mut self, hash: u32, key: &[u8], leaf: Link) -> Result<bool, SharedError> {
        let Some(root) = self.root else {
            let node = self.blocks.allocate(counted::node_length(1))?;
            // SAFETY: the block is new and has this length.
            unsafe { self.blocks.write_node(node, bit_at(hash, 0), &[leaf]) };
            self.root = Some(node);
            return Ok(true);
        };
        let Found { path, label, unit, end } = self.search(root, hash, key);
        let level = path.steps().len();
        // SAFETY: the path is that of the search, and nothing has changed since. The leaf is complete.
        let gone = unsafe {
            match end {
                End::Nothing => {
                    let edit = Edit::Add { link: leaf, label: label + unit };
                    self.blocks.edit(&mut self.root, &path, edit)?
                }
                End::Same => self.blocks.edit(&mut self.root, &path, Edit::Replace(leaf))?,
                End::Other(other) => {
                    let other_hash = Leaf::new(self.blocks.data(), other).hash();
                    let (chain, count) = self.chain(level, [(other_hash, other), (hash, leaf)])?;
                    let chain = &chain[..count];
                    let edited = self.blocks.edit(&mut self.root, &path, Edit::Replace(chain[0]));
                    if edited.is_err() {
                        self.blocks.free_all(chain, |_| counted::node_length(2));
                    }
                    let gone = edited?;
                    self.blocks.retain(other);
                    gone
                }
            }
        };
        if let Some(gone) = gone {
            self.release(gone, level);
        }
        Ok(!matches!(end, End::Same))
    }

    /// Nodes, from a level on, that tell two leaves apart: one for each level at which their hashes are equal, and one at
    /// which they are not. Adds no reference to the leaves.
    fn chain(
        &mut self,
        level: usize,
        mut leaves: [(u32, Link); 2],
    ) -> Result<([Link; LEVELS], usize), SharedError> {
        let [(one, _), (other, _)] = leaves;
        let last = (level..COLLISIONS).find(|level| bit_at(one, *level) != bit_at(other, *level));
        let last = last.unwrap_or(COLLISIONS);
        let mut chain = [0; LEVELS];
        let count = last - level + 1;
        // One link or two: this is the same length.
        self.blocks.allocate_all(&mut chain[..count], |_| counted::node_length(2))?;
        let label = if last < COLLISIONS {
            leaves.sort_unstable_by_key(|(hash, _)| bit_at(*hash, last));
            bit_at(one, last) | bit_at(other, last)
        } else {
            2
        };
        // SAFETY: the blocks are new and have this length.
        unsafe {
            self.blocks.write_node(chain[count - 1], label, &leaves.map(|(_, leaf)| leaf));
            for at in 0..count - 1 {
                self.blocks.write_node(chain[at], bit_at(one, level + at), &[chain[at + 1]]);
            }
        }
        Ok((chain, count))
    }

    /// Removes the leaf that a search found.
    fn remove(&mut self, Found { mut path, label, unit, .. }: Found) -> Result<(), SharedError> {
        let steps = path.steps();
        let last = steps[steps.len() - 1];
        if let ([_], 1) = (steps, last.links) {
            self.root = None;
            self.release(last.node, 0);
            return Ok(());
        }
        // SAFETY: the path is that of the search, and nothing has changed since.
        let gone = unsafe {
            let rest = counted::link(self.blocks.data(), last.node, 1 - last.index.min(1));
            if last.links == 2 && rest & LEAF != 0 && steps.len() > 1 {
                // The other leaf takes the place of this node, and of those above that have nothing else.
                let above = &steps[..steps.len() - 1];
                let len = above.iter().rposition(|step| step.links > 1).unwrap_or(0) + 1;
                path.truncate(len);
                self.blocks.retain(rest);
                let edited = self.blocks.edit(&mut self.root, &path, Edit::Replace(rest));
                if edited.is_err() {
                    self.release(rest, 0);
                }
                edited?
            } else {
                self.blocks.edit(&mut self.root, &path, Edit::Remove { label: label - unit })?
            }
        };
        if let Some(gone) = gone {
            self.release(gone, path.steps().len());
        }
        Ok(())
    }
}

impl SharedMap for Writer {
    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<bool, SharedError> {
        let hash = hash_of(key);
        let leaf = self.new_leaf(hash, key, value)?;
        match self.put(hash, key, leaf) {
            Ok(new) => {
                self.len += u64::from(new);
                Ok(new)
            }
            Err(error) => {
                self.free_leaf(leaf);
                Err(error)
            }
        }
    }

    fn delete(&mut self, key: &[u8]) -> Result<bool, SharedError> {
        let Some(root) = self.root else { return Ok(false) };
        let found = self.search(root, hash_of(key), key);
        let End::Same = found.end else { return Ok(false) };
        self.remove(found)?;
        self.len -= 1;
        Ok(true)
    }
}

impl shared::Writer for Writer {
    type Reader = Reader;

    fn create(place: Place<'_>, capacity: u64) -> Result<Self, SharedError> {
        Ok(Writer { blocks: Blocks::create(place, capacity)?, root: None, len: 0 })
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        self.collect()?;
        // SAFETY: the trie is complete.
        unsafe { self.blocks.publish(Version { root: self.root, len: self.len, height: 0 }) }
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        for root in self.blocks.released().filter_map(|version| version.root) {
            self.release(root, 0);
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

impl shared::Snapshot for Snapshot {
    fn number(&self) -> u64 {
        self.pin.number()
    }
}

impl MapSnapshot for Snapshot {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Value<'_>> {
        let root = self.version.root?;
        // SAFETY: the version is pinned as long as `self` lives, and the writer does not change what it has.
        unsafe { find(self.pin.data(), root, key) }.map(Leaf::value)
    }

    fn len(&self) -> usize {
        self.version.len as usize
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Value<'_>)> {
        Entries::new(self)
    }
}

/// The entries of a snapshot.
struct Entries<'a> {
    data: *const u8,
    /// What is left of the links of the node that is visited.
    links: slice::Iter<'a, Link>,
    /// The same of the nodes above it.
    above: [slice::Iter<'a, Link>; LEVELS],
    level: usize,
    left: usize,
}

impl<'a> Entries<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Entries {
            data: snapshot.pin.data(),
            links: snapshot.version.root.as_ref().map_or(&[] as &[Link], slice::from_ref).iter(),
            above: [const { [].as_slice() }; LEVELS].map(<[Link]>::iter),
            // The root's link is above the root.
            level: 0,
            left: snapshot.version.len as usize,
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a [u8], Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(link) = self.links.next() else {
                self.level = self.level.checked_sub(1)?;
                self.links = self.above[self.level].clone();
                continue;
            };
            if *link & LEAF != 0 {
                self.left -= 1;
                // SAFETY: the link is that of a leaf of a pinned version.
                let leaf = unsafe { Leaf::new(self.data, *link) };
                return Some((leaf.key(), leaf.value()));
            }
            // SAFETY: the link is that of a node of a pinned version, at this level.
            let links = unsafe {
                let count = links_of(counted::label(self.data, *link), self.level);
                counted::links(self.data, *link, count)
            };
            self.above[self.level] = std::mem::replace(&mut self.links, links.iter());
            self.level += 1;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

struct Counted;

impl Family for Counted {
    type Map = Writer;
    type Set = MapAsSet<Writer>;
}

/// The contender: a HAMT in shared memory with reference counts.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::shared_map::contender::<Counted>(About {
        name: "hamt_counted",
        role: Role::Optimized,
        summary: "A 32-way hash array mapped trie in shared memory: offsets for pointers, and nodes that count who refers to them.",
        source: "hamt-shared's design: map in one shared buffer with offsets and reference counts",
        analysis: ANALYSIS,
        complexity: scenarios::shared_map::AS_A_TRIE,
        capabilities: &[Capability::Persistent, Capability::Processes],
        caveats: &[Caveat {
            badge: "leaks after a kill",
            text: "A reader that is killed leaves its pin behind. What it held is never freed.",
        }],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
A node has a bitmap for five bits of the hash and a short array of links, which are offsets of 32 bits. An entry is a \
record of its own with hash, key and value. So a node that is copied copies links and no keys, and a look-up reads a \
node a level and then the record.

Each node and each record counts who refers to it. Where only the version being built refers to a node, a change \
writes to it in place. Where another version does, the change copies the path to it. Each node that is copied adds one \
to the count of everything that it refers to: up to 32 writes to 32 places in memory a level. To drop a version takes \
one from the count of its root. Where that was the last reference, the same writes are made once more.

Readers touch no count of a node. They pin a whole version by one counter that all of them share, and many readers of \
one version wait for each other there.";
