//! How contenders lie in memory, for the pictures of the report.
//!
//! The files of `reports/layouts/` say which contender has which picture. An entry is
//!
//! ```toml
//! [[layout]]
//! picture = { kind = "array", copied = true, sorted = false }
//! caption = "One array behind a counted pointer. The first change of a clone copies all of it."
//! contenders = ["persistent_vector/array_copy"]
//! ```
//!
//! [`Picture`] lists the kinds with their parameters. A contender that no file names has no picture.

use std::sync::LazyLock;

use serde::Deserialize;

/// A picture with what is said below it, and the contenders that it is of.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// What is drawn.
    pub picture: Picture,
    /// One to three plain sentences, with sizes in bytes where they are known.
    pub caption: String,
    /// Their names: `bottleneck/contender`.
    pub contenders: Vec<String>,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Picture {
    /// One array.
    Array {
        /// Whether a change of a version copies it.
        copied: bool,
        /// Whether its elements are in order.
        sorted: bool,
        /// Whether its elements are pointers to allocations.
        #[serde(default)]
        boxed: bool,
        /// Whether its free room lies between elements.
        #[serde(default)]
        gap: bool,
    },
    /// A hash table.
    Table {
        /// Whether a change of a version copies it.
        copied: bool,
    },
    /// A trie whose nodes have a bitmap of the slots in use.
    Bitmap {
        /// The number of slots that a node can have.
        width: u32,
        /// Where the entries are.
        entries: Entries,
    },
    /// A trie whose leaves hold many entries.
    Buckets {
        /// The number of children of a branch.
        width: u32,
        /// The number of entries that a leaf has room for.
        room: u32,
        /// Whether a leaf beside the trie takes new entries.
        tail: bool,
    },
    /// A radix trie of the elements of a vector.
    Trie {
        /// The number of children of a branch.
        width: u32,
        /// The number of elements of a leaf.
        leaf: u32,
        /// Whether the last elements are in a leaf beside the trie.
        tail: bool,
        /// Whether each element is behind a pointer.
        boxed: bool,
    },
    /// A list of entries in the order of use, mostly with a table that finds them.
    List {
        /// Where its nodes are.
        nodes: Nodes,
        /// What the table holds.
        table: ListTable,
        /// What says the order.
        order: Order,
    },
    /// A tree of nodes.
    Tree {
        /// The number of keys drawn in a node.
        keys: u32,
        /// What kind of tree it is.
        shape: Shape,
    },
    /// Nodes in one array that name each other by index.
    Arena {
        /// What the indices say.
        content: Content,
        /// Whether a hash table finds a node.
        table: bool,
    },
    /// Memory that several processes map.
    Region {
        /// What is in it.
        content: Region,
        /// Whether its nodes count who refers to them.
        counted: bool,
    },
    /// Several structures side by side.
    Composite {
        /// Their names.
        parts: Vec<String>,
        /// Those of them that are emphasised.
        strong: Vec<String>,
    },
}

/// Where the entries of a trie with bitmaps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entries {
    /// In the slots, between pointers to children.
    Mixed,
    /// In the slots, before all pointers to children.
    Apart,
    /// In slots that are there whether they are in use or not.
    Full,
    /// In an allocation of their own, which is copied with the node.
    Boxed,
    /// In an allocation of their own, which copies of a node share.
    Shared,
}

/// Where the nodes of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nodes {
    /// In one array.
    Array,
    /// Each in an allocation of its own.
    Boxes,
}

/// What the table beside a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListTable {
    /// The indices of nodes.
    Indices,
    /// Keys, and the indices of nodes.
    Keys,
    /// Pointers to nodes.
    Pointers,
    /// There is none: the nodes are in the table.
    None,
}

/// What says the order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Links from each node to its neighbours.
    Links,
    /// The place in a queue, with a mark for what was used.
    Queue,
}

/// What kind of tree it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Keys in order in every node.
    Sorted,
    /// A chunk of entries in order in every node.
    Chunks,
    /// Pages.
    Pages,
    /// Nodes that branch on some bits of a text.
    Bits,
    /// Sums of the lengths of blocks.
    Sums,
    /// Objects and arrays.
    Json,
}

/// What the indices between the nodes of an array say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A tree.
    Tree,
    /// A graph of dependencies.
    Graph,
    /// A list of the vacant places.
    Free,
}

/// What is in memory that several processes map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// Nodes that refer to each other by offsets.
    Trie,
    /// Bytes that each reader copies.
    Copies,
    /// Bytes that each reader reads where they lie.
    Archive,
}

/// A file of layouts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    layout: Vec<Layout>,
}

/// A file by its name, which is what messages say.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("reports/layouts/", $name), include_str!(concat!("../layouts/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "maps.toml",
    "vectors.toml",
    "caches.toml",
    "shared.toml",
    "texts.toml",
    "signals.toml",
    "slots.toml",
    "stores.toml",
];

/// Every layout.
pub fn all() -> &'static [Layout] {
    static ALL: LazyLock<Result<Vec<Layout>, String>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            toml::from_str::<File>(text).map(|file| file.layout).map_err(|error| format!("{name}: {error}"))
        };
        Ok(FILES.iter().map(read).collect::<Result<Vec<_>, _>>()?.concat())
    });
    // A test reads them, so this cannot fail in a lab that was tested.
    ALL.as_deref().unwrap_or_else(|error| panic!("{error}"))
}

/// The layout of a contender, if a file names it.
pub fn of(bottleneck: &str, contender: &str) -> Option<&'static Layout> {
    let is_named = |name: &String| name.split_once('/') == Some((bottleneck, contender));
    all().iter().find(|layout| layout.contenders.iter().any(is_named))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The names of what a directory holds.
    fn names(directory: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn every_picture_is_of_a_contender_that_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../impls");
        let is_directory = |path: &Path| path.is_dir();
        let mut there = BTreeSet::new();
        for bottleneck in names(&root).into_iter().filter(|name| is_directory(&root.join(name))) {
            let of = root.join(&bottleneck);
            let contenders = names(&of).into_iter().filter(|name| is_directory(&of.join(name)));
            there.extend(contenders.map(|contender| format!("{bottleneck}/{contender}")));
        }
        let listed: Vec<&String> = all().iter().flat_map(|layout| &layout.contenders).collect();
        let distinct: BTreeSet<String> = listed.iter().map(|name| (*name).clone()).collect();
        // A contender may be one directory and nothing else: its page has no picture then.
        let gone: Vec<&String> = distinct.difference(&there).collect();
        assert!(gone.is_empty(), "reports/layouts/ names contenders that impls/ does not have: {gone:?}");
        assert_eq!(distinct.len(), listed.len(), "a contender is named twice");
    }

    #[test]
    fn every_file_is_read() {
        let there = names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts"));
        let listed = FILES.iter().map(|(name, _)| name.trim_start_matches("reports/layouts/").to_owned());
        assert_eq!(there, listed.collect(), "FILES lists other files than reports/layouts/ has");
    }

    #[test]
    fn captions_are_sentences_and_what_is_emphasised_is_a_part() {
        for layout in all() {
            let sentences = layout.caption.matches(". ").count() + 1;
            assert!(layout.caption.ends_with('.') && sentences <= 4, "{}", layout.caption);
            if let Picture::Composite { parts, strong } = &layout.picture {
                assert!(strong.iter().all(|name| parts.contains(name)), "{}", layout.caption);
            }
        }
    }

    #[test]
    fn a_stranger_has_no_picture() {
        assert_eq!(of("persistent_map", "theirs"), None);
        assert!(of("persistent_map", "champ").is_some());
    }
}
