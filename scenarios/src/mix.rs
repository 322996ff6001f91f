//! Mixes of operations: what `lab choose` predicts the cost of, and what the scenarios run that test its predictions.
//!
//! A bottleneck declares in a [`Choice`] which words a mix is made of, and which scenarios tell what each of them costs. A
//! [`Mix`] is one line of text, such as `key=string size=10000 versions=100 get=80 insert=15 remove=5`.

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::case::Unfit;
use crate::input::{OPERATIONS, Rng};
use crate::own::{lines, too_much};

/// What mixes of operations a bottleneck knows, and what their parts cost.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What a structure holds and a mix has a kind of: `keys` or `elements`.
    pub items: &'static str,
    /// The kinds of them, the usual one first.
    pub keys: &'static [KeyKind],
    /// How a mix keeps the size the same, in one sentence.
    pub size_stays: &'static str,
    /// The operations that a mix is made of.
    pub words: &'static [Word],
    /// The operations that come in pairs, because the size stays the same.
    pub pairs: &'static [Pair],
    /// What the operations consist of. The cost of a mix is the sum of the costs of its parts.
    pub parts: &'static [Part],
    /// How many changes there are from a version to the next in the scenarios of [`Part::seldom`].
    pub every: u32,
    /// Mixes that a reader may have, each with what it stands for.
    pub typical: &'static [(&'static str, &'static str)],
    /// The scenario about a file that runs the mix in that file.
    pub own: &'static str,
}

/// A kind of key.
#[derive(Clone, Copy, Debug)]
pub struct KeyKind {
    /// Its name in a mix: `string`.
    pub name: &'static str,
    /// What the names of its scenarios end in: `_string`.
    pub suffix: &'static str,
}

/// An operation of a mix.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Its name: `insert`.
    pub name: &'static str,
    /// What it does, in one clause.
    pub summary: &'static str,
    /// The part that it is where no pair takes it; `None` if it has to be in a pair.
    pub part: Option<&'static str>,
}

/// Two words, of which one makes the structure larger and the other one smaller. In a mix there are as many pairs as the
/// rarer of them allows.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The words: first the one that makes it larger.
    pub words: [&'static str; 2],
    /// The part that both together are.
    pub part: &'static str,
}

/// What an operation consists of, and which scenarios tell its cost. The names lack the [suffix](KeyKind::suffix).
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its name: `overwrite`.
    pub name: &'static str,
    /// The scenarios whose costs per operation sum up to that of the part while no version is kept.
    pub unshared: &'static [&'static str],
    /// The same where a version is kept before every change; empty for what changes nothing.
    pub kept: &'static [&'static str],
    /// The same where a version is kept before every so many changes as [the choice says](Choice::every).
    pub seldom: &'static [&'static str],
    /// How many changes it makes.
    pub changes: u32,
    /// Whether it visits every element. Its scenarios tell the cost of one visit then.
    pub visits_all: bool,
    /// Whether its two changes, of which the first makes the structure smaller and the second larger, come apart from each other.
    /// The size wanders then, by half of itself or 32 elements at most. So what a change costs at one size exactly, such as that
    /// of a full leaf, does not decide.
    pub wanders: bool,
}

impl Choice {
    fn part(&self, name: &str) -> usize {
        self.parts.iter().position(|part| part.name == name).expect("a declared part is in the list")
    }

    fn word(&self, name: &str) -> Option<usize> {
        self.words.iter().position(|word| word.name == name)
    }

    fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
        names.collect::<Vec<_>>().join(", ")
    }
}

/// A mix of operations on a structure whose size stays about the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// The kind of key, as an index into [`Choice::keys`].
    pub key: usize,
    /// Number of elements.
    pub size: usize,
    /// How many versions are kept for each 1,000 operations.
    pub versions: f64,
    /// How many of 100 operations are of each word, in the order of [`Choice::words`].
    pub words: Vec<f64>,
    /// How many of each part there are in one operation, in the order of [`Choice::parts`].
    pub parts: Vec<f64>,
}

/// The largest number of elements of a mix.
const MOST_ELEMENTS: usize = 10_000_000;

