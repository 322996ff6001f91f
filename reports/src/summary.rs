//! The Markdown summary of a record, for the page of a CI job.

use std::fmt::Write;

use crate::metric::Metric;
use crate::record::{Failure, Record, Role, Skip};
use crate::render::verdict::sentences;
use crate::render::{format, parts};
use crate::verdict::verdict;
use crate::view::{BottleneckView, ScenarioView};

/// The summary: the failures, then for each bottleneck which of its parts pay if it has parts, the verdict, the ranking, and a table of instructions per operation. The
/// table has a row per scenario, at the largest size that its contenders have in common, and the lowest count is bold.
pub fn markdown(record: &Record) -> String {
    let mut text = "# Bottleneck Lab\n\n".to_owned();
    let fingerprint = &record.fingerprint;
    let _ = write!(text, "{}, profile {}", format::time(&record.started), plain(&record.profile));
    if !fingerprint.revision.is_empty() {
        let dirty = if fingerprint.dirty { " + changes" } else { "" };
        let _ = write!(text, ", revision {}{dirty}", plain(&fingerprint.revision));
    }
    let _ = writeln!(text, ", {} cells.", record.cells.len());
    if let Some(input) = &record.input {
        let _ = writeln!(
            text,
            "\nInput {}: {}, SHA-256 {}.",
            plain(&input.name),
            plain(&input.summary),
            input.sha256
        );
    }
    failures(&mut text, &record.failures);
    skipped(&mut text, &record.skipped);
    match BottleneckView::all(record) {
        Ok(views) => views.iter().for_each(|view| bottleneck(&mut text, view)),
        Err(error) => {
            let _ = writeln!(text, "\n**No tables**: {}", plain(&error.to_string()));
        }
    }
    text
}

fn failures(text: &mut String, failures: &[Failure]) {
    if failures.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## ❌ Failures: {}\n", failures.len());
    for Failure { subject, phase, message, trace } in failures {
        let _ = writeln!(text, "- **{}** ({}): {}", plain(subject), plain(phase), plain(message));
        for step in trace {
            let _ = writeln!(text, "  1. {}", plain(step));
        }
    }
}

fn skipped(text: &mut String, skipped: &[Skip]) {
    if skipped.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## Skipped: {}\n", skipped.len());
    for Skip { subject, message, .. } in skipped {
        let _ = writeln!(text, "- {}: {}", plain(subject), plain(message));
    }
}

fn bottleneck(text: &mut String, view: &BottleneckView<'_>) {
    let _ = writeln!(text, "\n## {}\n", plain(&view.info.title));
    if let Some(answer) = parts::outline(view) {
        let _ = writeln!(text, "{}\n", plain(&answer));
    }
    let verdict = verdict(view);
    for sentence in sentences(view, &verdict) {
        let _ = writeln!(text, "- {}", plain(&sentence));
    }
    let ranking = verdict.ranking;
    if ranking.rows.is_empty() {
        let _ = writeln!(text, "There is no cell group in which all contenders have an instruction count.");
        return;
    }
    text.push('\n');
    let standings = ranking.rows.iter().map(|row| {
        let name = plain(&view.contenders[row.contender].name);
        let apart = match &row.by_kind[..] {
            [Some(one_owner), Some(versions_kept)] => {
                format!(" ({}, {})", format::ratio(*one_owner), format::ratio(*versions_kept))
            }
            _ => String::new(),
        };
        format!("{}. {name} {}{apart}", row.place, format::ratio(row.score))
    });
    let standings: Vec<String> = standings.collect();
    let _ = writeln!(
        text,
        "Instructions per operation, geometric mean over {} cell groups, divided by the leader's{}: {}.\n",
        ranking.groups,
        match ranking.kinds.len() {
            2 =>
                "; in brackets, the ratios for scenarios with one owner and for those that keep every version, which count for half each",
            _ => "",
        },
        standings.join(" · ")
    );
    let names = view.contenders.iter().map(|contender| match contender.role {
        Role::Bound => format!("{} (bound)", plain(&contender.name)),
        _ => plain(&contender.name),
    });
    let names: Vec<String> = names.collect();
    let _ = writeln!(text, "| scenario | n | {} |", names.join(" | "));
    let _ = writeln!(text, "|---|--:|{}", "--:|".repeat(names.len()));
    for scenario in &view.scenarios {
        row(text, view, scenario);
    }
}

fn row(text: &mut String, view: &BottleneckView<'_>, scenario: &ScenarioView<'_>) {
    let contestants = view.contestants();
    let name = plain(&scenario.info.name);
    let Some(size) = scenario.largest_common_size(Metric::Instructions, &contestants) else {
        let _ = writeln!(
            text,
            "| {name} | {}",
            format!("{} |", format::ABSENT).repeat(view.contenders.len() + 1)
        );
        return;
    };
    let leaders = scenario.leaders(Metric::Instructions, size, &contestants);
    let values = (0..view.contenders.len()).map(|at| match scenario.value(Metric::Instructions, size, at) {
        None => format::ABSENT.to_owned(),
        Some(value) if leaders.contains(&at) => format!("**{}**", format::value(value)),
        Some(value) => format::value(value),
    });
    let values: Vec<String> = values.collect();
    let _ = writeln!(text, "| {name} | {} | {} |", format::size(size), values.join(" | "));
}

/// Text that Markdown shows as it is, on one line. (`_` inside a word needs no escape.)
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}
