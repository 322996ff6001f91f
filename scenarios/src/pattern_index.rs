//! **Pattern index**: which of many JSONPath patterns select a given JSON pointer?
//!
//! Contract: [`PatternIndex`], with [`Pattern`]s and [`Pointer`]s that are parsed once, here, for every
//! contender. Oracle: a table per pattern and pointer, filled node by node over unescaped segments.
//! Scenarios: [`BOTTLENECK`].
//!
//! What a pointer alone can tell decides what a pattern means: `[7]` and `['7']` both select the segment
//! `7`, because a pointer does not say whether it leads into an array or an object; and a selector that
//! needs the document (a filter, anything that counts from an array's end) is a typed error.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use rand::RngExt;

use crate::input::{FixedHasher, Rng, mix, rng};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Mismatch, Request, Scenario, Setup, Sizes,
    Step, case,
};

// --- pointers --------------------------------------------------------------------------------

/// A JSON pointer (RFC 6901), checked.
///
/// A segment has exactly one escaped form (`~` is always `~0`, `/` always `~1`), so escaped segments are
/// equal exactly when what they mean is: nothing that matches pointers needs to unescape them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer(Box<str>);

impl Pointer {
    /// Checks `text`.
    ///
    /// # Errors
    /// If it is neither empty nor begins with `/`, or holds a `~` that is not part of `~0` or `~1`.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(PointerError { at: 0, problem: "a pointer is empty or begins with `/`" });
        }
        for (at, _) in text.match_indices('~') {
            if !matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')) {
                return Err(PointerError { at, problem: "`~` is followed by `0` or `1`" });
            }
        }
        Ok(Pointer(text.into()))
    }

    /// The pointer's text, as parsed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its segments, escaped as in its text; none for the empty pointer, one empty one for `/`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }
}

/// Why a text is not a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointerError {
    /// The byte at which it went wrong.
    pub at: usize,
    /// The rule that it breaks.
    pub problem: &'static str,
}

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a JSON pointer, at byte {}: {}", self.at, self.problem)
    }
}

impl std::error::Error for PointerError {}

/// `name` as a pointer's segment.
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that a pointer's segment stands for.
pub fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') { segment.replace("~1", "/").replace("~0", "~").into() } else { segment.into() }
}

/// The array index that a segment stands for; none where it is not one, or has leading zeros.
fn index_of(segment: &str) -> Option<u64> {
    let digits = segment.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = segment == "0" || !segment.starts_with('0');
    if digits && canonical { segment.parse().ok() } else { None }
}

// --- patterns --------------------------------------------------------------------------------

/// A JSONPath query (RFC 9535) as a pattern over pointers, parsed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    nodes: Box<[Node]>,
    simple: bool,
}

/// A part of a pattern. All but [`Node::Descendant`] select by one segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// `.name`, `['name']`: one name, [escaped](escape) as in a pointer.
    Name(Box<str>),
    /// `[3]`: the segment `3`, not `03`.
    Index(u64),
    /// `.*`, `[*]`: any one segment.
    Wildcard,
    /// `..`: any number of segments, also none, before the next node. Never the last node.
    Descendant,
    /// `[a, b]`: whatever one of the nodes selects; no union within it, and no descendant.
    Union(Box<[Node]>),
    /// `[start:end:step]`: array indices from the front.
    Slice {
        /// The first index.
        start: u64,
        /// The first index past the end; none without one.
        end: Option<u64>,
        /// From one index to the next; a slice with step 0 is empty.
        step: u64,
    },
}

impl Node {
    /// The only segment that this node selects, escaped as in a pointer; `None` for all but names and indices.
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        match self {
            Node::Name(segment) => Some(Cow::Borrowed(segment)),
            Node::Index(index) => Some(Cow::Owned(index.to_string())),
            _ => None,
        }
    }

    /// Whether this node selects by `segment`, escaped as in a pointer; a descendant selects none.
    pub fn selects(&self, segment: &str) -> bool {
        match self {
            Node::Name(name) => **name == *segment,
            Node::Index(index) => index_of(segment) == Some(*index),
            Node::Wildcard => true,
            Node::Descendant => false,
            Node::Union(nodes) => nodes.iter().any(|node| node.selects(segment)),
            Node::Slice { start, end, step } => index_of(segment).is_some_and(|index| {
                *step > 0
                    && index >= *start
                    && end.is_none_or(|end| index < end)
                    && (index - start).is_multiple_of(*step)
            }),
        }
    }
}

impl Pattern {
    /// Parses `text`.
    ///
    /// # Errors
    /// If it is not a JSONPath query, or has a selector that a pointer alone cannot decide.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let nodes = Parser { text, at: 0 }.query()?;
        let simple = !nodes.iter().any(|node| matches!(node, Node::Union(_) | Node::Slice { .. }));
        Ok(Pattern { nodes: nodes.into(), simple })
    }

    /// Its nodes in order; none for `$`, which selects the root.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether it has neither unions nor slices, which no contender indexes.
    pub fn is_simple(&self) -> bool {
        self.simple
    }

    /// Whether it selects the pointer of these escaped segments: a test of one pattern, without recursion, in
    /// at most O(segments × nodes).
    ///
    /// The shortest way through the nodes before a `..` is as good as any other, so a mismatch only ever
    /// returns to the last `..` and lets it span one more segment.
    pub fn selects(&self, segments: &[&str]) -> bool {
        let (mut node, mut segment) = (0, 0);
        let mut retry = None;
        loop {
            match self.nodes.get(node) {
                None if segment == segments.len() => return true,
                Some(Node::Descendant) => {
                    node += 1;
                    retry = Some((node, segment));
                    continue;
                }
                Some(selector) if segments.get(segment).is_some_and(|text| selector.selects(text)) => {
                    (node, segment) = (node + 1, segment + 1);
                    continue;
                }
                _ => {}
            }
            match retry {
                Some((from, spanned)) if spanned < segments.len() => {
                    (node, segment) = (from, spanned + 1);
                    retry = Some((from, spanned + 1));
                }
                _ => return false,
            }
        }
    }
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is not a JSONPath query.
    Malformed {
        /// The byte at which it went wrong.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// It is (as far as it was read) a JSONPath query, but a pointer alone does not say what it selects.
    Undecidable {
        /// The byte at which that selector begins.
        at: usize,
        /// Which kind of selector.
        selector: &'static str,
    },
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::Malformed { at, expected } => {
                write!(f, "not a JSONPath query, at byte {at}: expected {expected}")
            }
            PatternError::Undecidable { at, selector } => {
                write!(f, "at byte {at}: {selector} cannot be decided from a pointer alone")
            }
        }
    }
}

impl std::error::Error for PatternError {}

/// The largest integer of a query (RFC 9535, 2.1): what every JSON number type holds exactly.
const LARGEST: i64 = (1 << 53) - 1;

