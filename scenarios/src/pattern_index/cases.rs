//! Inputs and measured regions.

use std::collections::{BTreeMap, HashMap};

use rand::RngExt;

use super::contract::{Id, Node, Pattern, PatternIndex, Pointer};
use super::oracle::{expected_digest, match_digest, selected, unescaped};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::input::{FixedHasher, Rng, copies, mix, rng, shuffled};
use crate::own::{check_lines, limited, lines, too_much};

pub(super) fn set_up<P: PatternIndex + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "identical" => identical::<P>(size),
        "mix_warm" => mix_warm::<P>(size, mix_pointers(request)),
        "mix_unseen" => mix_unseen::<P>(size, mix_pointers(request)),
        "churn" => churn::<P>(size, rounds(request, 10, [4, 16])),
        "churn_large" => churn::<P>(size, rounds(request, 0, [8, 64])),
        "descendant_chains" => descendant_chains::<P>(size),
        "frontiers" => frontiers::<P>(size, rounds(request, 512, [2, 32])),
        "notify_exact" => notify_exact::<P>(size),
        "notify_patterns" => notify_patterns::<P>(size),
        "own_match" => own_match::<P>(request),
        "own_match_unseen" => own_match_unseen::<P>(request),
        other => not_set_up(other),
    }
}

/// How many rounds a region makes: few where the contender scans more than `large` patterns for each, else many.
fn rounds(request: Request, large: usize, [few, many]: [usize; 2]) -> usize {
    if request.can(Capability::ScansWhole) && request.size > large { few } else { many }
}

/// How many pointers a region of a mix matches: some [blocks](BLOCK) or half of one, fewer where each match costs much.
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

/// The kinds of patterns in a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exact,
    Star,
    Descendant,
}

/// The kind of a mix's pattern: 60 % are exact, 25 % have a `*` and 15 % a `..`, also among the first ten.
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
    // There are about ten patterns per collection, so that a pointer matches few patterns, however many there are.
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

/// Pointers come in blocks of so many, all of one composition, so that few pointers cost as much each as many.
const BLOCK: usize = 16;

/// The kind of pattern after which each pointer of a block is made; `None` for a pointer made after no pattern.
const BLOCK_KINDS: [Option<Kind>; BLOCK] = {
    const E: Option<Kind> = Some(Kind::Exact);
    const S: Option<Kind> = Some(Kind::Star);
    const D: Option<Kind> = Some(Kind::Descendant);
    [E, S, E, D, E, S, E, E, S, E, D, E, S, E, E, None]
};

/// Draws names for pointers: names that patterns have, or fresh ones that are in no pattern and no other pointer.
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

    /// A pointer that `pattern` selects. But if names are fresh, one of them replaces a name of an exact pattern.
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
            // The first pattern of that kind from a random one on. If there is none, the random one.
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

pub(super) fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

/// The pointer of escaped segments.
fn pointer<S: AsRef<str>>(segments: &[S]) -> Pointer {
    let text: String = segments.iter().flat_map(|segment| ["/", segment.as_ref()]).collect();
    Pointer::parse(&text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

/// An index, and what a region records of its answers.
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

/// A case that matches pointers against patterns. A match finds about `each` subscriptions.
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

/// How often a region matches the pointer that every pattern selects.
const IDENTICAL_MATCHES: usize = 64;

fn identical<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    let pointers = vec![pointer(&["data", "x"]); IDENTICAL_MATCHES];
    matching::<P>((vec![pattern("$.data.*"); size], pointers.clone(), pointers), size, Setup::Once)
}

/// A match of a mix finds fewer subscriptions than this on average.
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

/// One round of churn: a pattern is subscribed, and between the matches another one is unsubscribed.
struct Round {
    pattern: Pattern,
    /// Which subscription ends, by the order of subscription.
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

/// The pointer of `length` times `/a`, with `/b` at its end if told so.
pub(super) fn chain_pointer(length: usize, ends_in_b: bool) -> Pointer {
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

/// How many levels a frontier has.
pub(super) const DEPTH: usize = 12;

/// Frontier number `bits`: at each level the level's name if its bit is set, else `*`.
pub(super) fn frontier(bits: usize) -> Pattern {
    let levels =
        (0..DEPTH).map(|level| if bits >> level & 1 == 1 { format!(".n{level}") } else { ".*".to_owned() });
    pattern(&format!("${}", levels.collect::<String>()))
}

/// The pointer that has the level's name at each level whose bit is set, and another name elsewhere.
pub(super) fn frontier_pointer(bits: usize) -> Pointer {
    let level = |level| if bits >> level & 1 == 1 { format!("n{level}") } else { "other".to_owned() };
    pointer(&(0..DEPTH).map(level).collect::<Vec<_>>())
}

fn frontiers<P: PatternIndex + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let all = 1 << DEPTH;
    let mut rng = rng("frontiers", size);
    let patterns = shuffled(&mut rng, all);
    let patterns = patterns.iter().cycle().take(size).map(|bits| frontier(*bits as usize)).collect();
    let pointers = shuffled(&mut rng, all);
    let pointers: Vec<Pointer> =
        pointers[..count].iter().map(|bits| frontier_pointer(*bits as usize)).collect();
    // Another pointer is matched first, so that a contender that compiles its patterns has done so.
    let warm = vec![pointer(&["other"])];
    matching::<P>((patterns, warm, pointers), size.div_ceil(8), Setup::EveryRun)
}

fn notify_exact<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    let patterns = (0..size).map(|user| pattern(&format!("$.users.user{user}.name"))).collect();
    let user = |at: usize| pointer(&["users", &format!("user{}", at % size), "name"]);
    let pointers: Vec<Pointer> = (0..copies(size) * size).map(user).collect();
    matching::<P>((patterns, pointers.clone(), pointers), 1, Setup::Once)
}

fn notify_patterns<P: PatternIndex + 'static>(size: usize) -> Box<dyn Case> {
    let patterns = (0..size).map(|field| pattern(&format!("$.users.*.field{field}"))).collect();
    let user = |at: usize| pointer(&["users", &format!("user{at}"), &format!("field{}", at % size)]);
    let pointers: Vec<Pointer> = (0..copies(size) * size).map(user).collect();
    matching::<P>((patterns, pointers.clone(), pointers), 1, Setup::Once)
}

