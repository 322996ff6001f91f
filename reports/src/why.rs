//! Why one contender needs fewer instructions than another: the functions in which they go.
//!
//! A record has no functions; the baseline has. They are those of a cell of the record only where the cell's count is the
//! baseline's, to the last instruction: any other count was spent in another way.

use crate::baseline::Baseline;
use crate::functions::{Functions, Pair, Row, Spent, pairs};
use crate::metric::Metric;
use crate::record::{CellRecord, Role};
use crate::view::{BottleneckView, ScenarioView};

/// A cell, with the functions in which its instructions go.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The cell.
    pub cell: &'a CellRecord,
    /// Its functions. Those that cost little are not among them.
    pub functions: &'a Functions,
}

impl<'a> Side<'a> {
    /// `None` if the baseline has no functions of the cell, or of another count.
    fn of(cell: &'a CellRecord, baseline: &'a Baseline) -> Option<Self> {
        let entry = baseline.cells.get(&cell.name)?;
        let is_same = cell.measured.instructions == entry.counts.get(&Metric::Instructions).copied();
        (is_same && !entry.functions.is_empty()).then_some(Side { cell, functions: &entry.functions })
    }

    /// What it spends.
    pub fn spent(&self) -> Spent<'a> {
        Spent { functions: self.functions, ops: self.cell.ops }
    }

    /// Its instructions per operation.
    pub fn instructions(&self) -> f64 {
        Metric::Instructions.value(self.cell).unwrap_or_default()
    }
}

/// What is known of the difference between the winner of a scenario and its best rival.
pub enum Why<'a> {
    /// The functions of both.
    Known(Difference<'a>),
    /// No functions of these two, the winner first: their counts are others than the baseline's.
    Unknown(&'a CellRecord, &'a CellRecord),
}

/// The winner and its rival, with their functions.
pub struct Difference<'a> {
    /// The one with fewer instructions.
    pub winner: Side<'a>,
    /// The other one.
    pub rival: Side<'a>,
    /// Every function of either, the winner on the left, the largest differences first.
    pub pairs: Vec<(Pair, Vec<Pair>)>,
}

/// The two that a scenario's page compares, at the largest size at which their functions are known, and otherwise at the
/// largest size. `None` if there are no two.
pub fn why<'a>(
    view: &BottleneckView<'a>,
    scenario: &ScenarioView<'a>,
    baseline: &'a Baseline,
) -> Option<Why<'a>> {
    let duels = || scenario.sizes.iter().rev().filter_map(|size| duel(view, scenario, *size));
    let known = duels().find_map(|(winner, rival)| {
        let [winner, rival] = [Side::of(winner, baseline)?, Side::of(rival, baseline)?];
        let pairs = pairs(winner.spent(), rival.spent());
        Some(Why::Known(Difference { winner, rival, pairs }))
    });
    known.or_else(|| duels().next().map(|(winner, rival)| Why::Unknown(winner, rival)))
}

/// The best of the lab's own contenders and the best peer at a size, the one with fewer instructions first. Where one of
/// them is missing, the best two.
fn duel<'a>(
    view: &BottleneckView<'a>,
    scenario: &ScenarioView<'a>,
    size: u64,
) -> Option<(&'a CellRecord, &'a CellRecord)> {
    let (peers, own): (Vec<usize>, Vec<usize>) =
        view.contestants().into_iter().partition(|at| view.contenders[*at].role == Role::Peer);
    let best = |of: &[usize]| scenario.best_cell(Metric::Instructions, size, of);
    let value = |cell: &CellRecord| Metric::Instructions.value(cell).unwrap_or(f64::INFINITY);
    if let (Some(own), Some(peer)) = (best(&own), best(&peers)) {
        return Some(if value(own) <= value(peer) { (own, peer) } else { (peer, own) });
    }
    let first = best(&view.contestants())?;
    let is_other = |at: &usize| scenario.cell(size, *at).is_some_and(|cell| !std::ptr::eq(cell, first));
    let others: Vec<usize> = view.contestants().into_iter().filter(is_other).collect();
    Some((first, best(&others)?))
}