/// A query, and how far it is read.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn query(mut self) -> Result<Vec<Node>, PatternError> {
        let mut nodes = Vec::new();
        self.expect('$', "`$`")?;
        loop {
            let before = self.at;
            self.blanks();
            if self.eat("..") {
                nodes.push(Node::Descendant);
                nodes.push(if self.peek() == Some('[') { self.bracketed()? } else { self.dotted()? });
            } else if self.eat(".") {
                nodes.push(self.dotted()?);
            } else if self.peek() == Some('[') {
                nodes.push(self.bracketed()?);
            } else if before == self.text.len() {
                return Ok(nodes);
            } else {
                return Err(self.malformed("`.`, `[` or the end"));
            }
        }
    }

    fn malformed(&self, expected: &'static str) -> PatternError {
        PatternError::Malformed { at: self.at, expected }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: char, expected: &'static str) -> Result<(), PatternError> {
        if self.peek() != Some(token) {
            return Err(self.malformed(expected));
        }
        self.next();
        Ok(())
    }

    fn blanks(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.at += 1;
        }
    }

    /// What follows a dot: `*` or a plain name.
    fn dotted(&mut self) -> Result<Node, PatternError> {
        if self.eat("*") {
            return Ok(Node::Wildcard);
        }
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let begin = self.at;
        if !self.peek().is_some_and(first) {
            return Err(self.malformed("a name or `*`"));
        }
        while self.peek().is_some_and(|c| first(c) || c.is_ascii_digit()) {
            self.next();
        }
        // Nothing in a plain name needs escaping.
        Ok(Node::Name(self.text[begin..self.at].into()))
    }

    /// `[selector, …]`.
    fn bracketed(&mut self) -> Result<Node, PatternError> {
        self.expect('[', "`[`")?;
        let mut nodes = Vec::new();
        loop {
            self.blanks();
            nodes.push(self.selector()?);
            self.blanks();
            if self.eat("]") {
                let one = nodes.len() == 1;
                return Ok(if one { nodes.remove(0) } else { Node::Union(nodes.into()) });
            }
            self.expect(',', "`,` or `]`")?;
        }
    }

    fn selector(&mut self) -> Result<Node, PatternError> {
        let at = self.at;
        match self.peek() {
            Some('*') => {
                self.at += 1;
                Ok(Node::Wildcard)
            }
            Some(quote @ ('\'' | '"')) => {
                self.at += 1;
                Ok(Node::Name(escape(&self.quoted(quote)?).into()))
            }
            Some('?') => Err(PatternError::Undecidable { at, selector: "a filter" }),
            Some('-' | ':' | '0'..='9') => self.index_or_slice(),
            _ => Err(self.malformed("a quoted name, `*`, an index, a slice or a filter")),
        }
    }

    /// The rest of a quoted name, and its closing quote.
    fn quoted(&mut self, quote: char) -> Result<String, PatternError> {
        let mut name = String::new();
        loop {
            match self.peek() {
                Some(c) if c == quote => {
                    self.next();
                    return Ok(name);
                }
                Some('\\') => {
                    self.next();
                    name.push(self.escaped(quote)?);
                }
                Some(c) if c >= ' ' => {
                    self.next();
                    name.push(c);
                }
                _ => return Err(self.malformed("a character of a name, or its closing quote")),
            }
        }
    }

    /// What follows a backslash.
    fn escaped(&mut self, quote: char) -> Result<char, PatternError> {
        let c = match self.peek() {
            Some('b') => '\u{8}',
            Some('t') => '\t',
            Some('n') => '\n',
            Some('f') => '\u{c}',
            Some('r') => '\r',
            Some(c @ ('/' | '\\')) => c,
            Some(c) if c == quote => c,
            Some('u') => {
                self.next();
                return self.unicode();
            }
            _ => return Err(self.malformed("an escape: one of b, t, n, f, r, /, \\, u or the quote")),
        };
        self.next();
        Ok(c)
    }

    /// What follows `\u`: four digits, or two surrogates.
    fn unicode(&mut self) -> Result<char, PatternError> {
        let high = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
            let low = self.hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.malformed("the second half of a surrogate pair"));
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.malformed("a whole surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, PatternError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.malformed("four hexadecimal digits"))?;
            self.next();
        }
        Ok(code)
    }

    fn index_or_slice(&mut self) -> Result<Node, PatternError> {
        let at = self.at;
        let start = self.integer()?;
        let after_start = self.at;
        self.blanks();
        if !self.eat(":") {
            self.at = after_start;
            let index = start.ok_or_else(|| self.malformed("an index"))?;
            let selector = "an index from an array's end";
            return u64::try_from(index)
                .map(Node::Index)
                .map_err(|_| PatternError::Undecidable { at, selector });
        }
        self.blanks();
        let end = self.integer()?;
        let after_end = self.at;
        self.blanks();
        let mut step = Some(1);
        if self.eat(":") {
            let after_colon = self.at;
            self.blanks();
            step = self.integer()?;
            if step.is_none() {
                self.at = after_colon;
            }
        } else {
            self.at = after_end;
        }
        let from_end = PatternError::Undecidable { at, selector: "a slice from an array's end" };
        let whole = |number: i64| u64::try_from(number).map_err(|_| from_end);
        Ok(Node::Slice {
            start: whole(start.unwrap_or(0))?,
            end: end.map(whole).transpose()?,
            step: whole(step.unwrap_or(1))?,
        })
    }

    /// An integer, if one stands here.
    fn integer(&mut self) -> Result<Option<i64>, PatternError> {
        let begin = self.at;
        self.eat("-");
        let digits = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == begin {
            return Ok(None);
        }
        let (number, digits) = (&self.text[begin..self.at], &self.text[digits..self.at]);
        let canonical = number == "0" || !digits.starts_with('0');
        let value = number.parse().ok().filter(|value| canonical && (-LARGEST..=LARGEST).contains(value));
        value
            .map(Some)
            .ok_or(PatternError::Malformed { at: begin, expected: "an integer of at most 53 bits" })
    }
}

// --- the contract ----------------------------------------------------------------------------

/// A subscription, as [`PatternIndex::subscribe`] names it. Never used again by the same index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

/// The subscription does not exist, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownId(pub Id);

impl fmt::Display for UnknownId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no subscription {}", self.0.0)
    }
}

impl std::error::Error for UnknownId {}

/// A changing set of patterns that tells which of them select a pointer.
pub trait PatternIndex {
    /// The index of no patterns.
    fn new() -> Self;
    /// Adds `pattern`, also where an equal one is there already.
    fn subscribe(&mut self, pattern: &Pattern) -> Id;
    /// Removes a subscription.
    ///
    /// # Errors
    /// If there is no such subscription; nothing changes.
    fn unsubscribe(&mut self, id: Id) -> Result<(), UnknownId>;
    /// Appends every subscription whose pattern selects `pointer` to `ids`, each once, in any order. What the
    /// index keeps to be faster next time is why this takes `&mut self`; it never shows in an answer.
    fn matches(&mut self, pointer: &Pointer, ids: &mut Vec<Id>);
    /// Number of subscriptions.
    fn len(&self) -> usize;

    /// Whether there is no subscription.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Patterns that are tested one by one: where every index keeps those that are not
/// [simple](Pattern::is_simple).
#[derive(Clone, Debug, Default)]
pub struct PatternList {
    entries: Vec<(Id, Pattern)>,
}

impl PatternList {
    /// Adds a subscription. Ids must rise from call to call.
    pub fn insert(&mut self, id: Id, pattern: &Pattern) {
        debug_assert!(self.entries.last().is_none_or(|(last, _)| *last < id));
        self.entries.push((id, pattern.clone()));
    }

    /// Removes a subscription.
    ///
    /// # Errors
    /// If it is not in the list.
    pub fn remove(&mut self, id: Id) -> Result<(), UnknownId> {
        let at = self.entries.binary_search_by_key(&id, |(id, _)| *id).map_err(|_| UnknownId(id))?;
        self.entries.remove(at);
        Ok(())
    }

    /// Appends the subscriptions whose pattern selects `pointer`.
    pub fn matches(&self, pointer: &Pointer, ids: &mut Vec<Id>) {
        if self.entries.is_empty() {
            return;
        }
        let segments: Vec<&str> = pointer.segments().collect();
        ids.extend(self.entries.iter().filter(|(_, pattern)| pattern.selects(&segments)).map(|(id, _)| *id));
    }

    /// Number of subscriptions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "pattern_index",
    title: "Pattern index",
    question: "A store notifies those who subscribed to a JSONPath pattern that selects the pointer just written: which \
               of n patterns are they? Testing each pattern is O(n) per write; a trie over segments follows all \
               patterns at once, and an automaton built from it as it is used takes one step per segment.",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes {
        quick: &[10, 100, 1000],
        default: &[10, 100, 1000, 10_000],
        full: &[10, 100, 1000, 10_000, 100_000],
    },
    claims: CLAIMS,
    memory: &[],
    own_input: None,
    reference: "globset",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-pattern",
    text: "10,000 notifications with 1,000 patterns take less than 100 ms where the list took about 10 s: a hundred times less.",
    factor: Some(100.0),
    scenario: "identical",
    size: 1000,
    naive: "linear_scan",
    optimized: "pattern_trie",
}];

const NOTHING: &[Capability] = &[];
const DYNAMIC: &[Capability] = &[Capability::Dynamic];

const IDENTICAL_SIZES: Sizes =
    Sizes { quick: &[10, 100], default: &[10, 100, 500, 1000], full: &[10, 100, 500, 1000] };
const CHURN_SIZES: Sizes = Sizes { quick: &[10], default: &[10, 100], full: &[10, 100] };
const CHURN_LARGE_SIZES: Sizes =
    Sizes { quick: &[1000], default: &[1000, 10_000], full: &[1000, 10_000, 100_000] };
const CHAIN_SIZES: Sizes = Sizes { quick: &[2, 8], default: &[2, 4, 8, 16], full: &[2, 4, 8, 12, 16] };
const FRONTIER_SIZES: Sizes =
    Sizes { quick: &[64, 512], default: &[64, 512, 4096], full: &[64, 256, 512, 1024, 4096] };
