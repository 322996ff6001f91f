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
    ("path", "d=M-3-3H3V3H-3Z"),
    ("path", "d=M0-4.1,3.7,2.7H-3.7Z"),
    ("path", "d=M0-4.3,3.6,0,0,4.3-3.6,0Z"),
    ("path", "d=M0,4.1,3.7-2.7H-3.7Z"),
    ("path", "d=M-1.2-3.8H1.2V-1.2H3.8V1.2H1.2V3.8H-1.2V1.2H-3.8V-1.2H-1.2Z"),
    ("path", "d=M-3.6-2-2-3.6,0-1.6,2-3.6,3.6-2,1.6,0,3.6,2,2,3.6,0,1.6-2,3.6-3.6,2-1.6,0Z"),
    ("path", "d=M-3.9-1.6H3.9V1.6H-3.9Z"),
    ("path", "d=M-1.6-3.9H1.6V3.9H-1.6Z"),
    ("path", "d=M-4,0-2-3.5H2L4,0,2,3.5H-2Z"),
];

/// The same markers as the style clips them from a square of 10 pixels.
const CLIPS: [&str; 10] = [
    "circle(3.2px)",
    "inset(2px)",
    "polygon(5px .9px,8.7px 7.7px,1.3px 7.7px)",
    "polygon(5px .7px,8.6px 5px,5px 9.3px,1.4px 5px)",
    "polygon(5px 9.1px,8.7px 2.3px,1.3px 2.3px)",
    r#"path("M3.8 1.2H6.2V3.8H8.8V6.2H6.2V8.8H3.8V6.2H1.2V3.8H3.8Z")"#,
    r#"path("M1.4 3 3 1.4 5 3.4 7 1.4 8.6 3 6.6 5 8.6 7 7 8.6 5 6.6 3 8.6 1.4 7 3.4 5Z")"#,
    "inset(3.4px 1.1px)",
    "inset(1.1px 3.4px)",
    "polygon(1px 5px,3px 1.5px,7px 1.5px,9px 5px,7px 8.5px,3px 8.5px)",
];

/// A hidden `svg` with the markers `#k0` … of `shown`, which the charts of a page use.
pub fn markers(shown: impl IntoIterator<Item = usize>) -> String {
    sprite(shown, |svg, series, (element, shape)| write!(svg, "<{element} id=k{series} {shape} />"))
}

/// The same as `#m0` … for the style, which sets them at the vertices of a marked line.
pub fn line_markers(shown: impl IntoIterator<Item = usize>) -> String {
    sprite(shown, |svg, series, (element, shape)| {
        write!(svg, "<marker id=m{series} class=s{series}><{element} {shape} /></marker>")
    })
}

fn sprite(
    shown: impl IntoIterator<Item = usize>,
    marker: impl Fn(&mut String, usize, (&str, &str)) -> std::fmt::Result,
) -> String {
    let mut svg = r#"<svg class="sprite" aria-hidden="true">"#.to_owned();
    for series in shown {
        let _ = marker(&mut svg, series, MARKERS[series % MARKERS.len()]);
    }
    svg.push_str("</svg>");
    svg
}

/// The style that sets the markers of the first `most` series at the vertices of marked lines.
pub fn marked(most: usize) -> String {
    let rule = |series| format!(".plot > .s{series}:not(.f){{marker:url(#m{series})}}");
    (0..most).map(rule).collect()
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
        let clip = CLIPS[series % CLIPS.len()];
        let stripes = stripes(
            dashes.rsplit(':').next().filter(|dashes| !dashes.is_empty()).or(line.split("dash:").nth(1)),
        );
        let _ = write!(style, "{scope} .s{series}{{--c:{color};{line}{dashes};--k:{clip}{stripes}}}");
    }
    style
}

/// The background that looks like a line with such dashes: `5 3`. A whole line needs none.
fn stripes(dashes: Option<&str>) -> String {
    let Some(dashes) = dashes else { return String::new() };
    let (mut stops, mut at) = (String::new(), 0);
    for (index, length) in dashes.split(' ').enumerate() {
        let end = at + length.parse::<u32>().unwrap_or_default();
        let color = if index % 2 == 0 { "var(--c)" } else { "#0000" };
        let _ = write!(stops, ",{color} {at}px {end}px");
        at = end;
    }
    format!(";--z:repeating-linear-gradient(90deg{stops})")
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
