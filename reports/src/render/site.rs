//! Writing the pages: all of them or none.

use std::fs;
use std::path::Path;

use super::error::Error;
use super::pages::{self, is_plain};

/// A tag that the first page of a report contains. It distinguishes a report from any other directory.
pub const GENERATOR: &str = r#"<meta name="generator" content="Bottleneck Lab">"#;

/// Whether `name` can be the name of a bottleneck's page: it is plain, and no name of another page.
pub fn is_page_name(name: &str) -> bool {
    let is_other =
        |file: &&str| file.strip_suffix(".html").is_some_and(|other| other.eq_ignore_ascii_case(name));
    is_plain(name) && !pages::OTHERS.iter().any(is_other)
}

/// Writes `pages` (file name, content) beside `dir`, then moves them into its place.
///
/// # Errors
/// If `dir` holds something that is not a report, or a file cannot be written.
pub fn write(pages: &[(String, String)], dir: &Path) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| Error::Write { path, cause }
    };
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !replaceable(dir).map_err(failed(dir))? {
        return Err(Error::NotAReport(dir.to_owned()));
    }
    fs::create_dir_all(parent).map_err(failed(parent))?;
    let workshop = tempfile::Builder::new().prefix(".report-").tempdir_in(parent).map_err(failed(parent))?;
    // The report gets a directory inside the temporary one, because only the owner may read a temporary directory.
    let site = workshop.path().join("site");
    fs::create_dir(&site).map_err(failed(&site))?;
    for (name, content) in pages {
        let path = site.join(name);
        fs::write(&path, content).map_err(failed(&path))?;
    }
    let earlier = workshop.path().join("earlier");
    let had_earlier = dir.exists();
    if had_earlier {
        fs::rename(dir, &earlier).map_err(failed(dir))?;
    }
    fs::rename(&site, dir).map_err(|cause| {
        if had_earlier && fs::rename(&earlier, dir).is_err() {
            // The earlier report stays under an odd name, which is better than losing it with the workshop.
            let _ = workshop.keep();
        }
        Error::Write { path: dir.to_owned(), cause }
    })
}

/// Whether `dir` may be replaced: it does not exist, is empty, or holds a report.
fn replaceable(dir: &Path) -> std::io::Result<bool> {
    if !dir.exists() {
        return Ok(true);
    }
    if !dir.is_dir() {
        return Ok(false);
    }
    let index = fs::read_to_string(dir.join("index.html")).unwrap_or_default();
    Ok(index.contains(GENERATOR) || fs::read_dir(dir)?.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(text: &str) -> Vec<(String, String)> {
        vec![("index.html".to_owned(), format!("{GENERATOR}{text}"))]
    }

    #[test]
    fn a_report_replaces_a_report_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a/report");
        write(&pages("old"), &dir).unwrap();
        fs::write(dir.join("stale.html"), "x").unwrap();
        write(&pages("new"), &dir).unwrap();
        assert!(fs::read_to_string(dir.join("index.html")).unwrap().ends_with("new"));
        assert!(!dir.join("stale.html").exists());
        assert_eq!(fs::read_dir(home.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_a_report_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.txt"), "years of work").unwrap();
        let refused = write(&pages("new"), home.path());
        assert!(matches!(refused, Err(Error::NotAReport(_))));
        assert!(home.path().join("thesis.txt").exists());
        let refused = write(&pages("new"), &home.path().join("thesis.txt"));
        assert!(matches!(refused, Err(Error::NotAReport(_))));
    }

    #[test]
    fn page_names_are_plain() {
        assert!(is_page_name("persistent_map"));
        for name in ["", "index", "INDEX", "../etc", "a b", "a.b", "<b>"] {
            assert!(!is_page_name(name), "{name}");
        }
    }
}
