//! A boxed closure that can be called while it changes owner.

use std::ptr::NonNull;

/// Owns a closure, which does not move when this does, and may be running meanwhile. Unlike a `Box`, this does not
/// claim to be the only pointer to the closure.
pub struct Owned<F: ?Sized>(NonNull<F>);

impl<F: ?Sized> Owned<F> {
    /// Takes ownership of a closure.
    pub fn new(closure: Box<F>) -> Self {
        Owned(NonNull::from(Box::leak(closure)))
    }

    /// A pointer to the closure. It is valid until this is dropped, even if this is moved before.
    #[inline(always)]
    pub fn pointer(&self) -> NonNull<F> {
        self.0
    }
}

impl<F: ?Sized> Drop for Owned<F> {
    fn drop(&mut self) {
        // SAFETY: the pointer comes from a `Box` that was leaked, and only this frees it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
