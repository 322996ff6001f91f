//! A ratio and the shade of its background.

use super::format;

/// A ratio as it is shown.
#[derive(Clone)]
pub struct Ratio {
    /// The number. It is always printed, because the shade is only an aid for the eye.
    pub text: String,
    /// Class of the shade: `b1`…`b3` below one (blue), `w1`…`w4` above (orange), empty within 5 %.
    pub tint: &'static str,
}

impl Ratio {
    /// The ratio `value`.
    pub fn new(value: f64) -> Self {
        let tint = match value.log2() {
            doublings if doublings.is_nan() => "",
            doublings if doublings < -2.0 => "b3",
            doublings if doublings < -1.0 => "b2",
            doublings if doublings < -0.07 => "b1",
            doublings if doublings < 0.07 => "",
            doublings if doublings < 1.0 => "w1",
            doublings if doublings < 2.0 => "w2",
            doublings if doublings < 3.5 => "w3",
            _ => "w4",
        };
        Ratio { text: format::ratio(value), tint }
    }
}