impl Difference<'_> {
    /// By how many instructions per operation the rival needs more.
    pub fn more(&self) -> f64 {
        self.rival.instructions() - self.winner.instructions()
    }

    /// The functions that make up most of the difference: those in which the rival spends most more, one or two. One is
    /// enough if it makes up half.
    pub fn main(&self) -> Vec<&Pair> {
        let dearer = self.pairs.iter().map(|(pair, _)| pair).filter(|pair| pair.difference() > 0.0);
        let mut main: Vec<&Pair> = dearer.take(2).collect();
        let least = LEAST_PART * self.more();
        main.retain(|pair| pair.difference() >= least);
        if main.first().is_some_and(|pair| pair.difference() >= self.more() / 2.0) {
            main.truncate(1);
        }
        main
    }

    /// The function in which the winner spends most more, if it is much beside the difference.
    pub fn return_of(&self) -> Option<&Pair> {
        let pair = self.pairs.iter().map(|(pair, _)| pair).find(|pair| pair.difference() < 0.0)?;
        (-pair.difference() >= LEAST_PART * self.more()).then_some(pair)
    }

    /// The work of libraries in which most of the difference lies, whichever functions ask for it, and by how much the rival
    /// spends more on it. `None` if it is little.
    pub fn work(&self) -> Option<(Work, f64)> {
        let on = |work: Work| {
            let of = |side: &Side<'_>| {
                let rows = side.functions.iter().filter(|(row, _)| Work::of(row) == Some(work));
                side.spent().per_op(rows.map(|(_, cost)| *cost).sum())
            };
            (work, of(&self.rival) - of(&self.winner))
        };
        let most = Work::ALL.map(on).into_iter().max_by(|left, right| left.1.total_cmp(&right.1));
        most.filter(|(_, more)| *more > 0.0 && *more >= LEAST_PART * self.more())
    }
}

/// What makes up less than this share of a difference does not explain it.
const LEAST_PART: f64 = 0.2;

/// What library functions do, by their symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Taking memory from the allocator.
    Allocating,
    /// Giving it back.
    Freeing,
    /// Copying memory.
    Copying,
    /// Comparing memory.
    Comparing,
}

impl Work {
    const ALL: [Work; 4] = [Work::Allocating, Work::Freeing, Work::Copying, Work::Comparing];

    /// The work of a row; `None` for a function's own code and for other library functions.
    fn of(row: &str) -> Option<Self> {
        let callee = Row::parse(row).callee?;
        let has = |words: &[&str]| words.iter().any(|word| callee.contains(word));
        if has(&["dealloc", "free"]) {
            Some(Work::Freeing)
        } else if has(&["malloc", "calloc", "realloc", "rust_alloc", "memalign"]) {
            Some(Work::Allocating)
        } else if has(&["memcpy", "memmove"]) {
            Some(Work::Copying)
        } else if has(&["memcmp", "bcmp"]) {
            Some(Work::Comparing)
        } else {
            None
        }
    }

