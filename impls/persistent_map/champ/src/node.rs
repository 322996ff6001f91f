//! The node: one allocation of a header, entries and children.
//!
//! ```text
//!   ┌────────────────────────────┬──────────────┬───────────────┬───────┐
//!   │ count │ data │ nodes │ len │ E │ E │ E    │ ● │ ●         │ spare │
//!   └────────────────────────────┴──────────────┴───────────────┴───────┘
//!     4 bytes each                 `len` entries  one child a bit
//!                                                of `nodes`
//! ```
//!
//! Invariants, which the `unsafe` blocks below rely on:
//!
//! * `len` entries and as many children as `nodes` has bits are initialised, at [`Ref::ENTRIES`] and behind them;
//! * the allocation has the layout that [`Ref::layout`] gives for those two numbers;
//! * `count` is the number of `Ref`s to the node; while it is one, `&mut Ref` is exclusive access to it.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::{mem, slice};

#[repr(C)]
struct Header {
    count: AtomicU32,
    data: u32,
    nodes: u32,
    len: u32,
}

/// Beyond this many references the process is aborted, so that leaked clones cannot wrap the count around.
const MAX_COUNT: u32 = u32::MAX / 2;

/// A counted reference to a node with entries `E`.
///
/// Covariant in `E`, because only a sole holder writes to a node.
pub struct Ref<E> {
    header: NonNull<Header>,
    /// Shares entries as an `Arc` does.
    entries: PhantomData<Arc<E>>,
}

// SAFETY: a `Ref` gives shared access to its entries from every thread that holds one, and the thread that drops the
// last one drops them. So both `Send` and `Sync` need entries that are `Send` and `Sync`.
unsafe impl<E: Send + Sync> Send for Ref<E> {}

// SAFETY: as above.
unsafe impl<E: Send + Sync> Sync for Ref<E> {}

impl<E> Clone for Ref<E> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed is enough, because a thread that counts up holds the node already.
        if self.header().count.fetch_add(1, Ordering::Relaxed) > MAX_COUNT {
            std::process::abort();
        }
        Ref { header: self.header, entries: PhantomData }
    }
}

impl<E> Drop for Ref<E> {
    #[inline]
    fn drop(&mut self) {
        // Release, so that what this holder did happens before the last one frees the node.
        if self.header().count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            self.free();
        }
    }
}

/// The memory of a node that nothing refers to any more.
struct Memory {
    address: NonNull<Header>,
    layout: Layout,
}

impl Drop for Memory {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nothing refers to it any more.
        unsafe { dealloc(self.address.as_ptr().cast(), self.layout) };
    }
}

/// The children of a node that nothing refers to any more.
struct Children<E>(*mut [Ref<E>]);

impl<E> Drop for Children<E> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: they are initialised, belong to the node, and nothing refers to them any more.
        unsafe { ptr::drop_in_place(self.0) };
    }
}

/// A change of one of a node's two lists: the item at `at` is taken out if `take` says so, and `put` is inserted there.
pub struct Splice<T> {
    pub at: usize,
    pub take: bool,
    pub put: Option<T>,
}

impl<T> Splice<T> {
    pub const NONE: Splice<T> = Splice { at: 0, take: false, put: None };

    pub fn put(at: usize, put: T) -> Self {
        Splice { at, take: false, put: Some(put) }
    }

    pub fn take(at: usize) -> Self {
        Splice { at, take: true, put: None }
    }

    fn len(&self, before: usize) -> usize {
        before + usize::from(self.put.is_some()) - usize::from(self.take)
    }
}

impl<E> Ref<E> {
    /// Where the entries begin.
    const ENTRIES: usize = size_of::<Header>().next_multiple_of(align_of::<E>());

    const ALIGN: usize = {
        let (header, child, entry) = (align_of::<Header>(), align_of::<Ref<E>>(), align_of::<E>());
        let most = if header > child { header } else { child };
        if most > entry { most } else { entry }
    };

    /// The size of a node is a multiple of this many bytes, so that most nodes can grow in place several times.
    const GRAIN: usize = 64;

