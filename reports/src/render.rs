//! The report: a static site made of one record.
//!
//! [`render`] writes the first page, and a page for each bottleneck, each of its scenarios and each of its contenders, one that
//! compares any two of them, and those of the claims, the history and other surroundings. The pages share a style and a script
//! that lie beside them. Their content security
//! policy allows nothing else, so that the directory can be sent, opened from a disk or put on any server. Without
//! JavaScript everything can be read; the script adds filters, sorting, exact values under the pointer and deep links.

mod axis;
mod bottleneck;
mod caveats;
mod chart;
mod choose;
pub mod claims;
mod compare;
mod compared;
mod contender;
mod crossover;
mod environment;
mod error;
mod failures;
mod folded;
pub(crate) mod format;
mod growth;
mod history;
mod icicle;
mod layout;
mod letting_go;
mod overview;
mod pages;
pub(crate) mod parts;
mod payoff;
mod reproduce;
mod scenario;
pub mod sensitivity;
mod series;
mod shell;
mod site;
mod spark;
mod svg;
mod tidy;
mod tint;
mod told;
mod trials;
pub mod verdict;
mod why;

use std::path::{Path, PathBuf};

pub use error::Error;

use crate::afterwards::with_badges;
use crate::beside::Beside;
use crate::claims::claim::Claim;
use crate::claims::file;
use crate::record::Record;
use crate::view::BottleneckView;
use shell::Shell;
use told::Told;

/// Writes the report on `record`, and on what lies beside it, into the directory `dir` and returns the path of its first page.
///
/// An earlier report in `dir` is replaced as a whole, and only once the new one is complete.
///
/// # Errors
/// If the record contradicts itself, if `dir` holds something that is not a report, or if a file
/// cannot be written. An earlier report is then still there.
pub fn render(record: &Record, beside: &Beside, dir: &Path) -> Result<PathBuf, Error> {
    render_with(record, file::own(), beside, dir)
}

/// The same, with other claims than the lab's own.
///
/// # Errors
/// As [`render`].
pub fn render_with(record: &Record, known: &[Claim], beside: &Beside, dir: &Path) -> Result<PathBuf, Error> {
    let record = &with_badges(record);
    let views = BottleneckView::all(record)?;
    if let Some(view) = views.iter().find(|view| !site::is_page_name(&view.info.name)) {
        return Err(Error::PageName(view.info.name.clone()));
    }
    let told = views.iter().map(|view| Told::new(record, view)).collect::<Result<Vec<_>, _>>()?;
    let shell = &Shell::new(record);
    let mut files = vec![
        (pages::INDEX.to_owned(), overview::page(shell, &told)?),
        (pages::ENVIRONMENT.to_owned(), environment::page(shell)?),
        (pages::CLAIMS.to_owned(), claims::page(shell, &views, known)?),
        (pages::HISTORY.to_owned(), history::page(shell, &views, &beside.history)?),
        (pages::SENSITIVITY.to_owned(), sensitivity::page(shell, &views, &beside.sensitivity)?),
        (pages::STYLE.to_owned(), shell::style(&views)),
        (pages::SCRIPT.to_owned(), shell::SCRIPT.to_owned()),
        (pages::CHOOSE.to_owned(), choose::SCRIPT.to_owned()),
        (pages::COMPARE.to_owned(), compare::SCRIPT.to_owned()),
        (pages::ICON.to_owned(), shell::ICON.to_owned()),
    ];
    for told in &told {
        let view = told.view;
        files.push((view.page(), bottleneck::page(shell, told, known)?));
        if let Some(file) = view.compare_page() {
            files.push((view.data_file(), compare::data(view)));
            files.push((file.clone(), compare::page(shell, told, &file)?));
        }
        for (at, scenario) in view.scenarios.iter().enumerate() {
            files.push((
                view.scenario_page(&scenario.info.name),
                scenario::page(shell, told, at, beside.functions.as_ref())?,
            ));
        }
        for series in 0..view.contenders.len() {
            files.push((view.contender_page(&series), contender::page(shell, told, series)?));
        }
    }
    site::write(&files, dir)?;
    Ok(dir.join(pages::INDEX))
}
