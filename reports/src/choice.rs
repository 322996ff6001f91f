//! What a record says about mixes of operations: which there are, and which scenarios tell what they cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which mixes of operations a bottleneck knows, and what tells their cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChoiceInfo {
    /// What a structure holds and a mix has a kind of: `keys` or `elements`. Empty in older records.
    #[serde(default)]
    pub items: String,
    /// How a mix keeps the size the same, in one sentence. Empty in older records.
    #[serde(default)]
    pub size_stays: String,
    /// The kinds of them, the usual one first.
    pub keys: Vec<KeyInfo>,
    /// The operations that a mix is made of.
    pub words: Vec<WordInfo>,
    /// The operations that come in pairs, because the size stays the same.
    pub pairs: Vec<PairInfo>,
    /// What the operations consist of.
    pub parts: Vec<CostInfo>,
    /// How many changes there are from a version to the next in the scenarios of [`CostInfo::seldom`].
    pub every: u32,
    /// Mixes that a reader may have.
    pub typical: Vec<TypicalInfo>,
}

/// A kind of key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// Its name: `string`.
    pub name: String,
    /// What the names of its scenarios end in: `_string`.
    pub suffix: String,
}

/// An operation of a mix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordInfo {
    /// Its name: `insert`.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// The part that it is where no pair takes it; absent if it has to be in a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// Two operations of which there are equally many, as far as the rarer of them goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairInfo {
    /// The operations.
    pub words: [String; 2],
    /// The part that both together are.
    pub part: String,
}

/// What an operation consists of, and which scenarios tell its cost. Their names lack the suffix of the kind of key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostInfo {
    /// Its name: `overwrite`.
    pub name: String,
    /// The scenarios whose costs per operation sum up to that of the part while no version is kept.
    pub unshared: Vec<String>,
    /// The same where a version is kept before every change; empty for what changes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// The same where a version is kept before every so many changes as [the choice says](ChoiceInfo::every); empty if nothing
    /// tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seldom: Vec<String>,
    /// How many changes the part makes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub changes: u32,
    /// Whether it visits every element. Its scenarios tell the cost of one visit then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub visits_all: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A mix with what it stands for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TypicalInfo {
    /// What it stands for: `A cache that is read`.
    pub title: String,
    /// The mix.
    pub mix: MixInfo,
}

/// A mix of operations on a structure whose size stays about the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MixInfo {
    /// The kind of key.
    pub key: String,
    /// Number of elements.
    pub size: u64,
    /// How many versions are kept for each 1,000 operations.
    pub versions: f64,
    /// How many of 100 operations are of each word.
    pub words: BTreeMap<String, f64>,
    /// How many of each part there are in one operation.
    pub parts: BTreeMap<String, f64>,
}

/// What a scenario is for that is not there to compare contenders. No table, ranking or verdict counts it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// It tells what a part of a mix costs.
    Cost,
    /// It tests what is predicted for this mix.
    Mix(Box<MixInfo>),
}
