//! The history as text for a terminal of 80 columns.

use crate::history::series::{Point, Series};
use crate::history::steps::{self, Step};

/// The width of a line. Only a name or a value that is longer exceeds it.
const WIDTH: usize = 80;

/// The series, value by value. Those of one cell and metric come one after the other.
///
/// `sparks`: whether the terminal shows block characters.
pub fn values(all: &[Series], sparks: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for own in all.chunk_by(|left, right| (&left.cell, left.metric) == (&right.cell, right.metric)) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(own[0].cell.to_string());
        lines.push(own[0].metric.heading());
        for (at, series) in own.iter().enumerate() {
            lines.extend(heading(own, at));
            if sparks && series.points.len() > 1 {
                lines.push(format!("  {}", sparkline(&series.points, WIDTH - 2)));
            }
            let steps = series.steps();
            for (at, point) in series.points.iter().enumerate() {
                let before = at.checked_sub(1).map(|before| &series.points[before]);
                let change = before.map_or_else(String::new, |before| change(before.value, point.value));
                let is_step = steps.iter().any(|step| step.at == at);
                let line = format!(
                    "  {:<16}  {:<11}  {:>16}  {change:>12}  {}",
                    time(&point.started),
                    revision(point),
                    number(point.value),
                    if is_step { "step" } else { "" }
                );
                lines.push(line.trim_end().to_owned());
            }
        }
    }
    lines
}

/// What is special of a series beside others of the same cell.
fn heading(own: &[Series], at: usize) -> Vec<String> {
    let series = &own[at];
    let mut text = match own.len() {
        1 => String::new(),
        several => format!("line {} of {several}, ", at + 1),
    };
    match at.checked_sub(1).map(|before| &own[before]) {
        None => text += &format!("{}", series.conditions),
        Some(before) => {
            let mut differences = series.conditions.differences(&before.conditions);
            differences.extend(series.work.differences(&before.work));
            text += &format!("not compared with the line before: {}", differences.join("; "));
        }
    }
    wrapped(&text, 2)
}

/// The steps of series, and in the last lines what was looked at.
pub fn changes(all: &[Series], records: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut found, mut with_steps) = (0, 0);
    for series in all {
        let steps = series.steps();
        if steps.is_empty() {
            continue;
        }
        found += steps.len();
        with_steps += 1;
        lines.push(format!("{} {}", series.cell, series.metric.about().word));
        for Step { at, before, after } in steps {
            let point = &series.points[at];
            // A count's levels are totals.
            let divisor = point.total.map_or(1.0, |_| series.work.ops as f64);
            let [before, after] = [before, after].map(|level| level / divisor);
            lines.push(format!(
                "  {:<16}  {:<11}  {:>14} -> {:<14}  {:>10}",
                time(&point.started),
                revision(point),
                number(before),
                number(after),
                change(before, after)
            ));
        }
    }
    if found > 0 {
        lines.push(String::new());
    }
    let (short, asked): (Vec<&Series>, Vec<&Series>) = all.iter().partition(|series| series.is_too_short());
    lines.extend(wrapped(
        &format!("{records} records, {} lines of values: {found} steps in {with_steps} of them", asked.len()),
        0,
    ));
    let same = |left: &Series, right: &Series| (&left.cell, left.metric) == (&right.cell, right.metric);
    let apart = all.chunk_by(|left, right| same(left, right)).filter(|own| own.len() > 1).count();
    if apart > 0 {
        lines.extend(wrapped(
            &format!(
                "{apart} cells have several lines of a metric: another compiler, Valgrind, C library, input, machine (for \
                 times) or other results begin a new line, and lines are never compared with each other"
            ),
            0,
        ));
    }
    let is_exact = |series: &&&Series| series.metric.about().meter.is_exact();
    let short_times = short.iter().filter(|series| !is_exact(series)).count();
    if short.len() > short_times {
        lines.push(format!("{} more lines have one value", short.len() - short_times));
    }
    if short_times > 0 {
        lines.push(format!(
            "{short_times} more lines of times have fewer than {} values, too few for a step",
            steps::LEAST_TIMES
        ));
    }
    let times = asked.iter().filter(|series| !is_exact(series)).count();
    if times > 0 {
        lines.extend(wrapped(
            &format!(
                "by chance, up to 4 % of lines of times have a step although nothing changed: here up to {} of {times}",
                (times as f64 * 0.04).ceil()
            ),
            0,
        ));
    }
    lines
}

