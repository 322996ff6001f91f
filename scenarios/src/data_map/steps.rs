//! What the regions of all scenarios are made of.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use serde_json::Value;

use super::contract::DataMap;
use crate::flat::{Pointer, PointerBuf, touch_text, touch_value};

/// What stands in a digest for a pointer that leads nowhere.
pub(super) const ABSENT: u64 = 7;

pub(super) fn parsed(text: String) -> PointerBuf {
    PointerBuf::parse(text).expect("a slash before every segment, and no tilde")
}

/// A store of `document`.
pub(super) fn holding<D: DataMap>(document: Value) -> D {
    let store = D::new();
    store.set(Pointer::ROOT, document).expect("a document can be set at the root");
    store
}

/// The number at a pointer, in a few instructions.
#[inline]
pub(super) fn number<D: DataMap>(store: &D, pointer: Pointer<'_>) -> u64 {
    store.get(pointer, |value| value.map_or(ABSENT, touch_value))
}

/// A callback that counts its calls, and reads where it was called for.
pub(super) fn counting<D: DataMap>(calls: &Rc<Cell<u64>>) -> impl Fn(&D, &str) + 'static {
    let calls = calls.clone();
    move |_: &D, pointer: &str| calls.set(calls.get().wrapping_add(touch_text(pointer)))
}

/// Visits what `path` finds.
#[inline]
pub(super) fn visit<D: DataMap>(store: &D, path: &str) -> u64 {
    let mut digest = 0u64;
    let _ = store.query(path, |pointer| {
        digest = digest.wrapping_add(touch_text(pointer));
        ControlFlow::Continue(())
    });
    digest
}
