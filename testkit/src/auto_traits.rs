use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Tells at compile time which auto traits `T` has: `Is::<T>::SEND`, `SYNC`, `UNWIND` and `REF_UNWIND`.
///
/// An inherent constant exists where its bound holds, and hides the constant of [`Otherwise`], which is false.
/// A test therefore imports both:
///
/// ```
/// use testkit::{Is, Otherwise as _};
///
/// const _: () = assert!(Is::<String>::SEND && !Is::<std::rc::Rc<str>>::SEND);
/// ```
///
/// `T` must be a concrete type: within a function that is generic in `T`, only the function's own bounds count.
pub struct Is<T>(PhantomData<T>);

impl<T: Send> Is<T> {
    /// `T` is [`Send`].
    pub const SEND: bool = true;
}

impl<T: Sync> Is<T> {
    /// `T` is [`Sync`].
    pub const SYNC: bool = true;
}

impl<T: UnwindSafe> Is<T> {
    /// `T` is [`UnwindSafe`].
    pub const UNWIND: bool = true;
}

impl<T: RefUnwindSafe> Is<T> {
    /// `T` is [`RefUnwindSafe`].
    pub const REF_UNWIND: bool = true;
}

/// The answers of [`Is`] for a type without the trait.
pub trait Otherwise {
    /// `T` is not [`Send`].
    const SEND: bool = false;
    /// `T` is not [`Sync`].
    const SYNC: bool = false;
    /// `T` is not [`UnwindSafe`].
    const UNWIND: bool = false;
    /// `T` is not [`RefUnwindSafe`].
    const REF_UNWIND: bool = false;
}

impl<T> Otherwise for Is<T> {}

/// Asserts at compile time that a persistent map may go to another thread if its keys and values may be shared.
///
/// Two versions in two threads share their entries, so `Send` and `Sync` both need keys and values with both.
/// Takes the name of a map type that is generic in key and value.
#[macro_export]
macro_rules! assert_versions_share_entries {
    ($map:ident) => {
        const _: () = {
            use ::std::{cell::Cell, rc::Rc};
            use $crate::{Is, Otherwise as _};
            assert!(Is::<$map<String, u64>>::SEND && Is::<$map<String, u64>>::SYNC);
            assert!(!Is::<$map<u64, Cell<u8>>>::SEND && !Is::<$map<u64, Cell<u8>>>::SYNC);
            assert!(!Is::<$map<Cell<u8>, u64>>::SEND && !Is::<$map<Cell<u8>, u64>>::SYNC);
            assert!(!Is::<$map<u64, Rc<u8>>>::SEND && !Is::<$map<Rc<u8>, u64>>::SYNC);
        };
    };
}

/// Asserts at compile time that a persistent map is unwind-safe if its values are.
///
/// A version that stays outside of a `catch_unwind` shares what one within it changes.
/// Takes the name of a map type that is generic in key and value.
#[macro_export]
macro_rules! assert_unwind_safe_as_its_entries {
    ($map:ident) => {
        const _: () = {
            use ::std::cell::Cell;
            use $crate::{Is, Otherwise as _};
            assert!(Is::<$map<String, u64>>::UNWIND && Is::<$map<String, u64>>::REF_UNWIND);
            assert!(!Is::<$map<u64, Cell<u8>>>::UNWIND && !Is::<$map<u64, Cell<u8>>>::REF_UNWIND);
        };
    };
}
