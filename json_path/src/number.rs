//! Numbers, compared by their mathematical values.

use std::cmp::Ordering;

use serde_json::Number;

/// A number: a 64-bit integer, signed or unsigned, or a double.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numeric {
    /// An integer of 64 bits, signed or not.
    Integer(i128),
    /// Any other number, as the double next to it.
    Float(f64),
}

impl From<&Number> for Numeric {
    #[inline]
    fn from(number: &Number) -> Self {
        if let Some(integer) = number.as_i64() {
            return Numeric::Integer(integer.into());
        }
        match number.as_u64() {
            Some(integer) => Numeric::Integer(integer.into()),
            None => Numeric::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }
}

impl Numeric {
    /// The number that a JSON number's text spells.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(integer) = text.parse::<i64>() {
            return Some(Numeric::Integer(integer.into()));
        }
        if let Ok(integer) = text.parse::<u64>() {
            return Some(Numeric::Integer(integer.into()));
        }
        text.parse().ok().map(Numeric::Float)
    }

    /// Compares the mathematical values.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Numeric::Integer(left), Numeric::Integer(right)) => Some(left.cmp(&right)),
            (Numeric::Float(left), Numeric::Float(right)) => left.partial_cmp(&right),
            (Numeric::Integer(left), Numeric::Float(right)) => compare_mixed(left, right),
            (Numeric::Float(left), Numeric::Integer(right)) => {
                compare_mixed(right, left).map(Ordering::reverse)
            }
        }
    }
}

fn compare_mixed(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // The cast saturates, far beyond every integer of 64 bits, and so the order is still right.
    match integer.cmp(&(float.trunc() as i128)) {
        Ordering::Equal => 0.0f64.partial_cmp(&float.fract()),
        order => Some(order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in order; those of one row are equal.
    const ORDERED: [&[&str]; 14] = [
        &["-1e400"],
        &["-1e300"],
        &["-9223372036854775809", "-9223372036854775808", "-9223372036854775808.0"],
        &["-9007199254740993"],
        &["-9007199254740992", "-9007199254740992.0"],
        &["-1.5", "-15e-1"],
        &["-1", "-1.0", "-1e0"],
        &["-1e-400", "-0", "0", "0.0", "-0.0", "0e9", "1e-400"],
        &["0.1", "1e-1", "0.10"],
        &["1", "1.0", "1e0", "1E+0", "10e-1"],
        &["9007199254740993"],
        &["18446744073709551615"],
        &["18446744073709551616", "18446744073709551616.0", "1.8446744073709551616e19"],
        &["1e400"],
    ];

    #[test]
    fn numbers_compare_by_their_values() {
        let all =
            || ORDERED.iter().enumerate().flat_map(|(row, texts)| texts.iter().map(move |text| (row, *text)));
        for (left, a) in all() {
            for (right, b) in all() {
                let compared = Numeric::parse(a).unwrap().compare(Numeric::parse(b).unwrap());
                assert_eq!(compared, Some(left.cmp(&right)), "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_number_of_a_document_is_what_its_literal_is() {
        for (_, text) in
            ORDERED.iter().enumerate().flat_map(|(row, texts)| texts.iter().map(move |t| (row, t)))
        {
            // Documents cannot hold numbers beyond the doubles.
            let Ok(number) = text.parse::<Number>() else { continue };
            assert_eq!(
                Numeric::from(&number).compare(Numeric::parse(text).unwrap()),
                Some(Ordering::Equal),
                "{text}"
            );
        }
    }
}
