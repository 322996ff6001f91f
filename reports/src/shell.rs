//! Command lines as texts that a shell takes apart into the same words.

/// Characters that mean nothing to a shell, wherever they stand in a word.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-+./:@,%=".contains(character)
}

/// A word as a shell reads it: as it is, or in single quotes.
fn quoted(word: &str) -> String {
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The text of a command. A shell into which it is pasted reads these words again.
pub fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words of a command; `None` if it is not a whole one.
pub fn words(command: &str) -> Option<Vec<String>> {
    shlex::split(command)
}

/// Takes an option out of the words of a command. Returns its value, which is empty if there is none.
pub fn take_option(words: &mut Vec<String>, option: &str) -> Option<String> {
    let at = words.iter().position(|word| word == option)?;
    words.drain(at..words.len().min(at + 2)).nth(1).or_else(|| Some(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_taken_with_its_value() {
        let cases: [(&str, &str, Option<&str>); 5] = [
            ("run a --shard 2/3 b", "run a b", Some("2/3")),
            ("--shard 2/3", "", Some("2/3")),
            ("run --shard", "run", Some("")),
            ("run a", "run a", None),
            ("", "", None),
        ];
        for (text, rest, value) in cases {
            let mut left = words(text).unwrap();
            assert_eq!(take_option(&mut left, "--shard").as_deref(), value, "{text}");
            assert_eq!(left.join(" "), rest);
        }
    }

    const WORDS: [&str; 30] = [
        "plain",
        "",
        " ",
        "two words",
        "persistent_map/get_*/**",
        "a?",
        "[ab]",
        "{a,b}",
        "8,100",
        "it's",
        "''",
        "\"quoted\"",
        "$HOME",
        "$(touch made)",
        "`touch made`",
        "back\\slash",
        "a\nb",
        "\t",
        "-x",
        "--",
        "~",
        "#comment",
        "!history",
        "a=b",
        "100%",
        "a;b",
        "a&b|c>d<e",
        "(a)",
        "Größe",
        "…/日本",
    ];

    #[test]
    fn words_are_read_as_they_were_written() {
        assert_eq!(words(&command(WORDS)).unwrap(), WORDS);
        for word in WORDS {
            assert_eq!(words(&command([word])).unwrap(), [word]);
        }
    }

    #[test]
    fn a_shell_reads_the_same_words() {
        for shell in ["sh", "bash"] {
            let script = format!("printf '%s\\0' {}", command(WORDS));
            let printed = std::process::Command::new(shell).args(["-c", &script]).output().unwrap();
            let printed = String::from_utf8(printed.stdout).unwrap();
            let read: Vec<&str> = printed.split_terminator('\0').collect();
            assert_eq!(read, WORDS, "{shell}");
        }
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        let plain = "scripts/just lab run persistent_map/get_hit --size 8,100 --profile quick --shard 1/2";
        assert_eq!(command(plain.split(' ')), plain);
    }

    #[test]
    fn half_a_command_has_no_words() {
        assert_eq!(words("lab run 'a"), None);
        assert_eq!(words("lab run \"a"), None);
    }
}
