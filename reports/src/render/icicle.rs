//! Icicles: a bar of functions, as wide as they are dear, and below each function the library functions that it calls.
//!
//! Places are shares of the width and not units of a view box. So a drawing fills any width while its text keeps its size, and
//! a name is cut off where its box ends.

use std::fmt::Write;

use super::format;
use super::svg::escape;

/// A box of the upper row.
pub struct Part {
    /// What is written in it.
    pub name: String,
    /// What the pointer is told before the cost.
    pub title: String,
    /// Its cost.
    pub cost: f64,
    /// The boxes below it: names and costs, none of which is more than the part's own in sum.
    pub below: Vec<(String, f64)>,
}

/// A box needs this share of the width for a name.
const NAMED: f64 = 0.04;

/// A box needs this share of the width. What is smaller is nothing to point at.
pub const LEAST: f64 = 0.02;

/// A box of the lower row needs more, because it only says more of the one above.
const LEAST_BELOW: f64 = 0.03;

/// A bar: an `svg` element of class `s<series>`. `scale` is the cost that fills the width. `label` is plain text that describes
/// it to people who do not see it.
pub fn bar(series: usize, parts: &[Part], scale: f64, label: &str) -> String {
    let mut svg = format!(r#"<svg class=s{series} role=img aria-label="{}">"#, escape(label));
    let mut below = String::new();
    let mut at = 0.0;
    for part in parts {
        push_box(&mut svg, at / scale, part.cost / scale, &part.name, &part.title, part.cost);
        let mut from = at;
        for (name, cost) in &part.below {
            if cost / scale >= LEAST_BELOW {
                push_box(&mut below, from / scale, cost / scale, name, name, *cost);
            }
            from += cost;
        }
        at += part.cost;
    }
    if !below.is_empty() {
        let _ = write!(svg, "<g>{below}</g>");
    }
    svg.push_str("</svg>");
    svg
}

/// A box from `from` on. Its ends are rounded, and not its width, so that boxes touch each other.
fn push_box(svg: &mut String, from: f64, share: f64, name: &str, title: &str, cost: f64) {
    let [from, to] = [from, from + share].map(|end| (end.min(1.0) * 1e3).round() / 10.0);
    let width = ((to - from) * 10.0).round() / 10.0;
    if width == 0.0 {
        return;
    }
    // What begins at the left need not say so.
    let x = if from == 0.0 { String::new() } else { format!(" x={from}%") };
    let title = format!("<title>{} {}</title>", escape(title), format::value(cost));
    let _ = match share >= NAMED {
        true => {
            write!(svg, "<svg{x} width={width}%>{title}<rect/><text>{}</text></svg>", escape(name))
        }
        false => write!(svg, "<rect{x} width={width}%>{title}</rect>"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, cost: f64, below: &[(&str, f64)]) -> Part {
        let below = below.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect();
        Part { name: name.to_owned(), title: format!("{name} (x.rs)"), cost, below }
    }

    #[test]
    fn boxes_are_as_wide_as_they_are_dear_and_callees_lie_below_their_callers() {
        let parts = [
            part("a", 50.0, &[("malloc", 30.0), ("free", 5.9)]),
            part("<b>", 10.0, &[("c", 10.0)]),
            part("d", 1.0, &[]),
        ];
        assert_eq!(
            bar(3, &parts, 200.0, "\"x\""),
            concat!(
                r#"<svg class=s3 role=img aria-label="&quot;x&quot;">"#,
                "<svg width=25%><title>a (x.rs) 50.0</title><rect/><text>a</text></svg>",
                "<svg x=25% width=5%><title>&lt;b&gt; (x.rs) 10.0</title><rect/><text>&lt;b&gt;</text></svg>",
                "<rect x=30% width=0.5%><title>d (x.rs) 1.00</title></rect>",
                "<g><svg width=15%><title>malloc 30.0</title><rect/><text>malloc</text></svg>",
                "<svg x=25% width=5%><title>c 10.0</title><rect/><text>c</text></svg></g></svg>",
            )
        );
    }

    #[test]
    fn boxes_touch_each_other_and_end_where_the_whole_does() {
        let parts: Vec<Part> = (1..=30).map(|at| part("f", 1.0 / f64::from(at), &[])).collect();
        let whole: f64 = parts.iter().map(|part| part.cost).sum();
        let svg = bar(0, &parts, whole, "");
        let value = |text: &str, name: &str| -> f64 {
            text.split_once(name).unwrap().1.split('%').next().unwrap().parse().unwrap()
        };
        let mut end = 0.0;
        for place in svg.split('<').filter(|tag| tag.contains(" width=")) {
            let from = if place.contains(" x=") { value(place, " x=") } else { 0.0 };
            assert!((from - end).abs() < 1e-6, "{place}");
            end = from + value(place, " width=");
        }
        assert!((end - 100.0).abs() < 1e-6, "{end}");
    }
}