impl Mix {
    /// Reads a mix: words such as `get=80`, each with its share, and `key=`, `size=` and `versions=`. The shares need not
    /// sum up to 100. Without `key=` the usual kind is meant, and without `versions=` none is kept.
    ///
    /// # Errors
    /// If it is no mix that the bottleneck knows: one line with what is wrong and what there is instead.
    pub fn parse(choice: &Choice, text: &str) -> Result<Self, String> {
        let mut key = None;
        let mut size = None;
        let mut versions = None;
        let mut shares: Vec<Option<f64>> = vec![None; choice.words.len()];
        for item in text.split_ascii_whitespace() {
            let Some((name, value)) = item.split_once('=') else {
                return Err(format!("`{item}` is not of the form WORD=NUMBER, such as `get=80`"));
            };
            let number = || match value.parse::<f64>() {
                Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
                _ => Err(format!("`{item}`: expected a number that is not negative")),
            };
            let known = match name {
                "key" => {
                    let kinds = choice.keys.iter();
                    let at = kinds.clone().position(|kind| kind.name == value).ok_or_else(|| {
                        format!("`{item}`: there is {}", Choice::names(kinds.map(|kind| kind.name)))
                    })?;
                    key.replace(at).is_some()
                }
                "size" => {
                    let whole = value.parse().ok().filter(|size| (1..=MOST_ELEMENTS).contains(size));
                    let whole = whole
                        .ok_or_else(|| format!("`{item}`: expected a whole number from 1 to 10000000"))?;
                    size.replace(whole).is_some()
                }
                "versions" => versions.replace(number()?).is_some(),
                word => {
                    let at = choice.word(word).ok_or_else(|| {
                        let words = Choice::names(choice.words.iter().map(|word| word.name));
                        format!("there is no operation `{word}`; the operations are {words}")
                    })?;
                    shares[at].replace(number()?).is_some()
                }
            };
            if known {
                return Err(format!("`{name}` stands in the mix twice"));
            }
        }
        let shares: Vec<f64> = shares.into_iter().map(Option::unwrap_or_default).collect();
        let sum: f64 = shares.iter().sum();
        if sum == 0.0 {
            let words = Choice::names(choice.words.iter().map(|word| word.name));
            return Err(format!("a mix has at least one operation of {words}, such as `get=80`"));
        }
        let words: Vec<f64> = shares.iter().map(|share| share / sum * 100.0).collect();
        let size = size.ok_or("a mix has a `size=`, the number of elements")?;
        let parts = parts(choice, &words)?;
        let mix = Mix { key: key.unwrap_or(0), size, versions: versions.unwrap_or(0.0), words, parts };
        let changes = mix.changes(choice) * 1000.0;
        if mix.versions > changes.max(0.0) * (1.0 + 1e-9) {
            return Err(format!(
                "`versions={}`: of 1,000 operations {changes:.0} change something, and there is no more than one version \
                 for each change",
                mix.versions
            ));
        }
        Ok(mix)
    }

    /// How many changes one operation makes, in the mean.
    pub fn changes(&self, choice: &Choice) -> f64 {
        self.parts.iter().zip(choice.parts).map(|(count, part)| count * f64::from(part.changes)).sum()
    }

    /// A mix that is drawn at random, as a line that [`Mix::parse`] reads. Sizes are spread evenly over the powers of ten
    /// from 10 to `most`. Each mix changes something. One in three keeps no versions, and the others keep one for each 1 to 100 changes. One in four
    /// visits every element now and then.
    pub fn drawn(choice: &Choice, rng: &mut Rng, most: usize) -> String {
        loop {
            let key = rng.random_range(0..choice.keys.len());
            let size = two_digits(10f64.powf(rng.random_range(1.0..(most as f64).log10())));
            let mut text = format!("key={} size={size}", choice.keys[key].name);
            let visits_all =
                |word: &Word| word.part.is_some_and(|part| choice.parts[choice.part(part)].visits_all);
            let (rare, usual): (Vec<&Word>, Vec<&Word>) =
                choice.words.iter().partition(|word| visits_all(word));
            let mut words = usual;
            words.shuffle(rng);
            words.truncate(rng.random_range(2..=words.len()));
            let shares = words.into_iter().map(|word| (word.name, rng.random_range(1..=100)));
            let mut shares: Vec<(&str, u32)> = shares.collect();
            // Two words that are nothing without each other have the same share.
            let is_alone =
                |name: &&str| choice.words.iter().any(|word| word.name == *name && word.part.is_none());
            for pair in choice.pairs.iter().filter(|pair| pair.words.iter().all(is_alone)) {
                let drawn = shares.iter().find(|(name, _)| pair.words.contains(name)).copied();
                shares.retain(|(name, _)| !pair.words.contains(name));
                shares.extend(drawn.iter().flat_map(|(_, share)| pair.words.map(|name| (name, *share))));
            }
            shares.iter().for_each(|(name, share)| text.push_str(&format!(" {name}={share}")));
            if rng.random_range(0..4) == 0 {
                rare.iter().for_each(|word| text.push_str(&format!(" {}=1", word.name)));
            }
            let Ok(mix) = Mix::parse(choice, &text) else { continue };
            let changes = mix.changes(choice) * 1000.0;
            let keeps_none = rng.random_range(0..3) == 0;
            let every = 10f64.powf(rng.random_range(0.0..2.0));
            // Reads alone would prove little.
            if changes < 1.0 {
                continue;
            }
            if keeps_none {
                return text;
            }
            return format!("{text} versions={}", (changes / every).floor().max(1.0));
        }
    }
}

