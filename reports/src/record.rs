//! The record: all measurements of one run with their environment, in one JSON file, `record.json`.
//!
//! The schema is documented field by field in `reports/SCHEMA.md`; [`SCHEMA`] is its version. A
//! meter that did not run is absent from a cell, never zero.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cell_name::CellName;
pub use crate::choice::{ChoiceInfo, CostInfo, KeyInfo, MixInfo, PairInfo, Purpose, TypicalInfo, WordInfo};
pub use crate::identities::Identities;
pub use crate::measurements::{
    Afterwards, Allocations, Atomics, Dropping, Interval, Measured, Measurements, Ratios, Times, is_noisy,
};

/// Version of the record's schema. A reader refuses any other.
pub const SCHEMA: u32 = 2;

/// All measurements of one run, with the fingerprint of the environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Schema version, [`SCHEMA`].
    pub schema: u32,
    /// When the run started, RFC 3339, UTC.
    pub started: String,
    /// The run's profile: `quick`, `default` or `full`.
    pub profile: String,
    /// The command line that reproduces this run.
    pub command: String,
    /// The seed of the generated inputs; absent where they are the lab's own, as in the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The environment in which it was measured.
    pub fingerprint: Fingerprint,
    /// The machines on which times were taken: one. A merged record without times may have several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Machine>,
    /// The user's file that was measured on; absent where the inputs were generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputInfo>,
    /// The code that was measured: of the contenders selected. Absent where it is not known what the program was linked
    /// from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identities: Option<Identities>,
    /// The bottlenecks that have cells in this record.
    pub bottlenecks: Vec<BottleneckInfo>,
    /// The contenders that were selected, measured or excluded.
    pub contenders: Vec<ContenderInfo>,
    /// One entry per cell, sorted by [name](CellName).
    pub cells: Vec<CellRecord>,
    /// What the meter `concurrency` found, sorted by name; empty where it did not run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<TrialRecord>,
    /// The failures: excluded contenders and failed cells, by name.
    #[serde(default)]
    pub failures: Vec<Failure>,
    /// What was selected about that file and not measured, although nothing failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skip>,
}

impl Record {
    /// The seed of its generated inputs, spelled.
    pub fn spelled_seed(&self) -> String {
        self.seed.map_or_else(|| "the lab's own".to_owned(), |seed| seed.to_string())
    }

    /// Why what was measured of one of two records is not what was measured of the other: they are on different inputs.
    pub fn other_input(&self, other: &Record) -> Option<FingerprintDifference> {
        let content = |record: &Record| record.input.as_ref().map(|input| input.sha256.clone());
        let spelled = |record: &Record| InputInfo::spelled(record.input.as_ref());
        if content(self) != content(other) {
            return Some(FingerprintDifference::new("input", &spelled(self), &spelled(other)));
        }
        (self.seed != other.seed)
            .then(|| FingerprintDifference::new("seed", &self.spelled_seed(), &other.spelled_seed()))
    }

    /// What trials of a scenario found, size by size.
    pub fn tried(&self, bottleneck: &str, scenario: &str) -> Vec<Tried<'_>> {
        let mut tried: BTreeMap<u64, Tried<'_>> = BTreeMap::new();
        let is_named = |name: &CellName| name.bottleneck == bottleneck && name.scenario == scenario;
        for trial in self.trials.iter().filter(|trial| is_named(&trial.name)) {
            let size = trial.name.size;
            let at_size =
                tried.entry(size).or_insert_with(|| Tried { size, figures: Vec::new(), trials: Vec::new() });
            for figure in &trial.figures {
                if !at_size.figures.contains(&figure.name.as_str()) {
                    at_size.figures.push(&figure.name);
                }
            }
            at_size.trials.push(trial);
        }
        tried.into_values().collect()
    }

    /// Whether it has a time of any cell.
    pub fn has_times(&self) -> bool {
        self.cells.iter().any(|cell| cell.measured.times.is_some())
    }

    /// Why the times of two records were not taken on the same machine, field by field. Fields that one of them does
    /// not know are left out.
    pub fn other_machine(&self, other: &Record) -> Vec<FingerprintDifference> {
        let (left, right) = (&self.fingerprint.cpu, &other.fingerprint.cpu);
        let differs = left != right && !left.is_empty() && !right.is_empty();
        let cpu = differs.then(|| FingerprintDifference::new("cpu", left, right));
        let rest = match (&self.machines[..], &other.machines[..]) {
            ([], _) | (_, []) => Vec::new(),
            ([left], [right]) => left.differences(right),
            (left, right) => {
                let count = |machines: &[Machine]| match machines.len() {
                    1 => "one".to_owned(),
                    several => several.to_string(),
                };
                vec![FingerprintDifference::new("machines", &count(left), &count(right))]
            }
        };
        cpu.into_iter().chain(rest).collect()
    }
}