/// The patterns and the pointers of a user's files. A pattern begins with `$`, and no pointer does.
fn own(request: Request) -> (Vec<Pattern>, Vec<Pointer>) {
    let text = request.input.expect("a scenario about a file is given one");
    let (patterns, pointers): (Vec<&str>, Vec<&str>) = lines(text).partition(|line| line.starts_with('$'));
    let pointers = pointers.into_iter().map(|text| Pointer::parse(text).expect("the file was checked"));
    (patterns.into_iter().map(pattern).collect(), pointers.collect())
}

/// The most pairs of a pattern and a pointer: the oracle tests each.
const MOST_PAIRS: usize = 100_000_000;

/// The most pairs that a contender tests which tests each. It does so three times.
const MOST_TESTED: usize = 10_000_000;

fn unless_too_much(case: Box<dyn Case>, request: Request, pointers: usize) -> Box<dyn Case> {
    limited(case, move || {
        let what = "tests every pattern for each pointer";
        request
            .can(Capability::ScansWhole)
            .then(|| too_much(what, pointers, request.size, MOST_TESTED))
            .flatten()
    })
}

fn own_match<P: PatternIndex + 'static>(request: Request) -> Box<dyn Case> {
    let (patterns, pointers) = own(request);
    // A short file is matched several times.
    let pointers: Vec<Pointer> = (0..copies(pointers.len())).flat_map(|_| pointers.iter().cloned()).collect();
    let count = pointers.len();
    let case = matching::<P>((patterns, pointers.clone(), pointers), MIX_MATCHES, Setup::Once);
    unless_too_much(case, request, count)
}

fn own_match_unseen<P: PatternIndex + 'static>(request: Request) -> Box<dyn Case> {
    let (patterns, pointers) = own(request);
    let count = pointers.len();
    // Another pointer is matched first, so that a contender that compiles its patterns has done so.
    let warm = vec![pointer(&["other"])];
    unless_too_much(matching::<P>((patterns, warm, pointers), MIX_MATCHES, Setup::EveryRun), request, count)
}

/// How many patterns the files hold.
pub(super) fn own_patterns(text: &[u8]) -> usize {
    lines(text).filter(|line| line.starts_with('$')).count()
}

pub(super) fn check_pattern(line: &str) -> Result<(), String> {
    Pattern::parse(line).map(drop).map_err(|error| error.to_string())
}

pub(super) fn check_pointer(line: &str) -> Result<(), String> {
    Pointer::parse(line).map(drop).map_err(|error| error.to_string())
}

pub(super) fn check_own(text: &[u8]) -> Result<(), String> {
    check_lines(text, "pattern or pointer", |line| {
        if line.starts_with('$') { check_pattern(line) } else { check_pointer(line) }
    })?;
    let patterns = own_patterns(text);
    let pointers = lines(text).count() - patterns;
    if patterns == 0 || pointers == 0 {
        return Err(format!(
            "there are {patterns} patterns and {pointers} pointers: expected at least one of each"
        ));
    }
    if patterns.saturating_mul(pointers) > MOST_PAIRS {
        return Err(format!(
            "{patterns} patterns and {pointers} pointers are more than the 100 million pairs that the oracle can test"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_patterns_and_pointers_are_checked() {
        assert_eq!(check_own(b"$.a\n$..b\n/a\n/a/b\n"), Ok(()));
        for (text, words) in [
            (&b""[..], "empty"),
            (b"$.a\n", "1 patterns and 0 pointers"),
            (b"/a\n/b\n", "0 patterns and 2 pointers"),
            (b"$.a\n\n/a\n", "line 2 is empty"),
            (b"$.a[\n/a\n", "line 1: "),
            (b"$.a[?@.b > 1]\n/a\n", "line 1: "),
            (b"$.a\na\n", "line 2: a JSON pointer is empty or begins with `/`"),
            (b"$.a\n/a~\n", "line 2: the `~` at byte 2"),
        ] {
            let problem = check_own(text).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
        let many = format!("{}{}", "$.a\n".repeat(10_001), "/a\n".repeat(10_000));
        assert!(check_own(many.as_bytes()).unwrap_err().contains("100 million pairs"));
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
}