const EXACT_SIZES: Sizes = Sizes { quick: &[100], default: &[100], full: &[100] };
const PATTERNS_SIZES: Sizes = Sizes { quick: &[10], default: &[10], full: &[10] };

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    sizes: Option<Sizes>,
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("identical", "match", NOTHING, Some(IDENTICAL_SIZES), "The source's own: n times the pattern $.data.* against /data/x; every match returns n subscriptions."),
    scenario("mix_warm", "match", NOTHING, None, "n patterns (60 % exact, 25 % with *, 15 % with ..) against pointers that were matched twice before."),
    scenario("mix_unseen", "match", NOTHING, None, "The same patterns against pointers never seen before, each with names that are in no pattern."),
    scenario("churn", "round", NOTHING, Some(CHURN_SIZES), "Subscribes a pattern, matches two pointers, unsubscribes another, matches two; n patterns stay."),
    scenario("churn_large", "round", DYNAMIC, Some(CHURN_LARGE_SIZES), "The same with more patterns than can be compiled anew at each change."),
    scenario("descendant_chains", "segment", NOTHING, Some(CHAIN_SIZES), "The pattern $..a..a…..b with n times ..a against 4,000 segments a and a b."),
    scenario("frontiers", "match", NOTHING, Some(FRONTIER_SIZES), "n of the 4,096 patterns that have a literal or * at each of 12 levels; pointers never seen before."),
    scenario("notify_exact", "match", NOTHING, Some(EXACT_SIZES), "100 exact patterns against the 100 pointers that they select."),
    scenario("notify_patterns", "match", NOTHING, Some(PATTERNS_SIZES), "10 patterns with * against pointers that one of them selects."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<P: PatternIndex + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<P>, replay: replay::<P> }
}

fn set_up<P: PatternIndex + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "identical" => identical::<P>(size),
        "mix_warm" => mix_warm::<P>(size, mix_pointers(request)),
        "mix_unseen" => mix_unseen::<P>(size, mix_pointers(request)),
        "churn" => churn::<P>(size, if request.can(Capability::ScansWhole) && size > 10 { 4 } else { 16 }),
        "churn_large" => churn::<P>(size, if request.can(Capability::ScansWhole) { 8 } else { 64 }),
        "descendant_chains" => descendant_chains::<P>(size),
        "frontiers" => {
            frontiers::<P>(size, if request.can(Capability::ScansWhole) && size > 512 { 2 } else { 32 })
        }
        "notify_exact" => notify_exact::<P>(size),
        "notify_patterns" => notify_patterns::<P>(size),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many pointers a mix matches: whole [blocks](BLOCK) or half of one, fewer where each costs much.
fn mix_pointers(request: Request) -> usize {
    let halves = match (request.size, request.can(Capability::ScansWhole)) {
        (..=100, false) => 128,
        (..=100, true) => 32,
        (..=1000, false) => 64,
        (..=1000, true) => 8,
        (..=10_000, false) => 32,
        (_, false) => 16,
        (_, true) => 1,
    };
    halves * BLOCK / 2
}

// --- inputs ----------------------------------------------------------------------------------

const COLLECTIONS: [&str; 8] =
    ["users", "orders", "items", "sessions", "products", "settings", "subscriptions", "teams"];
const FIELDS: [&str; 16] = [
    "name",
    "email",
    "price",
    "status",
    "total",
    "id",
    "role",
    "title",
    "created_at",
    "quantity",
    "address",
    "description",
    "enabled",
    "parent",
    "tags",
    "preferred_language",
];
const PARTS: [&str; 4] = ["profile", "meta", "shipping", "items"];

/// What a pattern of a mix is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exact,
    Star,
    Descendant,
}

/// 60 % exact, 25 % with `*`, 15 % with `..`, also among the first ten.
fn kind(index: usize) -> Kind {
    match index * 9 % 20 {
        0..12 => Kind::Exact,
        12..17 => Kind::Star,
        _ => Kind::Descendant,
    }
}

fn one_of<'a>(rng: &mut Rng, names: &[&'a str]) -> &'a str {
    names[rng.random_range(0..names.len())]
}

fn collection(rng: &mut Rng, size: usize) -> String {
    // About ten patterns per collection, so that a pointer matches as few of many patterns as of few.
    let number = rng.random_range(0..size.div_ceil(10));
    format!("{}{number}", COLLECTIONS[number % COLLECTIONS.len()])
}

fn mix_pattern(rng: &mut Rng, index: usize, size: usize) -> Pattern {
    let place = collection(rng, size);
    let item = rng.random_range(0..20u32);
    let field = one_of(rng, &FIELDS);
    let variant = rng.random_range(0..10u32);
    let text = match (kind(index), variant) {
        (Kind::Exact, 0..6) => format!("$.{place}.item{item}.{field}"),
        (Kind::Exact, 6..8) => format!("$.{place}.list[{item}].{field}"),
        (Kind::Exact, _) => format!("$.{place}.item{item}.{}.{field}", one_of(rng, &PARTS)),
        (Kind::Star, 0..5) => format!("$.{place}.*.{field}"),
        (Kind::Star, 5..8) => format!("$.{place}.item{item}.*"),
        (Kind::Star, _) => format!("$.*.config{}.{field}", rng.random_range(0..size * 2)),
        (Kind::Descendant, 0..5) => format!("$.{place}..{field}"),
        (Kind::Descendant, 5..7) => format!("$.{place}..{}.{field}", one_of(rng, &PARTS)),
        (Kind::Descendant, _) => format!("$..label{}", rng.random_range(0..size * 2)),
    };
    pattern(&text)
}

/// Pointers come in blocks of one composition, so that a few cost as much each as many.
const BLOCK: usize = 16;

/// The kind of pattern that each pointer of a block is made after; none for one made after nothing.
const BLOCK_KINDS: [Option<Kind>; BLOCK] = {
    const E: Option<Kind> = Some(Kind::Exact);
    const S: Option<Kind> = Some(Kind::Star);
    const D: Option<Kind> = Some(Kind::Descendant);
    [E, S, E, D, E, S, E, E, S, E, D, E, S, E, E, None]
};

/// Draws names for a pointer: known ones, or ones that are in no pattern and no other pointer.
struct Names {
    rng: Rng,
    fresh: bool,
    drawn: u64,
}

impl Names {
    fn fresh(&mut self) -> String {
        self.drawn += 1;
        format!("k{:x}", mix(self.drawn) >> 24)
    }

    fn any(&mut self) -> String {
        if self.fresh { self.fresh() } else { format!("item{}", self.rng.random_range(0..20u32)) }
    }

    /// A pointer that `pattern` selects, except that a fresh one replaces a name of an exact pattern.
    fn after(&mut self, pattern: &Pattern) -> Pointer {
        let mut segments: Vec<String> = Vec::new();
        let mut known = true;
        for node in pattern.nodes() {
            match node.literal() {
                Some(literal) => segments.push(literal.into_owned()),
                None if *node == Node::Descendant => {
                    let spanned = self.rng.random_range(u32::from(self.fresh)..3);
                    segments.extend((0..spanned).map(|_| self.any()));
                    known = false;
                }
                None => {
                    segments.push(self.any());
                    known = false;
                }
            }
        }
        if known && self.fresh && segments.len() > 1 {
            segments[1] = self.fresh();
        }
        pointer(&segments)
    }

    /// A pointer made after no pattern.
    fn miss(&mut self) -> Pointer {
        let segments: Vec<String> = (0..3).map(|_| self.fresh()).collect();
        pointer(&segments)
    }
}

/// `count` pointers over `patterns`.
fn mix_of_pointers(scenario: &str, patterns: &[Pattern], count: usize, fresh: bool) -> Vec<Pointer> {
    let mut names =
        Names { rng: rng(scenario, patterns.len()), fresh, drawn: if fresh { 1 << 32 } else { 0 } };
    (0..count)
        .map(|at| {
            let Some(wanted) = BLOCK_KINDS[at % BLOCK] else { return names.miss() };
            // The next pattern of that kind from a random one on; where there is none, any.
            let from = names.rng.random_range(0..patterns.len());
            let mut candidates = (from..patterns.len()).chain(0..from);
            let found = candidates.find(|index| kind(*index) == wanted).unwrap_or(from);
            names.after(&patterns[found])
        })
        .collect()
}