/// The environment in which a record was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// `rustc -V` of the compiler that built the lab.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// `valgrind --version`, empty where there is none.
    pub valgrind: String,
    /// C library and its version.
    pub glibc: String,
    /// CPU model. It decides about times alone: no exact count depends on it.
    pub cpu: String,
    /// Instruction-set extensions that the instruction meter's virtual CPU offers.
    pub isa: String,
    /// Cargo profile: its name and optimisation level.
    pub profile: String,
    /// Codegen units per crate and link-time optimisation, read from the program's debug information; empty where
    /// it does not hold them.
    #[serde(default)]
    pub codegen: String,
    /// `GLIBC_TUNABLES` of the instruction meter.
    pub tunables: String,
    /// Git revision of the project, empty outside a repository.
    pub revision: String,
    /// Whether tracked files differed from that revision.
    pub dirty: bool,
}

/// A machine that times were taken on. Nothing of it changes an exact count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Processors that the run could use; 0 if that is not known.
    pub cores: u64,
    /// The first core's data caches, by level: `L1 48K, L2 2048K`; empty if they are not known.
    #[serde(default)]
    pub caches: String,
    /// What governs the first core's frequency: `performance`; empty where nothing does, or the system does not tell.
    #[serde(default)]
    pub governor: String,
    /// The operating system's kernel and its version.
    #[serde(default)]
    pub kernel: String,
    /// What is known of a virtual machine; empty where nothing says that it is one.
    #[serde(default)]
    pub virtualisation: String,
    /// The mean number of processes that ran or waited in the minute before the run; absent if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_before: Option<f64>,
    /// The same in the minute before the run's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_after: Option<f64>,
}

impl Machine {
    /// The fields in which two machines differ, by name: all but the load, which is another every minute. A field that
    /// one of them does not know is left out.
    pub fn differences(&self, other: &Machine) -> Vec<FingerprintDifference> {
        // Without a governor or a virtual machine the field is empty, and that is known.
        let is_known =
            |name: &str, value: &str| !value.is_empty() || matches!(name, "governor" | "virtualisation");
        self.fields()
            .into_iter()
            .zip(other.fields())
            .filter(|((name, left), (_, right))| {
                left != right && is_known(name, left) && is_known(name, right)
            })
            .map(|((name, left), (_, right))| FingerprintDifference::new(name, &left, &right))
            .collect()
    }

    /// The fields on which times depend, by name: all but the load. One that is not known is empty.
    pub fn fields(&self) -> [(&'static str, String); 5] {
        let Machine { cores, caches, governor, kernel, virtualisation, load_before: _, load_after: _ } = self;
        let cores = if *cores == 0 { String::new() } else { cores.to_string() };
        [
            ("cores", cores),
            ("caches", caches.clone()),
            ("governor", governor.clone()),
            ("kernel", kernel.clone()),
            ("virtualisation", virtualisation.clone()),
        ]
    }

    /// Takes in the load of another part of a run on this machine: the larger one counts.
    pub fn take_load(&mut self, other: &Machine) {
        let larger = |left: Option<f64>, right: Option<f64>| match (left, right) {
            (Some(left), Some(right)) => Some(left.max(right)),
            (left, right) => left.or(right),
        };
        self.load_before = larger(self.load_before, other.load_before);
        self.load_after = larger(self.load_after, other.load_after);
    }
}

impl Fingerprint {
    /// The fields that must be equal for two records' instruction counts to be comparable, by name.
    ///
    /// `valgrind`, `isa` and `codegen` are compared only where both sides have them; the revision may
    /// differ, because a comparison is between revisions. The CPU model does not change an instruction count;
    /// Callgrind's virtual CPU does, and that is `isa`.
    pub fn incomparable_with(&self, other: &Fingerprint) -> Vec<FingerprintDifference> {
        self.exact_fields()
            .into_iter()
            .zip(other.exact_fields())
            .filter(|((name, left), (_, right))| {
                let optional = matches!(*name, "valgrind" | "isa" | "codegen");
                left != right && !(optional && (left.is_empty() || right.is_empty()))
            })
            .map(|((field, left), (_, right))| FingerprintDifference::new(field, left, right))
            .collect()
    }