/// Words in lines of at most [`WIDTH`] characters, indented. No word is broken.
fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(&indent)
        .subsequent_indent(&indent)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    let lines = textwrap::wrap(text, options);
    lines.into_iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The day and the minute of an RFC 3339 time.
fn time(started: &str) -> String {
    started.chars().take(16).map(|character| if character == 'T' { ' ' } else { character }).collect()
}

/// The first digits of a revision, with `+` where there were changes.
fn revision(point: &Point) -> String {
    let short: String = point.revision.chars().take(10).collect();
    let short = if short.is_empty() { "-".to_owned() } else { short };
    format!("{short}{}", if point.dirty { "+" } else { "" })
}

fn number(value: f64) -> String {
    // What is below a hundredth would look like nothing.
    if value != 0.0 && value.abs() < 0.1 { format!("{value:.4}") } else { format!("{value:.2}") }
}

fn change(before: f64, after: f64) -> String {
    let percent = (after / before - 1.0) * 100.0;
    match percent {
        _ if before == after => "same".to_owned(),
        _ if percent.is_finite() => format!("{percent:+.2} %"),
        _ => "new".to_owned(),
    }
}

/// The newest values as small bars, from the lowest value to the highest.
fn sparkline(points: &[Point], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let newest = &points[points.len().saturating_sub(width)..];
    let values = || newest.iter().map(|point| point.value);
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: f64| match high - low {
        0.0 => BARS[3],
        range => BARS[((value - low) / range * 7.0).round() as usize],
    };
    values().map(bar).collect()
}

