//! The project's own crates have no circles among their files: what a file imports can be read before it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// A module's path within its crate; the crate's root is empty.
type Module = Vec<String>;

/// What a file refers to of its own crate.
#[derive(Default)]
struct Found {
    /// Paths, from the crate's root on.
    paths: BTreeSet<Vec<String>>,
    /// Names that it takes from somewhere else and passes on, and from where.
    exported: BTreeMap<String, Vec<String>>,
}

/// Collects the paths into the crate that a file of `module` has in it, outside of tests.
struct Reader<'a> {
    module: Module,
    /// The modules that are files: a path may begin with a child's name.
    files: &'a BTreeSet<Module>,
    found: Found,
}

impl Reader<'_> {
    /// The path from the crate's root on; `None` for what belongs to another crate or to the file itself.
    fn absolute(&self, segments: &[String]) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        let mut from = self.module.clone();
        match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" => {}
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                from.truncate(from.len().checked_sub(ups)?);
                return Some([&from[..], &segments[ups..]].concat());
            }
            child => {
                from.push(child.to_owned());
                return self.files.contains(&from).then(|| [&from[..], rest].concat());
            }
        }
        Some([&from[..], rest].concat())
    }

    fn refer(&mut self, segments: &[String]) {
        self.found.paths.extend(self.absolute(segments));
    }

    fn import(&mut self, tree: &syn::UseTree, before: &mut Vec<String>, exported: bool) {
        let leaf = |reader: &mut Self, name: Option<&syn::Ident>, known_as: Option<&syn::Ident>| {
            let name = name.filter(|name| *name != "self").map(ToString::to_string);
            let path: Vec<String> = before.iter().cloned().chain(name).collect();
            reader.refer(&path);
            if exported && let (Some(known_as), Some(path)) = (known_as, reader.absolute(&path)) {
                reader.found.exported.insert(known_as.to_string(), path);
            }
        };
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.import(&path.tree, before, exported);
                before.pop();
            }
            syn::UseTree::Name(name) => leaf(self, Some(&name.ident), Some(&name.ident)),
            syn::UseTree::Rename(rename) => leaf(self, Some(&rename.ident), Some(&rename.rename)),
            syn::UseTree::Glob(_) => leaf(self, None, None),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, before, exported));
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_for_tests(&module.attrs) {
            return;
        }
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) && item.leading_colon.is_none() {
            let exported = !matches!(item.vis, syn::Visibility::Inherited);
            self.import(&item.tree, &mut Vec::new(), exported);
        }
    }

    /// `pub(crate)` and the like import nothing.
    fn visit_visibility(&mut self, _visibility: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
            self.refer(&segments);
        }
        visit::visit_path(self, path);
    }
}

/// The Rust files below `source` and their modules; programs of their own are left out.
fn files(source: &Path) -> BTreeMap<Module, PathBuf> {
    let mut files = BTreeMap::new();
    let mut directories = vec![source.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let within = path.strip_prefix(source).unwrap().with_extension("");
            let mut module: Module = within.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if path.is_dir() {
                directories.extend((module != ["bin"]).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
                    module.pop();
                }
                files.insert(module, path);
            }
        }
    }
    files
}

