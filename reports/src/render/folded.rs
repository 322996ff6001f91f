//! Tables that a page has as lines of text with tabs between the cells: a third of the bytes, and readable without a script,
//! which makes tables of them.
//!
//! The first line is the caption, the second one holds the heads of the columns. A dot before a value marks it, what stands
//! below it in a table follows in brackets, and a narrow space or a dash is one byte. Neighbours with the same cells share
//! them: each name but the last one stands on a line of its own, with a comma.

/// A caption, the heads of all columns, and each row's name and cells, as lines.
pub fn lines<'a>(
    caption: &str,
    (head, heads): (&str, Vec<String>),
    rows: impl Iterator<Item = (&'a str, Vec<String>)>,
) -> String {
    let mut text = format!("{caption}\n{head}");
    push(&mut text, &heads);
    let mut rows = rows.peekable();
    while let Some((name, cells)) = rows.next() {
        // A name with a tab or a line's end would be two.
        text.push('\n');
        text.push_str(&name.replace(['\t', '\n', '\r'], " "));
        match rows.peek() {
            Some((_, next)) if *next == cells => text.push(','),
            _ => push(&mut text, &cells),
        }
    }
    text
}

/// A ratio in a column of them, which needs no sign.
pub fn ratio(text: &str) -> &str {
    text.strip_suffix('×').unwrap_or(text)
}

fn push(text: &mut String, cells: &[String]) {
    for cell in cells {
        text.push('\t');
        text.push_str(&cell.replace('\u{202f}', " ").replace('–', "-"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_lines_with_tabs() {
        let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [
            ("im", owned(&["·1\u{202f}575 (1\u{202f}500–1\u{202f}600)", "–"])),
            ("a\tb", owned(&["0", "1.00×"])),
            ("c", owned(&["0", "1.00×"])),
            ("d", owned(&["0", "–"])),
        ];
        let text = lines("Time, ns – all", ("n =", owned(&["1\u{202f}k", "÷"])), rows.into_iter());
        let expected = "Time, ns – all\nn =\t1 k\t÷\nim\t·1 575 (1 500-1 600)\t-\na b,\nc\t0\t1.00×\nd\t0\t-";
        assert_eq!(text, expected);
    }
}
