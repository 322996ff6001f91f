//! Comparisons (RFC 9535, section 2.3.5.2.2).

use std::cmp::Ordering;

use crate::document::{Document, View};
use crate::syntax::Comparison;

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a, N> {
    /// No value: an empty nodelist, or what a function returns that has no result.
    Nothing,
    /// A node of the document.
    Node(N),
    /// A literal, or what a function returned.
    Scalar(View<'a>),
}

impl<'a, N: Copy> Operand<'a, N> {
    /// What its value is.
    pub(crate) fn view<D: Document<Node = N>>(self, document: &'a D) -> Option<View<'a>> {
        match self {
            Operand::Nothing => None,
            Operand::Node(node) => Some(document.view(node)),
            Operand::Scalar(view) => Some(view),
        }
    }
}

/// Whether a comparison holds.
pub(crate) fn holds<D: Document>(
    document: &D,
    left: &Operand<'_, D::Node>,
    comparison: Comparison,
    right: &Operand<'_, D::Node>,
) -> bool {
    let equal = || equal(document, left, right);
    let less = |left: &Operand<'_, D::Node>, right: &Operand<'_, D::Node>| {
        left.view(document).zip(right.view(document)).is_some_and(|(left, right)| less(left, right))
    };
    match comparison {
        Comparison::Equal => equal(),
        Comparison::NotEqual => !equal(),
        Comparison::Less => less(left, right),
        Comparison::LessOrEqual => less(left, right) || equal(),
        Comparison::Greater => less(right, left),
        Comparison::GreaterOrEqual => less(right, left) || equal(),
    }
}

/// Numbers and strings have an order. Nothing else has.
fn less(left: View<'_>, right: View<'_>) -> bool {
    match (left, right) {
        (View::Number(left), View::Number(right)) => left.compare(right) == Some(Ordering::Less),
        // The order of UTF-8 is the order of the Unicode scalar values.
        (View::String(left), View::String(right)) => left < right,
        _ => false,
    }
}

/// Whether two scalars are equal, or two containers can be: they are of one kind and size.
fn alike(left: View<'_>, right: View<'_>) -> bool {
    match (left, right) {
        (View::Number(left), View::Number(right)) => left.compare(right) == Some(Ordering::Equal),
        (left, right) => left == right,
    }
}

fn equal<D: Document>(document: &D, left: &Operand<'_, D::Node>, right: &Operand<'_, D::Node>) -> bool {
    match (left.view(document), right.view(document)) {
        (None, None) => true,
        (Some(a), Some(b)) if alike(a, b) => match (left, right) {
            (Operand::Node(left), Operand::Node(right)) => equal_nodes(document, *left, *right),
            // Scalars are equal when they are alike.
            _ => true,
        },
        _ => false,
    }
}

/// Whether two nodes are equal. A loop, because documents may be deeper than the stack allows.
fn equal_nodes<D: Document>(document: &D, left: D::Node, right: D::Node) -> bool {
    let mut pending = vec![(left, right)];
    while let Some((left, right)) = pending.pop() {
        let view = document.view(left);
        if !alike(view, document.view(right)) {
            return false;
        }
        match view {
            View::Array(_) => pending.extend(document.children(left).zip(document.children(right))),
            View::Object(_) => {
                for member in document.children(left) {
                    let Some(other) = document.member(right, &document.name(member)) else { return false };
                    pending.push((member, other));
                }
            }
            _ => {}
        }
    }
    true
}