impl Mix {
    /// A mix that the lab declares.
    ///
    /// # Panics
    /// If it is none.
    pub(crate) fn declared(choice: &Choice, text: &str) -> Self {
        Self::parse(choice, text).unwrap_or_else(|fault| unreachable!("the mix `{text}`: {fault}"))
    }

    /// The mix in a file.
    pub(crate) fn of_file(choice: &Choice, file: &[u8]) -> Result<Self, String> {
        Self::parse(choice, line(file)?)
    }

    /// The mix of that size in a file, and its text. A user's file has one; `lab choose --test` hands in many, each of another
    /// size.
    pub(crate) fn of_size<'a>(choice: &Choice, file: Option<&'a [u8]>, size: usize) -> (&'a str, Self) {
        let file = file.expect("a scenario about a file is given one");
        let mut mixes = lines(file).map(|line| (line.trim(), Self::declared(choice, line)));
        mixes.find(|(_, mix)| mix.size == size).expect("the cell's size is that of a mix")
    }
}

/// The line of a file that holds one mix.
fn line(file: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(file).map_err(|_| "the file is not UTF-8".to_owned())?;
    let text = text.trim();
    if text.lines().count() == 1 { Ok(text) } else { Err("expected one line with a mix".to_owned()) }
}

/// Whether a file is meant to hold a mix.
pub(crate) fn claims(file: &[u8]) -> bool {
    line(file).is_ok_and(|text| text.contains("size="))
}

/// Most elements that are copied by a contender that copies the whole structure for each version.
const MOST_COPIED: usize = 2_000_000;

/// Why a contender does not run a mix.
pub(crate) fn unfit(mix: &Mix, copies_whole: bool, is_persistent: bool) -> Option<Unfit> {
    let (_, versions) = extent(mix, usize::MAX);
    if versions > 0 && !is_persistent {
        return Some(Unfit::Unsupported("a mix that keeps versions".to_owned()));
    }
    let copies = || too_much("copies everything for each version", versions, mix.size, MOST_COPIED);
    if copies_whole { copies() } else { None }
}

/// Lists drawn mixes with their scenarios: `DRAWN` and `SCENARIOS`. Each has its size as its only one, and its line in its
/// summary.
macro_rules! drawn {
    ($($name:literal, $requires:expr, $key:literal, $size:literal, $rest:literal;)*) => {
        /// The mixes that scenarios run.
        const DRAWN: &[(&str, &str)] =
            &[$(($name, concat!("key=", $key, " size=", $size, " ", $rest))),*];

        /// The scenarios that run drawn mixes.
        pub(super) const SCENARIOS: [Scenario; DRAWN.len()] = [$(
            Scenario::new(
                $name,
                "operation",
                $requires,
                concat!("Runs operations that were drawn at random: key=", $key, " size=", $size, " ", $rest, "."),
            )
            .at(Sizes { quick: &[$size], default: &[$size], full: &[$size] })
            .purposed(Purpose::Mix(concat!("key=", $key, " size=", $size, " ", $rest))),
        )*];
    };
}
pub(crate) use drawn;

/// A number rounded to two digits.
fn two_digits(value: f64) -> f64 {
    let unit = 10f64.powf(value.log10().floor() - 1.0).max(1.0);
    (value / unit).round() * unit
}

/// What the words of a mix come to, so that the size stays the same.
fn parts(choice: &Choice, words: &[f64]) -> Result<Vec<f64>, String> {
    let mut left: Vec<f64> = words.iter().map(|share| share / 100.0).collect();
    let mut parts = vec![0.0; choice.parts.len()];
    for pair in choice.pairs {
        let [first, second] =
            pair.words.map(|word| choice.word(word).expect("a declared word is in the list"));
        let both = left[first].min(left[second]);
        left[first] -= both;
        left[second] -= both;
        parts[choice.part(pair.part)] += both;
    }
    for (word, left) in choice.words.iter().zip(left).filter(|(_, left)| *left > 1e-9) {
        let Some(part) = word.part else {
            let pair = choice.pairs.iter().find(|pair| pair.words.contains(&word.name));
            let other = pair.and_then(|pair| pair.words.into_iter().find(|other| *other != word.name));
            return Err(format!(
                "there is more of `{}` than of `{}`: the size would not stay the same",
                word.name,
                other.unwrap_or_default()
            ));
        };
        parts[choice.part(part)] += left;
    }
    Ok(parts)
}

