//! How a contender looks everywhere on a page: its hue, marker and line.
//!
//! Optimized contenders and peers have hues; naive contenders and bounds are grey. The marker
//! distinguishes series without colour. The line shows the role: thick for optimized, thin for peers,
//! dashed for naive, dotted for bounds. Where there are more series than hues, those that have a hue again have long dashes.

use std::fmt::Write;

use crate::record::Role;
use crate::view::BottleneckView;

/// Number of hues in the style sheet (`--hue0` …).
const HUES: usize = 8;

/// The lines of the series that have a hue for the first time, for the second time, and so on.
const DASHES: [&str; 3] = ["", ";--dash:9 3", ";--dash:9 3 2 3"];

/// The markers, in series order, drawn around the origin: an element, and its attributes.
const MARKERS: [(&str, &str); 10] = [
    ("circle", "r=3.2"),
    ("path", r#"d="M-3-3H3V3H-3Z""#),
    ("path", r#"d="M0-4.1 3.7 2.7H-3.7Z""#),
    ("path", r#"d="M0-4.3 3.6 0 0 4.3-3.6 0Z""#),
    ("path", r#"d="M0 4.1 3.7-2.7H-3.7Z""#),
    ("path", r#"d="M-1.2-3.8H1.2V-1.2H3.8V1.2H1.2V3.8H-1.2V1.2H-3.8V-1.2H-1.2Z""#),
    ("path", r#"d="M-3.6-2 -2-3.6 0-1.6 2-3.6 3.6-2 1.6 0 3.6 2 2 3.6 0 1.6-2 3.6-3.6 2-1.6 0Z""#),
    ("path", r#"d="M-3.9-1.6H3.9V1.6H-3.9Z""#),
    ("path", r#"d="M-1.6-3.9H1.6V3.9H-1.6Z""#),
    ("path", r#"d="M-4 0-2-3.5H2L4 0 2 3.5H-2Z""#),
];

/// A hidden `svg` with the markers `#k0` … of `shown`, and `#l0` …: a piece of their lines with the marker in its middle.
/// A page has many of these, so each is one element there.
pub fn markers(shown: impl IntoIterator<Item = usize>) -> String {
    let mut svg =
        r#"<svg class="sprite" aria-hidden="true" width="0" height="0"><path id=l class=l d="M-11 0H11"/>"#
            .to_owned();
    for series in shown {
        let (element, shape) = MARKERS[series % MARKERS.len()];
        let _ = write!(
            svg,
            "<{element} id=k{series} {shape} /><g id=l{series}><use href=#l /><use href=#k{series} /></g>"
        );
    }
    svg.push_str("</svg>");
    svg
}

/// The style of the series of `view`, for elements inside `scope`.
pub fn style(view: &BottleneckView<'_>, scope: &str) -> String {
    let mut style = String::new();
    let mut hue = 0;
    for (series, contender) in view.contenders.iter().enumerate() {
        let mut round = 0;
        let (color, line) = match contender.role {
            Role::Naive => ("var(--naive)".to_owned(), "--w:1.4;--dash:5 3"),
            Role::Bound => ("var(--bound)".to_owned(), "--w:1.4;--dash:1 3"),
            Role::Optimized | Role::Peer => {
                let color = format!("var(--hue{})", hue % HUES);
                round = hue / HUES;
                hue += 1;
                (color, if contender.role == Role::Optimized { "--w:2.4" } else { "--w:1.2" })
            }
        };
        let dashes = DASHES[round % DASHES.len()];
        let _ = write!(style, "{scope} .s{series}{{--c:{color};{line}{dashes}}}");
    }
    style
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fixture::record;

    #[test]
    fn no_two_series_look_alike() {
        let names: Vec<String> = (0..19).map(|at| format!("c{at}")).collect();
        let contenders: Vec<(&str, Role)> = names.iter().map(|name| (name.as_str(), Role::Peer)).collect();
        let record = record(&contenders, &[("get", 10, "c0", 1)]);
        let views = BottleneckView::all(&record).unwrap();
        let style = style(&views[0], ".x");
        let looks: BTreeSet<&str> =
            style.split('}').filter_map(|rule| Some(rule.split_once('{')?.1)).collect();
        assert_eq!(looks.len(), contenders.len(), "{style}");
    }
}
