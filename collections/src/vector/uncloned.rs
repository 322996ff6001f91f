//! Vectors whose elements cannot be cloned.

use std::mem::{self, MaybeUninit};

use super::node::{Branch, Leaf, Width};
use super::{GenericVector, IntoIter, tree};
use crate::Shared;
use crate::counter::Counter;

/// # Elements that cannot be cloned
///
/// Methods for elements without `Clone`, such as `Box<dyn Fn()>`. Leaves hold elements by value, so a change to a leaf
/// that another version shares would clone its elements, and is refused. What only reads a vector needs no `Clone`,
/// either.
impl<T, C: Counter> GenericVector<T, C> {
    /// A vector of the values. O(n).
    ///
    /// ```
    /// let steps: [Box<dyn Fn(u32) -> u32>; 2] = [Box::new(|number| number + 1), Box::new(|number| 2 * number)];
    /// let steps = persistent_collections::Vector::from_iter_uncloned(steps);
    /// assert_eq!(steps.iter().fold(1, |number, step| step(number)), 4);
    /// ```
    pub fn from_iter_uncloned(values: impl IntoIterator<Item = T>) -> Self {
        let mut vector = Self::new();
        for value in values {
            vector.push_back_uncloned(value).expect("nobody else holds a new vector");
        }
        vector
    }

    /// Another version with the same elements, as `clone` makes it. O(1). `None` if elements lie in the vector itself,
    /// where they would have to be cloned: up to eight that take no more than 64 bytes together, of a type that needs
    /// no drop.
    #[must_use]
    pub fn share(&self) -> Option<Self> {
        if self.is_small() {
            return self.is_empty().then(Self::new);
        }
        let mut version = MaybeUninit::uninit();
        self.share_to(&mut version);
        // SAFETY: the function has initialized it.
        Some(unsafe { version.assume_init() })
    }

    /// Appends `value`. O(1), amortised.
    ///
    /// # Errors
    /// If another version shares the tail, and the value cannot be appended behind the elements of that version:
    /// because elements need a drop, or another version has appended there, or the tail has no room. Nothing has
    /// changed then.
    ///
    /// # Panics
    /// If there are `isize::MAX` elements already, or up to 64 fewer.
    pub fn push_back_uncloned(&mut self, value: T) -> Result<(), Shared<T>> {
        if self.is_small() {
            let length = self.small_len();
            if length < Self::MAX_SMALL {
                // SAFETY: the handle has room for one more.
                unsafe { self.small_items_mut().add(length).write(value) };
                self.small_len += 1;
                return Ok(());
            }
            self.leave_handle(Self::FIRST_ROOM);
        }
        let seen = self.tail_len;
        let claimed = self.nodes().tail.filter(|tail| seen < self.tail_room && tail.claim(seen));
        let tail = match claimed {
            Some(tail) => tail,
            None => match self.open_tail_uncloned() {
                Some(tail) => tail,
                None => return Err(Shared(value)),
            },
        };
        // SAFETY: either the place was claimed, or the tail is this version's own and has room.
        unsafe {
            tail.items().add(self.tail_len()).write(value);
            self.tail_len += 1;
            if claimed.is_none() {
                tail.set_fill(self.tail_len());
            }
        }
        Ok(())
    }

    /// As `open_tail`, but returns `None` if elements would have to be cloned. Elements must not lie in the handle.
    fn open_tail_uncloned(&mut self) -> Option<Leaf<T, C>> {
        let length = self.tail_len();
        let Some(tail) = self.nodes().tail else { return Some(self.new_tail(0)) };
        if length == Width::<T>::LEAF {
            self.flush_tail();
            return Some(self.new_tail(length));
        }
        if !tail.is_unique() {
            if length > 0 {
                return None;
            }
            self.nodes_mut().tail = None;
            self.tail_room = 0;
            // SAFETY: gives up the hold that the field `tail` had.
            unsafe { tail.release() };
            return Some(self.new_tail(0));
        }
        // SAFETY: this version alone holds the tail, and sees `length` elements of it. After `grow` the old address is
        // not used again.
        unsafe {
            tail.forget_beyond(length);
            if self.tail_len < self.tail_room {
                return Some(tail);
            }
            let room = self.room_for(length + 1);
            let tail = tail.grow(room);
            self.nodes_mut().tail = Some(tail);
            self.tail_room = room as u16;
            Some(tail)
        }
    }

