//! JSON pointers (RFC 6901): the text, its segments, and the names and indices that these stand for.
//!
//! A name has exactly one escaped form: `~` is always `~0`, and `/` is always `~1`. So two escaped segments are equal
//! exactly when their names are, and nothing that compares pointers needs to unescape them.

use std::borrow::Cow;

/// A valid JSON pointer: it is empty or begins with `/`, and every `~` is followed by `0` or `1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer<'a>(pub(crate) &'a str);

/// Why a text is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerError {
    /// It is not empty and does not begin with `/`.
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

    /// Checks that a text is a pointer.
    ///
    /// # Errors
    /// [`PointerError`] if it is none.
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

    /// Whether `key` lies strictly below this pointer, by segments: `/user` is above `/user/0` and not above `/users`.
    #[inline]
    pub fn is_above(self, key: &str) -> bool {
        key.as_bytes().get(self.0.len()) == Some(&b'/') && key.starts_with(self.0)
    }

    /// The pointer to the parent; `None` for the root.
    #[inline]
    pub fn parent(self) -> Option<Pointer<'a>> {
        self.0.as_bytes().iter().rposition(|byte| *byte == b'/').map(|at| Pointer(&self.0[..at]))
    }

    /// Its last segment, as written; empty for the root.
    #[inline]
    pub fn last(self) -> &'a str {
        self.0.as_bytes().iter().rposition(|byte| *byte == b'/').map_or("", |at| &self.0[at + 1..])
    }

    /// Its segments as written, in order. The root has none.
    pub fn segments(self) -> impl Iterator<Item = &'a str> {
        self.0.split('/').skip(1)
    }
}

/// A [`Pointer`] that owns its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointerBuf(pub(crate) String);

impl PointerBuf {
    /// Checks that a text is a pointer.
    ///
    /// # Errors
    /// [`PointerError`] if it is none.
    pub fn parse(text: impl Into<String>) -> Result<Self, PointerError> {
        let text = text.into();
        Pointer::parse(&text)?;
        Ok(PointerBuf(text))
    }

    /// Becomes another pointer, in the memory that this one has.
    #[inline]
    pub fn assign(&mut self, pointer: Pointer<'_>) {
        self.0.clear();
        self.0.push_str(pointer.0);
    }

    /// The pointer.
    #[inline]
    pub fn as_pointer(&self) -> Pointer<'_> {
        Pointer(&self.0)
    }

    /// Its text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its segments as written, in order. The root has none, and `/` has one, which is empty.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }
}

/// The segment that stands for `name`: with `~0` for `~` and `~1` for `/`.
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

/// Whether `segment` spells an array index: decimal, without leading zeros.
#[inline(always)]
fn is_index(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    bytes == b"0" || (bytes.first().is_some_and(|byte| *byte != b'0') && bytes.iter().all(u8::is_ascii_digit))
}

/// The array index that `segment` spells, below 2³².
pub fn array_index(segment: &str) -> Option<u32> {
    if is_index(segment) { segment.parse().ok() } else { None }
}

/// The array index that `segment` spells, below 2⁶⁴: patterns name larger ones than a store can hold.
pub(crate) fn wide_index(segment: &str) -> Option<u64> {
    if is_index(segment) { segment.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_checked() {
        for text in ["", "/", "/a", "/~0~1", "//", "/é/0"] {
            assert!(Pointer::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Pointer::parse("a"), Err(PointerError::NoSlash));
        assert_eq!(Pointer::parse("/a~2"), Err(PointerError::Escape(2)));
        assert_eq!(Pointer::parse("/a~"), Err(PointerError::Escape(2)));
        assert_eq!(Pointer::parse("/~~0"), Err(PointerError::Escape(1)));
        assert_eq!(PointerBuf::parse("#/a"), Err(PointerError::NoSlash));
        let count = |text| PointerBuf::parse(text).unwrap().segments().count();
        assert_eq!([count(""), count("/"), count("//"), count("/a/b")], [0, 1, 2, 2]);
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
}
