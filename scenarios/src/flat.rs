//! Words that `flat_keys` and `flat_query` share: pointers, leaves, and the tree that they stand for.
//!
//! A flat store maps RFC 6901 JSON pointers to **leaves**: scalars and empty containers. Inner nodes are
//! implied by the pointers below them. What they are, [`Kinds`] says: a container whose children are named by
//! exactly the indices `0 … k - 1` is an array, unless it was recorded as an object; every other one is
//! an object. A pointer that is a leaf *and* has others below it shows as the container in every tree.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::input::FixedHasher;

/// A valid JSON pointer: empty, or every segment preceded by `/`, and every `~` followed by `0` or `1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer<'a>(&'a str);

/// A text that is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerError {
    /// It is neither empty nor begins with `/`.
    NoSlash,
    /// The `~` at this byte is followed by neither `0` nor `1`.
    Escape(usize),
}

impl std::fmt::Display for PointerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PointerError::NoSlash => f.write_str("a JSON pointer is empty or begins with `/`"),
            PointerError::Escape(at) => write!(f, "the `~` at byte {at} is followed by neither 0 nor 1"),
        }
    }
}

impl std::error::Error for PointerError {}

impl<'a> Pointer<'a> {
    /// The pointer to the whole document.
    pub const ROOT: Pointer<'static> = Pointer("");

    /// Checks a text.
    ///
    /// # Errors
    /// If it is no JSON pointer.
    pub fn parse(text: &'a str) -> Result<Self, PointerError> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(PointerError::NoSlash);
        }
        let bytes = text.as_bytes();
        let wrong =
            (0..bytes.len()).find(|at| bytes[*at] == b'~' && !matches!(bytes.get(at + 1), Some(b'0' | b'1')));
        wrong.map_or(Ok(Pointer(text)), |at| Err(PointerError::Escape(at)))
    }

    /// Its text.
    #[inline]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether `key` lies strictly below, by segment: `/user` is above `/user/0`, not above `/users`.
    #[inline]
    pub fn is_above(self, key: &str) -> bool {
        key.as_bytes().get(self.0.len()) == Some(&b'/') && key.starts_with(self.0)
    }

    /// The pointer to the parent; `None` of the root.
    #[inline]
    pub fn parent(self) -> Option<Pointer<'a>> {
        self.0.as_bytes().iter().rposition(|byte| *byte == b'/').map(|at| Pointer(&self.0[..at]))
    }

    /// Its last segment, as written; empty for the root.
    #[inline]
    pub fn last(self) -> &'a str {
        self.0.as_bytes().iter().rposition(|byte| *byte == b'/').map_or("", |at| &self.0[at + 1..])
    }

    /// Its segments as written, in order; none of the root.
    pub fn segments(self) -> impl Iterator<Item = &'a str> {
        self.0.split('/').skip(1)
    }
}

/// A [`Pointer`] that owns its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointerBuf(String);

impl PointerBuf {
    /// Checks a text.
    ///
    /// # Errors
    /// If it is no JSON pointer.
    pub fn parse(text: String) -> Result<Self, PointerError> {
        Pointer::parse(&text)?;
        Ok(PointerBuf(text))
    }

    /// The pointer.
    #[inline]
    pub fn as_pointer(&self) -> Pointer<'_> {
        Pointer(&self.0)
    }
}

/// The segment that stands for `name`: `~` as `~0`, `/` as `~1`.
pub fn escape(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        return Cow::Owned(name.replace('~', "~0").replace('/', "~1"));
    }
    Cow::Borrowed(name)
}

/// The name that `segment` stands for.
pub fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') {
        return Cow::Owned(segment.replace("~1", "/").replace("~0", "~"));
    }
    Cow::Borrowed(segment)
}

/// The array index that `segment` spells: decimal, without leading zeros, below 2³².
pub fn array_index(segment: &str) -> Option<u32> {
    let bytes = segment.as_bytes();
    let plain = bytes == b"0"
        || (bytes.first().is_some_and(|byte| *byte != b'0') && bytes.iter().all(u8::is_ascii_digit));
    if plain { segment.parse().ok() } else { None }
}

/// What a flat store holds: a scalar, an empty array or an empty object.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf(Value);

/// A value that is not a leaf: it has children, which belong under pointers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotALeaf;

impl std::fmt::Display for NotALeaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a container that is not empty: its children belong under pointers of their own")
    }
}

impl std::error::Error for NotALeaf {}

impl Leaf {
    /// Makes a leaf.
    ///
    /// # Errors
    /// If `value` is a container that is not empty.
    pub fn new(value: Value) -> Result<Self, NotALeaf> {
        if leaf(&value).is_some() { Ok(Leaf(value)) } else { Err(NotALeaf) }
    }

    /// Its value.
    #[inline]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// A few instructions that read it: what a visit of a leaf does in a region.
    #[inline]
    pub fn touch(&self) -> u64 {
        touch_value(&self.0)
    }
}

impl From<u64> for Leaf {
    fn from(number: u64) -> Self {
        Leaf(Value::from(number))
    }
}

