//! Two small hash tables with open addressing: pairs of numbers, and names.
//!
//! ```text
//!   Pairs    (node, symbol) ──▶ child            key: 64 bits, compared whole
//!   Names    "users" ──▶ symbol                  up to 16 bytes: the bytes are the key, compared as two numbers
//!            "preferred_language" ──▶ symbol     longer: eight bytes and a hash, then the text is compared
//! ```
//!
//! Both use linear probing in a power of two of slots, of which at most half are in use. A removal moves later entries
//! back, so no slot is ever marked as deleted. A table that has become mostly empty shrinks.

/// Says that there is no such entry; never a value.
pub const NONE: u32 = u32::MAX;

/// The slots of an empty table.
const MIN_SLOTS: usize = 8;

/// A table with fewer than one entry in this many slots shrinks.
const SPARSE: usize = 16;

/// A table that shrinks divides its number of slots by this.
const SHRINK: usize = 4;

/// Bytes that are read at once.
const WORD: usize = size_of::<u64>();

/// The fractional part of the golden ratio, which spreads consecutive numbers over the high bits.
pub const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Shifting a hash down by this leaves as many of its high bits as it takes to number `slots`.
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
        Pairs { slots: vec![NO_PAIR; MIN_SLOTS], shift: shift(MIN_SLOTS), len: 0 }
    }

    fn key(first: u32, second: u32) -> u64 {
        u64::from(first) << 32 | u64::from(second)
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(SPREAD) >> self.shift) as usize
    }

    /// The slot of `key`, or else the empty slot that it would get.
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
                // The key of an empty slot may happen to be equal. Its value is then `NONE`, which is the right answer.
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
            // The entry moves if the hole lies on the way from its home to its slot.
            let home = self.home(slot.key) & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = NO_PAIR;
        self.len -= 1;
        if self.slots.len() > MIN_SLOTS && SPARSE * self.len < self.slots.len() {
            self.resize((self.slots.len() / SHRINK).max(MIN_SLOTS));
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

/// What was read of a segment to tell it from others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Its first eight bytes, with zeros behind its end.
    first: u64,
    /// Its next eight bytes; for a segment longer than sixteen bytes, a hash of all but the first eight.
    second: u64,
    len: usize,
}

/// The word whose bytes are all `byte`.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The bytes of `text` from `at` on, which are fewer than eight; the first one is the lowest.
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
    let (word, most) = match pointer.get(at..at + WORD) {
        Some(eight) => (u64::from_le_bytes(eight.try_into().expect("eight bytes")), WORD),
        None => (last_word(pointer, at), pointer.len() - at),
    };
    // In `zeros`, the lowest byte whose high bit is set is where the first `/` is.
    let differs = word ^ each(b'/');
    let zeros = differs.wrapping_sub(each(1)) & !differs & each(0x80);
    let below = ((zeros & zeros.wrapping_neg()) >> 7).wrapping_sub(1);
    (word & below, (zeros.trailing_zeros() as usize / u8::BITS as usize).min(most))
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
        if len < WORD {
            return Segment { first, second: 0, len };
        }
        let (second, more) = part(pointer, at + WORD);
        if more < WORD {
            return Segment { first, second, len: WORD + more };
        }
        Self::read_long(pointer, at, first, second)
    }

    /// Reads a segment of sixteen bytes or more; `first` and `second` are its first two words.
    #[inline(never)]
    fn read_long(pointer: &[u8], at: usize, first: u64, mut second: u64) -> Self {
        let mut len = 2 * WORD;
        loop {
            let (next, more) = part(pointer, at + len);
            if more > 0 {
                second = mix(second, next);
            }
            len += more;
            if more < WORD {
                return Segment { first, second, len };
            }
        }
    }

    /// The segment that a whole text without `/` is.
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
    /// Length in bytes.
    len: u32,
    symbol: u32,
}

const NO_NAME: Name = Name { first: 0, second: 0, len: 0, symbol: NONE };

/// The names that patterns use, each with a symbol and the number of its uses.
pub struct Names {
    slots: Vec<Name>,
    shift: u32,
    len: usize,
    /// For each symbol, the text and how often it is used.
    texts: Vec<(Box<str>, u32)>,
    free: Vec<u32>,
}

impl Names {
    pub fn new() -> Self {
        Names {
            slots: vec![NO_NAME; MIN_SLOTS],
            shift: shift(MIN_SLOTS),
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
                // An empty slot may look like the empty name. Its symbol is then `NONE`, which is the right answer.
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

    /// The symbol of `text`, whose uses it counts up by one.
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

    /// Ends one use of a symbol; the last one frees the symbol.
    pub fn release(&mut self, symbol: u32) {
        let (text, uses) = &mut self.texts[symbol as usize];
        *uses -= 1;
        if *uses > 0 {
            return;
        }
        let text = std::mem::take(text);
        let segment = Segment::of(&text);
        let mask = self.slots.len() - 1;
        // Its text was taken out of the list above, so its slot is found by the symbol.
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
        } else if self.slots.len() > MIN_SLOTS && SPARSE * self.len < self.slots.len() {
            self.resize((self.slots.len() / SHRINK).max(MIN_SLOTS));
        }
    }

    fn resize(&mut self, slots: usize) {
        let old = std::mem::replace(&mut self.slots, vec![NO_NAME; slots]);
        self.shift = shift(slots);
        for name in old.into_iter().filter(|name| name.symbol != NONE) {
            self.place(name);
        }
    }

    /// Puts a name that is not in the table into the first empty slot from its home on.
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
        assert_eq!((pairs.len(), pairs.slots()), (0, MIN_SLOTS));
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
        assert_eq!((names.len(), names.texts.len(), names.slots.len()), (0, 0, MIN_SLOTS));
    }
}
