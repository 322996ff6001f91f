//! Paths as a tree, how they are spelled, and what they select from a document whose only arrays are empty: as plainly as
//! can be, and independent of the crate `json_path`.

use std::cmp::Ordering;

use scenarios::flat::escape;
use serde_json::Value;

/// Segments, from the document's root or from the node that a filter tests.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) absolute: bool,
    pub(super) segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) descendant: bool,
    pub(super) selectors: Vec<Selector>,
}

#[derive(Clone, Debug)]
pub(super) enum Selector {
    Name(String),
    Wildcard,
    /// An index or a slice, which selects nothing from an object.
    OfArray(&'static str),
    Filter(Test),
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Exists(Path),
    Not(Box<Test>),
    All(Box<[Test; 2]>),
    Any(Box<[Test; 2]>),
    Compare(Operand, &'static str, Operand),
    /// `match` and `search`, and what the pattern's matches have in common.
    Matches(Operand, &'static Pattern),
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Value),
    /// A path of names.
    Singular(Path),
    Length(Box<Operand>),
    Count(Path),
    Value(Path),
}

/// A call of a function with a regular expression, and the same in Rust.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) function: &'static str,
    pub(super) pattern: &'static str,
    pub(super) holds: fn(&str) -> bool,
}

pub(super) const PATTERNS: [Pattern; 4] = [
    Pattern { function: "match", pattern: "a.*", holds: |text| text.starts_with('a') },
    Pattern {
        function: "match",
        pattern: "[ab]+",
        holds: |text| !text.is_empty() && text.bytes().all(|b| matches!(b, b'a' | b'b')),
    },
    Pattern { function: "search", pattern: "b", holds: |text| text.contains('b') },
    Pattern { function: "search", pattern: "(", holds: |_| false },
];

/// A name or a literal in quotes. What JSON writes is valid in JSONPath; a name without escapes is so in single quotes too.
fn quoted(text: &str, single: bool) -> String {
    let json = Value::from(text).to_string();
    if single && !text.contains(['\'', '\\']) && json.len() == text.len() + 2 {
        format!("'{text}'")
    } else {
        json
    }
}

impl Path {
    /// Spells the path. `style` chooses between spellings that mean the same.
    pub(super) fn spell(&self, style: usize) -> String {
        let segments = self.segments.iter().map(|segment| segment.spell(style));
        format!("{}{}", if self.absolute { "$" } else { "@" }, segments.collect::<String>())
    }

    /// Every node that the path selects, as often as it selects the node, each with its pointer.
    pub(super) fn select<'a>(&self, root: &'a Value, at: (&str, &'a Value)) -> Vec<(String, &'a Value)> {
        let (pointer, value) = if self.absolute { ("", root) } else { at };
        let mut nodes = vec![(pointer.to_owned(), value)];
        for segment in &self.segments {
            nodes = nodes.iter().flat_map(|(pointer, value)| segment.select(root, pointer, value)).collect();
        }
        nodes
    }
}

impl Segment {
    fn spell(&self, style: usize) -> String {
        let dots = if self.descendant { ".." } else { "" };
        match &self.selectors[..] {
            [Selector::Name(name)]
                if style == 0 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()) =>
            {
                format!("{}{name}", if self.descendant { ".." } else { "." })
            }
            [Selector::Wildcard] if style == 0 => if self.descendant { "..*" } else { ".*" }.to_owned(),
            selectors => {
                let selectors: Vec<String> = selectors.iter().map(|selector| selector.spell(style)).collect();
                format!("{dots}[{}]", selectors.join(","))
            }
        }
    }

    fn select<'a>(&self, root: &'a Value, pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
        let mut nodes: Vec<_> =
            self.selectors.iter().flat_map(|selector| selector.select(root, pointer, value)).collect();
        if self.descendant {
            for (pointer, child) in children(pointer, value) {
                nodes.extend(self.select(root, &pointer, child));
            }
        }
        nodes
    }
}

fn children<'a>(pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (format!("{pointer}/{}", escape(name)), value)).collect()
}

impl Selector {
    fn spell(&self, style: usize) -> String {
        match self {
            Selector::Name(name) => quoted(name, style == 1),
            Selector::Wildcard => "*".to_owned(),
            Selector::OfArray(text) => (*text).to_owned(),
            Selector::Filter(test) => format!("?{}", test.spell(style)),
        }
    }

    fn select<'a>(&self, root: &'a Value, pointer: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
        let mut nodes = children(pointer, value);
        match self {
            Selector::Name(name) => {
                let end = format!("{pointer}/{}", escape(name));
                nodes.retain(|(pointer, _)| *pointer == end);
            }
            Selector::Wildcard => {}
            Selector::OfArray(_) => nodes.clear(),
            Selector::Filter(test) => nodes.retain(|(pointer, value)| test.holds(root, (pointer, value))),
        }
        nodes
    }
}

impl Test {
    fn spell(&self, style: usize) -> String {
        match self {
            Test::Exists(path) => path.spell(style),
            Test::Not(test) => format!("!({})", test.spell(style)),
            Test::All(both) => format!("({} && {})", both[0].spell(style), both[1].spell(style)),
            Test::Any(both) => format!("({}||{})", both[0].spell(style), both[1].spell(style)),
            Test::Compare(left, comparison, right) => {
                format!("{} {comparison} {}", left.spell(style), right.spell(style))
            }
            Test::Matches(text, pattern) => {
                format!("{}({}, '{}')", pattern.function, text.spell(style), pattern.pattern)
            }
        }
    }