fn mix_patterns(size: usize, count: usize) -> Vec<Pattern> {
    let mut rng = rng("mix", size);
    (0..count).map(|index| mix_pattern(&mut rng, index, size)).collect()
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

/// The pointer of escaped segments.
fn pointer<S: AsRef<str>>(segments: &[S]) -> Pointer {
    let text: String = segments.iter().flat_map(|segment| ["/", segment.as_ref()]).collect();
    Pointer::parse(&text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

// --- the oracle ------------------------------------------------------------------------------

/// The oracle: whether `nodes` select the pointer of `segments`, which are unescaped.
fn selected(nodes: &[Node], segments: &[Cow<'_, str>]) -> bool {
    // Whether the nodes so far can select exactly the first so many segments.
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

fn unescaped(pointer: &Pointer) -> Vec<Cow<'_, str>> {
    pointer.segments().map(unescape).collect()
}

/// Depends on which subscriptions (by order of subscription) a match found, not on their order.
fn match_digest(at: usize, ordinals: impl Iterator<Item = usize>) -> u64 {
    let found = ordinals.fold(0u64, |sum, ordinal| sum.wrapping_add(mix(ordinal as u64 + 1)));
    mix(found ^ mix(at as u64))
}

fn expected_digest(patterns: &[Pattern], pointers: &[Pointer]) -> u64 {
    let matches = pointers.iter().enumerate().map(|(at, pointer)| {
        let segments = unescaped(pointer);
        let of = |ordinal: &usize| selected(patterns[*ordinal].nodes(), &segments);
        match_digest(at, (0..patterns.len()).filter(of))
    });
    matches.fold(0, u64::wrapping_add)
}

// --- cases -----------------------------------------------------------------------------------

/// An index, and what a region records.
struct State<P> {
    index: P,
    /// Ids in the order of subscription.
    ids: Vec<Id>,
    /// What every match found, one after the other.
    found: Vec<Id>,
    /// Where each match's part of `found` ends.
    ends: Vec<usize>,
}

impl<P: PatternIndex> State<P> {
    /// An index of `patterns`, with room for `matches` matches that find `each` subscriptions on average.
    fn new(patterns: &[Pattern], matches: usize, each: usize) -> Self {
        let mut index = P::new();
        let ids = patterns.iter().map(|pattern| index.subscribe(pattern)).collect();
        State { index, ids, found: Vec::with_capacity(matches * each), ends: Vec::with_capacity(matches) }
    }

    /// Matches pointers before the region does.
    fn warm(mut self, pointers: &[Pointer]) -> Self {
        self.match_all(pointers);
        self
    }

    #[inline]
    fn match_one(&mut self, pointer: &Pointer) {
        self.index.matches(pointer, &mut self.found);
        self.ends.push(self.found.len());
    }

    #[inline]
    fn match_all(&mut self, pointers: &[Pointer]) {
        self.found.clear();
        self.ends.clear();
        for pointer in pointers {
            self.match_one(pointer);
        }
    }

    fn digest(&self) -> u64 {
        let entries = self.ids.iter().enumerate().map(|(ordinal, id)| (*id, ordinal));
        let mut ordinals = HashMap::with_capacity_and_hasher(self.ids.len(), FixedHasher::default());
        ordinals.extend(entries);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let matches = starts.zip(&self.ends).enumerate().map(|(at, (start, end))| {
            let found = self.found[start..*end].iter();
            match_digest(at, found.map(|id| ordinals.get(id).copied().unwrap_or(usize::MAX - 1)))
        });
        matches.fold(0, u64::wrapping_add)
    }
}

/// A case that matches `pointers` against `patterns`. `each`: how many subscriptions a match finds, about.
fn matching<P: PatternIndex + 'static>(
    (patterns, warm, pointers): (Vec<Pattern>, Vec<Pointer>, Vec<Pointer>),
    each: usize,
    setup: Setup,
) -> Box<dyn Case> {
    case(
        pointers.len(),
        setup,
        (patterns, warm, pointers),
        move |(patterns, warm, pointers)| {
            State::<P>::new(patterns, pointers.len(), each).warm(warm).warm(warm)
        },
        |(_, _, pointers), state| state.match_all(pointers),
        |_, state, ()| state.digest(),
        |(patterns, _, pointers)| expected_digest(patterns, pointers),
    )
}

fn identical<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    let pointers = vec![pointer(&["data", "x"]); 64];
    matching::<P>((vec![pattern("$.data.*"); size], pointers.clone(), pointers), size, Setup::Once)
}

/// Most subscriptions that a match of a mix finds on average, with room to spare.
const MIX_MATCHES: usize = 8;

fn mix_warm<P: PatternIndex + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let patterns = mix_patterns(size, size);
    let pointers = mix_of_pointers("mix_warm", &patterns, count, false);
    matching::<P>((patterns, pointers.clone(), pointers), MIX_MATCHES, Setup::Once)
}

fn mix_unseen<P: PatternIndex + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let patterns = mix_patterns(size, size);
    let warm = mix_of_pointers("mix_warm", &patterns, count, false);
    let pointers = mix_of_pointers("mix_unseen", &patterns, count, true);
    matching::<P>((patterns, warm, pointers), MIX_MATCHES, Setup::EveryRun)
}

/// One round of churn: the next pattern is subscribed, and in the middle another one unsubscribed.
struct Round {
    pattern: Pattern,
    /// The one to go, by order of subscription.
    victim: usize,
    pointers: [Pointer; 4],
}

fn churn<P: PatternIndex + 'static>(size: usize, rounds: usize) -> Box<dyn Case> {
    let mut patterns = mix_patterns(size, size + rounds);
    let later = patterns.split_off(size);
    let warm = mix_of_pointers("mix_warm", &patterns, 4 * BLOCK, false);
    let pointers = mix_of_pointers("churn", &patterns, 4 * rounds, false);
    let mut rng = rng("churn", size);
    let mut live: Vec<usize> = (0..size).collect();
    let rounds: Vec<Round> = later
        .into_iter()
        .zip(pointers.chunks_exact(4))
        .enumerate()
        .map(|(round, (pattern, pointers))| {
            live.push(size + round);
            let victim = live.swap_remove(rng.random_range(0..live.len()));
            Round { pattern, victim, pointers: std::array::from_fn(|at| pointers[at].clone()) }
        })
        .collect();
    case(
        rounds.len(),
        Setup::EveryRun,
        (patterns, warm, rounds),
        |(patterns, warm, rounds)| {
            let mut state = State::<P>::new(patterns, 4 * rounds.len().max(warm.len()), MIX_MATCHES);
            state.ids.reserve(rounds.len());
            let mut state = state.warm(warm).warm(warm);
            state.found.clear();
            state.ends.clear();
            state
        },
        |(_, _, rounds), state| {
            let mut removed = 0u64;
            for round in rounds {
                state.ids.push(state.index.subscribe(&round.pattern));
                state.match_one(&round.pointers[0]);
                state.match_one(&round.pointers[1]);
                removed += u64::from(state.index.unsubscribe(state.ids[round.victim]).is_ok());
                state.match_one(&round.pointers[2]);
                state.match_one(&round.pointers[3]);
            }
            removed
        },
        |_, state, removed| state.digest().wrapping_add(mix(*removed)).wrapping_add(state.index.len() as u64),
        move |(patterns, _, rounds)| {
            let mut live: BTreeMap<usize, &Pattern> = patterns.iter().enumerate().collect();
            let mut digest = 0u64;
            for (at, round) in rounds.iter().enumerate() {
                live.insert(size + at, &round.pattern);
                for (step, pointer) in round.pointers.iter().enumerate() {
                    if step == 2 {
                        live.remove(&round.victim);
                    }
                    let segments = unescaped(pointer);
                    let found = live.iter().filter(|(_, pattern)| selected(pattern.nodes(), &segments));
                    digest =
                        digest.wrapping_add(match_digest(4 * at + step, found.map(|(ordinal, _)| *ordinal)));
                }
            }
            digest.wrapping_add(mix(rounds.len() as u64)).wrapping_add(live.len() as u64)
        },
    )
}

/// `$..a..a…..b` with `length` times `..a`.
fn chain(length: usize) -> Pattern {
    pattern(&format!("${}..b", "..a".repeat(length)))
}

/// `length` times `/a`, then `/b` if it is to end in one.
fn chain_pointer(length: usize, ends_in_b: bool) -> Pointer {
    let mut segments = vec!["a"; length];
    segments.extend(ends_in_b.then_some("b"));
    pointer(&segments)
}

fn descendant_chains<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    const LENGTH: usize = 4000;
    case(
        LENGTH + 1,
        Setup::EveryRun,
        (chain(size), [chain_pointer(LENGTH, true)]),
        |(pattern, pointers)| State::<P>::new(std::slice::from_ref(pattern), pointers.len(), 1),
        |(_, pointers), state| state.match_all(pointers),
        |_, state, ()| state.digest(),
        |(pattern, pointers)| expected_digest(std::slice::from_ref(pattern), pointers),
    )
}

/// Levels of a frontier.
const DEPTH: usize = 12;

/// Frontier number `bits`: at each level its literal where the bit is set, else `*`.
fn frontier(bits: usize) -> Pattern {
    let levels =
        (0..DEPTH).map(|level| if bits >> level & 1 == 1 { format!(".n{level}") } else { ".*".to_owned() });
    pattern(&format!("${}", levels.collect::<String>()))
}

