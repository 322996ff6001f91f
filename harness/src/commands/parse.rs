//! Parsers for values of the command line.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use reports::{CellName, Meter, Metric};

/// A cell's name.
///
/// # Errors
/// If the text is not a cell's name; the message is one line and says why.
pub fn cell_name(text: &str) -> Result<CellName, String> {
    text.parse().map_err(|error: reports::cell_name::NotACell| error.to_string())
}

/// The words of meters that are no more, and of the one that measures the same.
const OLD_METERS: [&str; 2] = ["wall", "paired"];

/// A meter, parsed from its word.
pub fn meter() -> impl TypedValueParser<Value = Meter> {
    let words = Meter::ALL.map(|meter| PossibleValue::new(meter.as_str()).help(meter.help()));
    let old = OLD_METERS.map(|word| PossibleValue::new(word).hide(true));
    PossibleValuesParser::new(words.into_iter().chain(old)).try_map(|word| {
        if OLD_METERS.contains(&word.as_str()) {
            return Err(format!(
                "`{word}` and `{}` are one meter now, called `time`: it finds times and ratios",
                if word == "wall" { "paired" } else { "wall" }
            ));
        }
        word.parse::<Meter>().map_err(|error| error.to_string())
    })
}

/// The words of metrics that are no more, and what they are called now.
const OLD_METRICS: [(&str, &str); 3] = [("wall", "warm"), ("paired", "warm-ratio"), ("time", "warm")];

/// A metric, parsed from its word.
pub fn metric() -> impl TypedValueParser<Value = Metric> {
    let words = Metric::ALL.iter().map(|metric| metric.about());
    let words = words.map(|about| PossibleValue::new(about.word).help(about.title));
    let old = OLD_METRICS.map(|(word, _)| PossibleValue::new(word).hide(true));
    PossibleValuesParser::new(words.chain(old)).try_map(|word| {
        match OLD_METRICS.iter().find(|(old, _)| *old == word) {
            Some((_, now)) => Err(format!("there is no metric `{word}`: `{now}` is the nearest")),
            None => word.parse::<Metric>().map_err(|error| error.to_string()),
        }
    })
}

/// A number of per cent, not negative.
///
/// # Errors
/// If the text is not a number, or negative, or not finite.
pub fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| "expected a number of per cent, such as 0.5".to_owned())?;
    if percent.is_finite() && percent >= 0.0 {
        Ok(percent)
    } else {
        Err("expected a finite number of per cent from 0 on, such as 0.5".to_owned())
    }
}

/// A positive number of seconds.
///
/// # Errors
/// If the text is not a number, or not positive.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or("not a positive time".to_owned())
}
