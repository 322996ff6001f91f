//! Random documents and queries: small, full of names and values that naive code treats wrong, and every so often a query
//! that is nearly valid.

use scenarios::input::mix;
use serde_json::{Map, Value, json};

/// A source of random choices.
pub struct Draw(u64);

/// Names of members: of arrays' elements, of escapes, of what a parser may trip over.
const NAMES: [&str; 18] =
    ["a", "b", "c", "ab", "", "0", "1", "01", "-1", "a.b", "'", "\"", "*", "~/", "é", "\\n", "😀", "length"];

/// The names that queries and documents have in common most of the time.
const FEW: [&str; 4] = ["a", "b", "c", "0"];

const STRINGS: [&str; 22] = [
    "", "a", "b", "ab", "aab", "a\nb", "a\rb", "a.b", "é", "😀", "\u{ffff}", "\u{2028}", "1", "true", "A",
    "a-b", "[ab]*", "a|b", ".", "a{2}", "\\p{Lu}", "(",
];

/// Texts of number literals. What a double cannot hold is left open by the RFC, and so is not here.
const NUMBERS: [&str; 22] = [
    "0",
    "-0",
    "1",
    "1.0",
    "1e0",
    "2",
    "3",
    "10",
    "1E1",
    "-1",
    "-1.0",
    "0.1",
    "1e-1",
    "1.5",
    "100",
    "1e+2",
    "0.0",
    "-0.0",
    "0e5",
    "9007199254740991",
    "-9007199254740991",
    "9007199254740992",
];

/// I-Regexps, and what looks like one.
const PATTERNS: [&str; 36] = [
    "a",
    "a.*",
    ".*b",
    "a.b",
    "[ab]+",
    "[^a]",
    "a|b",
    "(a|b)*",
    "a{2}b",
    "a{1,2}b?",
    ".",
    "..",
    "",
    "()",
    "a\\.b",
    "a\\-b",
    "[a-b]*",
    "[-a]*.",
    "[a-]*.",
    "\\p{Lu}",
    "\\P{L}*",
    "\\p{So}",
    "[\\p{L}\\n]+",
    "é",
    "😀",
    "\\n",
    "(",
    "a{,2}",
    "a**",
    "\\d",
    "\\w+",
    "[b-a]",
    "(?:a)",
    "a{2,1}",
    "[a-b-c]",
    "\\p{Greek}",
];

/// What a mutation inserts into a query.
const TOKENS: [&str; 50] = [
    " ", "\t", "\n", "\u{b}", "\u{a0}", ".", "..", "[", "]", "(", ")", "{", "}", "'", "\"", "\\", "*", "?",
    "@", "$", "!", "!=", "==", "=", "<", "<=", ">", ">=", "&&", "&", "||", "|", ",", ":", "-", "-0", "0",
    "01", "1", "1.", ".5", "e5", "true", "null", "a", "é", "count", "length(", "\\u0061", "\u{1}",
];