impl From<&str> for Leaf {
    fn from(text: &str) -> Self {
        Leaf(Value::from(text))
    }
}

/// `value` if it is a leaf.
#[inline]
pub fn leaf(value: &Value) -> Option<&Value> {
    let has_children = match value {
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    (!has_children).then_some(value)
}

/// A few instructions that read a value.
#[inline]
pub fn touch_value(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap_or(1),
        Value::String(text) => touch_text(text),
        Value::Null => 2,
        Value::Bool(_) => 3,
        Value::Array(elements) => elements.len() as u64,
        Value::Object(members) => members.len() as u64,
    }
}

/// A few instructions that read a text: its length and its last eight bytes.
#[inline]
pub fn touch_text(text: &str) -> u64 {
    let end = text.as_bytes().last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    end.wrapping_add(text.len() as u64)
}

/// Which containers were recorded as objects, although their children are named like an array's elements.
///
/// A record stays when its container goes, so that one that comes back is what it was.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    objects: BTreeSet<String>,
}

impl Kinds {
    /// No record: what looks like an array is one.
    pub const NONE: &'static Kinds = &Kinds { objects: BTreeSet::new() };

    /// Records that the container at `pointer` is an object whatever its children are called.
    pub fn record_object(&mut self, pointer: Pointer<'_>) {
        self.objects.insert(pointer.as_str().to_owned());
    }

    /// Whether the container at `pointer` was recorded as an object.
    #[inline]
    pub fn is_object(&self, pointer: Pointer<'_>) -> bool {
        !self.objects.is_empty() && self.objects.contains(pointer.as_str())
    }
}

/// How the children of one container are called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    children: u64,
    indices: u64,
    /// Of the indices; each is below 2³², so it does not overflow.
    sum: u64,
}

impl Census {
    /// Counts a child with this index, `None` where its segment is no [index](array_index).
    #[inline]
    pub fn add(&mut self, index: Option<u32>) {
        self.children += 1;
        self.indices += u64::from(index.is_some());
        self.sum += u64::from(index.unwrap_or(0));
    }

    /// Uncounts a child.
    #[inline]
    pub fn remove(&mut self, index: Option<u32>) {
        self.children -= 1;
        self.indices -= u64::from(index.is_some());
        self.sum -= u64::from(index.unwrap_or(0));
    }

    /// Whether there is no child.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.children == 0
    }

    /// Whether the children are called `0 … k - 1`: no other k distinct indices have so small a sum.
    #[inline]
    pub fn is_dense(&self) -> bool {
        self.children == self.indices
            && (self.children == 0 || self.sum == self.children * (self.children - 1) / 2)
    }
}

/// Every container that the pointers of a store imply, and of which kind it is: kept up to date leaf by leaf.
#[derive(Clone, Debug, Default)]
pub struct Containers {
    censuses: HashMap<String, Census, FixedHasher>,
    /// Which of them are objects by record.
    pub kinds: Kinds,
}

impl Containers {
    /// Whether there is a container at `pointer`.
    #[inline]
    pub fn contains(&self, pointer: &str) -> bool {
        self.censuses.contains_key(pointer)
    }

    /// Whether the container at `pointer` is an array; `None` where none is.
    #[inline]
    pub fn is_array(&self, pointer: &str) -> Option<bool> {
        let census = self.censuses.get(pointer)?;
        Some(census.is_dense() && !self.kinds.is_object(Pointer(pointer)))
    }

    /// Counts a leaf that came to `pointer`, where none was. `is_leaf` says where others are.
    pub fn add(&mut self, pointer: Pointer<'_>, is_leaf: impl Fn(&str) -> bool) {
        let mut child = pointer;
        // What is there already, as a leaf or a container, is counted already.
        let mut counted = self.contains(child.as_str());
        while let Some(parent) = child.parent().filter(|_| !counted) {
            let index = array_index(child.last());
            match self.censuses.get_mut(parent.as_str()) {
                Some(census) => {
                    census.add(index);
                    return;
                }
                None => self.censuses.entry(parent.as_str().to_owned()).or_default().add(index),
            }
            counted = is_leaf(parent.as_str());
            child = parent;
        }
    }

    /// Uncounts a leaf that went from `pointer`. `is_leaf` says where others still are.
    pub fn remove(&mut self, pointer: Pointer<'_>, is_leaf: impl Fn(&str) -> bool) {
        let mut child = pointer;
        let mut counted = self.contains(child.as_str());
        while let Some(parent) = child.parent().filter(|_| !counted) {
            let Some(census) = self.censuses.get_mut(parent.as_str()) else { return };
            census.remove(array_index(child.last()));
            if !census.is_empty() {
                return;
            }
            self.censuses.remove(parent.as_str());
            counted = is_leaf(parent.as_str());
            child = parent;
        }
    }
}

