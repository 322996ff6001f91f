//! Checks: traces of random operations, replayed beside the [oracle](super::oracle).

use super::cases::{DEPTH, chain_pointer, frontier, frontier_pointer, pattern};
use super::contract::{Id, Pattern, PatternIndex, Pointer, UnknownId, escape};
use super::oracle::{selected, unescaped};
use crate::checking::{at_end, each_step, fixed, not_replayed};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 120, 48, "Random subscriptions, matches and removals, some of them of subscriptions that have ended."),
    Check::new("trace_long", 1500, 1, "1,500 such steps on one index."),
    Check::new("descendants", 0, 1, "`..` spans any number of segments anywhere in a pattern: $..name selects /users/0/name, $..a.b selects /q/a/b, $..a..b selects /q/a/z/b."),
    Check::new("chains", 0, 1, "$..a..a…..b with 2 to 16 times ..a against pointers of 40 and 4,000 segments, with and without a b at the end."),
    Check::new("frontiers", 0, 1, "All 4,096 patterns that have a name or * at each of 12 levels, in one index."),
    Check::new("wide_descendants", 0, 1, "10,000 patterns that end in ..* are subscribed, and then every other one is removed."),
    Check::new("spelling", 0, 1, "Names with ~, /, dots, quotes, brackets, stars, control and non-ASCII characters, empty names, numeric keys and leading zeros."),
    Check::new("unions_and_slices", 0, 1, "Patterns with unions and slices are matched like all others."),
    Check::new("same_pattern", 0, 1, "One pattern is subscribed 1,000 times, and the subscriptions end one by one."),
    Check::new("unknown_ids", 0, 1, "To end a subscription twice, or one that never was, is an error and changes nothing. No id is used again."),
];

/// Names for traces, among them those that need care.
const TRACE_NAMES: [&str; 32] = [
    "a", "b", "c", "*", "", "0", "1", "00", "01", "a.b", "~", "/", "a/b", "~0", "~1", "..", ".", "a.", "'",
    "\"", "[0]", "é", "日本", "?", "$", "$*", "@a", "#", "\n", "%2A", "{a,b}", "a\\b",
];

/// What a step does.
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

/// Both operands of a step as one number, which chooses names.
fn choices(step: &Step) -> u32 {
    u32::from(step.a) | u32::from(step.b) << 16
}

/// A pattern of up to four nodes, most of which have one of few names.
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

/// A pointer of up to eight segments.
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

pub(super) fn describe(_: &Check, trace: &[Step]) -> Vec<String> {
    let spell = |operation| match operation {
        Operation::Subscribe { pattern } => format!("subscribe {pattern}"),
        Operation::Unsubscribe { which } => format!("unsubscribe number {which} (modulo those that live)"),
        Operation::UnsubscribeGone { which } => format!("unsubscribe number {which} of those gone (modulo)"),
        Operation::Match { pointer } => format!("match {pointer:?}"),
    };
    trace.iter().map(|step| spell(decode(step))).collect()
}

pub(super) fn replay<P: PatternIndex>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let mut subject = Subject::<P>::new();
    match check.name {
        "trace" | "trace_long" => {
            each_step(trace, |_, step| subject.apply(&decode(step)))?;
            at_end(trace, subject.compare_all())
        }
        "descendants" => fixed(selections::<P>(DESCENDANTS)),
        "chains" => fixed(chains::<P>()),
        "frontiers" => fixed(all_frontiers(subject)),
        "wide_descendants" => fixed(wide_descendants(subject)),
        "spelling" => fixed(selections::<P>(SPELLINGS).and_then(|()| every_spelling(subject))),
        "unions_and_slices" => fixed(selections::<P>(UNIONS_AND_SLICES)),
        "same_pattern" => fixed(same_pattern(subject)),
        "unknown_ids" => fixed(unknown_ids(subject)),
        _ => not_replayed(check),
    }
}

/// How many subscriptions a trace has at most at the same time.
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

    /// Compares two answers: the second may come from what the first one left in the index.
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

    /// Compares answers about pointers that come close to the subscribed patterns.
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

/// A pattern, pointers that it selects, and pointers that it does not select.
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

/// Matches the pointers of a table against each pattern alone, then against all patterns at once.
fn selections<P: PatternIndex>(table: &[Selection]) -> Result<(), String> {
    let mut all = Subject::<P>::new();
    for (text, yes, no) in table {
        let mut alone = Subject::<P>::new();
        alone.subscribe(text)?;
        all.subscribe(text)?;
        let expected = yes.iter().map(|pointer| (pointer, 1)).chain(no.iter().map(|pointer| (pointer, 0)));
        for (pointer, count) in expected {
            let mut ids = Vec::new();
            let parsed = Pointer::parse(*pointer).map_err(|error| format!("{pointer}: {error}"))?;
            alone.index.matches(&parsed, &mut ids);
            if ids.len() != count {
                return Err(format!("{text} against {pointer:?}: {} matches, expected {count}", ids.len()));
            }
        }
    }
    let pointers = || table.iter().flat_map(|(_, yes, no)| yes.iter().chain(*no));
    pointers().try_for_each(|pointer| all.compare(pointer))?;
    // And again while subscriptions end, every other one first.
    for at in (0..all.live.len()).rev().step_by(2) {
        all.unsubscribe(at)?;
    }
    pointers().try_for_each(|pointer| all.compare(pointer))?;
    while !all.live.is_empty() {
        all.unsubscribe(0)?;
    }
    pointers().try_for_each(|pointer| all.compare(pointer))
}

/// Every name of the traces as a quoted name, alone and below a wildcard and a descendant, against every pair of names.
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
        // Subscriptions end at the front, the back and the middle. The one to the other pattern stays.
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
        // A new subscription in its place must not bring the old id back.
        subject.subscribe(text)?;
        subject.unsubscribe_unknown(gone)?;
        subject.compare("/a")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::mix;
    use crate::pattern_index::unescape;

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
    fn names_of_traces_come_back_from_segments() {
        for name in TRACE_NAMES {
            assert_eq!(unescape(&escape(name)), name);
        }
    }
}
