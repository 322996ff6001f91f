//! A boxed closure that can be called while it changes owner.

use std::ptr::NonNull;

/// Owns a closure, which does not move when this does, and may be running then: unlike a `Box`, this makes no
/// claim to be the only way to it.
pub struct Owned<F: ?Sized>(NonNull<F>);

impl<F: ?Sized> Owned<F> {
    /// Owns a closure.
    pub fn new(closure: Box<F>) -> Self {
        Owned(NonNull::from(Box::leak(closure)))
    }

    /// The closure, for as long as this, or whatever this is moved to, is not dropped.
    #[inline(always)]
    pub fn pointer(&self) -> NonNull<F> {
        self.0
    }
}

impl<F: ?Sized> Drop for Owned<F> {
    fn drop(&mut self) {
        // SAFETY: the pointer comes from a Box that was leaked, and nobody else frees it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
