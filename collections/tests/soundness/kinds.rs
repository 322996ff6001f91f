//! Kinds of elements: those that need a drop and those that do not, without a size, of high alignment, and large.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash, Hasher};

use super::world::{born, died, hash_of, tick};

/// An element that stands for an id.
pub trait Kind: Clone + Eq + Ord + Hash + Debug + Default {
    fn of(id: u32) -> Self;

    /// The id, after checking that the rest of the element has not changed.
    fn id(&self) -> u32;
}

/// A part of an element that makes it larger, or raises its alignment.
pub trait Padding: Copy {
    fn of(id: u32) -> Self;
    fn belongs_to(&self, id: u32) -> bool;
}

impl Padding for () {
    fn of(_: u32) -> Self {}

    fn belongs_to(&self, _: u32) -> bool {
        true
    }
}

impl<const N: usize> Padding for [u8; N] {
    fn of(id: u32) -> Self {
        [id as u8; N]
    }

    fn belongs_to(&self, id: u32) -> bool {
        self.iter().all(|byte| *byte == id as u8)
    }
}

macro_rules! aligned {
    ($name:ident, $align:literal) => {
        #[derive(Clone, Copy)]
        #[repr(align($align))]
        pub struct $name(u8);

        impl Padding for $name {
            fn of(id: u32) -> Self {
                $name(id as u8)
            }

            fn belongs_to(&self, id: u32) -> bool {
                self.0 == id as u8 && std::ptr::from_ref(self).addr() % $align == 0
            }
        }
    };
}

aligned!(Aligned64, 64);
aligned!(Aligned4096, 4096);

/// An element that needs no drop. Maps and vectors may hold it by value, and versions may append it to a shared leaf.
pub struct Bare<P>(u32, P);

/// An element that owns memory, so that Valgrind, too, sees a leak, a second drop or a use after free.
pub struct Owning<P>(Box<u32>, P);

/// An element without a size that needs a drop.
pub struct Ghost(());

/// An element without a size that needs no drop.
pub struct Nothing;

impl<P: Padding> Kind for Bare<P> {
    fn of(id: u32) -> Self {
        Bare(id, P::of(id))
    }

    fn id(&self) -> u32 {
        assert!(self.1.belongs_to(self.0), "element {} is damaged", self.0);
        self.0
    }
}

impl<P: Padding> Kind for Owning<P> {
    fn of(id: u32) -> Self {
        born();
        Owning(Box::new(id), P::of(id))
    }

    fn id(&self) -> u32 {
        assert!(self.1.belongs_to(*self.0), "element {} is damaged", self.0);
        *self.0
    }
}

impl<P> Drop for Owning<P> {
    fn drop(&mut self) {
        died();
    }
}

impl Kind for Ghost {
    fn of(_: u32) -> Self {
        born();
        Ghost(())
    }

    fn id(&self) -> u32 {
        0
    }
}

impl Drop for Ghost {
    fn drop(&mut self) {
        died();
    }
}

impl Kind for Nothing {
    fn of(_: u32) -> Self {
        Nothing
    }

    fn id(&self) -> u32 {
        0
    }
}

/// The traits of std that an element implements. Every method counts as a call of user code.
macro_rules! user_code {
    ($kind:ty $(, $padding:ident)?) => {
        impl$(<$padding: Padding>)? Clone for $kind {
            fn clone(&self) -> Self {
                tick();
                Self::of(self.id())
            }
        }

        impl$(<$padding: Padding>)? Default for $kind {
            fn default() -> Self {
                tick();
                Self::of(0)
            }
        }

        impl$(<$padding: Padding>)? PartialEq for $kind {
            fn eq(&self, other: &Self) -> bool {
                tick();
                self.id() == other.id()
            }
        }

        impl$(<$padding: Padding>)? Eq for $kind {}

        impl$(<$padding: Padding>)? PartialOrd for $kind {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl$(<$padding: Padding>)? Ord for $kind {
            fn cmp(&self, other: &Self) -> Ordering {
                tick();
                self.id().cmp(&other.id())
            }
        }

        impl$(<$padding: Padding>)? Hash for $kind {
            fn hash<H: Hasher>(&self, state: &mut H) {
                tick();
                state.write_u64(hash_of(self.id()));
            }
        }

        impl$(<$padding: Padding>)? Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                tick();
                self.id().fmt(f)
            }
        }
    };
}

user_code!(Bare<P>, P);
user_code!(Owning<P>, P);
user_code!(Ghost);
user_code!(Nothing);

/// A hasher whose hash is the single number that an element writes.
#[derive(Default)]
pub struct PassThrough(u64);

impl Clone for PassThrough {
    fn clone(&self) -> Self {
        tick();
        PassThrough(0)
    }
}

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("elements hash as one number");
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl BuildHasher for PassThrough {
    type Hasher = PassThrough;

    fn build_hasher(&self) -> PassThrough {
        PassThrough(0)
    }
}