    /// Where the children of a node with `len` entries begin.
    #[inline]
    fn children_at(len: usize) -> usize {
        (Self::ENTRIES + len * size_of::<E>()).next_multiple_of(align_of::<Ref<E>>())
    }

    fn layout(len: usize, children: usize) -> Layout {
        let size = Self::children_at(len) + children * size_of::<Ref<E>>();
        Layout::from_size_align(size.next_multiple_of(Self::GRAIN), Self::ALIGN)
            .expect("a node is as large as its entries, which are in memory")
    }

    /// A node with these two lists.
    pub fn new<const N: usize, const M: usize>(
        data: u32,
        nodes: u32,
        entries: [E; N],
        children: [Ref<E>; M],
    ) -> Self {
        let mut draft = Draft::new(N, M);
        entries.into_iter().for_each(|entry| draft.push_entry(entry));
        children.into_iter().for_each(|child| draft.push_child(child));
        draft.finish(data, nodes)
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the node lives while a `Ref` to it does.
        unsafe { self.header.as_ref() }
    }

    /// Which hash bits lead to an entry.
    #[inline]
    pub fn data(&self) -> u32 {
        self.header().data
    }

    /// Which hash bits lead to a child.
    #[inline]
    pub fn nodes(&self) -> u32 {
        self.header().nodes
    }

    #[inline]
    fn entries_ptr(&self) -> *mut E {
        // SAFETY: the offset lies in the allocation, or at its end if entries have no size.
        unsafe { self.header.as_ptr().byte_add(Self::ENTRIES).cast() }
    }

    #[inline]
    fn children_ptr(&self) -> *mut Ref<E> {
        // SAFETY: the offset lies in the allocation, or at its end if there is no child.
        unsafe { self.header.as_ptr().byte_add(Self::children_at(self.header().len as usize)).cast() }
    }

    /// The entries: in the order of their bits, or in any order in a collision node.
    #[inline]
    pub fn entries(&self) -> &[E] {
        // SAFETY: `len` entries are initialised.
        unsafe { slice::from_raw_parts(self.entries_ptr(), self.header().len as usize) }
    }

    /// The children in the order of their bits.
    #[inline]
    pub fn children(&self) -> &[Ref<E>] {
        // SAFETY: as many children as `nodes` has bits are initialised.
        unsafe { slice::from_raw_parts(self.children_ptr(), self.nodes().count_ones() as usize) }
    }

    /// The child at `place`.
    ///
    /// # Safety
    /// `place` must be less than the number of bits in `nodes`. (Checking that would take a dozen instructions.)
    #[inline]
    pub unsafe fn child(&self, place: usize) -> &Ref<E> {
        // SAFETY: the caller's promise.
        unsafe { &*self.children_ptr().add(place) }
    }

    /// The child at `place`, to be changed. `None` if others hold the node, too.
    ///
    /// # Safety
    /// As for [`Ref::child`].
    #[inline]
    pub unsafe fn child_mut(&mut self, place: usize) -> Option<&mut Ref<E>> {
        // SAFETY: the caller promises that the place exists, and nothing else refers to the node.
        self.is_unique().then(|| unsafe { &mut *self.children_ptr().add(place) })
    }

    /// The entry at `place`, to be changed. `None` if others hold the node, too.
    pub fn entry_mut(&mut self, place: usize) -> Option<&mut E> {
        if !self.is_unique() {
            return None;
        }
        assert!(place < self.header().len as usize);
        // SAFETY: it is one of the `len` initialised ones, and nothing else refers to the node.
        Some(unsafe { &mut *self.entries_ptr().add(place) })
    }

    /// Whether this is the only reference.
    #[inline]
    pub fn is_unique(&self) -> bool {
        // Acquire pairs with the release of those that counted down.
        self.header().count.load(Ordering::Acquire) == 1
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.header == other.header
    }

