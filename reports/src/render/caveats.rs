//! Badges for caveats. A contender carries the number of its caveat wherever it appears; the sentence stands in
//! a list, so that it can be read without hovering.

use crate::record::CaveatInfo;
use crate::view::BottleneckView;

/// The caveats of a bottleneck's contenders, each once, numbered from 1.
pub struct Caveats<'a> {
    /// In the order of first appearance.
    pub list: Vec<&'a CaveatInfo>,
}

/// A caveat with its number.
#[derive(Clone, Copy)]
pub struct Badge<'a> {
    /// Its number in the list.
    pub number: usize,
    /// The caveat.
    pub caveat: &'a CaveatInfo,
}

impl<'a> Caveats<'a> {
    /// The caveats of every contender of `view`.
    pub fn of(view: &BottleneckView<'a>) -> Self {
        let mut list: Vec<&CaveatInfo> = Vec::new();
        for caveat in view.contenders.iter().flat_map(|contender| &contender.caveats) {
            if !list.contains(&caveat) {
                list.push(caveat);
            }
        }
        Caveats { list }
    }

    /// The badges of one contender's caveats.
    pub fn badges(&self, caveats: &'a [CaveatInfo]) -> Vec<Badge<'a>> {
        let number = |caveat| self.list.iter().position(|listed| *listed == caveat).unwrap_or(0) + 1;
        caveats.iter().map(|caveat| Badge { number: number(caveat), caveat }).collect()
    }

    /// All badges.
    pub fn all(&self) -> Vec<Badge<'a>> {
        self.list.iter().enumerate().map(|(at, caveat)| Badge { number: at + 1, caveat }).collect()
    }
}
