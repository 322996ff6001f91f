//! The files of a report, and how pages link to each other.

use crate::view::BottleneckView;

/// The first page.
pub const INDEX: &str = "index.html";
/// The pages that are no bottleneck's.
pub const OTHERS: [&str; 5] = [INDEX, ENVIRONMENT, CLAIMS, SENSITIVITY, HISTORY];
/// The page of all claims.
pub const CLAIMS: &str = "claims.html";
/// The page of what other surroundings change.
pub const SENSITIVITY: &str = "sensitivity.html";
/// The page of what the record was made with.
pub const ENVIRONMENT: &str = "environment.html";
/// The page of what changed since earlier records.
pub const HISTORY: &str = "history.html";
/// The style of every page.
pub const STYLE: &str = "style.css";
/// The script of every page.
pub const SCRIPT: &str = "script.js";
/// The script of the form that predicts what a mix of operations costs.
pub const CHOOSE: &str = "choose.js";
/// The script of the pages that compare two contenders.
pub const COMPARE: &str = "compare.js";
/// The icon of every page.
pub const ICON: &str = "icon.svg";

/// What names the page that compares any two contenders of a bottleneck.
const COMPARING: &str = "compare";

/// Whether `name` is safe in any file system and in any link.
pub fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.bytes().all(plain)
}

impl BottleneckView<'_> {
    /// The page of the bottleneck.
    pub(super) fn page(&self) -> String {
        format!("{}.html", self.info.name)
    }

    /// The page of a scenario that has cells; the place on the bottleneck's page of one that has none.
    pub(super) fn scenario_page(&self, name: &str) -> String {
        let names = self.scenarios.iter().map(|scenario| scenario.info.name.as_str());
        if !names.clone().any(|known| known == name) {
            return format!("{}#{name}", self.page());
        }
        format!("{}.{}.html", self.info.name, part(names, name))
    }

    /// The page that compares any two contenders; `None` where there are no two.
    pub(super) fn compare_page(&self) -> Option<String> {
        (self.contenders.len() > 1).then(|| format!("{}.{COMPARING}.html", self.info.name))
    }

    /// The numbers that the script of that page reads.
    pub(super) fn data_file(&self) -> String {
        format!("{}.data.js", self.info.name)
    }

    /// The page of a contender. Templates have references to what they loop over.
    pub(super) fn contender_page(&self, series: &usize) -> String {
        let names = self.contenders.iter().map(|contender| contender.name.as_str());
        format!("{}.by.{}.html", self.info.name, part(names, &self.contenders[*series].name))
    }
}

/// What stands for `name`, one of `names`, in the name of a file: the name itself, or `at.3` for the third of them, where the
/// name would not be safe in a file system, or differs from one before it in capitals only.
fn part<'a>(names: impl Iterator<Item = &'a str>, name: &str) -> String {
    let before: Vec<&str> = names.take_while(|other| *other != name).collect();
    let is_taken = before.iter().chain([&COMPARING]).any(|other| other.eq_ignore_ascii_case(name));
    if is_plain(name) && !is_taken { name.to_owned() } else { format!("at.{}", before.len() + 1) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fixture::record;
    use crate::record::Role;

    #[test]
    fn every_page_has_a_file_of_its_own() {
        let names = ["im", "IM", "..", "a b", "by", "at", "3", "compare"];
        let contenders = names.map(|name| (name, Role::Peer));
        let record = record(&contenders, &names.map(|name| (name, 10, "im", 1)));
        let view = &BottleneckView::all(&record).unwrap()[0];
        let scenarios = names.map(|name| view.scenario_page(name));
        let contenders = (0..names.len()).map(|series| view.contender_page(&series));
        let files: Vec<String> =
            scenarios.into_iter().chain(contenders).chain([view.page()]).chain(view.compare_page()).collect();
        let distinct: BTreeSet<String> = files.iter().map(|file| file.to_ascii_lowercase()).collect();
        assert_eq!(distinct.len(), files.len(), "{files:?}");
        let is_safe = |file: &String| file.chars().all(|at| at.is_ascii_alphanumeric() || "._-".contains(at));
        assert!(files.iter().all(|file| is_safe(file) && !file.contains("..")), "{files:?}");
    }
}
