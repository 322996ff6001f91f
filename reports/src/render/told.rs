//! A bottleneck, found out once for all pages that tell of it.

use super::caveats::Caveats;
use super::error::Error;
use super::parts;
use crate::growth::{self as growing, Finding};
use crate::metric::Metric;
use crate::record::Record;
use crate::verdict::Verdict;
use crate::view::BottleneckView;

/// A bottleneck with everything that more than one of its pages tells.
pub struct Told<'a> {
    pub view: &'a BottleneckView<'a>,
    pub caveats: Caveats<'a>,
    pub verdict: Verdict,
    /// How each contender grows in each scenario, by metric.
    pub growth: Vec<(Metric, Vec<Finding<'a>>)>,
    pub parts: Option<parts::Section<'a>>,
}

impl<'a> Told<'a> {
    /// Tells of `view`.
    ///
    /// # Errors
    /// If a chart cannot be drawn.
    pub fn new(record: &Record, view: &'a BottleneckView<'a>) -> Result<Self, Error> {
        let measured = growing::METRICS.into_iter().filter(|(metric, _)| view.has(*metric));
        Ok(Told {
            view,
            caveats: Caveats::of(view),
            verdict: crate::verdict::verdict(view),
            growth: measured.map(|metric| (metric.0, growing::findings(view, metric))).collect(),
            parts: parts::Section::new(record, view)?,
        })
    }
}
