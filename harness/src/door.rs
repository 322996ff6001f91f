//! The command that starts this lab, as a person types it: for every message and record that names a command.

use std::path::Path;
use std::sync::OnceLock;

use reports::shell;

/// The door of the lab's own project, as its README says.
const OWN: &str = "scripts/just lab";

static DOOR: OnceLock<String> = OnceLock::new();

/// Finds the door of this program in the project at `root`. Only the first call counts.
pub fn find(program: &Path, root: &Path) {
    let _ = DOOR.set(of(program, root));
}

/// What starts this lab, quoted for a shell: `scripts/just lab`.
pub fn lab() -> &'static str {
    DOOR.get().map_or(OWN, String::as_str)
}

/// A command of this lab, quoted for a shell.
pub fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    format!("{} {}", lab(), shell::command(words))
}

/// The lab's own program is started by the project's recipe. Any other one is started by its path in its project, or by its
/// name if it lies elsewhere: a record holds no path of the machine that made it.
fn of(program: &Path, root: &Path) -> String {
    let name = program.file_name().unwrap_or(program.as_os_str());
    if name == "lab" && root.join("scripts/just").is_file() {
        return OWN.to_owned();
    }
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let within = program.strip_prefix(root).ok().filter(|path| path.components().count() > 1);
    shell::command([&*within.unwrap_or(Path::new(name)).to_string_lossy()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_is_started_as_its_readme_says() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let [own, theirs] = ["own", "their lab"].map(|name| home.join(name));
        std::fs::create_dir_all(own.join("scripts")).unwrap();
        std::fs::write(own.join("scripts/just"), "").unwrap();
        std::fs::create_dir_all(&theirs).unwrap();
        let cases = [
            (own.join("target/release/lab"), &own, "scripts/just lab"),
            (home.join("elsewhere/release/lab"), &own, "scripts/just lab"),
            (theirs.join("target/release/lab"), &theirs, "target/release/lab"),
            (theirs.join("target/release/my-lab"), &theirs, "target/release/my-lab"),
            (theirs.join("target/release/my lab"), &theirs, "'target/release/my lab'"),
            (theirs.join("my-lab"), &own, "my-lab"),
            (Path::new("/usr/bin/my-lab").to_owned(), &theirs, "my-lab"),
            (Path::new("/usr/bin/it's").to_owned(), &theirs, r"'it'\''s'"),
            (Path::new("/usr/bin/lab").to_owned(), &theirs, "lab"),
            (theirs.join("my-lab"), &theirs, "my-lab"),
        ];
        for (program, root, expected) in cases {
            assert_eq!(of(&program, root), expected, "{}", program.display());
        }
    }
}
