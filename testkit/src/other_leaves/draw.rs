//! Random paths of the [model](super::model), and random pointers and leaves.

use scenarios::flat::{Leaf, escape};
use scenarios::input::mix;
use serde_json::{Value, json};

use super::model::{Operand, PATTERNS, Path, Segment, Selector, Test};

/// Names that naive code treats wrong.
const NAMES: [&str; 16] =
    ["ab", "", "0", "1", "01", "4294967295", "a.b", "'", "\"", "[0]", "*", "~", "/", "~1", "é", "\\n"];

/// The names that pointers and paths have in common most of the time.
const FEW: [&str; 4] = ["a", "b", "0", "1"];

const TEXTS: [&str; 6] = ["", "a", "ab", "ba", "é", "a~/'"];

const OF_ARRAYS: [&str; 8] = ["0", "1", "-1", ":", "1:", "::-1", "0:2", "4294967295"];

const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// A source of random choices.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % bound as u64) as usize
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Whether something happens that happens once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn name(&mut self) -> String {
        if self.once_in(3) { self.pick(&NAMES) } else { self.pick(&FEW) }.to_owned()
    }

    /// A pointer to a leaf. Short ones are rare, because what is below a leaf hides it.
    pub(super) fn pointer(&mut self) -> String {
        let length = if self.once_in(6) { self.below(2) } else { 2 + self.below(3) };
        (0..length).map(|_| format!("/{}", escape(&self.name()))).collect()
    }

    pub(super) fn leaf(&mut self) -> Leaf {
        let value = match self.below(10) {
            0 | 1 => json!({}),
            2 => json!([]),
            3 => self.pick(&[Value::Null, Value::Bool(true), Value::Bool(false)].each_ref()).clone(),
            4 | 5 => Value::from(self.pick(&TEXTS)),
            _ => Value::from(self.below(5) as i64 - 1),
        };
        Leaf::new(value).expect("a scalar or an empty container")
    }

    /// A whole query.
    pub(super) fn path(&mut self) -> Path {
        Path { absolute: true, segments: (0..self.below(5)).map(|_| self.segment(2)).collect() }
    }

    /// A segment whose filters nest `depth` deep.
    fn segment(&mut self, depth: usize) -> Segment {
        let count = if self.once_in(5) { 2 } else { 1 };
        Segment { descendant: self.once_in(5), selectors: (0..count).map(|_| self.selector(depth)).collect() }
    }

    fn selector(&mut self, depth: usize) -> Selector {
        match self.below(if depth == 0 { 9 } else { 12 }) {
            0..=4 => Selector::Name(self.name()),
            5..=7 => Selector::Wildcard,
            8 => Selector::OfArray(self.pick(&OF_ARRAYS)),
            _ => Selector::Filter(self.test(depth - 1)),
        }
    }

    fn test(&mut self, depth: usize) -> Test {
        match self.below(if depth == 0 { 6 } else { 9 }) {
            // One comparison of a member with a literal: some indices decide it themselves.
            0 | 1 => {
                let comparison = self.pick(&COMPARISONS);
                Test::Compare(Operand::Singular(self.names(false, 1)), comparison, self.literal())
            }
            2 | 3 => Test::Compare(self.operand(depth), self.pick(&COMPARISONS), self.operand(depth)),
            4 => Test::Exists(self.inner(depth)),
            5 => Test::Matches(self.operand(depth), &PATTERNS[self.below(PATTERNS.len())]),
            6 => Test::Not(Box::new(self.test(depth - 1))),
            7 => Test::All(Box::new([self.test(depth - 1), self.test(depth - 1)])),
            _ => Test::Any(Box::new([self.test(depth - 1), self.test(depth - 1)])),
        }
    }

    /// A path within a filter.
    fn inner(&mut self, depth: usize) -> Path {
        let absolute = self.once_in(4);
        Path { absolute, segments: (0..self.below(3)).map(|_| self.segment(depth)).collect() }
    }

    /// A path of at least so many names.
    fn names(&mut self, absolute: bool, least: usize) -> Path {
        let segment = |name| Segment { descendant: false, selectors: vec![Selector::Name(name)] };
        Path { absolute, segments: (0..least + self.below(2)).map(|_| segment(self.name())).collect() }
    }

    fn literal(&mut self) -> Operand {
        Operand::Literal(match self.below(5) {
            0 => self.pick(&[Value::Null, Value::Bool(true), Value::Bool(false)].each_ref()).clone(),
            1 => Value::from(self.pick(&TEXTS)),
            _ => Value::from(self.below(5) as i64 - 1),
        })
    }

    fn operand(&mut self, depth: usize) -> Operand {
        match self.below(8) {
            0..=3 => {
                let absolute = self.once_in(4);
                Operand::Singular(self.names(absolute, 0))
            }
            4 => self.literal(),
            5 => {
                let absolute = self.once_in(4);
                Operand::Length(Box::new(Operand::Singular(self.names(absolute, 0))))
            }
            6 => Operand::Count(self.inner(depth)),
            _ => Operand::Value(self.inner(depth)),
        }
    }
}
