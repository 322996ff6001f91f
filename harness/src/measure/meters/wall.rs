//! The wall meter: criterion, flat sampling, the median and its interval.
//!
//! Noisy by nature: it never gates. Set-up runs between regions and outside the clock; the budget
//! bounds both together.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};
use reports::record::Interval;
use scenarios::{Case, Setup};
use serde::Deserialize;

use crate::measure::budget::WallBudget;

/// Fewest samples that criterion accepts.
const MIN_SAMPLES: usize = 10;

/// Times a case; nanoseconds per region. criterion tells its results in files, which it makes in `directory`.
///
/// # Errors
/// If criterion's output cannot be written or read.
pub fn measure(case: &mut dyn Case, budget: WallBudget, directory: &Path) -> Result<Interval> {
    let (arm, run) = trial(case);
    let cycle = (arm + run).max(Duration::from_nanos(1));
    let affordable = budget.measurement.as_nanos() / cycle.as_nanos();
    let samples = usize::try_from(affordable).unwrap_or(usize::MAX).clamp(MIN_SAMPLES, budget.samples);
    let output = tempfile::tempdir_in(directory)
        .with_context(|| format!("cannot make a directory for criterion in {}", directory.display()))?;
    let mut criterion = Criterion::default()
        .without_plots()
        .output_directory(output.path())
        .sample_size(samples)
        .warm_up_time(budget.warm_up)
        .measurement_time(budget.measurement)
        .nresamples(1001);
    let mut group = criterion.benchmark_group("lab");
    group.sampling_mode(SamplingMode::Flat);
    bench(&mut group, "cell", case);
    group.finish();

    let path = output.path().join("lab/cell/new/estimates.json");
    let text = std::fs::read_to_string(&path).ok();
    let estimates = text.and_then(|text| serde_json::from_str::<Estimates>(&text).ok());
    let estimates = estimates.with_context(|| {
        format!("criterion left no whole result in {}: is that disk full?", directory.display())
    })?;
    let median = estimates.median;
    Ok(Interval {
        median: median.point_estimate,
        low: median.confidence_interval.lower_bound,
        high: median.confidence_interval.upper_bound,
    })
}

/// Adds a case to a criterion group under `name`.
pub fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, case: &mut dyn Case) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|regions| time(case, regions));
    });
}

/// Time of `regions` runs without their set-up.
pub fn time(case: &mut dyn Case, regions: u64) -> Duration {
    if case.setup() == Setup::Once {
        // Nothing to prepare in between: one clock reading for all, not one for each.
        case.arm();
        let start = Instant::now();
        for _ in 0..regions {
            case.run();
        }
        return start.elapsed();
    }
    let mut total = Duration::ZERO;
    for _ in 0..regions {
        case.arm();
        let start = Instant::now();
        case.run();
        total += start.elapsed();
    }
    total
}

/// How many regions of this time a slice of a round holds; at least one.
pub fn regions_within(slice: Duration, region: Duration) -> u64 {
    (slice.as_nanos() / region.as_nanos().max(1)).clamp(1, 10_000) as u64
}

/// Set-up and run time of the second cycle: the first one warms.
pub fn trial(case: &mut dyn Case) -> (Duration, Duration) {
    let mut measured = (Duration::ZERO, Duration::ZERO);
    for _ in 0..2 {
        let start = Instant::now();
        case.arm();
        let armed = Instant::now();
        case.run();
        measured = (armed - start, armed.elapsed());
    }
    measured
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: ConfidenceInterval,
}

#[derive(Deserialize)]
struct ConfidenceInterval {
    lower_bound: f64,
    upper_bound: f64,
}
