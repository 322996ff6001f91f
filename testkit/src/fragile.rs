use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::panic_any;
use std::thread;

use scenarios::probe::{Injected, Probe};

thread_local! {
    static DROPS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    static DROPPED_BY_CLONE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// A [`Probe`] that can also panic when it is dropped, and can drop something else when it is cloned.
///
/// What is set for it is set for the thread, like everything about probes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fragile(Probe);

impl Fragile {
    /// A fragile probe that stands for `id`.
    pub fn new(id: u32) -> Self {
        Fragile(Probe::new(id))
    }

    /// The id it stands for.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// What `make` returns, while `drops` more fragile probes can be dropped and the one after them panics;
    /// `None` if that panic ended `make`.
    pub fn with_drops_left<T>(drops: u32, make: impl FnOnce() -> T) -> Option<T> {
        DROPS_LEFT.set(Some(drops));
        let made = Probe::with_fuse(None, make);
        DROPS_LEFT.set(None);
        made
    }

    /// Lets the next `clone` of a fragile probe drop `value` first.
    pub fn drop_in_next_clone(value: impl Any) {
        DROPPED_BY_CLONE.set(Some(Box::new(value)));
    }

    /// Drops the value that no clone has dropped, if there is one.
    pub fn drop_without_clone() {
        drop(DROPPED_BY_CLONE.take());
    }
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        let dropped = DROPPED_BY_CLONE.take();
        drop(dropped);
        Fragile(self.0.clone())
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        match DROPS_LEFT.get() {
            Some(0) if !thread::panicking() => {
                DROPS_LEFT.set(None);
                panic_any(Injected);
            }
            left => DROPS_LEFT.set(left.map(|left| left.saturating_sub(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect_injected_panics;

    #[test]
    fn the_drop_that_is_chosen_panics_and_leaks_nothing() {
        expect_injected_panics();
        Probe::reset();
        let drop_three = || drop([1, 2, 3].map(Fragile::new));
        assert_eq!(Fragile::with_drops_left(2, drop_three), None);
        assert_eq!(Fragile::with_drops_left(3, drop_three), Some(()));
        drop_three();
        assert_eq!(Probe::live(), 0);
    }

    #[test]
    fn a_clone_drops_what_it_is_told_to_once() {
        Probe::reset();
        let one = Fragile::new(1);
        Fragile::drop_in_next_clone(Fragile::new(2));
        let two = one.clone();
        assert_eq!((two.id(), Probe::live()), (1, 2));
        drop((one, two.clone(), two));
        Fragile::drop_in_next_clone(Fragile::new(3));
        Fragile::drop_without_clone();
        assert_eq!(Probe::live(), 0);
    }
}