/// The pointer with the literal at each level whose bit is set, elsewhere another name.
fn frontier_pointer(bits: usize) -> Pointer {
    let level = |level| if bits >> level & 1 == 1 { format!("n{level}") } else { "other".to_owned() };
    pointer(&(0..DEPTH).map(level).collect::<Vec<_>>())
}

fn frontiers<P: PatternIndex + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let all = 1 << DEPTH;
    let mut rng = rng("frontiers", size);
    let patterns = crate::input::shuffled(&mut rng, all);
    let patterns = patterns.iter().cycle().take(size).map(|bits| frontier(*bits as usize)).collect();
    let pointers = crate::input::shuffled(&mut rng, all);
    let pointers: Vec<Pointer> =
        pointers[..count].iter().map(|bits| frontier_pointer(*bits as usize)).collect();
    // A first match of another pointer, so that a set that must be compiled is.
    let warm = vec![pointer(&["other"])];
    matching::<P>((patterns, warm, pointers), size.div_ceil(8), Setup::EveryRun)
}

fn notify_exact<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    let patterns = (0..size).map(|user| pattern(&format!("$.users.user{user}.name"))).collect();
    let user = |at: usize| pointer(&["users", &format!("user{}", at % size), "name"]);
    let pointers: Vec<Pointer> = (0..crate::input::copies(size) * size).map(user).collect();
    matching::<P>((patterns, pointers.clone(), pointers), 1, Setup::Once)
}

fn notify_patterns<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    let patterns = (0..size).map(|field| pattern(&format!("$.users.*.field{field}"))).collect();
    let user = |at: usize| pointer(&["users", &format!("user{at}"), &format!("field{}", at % size)]);
    let pointers: Vec<Pointer> = (0..crate::input::copies(size) * size).map(user).collect();
    matching::<P>((patterns, pointers.clone(), pointers), 1, Setup::Once)
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("trace", 120, 48, "Random subscriptions, matches and removals, also of subscriptions that are gone."),
    Check::new("trace_long", 1500, 1, "1,500 such steps on one index."),
    Check::new("descendants", 0, 1, "`..` spans any number of segments, anywhere in a pattern: $..name and /users/0/name, $..a.b and /q/a/b, $..a..b and /q/a/z/b."),
    Check::new("chains", 0, 1, "$..a..a…..b with 2 to 16 times ..a against 40 and 4,000 segments, without and with a b at the end."),
    Check::new("frontiers", 0, 1, "All 4,096 patterns of a literal or * at 12 levels at once."),
    Check::new("wide_descendants", 0, 1, "10,000 patterns that end in ..*, subscribed and half of them removed."),
    Check::new("spelling", 0, 1, "Names with ~, /, dots, quotes, brackets, stars, control and non-ASCII characters, empty names, numeric keys and leading zeros."),
    Check::new("unions_and_slices", 0, 1, "Patterns with unions and slices answer like all others."),
    Check::new("same_pattern", 0, 1, "One pattern subscribed 1,000 times and removed one by one."),
    Check::new("unknown_ids", 0, 1, "Unsubscribing twice, or what never was, is an error and changes nothing; ids are not used again."),
];

/// Names for traces, those that need care among them.
const TRACE_NAMES: [&str; 32] = [
    "a", "b", "c", "*", "", "0", "1", "00", "01", "a.b", "~", "/", "a/b", "~0", "~1", "..", ".", "a.", "'",
    "\"", "[0]", "é", "日本", "?", "$", "$*", "@a", "#", "\n", "%2A", "{a,b}", "a\\b",
];

/// A step with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Operation {
    Subscribe { pattern: String },
    Unsubscribe { which: usize },
    UnsubscribeGone { which: usize },
    Match { pointer: String },
}

fn decode(step: &Step) -> Operation {
    let which = usize::from(step.a);
    match step.op % 16 {
        0..5 => Operation::Subscribe { pattern: trace_pattern(step) },
        5..7 => Operation::Unsubscribe { which },
        7 => Operation::UnsubscribeGone { which },
        _ => Operation::Match { pointer: trace_pointer(step) },
    }
}

/// The numbers of a step that choose names, as one.
fn choices(step: &Step) -> u32 {
    u32::from(step.a) | u32::from(step.b) << 16
}

/// Up to four nodes, mostly of few names.
fn trace_pattern(step: &Step) -> String {
    let mut choices = choices(step);
    let mut text = "$".to_owned();
    for node in 0..usize::from(step.version) % 5 {
        let choice = choices as usize % 64;
        choices /= 64;
        let special = quoted(TRACE_NAMES[(choices as usize + node) % TRACE_NAMES.len()]);
        text += &match choice {
            0..14 => ".a".to_owned(),
            14..24 => "['b']".to_owned(),
            24..32 => ".*".to_owned(),
            32..40 => "..a".to_owned(),
            40..44 => "..['b']".to_owned(),
            44..48 => "..*".to_owned(),
            48..54 => format!("[{special}]"),
            54..57 => format!("..[{special}]"),
            57..59 => "[0]".to_owned(),
            59 => format!("['a', {special}]"),
            60 => "..[1, 'b']".to_owned(),
            61 => "[0:2]".to_owned(),
            62 => "[1::2]".to_owned(),
            _ => "..[*]".to_owned(),
        };
    }
    text
}

/// Up to eight segments.
fn trace_pointer(step: &Step) -> String {
    let mut choices = choices(step);
    let mut text = String::new();
    for segment in 0..usize::from(step.version) % 9 {
        let choice = choices as usize % 16;
        choices /= 16;
        let name = match choice {
            0..6 => "a",
            6..10 => "b",
            10 => "0",
            11 => "1",
            _ => TRACE_NAMES[(choices as usize + segment + choice) % TRACE_NAMES.len()],
        };
        text = text + "/" + &escape(name);
    }
    text
}

/// A name in quotes.
fn quoted(name: &str) -> String {
    let escaped = name.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
    format!("'{escaped}'")
}

fn describe(_: &Check, trace: &[Step]) -> Vec<String> {
    let spell = |operation| match operation {
        Operation::Subscribe { pattern } => format!("subscribe {pattern}"),
        Operation::Unsubscribe { which } => format!("unsubscribe number {which} (modulo those that live)"),
        Operation::UnsubscribeGone { which } => format!("unsubscribe number {which} of those gone (modulo)"),
        Operation::Match { pointer } => format!("match {pointer:?}"),
    };
    trace.iter().map(|step| spell(decode(step))).collect()
}

fn replay<P: PatternIndex>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let mut subject = Subject::<P>::new();
    let outcome = match check.name {
        "descendants" => selections::<P>(DESCENDANTS),
        "chains" => chains::<P>(),
        "frontiers" => all_frontiers(subject),
        "wide_descendants" => wide_descendants(subject),
        "spelling" => selections::<P>(SPELLINGS).and_then(|()| every_spelling(subject)),
        "unions_and_slices" => selections::<P>(UNIONS_AND_SLICES),
        "same_pattern" => same_pattern(subject),
        "unknown_ids" => unknown_ids(subject),
        _ => {
            for (at, step) in trace.iter().enumerate() {
                subject.apply(&decode(step)).map_err(|message| Mismatch { step: at, message })?;
            }
            subject.compare_all().map_err(|message| Mismatch { step: trace.len(), message })?;
            return Ok(());
        }
    };
    outcome.map_err(|message| Mismatch { step: 0, message })
}

/// Most subscriptions of a trace.
const MAX_LIVE: usize = 24;

/// The index under test beside its model.
struct Subject<P> {
    index: P,
    live: Vec<(Id, String, Pattern)>,
    gone: Vec<Id>,
}