    #[inline(never)]
    fn free(&mut self) {
        let (len, children) = (self.header().len as usize, self.nodes().count_ones() as usize);
        // Both are dropped at the end, even if the drop of an entry panics: first the children, then the memory.
        let _memory = Memory { address: self.header, layout: Self::layout(len, children) };
        let _children = Children(ptr::slice_from_raw_parts_mut(self.children_ptr(), children));
        if mem::needs_drop::<E>() {
            // SAFETY: this is the last reference, so nothing else refers to the node; its entries are initialised.
            unsafe { ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr(), len)) };
        }
    }

    /// Splices both lists of a unique node: within its allocation if the size allows, otherwise by moving everything
    /// to a new one. Returns the entry and the child that were taken.
    ///
    /// # Safety
    /// The node is unique, the places exist, and `nodes` has as many bits as there are children afterwards.
    unsafe fn splice_unique(
        &mut self,
        data: u32,
        nodes: u32,
        entries: Splice<E>,
        children: Splice<Ref<E>>,
    ) -> (Option<E>, Option<Ref<E>>) {
        let (old_len, old_children) = (self.header().len as usize, self.nodes().count_ones() as usize);
        let (new_len, new_children) = (entries.len(old_len), children.len(old_children));
        let (old, new) = (Self::layout(old_len, old_children), Self::layout(new_len, new_children));
        let (old_base, old_entries, old_refs) = (self.header, self.entries_ptr(), self.children_ptr());
        // SAFETY: the caller promises that both places exist. What is read here is not read again below, because the
        // gap that it leaves is closed or filled. Nothing in between can panic.
        let taken = unsafe {
            let entry = entries.take.then(|| old_entries.add(entries.at).read());
            let child = children.take.then(|| old_refs.add(children.at).read());
            (entry, child)
        };
        let in_place = old.size() == new.size() && new_children == old_children && !children.take;
        if !in_place {
            self.header = allocate(new);
        }
        // SAFETY: within one allocation, `ptr::copy` allows overlap, and no move overwrites what a later one reads: the
        // children move first if the entries in front of them grow, and last if they shrink. Between two allocations
        // any order will do. Both allocations are large enough by their layouts.
        unsafe {
            let base = self.header.as_ptr();
            if !in_place {
                base.write(Header { count: AtomicU32::new(1), data, nodes, len: new_len as u32 });
            }
            let new_entries = base.byte_add(Self::ENTRIES).cast::<E>();
            let new_refs = base.byte_add(Self::children_at(new_len)).cast::<Ref<E>>();
            let move_children = || {
                let (at, skip) = (children.at, usize::from(children.take));
                let gap = usize::from(children.put.is_some());
                shift(old_refs, new_refs, at);
                shift(old_refs.add(at + skip), new_refs.add(at + gap), old_children - at - skip);
            };
            let move_entries = || {
                let (at, skip) = (entries.at, usize::from(entries.take));
                let gap = usize::from(entries.put.is_some());
                if !in_place {
                    shift(old_entries, new_entries, at);
                }
                shift(old_entries.add(at + skip), new_entries.add(at + gap), old_len - at - skip);
            };
            if new_len > old_len {
                move_children();
                move_entries();
            } else {
                move_entries();
                move_children();
            }
            if let Some(entry) = entries.put {
                new_entries.add(entries.at).write(entry);
            }
            if let Some(child) = children.put {
                new_refs.add(children.at).write(child);
            }
            if in_place {
                let header = self.header.as_mut();
                (header.data, header.nodes, header.len) = (data, nodes, new_len as u32);
            } else {
                dealloc(old_base.as_ptr().cast(), old);
            }
        }
        taken
    }
}

