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

/// A meter, parsed from its word.
pub fn meter() -> impl TypedValueParser<Value = Meter> {
    let words = Meter::ALL.map(|meter| PossibleValue::new(meter.as_str()).help(meter.help()));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Meter>())
}

/// A metric, parsed from its word.
pub fn metric() -> impl TypedValueParser<Value = Metric> {
    let words = Metric::ALL.iter().map(|metric| metric.about());
    let words = words.map(|about| PossibleValue::new(about.word).help(about.title));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Metric>())
}

/// A number of per cent, not negative.
///
/// # Errors
/// If the text is not a number, or negative, or not finite.
pub fn percent(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if percent.is_finite() && percent >= 0.0 { Ok(percent) } else { Err("not a number from 0 on".to_owned()) }
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
