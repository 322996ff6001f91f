//! What can go wrong with a report.

use std::path::PathBuf;

use askama::Template;

use super::tidy::tidy;
use crate::view::Unlisted;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The record contradicts itself.
    #[error(transparent)]
    Unlisted(#[from] Unlisted),
    /// A bottleneck's name cannot be the name of a page.
    #[error(
        "the bottleneck `{0}` cannot have a page: use only letters, digits, `_` and `-`, and not the name of another page, such as `index`"
    )]
    PageName(String),
    /// The target directory holds something other than an earlier report.
    #[error("{0} exists and is not a report: choose another directory, or remove it")]
    NotAReport(PathBuf),
    /// A file could not be written.
    #[error("cannot write the report to {path}: {cause}")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        cause: std::io::Error,
    },
    /// A page's template failed.
    #[error("cannot make the page {page}: {cause}")]
    Page {
        /// The page's file name.
        page: String,
        /// The error of the template engine.
        cause: askama::Error,
    },
    /// A chart failed.
    #[error("cannot draw a chart of {subject}: {message}")]
    Chart {
        /// The scenario or bottleneck.
        subject: String,
        /// The error of plotters.
        message: String,
    },
}

impl Error {
    /// The error of a chart of `subject`.
    pub(super) fn drawing<E: std::fmt::Display>(subject: &str) -> impl FnOnce(E) -> Error + '_ {
        move |error| Error::Chart { subject: subject.to_owned(), message: error.to_string() }
    }

    /// Whether the input is at fault, and not the environment.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Error::Unlisted(_) | Error::PageName(_) | Error::NotAReport(_) => true,
            Error::Write { .. } | Error::Page { .. } | Error::Chart { .. } => false,
        }
    }
}

/// The text of a page, filled into its template, and shortened to what a browser needs.
///
/// # Errors
/// If the template fails.
pub fn fill(template: &impl Template, page: &str) -> Result<String, Error> {
    let filled = template.render().map_err(|cause| Error::Page { page: page.to_owned(), cause })?;
    Ok(tidy(&filled))
}