impl<P: PatternIndex> Subject<P> {
    fn new() -> Self {
        Subject { index: P::new(), live: Vec::new(), gone: Vec::new() }
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Subscribe { pattern } if self.live.len() < MAX_LIVE => self.subscribe(pattern),
            Operation::Subscribe { .. } => self.unsubscribe(0),
            Operation::Unsubscribe { which } => match self.live.len() {
                0 => Ok(()),
                live => self.unsubscribe(which % live),
            },
            Operation::UnsubscribeGone { which } => match self.gone.len() {
                0 => self.unsubscribe_unknown(Id(u64::MAX)),
                gone => self.unsubscribe_unknown(self.gone[which % gone]),
            },
            Operation::Match { pointer } => self.compare(pointer),
        }
    }

    fn subscribe(&mut self, text: &str) -> Result<(), String> {
        let pattern = Pattern::parse(text).map_err(|error| format!("{text}: {error}"))?;
        let id = self.index.subscribe(&pattern);
        if self.gone.contains(&id) || self.live.iter().any(|(live, _, _)| *live == id) {
            return Err(format!("subscribe({text}) returned {id:?}, which was used before"));
        }
        self.live.push((id, text.to_owned(), pattern));
        self.compare_len()
    }

    fn unsubscribe(&mut self, at: usize) -> Result<(), String> {
        let (id, text, _) = self.live.remove(at);
        self.gone.push(id);
        self.index.unsubscribe(id).map_err(|error| format!("unsubscribe of {text}, which lives: {error}"))?;
        self.compare_len()
    }

    fn unsubscribe_unknown(&mut self, id: Id) -> Result<(), String> {
        if self.index.unsubscribe(id) != Err(UnknownId(id)) {
            return Err(format!("unsubscribe({id:?}), which does not live, is not an error that says so"));
        }
        self.compare_len()
    }

    fn compare_len(&self) -> Result<(), String> {
        let (observed, expected) = (self.index.len(), self.live.len());
        if observed != expected || self.index.is_empty() != (expected == 0) {
            return Err(format!("len is {observed}, expected {expected}"));
        }
        Ok(())
    }

    /// Matches twice: the second answer may come from what the first one left.
    fn compare(&mut self, text: &str) -> Result<(), String> {
        let pointer = Pointer::parse(text).map_err(|error| format!("{text}: {error}"))?;
        let segments = unescaped(&pointer);
        let mut expected: Vec<Id> = (self.live.iter())
            .filter(|(_, _, pattern)| selected(pattern.nodes(), &segments))
            .map(|(id, _, _)| *id)
            .collect();
        expected.sort_unstable();
        let before = Id(u64::MAX);
        for _ in 0..2 {
            let mut observed = vec![before];
            self.index.matches(&pointer, &mut observed);
            if observed.first() != Some(&before) {
                return Err(format!("matches({text:?}) did not append to the buffer"));
            }
            observed.remove(0);
            observed.sort_unstable();
            if observed != expected {
                let shown = if text.len() > 200 { "a long pointer" } else { text };
                return Err(format!(
                    "matches({shown:?}) is {}, expected {}",
                    self.spell(&observed),
                    self.spell(&expected)
                ));
            }
        }
        Ok(())
    }

    fn spell(&self, ids: &[Id]) -> String {
        let text = |id: &Id| {
            let found = self.live.iter().find(|(live, _, _)| live == id);
            found.map_or_else(|| format!("{id:?} (gone)"), |(_, text, _)| text.clone())
        };
        let mut texts: Vec<String> = ids.iter().take(8).map(text).collect();
        if ids.len() > texts.len() {
            texts.push(format!("… ({} in all)", ids.len()));
        }
        format!("[{}]", texts.join(" | "))
    }

    /// Pointers that come close to the patterns that live.
    fn compare_all(&mut self) -> Result<(), String> {
        self.compare("")?;
        self.compare("/")?;
        for length in 1..6 {
            for bits in 0..1u32 << length {
                let segments = (0..length).map(|at| if bits >> at & 1 == 1 { "/b" } else { "/a" });
                self.compare(&segments.collect::<String>())?;
            }
        }
        Ok(())
    }
}

/// A pattern, pointers that it selects, and some that it does not.
type Selection = (&'static str, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const DESCENDANTS: &[Selection] = &[
    ("$", &[""], &["/", "/a"]),
    ("$..name", &["/name", "/users/0/name", "/a/b/c/d/e/name", "/name/name"], &["", "/names", "/name/x"]),
    ("$..a.b", &["/a/b", "/q/a/b", "/a/a/b", "/a/b/a/b"], &["/a/x/b", "/b", "/a/b/c"]),
    ("$..a..b", &["/a/b", "/q/a/b", "/q/a/z/b", "/a/z/z/z/b"], &["/b/a", "/a", "/b", "/a/z"]),
    ("$.a..b", &["/a/b", "/a/b/b", "/a/z/b"], &["/b", "/z/a/b", "/a/b/c"]),
    ("$.a..b.c..d", &["/a/b/c/d", "/a/z/b/c/d", "/a/b/b/c/d/d", "/a/b/c/z/z/d"], &["/a/b/z/c/d", "/a/c/d", "/a/b/c"]),
    ("$..*", &["/", "/a", "/a/b", "/a//b"], &[""]),
    ("$..[*]", &["/", "/a", "/a/b"], &[""]),
    ("$.x..*", &["/x/", "/x/a", "/x/a/b"], &["/x", "/y/x/a", ""]),
    ("$..*..*", &["/a/b", "/a/b/c", "//"], &["/a", ""]),
    ("$..a..a", &["/a/a", "/a/b/a", "/a/a/a"], &["/a", "/a/b"]),
    ("$..a.*.b", &["/a/x/b", "/a/a/b", "/a/a/x/b", "/z/a/x/b"], &["/a/b", "/a/x/y/b"]),
    ("$.*..b", &["/x/b", "/b/b", "/x/y/b"], &["/b"]),
    ("$..[0]", &["/0", "/a/0"], &["/00", "/a"]),
    ("$..['a']['b']", &["/a/b", "/z/a/b"], &["/a", "/b"]),
];

#[rustfmt::skip]
const SPELLINGS: &[Selection] = &[
    ("$.a", &["/a"], &["/a/", "//a", "/A", "", "/*"]),
    ("$.*", &["/a", "/", "/0", "/*"], &["", "/a/b"]),
    ("$[*]", &["/a", "/", "/0", "/*"], &["", "/a/b"]),
    ("$['*']", &["/*"], &["/a", "/**", "/"]),
    ("$['**']", &["/**"], &["/a", "/*", "/a/b"]),
    ("$..['*']", &["/*", "/a/*"], &["/a", "/a/b"]),
    ("$['a.b']", &["/a.b"], &["/a/b", "/axb"]),
    ("$[\"it's\"]", &["/it's"], &["/its"]),
    ("$['it\\'s']", &["/it's"], &["/it\\'s"]),
    ("$['\"']", &["/\""], &["/'"]),
    ("$[\"\\\"\"]", &["/\""], &["/\\\""]),
    ("$['a\\\\b']", &["/a\\b"], &["/ab", "/a\\\\b"]),
    ("$['a/b']", &["/a~1b"], &["/a/b"]),
    ("$['a\\/b']", &["/a~1b"], &["/a/b"]),
    ("$['~']", &["/~0"], &["/~01", "/~1"]),
    ("$['~1']", &["/~01"], &["/~1", "/~0"]),
    ("$['m~n']", &["/m~0n"], &["/m~1n"]),
    ("$['']", &["/"], &["", "//"]),
    ("$['']['']", &["//"], &["/", "///"]),
    ("$.a['']", &["/a/"], &["/a", "//a"]),
    ("$..['']", &["/", "/a/", "//"], &["", "/a"]),
    ("$..a", &["/a", "//a", "///a"], &["/a/"]),
    ("$['2024']", &["/2024"], &["/02024"]),
    ("$[2024]", &["/2024"], &["/02024", "/2024.0"]),
    ("$[0]", &["/0"], &["/00", "/-0", "/", "/0/"]),
    ("$[10]", &["/10"], &["/1", "/010"]),
    ("$['00']", &["/00"], &["/0"]),
    ("$['01'][1]", &["/01/1"], &["/1/1", "/01/01"]),
    ("$[9007199254740991]", &["/9007199254740991"], &["/9007199254740992"]),
    ("$['[0]']", &["/[0]"], &["/0"]),
    ("$['{a,b}']", &["/{a,b}"], &["/a", "/b"]),
    ("$['a?']", &["/a?"], &["/ab", "/a"]),
    ("$['[a]']", &["/[a]"], &["/a"]),
    ("$['!a']", &["/!a"], &["/b"]),
    ("$['.']", &["/."], &["/a", "/"]),
    ("$['..']", &["/.."], &["/a/b", "/"]),
    ("$..['a.']", &["/a.", "/x/a."], &["/a", "/ab"]),
    ("$..['.x']", &["/.x", "/y/.x"], &["/x", "/y.x"]),
    ("$.*['x.y']", &["/a/x.y"], &["/a/x.z", "/x.y"]),
    ("$.*['x.']", &["/a/x."], &["/a/x", "/x."]),
    ("$.é", &["/é"], &["/e", "/e\u{301}"]),
    ("$['日本']..['語']", &["/日本/語", "/日本/x/語"], &["/日/語"]),
    ("$.☺", &["/☺"], &["/☹"]),
    ("$['\\u00e9']", &["/é"], &["/e"]),
    ("$['\\ud83d\\ude00']", &["/😀"], &["/😁"]),
    ("$['\\n']", &["/\n"], &["/n", "/\\n"]),
    ("$.*.a", &["/\n/a", "/é/a", "/~1/a"], &["/a"]),
    ("$..z", &["/\n/z", "/é/日本/z"], &["/z/\n"]),
    ("$['$']", &["/$"], &["/"]),
    ("$['$*']", &["/$*"], &["/a"]),
    ("$['@v']", &["/@v"], &["/v"]),
    ("$.*.v", &["/@a/v", "/#/v", "/?/v", "/%/v", "/$/v", "/$*/v"], &["/v"]),
    ("$..w", &["/@a/w", "/#/?/w", "//w"], &["/@w"]),
    ("$['#']", &["/#"], &["/"]),
    ("$['%']", &["/%"], &["/", "/%25"]),
    ("$['%25']", &["/%25"], &["/%"]),
    ("$['a b']", &["/a b"], &["/ab"]),
    ("$ .a ['b']", &["/a/b"], &["/ab"]),
    ("$['()|^$+']", &["/()|^$+"], &["/"]),
    ("$['averyveryverylongnameindeed']", &["/averyveryverylongnameindeed"], &["/averyveryverylongnameindee", "/averyveryverylongnameindeec"]),
    ("$['12345678']", &["/12345678"], &["/1234567", "/123456789"]),
    ("$['1234567']", &["/1234567"], &["/12345678", "/123456"]),
    ("$['a\\u0000']", &["/a\0"], &["/a", "/a\0\0"]),
];

