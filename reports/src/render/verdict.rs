//! A verdict in words, for the terminal, the Markdown summary and the pages.

use std::collections::BTreeSet;

use super::format;
use crate::analysis::{self, Kind};
use crate::letting_go::Overturned;
use crate::record::{ContenderInfo, Role};
use crate::verdict::{Agreement, Cause, Estimate, Exception, GroupVerdict, Lead, Verdict};
use crate::view::BottleneckView;

/// At most this many exceptions are spelled out.
const EXCEPTIONS: usize = 3;

/// The verdict in sentences, the answer first. Each text stands for itself. Empty if there is nothing to compare.
pub fn sentences(view: &BottleneckView<'_>, verdict: &Verdict) -> Vec<String> {
    let Some(overall) = &verdict.overall else { return Vec::new() };
    let words = Words { view, verdict };
    let mut texts = vec![words.lead(overall)];
    texts.extend(words.peer());
    texts.extend(words.kinds());
    texts.push(words.groups(overall));
    texts.extend(words.exceptions());
    texts.extend(words.dropping());
    texts.extend(words.time(overall));
    texts.extend(words.contradictions());
    texts.extend(words.memory(overall));
    texts.extend(words.caveats(overall));
    texts
}

/// The verdict at the top of a bottleneck's page: the sentences, and who leads in each group.
pub(super) struct Section<'a> {
    /// The answer.
    pub(super) first: String,
    pub(super) rest: Vec<String>,
    pub(super) sizes: Vec<String>,
    pub(super) rows: Vec<Leaders<'a>>,
    /// Whether any group was timed.
    pub(super) is_timed: bool,
}

/// Who leads in one scenario, by size.
pub(super) struct Leaders<'a> {
    pub(super) scenario: &'a str,
    pub(super) cells: Vec<Option<Leader<'a>>>,
}

/// Who leads in one group.
pub(super) struct Leader<'a> {
    pub(super) series: usize,
    pub(super) name: &'a str,
    /// How many others are level with it.
    pub(super) level: usize,
    /// The instructions of the next one divided by its own; empty if there is no next one.
    pub(super) by: String,
    /// What time says: a word, and the whole sentence.
    pub(super) time: Option<(&'static str, String)>,
}

impl<'a> Section<'a> {
    /// `None` if there is nothing to compare.
    pub(super) fn new(view: &'a BottleneckView<'a>, verdict: &Verdict) -> Option<Self> {
        let mut sentences = sentences(view, verdict).into_iter();
        let first = sentences.next()?;
        let sizes: BTreeSet<u64> = verdict.groups.iter().map(|group| group.size).collect();
        let row = |at: usize| {
            let group =
                |size: &u64| verdict.groups.iter().find(|group| group.scenario == at && group.size == *size);
            let cells: Vec<_> =
                sizes.iter().map(|size| group(size).map(|group| Leader::new(view, group))).collect();
            let scenario = view.scenarios[at].info.name.as_str();
            cells.iter().any(Option::is_some).then_some(Leaders { scenario, cells })
        };
        Some(Section {
            first,
            rest: sentences.collect(),
            rows: (0..view.scenarios.len()).filter_map(row).collect(),
            sizes: sizes.iter().map(|size| format::size(*size)).collect(),
            is_timed: verdict.groups.iter().any(|group| group.time != Agreement::NotTimed),
        })
    }
}

impl<'a> Leader<'a> {
    pub(super) fn new(view: &'a BottleneckView<'a>, group: &GroupVerdict) -> Self {
        let name = |at: usize| view.contenders[at].name.as_str();
        let series = group.leaders[0];
        let time = match &group.time {
            Agreement::NotTimed | Agreement::Confirmed(_) => None,
            Agreement::WithinNoise(other, by) => Some((
                "time open",
                format!("{} takes {} the time: within the noise", name(*other), estimate(*by)),
            )),
            Agreement::Contradicted { leader, faster, by, .. } => Some((
                "not in time",
                format!("{} takes {} the time of {}", name(*leader), estimate(*by), name(*faster)),
            )),
        };
        Leader {
            series,
            name: name(series),
            level: group.leaders.len() - 1,
            by: group.second.map_or(String::new(), |(_, by)| format::ratio(by)),
            time,
        }
    }
}

struct Words<'v> {
    view: &'v BottleneckView<'v>,
    verdict: &'v Verdict,
}

