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
mod choose;
mod crossover;
mod error;
mod failures;
pub(crate) mod format;
mod growth;
mod overview;
pub(crate) mod parts;
mod payoff;
mod reproduce;
mod series;
mod shell;
mod site;
mod svg;
mod tint;
mod trials;
pub mod verdict;

use std::path::{Path, PathBuf};

pub use error::Error;

use crate::afterwards::with_badges;
use crate::record::Record;
use crate::view::BottleneckView;

/// Writes the report on `record` into the directory `dir` and returns the path of its first page.
///
/// An earlier report in `dir` is replaced as a whole, and only once the new one is complete.
///
/// # Errors
/// If the record contradicts itself, if `dir` holds something that is not a report, or if a file
/// cannot be written. An earlier report is then still there.
pub fn render(record: &Record, dir: &Path) -> Result<PathBuf, Error> {
    let record = &with_badges(record);
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
