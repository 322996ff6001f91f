//! What a claim is.

use crate::growth::Model;
use crate::metric::Metric;

/// What makes a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Who wrote it; empty if it names nobody.
    pub authors: String,
    /// Its title, or the name of the crate whose documentation it is.
    pub title: String,
    /// Where it appeared, or its version.
    pub venue: String,
    /// The year; absent if it is not dated.
    pub year: Option<u16>,
    /// Where it can be read; empty if it is not public.
    pub address: String,
}

impl Publication {
    /// In one line: authors, title, venue and year.
    pub fn spelled(&self) -> String {
        let year = self.year.map(|year| year.to_string()).unwrap_or_default();
        let parts = [&self.authors, &self.title, &self.venue, &year];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    }
}

/// A statement of a publication that the lab may test.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// A name that no other claim has.
    pub id: String,
    /// Who says it.
    pub publication: Publication,
    /// What it says, in a sentence.
    pub says: String,
    /// What stands for what, and how the test differs from what the publication measured; may be empty.
    pub note: String,
    /// The bottleneck whose contenders test it.
    pub bottleneck: String,
    /// What decides about it.
    pub test: Test,
}

/// What decides about a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// One side takes so many times as much as the other.
    Ratio {
        /// The cells.
        cells: Cells,
        /// Who takes more, as claimed.
        more: Side,
        /// Who takes less, as claimed.
        less: Side,
        /// The claimed factor. Without bounds the claim is that one side takes less, by whatever factor.
        claimed: Bounds,
    },
    /// A contender takes so much for each operation.
    Value {
        /// The cells.
        cells: Cells,
        /// The contender.
        contender: String,
        /// What it takes, as claimed, in the unit of the quantity.
        claimed: Bounds,
    },
    /// The cost of a contender grows no faster than this with the size.
    Growth {
        /// The scenarios.
        scenarios: Vec<String>,
        /// What grows.
        quantity: Quantity,
        /// The contender.
        contender: String,
        /// How it grows, as claimed.
        claimed: Model,
    },
    /// A contender that shares costs less than copying from so many kept versions on.
    PayOff {
        /// The sizes; empty for every size that was measured.
        sizes: Vec<u64>,
        /// The contender.
        contender: String,
        /// The number of versions, as claimed.
        claimed: u64,
    },
    /// No contender and no scenario of the lab can decide it.
    Impossible {
        /// The claimed number, in words; empty if there is none.
        claimed: String,
        /// Why.
        because: String,
    },
}

/// The cells that decide about a claim, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    /// The scenarios.
    pub scenarios: Vec<String>,
    /// The sizes; empty for every size that was measured.
    pub sizes: Vec<u64>,
    /// What is compared.
    pub quantity: Quantity,
    /// By what share the claimed number may be missed.
    pub tolerance: f64,
    /// How several cells decide together.
    pub rule: Rule,
}

/// One side of a ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The contender.
    pub contender: String,
    /// Its scenario; absent if it is that of the cells.
    pub scenario: Option<String>,
}

/// A claimed number: at least, at most, or between.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The least that is claimed.
    pub at_least: Option<f64>,
    /// The most that is claimed.
    pub at_most: Option<f64>,
}

/// How several cells decide about a claim together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What is claimed has to be so in each cell.
    Each,
    /// The geometric mean of the cells has to be as claimed: of claims about a mean.
    Mean,
    /// One cell is enough: of claims that say "up to".
    Best,
}

impl Rule {
    /// Each rule.
    pub const ALL: [Rule; 3] = [Rule::Each, Rule::Mean, Rule::Best];

    /// Its word in a file.
    pub fn word(self) -> &'static str {
        match self {
            Rule::Each => "each",
            Rule::Mean => "mean",
            Rule::Best => "best",
        }
    }
}

/// What a claim compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Time: warm nanoseconds for each operation.
    Time {
        /// Whether instructions may stand in where no time was measured.
        stand_in: bool,
    },
    /// An exact count for each operation.
    Count(Metric),
    /// The share of look-ups that find nothing: one less the `hit_rate` that a scenario reports.
    MissRatio,
}

impl Quantity {
    /// The quantity of this word in a file.
    pub fn named(word: &str) -> Option<Quantity> {
        match word {
            "time" => Some(Quantity::Time { stand_in: true }),
            "miss_ratio" => Some(Quantity::MissRatio),
            _ => Metric::ALL
                .iter()
                .copied()
                .find(|metric| metric.key() == word && metric.about().meter.is_exact())
                .map(Quantity::Count),
        }
    }

    /// The words that [`Quantity::named`] knows.
    pub fn words() -> Vec<&'static str> {
        let counts = Metric::ALL.iter().filter(|metric| metric.about().meter.is_exact());
        ["time", "miss_ratio"].into_iter().chain(counts.map(|metric| metric.key())).collect()
    }

    /// Its word in a file.
    pub fn word(self) -> &'static str {
        match self {
            Quantity::Time { .. } => "time",
            Quantity::Count(metric) => metric.key(),
            Quantity::MissRatio => "miss_ratio",
        }
    }

    /// What it counts, for a sentence: `time`, `allocated blocks`.
    pub fn counted(self) -> &'static str {
        match self {
            Quantity::Time { .. } => "time",
            Quantity::Count(metric) => metric.about().counted,
            Quantity::MissRatio => "misses",
        }
    }

    /// The unit of a value, behind a number: `ns`.
    pub fn unit(self) -> &'static str {
        match self {
            Quantity::Time { .. } => "ns",
            Quantity::Count(metric) => metric.unit(),
            Quantity::MissRatio => "misses a look-up",
        }
    }
}

impl Claim {
    /// The scenarios that decide about it.
    pub fn scenarios(&self) -> &[String] {
        match &self.test {
            Test::Ratio { cells, .. } | Test::Value { cells, .. } => &cells.scenarios,
            Test::Growth { scenarios, .. } => scenarios,
            Test::PayOff { .. } | Test::Impossible { .. } => &[],
        }
    }

    /// The sizes that decide about it; empty for every size that was measured.
    pub fn sizes(&self) -> &[u64] {
        match &self.test {
            Test::Ratio { cells, .. } | Test::Value { cells, .. } => &cells.sizes,
            Test::PayOff { sizes, .. } => sizes,
            Test::Growth { .. } | Test::Impossible { .. } => &[],
        }
    }

    /// The contenders that it is about, each with the scenario in which it is taken if that is not one of
    /// [`Claim::scenarios`].
    pub fn contenders(&self) -> Vec<(&str, Option<&str>)> {
        match &self.test {
            Test::Ratio { more, less, .. } => {
                [more, less].map(|side| (side.contender.as_str(), side.scenario.as_deref())).into()
            }
            Test::Value { contender, .. }
            | Test::Growth { contender, .. }
            | Test::PayOff { contender, .. } => {
                vec![(contender.as_str(), None)]
            }
            Test::Impossible { .. } => Vec::new(),
        }
    }

    /// What is compared; `None` if it cannot be tested.
    pub fn quantity(&self) -> Option<Quantity> {
        match &self.test {
            Test::Ratio { cells, .. } | Test::Value { cells, .. } => Some(cells.quantity),
            Test::Growth { quantity, .. } => Some(*quantity),
            Test::PayOff { .. } => Some(Quantity::Time { stand_in: true }),
            Test::Impossible { .. } => None,
        }
    }
}