#[rustfmt::skip]
const UNIONS_AND_SLICES: &[Selection] = &[
    ("$['a','b']", &["/a", "/b"], &["/c", "/a/b", ""]),
    ("$.x['a', 0, 'b']..c", &["/x/a/c", "/x/0/c", "/x/b/z/c"], &["/x/c/c", "/x/a"]),
    ("$..['a','b'].c", &["/a/c", "/z/b/c"], &["/c", "/z/c"]),
    ("$['a','a']", &["/a"], &["/b"]),
    ("$[*, 'a']", &["/a", "/b"], &["", "/a/b"]),
    ("$[0:2]", &["/0", "/1"], &["/2", "/00", "/a", "/"]),
    ("$[1:]", &["/1", "/2", "/100"], &["/0", "/01"]),
    ("$[:2]", &["/0", "/1"], &["/2"]),
    ("$[::2]", &["/0", "/2", "/4"], &["/1", "/a"]),
    ("$[1:6:2]", &["/1", "/3", "/5"], &["/2", "/7", "/6"]),
    ("$[:]", &["/0", "/17"], &["/a", "/"]),
    ("$[0:5:0]", &[], &["/0", "/1"]),
    ("$[3:1]", &[], &["/1", "/2", "/3"]),
    ("$..[0:2].a", &["/0/a", "/z/1/a"], &["/2/a"]),
    ("$[0, 2:4, 'x']", &["/0", "/2", "/3", "/x"], &["/1", "/4"]),
];

/// Each pattern alone, then all at once: every pointer of the table against every pattern.
fn selections<P: PatternIndex>(table: &[Selection]) -> Result<(), String> {
    let mut all = Subject::<P>::new();
    for (text, yes, no) in table {
        let mut alone = Subject::<P>::new();
        alone.subscribe(text)?;
        all.subscribe(text)?;
        let expected = yes.iter().map(|pointer| (pointer, 1)).chain(no.iter().map(|pointer| (pointer, 0)));
        for (pointer, count) in expected {
            let mut ids = Vec::new();
            let parsed = Pointer::parse(pointer).map_err(|error| format!("{pointer}: {error}"))?;
            alone.index.matches(&parsed, &mut ids);
            if ids.len() != count {
                return Err(format!("{text} against {pointer:?}: {} matches, expected {count}", ids.len()));
            }
        }
    }
    let pointers = || table.iter().flat_map(|(_, yes, no)| yes.iter().chain(*no));
    pointers().try_for_each(|pointer| all.compare(pointer))?;
    // And once more while they go, every other one first.
    for at in (0..all.live.len()).rev().step_by(2) {
        all.unsubscribe(at)?;
    }
    pointers().try_for_each(|pointer| all.compare(pointer))?;
    while !all.live.is_empty() {
        all.unsubscribe(0)?;
    }
    pointers().try_for_each(|pointer| all.compare(pointer))
}

/// Every pair of the traces' names, as a quoted name and below a wildcard and a descendant.
fn every_spelling<P: PatternIndex>(mut subject: Subject<P>) -> Result<(), String> {
    for name in TRACE_NAMES {
        let name = quoted(name);
        subject.subscribe(&format!("$[{name}]"))?;
        subject.subscribe(&format!("$.*[{name}]"))?;
        subject.subscribe(&format!("$..x[{name}]"))?;
    }
    for name in TRACE_NAMES {
        let name = escape(name);
        subject.compare(&format!("/{name}"))?;
        for other in TRACE_NAMES {
            subject.compare(&format!("/{}/{name}", escape(other)))?;
        }
        subject.compare(&format!("/{name}/{name}/x/{name}"))?;
    }
    Ok(())
}

fn chains<P: PatternIndex>() -> Result<(), String> {
    for length in 2..=16 {
        let mut subject = Subject::<P>::new();
        subject.subscribe(&format!("${}..b", "..a".repeat(length)))?;
        for segments in [length - 1, length, 40, 4000] {
            for ends_in_b in [false, true] {
                subject.compare(chain_pointer(segments, ends_in_b).as_str())?;
            }
        }
    }
    let mut subject = Subject::<P>::new();
    for length in 2..=16 {
        subject.subscribe(&format!("${}..b", "..a".repeat(length)))?;
        subject.subscribe(&format!("${}", "..a".repeat(length)))?;
    }
    for segments in [1, 5, 16, 40] {
        for ends_in_b in [false, true] {
            subject.compare(chain_pointer(segments, ends_in_b).as_str())?;
        }
    }
    Ok(())
}

fn all_frontiers<P: PatternIndex>(mut subject: Subject<P>) -> Result<(), String> {
    for bits in 0..1 << DEPTH {
        let pattern = frontier(bits);
        let id = subject.index.subscribe(&pattern);
        subject.live.push((id, format!("frontier {bits:012b}"), pattern));
    }
    subject.compare_len()?;
    for bits in [0, 1, 0b1000_0000_0000, 0b0101_0101_0101, 0b1111_0000_1111, (1 << DEPTH) - 1] {
        subject.compare(frontier_pointer(bits).as_str())?;
    }
    subject.compare("/other/n1/other")
}

fn wide_descendants<P: PatternIndex>(mut subject: Subject<P>) -> Result<(), String> {
    for number in 0..10_000 {
        let pattern = pattern(&format!("$.x{}..n{}..*", number % 100, number / 100));
        let id = subject.index.subscribe(&pattern);
        subject.live.push((id, format!("number {number}"), pattern));
    }
    let pointers = ["/x1/n1/a", "/x1/a/n1/b/n2/c", "/x99/n99/n98/n97/n96/z", "/x5", "/x5/n5", "/y/n1/a", ""];
    pointers.iter().try_for_each(|pointer| subject.compare(pointer))?;
    let mut number = 0;
    let (index, gone) = (&mut subject.index, &mut subject.gone);
    let mut failed = None;
    subject.live.retain(|(id, _, _)| {
        number += 1;
        if number % 2 == 0 {
            failed = failed.or(index.unsubscribe(*id).err());
            gone.push(*id);
        }
        number % 2 != 0
    });
    if let Some(error) = failed {
        return Err(format!("unsubscribe of one that lives: {error}"));
    }
    subject.compare_len()?;
    pointers.iter().try_for_each(|pointer| subject.compare(pointer))
}

fn same_pattern<P: PatternIndex>(mut subject: Subject<P>) -> Result<(), String> {
    const TIMES: usize = 1000;
    subject.subscribe("$.a.b")?;
    for _ in 0..TIMES {
        subject.subscribe("$.a.*..c")?;
    }
    let pointers = ["/a/b", "/a/b/c", "/a/x/y/c"];
    pointers.iter().try_for_each(|pointer| subject.compare(pointer))?;
    for left in (0..TIMES).rev() {
        // From the front, the back and the middle; the other pattern stays.
        subject.unsubscribe(1 + [0, left, left / 2][left % 3])?;
        if left < 8 || left % 125 == 0 {
            pointers.iter().try_for_each(|pointer| subject.compare(pointer))?;
        }
    }
    subject.unsubscribe(0)?;
    pointers.iter().try_for_each(|pointer| subject.compare(pointer))
}

