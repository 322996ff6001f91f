//! Bottlenecks, scenarios and contenders: the lab's nouns.

use std::fmt;

use crate::case::Case;
use crate::composition::Composition;
use crate::concurrency::Concurrency;
use crate::mix::Choice;
use crate::trace::{Check, Mismatch, Step};

/// A problem with one contract and one oracle.
#[derive(Debug)]
pub struct Bottleneck {
    /// Name, as in cells: `persistent_map`.
    pub name: &'static str,
    /// Title for people.
    pub title: &'static str,
    /// The question it asks; one paragraph.
    pub question: &'static str,
    /// Its scenarios, in the order of reading.
    pub scenarios: &'static [Scenario],
    /// Its scenarios of several threads or processes, which only `lab run` measures.
    pub concurrent: &'static [Scenario],
    /// The checks that `lab verify` replays against the oracle.
    pub checks: &'static [Check],
    /// The sizes of its cells.
    pub sizes: Sizes,
    /// Which of its scenarios tell how much memory a structure takes, alone and with versions of it kept.
    pub memory: &'static [Memory],
    /// What its contenders are made of; `None` if each of them is a whole.
    pub composition: Option<&'static Composition>,
    /// Which mixes of operations `lab choose` knows, and what tells their cost; `None` if it knows none.
    pub choice: Option<&'static Choice>,
    /// What it can measure on a user's file, by the kind of file; empty if every input is generated.
    pub own_inputs: &'static [OwnInput],
    /// The name of the contender to whose times the time meter relates those of all others.
    pub reference: &'static str,
    /// Spells a trace's steps for a reader.
    pub describe: fn(&Check, &[Step]) -> Vec<String>,
    /// Why it takes no file, in one clause; empty if it takes some.
    pub why_no_input: &'static str,
}

impl Bottleneck {
    /// The scenarios about files of all kinds.
    pub fn own_scenarios(&self) -> impl Iterator<Item = &'static Scenario> {
        self.own_inputs.iter().flat_map(|own| own.scenarios)
    }
}

/// A seeded workload over a bottleneck's contract.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Name, as in cells: `insert_shared`.
    pub name: &'static str,
    /// One sentence: what the region does.
    pub summary: &'static str,
    /// What one operation is.
    pub unit: &'static str,
    /// What a contender must be capable of to take part.
    pub requires: &'static [Capability],
    /// Its own sizes; `None` if it is measured at the bottleneck's.
    pub sizes: Option<Sizes>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a scenario is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To compare contenders.
    Comparison,
    /// To tell what a part of a mix costs. No table, ranking or verdict of the report counts it.
    Cost,
    /// To test what is predicted for this mix. No table, ranking or verdict of the report counts it.
    Mix(&'static str),
}

/// What a scenario requires in which every contender takes part.
pub const NOTHING: &[Capability] = &[];

impl Scenario {
    /// A scenario from its parts, in the order of a list of them. It is measured at its bottleneck's sizes.
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        requires: &'static [Capability],
        summary: &'static str,
    ) -> Self {
        Scenario { name, summary, unit, requires, sizes: None, purpose: Purpose::Comparison }
    }

    /// The same scenario, measured at sizes of its own.
    pub const fn at(self, sizes: Sizes) -> Self {
        Scenario { sizes: Some(sizes), ..self }
    }

    /// The same scenario, for another purpose than to compare contenders.
    pub const fn purposed(self, purpose: Purpose) -> Self {
        Scenario { purpose, ..self }
    }
}

/// Two scenarios that together tell how much memory a structure takes: the bytes that live when a region ends.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What a size counts: `entry`.
    pub unit: &'static str,
    /// The scenario that builds structures of n from nothing by one operation per element. It tells the bytes per element.
    pub built: &'static str,
    /// The scenario that keeps a version for each operation. It tells the bytes per further version of n.
    pub kept: &'static str,
    /// How many versions of one structure that scenario keeps. Of a hundred, the later ones may take more than the first.
    pub versions: u32,
}