/// One turn of a program that runs a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Keep the version of this moment.
    Keep,
    /// Do this step of a part so many times: a part that makes several changes has as many steps.
    Do { part: usize, step: u32, count: usize },
}

/// The longest run of one part. Programs do several things of a kind one after the other.
const LONGEST_BURST: usize = 16;

/// How far the size wanders at most where it does.
const FURTHEST: usize = 32;

/// How many operations a program has that runs a mix, and how many versions it keeps. It keeps at most `most` versions.
pub(crate) fn extent(mix: &Mix, most: usize) -> (usize, usize) {
    if mix.versions == 0.0 {
        return (OPERATIONS, 0);
    }
    let versions = (mix.versions * OPERATIONS as f64 / 1000.0).round().clamp(1.0, most as f64);
    ((versions * 1000.0 / mix.versions).round() as usize, versions as usize)
}

/// A program that runs a mix, in bursts of random length and in random order. A version is kept before every so many
/// changes. At the end the size is what it was at the beginning.
pub(crate) fn program(
    choice: &Choice,
    mix: &Mix,
    (operations, versions): (usize, usize),
    rng: &mut Rng,
) -> Vec<Turn> {
    let mut bursts = Vec::new();
    let mut changes = 0;
    let mut totals = Vec::new();
    for (at, (part, share)) in choice.parts.iter().zip(&mix.parts).enumerate() {
        let mut left = (share * operations as f64).round() as usize;
        changes += left * part.changes as usize;
        totals.push(left);
        if part.wanders {
            // Each burst is of one of the two changes.
            left *= 2;
        }
        // What makes a structure smaller before it is made larger again must not empty it.
        let longest = match (part.visits_all, part.changes) {
            (true, _) => 1,
            (false, 2..) => (mix.size / 8).clamp(1, LONGEST_BURST),
            (false, _) => LONGEST_BURST,
        };
        while left > 0 {
            let count = rng.random_range(1..=longest).min(left);
            bursts.push((at, count));
            left -= count;
        }
    }
    bursts.shuffle(rng);
    let mut steps = Vec::new();
    let mut walks: Vec<Walk> = totals.iter().map(|total| Walk::new(mix.size, *total)).collect();
    for (part, count) in bursts {
        match choice.parts[part].changes {
            _ if choice.parts[part].wanders => {
                walks[part].go(count, rng, |step, count| steps.push((part, step, count)));
            }
            changes => steps.extend((0..changes.max(1)).map(|step| (part, step, count))),
        }
    }
    let mut turns = Vec::new();
    let (mut changed, mut kept) = (0, 0);
    for (part, step, count) in steps {
        if choice.parts[part].changes == 0 {
            turns.push(Turn::Do { part, step, count });
            continue;
        }
        let mut left = count;
        while left > 0 {
            if kept < versions && changed >= kept * changes / versions {
                turns.push(Turn::Keep);
                kept += 1;
            }
            let next = if kept < versions { kept * changes / versions } else { changes };
            let now = left.min((next - changed).max(1));
            turns.push(Turn::Do { part, step, count: now });
            changed += now;
            left -= now;
        }
    }
    turns
}

/// How the size wanders while as many elements go as come.
struct Walk {
    /// How far the size is from where it began.
    at: isize,
    /// How far it goes at most, down and up. One element always stays.
    furthest: [isize; 2],
    /// How many elements have to go yet, and how many have to come.
    left: [usize; 2],
}

impl Walk {
    fn new(size: usize, changes: usize) -> Self {
        let furthest = (size / 2).clamp(1, FURTHEST);
        let furthest = [furthest.min(size - 1), furthest].map(|elements| elements as isize);
        Walk { at: 0, furthest, left: [changes, changes] }
    }

    /// Makes so many changes, and tells of each run of them whether elements go (0) or come (1), and how many.
    fn go(&mut self, mut count: usize, rng: &mut Rng, mut tell: impl FnMut(u32, usize)) {
        while count > 0 {
            let room = [self.furthest[0] + self.at, self.furthest[1] - self.at].map(|room| room as usize);
            let most = [0, 1].map(|way| room[way].min(self.left[way]));
            let way = match most {
                [0, 0] => return,
                [0, _] => 1,
                [_, 0] => 0,
                _ => rng.random_range(0..2),
            };
            let now = most[way].min(count);
            self.at += if way == 0 { -(now as isize) } else { now as isize };
            self.left[way] -= now;
            count -= now;
            tell(way as u32, now);
        }
    }
}
