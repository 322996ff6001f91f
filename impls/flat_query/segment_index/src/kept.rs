//! Values that another store made for one query.

use std::cell::OnceCell;

use serde_json::Value;

/// Values by the numbers of their nodes. None of them ever moves, so that they can be borrowed while others are added.
///
/// It is a trie over the bits of the numbers, the lowest first: every place holds one value and has two places below.
#[derive(Default)]
pub(crate) struct Kept {
    own: OnceCell<(u32, Value)>,
    below: [OnceCell<Box<Kept>>; 2],
}

impl Kept {
    /// The value that was kept for a node.
    pub(crate) fn get(&self, id: u32) -> Option<&Value> {
        let mut place = self;
        let mut bits = id;
        loop {
            let (kept, value) = place.own.get()?;
            if *kept == id {
                return Some(value);
            }
            place = place.below[(bits & 1) as usize].get()?;
            bits >>= 1;
        }
    }

    /// Keeps the value of a node, unless one is kept already.
    pub(crate) fn keep(&self, id: u32, value: Value) -> &Value {
        let mut place = self;
        let mut bits = id;
        // The numbers on the way agree in more and more bits, so it ends after the last bit at the latest.
        while place.own.get().is_some_and(|(kept, _)| *kept != id) {
            place = place.below[(bits & 1) as usize].get_or_init(Box::default);
            bits >>= 1;
        }
        &place.own.get_or_init(|| (id, value)).1
    }
}

#[cfg(test)]
mod tests {
    use scenarios::input::mix;

    use super::*;

    #[test]
    fn values_stay_where_they_are() {
        let kept = Kept::default();
        let ids: Vec<u32> = (0..2000).chain((0..2000).map(|n| mix(n) as u32)).chain([u32::MAX]).collect();
        let values: Vec<&Value> = ids.iter().map(|id| kept.keep(*id, Value::from(*id))).collect();
        for (id, value) in ids.iter().zip(values) {
            assert_eq!(value, &Value::from(*id));
            assert!(kept.get(*id).is_some_and(|again| std::ptr::eq(again, value)));
            assert!(std::ptr::eq(kept.keep(*id, Value::Null), value));
        }
        assert_eq!(kept.get(5000), None);
    }
}