    /// In words: `allocating`.
    pub fn word(self) -> &'static str {
        match self {
            Work::Allocating => "allocating memory",
            Work::Freeing => "freeing memory",
            Work::Copying => "copying memory",
            Work::Comparing => "comparing memory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Entry;
    use crate::fixture::record;
    use crate::record::Record;

    const CONTENDERS: [(&str, Role); 4] =
        [("own", Role::Optimized), ("slow", Role::Naive), ("peer", Role::Peer), ("bound", Role::Bound)];

    /// A baseline that has every cell of the record, with all of its instructions in one function.
    fn baseline(record: &Record) -> Baseline {
        let cells = record.cells.iter().map(|cell| {
            let mut entry = Entry::default();
            let count = cell.measured.instructions.unwrap();
            entry.counts.insert(Metric::Instructions, count);
            entry.functions.insert(format!("{} (a.rs)", cell.name.contender), count);
            (cell.name.clone(), entry)
        });
        Baseline { cells: cells.collect(), ..Baseline::default() }
    }

    /// Which cells are compared, and whether their functions are known.
    fn told(record: &Record, baseline: &Baseline) -> Option<(bool, String, String)> {
        let views = BottleneckView::all(record).unwrap();
        let name = |cell: &CellRecord| format!("{}/{}", cell.name.size, cell.name.contender);
        why(&views[0], &views[0].scenarios[0], baseline).map(|why| match why {
            Why::Known(Difference { winner, rival, .. }) => (true, name(winner.cell), name(rival.cell)),
            Why::Unknown(winner, rival) => (false, name(winner), name(rival)),
        })
    }

    fn of(is_known: bool, winner: &str, rival: &str) -> Option<(bool, String, String)> {
        Some((is_known, winner.to_owned(), rival.to_owned()))
    }

    #[test]
    fn the_best_of_ours_is_compared_with_the_best_peer_at_the_largest_size_of_both() {
        let cells = [
            ("get", 10, "own", 5),
            ("get", 10, "slow", 6),
            ("get", 10, "peer", 20),
            ("get", 10, "bound", 1),
            ("get", 20, "own", 9),
            ("get", 20, "peer", 8),
            ("get", 20, "bound", 1),
            ("get", 30, "bound", 1),
        ];
        let whole = record(&CONTENDERS, &cells);
        assert_eq!(told(&whole, &baseline(&whole)), of(true, "20/peer", "20/own"));
        let small = record(&CONTENDERS, &cells[..4]);
        assert_eq!(told(&small, &baseline(&small)), of(true, "10/own", "10/peer"));
        // Without a peer, the first and the second.
        let without = record(&CONTENDERS, &cells[..2]);
        assert_eq!(told(&without, &baseline(&without)), of(true, "10/own", "10/slow"));
        assert_eq!(told(&record(&CONTENDERS, &cells[..1]), &Baseline::default()), None);
    }

    #[test]
    fn functions_of_another_count_are_not_told() {
        let cells =
            [("get", 10, "own", 5), ("get", 10, "peer", 20), ("get", 20, "own", 5), ("get", 20, "peer", 9)];
        let record = record(&CONTENDERS, &cells);
        let whole = baseline(&record);
        // One instruction more or less is another code; a smaller size may still be the same.
        for by in [-1, 1] {
            let mut other = whole.clone();
            let entry = other.cells.get_mut(&record.cells[3].name).unwrap();
            let count = entry.counts.get_mut(&Metric::Instructions).unwrap();
            *count = count.wrapping_add_signed(by);
            assert_eq!(told(&record, &other), of(true, "10/own", "10/peer"));
        }
        let mut without = whole;
        without.cells.values_mut().for_each(|entry| entry.functions.clear());
        assert_eq!(told(&record, &without), of(false, "20/own", "20/peer"));
        assert_eq!(told(&record, &Baseline::default()), of(false, "20/own", "20/peer"));
    }

    #[test]
    fn the_difference_is_explained_by_what_makes_up_most_of_it() {
        let record = record(&CONTENDERS, &[("get", 10, "own", 100), ("get", 10, "peer", 300)]);
        // The first cell makes one operation, the second one two.
        let explained = |own: &[(&str, u64)], peer: &[(&str, u64)]| {
            let mut baseline = baseline(&record);
            for (cell, functions) in record.cells.iter().zip([own, peer]) {
                let functions = functions.iter().map(|(row, cost)| ((*row).to_owned(), *cost));
                baseline.cells.get_mut(&cell.name).unwrap().functions = functions.collect();
            }
            let views = BottleneckView::all(&record).unwrap();
            let Some(Why::Known(told)) = why(&views[0], &views[0].scenarios[0], &baseline) else { panic!() };
            assert_eq!(told.more(), 200.0);
            let main: Vec<String> = told.main().iter().map(|pair| pair.function.clone()).collect();
            (main, told.return_of().map(|pair| pair.function.clone()), told.work())
        };
        assert_eq!(
            explained(
                &[("a", 60), ("b", 40)],
                &[("a", 320), ("a > malloc", 120), ("a > memcpy", 20), ("b", 140)]
            ),
            (vec!["a".to_owned()], None, Some((Work::Allocating, 60.0)))
        );
        assert_eq!(
            explained(&[("a", 10), ("b", 90)], &[("a", 180), ("c", 180), ("d", 180), ("d > free", 60)]),
            (vec!["d".to_owned()], Some("b".to_owned()), None)
        );
        assert_eq!(
            explained(
                &[("a > bcmp", 100)],
                &[("b", 180), ("c", 190), ("d", 170), ("e", 20), ("a > bcmp", 40)]
            ),
            (vec!["c".to_owned(), "b".to_owned()], Some("a".to_owned()), None)
        );
    }
}
