//! Numbers as people read them. Rounding changes no figure by more than 0.5 %; the tables of totals show
//! the record's own numbers.

/// Narrow no-break space: groups digits and keeps a number and its prefix together.
const THIN: char = '\u{202f}';

/// The sign that stands where nothing was measured.
pub const ABSENT: &str = "–";

/// A value per operation: `0`, `0.0123`, `23.5`, `653`, `7 725`, `12.3 k`, `1.60 M`.
pub fn value(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ if !value.is_finite() => infinite(value),
        _ if value.abs() < 9_999.5 => significant(value),
        _ if value.abs() < 999_500.0 => format!("{}{THIN}k", significant(value / 1e3)),
        _ if value.abs() < 999_500_000.0 => format!("{}{THIN}M", significant(value / 1e6)),
        _ => format!("{}{THIN}G", significant(value / 1e9)),
    }
}

/// A ratio: `0.012×`, `0.18×`, `1.00×`, `12.3×`, `417×`.
pub fn ratio(value: f64) -> String {
    let number = match value {
        0.0 => "0".to_owned(),
        _ if !value.is_finite() => infinite(value),
        _ if value < 0.000_95 => "<0.001".to_owned(),
        _ if value < 0.0995 => format!("{value:.3}"),
        _ if value < 9.995 => format!("{value:.2}"),
        _ if value < 99.95 => format!("{value:.1}"),
        _ => self::value(value.round()),
    };
    format!("{number}×")
}

/// A share: `0 %`, `0.4 %`, `7.3 %`, `61 %`, `-12 %`.
pub fn percent(share: f64) -> String {
    let number = match share.abs() {
        _ if !share.is_finite() => infinite(share),
        size if size < 0.000_5 => "0".to_owned(),
        size if size < 0.0995 => format!("{:.1}", share * 1e2),
        size if size < 10.0 => format!("{:.0}", share * 1e2),
        _ => value(share * 1e2),
    };
    format!("{number}{THIN}%")
}

fn infinite(value: f64) -> String {
    if value.is_nan() { ABSENT.to_owned() } else { "∞".to_owned() }
}

/// Three significant digits, or four from 1,000 on, with the digits grouped.
fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size => (2 - size.log10().floor() as i32).clamp(0, 9) as usize,
    };
    let text = format!("{value:.decimals$}");
    match text.split_once('.') {
        Some(_) => text,
        None => grouped(&text),
    }
}

/// A count, exactly, digits grouped: `1 600 000`.
pub fn exact(count: u64) -> String {
    grouped(&count.to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && left.is_multiple_of(3) && !text.ends_with('-') {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// A size or an axis label: `8`, `100`, `1 k`, `1.5 k`, `4 096`, `100 k`, `1 M`.
pub fn size(size: u64) -> String {
    match size {
        0..1_000 => size.to_string(),
        _ if size.is_multiple_of(100_000_000) && size >= 1_000_000_000 => {
            format!("{}{THIN}G", size as f64 / 1e9)
        }
        _ if size.is_multiple_of(100_000) && size >= 1_000_000 => format!("{}{THIN}M", size as f64 / 1e6),
        _ if size.is_multiple_of(100) => format!("{}{THIN}k", size as f64 / 1e3),
        _ => exact(size),
    }
}

/// A tick of a value axis: `0`, `0.05`, `1`, `200`, `5 k`, `1 M`.
pub fn tick(value: f64) -> String {
    if value >= 1.0 && value.fract() == 0.0 && value < 1e15 {
        size(value as u64)
    } else {
        let text = format!("{value:.9}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match &names[..] {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

/// An RFC 3339 time without seconds: `2026-03-01 12:30 UTC`. Anything else as it is.
pub fn time(started: &str) -> String {
    match (started.get(..10), started.get(10..11), started.get(11..16)) {
        (Some(day), Some("T"), Some(minute)) if started.ends_with('Z') => format!("{day} {minute} UTC"),
        _ => started.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: String) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn values_keep_three_digits() {
        let cases = [
            (0.0, "0"),
            (0.012_34, "0.0123"),
            (1.0, "1.00"),
            (23.54, "23.5"),
            (99.96, "100"),
            (653.2, "653"),
            (7725.4, "7 725"),
            (9999.6, "10.0 k"),
            (12_345.0, "12.3 k"),
            (999_600.0, "1.00 M"),
            (1.6e9, "1.60 G"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "–"),
        ];
        for (number, expected) in cases {
            assert_eq!(plain(value(number)), expected, "{number}");
        }
    }

    #[test]
    fn ratios_say_more_the_closer_they_are_to_one() {
        let cases = [
            (0.0, "0×"),
            (0.0001, "<0.001×"),
            (0.0124, "0.012×"),
            (0.182, "0.18×"),
            (1.0, "1.00×"),
            (9.996, "10.0×"),
            (123.4, "123×"),
            (12_300.0, "12.3 k×"),
            (f64::INFINITY, "∞×"),
        ];
        for (number, expected) in cases {
            assert_eq!(plain(ratio(number)), expected, "{number}");
        }
    }

    #[test]
    fn shares_are_told_in_percent() {
        let cases = [
            (0.0, "0 %"),
            (-0.000_01, "0 %"),
            (0.004, "0.4 %"),
            (-0.0734, "-7.3 %"),
            (0.613, "61 %"),
            (1.0, "100 %"),
            (123.0, "12.3 k %"),
            (f64::INFINITY, "∞ %"),
        ];
        for (number, expected) in cases {
            assert_eq!(plain(percent(number)), expected, "{number}");
        }
    }

    #[test]
    fn sizes_and_ticks_are_short() {
        let sizes = [(8, "8"), (100, "100"), (1000, "1 k"), (1500, "1.5 k"), (4096, "4 096")];
        for (number, expected) in sizes.into_iter().chain([
            (100_000, "100 k"),
            (1_000_000, "1 M"),
            (100_000_000, "100 M"),
            (2_000_000_000, "2 G"),
        ]) {
            assert_eq!(plain(size(number)), expected);
        }
        assert_eq!(plain(tick(0.05)), "0.05");
        assert_eq!(plain(tick(2000.0)), "2 k");
        assert_eq!(plain(tick(1.5)), "1.5");
    }

    #[test]
    fn exact_numbers_lose_nothing() {
        assert_eq!(plain(exact(1_600_003)), "1 600 003");
    }

    #[test]
    fn times_lose_their_seconds() {
        assert_eq!(time("2026-03-01T12:30:59Z"), "2026-03-01 12:30 UTC");
        assert_eq!(time("yesterday"), "yesterday");
    }
}
