//! Which patterns select a pointer: the oracle of every scenario and check.

use std::borrow::Cow;

use super::contract::{Node, Pattern, Pointer, unescape};
use crate::input::mix;

/// Whether `nodes` select the pointer of `segments`, which are unescaped.
pub(super) fn selected(nodes: &[Node], segments: &[Cow<'_, str>]) -> bool {
    // At index i: whether the nodes looked at so far can select exactly the first i segments.
    let mut reached = vec![false; segments.len() + 1];
    reached[0] = true;
    for node in nodes {
        let Some(first) = reached.iter().position(|reached| *reached) else { return false };
        let mut next = vec![false; reached.len()];
        if *node == Node::Descendant {
            next[first..].fill(true);
        } else {
            for at in first..segments.len() {
                next[at + 1] = reached[at] && means(node, &segments[at]);
            }
        }
        reached = next;
    }
    reached[segments.len()]
}

/// Whether a node selects an unescaped segment.
fn means(node: &Node, segment: &str) -> bool {
    match node {
        Node::Name(name) => unescape(name) == segment,
        Node::Index(index) => index.to_string() == segment,
        Node::Wildcard => true,
        Node::Descendant => false,
        Node::Union(nodes) => nodes.iter().any(|node| means(node, segment)),
        Node::Slice { start, end, step } => {
            let Ok(index) = segment.parse::<u64>() else { return false };
            index.to_string() == segment
                && (*start..end.unwrap_or(u64::MAX)).contains(&index)
                && *step > 0
                && (index - start) % step == 0
        }
    }
}

pub(super) fn unescaped(pointer: &Pointer) -> Vec<Cow<'_, str>> {
    pointer.segments().map(unescape).collect()
}

/// A digest of the subscriptions that a match found. It depends on which ones they are, not on their order.
pub(super) fn match_digest(at: usize, ordinals: impl Iterator<Item = usize>) -> u64 {
    let found = ordinals.fold(0u64, |sum, ordinal| sum.wrapping_add(mix(ordinal as u64 + 1)));
    mix(found ^ mix(at as u64))
}

pub(super) fn expected_digest(patterns: &[Pattern], pointers: &[Pointer]) -> u64 {
    let matches = pointers.iter().enumerate().map(|(at, pointer)| {
        let segments = unescaped(pointer);
        let of = |ordinal: &usize| selected(patterns[*ordinal].nodes(), &segments);
        match_digest(at, (0..patterns.len()).filter(of))
    });
    matches.fold(0, u64::wrapping_add)
}