impl Words<'_> {
    fn contender(&self, at: usize) -> &ContenderInfo {
        self.view.contenders[at]
    }

    fn name(&self, at: usize) -> &str {
        &self.contender(at).name
    }

    fn names(&self, of: &[usize]) -> String {
        let names: Vec<&str> = of.iter().map(|at| self.name(*at)).collect();
        format::listed(&names)
    }

    /// `get_miss at 8 and 32`.
    fn place(&self, scenario: usize, sizes: &[u64]) -> String {
        let name = &self.view.scenarios[scenario].info.name;
        let sizes: Vec<String> = sizes.iter().map(|size| format::size(*size)).collect();
        let sizes = match &sizes[..] {
            [first, .., last] if sizes.len() > 2 => format!("{first} to {last}"),
            sizes => format::listed(sizes),
        };
        format!("{name} at {sizes}")
    }

    fn lead(&self, lead: &Lead) -> String {
        let Lead { leaders, second, groups, .. } = lead;
        let over = format!("over {groups} {}", plural(*groups, "group", "groups"));
        let first = match leaders.len() {
            1 => format!("{} needs the fewest instructions on average", self.name(leaders[0])),
            _ => format!(
                "{} needs the fewest instructions on average, but its lead over {} is not settled",
                self.name(leaders[0]),
                self.some(&leaders[1..])
            ),
        };
        match second {
            Some((second, by)) => {
                format!("{first}. The next one, {}, needs {}, {over}.", self.name(*second), estimate(*by))
            }
            None => format!("{first}, {over}."),
        }
    }

    /// Names, of which the first ones are spelled out.
    fn some(&self, of: &[usize]) -> String {
        const SPELLED: usize = 3;
        if of.len() <= SPELLED {
            return self.names(of);
        }
        let mut names: Vec<String> = of[..SPELLED].iter().map(|at| self.name(*at).to_owned()).collect();
        let rest = of.len() - SPELLED;
        names.push(format!("{rest} {}", plural(rest, "other", "others")));
        format::listed(&names)
    }

    fn peer(&self) -> Option<String> {
        let (peer, by) = self.verdict.peer?;
        let is_said = |lead: &Lead| lead.second.is_some_and(|(second, _)| second == peer);
        let name = self.name(peer);
        match self.verdict.overall.as_ref().is_some_and(is_said) {
            true => Some(format!("{name} is the best of the peers.")),
            false => Some(format!("The best peer is {name}: {}.", estimate(by))),
        }
    }

    fn kinds(&self) -> Option<String> {
        let kinds: Vec<String> =
            self.verdict.by_kind.iter().map(|(kind, lead)| self.kind(*kind, lead)).collect();
        (!kinds.is_empty()).then(|| kinds.join(" "))
    }

    fn kind(&self, kind: Kind, Lead { leaders, second, .. }: &Lead) -> String {
        let kind = match kind {
            Kind::OneOwner => "With one owner",
            Kind::VersionsKept => "With versions kept",
        };
        let leads = match leaders.len() {
            1 => format!("{} leads", self.name(leaders[0])),
            _ => format!("{} are level", self.some(leaders)),
        };
        match second {
            Some((second, by)) => {
                format!("{kind}, {leads}; {} needs {}.", self.name(*second), format::ratio(by.value))
            }
            None => format!("{kind}, {leads}."),
        }
    }

    fn groups(&self, overall: &Lead) -> String {
        let leader = overall.leaders[0];
        let groups = &self.verdict.groups;
        let leads = groups.iter().filter(|group| group.leaders.contains(&leader)).count();
        format!(
            "{} leads, or is level with the leader, in {leads} of {} groups.",
            self.name(leader),
            groups.len()
        )
    }

    fn exceptions(&self) -> Option<String> {
        let exceptions = &self.verdict.exceptions;
        let spelled = exceptions.iter().take(EXCEPTIONS).map(|Exception { scenario, sizes, ahead, by }| {
            format!("{} in {}, by {}", self.name(*ahead), self.place(*scenario, sizes), format::ratio(*by))
        });
        let spelled: Vec<String> = spelled.collect();
        let rest: usize = exceptions.iter().skip(EXCEPTIONS).map(|exception| exception.sizes.len()).sum();
        let rest = match rest {
            0 => String::new(),
            _ => format!("; and others in {rest} more {}", plural(rest, "group", "groups")),
        };
        (!spelled.is_empty()).then(|| format!("Ahead of it: {}{rest}.", spelled.join("; ")))
    }

    /// Who leads when the drop is added, if it is another one.
    fn dropping(&self) -> Option<String> {
        let Overturned { kind, before, after, by, groups } = self.verdict.overturned?;
        let of_kind = match kind {
            None => "",
            Some(Kind::OneOwner) => " with one owner",
            Some(Kind::VersionsKept) => " where versions are kept",
        };
        Some(format!(
            "When the drop of what a region leaves is added to the region, {} leads{of_kind}: {} needs {}, over {groups} {}.",
            self.name(after),
            self.name(before),
            format::ratio(by),
            plural(groups, "group", "groups")
        ))
    }

    fn time(&self, overall: &Lead) -> Option<String> {
        let groups = &self.verdict.groups;
        let count = |is: fn(&Agreement) -> bool| groups.iter().filter(|group| is(&group.time)).count();
        let confirmed = count(|time| matches!(time, Agreement::Confirmed(_)));
        let noise = count(|time| matches!(time, Agreement::WithinNoise(..)));
        let contradicted = count(|time| matches!(time, Agreement::Contradicted { .. }));
        let timed = confirmed + noise + contradicted;
        if timed == 0 {
            return None;
        }
        let whole = match (overall.second, overall.time) {
            (Some((second, _)), Some((by, _))) => {
                let settled = if by.is_more() || by.is_less() { "" } else { ", which is within the noise" };
                format!(
                    " Over all, {} takes {} the time of {}{settled}.",
                    self.name(second),
                    estimate(by),
                    self.name(overall.leaders[0])
                )
            }
            _ => String::new(),
        };
        Some(format!(
            "Time agrees with instructions in {confirmed} of {timed} groups, is within the noise in {noise}, and says \
             otherwise in {contradicted}.{whole}"
        ))
    }

    /// The group in which time contradicts instructions most.
    fn contradictions(&self) -> Option<String> {
        let contradicted = self.verdict.groups.iter().filter_map(|group| match &group.time {
            Agreement::Contradicted { leader, faster, by, cause } => {
                Some((group, *leader, *faster, *by, *cause))
            }
            _ => None,
        });
        let most = contradicted.max_by(|left, right| left.3.low.total_cmp(&right.3.low));
        let (GroupVerdict { scenario, size, .. }, leader, faster, by, cause) = most?;
        let [leader, faster] = [leader, faster].map(|at| self.name(at));
        let cause = match cause {
            Cause::Atomics(of_leader, of_faster) => format!(
                "{leader} executes {} atomic operations, {faster} {}",
                format::value(of_leader),
                format::value(of_faster)
            ),
            Cause::Blocks(of_leader, of_faster) => format!(
                "{leader} allocates {} blocks, {faster} {}",
                format::value(of_leader),
                format::value(of_faster)
            ),
            Cause::NotCounted => {
                "no exact count explains it, so what remains is caches and branch prediction".to_owned()
            }
        };
        Some(format!(
            "Most of all in {}: {faster} is {} as fast as {leader}, which leads in instructions; {cause}.",
            self.place(*scenario, &[*size]),
            format::ratio(by.value)
        ))
    }

    /// The memory of the leader's entries, and the least of all, at the largest size.
    fn memory(&self, overall: &Lead) -> Option<String> {
        let leader = overall.leaders[0];
        let info = self.view.info.memory.first()?;
        let (size, held) = analysis::held(self.view, info).into_iter().next_back()?;
        let own = held[leader].element?;
        let contestants = self.view.contestants();
        let of_others = contestants.iter().filter_map(|at| Some((held[*at].element?, *at)));
        let (least, smallest) = of_others.min_by(|left, right| left.0.total_cmp(&right.0))?;
        let bytes = |bytes: f64| format::value(bytes);
        let compared = match smallest == leader {
            true => "the least of all".to_owned(),
            false => format!("the least is {} by {}", bytes(least), self.name(smallest)),
        };
        let version = match held[leader].version {
            Some(version) => format!("; one more version holds {}", bytes(version)),
            None => String::new(),
        };
        Some(format!(
            "At {}, {} holds {} bytes for each {}, {compared}{version}.",
            format::size(size),
            self.name(leader),
            bytes(own),
            info.unit
        ))
    }

    fn caveats(&self, overall: &Lead) -> Option<String> {
        let leader = self.contender(overall.leaders[0]);
        let badges: Vec<&str> = leader.caveats.iter().map(|caveat| caveat.badge.as_str()).collect();
        let peer = match leader.role {
            Role::Peer => format!("{} is a published crate. ", leader.name),
            _ => String::new(),
        };
        match badges.is_empty() {
            true => (!peer.is_empty()).then(|| peer.trim_end().to_owned()),
            false => Some(format!("{peer}Mind of {}: {}.", leader.name, badges.join("; "))),
        }
    }
}