impl<E: Clone> Ref<E> {
    /// Changes both lists: in place if this is the only reference to the node, otherwise in a copy that takes its
    /// place. Returns what was taken; from a shared node that is nothing, because it is still there. If a clone
    /// panics, nothing has changed.
    ///
    /// # Panics
    /// If a place does not exist.
    pub fn splice(
        &mut self,
        data: u32,
        nodes: u32,
        entries: Splice<E>,
        children: Splice<Ref<E>>,
    ) -> (Option<E>, Option<Ref<E>>) {
        let old_children = self.nodes().count_ones() as usize;
        assert!(entries.at + usize::from(entries.take) <= self.header().len as usize);
        assert!(children.at + usize::from(children.take) <= old_children);
        assert_eq!(nodes.count_ones() as usize, children.len(old_children));
        if self.is_unique() {
            // SAFETY: asserted above.
            return unsafe { self.splice_unique(data, nodes, entries, children) };
        }
        let (old, refs) = (self.entries(), self.children());
        let mut draft = Draft::new(entries.len(old.len()), children.len(refs.len()));
        old[..entries.at].iter().for_each(|entry| draft.push_entry(entry.clone()));
        entries.put.into_iter().for_each(|entry| draft.push_entry(entry));
        let rest = entries.at + usize::from(entries.take);
        old[rest..].iter().for_each(|entry| draft.push_entry(entry.clone()));
        refs[..children.at].iter().for_each(|child| draft.push_child(child.clone()));
        children.put.into_iter().for_each(|child| draft.push_child(child));
        let rest = children.at + usize::from(children.take);
        refs[rest..].iter().for_each(|child| draft.push_child(child.clone()));
        *self = draft.finish(data, nodes);
        (None, None)
    }

    /// Copies the node where others hold it, too.
    #[inline]
    pub fn make_unique(&mut self) {
        if !self.is_unique() {
            self.splice(self.data(), self.nodes(), Splice::NONE, Splice::NONE);
        }
    }
}

/// [`ptr::copy`], without the call if there is nothing to copy, which is often the case.
///
/// # Safety
/// As for `ptr::copy`.
#[inline]
unsafe fn shift<T>(from: *const T, to: *mut T, count: usize) {
    if count > 0 {
        // SAFETY: the caller's promise.
        unsafe { ptr::copy(from, to, count) };
    }
}

fn allocate(layout: Layout) -> NonNull<Header> {
    // SAFETY: no node is of size zero.
    let memory = unsafe { alloc(layout) };
    NonNull::new(memory.cast()).unwrap_or_else(|| handle_alloc_error(layout))
}

/// A node in the making: entries are added first, then children. If it is dropped unfinished, it drops what it has.
struct Draft<E> {
    header: NonNull<Header>,
    layout: Layout,
    children_at: usize,
    room: [usize; 2],
    done: [usize; 2],
    entries: PhantomData<E>,
}

impl<E> Draft<E> {
    fn new(len: usize, children: usize) -> Self {
        let layout = Ref::<E>::layout(len, children);
        Draft {
            header: allocate(layout),
            layout,
            children_at: Ref::<E>::children_at(len),
            room: [len, children],
            done: [0, 0],
            entries: PhantomData,
        }
    }

    fn entries_ptr(&self) -> *mut E {
        // SAFETY: as in `Ref::entries_ptr`.
        unsafe { self.header.as_ptr().byte_add(Ref::<E>::ENTRIES).cast() }
    }

    fn children_ptr(&self) -> *mut Ref<E> {
        // SAFETY: as in `Ref::children_ptr`.
        unsafe { self.header.as_ptr().byte_add(self.children_at).cast() }
    }

    #[inline]
    fn push_entry(&mut self, entry: E) {
        assert!(self.done[0] < self.room[0]);
        // SAFETY: there is room for it.
        unsafe { self.entries_ptr().add(self.done[0]).write(entry) };
        self.done[0] += 1;
    }

    #[inline]
    fn push_child(&mut self, child: Ref<E>) {
        assert!(self.done[1] < self.room[1]);
        // SAFETY: there is room for it.
        unsafe { self.children_ptr().add(self.done[1]).write(child) };
        self.done[1] += 1;
    }

    fn finish(self, data: u32, nodes: u32) -> Ref<E> {
        assert!(self.done == self.room && nodes.count_ones() as usize == self.room[1]);
        // SAFETY: both lists are complete, and now the header is written, too.
        unsafe {
            let len = self.room[0] as u32;
            self.header.as_ptr().write(Header { count: AtomicU32::new(1), data, nodes, len });
        }
        let node = Ref { header: self.header, entries: PhantomData };
        mem::forget(self);
        node
    }
}

impl<E> Drop for Draft<E> {
    fn drop(&mut self) {
        // SAFETY: this many are initialised, and nothing else refers to them.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries_ptr(), self.done[0]));
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.children_ptr(), self.done[1]));
            dealloc(self.header.as_ptr().cast(), self.layout);
        }
    }
}