/// Which files each file imports from.
fn imports(source: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let files = files(source);
    let modules: BTreeSet<Module> = files.keys().cloned().collect();
    let read = |(module, path): (&Module, &PathBuf)| {
        let text = std::fs::read_to_string(path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut reader = Reader { module: module.clone(), files: &modules, found: Found::default() };
        reader.visit_file(&file);
        (module.clone(), reader.found)
    };
    let found: BTreeMap<Module, Found> = files.iter().map(read).collect();
    let home = |path: &[String]| {
        let mut path = path.to_vec();
        // What a file only passes on is where it comes from. A chain of such files is short.
        for _ in 0..8 {
            let depth = (0..=path.len()).rev().find(|depth| modules.contains(&path[..*depth])).unwrap();
            let (module, rest) = path.split_at(depth);
            let passed_on = rest.first().and_then(|name| found[module].exported.get(name));
            match passed_on {
                Some(target) if target != &path => path = [&target[..], &rest[1..]].concat(),
                _ => return module.to_vec(),
            }
        }
        panic!("{} is passed on in a circle", path.join("::"))
    };
    let targets = |(module, of): (&Module, &Found)| {
        let targets = of.paths.iter().map(|path| home(path)).filter(|target| target != module);
        (module.clone(), targets.collect())
    };
    found.iter().map(targets).collect()
}

/// A circle among the files, the first file again at its end; `None` if there is none.
fn circle(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    /// The way from where the search began, and the files from which no circle is reached.
    fn follow(
        module: &Module,
        imports: &BTreeMap<Module, BTreeSet<Module>>,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> bool {
        if let Some(at) = way.iter().position(|before| before == module) {
            way.drain(..at);
            way.push(module.clone());
            return true;
        }
        if done.contains(module) {
            return false;
        }
        way.push(module.clone());
        if imports[module].iter().any(|next| follow(next, imports, way, done)) {
            return true;
        }
        way.pop();
        done.insert(module.clone());
        false
    }
    let mut done = BTreeSet::new();
    let spelled = |module: &Module| format!("crate::{}", module.join("::"));
    imports.keys().find_map(|module| {
        let mut way = Vec::new();
        follow(module, imports, &mut way, &mut done).then(|| way.iter().map(spelled).collect())
    })
}

#[test]
fn no_file_imports_in_a_circle() {
    for name in
        ["data_map", "harness", "json_path", "publishing", "reports", "scenarios", "shared_collections"]
    {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let imports = imports(&project.join(name).join("src"));
        assert!(imports.len() > 5, "{name} has few files: {imports:?}");
        assert_eq!(circle(&imports), None, "in {name}");
    }
}

#[test]
fn a_crate_that_builds_no_unit_tests_has_none() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut checked = 0;
    for bottleneck in directories(&root.join("impls")) {
        for contender in directories(&bottleneck) {
            let manifest = std::fs::read_to_string(contender.join("Cargo.toml")).unwrap();
            if !manifest.contains("\ntest = false\n") {
                continue;
            }
            checked += 1;
            for path in files(&contender.join("src")).values() {
                let text = std::fs::read_to_string(path).unwrap();
                let place = path.strip_prefix(root).unwrap().display();
                assert!(
                    !text.contains("#[test]") && !text.contains("cfg(test)"),
                    "{place} has tests that nothing runs"
                );
            }
        }
    }
    assert!(checked > 0);
}

fn directories(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn a_circle_is_found_through_whatever_passes_a_name_on() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    // The same circle can begin at any of its files.
    let found = || circle(&imports(home.path())).map(|way| way.into_iter().collect::<BTreeSet<String>>());
    file("lib.rs", "pub mod a; mod b; mod room; pub use b::Thing;");
    file("a.rs", "use crate::Thing; fn f(_: Thing) {}");
    file("b.rs", "pub struct Thing; #[cfg(test)] mod tests { use crate::a; use super::*; }");
    file("room/mod.rs", "pub mod inner; pub use inner::deep;");
    file("room/inner.rs", "pub fn deep() { crate::a::f(super::super::Thing) }");
    // The root passes `b::Thing` on: who imports it from there imports `b`.
    assert_eq!(found(), None);
    file("b.rs", "pub struct Thing; fn g() { crate::room::deep() }");
    let of = |files: &[&str]| Some(files.iter().map(|file| (*file).to_owned()).collect());
    assert_eq!(found(), of(&["crate::a", "crate::b", "crate::room::inner"]));
    file("b.rs", "use crate::{a::{self as other}}; pub struct Thing;");
    assert_eq!(found(), of(&["crate::a", "crate::b"]));
}
