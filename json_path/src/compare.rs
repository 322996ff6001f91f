//! Comparisons (RFC 9535, section 2.3.5.2.2).

use std::cmp::Ordering;

use serde_json::Number;

use crate::document::{Document, View};
use crate::syntax::Comparison;

/// A number: a 64-bit integer, signed or unsigned, or a double.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numeric {
    /// An integer of 64 bits, signed or not.
    Integer(i128),
    /// Any other number, as the double next to it.
    Float(f64),
}

impl From<&Number> for Numeric {
    #[inline]
    fn from(number: &Number) -> Self {
        if let Some(integer) = number.as_i64() {
            return Numeric::Integer(integer.into());
        }
        match number.as_u64() {
            Some(integer) => Numeric::Integer(integer.into()),
            None => Numeric::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }
}

impl Numeric {
    /// The number that a JSON number's text spells.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(integer) = text.parse::<i64>() {
            return Some(Numeric::Integer(integer.into()));
        }
        if let Ok(integer) = text.parse::<u64>() {
            return Some(Numeric::Integer(integer.into()));
        }
        text.parse().ok().map(Numeric::Float)
    }

    /// Compares the mathematical values.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Numeric::Integer(left), Numeric::Integer(right)) => Some(left.cmp(&right)),
            (Numeric::Float(left), Numeric::Float(right)) => left.partial_cmp(&right),
            (Numeric::Integer(left), Numeric::Float(right)) => compare_mixed(left, right),
            (Numeric::Float(left), Numeric::Integer(right)) => {
                compare_mixed(right, left).map(Ordering::reverse)
            }
        }
    }
}

fn compare_mixed(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // The cast saturates, far beyond every integer of 64 bits, and so the order is still right.
    match integer.cmp(&(float.trunc() as i128)) {
        Ordering::Equal => 0.0f64.partial_cmp(&float.fract()),
        order => Some(order),
    }
}

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

impl<N: Copy> Operand<'_, N> {
    fn view<'a, D: Document<Node = N>>(&'a self, document: &'a D) -> Option<View<'a>> {
        match self {
            Operand::Nothing => None,
            Operand::Node(node) => Some(document.view(*node)),
            Operand::Scalar(view) => Some(*view),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Numbers in order; those of one row are equal.
    const ORDERED: [&[&str]; 14] = [
        &["-1e400"],
        &["-1e300"],
        &["-9223372036854775809", "-9223372036854775808", "-9223372036854775808.0"],
        &["-9007199254740993"],
        &["-9007199254740992", "-9007199254740992.0"],
        &["-1.5", "-15e-1"],
        &["-1", "-1.0", "-1e0"],
        &["-1e-400", "-0", "0", "0.0", "-0.0", "0e9", "1e-400"],
        &["0.1", "1e-1", "0.10"],
        &["1", "1.0", "1e0", "1E+0", "10e-1"],
        &["9007199254740993"],
        &["18446744073709551615"],
        &["18446744073709551616", "18446744073709551616.0", "1.8446744073709551616e19"],
        &["1e400"],
    ];

    #[test]
    fn numbers_compare_by_their_values() {
        let all =
            || ORDERED.iter().enumerate().flat_map(|(row, texts)| texts.iter().map(move |text| (row, *text)));
        for (left, a) in all() {
            for (right, b) in all() {
                let compared = Numeric::parse(a).unwrap().compare(Numeric::parse(b).unwrap());
                assert_eq!(compared, Some(left.cmp(&right)), "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_number_of_a_document_is_what_its_literal_is() {
        for (_, text) in
            ORDERED.iter().enumerate().flat_map(|(row, texts)| texts.iter().map(move |t| (row, t)))
        {
            // Documents cannot hold numbers beyond the doubles.
            let Ok(number) = text.parse::<Number>() else { continue };
            assert_eq!(
                Numeric::from(&number).compare(Numeric::parse(text).unwrap()),
                Some(Ordering::Equal),
                "{text}"
            );
        }
        assert_eq!(View::from(&json!(1)), View::Number(Numeric::Integer(1)));
    }
}