    /// Removes the last element, and returns it, or `None` if there is none. O(1), amortised.
    ///
    /// # Errors
    /// If another version shares the leaf of the last element. The elements are the same as before then.
    pub fn pop_back_uncloned(&mut self) -> Result<Option<T>, Shared<()>> {
        if self.is_small() {
            let Some(last) = self.small_len().checked_sub(1) else { return Ok(None) };
            self.small_len -= 1;
            // SAFETY: the element is moved out, and is no longer counted.
            return Ok(Some(unsafe { self.small_items().add(last).read() }));
        }
        if self.tail_len == 0 {
            self.pull_tail();
        }
        let Some(last) = self.tail_len().checked_sub(1) else { return Ok(None) };
        let Some(tail) = self.nodes().tail.filter(|tail| tail.is_unique()) else { return Err(Shared(())) };
        // SAFETY: this version alone holds the tail, and sees `last + 1` elements of it. The last one is no longer
        // counted when it is moved out.
        unsafe {
            tail.forget_beyond(last + 1);
            tail.set_fill(last);
            self.tail_len -= 1;
            Ok(Some(tail.items().add(last).read()))
        }
    }

    /// The element at `index`, to be changed in place, if there is one and no other version shares its leaf or a branch
    /// above that. O(log n), copies nothing.
    pub fn get_mut_uncloned(&mut self, index: usize) -> Option<&mut T> {
        if self.is_small() {
            return self.small_slice_mut()?.get_mut(index);
        }
        let item = if index < self.tree_len { self.own_item(index)? } else { self.own_tail_item(index)? };
        // SAFETY: only this version can reach the element, which is borrowed together with it.
        Some(unsafe { &mut *item })
    }

    /// The place of an element of the tail, if there is one at `index` and no other version holds the tail.
    fn own_tail_item(&self, index: usize) -> Option<*mut T> {
        let tail = self.nodes().tail.filter(|tail| tail.is_unique())?;
        let offset = index - self.tree_len;
        // SAFETY: this version sees the element.
        (offset < self.tail_len()).then(|| unsafe { tail.items().add(offset) })
    }

    /// The place of an element of the tree, if no other version holds its leaf or a branch above that. The index must
    /// lie within the tree.
    fn own_item(&self, mut index: usize) -> Option<*mut T> {
        let mut link = self.nodes().root?;
        // SAFETY: above the leaves are branches, all of them held by this vector, and the index lies within the tree.
        unsafe {
            for height in (1..=self.shape.height()).rev() {
                let branch = Branch::<C>::from_link(link);
                if !branch.is_unique() {
                    return None;
                }
                let (slot, begin) = tree::locate::<T, C>(branch, height, index);
                link = branch.child(slot);
                index -= begin;
            }
            let leaf = Leaf::<T, C>::from_link(link);
            leaf.is_unique().then(|| leaf.items().add(index))
        }
    }

    /// Replaces the element at `index`, and returns the old one. Costs the same as
    /// [`get_mut_uncloned`](Self::get_mut_uncloned).
    ///
    /// # Errors
    /// If another version shares the element's leaf or a branch above that. Nothing has changed then.
    ///
    /// # Panics
    /// If `index` is not less than the length.
    pub fn set_uncloned(&mut self, index: usize, value: T) -> Result<T, Shared<T>> {
        assert!(index < self.len(), "index {index} is past the end of {} elements", self.len());
        match self.get_mut_uncloned(index) {
            Some(element) => Ok(mem::replace(element, value)),
            None => Err(Shared(value)),
        }
    }

    /// The elements by value. O(n).
    ///
    /// # Errors
    /// If another version shares a node. The vector is returned as it was.
    pub fn into_vec_uncloned(self) -> Result<Vec<T>, Self> {
        let mut index = 0;
        while index < self.len() && !self.is_small() {
            let own = if index < self.tree_len { self.own_item(index) } else { self.own_tail_item(index) };
            if own.is_none() {
                return Err(self);
            }
            let run = self.run(index);
            index = run.start + run.length;
        }
        Ok(IntoIter::new(self).into_vec())
    }
}
