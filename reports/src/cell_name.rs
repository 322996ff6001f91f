//! A cell's name, the one way to spell and to sort it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a cell: `bottleneck/scenario/size/contender`.
///
/// Names sort by bottleneck, scenario, size as a number, and contender.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellName {
    /// Bottleneck.
    pub bottleneck: String,
    /// Scenario.
    pub scenario: String,
    /// Size, in elements or entries.
    pub size: u64,
    /// Contender.
    pub contender: String,
}

impl CellName {
    /// The name of the cell's contender: `bottleneck/contender`.
    pub fn of_contender(&self) -> String {
        contender_name(&self.bottleneck, &self.contender)
    }

    /// The name of the cell's group, which are the cells that are compared with each other:
    /// `bottleneck/scenario/size`.
    pub fn of_group(&self) -> String {
        let CellName { bottleneck, scenario, size, contender: _ } = self;
        format!("{bottleneck}/{scenario}/{size}")
    }
}

/// The name of a contender: `bottleneck/contender`.
pub fn contender_name(bottleneck: &str, contender: &str) -> String {
    format!("{bottleneck}/{contender}")
}

impl fmt::Display for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CellName { bottleneck, scenario, size, contender } = self;
        write!(f, "{bottleneck}/{scenario}/{size}/{contender}")
    }
}

/// A text that is not a cell's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a cell: {expected}")]
pub struct NotACell {
    text: String,
    expected: String,
}

impl FromStr for CellName {
    type Err = NotACell;

    fn from_str(text: &str) -> Result<Self, NotACell> {
        let not_a_cell = |expected: String| NotACell { text: text.to_owned(), expected };
        let parts: Vec<&str> = text.split('/').collect();
        let [bottleneck, scenario, size, contender] = parts[..] else {
            return Err(not_a_cell("expected bottleneck/scenario/size/contender".to_owned()));
        };
        // `parse` alone would take `+8` and `08`, which name the cell `8` in another way.
        let parsed = size.parse::<u64>().ok().filter(|parsed| parsed.to_string() == size);
        let size = parsed.ok_or_else(|| not_a_cell(format!("its size `{size}` is not a number")))?;
        if [bottleneck, scenario, contender].contains(&"") {
            return Err(not_a_cell("expected bottleneck/scenario/size/contender".to_owned()));
        }
        let [bottleneck, scenario, contender] = [bottleneck, scenario, contender].map(str::to_owned);
        Ok(CellName { bottleneck, scenario, size, contender })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for text in ["map/get_hit/1000/imbl", "b/s/0/c", "b/s/18446744073709551615/c"] {
            assert_eq!(text.parse::<CellName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused_with_the_reason() {
        let parts = ["", "map", "map/get/8", "map/get/8/a/b", "/get/8/a", "map//8/a", "map/get/8/"];
        for text in parts {
            let error = text.parse::<CellName>().unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` is not a cell: expected bottleneck/scenario/size/contender"));
        }
        for size in ["x", "-1", "+8", "08", "1e3", "18446744073709551616"] {
            let error = format!("map/get/{size}/a").parse::<CellName>().unwrap_err().to_string();
            assert!(error.ends_with(&format!("its size `{size}` is not a number")), "{error}");
        }
    }

    #[test]
    fn sizes_sort_as_numbers() {
        let mut names = ["m/g/1000/a", "m/g/8/b", "m/g/8/a", "m/a/9/z", "l/z/1/a"]
            .map(|text| text.parse::<CellName>().unwrap());
        names.sort();
        assert_eq!(
            names.map(|name| name.to_string()),
            ["l/z/1/a", "m/a/9/z", "m/g/8/a", "m/g/8/b", "m/g/1000/a"]
        );
    }
}