    fn holds(&self, root: &Value, at: (&str, &Value)) -> bool {
        match self {
            Test::Exists(path) => !path.select(root, at).is_empty(),
            Test::Not(test) => !test.holds(root, at),
            Test::All(both) => both.iter().all(|test| test.holds(root, at)),
            Test::Any(both) => both.iter().any(|test| test.holds(root, at)),
            Test::Compare(left, comparison, right) => {
                let (left, right) = (left.value(root, at), right.value(root, at));
                let order = order(left.as_ref(), right.as_ref());
                let equal = left == right;
                match *comparison {
                    "==" => equal,
                    "!=" => !equal,
                    "<" => order == Some(Ordering::Less),
                    "<=" => equal || order == Some(Ordering::Less),
                    ">" => order == Some(Ordering::Greater),
                    _ => equal || order == Some(Ordering::Greater),
                }
            }
            Test::Matches(text, pattern) => {
                text.value(root, at).is_some_and(|text| text.as_str().is_some_and(pattern.holds))
            }
        }
    }
}

/// Numbers and strings have an order. All numbers here are small integers.
fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => Some(left.as_i64()?.cmp(&right.as_i64()?)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

impl Operand {
    fn spell(&self, style: usize) -> String {
        match self {
            Operand::Literal(Value::String(text)) => quoted(text, style == 1),
            Operand::Literal(value) => value.to_string(),
            Operand::Singular(path) => path.spell(style),
            Operand::Length(operand) => format!("length({})", operand.spell(style)),
            Operand::Count(path) => format!("count({})", path.spell(style)),
            Operand::Value(path) => format!("value({})", path.spell(style)),
        }
    }

    /// Its value; `None` of what has none.
    fn value(&self, root: &Value, at: (&str, &Value)) -> Option<Value> {
        match self {
            Operand::Literal(value) => Some(value.clone()),
            Operand::Singular(path) => path.select(root, at).first().map(|(_, value)| (*value).clone()),
            Operand::Length(operand) => match operand.value(root, at)? {
                Value::String(text) => Some(text.chars().count().into()),
                Value::Array(elements) => Some(elements.len().into()),
                Value::Object(members) => Some(members.len().into()),
                _ => None,
            },
            Operand::Count(path) => Some(path.select(root, at).len().into()),
            Operand::Value(path) => match path.select(root, at)[..] {
                [(_, value)] => Some(value.clone()),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn child(selectors: Vec<Selector>) -> Segment {
        Segment { descendant: false, selectors }
    }

    fn names(absolute: bool, names: &[&str]) -> Path {
        let segments = names.iter().map(|name| child(vec![Selector::Name((*name).to_owned())]));
        Path { absolute, segments: segments.collect() }
    }

    #[test]
    fn the_model_spells_and_selects() {
        let document = json!({"a": {"b": 1, "~/": "ab"}, "0": {"b": 2}, "c": {}});
        let pointers = |path: &Path| {
            let found = path.select(&document, ("", &document));
            found.into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>()
        };
        let b = Operand::Singular(names(false, &["b"]));
        let cases = [
            (names(true, &["a", "~/"]), "$.a[\"~/\"]", vec!["/a/~0~1"]),
            (
                Path {
                    absolute: true,
                    segments: vec![Segment {
                        descendant: true,
                        selectors: vec![Selector::Name("b".to_owned())],
                    }],
                },
                "$..b",
                vec!["/0/b", "/a/b"],
            ),
            (
                Path {
                    absolute: true,
                    segments: vec![child(vec![
                        Selector::OfArray("::2"),
                        Selector::Name("c".to_owned()),
                        Selector::Filter(Test::Compare(b.clone(), ">=", Operand::Literal(json!(2)))),
                        Selector::Filter(Test::Compare(b, "==", Operand::Singular(names(true, &["a", "b"])))),
                    ])],
                },
                "$[::2,\"c\",?@.b >= 2,?@.b == $.a.b]",
                vec!["/c", "/0", "/a"],
            ),
            (
                Path {
                    absolute: true,
                    segments: vec![
                        child(vec![Selector::Wildcard]),
                        child(vec![Selector::Filter(Test::Matches(
                            Operand::Singular(names(false, &[])),
                            &PATTERNS[1],
                        ))]),
                    ],
                },
                "$.*[?match(@, '[ab]+')]",
                vec!["/a/~0~1"],
            ),
            (
                Path {
                    absolute: true,
                    segments: vec![child(vec![Selector::Filter(Test::Compare(
                        Operand::Count(Path {
                            absolute: false,
                            segments: vec![child(vec![Selector::Wildcard])],
                        }),
                        "<",
                        Operand::Length(Box::new(Operand::Literal(json!("é😀")))),
                    ))])],
                },
                "$[?count(@.*) < length(\"é😀\")]",
                vec!["/0", "/c"],
            ),
        ];
        for (path, spelled, selected) in cases {
            assert_eq!(path.spell(0), spelled);
            assert_eq!(pointers(&path), selected, "{spelled}");
        }
        assert_eq!(names(true, &["a", "'"]).spell(1), "$['a'][\"'\"]");
    }
}
