//! One contender against another, in one metric: a ratio for each group that both have, who needs less how often, and the
//! mean. A **group** is one scenario at one size.

use crate::analysis::{self, TIE};
use crate::metric::Metric;
use crate::verdict::{Estimate, paired_quotient};
use crate::view::BottleneckView;

/// Two contenders in a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Duel {
    /// The groups in which both have a value, in reading order.
    pub meetings: Vec<Meeting>,
    /// The geometric mean of the ratios, with its interval. `None` if they never meet, or if one has zero where the other
    /// has not.
    pub mean: Option<Estimate>,
}

/// A group in which both have a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Meeting {
    /// Index into [`BottleneckView::scenarios`].
    pub scenario: usize,
    /// The size.
    pub size: u64,
    /// The values of both.
    pub values: [f64; 2],
    /// The first value divided by the second, with its interval. Exact counts have none: both bounds are the ratio.
    pub ratio: Estimate,
}

/// Who needs less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first one.
    Less,
    /// Nobody: the difference is within the noise, or with exact counts within [`TIE`].
    Level,
    /// The second one.
    More,
}

impl Meeting {
    /// Who needs less here.
    pub fn outcome(&self) -> Outcome {
        let Estimate { value, low, high } = self.ratio;
        let slack = if low == high { TIE } else { 1.0 };
        match value {
            _ if high * slack < 1.0 => Outcome::Less,
            _ if low > slack => Outcome::More,
            _ => Outcome::Level,
        }
    }
}

impl Duel {
    /// `left` against `right`.
    pub fn new(view: &BottleneckView<'_>, metric: Metric, left: usize, right: usize) -> Self {
        let mut meetings = Vec::new();
        for (at, scenario) in view.scenarios.iter().enumerate() {
            let meeting = |size: &u64| {
                let cells = [scenario.cell(*size, left)?, scenario.cell(*size, right)?];
                let values = [metric.value(cells[0])?, metric.value(cells[1])?];
                let ratio = if metric.interval(cells[0]).is_some() {
                    paired_quotient(metric, cells[0], cells[1])?
                } else {
                    let value = analysis::ratio(values[0], values[1]);
                    Estimate { value, low: value, high: value }
                };
                Some(Meeting { scenario: at, size: *size, values, ratio })
            };
            meetings.extend(scenario.sizes.iter().filter_map(meeting));
        }
        let mean = Estimate::mean(meetings.iter().map(|meeting| meeting.ratio));
        Duel { meetings, mean }
    }

    /// In how many groups it comes out so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.meetings.iter().filter(|meeting| meeting.outcome() == outcome).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{record, timed};
    use crate::record::Role;

    #[test]
    fn exact_counts_within_a_percent_are_level() {
        let contenders = [("a", Role::Optimized), ("b", Role::Peer)];
        let cells = [
            ("get", 10, "a", 100),
            ("get", 10, "b", 200),
            ("get", 20, "a", 1000),
            ("get", 20, "b", 1005),
            ("put", 10, "a", 300),
            ("put", 10, "b", 100),
            ("put", 20, "a", 300),
        ];
        let record = record(&contenders, &cells);
        let view = &BottleneckView::all(&record).unwrap()[0];
        let duel = Duel::new(view, Metric::Instructions, 0, 1);
        let counts = [Outcome::Less, Outcome::Level, Outcome::More].map(|outcome| duel.count(outcome));
        assert_eq!(counts, [1, 1, 1], "{duel:?}");
        let mean = (0.5 * (1000.0 / 1005.0) * 3.0f64).cbrt();
        assert!((duel.mean.unwrap().value - mean).abs() < 1e-9, "{duel:?}");
        let turned = Duel::new(view, Metric::Instructions, 1, 0);
        assert!((turned.mean.unwrap().value * mean - 1.0).abs() < 1e-9);
        assert_eq!(Duel::new(view, Metric::Blocks, 0, 1), Duel { meetings: Vec::new(), mean: None });
    }

    #[test]
    fn times_within_the_noise_are_level() {
        let contenders = [("a", Role::Optimized), ("b", Role::Peer)];
        let mut record = record(&contenders, &[("get", 10, "a", 1), ("get", 10, "b", 1)]);
        for (second, outcome) in
            [((98.0, 102.0), Outcome::Level), ((103.0, 105.0), Outcome::Less), ((90.0, 96.0), Outcome::More)]
        {
            timed(&mut record.cells[0], 97.0, 101.0);
            timed(&mut record.cells[1], second.0, second.1);
            let view = &BottleneckView::all(&record).unwrap()[0];
            let duel = Duel::new(view, Metric::Warm, 0, 1);
            assert_eq!(duel.meetings[0].outcome(), outcome, "{duel:?}");
        }
    }
}
