//! A logarithmic axis that has a place for zero.

/// The places of the values of one axis, and which of them get a label.
///
/// Zero has no logarithm, but a contender that allocates nothing has the value zero. So zero gets a
/// place of its own below the smallest positive value, and the label 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Lower end, positive.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Where zero is drawn, if there is one.
    pub zero: Option<f64>,
    /// Labelled places (for zero, its place).
    pub ticks: Vec<f64>,
}

impl Axis {
    /// An axis for `values`; `None` where none of them is positive and finite.
    ///
    /// `margin` is the factor left free at both ends; `ticks` chooses labels from the range of the
    /// values.
    fn new(values: &[f64], margin: f64, ticks: impl FnOnce(f64, f64) -> Vec<f64>) -> Option<Self> {
        let positive = values.iter().copied().filter(|value| *value > 0.0 && value.is_finite());
        let least = positive.clone().min_by(f64::total_cmp)?;
        let most = positive.max_by(f64::total_cmp)?;
        let (mut low, high) = (least / margin, most * margin);
        let mut ticks = ticks(low, high);
        let zero = values.contains(&0.0).then(|| {
            // Far enough below that nobody takes it for a small number, and near enough to stay in sight.
            let place = least / (most / least).powf(0.2).max(3.0);
            low = place / margin;
            ticks.insert(0, place);
            place
        });
        Some(Axis { low, high, zero, ticks })
    }

    /// An axis that labels exactly the values themselves: sizes.
    pub fn of_sizes(sizes: &[u64]) -> Option<Self> {
        let values: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
        let own = values.iter().copied().filter(|value| *value > 0.0).collect();
        Axis::new(&values, 1.35, |_, _| own)
    }

    /// An axis that labels round numbers: powers of ten, or finer where the range is short.
    pub fn of_values(values: &[f64]) -> Option<Self> {
        Axis::new(values, 1.25, round_numbers)
    }

    /// The place at which `value` is drawn; `None` for a value that cannot be drawn.
    pub fn place(&self, value: f64) -> Option<f64> {
        if value == 0.0 { self.zero } else { (value > 0.0 && value.is_finite()).then_some(value) }
    }

    /// Whether `place` is that of zero.
    pub fn is_zero(&self, place: f64) -> bool {
        self.zero == Some(place)
    }
}

/// Round numbers within a range: three to six of them where the range has that many. They are powers
/// of ten if the range spans enough of those, and finer steps otherwise.
fn round_numbers(low: f64, high: f64) -> Vec<f64> {
    const FINE: &[f64] = &[1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let ladder = |steps: &[f64]| -> Vec<f64> {
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let numbers =
            decades.flat_map(|decade| {
                // Dividing keeps 0.2 at 0.2, where multiplying by 10⁻¹ would not.
                steps.iter().map(move |step| {
                    if decade < 0 { step / 10f64.powi(-decade) } else { step * 10f64.powi(decade) }
                })
            });
        numbers.filter(|number| (low..=high).contains(number)).collect()
    };
    let tens = ladder(&[1.0]);
    if tens.len() >= 3 {
        let stride = tens.len().div_ceil(6);
        return tens.into_iter().step_by(stride).collect();
    }
    let ladders = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], FINE].map(ladder);
    ladders.into_iter().find(|numbers| (3..=6).contains(&numbers.len())).unwrap_or(tens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_range_is_labelled_in_powers_of_ten_and_a_short_one_finely() {
        assert_eq!(Axis::of_values(&[30.0, 40_000.0]).unwrap().ticks, [100.0, 1e3, 1e4]);
        assert_eq!(Axis::of_values(&[3.0, 40.0]).unwrap().ticks, [5.0, 10.0, 20.0, 50.0]);
        assert_eq!(Axis::of_values(&[0.02, 1.5]).unwrap().ticks, [0.02, 0.05, 0.1, 0.2, 0.5, 1.0]);
        assert_eq!(Axis::of_values(&[0.0138, 3.9]).unwrap().ticks, [0.03, 0.1, 0.3, 1.0, 3.0]);
        assert_eq!(Axis::of_values(&[20.0, 21.0]).unwrap().ticks, [16.0, 18.0, 20.0, 25.0]);
        assert!(Axis::of_values(&[1e-6, 1e9]).unwrap().ticks.len() <= 8);
    }

    #[test]
    fn zero_has_a_place_below_everything() {
        let axis = Axis::of_values(&[0.0, 2.0, 200.0]).unwrap();
        let zero = axis.place(0.0).unwrap();
        assert!(axis.low < zero && zero <= 2.0 / 3.0);
        assert!(axis.is_zero(axis.ticks[0]));
        assert_eq!(axis.place(2.0), Some(2.0));
        assert_eq!(axis.place(f64::NAN), None);
    }

    #[test]
    fn nothing_positive_needs_no_axis() {
        assert_eq!(Axis::of_values(&[0.0, 0.0]), None);
        assert_eq!(Axis::of_values(&[]), None);
    }

    #[test]
    fn one_size_still_spans_a_range() {
        let axis = Axis::of_sizes(&[100]).unwrap();
        assert!(axis.low < 100.0 && axis.high > 100.0);
        assert_eq!(axis.ticks, [100.0]);
    }
}
