//! Globs over cell names, as users write them.

use anyhow::Result;
use globset::{GlobBuilder, GlobMatcher};

use crate::error::usage;

/// A name of cells, or a glob: `persistent_map/get_*`. What names no cell itself means all cells below it.
#[derive(Debug)]
pub struct NameGlob {
    itself: GlobMatcher,
    below: GlobMatcher,
}

/// The text without what only says "all below": `/` and `/**` at its end.
pub fn base(text: &str) -> &str {
    let mut base = text.strip_suffix('/').unwrap_or(text);
    while let Some(above) = base.strip_suffix("/**") {
        base = above;
    }
    base
}

impl NameGlob {
    /// Reads a name or a glob.
    ///
    /// # Errors
    /// If it is not a glob.
    pub fn new(text: &str) -> Result<Self> {
        let base = base(text);
        let glob = |pattern: &str| {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            let glob =
                glob.map_err(|error| usage(format!("`{text}` is not a glob over cell names: {error}")));
            glob.map(|glob| glob.compile_matcher())
        };
        Ok(NameGlob { itself: glob(base)?, below: glob(&format!("{base}/**"))? })
    }

    /// Whether it may mean a cell: it matches the cell or something above it.
    pub fn may_mean(&self, name: &str) -> bool {
        self.itself.is_match(name) || self.below.is_match(name)
    }

    /// What it means among cells of these names: the cells themselves, or else all below. `None` if it means none of them.
    pub fn among(&self, names: &[String]) -> Option<&GlobMatcher> {
        // What matches a cell's own name is not taken for the name of something above others.
        [&self.itself, &self.below].into_iter().find(|glob| names.iter().any(|name| glob.is_match(name)))
    }
}
