//! Which auto traits each public type implements, for every kind of contents.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::Arc;

use persistent_collections::counter::{Atomic, Plain};
use persistent_collections::{GenericHashMap, GenericHashSet, GenericVector, Shared, map, set, vector};

/// Tells which traits `T` implements: an inherent constant whose bounds hold hides the trait's constant of the same
/// name.
struct Has<T>(PhantomData<T>);

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
    const UNWIND: bool = false;
    const REF_UNWIND: bool = false;
}

impl<T> Otherwise for Has<T> {}

impl<T: Send> Has<T> {
    const SEND: bool = true;
}

impl<T: Sync> Has<T> {
    const SYNC: bool = true;
}

impl<T: UnwindSafe> Has<T> {
    const UNWIND: bool = true;
}

impl<T: RefUnwindSafe> Has<T> {
    const REF_UNWIND: bool = true;
}

const fn is_unpin<T: Unpin>() {}

/// Checks that each type implements exactly the traits listed behind it, and `Unpin`.
macro_rules! traits {
    ($($type:ty: $($trait:ident)*;)*) => {
        $(
            #[expect(non_upper_case_globals, reason = "they stand for the traits of these names")]
            const _: () = {
                const Send: u8 = 1;
                const Sync: u8 = 2;
                const Unwind: u8 = 4;
                const RefUnwind: u8 = 8;
                const ALL: u8 = Send | Sync | Unwind | RefUnwind;
                const STATED: u8 = ALL & (0 $(| $trait)*);
                assert!(Has::<$type>::SEND == (STATED & Send > 0), concat!(stringify!($type), ": Send"));
                assert!(Has::<$type>::SYNC == (STATED & Sync > 0), concat!(stringify!($type), ": Sync"));
                assert!(Has::<$type>::UNWIND == (STATED & Unwind > 0), concat!(stringify!($type), ": UnwindSafe"));
                assert!(
                    Has::<$type>::REF_UNWIND == (STATED & RefUnwind > 0),
                    concat!(stringify!($type), ": RefUnwindSafe")
                );
                is_unpin::<$type>();
            };
        )*
    };
}

type A = Atomic;
type P = Plain;

// Contents that implement all of these traits.
traits! {
    Atomic: Send Sync Unwind RefUnwind;
    Plain: Send Unwind RefUnwind;
    GenericVector<String, A>: Send Sync Unwind RefUnwind;
    GenericVector<u8, A>: Send Sync Unwind RefUnwind;
    GenericVector<String, P>: Unwind RefUnwind;
    GenericVector<u8, P>: Unwind RefUnwind;
    GenericHashMap<String, u8, (), A>: Send Sync Unwind RefUnwind;
    GenericHashMap<u8, u8, (), A>: Send Sync Unwind RefUnwind;
    GenericHashMap<String, u8, (), P>: Unwind RefUnwind;
    GenericHashMap<u8, u8, (), P>: Unwind RefUnwind;
    GenericHashSet<String, (), A>: Send Sync Unwind RefUnwind;
    GenericHashSet<String, (), P>: Unwind RefUnwind;
    vector::Iter<'static, String, A>: Send Sync Unwind RefUnwind;
    vector::Leaves<'static, String, A>: Send Sync Unwind RefUnwind;
    vector::IntoIter<String, A>: Send Sync Unwind RefUnwind;
    vector::IterMut<'static, String, A>: Send Sync RefUnwind;
    vector::Iter<'static, String, P>: Unwind RefUnwind;
    vector::Leaves<'static, String, P>: Unwind RefUnwind;
    vector::IntoIter<String, P>: Unwind RefUnwind;
    vector::IterMut<'static, String, P>: RefUnwind;
    vector::LeavesMut<'static, String, A>: Send Sync RefUnwind;
    vector::LeavesMut<'static, String, P>: RefUnwind;
    vector::Focus<'static, String, A>: Send Sync Unwind RefUnwind;
    vector::Focus<'static, String, P>: Unwind RefUnwind;
    vector::FocusMut<'static, String, A>: Send Sync RefUnwind;
    vector::FocusMut<'static, String, P>: RefUnwind;
    map::Iter<'static, String, u8, A>: Send Sync Unwind RefUnwind;
    map::Keys<'static, String, u8, A>: Send Sync Unwind RefUnwind;
    map::Values<'static, String, u8, A>: Send Sync Unwind RefUnwind;
    map::IntoIter<String, u8, A>: Send Sync Unwind RefUnwind;
    map::Entry<'static, String, u8, (), A>: Send Sync RefUnwind;
    map::OccupiedEntry<'static, String, u8, (), A>: Send Sync RefUnwind;
    map::VacantEntry<'static, String, u8, (), A>: Send Sync RefUnwind;
    map::DiffItem<'static, String, u8>: Send Sync Unwind RefUnwind;
    // These only read, and do not touch the counts.
    map::Iter<'static, String, u8, P>: Send Sync Unwind RefUnwind;
    map::Keys<'static, String, u8, P>: Send Sync Unwind RefUnwind;
    map::Values<'static, String, u8, P>: Send Sync Unwind RefUnwind;
    set::Iter<'static, String, P>: Send Sync Unwind RefUnwind;
    map::IntoIter<String, u8, P>: Unwind RefUnwind;
    map::IterMut<'static, String, u8, A>: Send Sync RefUnwind;
    map::IterMut<'static, String, u8, P>: RefUnwind;
    map::ValuesMut<'static, String, u8, A>: Send Sync RefUnwind;
    map::ValuesMut<'static, String, u8, P>: RefUnwind;
    Shared<String>: Send Sync Unwind RefUnwind;
    map::Entry<'static, String, u8, (), P>: RefUnwind;
    map::OccupiedEntry<'static, String, u8, (), P>: RefUnwind;
    map::VacantEntry<'static, String, u8, (), P>: RefUnwind;
    set::Iter<'static, String, A>: Send Sync Unwind RefUnwind;
    set::IntoIter<String, A>: Send Sync Unwind RefUnwind;
    set::IntoIter<String, P>: Unwind RefUnwind;
}

