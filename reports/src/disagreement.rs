//! Where wall-clock time and instructions disagree about how far the leader is ahead: what no count explains is worth a
//! look at caches and branches. Pure functions of a record's views.

use crate::cell_name::CellName;
use crate::verdict::{Estimate, Verdict, time_ratio};
use crate::view::BottleneckView;

/// Ratios that differ by more than this factor disagree.
pub const APART: f64 = 1.3;

/// A group in which they disagree.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// The cell with the fewest instructions per operation.
    pub leader: CellName,
    /// The next one.
    pub next: CellName,
    /// The instructions of the next one, divided by the leader's.
    pub instructions: f64,
    /// The warm time of the next one, divided by the leader's.
    pub time: Estimate,
}

impl Disagreement {
    /// Whether they differ by more than [`APART`], and not because of the noise in the times.
    fn is_apart(&self) -> bool {
        let is_noise = self.time.low <= self.instructions && self.instructions <= self.time.high;
        self.factor() > APART && !is_noise
    }

    /// By which factor the two ratios differ.
    pub fn factor(&self) -> f64 {
        let factor = self.time.value / self.instructions;
        factor.max(1.0 / factor)
    }
}

/// What the groups of a bottleneck say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// In how many groups both ratios are known.
    pub groups: usize,
    /// The groups in which they differ by more than [`APART`] and beyond the noise, the largest factor first.
    pub apart: Vec<Disagreement>,
}

/// Compares the ratio of times between the leader and the next one with that of instructions, in every group.
pub fn compare(view: &BottleneckView<'_>, verdict: &Verdict) -> Compared {
    let mut compared = Compared::default();
    for group in &verdict.groups {
        let scenario = &view.scenarios[group.scenario];
        let (leader, Some((next, instructions))) = (group.leaders[0], group.second) else { continue };
        let cells = [leader, next].map(|at| scenario.cell(group.size, at));
        let ([Some(leader_cell), Some(next_cell)], Some(time)) =
            (cells, time_ratio(scenario, group.size, next, leader))
        else {
            continue;
        };
        compared.groups += 1;
        let (leader, next) = (leader_cell.name.clone(), next_cell.name.clone());
        let found = Disagreement { leader, next, instructions, time };
        if found.is_apart() {
            compared.apart.push(found);
        }
    }
    compared.apart.sort_by(|left, right| right.factor().total_cmp(&left.factor()));
    compared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{record, timed};
    use crate::record::Role;
    use crate::verdict::verdict;

    #[test]
    fn only_groups_whose_ratios_are_far_apart_are_told_the_farthest_first() {
        let contenders = [("a", Role::Optimized), ("b", Role::Peer), ("c", Role::Peer)];
        // Instructions and times of a and b: `b` needs twice the instructions everywhere. `c` is the last.
        let times = [("get", 25.0), ("put", 10.0), ("cut", 53.0), ("set", 20.0), ("add", 15.0)];
        let cells: Vec<_> = times
            .iter()
            .flat_map(|(scenario, _)| ["a", "b", "c"].map(|name| (*scenario, 10, name)))
            .map(|(scenario, size, name)| {
                (scenario, size, name, [100, 200, 900][usize::from(name.as_bytes()[0] - b'a')])
            })
            .collect();
        let mut record = record(&contenders, &cells);
        for cell in &mut record.cells {
            let of_b = times.iter().find(|(scenario, _)| *scenario == cell.name.scenario).unwrap().1;
            let time = if cell.name.contender == "b" { of_b } else { 10.0 };
            timed(cell, time, time);
        }
        // A time that may be ten times as much says nothing.
        record.cells.iter_mut().filter(|cell| cell.name.scenario == "add").for_each(|cell| {
            timed(cell, 1.0, 100.0);
        });
        // Without a time nothing is compared.
        record.cells.iter_mut().filter(|cell| cell.name.scenario == "set").for_each(|cell| {
            cell.measured.times = None;
        });
        let views = BottleneckView::all(&record).unwrap();
        let found = compare(&views[0], &verdict(&views[0]));
        assert_eq!(found.groups, 4);
        let told: Vec<_> = found
            .apart
            .iter()
            .map(|it| (it.leader.to_string(), it.next.contender.as_str(), (it.factor() * 100.0).round()))
            .collect();
        let expected = [("cut", 265.0), ("put", 200.0)]
            .map(|(scenario, factor)| (format!("b/{scenario}/10/a"), "b", factor));
        assert_eq!(told, expected);
    }
}
