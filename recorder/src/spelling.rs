//! How keys and values become words of a trace.

use std::fmt::{self, Debug, Display, Write};

/// The word for a key or a value is appended to the text.
pub(crate) type Spell<T> = fn(&T, &mut String);

/// A key's own text.
pub(crate) fn displayed<T: Display>(key: &T, text: &mut String) {
    // Writing to a String does not fail. A `Display` that fails leaves what it wrote before.
    let _ = write!(text, "{key}");
}

/// A fingerprint of a value's debug text, in decimal digits.
pub(crate) fn fingerprinted<T: Debug>(value: &T, text: &mut String) {
    let mut fingerprint = Fnv(0xcbf2_9ce4_8422_2325);
    let _ = write!(fingerprint, "{value:?}");
    let _ = write!(text, "{}", fingerprint.0);
}

/// The hash FNV-1a of 64 bits. It is the same in every process and on every machine.
struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

/// Appends a space and a word. A word is bare if it can be, and a JSON string otherwise.
pub(crate) fn push_word(line: &mut String, word: &str) {
    line.push(' ');
    if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
        line.push_str(word);
        return;
    }
    line.push('"');
    for character in word.chars() {
        match character {
            '"' | '\\' => line.extend(['\\', character]),
            '\u{20}'.. => line.push(character),
            control => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_through_json() {
        let bare = ["a", "17", "#", "a\\b", "{x:1}", "'", "~"];
        let quoted = [
            "", " ", "a b", "a\tb", "a\nb", "\r", "\"", "a\"b", "\\ \\", "é", "\u{0}", "\u{1f}", "\u{7f}",
            "\u{2028}", "🙂",
        ];
        for word in bare {
            let mut line = "get 0".to_owned();
            push_word(&mut line, word);
            assert_eq!(line, format!("get 0 {word}"));
        }
        for word in quoted {
            let mut line = String::new();
            push_word(&mut line, word);
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<String>(&line[1..]).unwrap(), word);
        }
    }

    #[test]
    fn fingerprints_are_those_of_the_published_hash() {
        let of = |text: &str| {
            let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
            hash.write_str(text).unwrap();
            hash.0
        };
        assert_eq!(
            [of(""), of("a"), of("foobar")],
            [0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8]
        );
        let mut word = String::new();
        fingerprinted(&'a', &mut word);
        assert_eq!(word, of("'a'").to_string());
    }
}
