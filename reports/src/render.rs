//! The report: a static site made of one record.
//!
//! [`render`] writes `index.html` and one page per bottleneck. Every page stands alone: style,
//! script and charts are inside it, and its content security policy forbids any request, so that it
//! can be mailed or opened from a disk. Without JavaScript everything can be read; the script adds
//! filters, sorting and deep links to them.

mod axis;
mod bottleneck;
mod caveats;
mod chart;
mod failures;
pub(crate) mod format;
mod overview;
mod reproduce;
mod series;
mod shell;
mod site;
mod svg;
mod tint;

use std::path::{Path, PathBuf};

use askama::Template;

use crate::record::Record;
use crate::view::{BottleneckView, Unlisted};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The record contradicts itself.
    #[error(transparent)]
    Unlisted(#[from] Unlisted),
    /// A bottleneck's name cannot be the name of a page.
    #[error(
        "the bottleneck `{0}` cannot have a page: use only letters, digits, `_` and `-`, and not `index`"
    )]
    PageName(String),
    /// The target is something else than an earlier report.
    #[error("{0} exists and is not a report: choose another directory, or remove it")]
    NotAReport(PathBuf),
    /// A file could not be written.
    #[error("cannot write the report to {path}: {cause}")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A page's template failed.
    #[error("cannot make the page {page}: {cause}")]
    Page {
        /// The page's file name.
        page: String,
        /// What the template said.
        cause: askama::Error,
    },
    /// A chart failed.
    #[error("cannot draw a chart of {subject}: {message}")]
    Chart {
        /// The scenario or bottleneck.
        subject: String,
        /// What plotters said.
        message: String,
    },
}

impl Error {
    /// Whether the input is at fault, not the environment.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Error::Unlisted(_) | Error::PageName(_) | Error::NotAReport(_) => true,
            Error::Write { .. } | Error::Page { .. } | Error::Chart { .. } => false,
        }
    }
}

/// Writes the report on `record` into the directory `dir` and returns the path of its first page.
///
/// An earlier report in `dir` is replaced as a whole, and only once the new one is complete.
///
/// # Errors
/// If the record contradicts itself, if `dir` holds something that is not a report, or if a file
/// cannot be written. An earlier report is then still there.
pub fn render(record: &Record, dir: &Path) -> Result<PathBuf, Error> {
    let views = BottleneckView::all(record)?;
    if let Some(view) = views.iter().find(|view| !site::is_page_name(&view.info.name)) {
        return Err(Error::PageName(view.info.name.clone()));
    }
    let mut pages = vec![("index.html".to_owned(), overview::page(record, &views)?)];
    for view in &views {
        pages.push((format!("{}.html", view.info.name), bottleneck::page(record, view)?));
    }
    site::write(&pages, dir)?;
    Ok(dir.join("index.html"))
}

fn fill(template: &impl Template, page: &str) -> Result<String, Error> {
    template.render().map_err(|cause| Error::Page { page: page.to_owned(), cause })
}

fn drawn<T>(outcome: Result<T, chart::DrawingError>, subject: &str) -> Result<T, Error> {
    outcome.map_err(|error| Error::Chart { subject: subject.to_owned(), message: error.to_string() })
}
