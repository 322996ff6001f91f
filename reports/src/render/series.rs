//! How a contender looks everywhere on a page: its hue, marker and line.
//!
//! Optimized contenders and peers have hues; naive contenders and bounds are grey. The marker
//! distinguishes series without colour. The line shows the role: thick for optimized, thin for peers,
//! dashed for naive, dotted for bounds.

use std::fmt::Write;

use crate::record::Role;
use crate::view::BottleneckView;

/// Number of hues in the style sheet (`--hue0` …).
const HUES: usize = 8;

/// The markers, in series order, drawn around the origin.
const MARKERS: [&str; 10] = [
    r#"<circle r="3.2"/>"#,
    r#"<path d="M-3-3H3V3H-3Z"/>"#,
    r#"<path d="M0-4.1 3.7 2.7H-3.7Z"/>"#,
    r#"<path d="M0-4.3 3.6 0 0 4.3-3.6 0Z"/>"#,
    r#"<path d="M0 4.1 3.7-2.7H-3.7Z"/>"#,
    r#"<path d="M-1.2-3.8H1.2V-1.2H3.8V1.2H1.2V3.8H-1.2V1.2H-3.8V-1.2H-1.2Z"/>"#,
    r#"<path d="M-3.6-2 -2-3.6 0-1.6 2-3.6 3.6-2 1.6 0 3.6 2 2 3.6 0 1.6-2 3.6-3.6 2-1.6 0Z"/>"#,
    r#"<path d="M-3.9-1.6H3.9V1.6H-3.9Z"/>"#,
    r#"<path d="M-1.6-3.9H1.6V3.9H-1.6Z"/>"#,
    r#"<path d="M-4 0-2-3.5H2L4 0 2 3.5H-2Z"/>"#,
];

/// A hidden `svg` with the markers `#k0` … of `count` series.
pub fn markers(count: usize) -> String {
    let mut svg = r#"<svg class="sprite" aria-hidden="true" width="0" height="0">"#.to_owned();
    for series in 0..count {
        let _ = write!(svg, r#"<g id="k{series}">{}</g>"#, MARKERS[series % MARKERS.len()]);
    }
    svg.push_str("</svg>");
    svg
}

/// The style of the series of `view`, for elements inside `scope`.
pub fn style(view: &BottleneckView<'_>, scope: &str) -> String {
    let mut style = String::new();
    let mut hue = 0;
    for (series, contender) in view.contenders.iter().enumerate() {
        let (color, line) = match contender.role {
            Role::Naive => ("var(--naive)".to_owned(), "--w:1.4;--dash:5 3"),
            Role::Bound => ("var(--bound)".to_owned(), "--w:1.4;--dash:1 3"),
            Role::Optimized | Role::Peer => {
                let color = format!("var(--hue{})", hue % HUES);
                hue += 1;
                (color, if contender.role == Role::Optimized { "--w:2.4" } else { "--w:1.2" })
            }
        };
        let _ = write!(style, "{scope} .s{series}{{--c:{color};{line}}}");
    }
    style
}