fn unknown_ids<P: PatternIndex>(mut subject: Subject<P>) -> Result<(), String> {
    subject.unsubscribe_unknown(Id(0))?;
    subject.unsubscribe_unknown(Id(u64::MAX))?;
    for text in ["$.a", "$..a", "$['a','b']", "$.*"] {
        subject.subscribe(text)?;
        subject.subscribe(text)?;
        subject.unsubscribe(0)?;
        let gone = *subject.gone.last().expect("one has just gone");
        subject.unsubscribe_unknown(gone)?;
        subject.compare("/a")?;
        // One more in its place must not bring the old id back.
        subject.subscribe(text)?;
        subject.unsubscribe_unknown(gone)?;
        subject.compare("/a")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(text: &str) -> bool {
        matches!(Pattern::parse(text), Err(PatternError::Malformed { .. }))
    }

    fn undecidable(text: &str) -> bool {
        matches!(Pattern::parse(text), Err(PatternError::Undecidable { .. }))
    }

    #[test]
    fn patterns_are_parsed_into_nodes() {
        let name = |text: &str| Node::Name(text.into());
        let nodes = pattern("$.a['b c'][\"x/~\"][3].*[*]..d..[0]");
        let expected = [
            name("a"),
            name("b c"),
            name("x~1~0"),
            Node::Index(3),
            Node::Wildcard,
            Node::Wildcard,
            Node::Descendant,
            name("d"),
            Node::Descendant,
            Node::Index(0),
        ];
        assert_eq!(nodes.nodes(), expected);
        assert!(nodes.is_simple());
        let nodes = pattern("$[ 'a' , 1, 2:8:3 ]");
        let slice = Node::Slice { start: 2, end: Some(8), step: 3 };
        assert_eq!(nodes.nodes(), [Node::Union(Box::new([name("a"), Node::Index(1), slice]))]);
        assert!(!nodes.is_simple());
        assert_eq!(pattern("$[:]").nodes(), [Node::Slice { start: 0, end: None, step: 1 }]);
        assert!(pattern("$").nodes().is_empty());
    }

    #[test]
    fn malformed_patterns_are_errors_that_say_where() {
        for text in [
            "",
            "a",
            ".a",
            "$a",
            "$.",
            "$..",
            "$...a",
            "$.a.",
            "$.a..",
            "$[",
            "$[]",
            "$[a]",
            "$['a",
            "$['a'",
            "$['a',]",
            "$[,]",
            "$['a'x]",
            "$[01]",
            "$[-0]",
            "$[-]",
            "$[9007199254740992]",
            "$[1.0]",
            "$.1a",
            "$ ",
            " $",
            "$.a ",
            "$['\\x']",
            "$['\\u12']",
            "$['\\ud800']",
            "$['\\ud800\\u0041']",
            "$['\\\"']",
            "$['\n']",
            "$. a",
            "$.a.['b']",
            "$[0:1:2:3]",
            "$[**]",
            "$.**",
        ] {
            assert!(malformed(text), "{text:?}: {:?}", Pattern::parse(text));
        }
        let error = Pattern::parse("$.users[").unwrap_err();
        let expected =
            "not a JSONPath query, at byte 8: expected a quoted name, `*`, an index, a slice or a filter";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_a_pointer_cannot_decide_is_an_error() {
        for text in ["$[?@.a]", "$.a[0, ?@.b > 1]", "$[-1]", "$[-2:]", "$[:-1]", "$[::-1]"] {
            assert!(undecidable(text), "{text:?}: {:?}", Pattern::parse(text));
        }
        let error = Pattern::parse("$.a[?@.b]").unwrap_err();
        assert_eq!(error.to_string(), "at byte 4: a filter cannot be decided from a pointer alone");
    }

    #[test]
    fn pointers_are_checked() {
        for text in ["", "/", "/a/b", "/~0/~1", "//", "/é"] {
            assert_eq!(Pointer::parse(text).unwrap().as_str(), text);
        }
        for (text, at) in [("a", 0), ("/~", 1), ("/a/~2", 3), ("/~~0", 1), ("#/a", 0)] {
            assert_eq!(Pointer::parse(text).unwrap_err().at, at, "{text}");
        }
        let count = |text| Pointer::parse(text).unwrap().segments().count();
        assert_eq!([count(""), count("/"), count("//"), count("/a/b")], [0, 1, 2, 2]);
        for name in TRACE_NAMES {
            assert_eq!(unescape(&escape(name)), name);
        }
    }

    #[test]
    fn a_single_pattern_is_tested_as_the_oracle_does() {
        let mut draw = 0;
        let mut agreed = [0, 0];
        while draw < 60_000 {
            draw += 1;
            let (first, second) = (mix(draw), mix(draw << 32));
            let step = |bits: u64| Step {
                op: 0,
                a: bits as u16,
                b: (bits >> 16) as u16,
                version: (bits >> 32) as u8,
            };
            let (text, pointer) = (trace_pattern(&step(first)), trace_pointer(&step(second)));
            let (parsed, pointer) = (pattern(&text), Pointer::parse(&pointer).unwrap());
            let expected = selected(parsed.nodes(), &unescaped(&pointer));
            let segments: Vec<&str> = pointer.segments().collect();
            assert_eq!(parsed.selects(&segments), expected, "{text} against {pointer:?}");
            agreed[usize::from(expected)] += 1;
        }
        assert!(agreed[1] > 1000, "hardly anything matches: {agreed:?}");
    }

    #[test]
    fn a_mix_is_what_its_summary_says() {
        for size in [10, 100, 1000] {
            let patterns = mix_patterns(size, size);
            let part =
                |wanted: fn(&Pattern) -> bool| patterns.iter().filter(|p| wanted(p)).count() * 100 / size;
            assert_eq!(part(|p| p.nodes().iter().all(|node| node.literal().is_some())), 60);
            let descends = part(|p| p.nodes().contains(&Node::Descendant));
            assert!((10..=15).contains(&descends), "{descends}");
            let warm = mix_of_pointers("mix_warm", &patterns, 1024, false);
            let unseen = mix_of_pointers("mix_unseen", &patterns, 1024, true);
            for (pointers, at_least) in [(&warm, 0.9), (&unseen, 0.2)] {
                let found = |pointer: &Pointer| {
                    let segments = unescaped(pointer);
                    patterns.iter().filter(|pattern| selected(pattern.nodes(), &segments)).count()
                };
                let each = pointers.iter().map(found).sum::<usize>() as f64 / 1024.0;
                assert!((at_least..4.0).contains(&each), "{size}: {each} matches per pointer");
            }
            let mut distinct: Vec<&str> = unseen.iter().map(Pointer::as_str).collect();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), unseen.len());
            assert!(!unseen.iter().any(|pointer| warm.contains(pointer)));
        }
    }

    /// The JSONPath compliance suite: a selector is parsed and answered right, or refused in a typed error.
    #[test]
    fn the_compliance_suite_is_answered_right_or_refused() {
        let Some(path) = crate::input::outside_data("JSONPATH_CTS", "jsonpath-cts.json") else { return };
        let text = std::fs::read_to_string(path).unwrap();
        let suite: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut answered = 0;
        for test in suite["tests"].as_array().unwrap() {
            let (name, selector) = (test["name"].as_str().unwrap(), test["selector"].as_str().unwrap());
            let parsed = Pattern::parse(selector);
            if test["invalid_selector"] == true {
                assert!(parsed.is_err(), "{name}: {selector:?} is not a query");
                continue;
            }
            let parsed = match parsed {
                Err(PatternError::Undecidable { .. }) => continue,
                other => other.unwrap_or_else(|error| panic!("{name}: {selector:?}: {error}")),
            };
            let mut pointers = Vec::new();
            collect(&test["document"], String::new(), &mut pointers);
            let select = |pointer: &&String| {
                let pointer = Pointer::parse(pointer).unwrap();
                parsed.selects(&pointer.segments().collect::<Vec<_>>())
            };
            let mut observed: Vec<&String> = pointers.iter().filter(select).collect();
            let paths = test.get("result_paths").unwrap_or_else(|| &test["results_paths"][0]);
            let paths = paths.as_array().unwrap().iter().map(|path| pattern(path.as_str().unwrap()));
            let literal = |node: &Node| format!("/{}", node.literal().unwrap());
            let mut expected: Vec<String> =
                paths.map(|path| path.nodes().iter().map(literal).collect()).collect();
            observed.sort();
            expected.sort();
            expected.dedup();
            assert!(observed.into_iter().eq(&expected), "{name}: {selector:?}: expected {expected:?}");
            answered += 1;
        }
        assert!(answered > 100, "{answered}");
    }

    fn collect(value: &serde_json::Value, pointer: String, pointers: &mut Vec<String>) {
        if let Some(members) = value.as_object() {
            for (name, value) in members {
                collect(value, format!("{pointer}/{}", escape(name)), pointers);
            }
        }
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            collect(value, format!("{pointer}/{index}"), pointers);
        }
        pointers.push(pointer);
    }
}
