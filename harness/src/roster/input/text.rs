//! Text in lines, whoever wrote it: with a byte-order mark or without, with the line ends of Unix or of Windows.

/// The text of a file. A byte-order mark at its beginning is not part of it.
///
/// # Errors
/// If it is not UTF-8, or holds a zero byte: where.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, String> {
    // UTF-32 begins with the mark of UTF-16.
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(
            "it is not UTF-8 but UTF-16 or UTF-32, as its first two bytes say: `iconv -f UTF-16 -t UTF-8` \
                    converts it"
                .to_owned(),
        );
    }
    let bytes = bytes.strip_prefix(MARK.as_bytes()).unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!("{}: a zero byte, which no text has", place(bytes, at)));
    }
    std::str::from_utf8(bytes).map_err(|error| format!("{}: not UTF-8", place(bytes, error.valid_up_to())))
}

/// The byte-order mark of UTF-8.
const MARK: &str = "\u{feff}";

/// Line and byte in it, both counted from 1.
fn place(bytes: &[u8], at: usize) -> String {
    let before = &bytes[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    format!("line {line}, byte {}", at - start + 1)
}

/// Hands out the lines of a text, without their ends: `\n` or `\r\n`. Empty lines at its end do not
/// count.
///
/// # Errors
/// If there is none, one is empty or holds what no line does, or `take` refuses one: where.
pub(super) fn each_line<'a>(
    text: &'a str,
    mut take: impl FnMut(&'a str) -> Result<(), String>,
) -> Result<(), String> {
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    for (at, line) in text.split('\n').enumerate() {
        let number = at + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Err(format!("line {number} is empty"));
        }
        if let Some(byte) = line.find('\r') {
            return Err(format!(
                "line {number}, byte {}: a carriage return without a line feed; if all lines end so, `tr '\\r' '\\n'` \
                 converts them",
                byte + 1
            ));
        }
        if line.starts_with(MARK) {
            return Err(format!("line {number}, byte 1: a byte-order mark in the middle of the file"));
        }
        take(line).map_err(|what| format!("line {number}: {what}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<&str>, String> {
        let mut lines = Vec::new();
        each_line(decode(bytes)?, |line| {
            lines.push(line);
            if line == "wrong" { Err("it is wrong".to_owned()) } else { Ok(()) }
        })?;
        Ok(lines)
    }

    #[test]
    fn lines_are_read_whoever_wrote_them() {
        let cases: [(&[u8], &[&str]); 12] = [
            (b"a\nb\n", &["a", "b"]),
            (b"a\nb", &["a", "b"]),
            (b"a\r\nb\r\n", &["a", "b"]),
            (b"a\r\nb\nc", &["a", "b", "c"]),
            (b"a\nb\n\n\n", &["a", "b"]),
            (b"a\r\n\r\n", &["a"]),
            (b"a\n\r\n\n", &["a"]),
            (b"\xef\xbb\xbfa\nb\n", &["a", "b"]),
            (b"\xef\xbb\xbfa\r\n", &["a"]),
            (b" a \n \n", &[" a ", " "]),
            ("é\n\u{2028}\n".as_bytes(), &["é", "\u{2028}"]),
            (b"a\r", &["a"]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes), Ok(expected.to_vec()), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_line_is_refused_with_its_place() {
        let cases: [(&[u8], &str); 16] = [
            (b"a\r\nwrong\r\nb", "line 2: it is wrong"),
            (b"", "it is empty"),
            (b"\n", "it is empty"),
            (b"\r\n\n", "it is empty"),
            (b"\xef\xbb\xbf", "it is empty"),
            (b"\na\n", "line 1 is empty"),
            (b"a\n\nb\n", "line 2 is empty"),
            (b"a\r\n\r\nb\r\n", "line 2 is empty"),
            (b"a\rb\rc\r", "line 1, byte 2: a carriage return"),
            (b"a\nbc\rd\n", "line 2, byte 3: a carriage return"),
            (b"a\nb\0\n", "line 2, byte 2: a zero byte"),
            (b"a\nb\nc\xff\n", "line 3, byte 2: not UTF-8"),
            (b"a\n\xc3", "line 2, byte 1: not UTF-8"),
            (b"\xff\xfea\0\n\0", "UTF-16"),
            (b"\xfe\xff\0a\0\n", "`iconv -f UTF-16 -t UTF-8`"),
            (b"a\n\xef\xbb\xbfb\n", "line 2, byte 1: a byte-order mark"),
        ];
        for (bytes, words) in cases {
            let refused = read(bytes).unwrap_err();
            assert!(refused.contains(words), "`{words}` is not in `{refused}`");
        }
    }
}
