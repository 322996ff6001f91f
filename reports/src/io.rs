//! Reading and writing records, atomically.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::record::{Record, SCHEMA};

/// What can go wrong with a file of ours; one line each: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file cannot be written; what was there before is still there.
    #[error("cannot write {}: {cause}; nothing was changed", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is not what it should be: truncated, edited or something else altogether.
    #[error("{} is damaged: {reason}; measure again, or take it from where it was made", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        reason: String,
    },
    /// A file has another schema than this program reads.
    #[error("{} has schema {found}, this program reads schema {SCHEMA}: use the lab that wrote it, or measure again", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u64,
    },
    /// Records that cannot become one.
    #[error("{0}")]
    Merge(String),
    /// A file of claims is not as it should be: where, what is wrong, and what to do.
    #[error("{0}")]
    Claims(String),
}

impl Error {
    /// Whether the input is at fault, not the environment.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Error::Malformed { .. } | Error::Schema { .. } | Error::Merge(_) | Error::Claims(_) => true,
            Error::Read { cause, .. } => {
                use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
                matches!(cause.kind(), NotFound | IsADirectory | NotADirectory)
            }
            Error::Write { .. } => false,
        }
    }
}

/// Reads a record.
///
/// # Errors
/// If the file cannot be read, is not a complete record, or has another schema.
pub fn read_record(path: &Path) -> Result<Record, Error> {
    let malformed = |reason: String| Error::Malformed { path: path.to_owned(), reason };
    let text = read_text(path)?;
    // The schema first: a record of another schema is not malformed.
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let found = value.get("schema").and_then(serde_json::Value::as_u64);
    match found {
        None => return Err(malformed("it has no `schema`".to_owned())),
        Some(found) if found != u64::from(SCHEMA) => {
            return Err(Error::Schema { path: path.to_owned(), found });
        }
        Some(_) => {}
    }
    let record: Record = serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
    if let Some(pair) = record.cells.windows(2).find(|pair| pair[0].name >= pair[1].name) {
        return Err(malformed(format!("`{}` does not come after `{}`", pair[1].name, pair[0].name)));
    }
    for cell in &record.cells {
        if let Some(fault) = cell.fault() {
            return Err(malformed(format!("`{}`: {fault}", cell.name)));
        }
    }
    Ok(record)
}

/// Writes a record, either completely or not at all.
///
/// # Errors
/// If the file cannot be written.
///
/// # Panics
/// If the record could not be written as JSON, which no record causes.
pub fn write_record(path: &Path, record: &Record) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(record).expect("a record is JSON");
    text.push('\n');
    write_text(path, &text)
}

/// The longest file that is read: many times a record of all cells. A file without an end, `/dev/zero` for example,
/// is refused when this much of it was read.
const MAX_BYTES: u64 = 256 << 20;

/// Reads a text file.
///
/// # Errors
/// If the file cannot be read, is not UTF-8 or is larger than 256 MiB.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let file = File::open(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
    read_all(path, file, MAX_BYTES)
}

/// Reads what a source holds, a pipe for example. `path` is its name in messages.
///
/// # Errors
/// If it cannot be read, is not UTF-8 or is larger than `most` bytes.
pub fn read_all(path: &Path, source: impl Read, most: u64) -> Result<String, Error> {
    let malformed = |reason: String| Error::Malformed { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let read = source.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
    if bytes.len() as u64 > most {
        return Err(malformed(format!("it holds more than {} MiB", most >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| malformed("it is not text".to_owned()))
}

/// Writes a text file: completely, or not at all. Its directory is made if need be.
///
/// # Errors
/// If the file cannot be written.
pub fn write_text(path: &Path, text: &str) -> Result<(), Error> {
    write_texts([(path, text)])
}

/// Writes text files: all completely, or, where one cannot be written, none. A process that is killed here may leave
/// a file of which [`is_leftover`] is true.
///
/// # Errors
/// If a file cannot be written.
pub fn write_texts<'a>(texts: impl IntoIterator<Item = (&'a Path, &'a str)>) -> Result<(), Error> {
    let failed = |path: &Path, cause| Error::Write { path: path.to_owned(), cause };
    let mut written = Vec::new();
    for (path, text) in texts {
        written.push((write_beside(path, text).map_err(|cause| failed(path, cause))?, path));
    }
    // Everything is on the disk before anything takes its place.
    for (file, path) in written {
        file.persist(path).map_err(|error| failed(path, error.error))?;
    }
    Ok(())
}

/// Writes a text to a temporary file in the directory of `path`, because only there is a rename atomic.
fn write_beside(path: &Path, text: &str) -> std::io::Result<TempPath> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    set_ordinary_permissions(file.as_file())?;
    Ok(file.into_temp_path())
}

/// What the name of a file begins with until it is complete.
const UNFINISHED: &str = ".unfinished-";

/// Whether a file is one that a process began to write and did not finish.
pub fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()))
}

/// A temporary file is private to its owner; a record is not.
fn set_ordinary_permissions(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_texts_are_written_or_none() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "made/second"].map(|name| directory.path().join(name));
        write_texts([(first.as_path(), "1"), (second.as_path(), "2")]).unwrap();
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "2");

        let below_a_file = first.join("third");
        let error = write_texts([(second.as_path(), "new"), (below_a_file.as_path(), "3")]).unwrap_err();
        assert!(error.to_string().contains("third") && !error.is_bad_input(), "{error}");
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "2");
        assert_eq!(std::fs::read_dir(directory.path().join("made")).unwrap().count(), 1);
    }
}
