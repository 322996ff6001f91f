//! Two small hash tables with open addressing: pairs of numbers, and names.
//!
//! ```text
//!   Pairs    (node, symbol) ──▶ child            key: 64 bits, compared whole
//!   Names    "users" ──▶ symbol                  up to 16 bytes: the bytes are the key, compared as two numbers
//!            "preferred_language" ──▶ symbol     longer: eight bytes and a hash, then the text is compared
//! ```
//!
//! Linear probing in a power of two of slots, at most half of them in use; a removal moves later entries
//! back, so no slot is ever marked as deleted, and a table that has become empty for the most part shrinks.

/// No such entry: never a value.
pub const NONE: u32 = u32::MAX;

/// Slots of an empty table.
const LEAST: usize = 8;

/// The fractional part of the golden ratio: spreads consecutive numbers over the high bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The shift that leaves as many high bits as number `slots`.
fn shift(slots: usize) -> u32 {
    64 - slots.trailing_zeros()
}

#[derive(Clone, Copy)]
struct Pair {
    key: u64,
    value: u32,
}

const NO_PAIR: Pair = Pair { key: 0, value: NONE };

/// A map from pairs of numbers to numbers below [`NONE`].
pub struct Pairs {
    slots: Vec<Pair>,
    shift: u32,
    len: usize,
}

impl Pairs {
    pub fn new() -> Self {
        Pairs { slots: vec![NO_PAIR; LEAST], shift: shift(LEAST), len: 0 }
    }

