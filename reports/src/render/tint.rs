//! A ratio and the shade of its background.

use super::format;
use crate::analysis;
use crate::metric::Metric;
use crate::record::CellRecord;
use crate::verdict;

/// A ratio as it is shown.
#[derive(Clone)]
pub struct Ratio {
    /// The number. It is always printed, because the shade is only an aid for the eye.
    pub text: String,
    /// Class of the shade: `b1`…`b3` below one (blue), `w1`…`w4` above (orange), empty within 5 %.
    pub tint: &'static str,
}

impl Ratio {
    /// The ratio `value`.
    pub fn new(value: f64) -> Self {
        let tint = match value.log2() {
            doublings if doublings.is_nan() => "",
            doublings if doublings < -2.0 => "b3",
            doublings if doublings < -1.0 => "b2",
            doublings if doublings < -0.07 => "b1",
            doublings if doublings < 0.07 => "",
            doublings if doublings < 1.0 => "w1",
            doublings if doublings < 2.0 => "w2",
            doublings if doublings < 3.5 => "w3",
            _ => "w4",
        };
        Ratio { text: format::ratio(value), tint }
    }

    /// The values of two cells, divided. Times come from rounds in which both took turns, where there are such. `None` where
    /// one of them has no value.
    pub fn of(metric: Metric, cell: &CellRecord, reference: &CellRecord) -> Option<Self> {
        if metric.interval(cell).is_none() || std::ptr::eq(cell, reference) {
            return Some(Ratio::new(analysis::ratio(metric.value(cell)?, metric.value(reference)?)));
        }
        let found = verdict::paired_quotient(metric, cell, reference)?;
        Some(Ratio::new(found.value).within(found.low, found.high))
    }

    /// The ratio, marked with `≈` and without a shade if one is between its bounds: it is then within the noise.
    pub fn within(self, low: f64, high: f64) -> Self {
        if low <= 1.0 && high >= 1.0 { Ratio { text: format!("≈{}", self.text), tint: "" } } else { self }
    }
}
