//! Selecting cells by name among those that files hold, whether or not the roster still has them.

use anyhow::Result;
use globset::GlobMatcher;
use reports::CellName;

use crate::error::usage;
use crate::roster::glob::NameGlob;

/// A name of cells, or a glob: `persistent_map/get_*`. What names no cell itself means all cells below it.
pub struct Names {
    text: String,
    glob: NameGlob,
}

impl Names {
    /// Reads a name or a glob.
    ///
    /// # Errors
    /// If it is not a glob.
    pub fn new(text: &str) -> Result<Self> {
        Ok(Names { text: text.to_owned(), glob: NameGlob::new(text)? })
    }

    /// Whether it may mean a cell: it matches the cell or something above it.
    pub fn may_mean(&self, name: &CellName) -> bool {
        self.glob.may_mean(&name.to_string())
    }

    /// Which of these cells it means.
    ///
    /// # Errors
    /// If it means none of them; the message says where they come from.
    pub fn among<'a>(&self, names: impl IntoIterator<Item = &'a CellName>, place: &str) -> Result<Chosen> {
        let names: Vec<String> = names.into_iter().map(ToString::to_string).collect();
        let Some(matcher) = self.glob.among(&names) else {
            let example =
                names.first().map_or_else(String::new, |name| format!("; it holds `{name}`, for example"));
            return Err(usage(format!("`{}` means no cell of {place}{example}", self.text)).into());
        };
        Ok(Chosen(matcher.clone()))
    }
}

/// The cells that a name means.
pub struct Chosen(GlobMatcher);

impl Chosen {
    /// Whether it means this cell.
    pub fn has(&self, name: &CellName) -> bool {
        self.0.is_match(name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Vec<CellName> {
        ["m/get_hit/8/im", "m/get_hit/8/imbl", "m/get_hit_string/8/im", "v/hash_push/1000/hamt"]
            .map(|name| name.parse().unwrap())
            .into()
    }

    fn selected(text: &str) -> Result<Vec<String>> {
        let cells = cells();
        let names = Names::new(text)?;
        let selected = names.among(&cells, "this test")?;
        let selected: Vec<&CellName> = cells.iter().filter(|name| selected.has(name)).collect();
        assert!(selected.iter().all(|name| names.may_mean(name)), "{text}");
        Ok(selected.into_iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_name_means_the_cell_or_all_below_it() {
        for (text, expected) in [
            ("m/get_hit/8/im", &["m/get_hit/8/im"][..]),
            ("m/get_hit", &["m/get_hit/8/im", "m/get_hit/8/imbl"]),
            ("m/get_hit/", &["m/get_hit/8/im", "m/get_hit/8/imbl"]),
            ("m/get_hit/**", &["m/get_hit/8/im", "m/get_hit/8/imbl"]),
            ("**/im", &["m/get_hit/8/im", "m/get_hit_string/8/im"]),
            ("*/*/1000", &["v/hash_push/1000/hamt"]),
            ("**/h*", &["v/hash_push/1000/hamt"]),
            ("**/hash_push", &["v/hash_push/1000/hamt"]),
            ("v", &["v/hash_push/1000/hamt"]),
        ] {
            assert_eq!(selected(text).unwrap(), expected, "{text}");
        }
        assert_eq!(selected("**").unwrap().len(), 4);
    }

    #[test]
    fn what_means_nothing_is_refused_in_a_line() {
        for (text, expected) in [
            ("m/gett", "`m/gett` means no cell of this test; it holds `m/get_hit/8/im`, for example"),
            ("", "`` means no cell of this test"),
            ("m/[", "`m/[` is not a glob over cell names"),
        ] {
            let error = selected(text).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
        }
    }
}
