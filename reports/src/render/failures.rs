//! The banner on top of a page that lists what failed, and the list of what was skipped.

use crate::record::{Failure, Record, Skip};

/// The failures that concern one page, and what was skipped.
pub struct Failures<'a> {
    /// The failures, in the record's order.
    pub list: Vec<&'a Failure>,
    /// The cells that were skipped, in the record's order.
    pub skipped: Vec<&'a Skip>,
}

impl<'a> Failures<'a> {
    /// All of `record`, or those of one bottleneck.
    pub fn of(record: &'a Record, bottleneck: Option<&str>) -> Self {
        let concerns = |subject: &str| bottleneck.is_none_or(|name| subject.split('/').next() == Some(name));
        Failures {
            list: record.failures.iter().filter(|failure| concerns(&failure.subject)).collect(),
            skipped: record.skipped.iter().filter(|skip| concerns(&skip.subject)).collect(),
        }
    }

    /// Heading of the banner.
    pub fn heading(&self) -> String {
        match self.list.len() {
            1 => "1 failure: this record is incomplete".to_owned(),
            count => format!("{count} failures: this record is incomplete"),
        }
    }
}