/// Whether a terminal shows the characters of a sparkline: it is one, it can do more than print, and its character set is
/// UTF-8. The `locales` are the values of `LC_ALL`, `LC_CTYPE` and `LANG`; the first that is set counts.
pub fn shows_sparks(is_terminal: bool, term: &str, locales: [&str; 3]) -> bool {
    let locale = locales.into_iter().find(|locale| !locale.is_empty()).unwrap_or("").to_lowercase();
    is_terminal && term != "dumb" && (locale.contains("utf-8") || locale.contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metric;
    use crate::conditions::Conditions;
    use crate::history::series::Work;
    use crate::record::Fingerprint;

    fn series(metric: Metric, rustc: &str, values: &[u64]) -> Series {
        let fingerprint = Fingerprint {
            rustc: rustc.to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            isa: "sse3 ssse3 sse4.1 sse4.2 popcnt avx avx2 bmi1 bmi2 fma lzcnt".to_owned(),
            ..Fingerprint::default()
        };
        let point = |(at, value): (usize, &u64)| Point {
            record: format!("{at:016x}"),
            started: format!("2026-03-{:02}T12:30:59Z", at + 1),
            revision: "c1430b9f69ec576f80bf5c69333dce25a6b5324d".to_owned(),
            dirty: at == 1,
            value: *value as f64 / 1000.0,
            total: metric.about().meter.is_exact().then_some(*value),
        };
        Series {
            cell: "persistent_map/equality_of_versions/100000/hash_map_copy".parse().unwrap(),
            metric,
            conditions: Conditions::of(metric, &fingerprint, &[], None, None),
            work: Work { ops: 1000, digest: "0123456789abcdef".to_owned(), reference: String::new() },
            points: values.iter().enumerate().map(point).collect(),
        }
    }

    #[track_caller]
    fn assert_fits(lines: &[String]) {
        for line in lines {
            assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn every_value_has_a_line_that_fits() {
        let lines = values(
            &[
                series(Metric::Instructions, "rustc 1.91", &[356_132_000, 356_132_000, 400_000_000]),
                series(Metric::Instructions, "rustc 1.92", &[u64::MAX / 4]),
            ],
            true,
        );
        assert_fits(&lines);
        let expected = [
            "persistent_map/equality_of_versions/100000/hash_map_copy",
            "instructions per operation",
            "  line 1 of 2, rustc 1.91; target x86_64-unknown-linux-gnu; isa sse3 ssse3",
            "  sse4.1 sse4.2 popcnt avx avx2 bmi1 bmi2 fma lzcnt",
            "  ▁▁█",
            "  2026-03-01 12:30  c1430b9f69          356132.00",
            "  2026-03-02 12:30  c1430b9f69+         356132.00          same",
            "  2026-03-03 12:30  c1430b9f69          400000.00      +12.32 %  step",
            "  line 2 of 2, not compared with the line before: rustc: rustc 1.92 against",
            "  rustc 1.91",
            "  2026-03-01 12:30  c1430b9f69   4611686018427388.00",
        ];
        assert_eq!(lines, expected);
        assert!(values(&[series(Metric::Warm, "", &[1, 2])], false).iter().all(|line| !line.contains('▁')));
    }

    #[test]
    fn the_steps_are_listed_and_what_was_looked_at() {
        let times: Vec<u64> = (0..24).map(|at| if at < 12 { 100_000 } else { 150_000 } + at % 3).collect();
        let all = [
            series(Metric::Instructions, "rustc 1.91", &[0, 0, 400_000]),
            series(Metric::Instructions, "rustc 1.92", &[7]),
            series(Metric::Blocks, "rustc 1.91", &[7, 7]),
            series(Metric::Warm, "rustc 1.91", &times),
            series(Metric::Cold, "rustc 1.91", &times[..9]),
        ];
        let lines = changes(&all, 24);
        assert_fits(&lines);
        let expected = [
            "persistent_map/equality_of_versions/100000/hash_map_copy instructions",
            "  2026-03-03 12:30  c1430b9f69             0.00 -> 400.00                 new",
            "persistent_map/equality_of_versions/100000/hash_map_copy warm",
            "  2026-03-13 12:30  c1430b9f69           100.00 -> 150.00            +50.00 %",
            "",
            "24 records, 3 lines of values: 2 steps in 2 of them",
            "1 cells have several lines of a metric: another compiler, Valgrind, C library,",
            "input, machine (for times) or other results begin a new line, and lines are",
            "never compared with each other",
            "1 more lines have one value",
            "1 more lines of times have fewer than 10 values, too few for a step",
            "by chance, up to 4 % of lines of times have a step although nothing changed:",
            "here up to 1 of 1",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_sparkline_goes_from_the_lowest_to_the_highest_and_shows_the_newest() {
        let of = |values: &[u64], width| sparkline(&series(Metric::Warm, "", values).points, width);
        assert_eq!(of(&[0, 1, 2, 3, 4, 5, 6, 7], 80), "▁▂▃▄▅▆▇█");
        assert_eq!(of(&[5, 5, 5], 80), "▄▄▄");
        assert_eq!(of(&[9, 1, 2], 2), "▁█");
    }

    #[test]
    fn sparks_need_a_terminal_that_shows_them() {
        for (is_terminal, term, locales, expected) in [
            (true, "xterm", ["", "", "en_US.UTF-8"], true),
            (true, "xterm", ["C", "", "en_US.UTF-8"], false),
            (true, "xterm", ["", "C.utf8", "C"], true),
            (true, "dumb", ["", "", "en_US.UTF-8"], false),
            (true, "xterm", ["", "", ""], false),
            (false, "xterm", ["", "", "en_US.UTF-8"], false),
        ] {
            assert_eq!(shows_sparks(is_terminal, term, locales), expected, "{term} {locales:?}");
        }
    }

    #[test]
    fn small_values_and_large_changes_are_told() {
        assert_eq!([0.0, 0.012_34, 0.5, 12.345].map(number), ["0.00", "0.0123", "0.50", "12.35"]);
        assert_eq!(change(0.0, 0.0), "same");
        assert_eq!(change(0.0, 1.0), "new");
        assert_eq!(change(1.0, 0.0), "-100.00 %");
    }
}
