//! Undo and redo: the history of a document is a list of versions, which share what did not change.
//!
//! ```sh
//! cargo run -p collections --example undo
//! ```

use persistent_collections::{Vector, vector};

/// A text by lines, and the versions before and after the present one.
struct Editor {
    lines: Vector<String>,
    past: Vec<Vector<String>>,
    future: Vec<Vector<String>>,
}

impl Editor {
    fn new(lines: Vector<String>) -> Self {
        Editor { lines, past: Vec::new(), future: Vec::new() }
    }

    /// Changes the lines, and keeps the version before. It takes as much memory as the change copies, not as the text.
    fn edit(&mut self, change: impl FnOnce(&mut Vector<String>)) {
        self.past.push(self.lines.clone());
        self.future.clear();
        change(&mut self.lines);
    }

    /// Goes back to the version before. Returns whether there was one.
    fn undo(&mut self) -> bool {
        let Some(version) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.lines, version));
        true
    }

    /// Takes an undo back. Returns whether there was one.
    fn redo(&mut self) -> bool {
        let Some(version) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.lines, version));
        true
    }
}

fn main() {
    let mut editor = Editor::new((0..10_000).map(|line| format!("line {line}")).collect());
    let opened = editor.lines.clone();

    editor.edit(|lines| drop(lines.set(5_000, "changed".to_owned())));
    editor.edit(|lines| lines.insert(0, "title".to_owned()));
    editor.edit(|lines| lines.append(vector!["the end".to_owned()]));
    assert_eq!((editor.lines.len(), editor.lines[5_001].as_str()), (10_002, "changed"));

    while editor.undo() {}
    assert!(editor.lines.ptr_eq(&opened));

    editor.redo();
    assert_eq!((editor.lines.len(), editor.lines[5_000].as_str()), (10_000, "changed"));

    // A new change after an undo: what was undone is gone.
    editor.edit(|lines| lines.truncate(1));
    assert!(!editor.redo());
    println!("{} version(s) to go back to, {} line(s) now", editor.past.len(), editor.lines.len());
}
