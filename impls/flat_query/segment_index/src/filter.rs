//! Filters of one comparison between a member and a literal: `[?@.age > 30]`, `[?@['a'].b == 'x']`.
//!
//! All other filters are left to the evaluator.

use json_path::Comparison;
use scenarios::flat_query::{SelectorKind, simple_segments};
use serde_json::Value;

/// A comparison of a member, found by names, with a literal.
#[derive(Debug, PartialEq)]
pub(crate) struct Filter {
    /// The names, as segments of a pointer.
    pub(crate) names: Vec<String>,
    comparison: Comparison,
    literal: Value,
}

/// A literal number has at most this many digits, so that it is exact as a double.
const MAX_DIGITS: usize = 15;

/// Reads a filter in brackets from the front of `text`. Returns the filter and the rest of the text.
pub(crate) fn read(text: &str) -> Option<(Filter, &str)> {
    let text = text.strip_prefix("[?")?.trim_start_matches(' ').strip_prefix('@')?;
    let (selectors, text) = simple_segments(text);
    let names = selectors.into_iter().map(|selector| match selector.kind {
        SelectorKind::Name(name) if !selector.descendant => Some(name),
        _ => None,
    });
    let names: Option<Vec<String>> = names.collect();
    let names = names.filter(|names| !names.is_empty())?;
    let text = text.trim_start_matches(' ');
    let (comparison, text) = Comparison::read(text)?;
    let (literal, text) = read_literal(text.trim_start_matches(' '))?;
    let rest = text.trim_start_matches(' ').strip_prefix(']')?;
    Some((Filter { names, comparison, literal }, rest))
}

fn read_literal(text: &str) -> Option<(Value, &str)> {
    for (spelling, value) in
        [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
    {
        if let Some(rest) = text.strip_prefix(spelling) {
            return Some((value, rest));
        }
    }
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let inner = &text[1..];
        let end = inner.find(|c: char| c == quote || c == '\\' || c < ' ')?;
        let rest = inner[end..].strip_prefix(quote)?;
        return Some((Value::from(&inner[..end]), rest));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    // A number with a fraction or an exponent is left to the evaluator.
    if count == 0 || count > MAX_DIGITS || (digits.starts_with('0') && digits.len() != text.len()) {
        return None;
    }
    if count > 1 && digits.starts_with('0') {
        return None;
    }
    let end = text.len() - digits.len() + count;
    let number: i64 = text[..end].parse().ok()?;
    Some((Value::from(number), &text[end..]))
}

impl Filter {
    /// Whether it lets a node through. `operand` is what lies under the names: `None` if nothing does, and
    /// `Some(None)` if it is a container with children.
    #[inline]
    pub(crate) fn admits(&self, operand: Option<Option<&Value>>) -> bool {
        let operand = operand.flatten();
        let ordering = match (operand, &self.literal) {
            (Some(Value::Number(left)), Value::Number(right)) => {
                // The literal is exact as a double, and rounding the other number keeps their order.
                left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right))
            }
            (Some(Value::String(left)), Value::String(right)) => Some(left.as_str().cmp(right)),
            _ => None,
        };
        let equal = ordering.map_or_else(|| operand == Some(&self.literal), |ordering| ordering.is_eq());
        match self.comparison {
            Comparison::Equal => equal,
            Comparison::NotEqual => !equal,
            Comparison::Less => ordering.is_some_and(|ordering| ordering.is_lt()),
            Comparison::LessOrEqual => equal || ordering.is_some_and(|ordering| ordering.is_lt()),
            Comparison::Greater => ordering.is_some_and(|ordering| ordering.is_gt()),
            Comparison::GreaterOrEqual => equal || ordering.is_some_and(|ordering| ordering.is_gt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use json_path::{Query, Tree};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_needs_the_evaluator_is_left_to_it() {
        for text in [
            "[?@.a]",
            "[?@ > 1]",
            "[?@.a > 1.5]",
            "[?@.a > 1e3]",
            "[?@.a > 01]",
            "[?@.a > -0]",
            "[?@.a > 1 && @.b]",
            "[?@.a == 'x\\'']",
            "[?@..a == 1]",
            "[?@[0] == 1]",
            "[?@.a == nullx]",
            "[?@.a == 1, 2]",
            "[?!@.a]",
            "[?@.a == 1234567890123456]",
            "[?(@.a == 1)]",
            "[?@.a == @.b]",
            "[? @.a = 1]",
            "[?@.a === 1]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn comparisons_are_what_the_evaluator_makes_of_them() {
        let operands = [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(30),
            json!(30.0),
            json!(30.5),
            json!(-31),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!(""),
            json!("30"),
            json!("a"),
            json!("é"),
            json!([]),
            json!({}),
            json!([1]),
            json!({"b": 1}),
        ];
        let literals =
            ["null", "true", "false", "0", "30", "-31", "999999999999999", "''", "'30'", "\"a\"", "'é'"];
        for comparison in ["==", "!=", "<", "<=", ">", ">="] {
            for literal in literals {
                let text = format!("[?@.a {comparison} {literal}]");
                let (filter, rest) = read(&text).unwrap();
                assert_eq!((rest, filter.names.as_slice()), ("", &["a".to_owned()][..]));
                let query = Query::parse(&format!("${text}")).unwrap();
                let evaluator = |child: Value| {
                    let document = json!([child]);
                    let tree = Tree::new(&document);
                    query.select(&tree, tree.root(), tree.root(), |_| ControlFlow::Break(())).is_break()
                };
                assert_eq!(filter.admits(None), evaluator(json!({})), "{text} of nothing");
                for operand in &operands {
                    let own = filter.admits(Some(scenarios::flat::leaf(operand)));
                    assert_eq!(own, evaluator(json!({ "a": operand })), "{text} of {operand}");
                }
            }
        }
    }
}
