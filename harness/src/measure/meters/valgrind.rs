//! Whether the instruction meter works here. Where it does not, it is off, and every other meter works.

use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use worker::{Answer, Job};

use super::instructions::{Callgrind, NO_VALGRIND, valgrind_version};
use crate::measure::pool::Pool;
use crate::measure::programs::Binaries;
use crate::measure::protocol::failure_of;

/// The instruction-set extensions of the instruction meter's virtual CPU; or why the meter is off, with what to do about it.
/// It is found out once, with a worker under Callgrind.
///
/// # Errors
/// If the meter is off.
pub fn virtual_cpu(binaries: &Binaries) -> Result<&'static str, &'static str> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| probe(&binaries.lab));
    found.as_deref().map_err(String::as_str)
}

/// Why the instruction meter is off; `None` where it works.
pub fn off(binaries: &Binaries) -> Option<&'static str> {
    virtual_cpu(binaries).err()
}

/// The longest time that a worker may take to start under Valgrind.
const PATIENCE: Duration = Duration::from_secs(120);

fn probe(program: &Path) -> Result<String, String> {
    if valgrind_version().is_none() {
        return Err(NO_VALGRIND.to_owned());
    }
    if let Some(why) = unreadable(program) {
        return Err(format!("{why}: {OFF}. Build or install the program elsewhere"));
    }
    let callgrind = Callgrind::new(program, None).map_err(|error| format!("{error:#}: {OFF}"))?;
    let mut found = Err("no answer".to_owned());
    let pool = Pool { command: &|| callgrind.command(), workers: 1, timeout: PATIENCE };
    let asked = pool.run(&[((), Job::Isa)], |(), answer| {
        found = match answer {
            Answer::Isa(isa) => Ok(isa),
            other => Err(failure_of(other)),
        };
        Ok(())
    });
    asked.map_err(|error| format!("{error:#}")).and(found).map_err(|failure| {
        // All that Valgrind has to say, and not its last line alone.
        let output = callgrind.command().stdin(Stdio::null()).output();
        let said = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        broken(&said.unwrap_or_default(), &failure)
    })
}

const OFF: &str = "the instruction meter is left out, every other meter works";

/// Why Callgrind's profiles of a program could not be read: they hold its path as a line of text.
fn unreadable(program: &Path) -> Option<String> {
    match program.to_str() {
        None => Some(format!("the path of {} is not UTF-8", program.display())),
        Some(path) if path.contains(['\n', '\r']) => Some(format!("the path {path:?} has a line break")),
        Some(_) => None,
    }
}

/// What to say where Valgrind does not run: the line that tells, and what helps.
fn broken(said: &str, failure: &str) -> String {
    let lines = || said.lines().map(|line| line.trim().trim_start_matches("valgrind:").trim());
    let is_telling = |line: &&str| !line.is_empty() && !line.ends_with("startup:");
    let telling = lines().find(is_telling).unwrap_or(failure);
    let has = |word: &str| said.contains(word);
    let advice = if has("failed to start tool") {
        "this Valgrind lacks Callgrind: install the distribution's whole package `valgrind`"
    } else if has("debuginfo") || has("redirection") || has("libc6-dbg") {
        "Valgrind needs the symbols of the C library: install them (Debian, Ubuntu: `apt-get install libc6-dbg`)"
    } else {
        "`valgrind --tool=callgrind true` must work here: install the distribution's package `valgrind` again"
    };
    format!("Valgrind does not run here ({telling}): {OFF}. {advice}")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_broken_valgrind_is_told_with_what_helps() {
        let redirection = "\nvalgrind:  Fatal error at startup: a function redirection\n\
                           valgrind:  which is mandatory for this platform-tool combination\n\
                           valgrind:  cannot be set up.  Details of the redirection are:\n\
                           valgrind:  Possible fixes: (1, short term): install glibc's debuginfo\n\
                           valgrind:  Cannot continue -- exiting now.  Sorry.\n\n";
        let cases = [
            (
                "valgrind: failed to start tool 'callgrind' for platform 'amd64-linux': No such file or directory\n",
                "x",
                ["(failed to start tool 'callgrind'", "lacks Callgrind", "`valgrind`"],
            ),
            (redirection, "x", ["(Fatal error at startup: a function redirection)", "symbols", "libc6-dbg"]),
            ("Illegal instruction\n", "x", ["(Illegal instruction)", "must work here", "again"]),
            ("", "a worker ended", ["(a worker ended)", "every other meter works", "again"]),
            ("\n\nvalgrind: \n", "no answer", ["(no answer)", "left out", "again"]),
        ];
        for (said, failure, words) in cases {
            let message = broken(said, failure);
            assert!(message.lines().count() == 1, "{message}");
            for word in words {
                assert!(message.contains(word), "`{word}` is not in {message}");
            }
        }
    }

    #[test]
    fn a_path_that_a_profile_cannot_hold_is_told() {
        for (path, is_unreadable) in [
            (&b"/a/lab"[..], false),
            (b"/a b/lab", false),
            (b"/100%/%p/lab", false),
            (b"/it's \"quoted\"/lab", false),
            ("/Größe/lab".as_bytes(), false),
            (b"/a\nb/lab", true),
            (b"/a\rb/lab", true),
            (b"/a/lab\n", true),
            (b"/\xff/lab", true),
            (b"/a/lab\xc3", true),
        ] {
            let path = Path::new(OsStr::from_bytes(path));
            assert_eq!(unreadable(path).is_some(), is_unreadable, "{}", path.display());
        }
    }
}
