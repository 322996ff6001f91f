//! Nothing that is committed tells where it was made.

use std::path::Path;

use reports::baseline;

/// A function is called `name (file)`, or `name` alone. Its file is within the project or a crate: another
/// checkout's gate could not find it again otherwise.
#[test]
fn functions_of_the_baseline_have_no_path_of_a_machine() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let baseline = baseline::read(&project.join("reports/baselines")).unwrap();
    let mut functions = 0;
    for (cell, entry) in &baseline.cells {
        for function in entry.functions.keys() {
            functions += 1;
            let file = function.rsplit_once(" (").map_or("", |(_, file)| file);
            assert!(!file.starts_with('/') && !file.contains("/../"), "{cell}: {function}");
            for of_a_machine in ["/registry/src/", "/rust/deps/", "/rustc/", "/home/", "/root/"] {
                assert!(!function.contains(of_a_machine), "{cell}: {function}");
            }
        }
    }
    assert!(functions > baseline.cells.len(), "{functions} functions");
}
