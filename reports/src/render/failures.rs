//! The banner on top of a page that lists what failed.

use crate::record::{Failure, Record};

/// The failures that concern one page.
pub struct Failures<'a> {
    /// The failures, in the record's order.
    pub list: Vec<&'a Failure>,
}

impl<'a> Failures<'a> {
    /// All failures of `record`, or those of one bottleneck.
    pub fn of(record: &'a Record, bottleneck: Option<&str>) -> Self {
        let concerns = |failure: &&Failure| match bottleneck {
            Some(name) => failure.subject.split('/').next() == Some(name),
            None => true,
        };
        Failures { list: record.failures.iter().filter(concerns).collect() }
    }

    /// Heading of the banner.
    pub fn heading(&self) -> String {
        match self.list.len() {
            1 => "1 failure: this record is incomplete".to_owned(),
            count => format!("{count} failures: this record is incomplete"),
        }
    }
}