/// What a bottleneck measures on a user's file (`lab run --input`) in place of its scenarios.
#[derive(Clone, Copy, Debug)]
pub struct OwnInput {
    /// The kind of file, in one word: `trace`.
    pub name: &'static str,
    /// What the file must contain: one sentence for people.
    pub expects: &'static str,
    /// The scenarios. They find the file in [`Request::input`].
    pub scenarios: &'static [Scenario],
    /// Checks a file. The error says in one line where the file is wrong and what was expected there.
    pub check: fn(&[u8]) -> Result<(), String>,
    /// How such a file is written.
    pub form: Form,
    /// Its files, if it is more than one. The scenarios find their lines one file after the other.
    pub parts: &'static [Part],
    /// What one item of it is, and several of them: `["key", "keys"]`.
    pub items: [&'static str; 2],
    /// The one size that it has. `None` if the sizes are the scenarios': a trace has none, the cache has.
    pub size: Option<fn(&[u8]) -> usize>,
    /// What a size counts, in the plural: `leaves`.
    pub sizes_count: &'static str,
    /// Whether a file is meant to be of this kind, even if it is faulty. Its fault is said then, and no later kind is tried.
    /// `None` if only a file without a fault is of this kind.
    pub claims: Option<fn(&[u8]) -> bool>,
}

/// How a kind of file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One key a line. Other formats of keys (`--format`) are turned into this one.
    Keys,
    /// One item a line.
    Lines,
    /// As it is.
    Whole,
}

/// One file of a kind that has several.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its name in front of the file's: `--input patterns=FILE`.
    pub name: &'static str,
    /// Checks one of its lines.
    pub check: fn(&str) -> Result<(), String>,
}

/// The sizes at which a bottleneck is measured, by profile.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Profile `quick`.
    pub quick: &'static [usize],
    /// Profile `default`.
    pub default: &'static [usize],
    /// Profile `full`.
    pub full: &'static [usize],
}

/// What a contender can do; scenarios select by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// A clone keeps an old version alive: later changes to the other one do not show in it. It is O(1), if the
    /// contender does not copy whole.
    Persistent,
    /// A clone, or the first change after it, copies everything. Scenarios that keep versions run fewer steps at large sizes; the
    /// cell's `ops` says how many.
    CopiesWhole,
    /// Finds what lies below a prefix. Without it, a store finds single pointers only.
    Prefixes,
    /// One operation scans everything held. Scenarios run fewer operations at large sizes; the cell's `ops` says how
    /// many.
    ScansWhole,
    /// Always evicts the least recently used entry, and iterates from the most recently used one on.
    ExactLru,
    /// Adds and removes patterns at a cost that does not grow with the other patterns, so that large sets can change.
    Dynamic,
    /// Hands out slots and takes them back.
    Allocation,
    /// Keeps a table of positions, with inserts and removals anywhere.
    Positional,
    /// Calls back on every change of a signal until unsubscribed.
    Notify,
    /// Keeps a graph of computed values and effects up to date, and finds their dependencies by itself.
    Tracked,
    /// Defers notifications to the end of a batch of changes.
    Batches,
    /// Sets up 10,000 observers of one signal, or a chain of 1,000 computed values, and notifies them of a change in time
    /// proportional to their number. Contenders that take O(n²) are left out of the scenarios with so many.
    ManyObservers,
    /// Answers every JSONPath query, even with filters.
    AnyQuery,
    /// Answers queries for children (`.name`, `[0]`, `*`) without building a tree for each.
    ChildrenInPlace,
    /// Answers queries for descendants by name (`..name`) without building a tree for each.
    DescendantsInPlace,
    /// Other processes can read what one process writes.
    Processes,
}

/// What a contender is to its bottleneck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The obvious implementation, as the source describes it.
    Naive,
    /// An implementation meant to win.
    Optimized,
    /// A published crate.
    Peer,
    /// It promises less than the contract and shows how little a solution can cost.
    Bound,
}

