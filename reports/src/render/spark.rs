//! Sparklines: how a value went from record to record, as steps.

use std::fmt::Write;

/// Width and height of the view box.
const SIZE: (f64, f64) = (100.0, 18.0);
/// The space above and below, for the stroke.
const MARGIN: f64 = 2.0;
/// The least range of the scale, as a ratio, so that a change that is small looks small.
const LEAST_RANGE: f64 = 1.1;

/// A drawing of values, each with the index of its record, of which there are so many. It says nothing to people who do not
/// see it: the numbers stand beside it.
pub fn spark(values: &[(usize, f64)], records: usize) -> String {
    let numbers = || values.iter().map(|(_, value)| *value);
    let low = numbers().fold(f64::INFINITY, f64::min);
    let high = numbers().fold(f64::NEG_INFINITY, f64::max);
    let missing = (LEAST_RANGE * low - high).max(0.0) / 2.0;
    let (low, high) = (low - missing, high + missing);
    let x = |record: usize| SIZE.0 * record as f64 / (records.max(2) - 1) as f64;
    let y = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        SIZE.1 - MARGIN - share * (SIZE.1 - 2.0 * MARGIN)
    };
    let mut path = String::new();
    let mut before = None;
    for (record, value) in values {
        let (x, y) = (x(*record).round(), (y(*value) * 10.0).round() / 10.0);
        match before {
            None => drop(write!(path, "M{x} {y}")),
            // A value holds until the record that changes it.
            Some(before) if before != y => drop(write!(path, "H{x}V{y}")),
            Some(_) => {}
        }
        before = Some(y);
    }
    // The newest value holds until now.
    let _ = write!(path, "H{}", SIZE.0 + MARGIN);
    let (width, height) = (SIZE.0 + MARGIN, SIZE.1);
    format!(r#"<svg class=spark viewBox="0 0 {width} {height}" aria-hidden=true><path d="{path}"/></svg>"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[(usize, f64)], records: usize) -> String {
        let svg = spark(values, records);
        let (_, rest) = svg.split_once(" d=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    #[test]
    fn a_value_holds_until_it_changes() {
        assert_eq!(path(&[(0, 10.0), (1, 10.0), (2, 20.0), (4, 20.0)], 5), "M0 16H50V2H102");
        // It begins where it was measured first.
        assert_eq!(path(&[(2, 20.0), (3, 10.0)], 5), "M50 2H75V16H102");
    }

    #[test]
    fn a_small_change_looks_small_and_none_is_a_line_in_the_middle() {
        assert_eq!(path(&[(0, 5.0), (1, 5.0)], 2), "M0 9H102");
        assert_eq!(path(&[(0, 0.0)], 1), "M0 9H102");
        let text = path(&[(0, 100.0), (1, 101.0)], 2);
        let y: Vec<f64> = text.split(['M', 'V', 'H', ' ']).filter_map(|number| number.parse().ok()).collect();
        assert!(y[1] - y[3] > 0.5 && y[1] - y[3] < 2.0, "{text}");
    }
}