/// A ratio with its interval: `1.52× (1.40 to 1.66)`.
pub fn estimate(estimate: Estimate) -> String {
    let Estimate { value, low, high } = estimate;
    let [value, low, high] = [value, low, high].map(format::ratio);
    if low == high {
        value
    } else {
        format!("{value} ({} to {})", low.trim_end_matches('×'), high.trim_end_matches('×'))
    }
}

fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{record, timed};
    use crate::record::{Dropping, Record};
    use crate::verdict;

    fn said(record: &Record) -> Vec<String> {
        let views = BottleneckView::all(record).unwrap();
        sentences(&views[0], &verdict::verdict(&views[0]))
    }

    #[test]
    fn a_verdict_is_told_in_sentences() {
        let contenders = [("ours", Role::Optimized), ("copy", Role::Naive), ("theirs", Role::Peer)];
        let mut cells = Vec::new();
        for scenario in ["get", "put", "cut", "set", "add", "put_shared", "cut_shared", "set_shared"] {
            for size in [10, 100, 1000] {
                let of_ours = if scenario == "put" { 110 } else { 50 };
                cells.extend([
                    (scenario, size, "ours", of_ours),
                    (scenario, size, "copy", 100),
                    (scenario, size, "theirs", 150),
                ]);
            }
        }
        let mut record = record(&contenders, &cells);
        for cell in &mut record.cells {
            let nanoseconds = if cell.name.contender == "theirs" { 5.0 } else { 9.0 };
            timed(cell, nanoseconds, nanoseconds * 1.02);
        }
        let said = said(&record);
        let expected = [
            "ours needs the fewest instructions on average. The next one, copy, needs 1.85× (1.47 to 2.07), over 24 groups.",
            "The best peer is theirs: 2.77× (2.21 to 3.11).",
            "With one owner, ours leads; copy needs 1.71×. With versions kept, ours leads; copy needs 2.00×.",
            "ours leads, or is level with the leader, in 21 of 24 groups.",
            "Ahead of it: copy in put at 10 to 1\u{202f}k, by 1.10×.",
        ];
        assert_eq!(said[..5], expected);
        assert!(said[5].starts_with(
            "Time agrees with instructions in 0 of 24 groups, is within the noise in 0, and says otherwise in 24."
        ));
        assert!(
            said[6].starts_with("Most of all in ") && said[6].contains("theirs is 1.80× as fast as"),
            "{}",
            said[6]
        );
    }

    #[test]
    fn a_lead_that_the_drop_overturns_is_told() {
        let contenders = [("ours", Role::Optimized), ("theirs", Role::Peer)];
        let cells = [("get", 10, "ours", 50), ("get", 10, "theirs", 100)];
        let mut record = record(&contenders, &cells);
        let mut with_drops = |of_ours: u64| {
            for cell in &mut record.cells {
                let drop = if cell.name.contender == "ours" { of_ours } else { 20 };
                cell.measured.dropping = Some(Dropping { instructions: drop * cell.ops, atomics: None });
            }
            said(&record).into_iter().filter(|sentence| sentence.contains("drop")).collect::<Vec<_>>()
        };
        assert_eq!(with_drops(60), [""; 0]);
        let told = "When the drop of what a region leaves is added to the region, theirs leads: ours needs 1.50×, over 1 group.";
        assert_eq!(with_drops(130), [told]);
    }

    #[test]
    fn where_nothing_is_compared_nothing_is_said() {
        assert!(said(&record(&[("ours", Role::Optimized)], &[("get", 10, "ours", 5)])).is_empty());
        let apart = [("get", 10, "ours", 5), ("put", 10, "theirs", 5)];
        assert!(said(&record(&[("ours", Role::Optimized), ("theirs", Role::Peer)], &apart)).is_empty());
    }

    #[test]
    fn no_more_than_three_names_are_spelled_out() {
        let contenders = ["a", "b", "c", "d", "e", "f"].map(|name| (name, Role::Optimized));
        let cells = contenders.map(|(name, _)| ("get", 10, name, 5));
        let first = &said(&record(&contenders, &cells))[0];
        assert_eq!(
            first,
            "a needs the fewest instructions on average, but its lead over b, c, d and 2 others is not settled, over 1 group."
        );
    }
}