// Contents that only one thread may use at a time, and that a panic may leave half changed. Versions share them.
traits! {
    GenericVector<Cell<u8>, A>: ;
    GenericVector<Box<Cell<u8>>, A>: ;
    GenericHashMap<u8, Cell<u8>, (), A>: ;
    GenericHashMap<Cell<u8>, u8, (), A>: ;
    GenericHashSet<Cell<u8>, (), A>: ;
    vector::Iter<'static, Cell<u8>, A>: ;
    vector::Leaves<'static, Cell<u8>, A>: ;
    vector::IntoIter<Cell<u8>, A>: ;
    vector::IterMut<'static, Cell<u8>, A>: ;
    map::Iter<'static, u8, Cell<u8>, A>: ;
    map::Iter<'static, u8, Cell<u8>, P>: ;
    map::Keys<'static, Cell<u8>, u8, A>: ;
    map::Values<'static, u8, Cell<u8>, A>: ;
    map::IntoIter<u8, Cell<u8>, A>: ;
    map::IterMut<'static, u8, Cell<u8>, A>: ;
    vector::FocusMut<'static, Cell<u8>, A>: ;
    vector::Focus<'static, Cell<u8>, A>: ;
    map::Entry<'static, u8, Cell<u8>, (), A>: ;
    map::DiffItem<'static, u8, Cell<u8>>: ;
    set::Iter<'static, Cell<u8>, A>: ;
    set::IntoIter<Cell<u8>, A>: ;
}

// Contents that stay in one thread.
traits! {
    GenericVector<Rc<u8>, A>: Unwind RefUnwind;
    GenericHashMap<Rc<u8>, u8, (), A>: Unwind RefUnwind;
    GenericHashMap<u8, Rc<u8>, (), P>: Unwind RefUnwind;
    GenericHashSet<Rc<u8>, (), A>: Unwind RefUnwind;
    vector::IntoIter<Rc<u8>, A>: Unwind RefUnwind;
    map::IntoIter<u8, Rc<u8>, A>: Unwind RefUnwind;
    map::Iter<'static, u8, Rc<u8>, P>: Unwind RefUnwind;
}

// Contents that threads share, and hashers, which belong to a single version.
traits! {
    GenericVector<Arc<u8>, A>: Send Sync Unwind RefUnwind;
    GenericVector<GenericVector<String, A>, A>: Send Sync Unwind RefUnwind;
    GenericVector<GenericVector<String, P>, A>: Unwind RefUnwind;
    GenericHashMap<u8, u8, Rc<u8>, A>: Unwind RefUnwind;
    GenericHashMap<u8, u8, Cell<u8>, A>: Send Unwind;
    GenericHashSet<u8, Cell<u8>, A>: Send Unwind;
    map::Entry<'static, u8, u8, Cell<u8>, A>: Send;
}
