//! The page of what the record was made with: revision, programs, machine, input.

use askama::Template;

use super::error::{Error, fill};
use super::shell::Shell;
use super::{pages, reproduce};

#[derive(Template)]
#[template(path = "environment_page.html")]
struct Page<'a> {
    shell: &'a Shell<'a>,
    reproduce: String,
}

/// The page.
///
/// # Errors
/// If the template fails.
pub fn page(shell: &Shell<'_>) -> Result<String, Error> {
    let page = Page { shell, reproduce: reproduce::run(shell.record) };
    fill(&page, pages::ENVIRONMENT)
}