impl Draw {
    /// The choices that follow from a number.
    pub fn new(seed: u64) -> Self {
        Draw(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % bound as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Whether something happens that happens once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn name(&mut self) -> &'static str {
        if self.once_in(3) { self.pick(&NAMES) } else { self.pick(&FEW) }
    }

    /// A document.
    pub fn document(&mut self) -> Value {
        self.value(4)
    }

    fn value(&mut self, depth: usize) -> Value {
        let kind = self.below(if depth == 0 { 5 } else { 11 });
        match kind {
            0 => self.pick(&[Value::Null, Value::Bool(true), Value::Bool(false)].each_ref()).clone(),
            1 | 2 => serde_json::from_str(self.pick(&NUMBERS)).unwrap_or(json!(0)),
            3 | 4 => Value::from(self.pick(&STRINGS)),
            5..=7 => Value::Array((0..self.below(5)).map(|_| self.value(depth - 1)).collect()),
            _ => {
                let members = (0..self.below(5)).map(|_| (self.name().to_owned(), self.value(depth - 1)));
                Value::Object(members.collect::<Map<String, Value>>())
            }
        }
    }

    /// A query. One in five was valid before it was changed at random.
    pub fn query(&mut self) -> String {
        let mut query = "$".to_owned();
        for _ in 0..1 + self.below(3) {
            query += &self.blank();
            query += &self.segment(2);
        }
        if self.once_in(5) {
            for _ in 0..1 + self.below(2) {
                query = self.mutated(&query);
            }
        }
        query
    }

    fn mutated(&mut self, query: &str) -> String {
        let characters: Vec<char> = query.chars().collect();
        let at = self.below(characters.len().max(1));
        let until = (at + self.below(3)).min(characters.len());
        let (before, after) = (&characters[..at], &characters[until..]);
        let token = if self.once_in(3) { "" } else { self.pick(&TOKENS) };
        before.iter().copied().chain(token.chars()).chain(after.iter().copied()).collect()
    }

    /// Blanks where the grammar allows them; most of the time none.
    fn blank(&mut self) -> String {
        if self.once_in(12) {
            self.pick(&[" ", "  ", "\n", "\t", "\r", " \r\n"]).to_owned()
        } else {
            String::new()
        }
    }

    fn segment(&mut self, depth: usize) -> String {
        let dots = if self.once_in(5) { ".." } else { "" };
        match self.below(8) {
            0 | 1 => {
                let name = self.pick(&["a", "b", "c", "ab", "é", "_", "a1", "true"]);
                format!("{}{name}", if dots.is_empty() { "." } else { dots })
            }
            2 => format!("{}*", if dots.is_empty() { "." } else { dots }),
            _ => {
                let mut selectors = format!("{dots}[");
                for at in 0..if self.once_in(4) { 2 } else { 1 } {
                    if at > 0 {
                        selectors += ",";
                    }
                    selectors += &self.blank();
                    selectors += &self.selector(depth);
                    selectors += &self.blank();
                }
                selectors + "]"
            }
        }
    }

    fn selector(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 6 } else { 12 }) {
            0 | 1 => {
                let name = self.name();
                self.quoted(name)
            }
            2 => self.index(),
            3 => "*".to_owned(),
            4 | 5 => {
                let mut slice = String::new();
                for at in 0..2 + self.below(2) {
                    if at > 0 {
                        slice += &self.blank();
                        slice += ":";
                        slice += &self.blank();
                    }
                    if self.below(2) == 0 {
                        slice += &self.index();
                    }
                }
                slice
            }
            _ => format!("?{}{}", self.blank(), self.logical(depth - 1, 2)),
        }
    }

    fn index(&mut self) -> String {
        self.pick(&["0", "1", "2", "3", "-1", "-2", "-3", "5", "-9", "9007199254740991", "-9007199254740991"])
            .to_owned()
    }

    /// A string literal, in one of its spellings.
    fn quoted(&mut self, text: &str) -> String {
        let quote = self.pick(&['\'', '"']);
        let mut literal = String::from(quote);
        for character in text.chars() {
            match character {
                '\\' => literal += "\\\\",
                character if character == quote => {
                    literal.push('\\');
                    literal.push(quote);
                }
                '\n' => literal += "\\n",
                '\r' => literal += "\\r",
                '/' if self.once_in(2) => literal += "\\/",
                character if self.once_in(12) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        literal += &if self.once_in(2) {
                            format!("\\u{unit:04x}")
                        } else {
                            format!("\\u{unit:04X}")
                        };
                    }
                }
                character => literal.push(character),
            }
        }
        literal.push(quote);
        literal
    }

    /// A logical expression, whose queries nest `depth` deep and whose parentheses `inner` deep.
    fn logical(&mut self, depth: usize, inner: usize) -> String {
        let mut terms = vec![self.basic(depth, inner)];
        while terms.len() < 3 && self.once_in(3) {
            let operator = self.pick(&["&&", "||"]);
            terms.push(format!("{}{operator}{}{}", self.blank(), self.blank(), self.basic(depth, inner)));
        }
        terms.concat()
    }

    fn basic(&mut self, depth: usize, inner: usize) -> String {
        let not = if self.once_in(5) { format!("!{}", self.blank()) } else { String::new() };
        match self.below(if inner == 0 { 7 } else { 8 }) {
            0 | 1 => not + &self.subquery(depth),
            2 => not + &self.matching(depth),
            7 => format!("{not}({}{}{})", self.blank(), self.logical(depth, inner - 1), self.blank()),
            _ => {
                let comparison = self.pick(&["==", "!=", "<", "<=", ">", ">="]);
                let (left, right) = (self.comparable(depth), self.comparable(depth));
                let comparison = format!("{left}{}{comparison}{}{right}", self.blank(), self.blank());
                if self.once_in(6) { format!("!({comparison})") } else { comparison }
            }
        }
    }

    fn subquery(&mut self, depth: usize) -> String {
        let mut query = if self.once_in(6) { "$" } else { "@" }.to_owned();
        for _ in 0..self.below(3) {
            query += &self.segment(depth);
        }
        query
    }

    fn singular(&mut self) -> String {
        let mut query = if self.once_in(6) { "$" } else { "@" }.to_owned();
        for _ in 0..self.below(3) {
            query += &self.blank();
            query += &match self.below(4) {
                0 => format!("[{}]", self.index()),
                1 => {
                    let name = self.name();
                    format!("[{}]", self.quoted(name))
                }
                _ => format!(".{}", self.pick(&["a", "b", "c", "ab"])),
            };
        }
        query
    }

    fn comparable(&mut self, depth: usize) -> String {
        match self.below(10) {
            0..=3 => self.singular(),
            4 => self.pick(&["true", "false", "null"]).to_owned(),
            5 | 6 => self.pick(&NUMBERS).to_owned(),
            7 => {
                let text = self.pick(&STRINGS);
                self.quoted(text)
            }
            8 => {
                let argument = match self.below(6) {
                    0 => self.pick(&["'ab'", "1", "null", "'😀'", "count(@.*)", "value(@..a)"]).to_owned(),
                    // Now and then a query that is not singular, which is an error.
                    1 => self.subquery(depth),
                    _ => self.singular(),
                };
                format!("length({}{argument}{})", self.blank(), self.blank())
            }
            _ => format!("{}({})", self.pick(&["count", "value"]), self.subquery(depth)),
        }
    }

    fn matching(&mut self, depth: usize) -> String {
        let text = if self.once_in(4) { self.comparable(depth) } else { self.singular() };
        let pattern = if self.once_in(8) {
            self.singular()
        } else {
            let pattern = self.pick(&PATTERNS);
            self.quoted(pattern)
        };
        let function = self.pick(&["match", "search"]);
        format!("{function}({text}{},{}{pattern})", self.blank(), self.blank())
    }
}