impl Role {
    /// The role's name, as in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Naive => "naive",
            Role::Optimized => "optimized",
            Role::Peer => "peer",
            Role::Bound => "bound",
        }
    }
}

/// Expected growth of an operation's cost with the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// O(1); amortised if the contender's text says so.
    Constant,
    /// O(log n).
    Logarithmic,
    /// O(n).
    Linear,
    /// O(n log n).
    Linearithmic,
    /// O(n²).
    Quadratic,
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Growth::Constant => "O(1)",
            Growth::Logarithmic => "O(log n)",
            Growth::Linear => "O(n)",
            Growth::Linearithmic => "O(n log n)",
            Growth::Quadratic => "O(n²)",
        })
    }
}

/// A badge: what a reader must know before they compare this contender with others.
#[derive(Clone, Copy, Debug)]
pub struct Caveat {
    /// The badge's text: a few words.
    pub badge: &'static str,
    /// The whole sentence.
    pub text: &'static str,
}

/// A check that a contender is known to fail. It becomes a badge, and the contender is not excluded. It is meant for
/// published crates. `lab verify` reports it as stale when the check passes.
#[derive(Clone, Copy, Debug)]
pub struct KnownFailure {
    /// The check's name.
    pub check: &'static str,
    /// What fails, and in which version.
    pub text: &'static str,
}

/// What a contender says about itself.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Name, as in cells, and its directory's name.
    pub name: &'static str,
    /// Its role.
    pub role: Role,
    /// One sentence: what it is.
    pub summary: &'static str,
    /// Paper, design document or crate (with version) that it comes from.
    pub source: &'static str,
    /// What it does, and why it wins or loses. Plain text; an empty line separates paragraphs.
    pub analysis: &'static str,
    /// Its stated complexity per family of scenarios: `("get", Growth::Logarithmic)`.
    pub complexity: &'static [(&'static str, Growth)],
    /// What it can do.
    pub capabilities: &'static [Capability],
    /// Badges.
    pub caveats: &'static [Caveat],
    /// The checks that it is known to fail.
    pub known_failures: &'static [KnownFailure],
}

impl About {
    /// Whether the contender has all the capabilities of `required`.
    pub fn can(&self, required: &[Capability]) -> bool {
        required.iter().all(|capability| self.capabilities.contains(capability))
    }
}

/// What to set up: a scenario and a size.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The size.
    pub size: usize,
    /// What the contender can do.
    pub capabilities: &'static [Capability],
    /// The user's file, unpacked, in the [form](OwnInput::form) of its kind and [checked](OwnInput::check), for the
    /// scenarios about it; else `None`.
    pub input: Option<&'static [u8]>,
}

impl Request {
    /// Whether the contender has a capability.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// One implementation of a bottleneck's contract, with everything the lab needs to verify and measure it.
#[derive(Clone, Copy)]
pub struct Contender {
    /// Its bottleneck.
    pub bottleneck: &'static Bottleneck,
    /// What it says about itself.
    pub about: About,
    /// Sets up a case. The function is instantiated in the contender's crate.
    pub set_up: fn(Request) -> Box<dyn Case>,
    /// Replays a check's trace against the oracle. The function is instantiated in the contender's crate.
    pub replay: fn(&Check, &[Step]) -> Result<(), Mismatch>,
    /// How it takes part in its bottleneck's concurrent scenarios; `None` if there are none.
    pub concurrency: Option<Concurrency>,
}

impl Contender {
    /// The scenarios that this contender takes part in.
    pub fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> + use<'_> {
        self.bottleneck.scenarios.iter().filter(|scenario| self.about.can(scenario.requires))
    }

    /// Sets up one of its cells.
    ///
    /// # Panics
    /// If its bottleneck has no such scenario, or the scenario is about a file and there is none.
    pub fn case(&self, scenario: &'static str, size: usize, input: Option<&'static [u8]>) -> Box<dyn Case> {
        (self.set_up)(Request { scenario, size, capabilities: self.about.capabilities, input })
    }
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bottleneck.name, self.about.name)
    }
}
