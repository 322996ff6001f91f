//! Paths of source files, spelled so that they are the same on every machine.
//!
//! What is blessed, recorded or reported holds no path of the machine that made it: functions of one checkout
//! could not be compared with those of another, and a record would tell strangers where its maker works.

/// The project that this program was built from.
fn project() -> Option<&'static str> {
    const HARNESS: &str = env!("CARGO_MANIFEST_DIR");
    HARNESS.strip_suffix("/harness").filter(|root| !root.is_empty())
}

/// Where Cargo unpacks the crates of a registry: `<home>/registry/src/<index>/<crate>-<version>/`.
const REGISTRY: &str = "/registry/src/";

/// Where Cargo checks out the crates of a Git repository: `<home>/git/checkouts/<name>-<hash>/<revision>/`.
const CHECKOUTS: &str = "/git/checkouts/";

/// Whether a source file belongs to the standard library, or to a crate that it is built with.
pub fn is_of_std(file: &str) -> bool {
    file.starts_with("/rustc/") || file.starts_with("/rust/deps/") || file.contains("/lib/rustlib/src/")
}

/// A source file's path from the project's directory on, or from its crate's; where it belongs to neither, its
/// name.
pub fn source(file: &str) -> &str {
    source_in(project(), file)
}

fn source_in<'a>(project: Option<&str>, file: &'a str) -> &'a str {
    let name = file.rsplit('/').next().unwrap_or(file);
    // Before all else, because a project may lie anywhere. What a build script writes lies below it, in a
    // directory whose name has a hash.
    if let Some(path) = project.and_then(|root| file.strip_prefix(root)?.strip_prefix('/')) {
        return if path.starts_with("target/") { name } else { path };
    }
    if !file.starts_with('/') {
        return if file.split('/').any(|part| part == "..") { name } else { file };
    }
    if let Some((_home, path)) = file.rsplit_once(REGISTRY)
        && let Some((_index, path)) = path.split_once('/')
        && is_versioned(path)
    {
        return path;
    }
    if let Some((_home, path)) = file.rsplit_once(CHECKOUTS) {
        return path.splitn(3, '/').nth(2).unwrap_or(name);
    }
    // A crate somewhere else: the directory that holds its `src`.
    match file.rfind("/src/") {
        Some(end) => {
            let start = file[..end].rfind('/').map_or(0, |at| at + 1);
            if start == end { name } else { &file[start..] }
        }
        None => name,
    }
}

/// Whether a path begins with a crate's directory in a registry: a name, and a version behind it.
fn is_versioned(path: &str) -> bool {
    let directory = path.split('/').next().unwrap_or_default();
    let parts = directory.match_indices('-');
    parts.into_iter().any(|(at, _)| directory[at + 1..].starts_with(|first: char| first.is_ascii_digit()))
}

/// A message without the machine's own part of the paths of source files in it.
pub fn in_message(message: &str) -> String {
    in_message_of(project(), message)
}

fn in_message_of(project: Option<&str>, message: &str) -> String {
    let mut text = message.to_owned();
    if let Some(root) = project {
        text = text.replace(&format!("{root}/"), "");
    }
    for marker in [REGISTRY, CHECKOUTS] {
        while let Some(at) = text.find(marker) {
            let ends_before = |character: char| character.is_whitespace() || "\"'`(<[".contains(character);
            let start = text[..at]
                .rfind(ends_before)
                .map_or(0, |space| space + text[space..].chars().next().map_or(1, char::len_utf8));
            // The index, or the checkout's name.
            let end = at + marker.len();
            let end = text[end..].find('/').map_or(end, |slash| end + slash + 1);
            text.replace_range(start..end, "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_is_spelled_alike_wherever_it_lies() {
        let homes = [
            "/home/me",
            "/root",
            "/Users/Größe Äußerst/my work",
            "/a/src/b",
            "/x/impls/y",
            "/r/registry/src/z/w",
        ];
        for home in homes {
            let project = format!("{home}/the lab");
            let cases = [
                (format!("{project}/impls/map/hamt/src/lib.rs"), "impls/map/hamt/src/lib.rs"),
                (format!("{project}/collections/src/vector/mod.rs"), "collections/src/vector/mod.rs"),
                (format!("{project}/scenarios/src/case.rs"), "scenarios/src/case.rs"),
                (format!("{project}/anything/else.rs"), "anything/else.rs"),
                (format!("{project}/target/release/build/x-0123456789abcdef/out/made.rs"), "made.rs"),
                (
                    format!(
                        "{home}/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/imbl-7.0.2/src/map.rs"
                    ),
                    "imbl-7.0.2/src/map.rs",
                ),
                (format!("{home}/.cargo/git/checkouts/im-0a1b2c3d/abc1234/rc/src/lib.rs"), "rc/src/lib.rs"),
                (format!("{home}/elsewhere/mine/src/deep/lib.rs"), "mine/src/deep/lib.rs"),
                (format!("{home}/elsewhere/vendor/rpds-1.2.0/src/map/mod.rs"), "rpds-1.2.0/src/map/mod.rs"),
            ];
            for (file, expected) in cases {
                // What lies in a registry, or below another `src`, lies there first.
                let found = source_in(Some(&project), &file);
                assert_eq!(found, expected, "{file}");
                assert!(!found.starts_with('/'));
            }
        }
        for (file, expected) in [
            ("/home/me/generated.rs", "generated.rs"),
            ("src/lib.rs", "src/lib.rs"),
            ("../other/src/lib.rs", "lib.rs"),
            ("", ""),
        ] {
            assert_eq!(source_in(Some("/lab"), file), expected);
        }
        // A program whose sources were renamed, or that has no project.
        assert_eq!(source_in(None, "/lab/impls/map/hamt/src/lib.rs"), "hamt/src/lib.rs");
    }

    #[test]
    fn this_project_is_known() {
        assert_eq!(
            source(concat!(env!("CARGO_MANIFEST_DIR"), "/src/measure/paths.rs")),
            "harness/src/measure/paths.rs"
        );
    }

    #[test]
    fn std_and_what_it_is_built_with_are_told_apart() {
        let of_std = [
            "/rustc/0123456789abcdef/library/core/src/iter/range.rs",
            "/rust/deps/hashbrown-0.15.5/src/raw.rs",
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/alloc/src/vec/mod.rs",
        ];
        assert!(of_std.iter().all(|file| is_of_std(file)));
        let registry = "/home/me/.cargo/registry/src/index-1/hashbrown-0.17.0/src/raw.rs";
        assert!(!is_of_std(registry) && !is_of_std("/lab/impls/map/hamt/src/lib.rs"));
    }

    #[test]
    fn messages_lose_what_is_the_machine_s() {
        let project = Some("/home/Jörg Lab/the lab");
        let cases = [
            (
                "panicked at /home/Jörg Lab/the lab/impls/a/src/lib.rs:7: no",
                "panicked at impls/a/src/lib.rs:7: no",
            ),
            (
                "panicked at /root/.cargo/registry/src/index-1/im-15.1.0/src/a.rs:7 and `/x/registry/src/i/b-1/src/c.rs`",
                "panicked at im-15.1.0/src/a.rs:7 and `b-1/src/c.rs`",
            ),
            ("pointer /users/0/name, expected 3", "pointer /users/0/name, expected 3"),
            ("«/h/git/checkouts/x-1/abc/src/l.rs»", "abc/src/l.rs»"),
        ];
        for (message, expected) in cases {
            assert_eq!(in_message_of(project, message), expected);
        }
    }
}
