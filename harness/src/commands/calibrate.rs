//! `lab calibrate`: what the time meter finds where the answer is known.

use anyhow::{Result, bail};
use reports::CellName;
use reports::record::{Interval, Times};
use serde::Serialize;

use super::context::Context;
use super::output::{print, print_json, table};
use crate::error::Exit;
use crate::measure::meters::clock;
use crate::measure::planted::Plant;
use crate::measure::run::Run;
use crate::measure::statistics::{median, quantile};
use crate::roster::selection::Selection;

/// Test the time meter where the answer is known
///
/// Each group's reference contender is timed against itself, as `lab run` times contenders: the ratio is 1. Then pairs of
/// regions are timed of which the second executes no more instructions than the first, and takes about 2 % longer because
/// of dependent loads, mispredicted branches or atomics. It shows how far from 1 the ratios are here and now, how often an
/// interval leaves out 1 where it should not, and how many of the planted differences it sees.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

/// How many differences are planted.
const PLANTED: u64 = 40;

#[derive(Serialize)]
struct Calibration {
    /// Of each group's reference against itself.
    same: Vec<Same>,
    planted: Vec<Planted>,
    /// The mean share of turns in which somebody else used the core.
    disturbed: f64,
}

/// A reference against itself.
#[derive(Serialize)]
struct Same {
    cell: CellName,
    warm: Interval,
    cold: Interval,
    disturbed: f64,
}

/// A planted difference.
#[derive(Serialize)]
struct Planted {
    plant: &'static str,
    /// The second region's time as a ratio to the first one's.
    warm: Interval,
    disturbed: f64,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let cells = arguments.selection.resolve(context.roster)?;
    if let Some(why) = clock::too_coarse() {
        bail!("nothing can be timed here: {why}");
    }
    let mut run = Run::new(context.roster, context.options.clone());
    let references: Vec<CellName> =
        run.timed_groups(&cells).into_iter().map(|mut group| group.swap_remove(0)).collect();
    let plants: Vec<(Plant, [CellName; 2])> = (0..PLANTED)
        .zip(Plant::ALL.into_iter().cycle())
        .map(|(number, plant)| (plant, plant.cells(number)))
        .collect();
    let groups: Vec<Vec<CellName>> = references
        .iter()
        .map(|reference| vec![reference.clone(); 2])
        .chain(plants.iter().map(|(_, cells)| cells.to_vec()))
        .collect();
    let mut times = run.second_to_first(&groups, arguments.selection.profile)?.into_iter();
    let ratios = |times: Option<Times>| {
        let Times { disturbed, ratios, .. } = times?;
        ratios.map(|ratios| (ratios, disturbed))
    };
    let same: Vec<Same> = references
        .into_iter()
        .zip(times.by_ref())
        .filter_map(|(cell, times)| {
            let (ratios, disturbed) = ratios(times)?;
            Some(Same { cell, warm: ratios.warm, cold: ratios.cold, disturbed })
        })
        .collect();
    let planted: Vec<Planted> = plants
        .into_iter()
        .zip(times)
        .filter_map(|((plant, _), times)| {
            let (ratios, disturbed) = ratios(times)?;
            Some(Planted { plant: plant.as_str(), warm: ratios.warm, disturbed })
        })
        .collect();
    let shares = same.iter().map(|it| it.disturbed).chain(planted.iter().map(|it| it.disturbed));
    let disturbed = shares.sum::<f64>() / (same.len() + planted.len()).max(1) as f64;
    let calibration = Calibration { same, planted, disturbed };
    if arguments.json {
        print_json(&calibration)?;
    } else {
        report(&calibration)?;
    }
    Ok(if run.failures().is_empty() { Exit::Fine } else { Exit::Regression })
}

fn report(Calibration { same, planted, disturbed }: &Calibration) -> Result<()> {
    let share = |part: usize, of: usize| format!("{part} of {of}");
    let percent = |value: f64| format!("{:.2} %", value * 100.0);
    if !same.is_empty() {
        print(&format!("{} groups, the reference contender against itself: the ratio is 1", same.len()))?;
        let mut table = table(&["", "off by, median", "p90", "most", "in", "interval leaves out 1"], 1);
        for (name, ratio) in [("warm", (|it| it.warm) as fn(&Same) -> Interval), ("cold", |it| it.cold)] {
            let off = |it: &Same| (ratio(it).median - 1.0).abs();
            let mut all: Vec<f64> = same.iter().map(off).collect();
            let worst = same.iter().max_by(|left, right| off(left).total_cmp(&off(right)));
            let without = same.iter().filter(|it| ratio(it).low > 1.0 || ratio(it).high < 1.0).count();
            table.add_row([
                name.to_owned(),
                percent(median(&mut all)),
                percent(quantile(&mut all, 0.9)),
                percent(quantile(&mut all, 1.0)),
                worst.map_or_else(String::new, |it| it.cell.to_string()),
                share(without, same.len()),
            ]);
        }
        print(&table.to_string())?;
    }
    print("differences of about 2 %, planted without an instruction more")?;
    let mut table = table(&["what", "seen", "in the right direction", "ratio, median"], 1);
    for plant in Plant::ALL.map(Plant::as_str) {
        let of_kind: Vec<Interval> =
            planted.iter().filter(|it| it.plant == plant).map(|it| it.warm).collect();
        let count = |is: fn(&Interval) -> bool| of_kind.iter().filter(|ratio| is(ratio)).count();
        let mut medians: Vec<f64> = of_kind.iter().map(|ratio| ratio.median).collect();
        if medians.is_empty() {
            continue;
        }
        table.add_row([
            plant.to_owned(),
            share(count(|ratio| ratio.low > 1.0), of_kind.len()),
            share(count(|ratio| ratio.median > 1.0), of_kind.len()),
            format!("{:.3}", median(&mut medians)),
        ]);
    }
    print(&table.to_string())?;
    print(&format!("somebody else used the core in {:.0} % of the turns", disturbed * 100.0))
}