/// The tree under `prefix` that `entries` (each at `prefix` or below it) stand for; `None` of no entries.
///
/// Recursive, as [`Value`] itself is where it is dropped: a few thousand levels are a stack's end.
pub fn tree<'a>(
    prefix: Pointer<'_>,
    entries: impl IntoIterator<Item = (&'a str, &'a Leaf)>,
    kinds: &Kinds,
) -> Option<Value> {
    let mut root = Draft::default();
    for (key, leaf) in entries {
        let mut node = &mut root;
        for segment in Pointer(&key[prefix.as_str().len()..]).segments() {
            node = node.children.entry(segment).or_default();
        }
        node.leaf = Some(leaf);
    }
    root.finish(&mut prefix.as_str().to_owned(), kinds)
}

#[derive(Default)]
struct Draft<'a> {
    leaf: Option<&'a Leaf>,
    children: BTreeMap<&'a str, Draft<'a>>,
}

impl Draft<'_> {
    fn finish(self, pointer: &mut String, kinds: &Kinds) -> Option<Value> {
        let count = self.children.len();
        if count == 0 {
            return self.leaf.map(|leaf| leaf.0.clone());
        }
        let index = |segment: &str| array_index(segment).filter(|index| (*index as usize) < count);
        let is_array = self.children.keys().all(|segment| index(segment).is_some())
            && !kinds.is_object(Pointer(pointer));
        let length = pointer.len();
        let mut finish = |segment: &str, child: Self| {
            pointer.push('/');
            pointer.push_str(segment);
            let value = child.finish(pointer, kinds);
            pointer.truncate(length);
            value.unwrap_or(Value::Null)
        };
        if is_array {
            let mut elements = vec![Value::Null; count];
            for (segment, child) in self.children {
                if let Some(at) = index(segment) {
                    elements[at as usize] = finish(segment, child);
                }
            }
            return Some(Value::Array(elements));
        }
        let members = self
            .children
            .into_iter()
            .map(|(segment, child)| (unescape(segment).into_owned(), finish(segment, child)));
        Some(Value::Object(members.collect()))
    }
}

/// Every leaf of `document` with its pointer, in document order, and the objects that must be recorded.
pub fn flatten(document: &Value) -> (Vec<(PointerBuf, Leaf)>, Kinds) {
    let mut leaves = Vec::new();
    let mut kinds = Kinds::default();
    flatten_into(document, &mut String::new(), &mut leaves, &mut kinds);
    (leaves, kinds)
}

fn flatten_into(
    value: &Value,
    pointer: &mut String,
    leaves: &mut Vec<(PointerBuf, Leaf)>,
    kinds: &mut Kinds,
) {
    let length = pointer.len();
    match value {
        Value::Array(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                flatten_into(element, pointer, leaves, kinds);
                pointer.truncate(length);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            if members.keys().all(|name| array_index(name).is_some()) {
                kinds.record_object(Pointer(pointer));
            }
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&escape(name));
                flatten_into(member, pointer, leaves, kinds);
                pointer.truncate(length);
            }
        }
        _ => leaves.push((PointerBuf(pointer.clone()), Leaf(value.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_are_checked() {
        for text in ["", "/", "/a", "/~0~1", "//", "/é/0"] {
            assert!(Pointer::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Pointer::parse("a"), Err(PointerError::NoSlash));
        assert_eq!(Pointer::parse("/a~2"), Err(PointerError::Escape(2)));
        assert_eq!(Pointer::parse("/a~"), Err(PointerError::Escape(2)));
    }

    #[test]
    fn above_goes_by_segment() {
        let above = |prefix, key| Pointer::parse(prefix).unwrap().is_above(key);
        assert!(above("/user", "/user/0"));
        assert!(above("/user", "/user/"));
        assert!(above("", "/"));
        assert!(above("/", "//"));
        assert!(!above("/user", "/users/0"));
        assert!(!above("/user", "/user"));
        assert!(!above("", ""));
        assert!(!above("/é", "/e"));
    }

    #[test]
    fn segments_stand_for_names() {
        for name in ["", "a", "~", "/", "~1", "~0/~", "é"] {
            assert_eq!(unescape(&escape(name)), name);
        }
        assert_eq!(escape("~1/"), "~01~1");
        assert_eq!(unescape("~01"), "~1");
    }

    #[test]
    fn indices_have_one_spelling() {
        for (segment, index) in [("0", Some(0)), ("10", Some(10)), ("4294967295", Some(u32::MAX))] {
            assert_eq!(array_index(segment), index);
        }
        for segment in ["", "00", "01", "+1", "-0", "1.0", "4294967296", "99999999999999999999"] {
            assert_eq!(array_index(segment), None, "{segment}");
        }
    }

    #[test]
    fn documents_come_back() {
        for document in [
            json!(null),
            json!([]),
            json!({}),
            json!({"a": [1, [2, []], {"": {"0": true}}], "0": {}, "~/": "x"}),
            json!({"0": "looks like an array", "1": ["is one"]}),
            json!((0..12).collect::<Vec<_>>()),
            json!({"2024": 1, "01": 2}),
        ] {
            let (leaves, kinds) = flatten(&document);
            let entries = leaves.iter().map(|(pointer, leaf)| (pointer.as_pointer().as_str(), leaf));
            assert_eq!(tree(Pointer::ROOT, entries, &kinds), Some(document));
        }
        assert_eq!(tree(Pointer::ROOT, [], Kinds::NONE), None);
    }
}