    /// The fields on which exact counts depend, by name: all but the CPU's model and the revision.
    pub fn exact_fields(&self) -> [(&'static str, &str); 8] {
        let Fingerprint {
            rustc,
            target,
            valgrind,
            glibc,
            cpu: _,
            isa,
            profile,
            codegen,
            tunables,
            revision: _,
            dirty: _,
        } = self;
        [
            ("rustc", rustc),
            ("target", target),
            ("valgrind", valgrind),
            ("glibc", glibc),
            ("isa", isa),
            ("profile", profile),
            ("codegen", codegen),
            ("tunables", tunables),
        ]
    }
}

/// One field in which two fingerprints differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerprintDifference {
    /// The field's name.
    pub field: String,
    /// Its value on the left side.
    pub left: String,
    /// Its value on the right side.
    pub right: String,
}

impl FingerprintDifference {
    /// A field, with its value on both sides.
    pub fn new(field: &str, left: &str, right: &str) -> Self {
        FingerprintDifference { field: field.to_owned(), left: left.to_owned(), right: right.to_owned() }
    }
}

impl fmt::Display for FingerprintDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` against `{}`", self.field, self.left, self.right)
    }
}

/// A bottleneck, as the report describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BottleneckInfo {
    /// Name, as in cells: `persistent_map`.
    pub name: String,
    /// Title for people: `Persistent map`.
    pub title: String,
    /// The question that it asks; one paragraph of plain text.
    pub question: String,
    /// The contender to whose times the time meter relates all others'.
    pub reference: String,
    /// Its scenarios, in reading order.
    pub scenarios: Vec<ScenarioInfo>,
    /// Its scenarios of several threads or processes, as far as they were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concurrent: Vec<ScenarioInfo>,
    /// The pairs of its scenarios that show the memory of a structure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory: Vec<MemoryInfo>,
    /// What its contenders are made of; absent if each of them is a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composition: Option<CompositionInfo>,
    /// Which mixes of operations it knows; absent if it knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceInfo>,
}

/// What contenders are made of that are put together from the same parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompositionInfo {
    /// The parts, in reading order.
    pub parts: Vec<PartInfo>,
    /// The contenders in which every part is naive or best.
    pub mixtures: Vec<MixtureInfo>,
    /// The contender in which every part is as its source planned it.
    pub planned: String,
    /// The scenarios that do what whole programs do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
}

/// A part, as the report describes it. Its forms are contenders of another bottleneck.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartInfo {
    /// Its name in mixtures: `storage`.
    pub name: String,
    /// Its name for people: `Storage`.
    pub title: String,
    /// The bottleneck whose contenders are its forms.
    pub bottleneck: String,
    /// Its naive form.
    pub naive: String,
    /// The form that the source planned.
    pub planned: String,
    /// The lab's best form.
    pub best: String,
    /// What the source's optimisation is, in one clause.
    pub optimisation: String,
}

/// A contender in which some parts are best and all others naive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MixtureInfo {
    /// The contender.
    pub contender: String,
    /// The names of the parts that are best.
    pub best: Vec<String>,
}

/// Two scenarios that together show the memory of a structure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryInfo {
    /// What a size counts: `entry`.
    pub unit: String,
    /// The scenario whose live bytes per operation are the memory of one element.
    pub built: String,
    /// The scenario whose live bytes per operation are the memory of one more version.
    pub kept: String,
    /// How many versions of one structure that scenario keeps.
    pub versions: u32,
}

/// A scenario, as the report describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioInfo {
    /// Name, as in cells: `insert_shared`.
    pub name: String,
    /// One sentence: what the region does.
    pub summary: String,
    /// What one of `ops` is: `insert`, `entry`, `variant`.
    pub unit: String,
    /// Whether every operation leaves a version behind that is kept to the end, or works on two versions that are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_versions: bool,
    /// What it is for; absent if it is there to compare contenders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
}

/// The role of a contender in its bottleneck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The obvious implementation, as the source has it.
    Naive,
    /// An implementation that is meant to win.
    Optimized,
    /// A published crate.
    Peer,
    /// A structure that promises less, and so shows how low the cost could go.
    Bound,
}

impl Role {
    /// Every role, in display order.
    pub const ALL: [Role; 4] = [Role::Naive, Role::Optimized, Role::Peer, Role::Bound];

    /// The role's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Naive => "naive",
            Role::Optimized => "optimized",
            Role::Peer => "peer",
            Role::Bound => "bound",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A contender, as the report describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContenderInfo {
    /// Its bottleneck.
    pub bottleneck: String,
    /// Its name, as in cells: `hamt`.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// One sentence: what it is.
    pub summary: String,
    /// Paper, design document or crate that it comes from.
    pub source: String,
    /// What it does and why it wins or loses. Plain text; an empty line separates paragraphs.
    pub analysis: String,
    /// Stated complexity: operation → growth, for example `get` → `O(log n)`.
    pub complexity: BTreeMap<String, String>,
    /// Badges, shown wherever the contender appears.
    pub caveats: Vec<CaveatInfo>,
}

/// A badge: what a reader must know before comparing this contender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaveatInfo {
    /// A few words: `ordered, no hashing`.
    pub badge: String,
    /// The whole sentence.
    pub text: String,
}

/// What trials of several threads or processes found of a contender at a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Bottleneck, scenario, size and contender.
    #[serde(flatten)]
    pub name: CellName,
    /// The figures, in the order of the scenario: medians over the trials, with the intervals that hold them.
    pub figures: Vec<TrialFigure>,
}

impl TrialRecord {
    /// The figure with this name.
    pub fn figure(&self, name: &str) -> Option<Interval> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.found)
    }
}

/// What trials of a scenario found at a size.
#[derive(Clone, Debug)]
pub struct Tried<'a> {
    /// The size.
    pub size: u64,
    /// The names of all figures, in the order of their first appearance.
    pub figures: Vec<&'a str>,
    /// The contenders' trials.
    pub trials: Vec<&'a TrialRecord>,
}

/// A figure of trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialFigure {
    /// Its name, with the unit: `p50, µs`.
    pub name: String,
    /// What the trials found.
    #[serde(flatten)]
    pub found: Interval,
}

/// The measurements of one cell. Totals are per region; divided by [`CellRecord::ops`] they are per operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// Name.
    #[serde(flatten)]
    pub name: CellName,
    /// The contender's role.
    pub role: Role,
    /// Operations per region.
    pub ops: u64,
    /// Digest of every result, 16 hexadecimal digits; equal to the oracle's.
    pub digest: String,
    /// The results of the meters.
    #[serde(flatten)]
    pub measured: Measurements,
    /// Further values that the run reported beside its cost, by name: `hit_rate` → 0.64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observed: BTreeMap<String, f64>,
}

impl CellRecord {
    /// Whether somebody else used the core in so many of its turns that its times are those of another machine.
    pub fn is_noisy(&self) -> bool {
        self.measured.times.as_ref().is_some_and(|times| is_noisy(times.disturbed))
    }

    /// Why no measurement can have given this; `None` for what one can have given.
    pub fn fault(&self) -> Option<String> {
        if self.ops == 0 {
            return Some("`ops` is 0".to_owned());
        }
        if self.digest.len() != 16 || !self.digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(format!("the digest `{}` has not 16 hexadecimal digits", self.digest));
        }
        self.measured.fault()
    }
}

/// A user's file, as it was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputInfo {
    /// Its name, without directories. Of several files, their names with their parts' in front.
    pub name: String,
    /// SHA-256, hexadecimal, of what the scenarios were given: unpacked, in UTF-8, one item a line.
    pub sha256: String,
    /// The kind of file: `trace`.
    pub kind: String,
    /// The format in which it was read: `lines`, `csv:2`.
    pub format: String,
    /// The length in bytes of what the scenarios were given.
    pub bytes: u64,
    /// How many items it holds: keys, pointers.
    pub items: u64,
    /// How many of them are distinct; absent of a document and of several files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// All this in words, for people.
    pub summary: String,
}

impl InputInfo {
    /// What the contenders of a record were measured on, for a message.
    pub fn spelled(input: Option<&Self>) -> String {
        match input {
            None => "generated input".to_owned(),
            Some(InputInfo { name, sha256, .. }) => {
                format!("{name} (SHA-256 {}…)", sha256.get(..12).unwrap_or(sha256))
            }
        }
    }
}

/// A cell that was selected and not measured, although nothing failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The cell's name.
    pub subject: String,
    /// The kind of reason.
    pub reason: SkipReason,
    /// The reason in one line.
    pub message: String,
}

/// Why a cell was not measured, although nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The contender lacks a capability that the scenario requires.
    LacksCapability,
    /// The contender does so much work for each item that the whole file would take too long.
    TooMuchWork,
    /// The contender does not support something in the file, and says so.
    Unsupported,
}

/// A selected cell or contender that has no result, or no complete one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What failed: a cell's name, or `bottleneck/contender` where the whole contender is excluded.
    pub subject: String,
    /// The phase: `verify` or a meter's name.
    pub phase: String,
    /// One line: what happened.
    pub message: String,
    /// The shrunk failing trace, where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cpu: &str, machines: Vec<Machine>) -> Record {
        Record {
            schema: SCHEMA,
            fingerprint: Fingerprint { cpu: cpu.to_owned(), ..Fingerprint::default() },
            machines,
            ..Record::default()
        }
    }

    fn machine() -> Machine {
        Machine {
            cores: 2,
            caches: "L1 48K".to_owned(),
            governor: "performance".to_owned(),
            kernel: "Linux 6.1".to_owned(),
            virtualisation: String::new(),
            load_before: Some(0.5),
            load_after: None,
        }
    }

    #[test]
    fn a_machine_is_another_by_everything_but_its_load() {
        let here = record("A", vec![machine()]);
        let busy = Machine { load_before: None, load_after: Some(7.0), ..machine() };
        assert_eq!(here.other_machine(&record("A", vec![busy])), []);
        type Change = fn(&mut Machine);
        let cases: [(Change, &str); 5] = [
            (|machine| machine.cores = 4, "cores: `2` against `4`"),
            (|machine| machine.caches = "L1 32K".to_owned(), "caches: `L1 48K` against `L1 32K`"),
            (|machine| machine.governor.clear(), "governor: `performance` against ``"),
            (|machine| machine.kernel = "Linux 6.2".to_owned(), "kernel: `Linux 6.1` against `Linux 6.2`"),
            (|machine| machine.virtualisation = "KVM".to_owned(), "virtualisation: `` against `KVM`"),
        ];
        for (change, expected) in cases {
            let mut other = machine();
            change(&mut other);
            let found: Vec<String> =
                here.other_machine(&record("A", vec![other])).iter().map(ToString::to_string).collect();
            assert_eq!(found, [expected]);
        }
        let found = here.other_machine(&record("B", vec![machine()]));
        assert_eq!(found, [FingerprintDifference::new("cpu", "A", "B")]);
        let found = here.other_machine(&record("A", vec![machine(), Machine { cores: 4, ..machine() }]));
        assert_eq!(found, [FingerprintDifference::new("machines", "one", "2")]);
    }

    #[test]
    fn what_is_not_known_of_a_machine_is_no_difference() {
        let here = record("A", vec![machine()]);
        for (cpu, machines) in [
            ("", vec![]),
            ("A", vec![]),
            ("", vec![machine()]),
            ("A", vec![Machine { cores: 0, ..machine() }]),
            ("A", vec![Machine { caches: String::new(), ..machine() }]),
            ("A", vec![Machine { kernel: String::new(), ..machine() }]),
        ] {
            let other = record(cpu, machines);
            assert_eq!((here.other_machine(&other), other.other_machine(&here)), (vec![], vec![]));
        }
    }

    #[test]
    fn inputs_are_told_apart_by_their_content() {
        let on = |input: Option<(&str, &str)>| Record {
            input: input.map(|(name, sha256)| InputInfo {
                name: name.to_owned(),
                sha256: sha256.to_owned(),
                ..InputInfo::default()
            }),
            ..record("", vec![])
        };
        let sums = ["0123456789abcdef", "ff"];
        for same in [None, Some(("a", sums[0])), Some(("b", sums[0]))] {
            let other = same.map(|(_, sum)| ("a", sum));
            assert_eq!(on(same).other_input(&on(other)), None);
        }
        for (left, right, expected) in [
            (None, Some(("a", sums[0])), "input: `generated input` against `a (SHA-256 0123456789ab…)`"),
            (Some(("a", sums[1])), None, "input: `a (SHA-256 ff…)` against `generated input`"),
            (
                Some(("a", sums[0])),
                Some(("a", sums[1])),
                "input: `a (SHA-256 0123456789ab…)` against `a (SHA-256 ff…)`",
            ),
        ] {
            let found = on(left).other_input(&on(right)).map(|difference| difference.to_string());
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    /// Records of before the field are read all the same, and a record of generated input is as it was.
    #[test]
    fn an_input_may_be_absent() {
        let generated = serde_json::to_value(record("", vec![])).unwrap();
        assert!(generated.get("input").is_none());
        assert_eq!(serde_json::from_value::<Record>(generated).unwrap().input, None);
    }
}