    fn key(first: u32, second: u32) -> u64 {
        u64::from(first) << 32 | u64::from(second)
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(SPREAD) >> self.shift) as usize
    }

    /// The slot of `key`, or the empty one where it would go.
    #[inline]
    fn find(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key) & mask;
        while self.slots[at].value != NONE && self.slots[at].key != key {
            at = (at + 1) & mask;
        }
        at
    }

    /// The value of a pair, or [`NONE`].
    #[inline]
    pub fn get(&self, first: u32, second: u32) -> u32 {
        let key = Self::key(first, second);
        let mask = self.slots.len() - 1;
        let mut at = self.home(key) & mask;
        loop {
            let slot = self.slots[at];
            if slot.key == key || slot.value == NONE {
                // An empty slot's key means nothing, but its value is what is asked for.
                return slot.value;
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a pair that is not in the map.
    pub fn insert(&mut self, first: u32, second: u32, value: u32) {
        if 2 * (self.len + 1) > self.slots.len() {
            self.resize(2 * self.slots.len());
        }
        let key = Self::key(first, second);
        let at = self.find(key);
        debug_assert!(self.slots[at].value == NONE && value != NONE);
        self.slots[at] = Pair { key, value };
        self.len += 1;
    }

    /// Removes a pair, if it is in the map.
    pub fn remove(&mut self, first: u32, second: u32) {
        let mut hole = self.find(Self::key(first, second));
        if self.slots[hole].value == NONE {
            return;
        }
        let mask = self.slots.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot.value == NONE {
                break;
            }
            // Whether the hole lies on the way from its home to where it is.
            let home = self.home(slot.key) & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = NO_PAIR;
        self.len -= 1;
        if self.slots.len() > LEAST && 16 * self.len < self.slots.len() {
            self.resize((self.slots.len() / 4).max(LEAST));
        }
    }

    fn resize(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![NO_PAIR; slots]);
        self.shift = shift(slots);
        for pair in old.into_iter().filter(|pair| pair.value != NONE) {
            let at = self.find(pair.key);
            self.slots[at] = pair;
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    #[cfg(test)]
    pub fn slots(&self) -> usize {
        self.slots.len()
    }
}

/// A segment, read: what tells it from others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Its first eight bytes, zeros behind its end.
    first: u64,
    /// Its next eight; of a segment longer than sixteen bytes, a hash of all but the first eight.
    second: u64,
    len: usize,
}

/// Every byte of a word the same.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Fewer than eight bytes, those of `text` from `at`, the first one lowest.
#[inline]
fn last_word(text: &[u8], at: usize) -> u64 {
    let left = text.len() - at;
    match text.last_chunk::<8>() {
        Some(eight) if left > 0 => u64::from_le_bytes(*eight) >> (64 - 8 * left),
        _ => text[at..].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The bytes from `at` to the next `/` or the end, at most eight, and their number.
#[inline]
fn part(pointer: &[u8], at: usize) -> (u64, usize) {
    let (word, most) = match pointer.get(at..at + 8) {
        Some(eight) => (u64::from_le_bytes(eight.try_into().expect("eight bytes")), 8),
        None => (last_word(pointer, at), pointer.len() - at),
    };
    // The lowest byte of which the high bit is set is the first `/`.
    let differs = word ^ each(b'/');
    let zeros = differs.wrapping_sub(each(1)) & !differs & each(0x80);
    let below = ((zeros & zeros.wrapping_neg()) >> 7).wrapping_sub(1);
    (word & below, (zeros.trailing_zeros() as usize / 8).min(most))
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD)
}

impl Segment {
    /// The segment of `pointer` that begins at `at`; it ends before the next `/`, or where the pointer does.
    #[inline]
    pub fn read(pointer: &[u8], at: usize) -> Self {
        let (first, len) = part(pointer, at);
        if len < 8 {
            return Segment { first, second: 0, len };
        }
        let (second, more) = part(pointer, at + 8);
        if more < 8 {
            return Segment { first, second, len: 8 + more };
        }
        Self::read_long(pointer, at, first, second)
    }

    /// The same where it has sixteen bytes or more.
    #[inline(never)]
    fn read_long(pointer: &[u8], at: usize, first: u64, mut second: u64) -> Self {
        let mut len = 16;
        loop {
            let (next, more) = part(pointer, at + len);
            if more > 0 {
                second = mix(second, next);
            }
            len += more;
            if more < 8 {
                return Segment { first, second, len };
            }
        }
    }

    /// A whole text that has no `/`.
    fn of(text: &str) -> Self {
        Self::read(text.as_bytes(), 0)
    }

    /// Its length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }
}

#[derive(Clone, Copy)]
struct Name {
    first: u64,
    second: u64,
    /// Bytes.
    len: u32,
    symbol: u32,
}

const NO_NAME: Name = Name { first: 0, second: 0, len: 0, symbol: NONE };

/// The names that patterns use, each with a symbol and counted.
pub struct Names {
    slots: Vec<Name>,
    shift: u32,
    len: usize,
    /// By symbol: the text, and how often it is used.
    texts: Vec<(Box<str>, u32)>,
    free: Vec<u32>,
}

impl Names {
    pub fn new() -> Self {
        Names {
            slots: vec![NO_NAME; LEAST],
            shift: shift(LEAST),
            len: 0,
            texts: Vec::new(),
            free: Vec::new(),
        }
    }

    #[inline]
    fn home(&self, first: u64, second: u64, len: u32) -> usize {
        let key = (first ^ second.rotate_left(11)).wrapping_add(u64::from(len));
        (key.wrapping_mul(SPREAD) >> self.shift) as usize
    }

    /// The symbol of the segment of `pointer` that begins at `at`, or [`NONE`].
    #[inline]
    pub fn get(&self, segment: &Segment, pointer: &[u8], at: usize) -> u32 {
        let mask = self.slots.len() - 1;
        let len = segment.len as u32;
        let mut place = self.home(segment.first, segment.second, len);
        loop {
            let slot = &self.slots[place & mask];
            if slot.first == segment.first
                && slot.second == segment.second
                && slot.len == len
                && (len <= 16 || self.is_text(slot.symbol, &pointer[at..at + segment.len]))
            {
                // An empty slot may look like the empty name; its symbol says that there is none.
                return slot.symbol;
            }
            if slot.symbol == NONE {
                return NONE;
            }
            place += 1;
        }
    }

    #[inline(never)]
    fn is_text(&self, symbol: u32, text: &[u8]) -> bool {
        self.texts[symbol as usize].0.as_bytes() == text
    }

    /// The symbol of `text`, if it has one.
    pub fn symbol(&self, text: &str) -> u32 {
        self.get(&Segment::of(text), text.as_bytes(), 0)
    }

    /// The symbol of `text`, used once more.
    pub fn acquire(&mut self, text: &str) -> u32 {
        let segment = Segment::of(text);
        let found = self.get(&segment, text.as_bytes(), 0);
        if found != NONE {
            self.texts[found as usize].1 += 1;
            return found;
        }
        if 2 * (self.len + 1) > self.slots.len() {
            self.resize(2 * self.slots.len());
        }
        let symbol = self.free.pop().unwrap_or(self.texts.len() as u32);
        if symbol as usize == self.texts.len() {
            self.texts.push((text.into(), 1));
        } else {
            self.texts[symbol as usize] = (text.into(), 1);
        }
        let Segment { first, second, len } = segment;
        self.place(Name { first, second, len: len as u32, symbol });
        self.len += 1;
        symbol
    }

    /// Ends one use of a symbol, and its life with the last one.
    pub fn release(&mut self, symbol: u32) {
        let (text, uses) = &mut self.texts[symbol as usize];
        *uses -= 1;
        if *uses > 0 {
            return;
        }
        let text = std::mem::take(text);
        let segment = Segment::of(&text);
        let mask = self.slots.len() - 1;
        // Its text is gone from the list, so it is found by its symbol.
        let mut hole = self.home(segment.first, segment.second, segment.len as u32) & mask;
        while self.slots[hole].symbol != symbol {
            hole = (hole + 1) & mask;
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot.symbol == NONE {
                break;
            }
            let home = self.home(slot.first, slot.second, slot.len) & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = NO_NAME;
        self.len -= 1;
        self.free.push(symbol);
        if self.len == 0 {
            *self = Names::new();
        } else if self.slots.len() > LEAST && 16 * self.len < self.slots.len() {
            self.resize((self.slots.len() / 4).max(LEAST));
        }
    }

    fn resize(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![NO_NAME; slots]);
        self.shift = shift(slots);
        for name in old.into_iter().filter(|name| name.symbol != NONE) {
            self.place(name);
        }
    }

    /// Puts a name that is not there into the first empty slot from its home on.
    fn place(&mut self, name: Name) {
        let mask = self.slots.len() - 1;
        let mut at = self.home(name.first, name.second, name.len) & mask;
        while self.slots[at].symbol != NONE {
            at = (at + 1) & mask;
        }
        self.slots[at] = name;
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use scenarios::input;

    use super::*;

    #[test]
    fn pairs_agree_with_a_model_through_growth_removal_and_shrinking() {
        let mut pairs = Pairs::new();
        let mut model = BTreeMap::new();
        for step in 0..40_000u64 {
            let draw = input::mix(step);
            let (first, second) = ((draw % 40) as u32, (draw >> 20) as u32 % 50);
            // First it grows, then it shrinks.
            let adds = draw >> 60 < if step < 20_000 { 11 } else { 3 };
            if !adds {
                pairs.remove(first, second);
                model.remove(&(first, second));
            } else if let std::collections::btree_map::Entry::Vacant(entry) = model.entry((first, second)) {
                entry.insert(step as u32);
                pairs.insert(first, second, step as u32);
            }
            assert_eq!(pairs.len(), model.len());
            if step % 1000 == 0 {
                for first in 0..40 {
                    for second in 0..50 {
                        let expected = model.get(&(first, second)).copied().unwrap_or(NONE);
                        assert_eq!(pairs.get(first, second), expected);
                    }
                }
            }
        }
        for (first, second) in model.into_keys() {
            pairs.remove(first, second);
        }
        assert_eq!((pairs.len(), pairs.slots()), (0, LEAST));
    }

    #[test]
    fn the_zero_pair_is_absent_from_an_empty_map() {
        assert_eq!(Pairs::new().get(0, 0), NONE);
    }

    #[test]
    fn segments_end_where_the_pointer_says() {
        let texts =
            ["", "a", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmnop", "abcdefghijklmnopq", "é", "\0"];
        for before in texts {
            for after in texts {
                let pointer = format!("/{before}/{after}");
                // What is read does not depend on what surrounds the segment.
                let first = Segment::read(pointer.as_bytes(), 1);
                assert!(first == Segment::of(before) && first.len() == before.len());
                let second = Segment::read(pointer.as_bytes(), before.len() + 2);
                assert!(second == Segment::of(after) && second.len() == after.len());
            }
        }
    }

    #[test]
    fn names_are_told_apart_counted_and_given_back() {
        let mut names = Names::new();
        let mut texts: Vec<String> = (0..2000).map(|number| format!("name{number}")).collect();
        texts.extend((0..20).map(|zeros| "\0".repeat(zeros)));
        texts.extend((1..40).map(|length| "x".repeat(length)));
        let symbols: Vec<u32> = texts.iter().map(|text| names.acquire(text)).collect();
        assert_eq!(symbols.iter().collect::<HashSet<_>>().len(), texts.len());
        for (text, symbol) in texts.iter().zip(&symbols) {
            assert_eq!(names.symbol(text), *symbol);
            assert_eq!(names.acquire(text), *symbol);
        }
        assert_eq!(names.symbol("name2000"), NONE);
        for (at, symbol) in symbols.iter().enumerate() {
            names.release(*symbol);
            assert_eq!(names.symbol(&texts[at]), *symbol, "used twice, released once");
            names.release(*symbol);
            assert_eq!(names.symbol(&texts[at]), NONE);
            let next = texts.get(at + 1).map(|text| names.symbol(text));
            assert_eq!(next, symbols.get(at + 1).copied());
        }
        assert_eq!((names.len(), names.texts.len(), names.slots.len()), (0, 0, LEAST));
    }
}
