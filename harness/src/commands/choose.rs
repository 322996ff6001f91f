//! `lab choose`: predicts what a mix of operations costs with each contender.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use reports::choose::{Model, Prediction, Ranked, Spread, Tested};
use reports::measurements::{Allocations, Measurements};
use reports::record::{CellRecord, MixInfo, Record};
use reports::{CellName, Meter, Metric};
use scenarios::input::{Rng, rng, with_seed};
use scenarios::mix::{Choice, Mix};
use scenarios::{Bottleneck, Purpose};
use serde::Serialize;

use super::context::Context;
use super::output::{print, print_json, table, wrapped};
use crate::door;
use crate::error::{Exit, usage};
use crate::measure::expectation;
use crate::measure::meters::valgrind;
use crate::measure::run::Run;
use crate::measure::scratch::Scratch;
use crate::progress::grouped;
use crate::roster::cell::Roster;
use crate::roster::choice;
use crate::roster::info;
use crate::roster::input::Input;
use crate::roster::selection::Profile;

/// Predict what a mix of operations costs with each contender
///
/// A mix is what a program does with a structure whose size stays about the same, for example
/// `lab choose persistent_map --key string --size 10000 --versions 100 --mix get=80,insert=15,remove=5`. The shares of
/// the operations are relative to each other, and need not sum up to 100. An insert is of a new key as often as a key is
/// removed; the others overwrite.
///
/// The costs of the operations are those of the newest record. If it holds no mixed scenario, or only sizes far from this
/// one, they are those of the committed baseline. The interval is as wide as the error that nine of ten predictions of the record's mixed scenarios did not exceed.
/// Contenders whose intervals overlap with that of the first are as good as the first.
///
/// `--test 100` draws mixes at random, measures them, and says how far the predictions were off.
#[derive(clap::Args)]
pub struct Arguments {
    /// The bottleneck
    #[arg(value_name = "BOTTLENECK")]
    bottleneck: String,
    /// Kind of key [default: the bottleneck's usual one]
    #[arg(long, value_name = "KIND", conflicts_with = "test")]
    key: Option<String>,
    /// Number of elements
    #[arg(long, value_name = "N", required_unless_present = "test", conflicts_with = "test")]
    size: Option<usize>,
    /// How many versions are kept for each 1,000 operations
    #[arg(long, value_name = "N", default_value = "0", conflicts_with = "test")]
    versions: f64,
    /// The operations, each with its share: `get=80,insert=15,remove=5`
    #[arg(long, value_name = "WORD=SHARE,…", required_unless_present = "test", conflicts_with = "test")]
    mix: Option<String>,
    /// The record [default: the newest one if it holds costs near the size and mixed scenarios, otherwise the baseline]
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Draw so many mixes at random, measure them, and compare
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    test: Option<u32>,
    /// Draw other mixes
    #[arg(long, value_name = "N", default_value = "1", requires = "test")]
    seed: u64,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let bottleneck = context.roster.bottleneck(&arguments.bottleneck)?;
    let Some(choice) = bottleneck.choice else {
        let all = context.roster.contenders.iter().map(|contender| contender.bottleneck);
        let mut known: Vec<&str> =
            all.filter(|other| other.choice.is_some()).map(|other| other.name).collect();
        known.dedup();
        let known =
            if known.is_empty() { String::new() } else { format!("; these do: {}", known.join(", ")) };
        bail!(usage(format!("{} knows no mixes of operations{known}", bottleneck.name)));
    };
    if let Some(count) = arguments.test {
        return test(context, arguments, bottleneck, choice, count);
    }
    let text = text(arguments);
    let mix = Mix::parse(choice, &text).map_err(usage)?;
    let mix = choice::mix(choice, &mix);
    let (model, source) = model(context, arguments, bottleneck, &mix)?;
    let prediction = model.predict(&mix);
    if arguments.json {
        print_json(&Told { bottleneck: bottleneck.name, mix: &mix, source, error: model.error, prediction })?;
    } else {
        show(&mix, &source, &model, &prediction)?;
    }
    Ok(Exit::Fine)
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Told<'a> {
    bottleneck: &'a str,
    mix: &'a MixInfo,
    /// Where the costs come from.
    source: String,
    /// What nine of ten tested predictions were off by at most; absent if none was tested.
    error: Option<f64>,
    prediction: Prediction,
}

/// The options that make a mix, as one line.
fn text(arguments: &Arguments) -> String {
    let key = arguments.key.iter().map(|key| format!("key={key}"));
    let size = arguments.size.iter().map(|size| format!("size={size}"));
    let versions = std::iter::once(format!("versions={}", arguments.versions));
    let words = arguments.mix.iter().flat_map(|mix| mix.split(',')).map(|word| word.trim().to_owned());
    key.chain(size).chain(versions).chain(words).collect::<Vec<_>>().join(" ")
}

/// The model that predicts a mix, and where its costs come from.
///
/// The newest record goes before the baseline only if it says as much about the mix: a run of a few scenarios or sizes would
/// make a worse prediction, whose error nobody knows.
fn model(
    context: &Context<'_>,
    arguments: &Arguments,
    bottleneck: &'static Bottleneck,
    mix: &MixInfo,
) -> Result<(Model, String)> {
    let of = |record: &Record| Model::of(record, bottleneck.name);
    let is_enough = |model: &Model| !model.predict(mix).ranked.is_empty();
    let measure = || door::command(["run", bottleneck.name, "--meter", "instructions,allocations"]);
    let why_not = |model: &Model| {
        let unknown = model.predict(mix).unknown;
        unknown
            .first()
            .map_or_else(|| "it has no contender".to_owned(), |(name, why)| format!("{name}: {why}"))
    };
    if let Some(path) = &arguments.record {
        let record = reports::io::read_record(path)?;
        let place = path.display();
        let Some(model) = of(&record) else {
            bail!(usage(format!(
                "{place} does not say what mixes of {} cost; `{}` measures that",
                bottleneck.name,
                measure()
            )));
        };
        if !is_enough(&model) {
            bail!(usage(format!("{place} cannot tell what this mix costs ({})", why_not(&model))));
        }
        return Ok((model, place.to_string()));
    }
    // The newest record comes last: of two that say as much, `max_by_key` takes the last.
    let mut known = Vec::new();
    if context.baselines().is_dir() {
        known.extend(of(&of_baseline(context, bottleneck)?).map(|model| (model, "the baseline")));
    }
    if context.latest().is_file() {
        let record = reports::io::read_record(&context.latest())?;
        known.extend(of(&record).map(|model| (model, "the newest record")));
    }
    let why = known.first().map_or_else(|| "there is none".to_owned(), |(model, _)| why_not(model));
    let is_good = |model: &Model| (model.error.is_some(), !model.predict(mix).is_extrapolated);
    let best =
        known.into_iter().filter(|(model, _)| is_enough(model)).max_by_key(|(model, _)| is_good(model));
    let Some((model, source)) = best else {
        bail!(usage(format!(
            "neither the newest record nor the baseline can tell what this mix costs ({why}); `{}` measures more",
            measure()
        )));
    };
    Ok((model, source.to_owned()))
}

/// The costs in the baseline, as a record.
fn of_baseline(context: &Context<'_>, bottleneck: &'static Bottleneck) -> Result<Record> {
    let baseline = reports::baseline::read(&context.baselines())?;
    let roster = context.roster;
    let described = info::record(roster, bottleneck);
    let info = &described.bottlenecks[0];
    let choice = info.choice.clone().unwrap_or_default();
    let parts = choice.parts.iter().flat_map(|part| [&part.unshared, &part.kept, &part.seldom]).flatten();
    let needed: Vec<&String> =
        parts.chain(info.memory.iter().flat_map(|memory| [&memory.built, &memory.kept])).collect();
    let is_needed = |name: &CellName| {
        let tests = info
            .scenarios
            .iter()
            .any(|scenario| scenario.name == name.scenario && scenario.purpose.is_some());
        let scenario = choice.keys.iter().filter_map(|key| name.scenario.strip_suffix(key.suffix.as_str()));
        tests
            || scenario.into_iter().any(|scenario| needed.iter().any(|needed| *needed == scenario))
            || needed.contains(&&name.scenario)
    };
    let mut known: BTreeMap<expectation::Key, u64> = BTreeMap::new();
    let mut cells = Vec::new();
    for (name, entry) in baseline.cells.iter().filter(|(name, _)| name.bottleneck == bottleneck.name) {
        // The baseline may hold cells that the roster has no more.
        let Some(cell) = is_needed(name).then(|| roster.find(name).ok()).flatten() else { continue };
        let ops = *known.entry(expectation::key(&cell)).or_insert_with(|| expectation::ops(&cell));
        let count = |metric| entry.counts.get(&metric).copied();
        let allocations =
            count(Metric::LiveBytes).map(|live_bytes| Allocations { live_bytes, ..Allocations::default() });
        cells.push(CellRecord {
            name: name.clone(),
            role: info::role(cell.contender.about.role),
            ops,
            measured: Measurements {
                instructions: count(Metric::Instructions),
                allocations,
                ..Measurements::default()
            },
            digest: String::new(),
            observed: BTreeMap::new(),
        });
    }
    Ok(Record { cells, ..described })
}

/// A number with three digits, or all before the point.
fn short(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => grouped(value.round() as u64, ' '),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A mix of a structure that holds `items`, in words.
fn spelled(mix: &MixInfo, items: &str) -> String {
    let words: Vec<String> = mix
        .words
        .iter()
        .map(|(word, share)| format!("{word} {share:.3} %").replace(".000 %", " %"))
        .collect();
    let versions = match mix.versions {
        0.0 => "no versions kept".to_owned(),
        versions => format!("{versions} versions kept for each 1 000 operations"),
    };
    format!("{} {items}, n = {}: {}; {versions}", mix.key, grouped(mix.size, ' '), words.join(", "))
}

fn show(mix: &MixInfo, source: &str, model: &Model, prediction: &Prediction) -> Result<()> {
    print(&wrapped(&spelled(mix, &model.choice.items), "", "  "))?;
    let mut rows =
        table(&["contender", "role", "instr/op", "from", "to", "÷ first", "bytes", "per version"], 2);
    let first = &prediction.ranked[0];
    for row in &prediction.ranked {
        let [low, high] =
            row.interval.map_or(["–".to_owned(), "–".to_owned()], |bounds| bounds.map(short));
        let bytes =
            |bytes: Option<f64>| bytes.map_or("–".to_owned(), |bytes| grouped(bytes.round() as u64, ' '));
        let ratio = format!("{:.2}{}", row.cost / first.cost, if row.is_tie { " =" } else { "" });
        rows.add_row([
            row.name.clone(),
            row.role.as_str().to_owned(),
            short(row.cost),
            low,
            high,
            ratio,
            bytes(row.bytes),
            bytes(row.version_bytes),
        ]);
    }
    print(&rows.to_string())?;
    for (name, why) in &prediction.unknown {
        print(&wrapped(&format!("{name} takes no part: {why}"), "", "  "))?;
    }
    print(&wrapped(&winner(&prediction.ranked), "", "  "))?;
    let error = match model.error {
        Some(error) => format!(
            "Nine of ten predictions of the mixed scenarios are off by {} at most; the intervals are that wide.",
            percent(error)
        ),
        None => "No mixed scenario was measured, so the error of these predictions is unknown.".to_owned(),
    };
    print(&wrapped(&error, "", "  "))?;
    if prediction.is_extrapolated {
        print(&wrapped(
            "The size lies outside the measured sizes: the costs go on as between the last two.",
            "",
            "  ",
        ))?;
    }
    print(&wrapped(&format!("The costs are from {source}, in instructions for each operation."), "", "  "))
}

/// Who wins, in a sentence.
fn winner(ranked: &[Ranked]) -> String {
    let first = &ranked[0];
    let Some(second) = ranked.get(1) else {
        return format!("{} is the only one that can be predicted.", first.name);
    };
    let ties: Vec<&str> = ranked.iter().filter(|row| row.is_tie).map(|row| row.name.as_str()).collect();
    let margin = percent(second.cost / first.cost - 1.0);
    if ties.is_empty() {
        format!("{} takes least; {} takes {margin} more.", first.name, second.name)
    } else {
        format!(
            "{} takes least, and {} takes {margin} more. Within the error, {} {} as good (=).",
            first.name,
            second.name,
            ties.join(", "),
            if ties.len() == 1 { "is" } else { "are" }
        )
    }
}

/// What a test found, as JSON.
#[derive(Serialize)]
struct Found {
    source: String,
    seed: u64,
    error: Option<f64>,
    spread: Option<Spread>,
    tested: Vec<Tested>,
}

/// Draws mixes at random, measures them, and compares them with what is predicted.
fn test(
    context: &Context<'_>,
    arguments: &Arguments,
    bottleneck: &'static Bottleneck,
    choice: &Choice,
    count: u32,
) -> Result<Exit> {
    if let Some(why) = valgrind::off(&context.options.binaries) {
        bail!("mixes cannot be measured here: {why}");
    }
    let most = largest(bottleneck);
    let mut rng = with_seed(arguments.seed, || rng("mixes", 0));
    let mixes = drawn(choice, &mut rng, count, most)?;
    let first = mixes.values().next().context("at least one mix is drawn")?;
    let (model, source) = model(context, arguments, bottleneck, &first.0)?;
    std::fs::create_dir_all(context.runs())
        .with_context(|| format!("cannot make {}", context.runs().display()))?;
    let tested = measured(context, bottleneck, choice, &mixes, &model)?;
    let spread = Spread::of(&tested, model.error.unwrap_or(0.0));
    if arguments.json {
        print_json(&Found { source, seed: arguments.seed, error: model.error, spread, tested })?;
        return Ok(Exit::Fine);
    }
    let Some(spread) = spread else { bail!("none of the mixes could be measured") };
    let share = |count: usize| percent(count as f64 / spread.mixes as f64);
    let [least, tenth, middle, ninth, largest] = spread.ratios.map(|ratio| format!("{ratio:.3}"));
    print(&format!("{} mixes, {} predictions, costs from {source}", spread.mixes, spread.predictions))?;
    print(&format!(
        "predicted ÷ measured: {least} least, {tenth} a tenth below, {middle} middle, {ninth} a tenth above, {largest} largest"
    ))?;
    print(&format!(
        "error: {} in the median, {} in nine of ten at most, {} worst ({})",
        percent(spread.median),
        percent(spread.ninth),
        percent(spread.worst),
        spread.worst_of
    ))?;
    print(&format!(
        "winner: right in {} ({}), within the stated error in {} more ({} together)",
        spread.winners,
        share(spread.winners),
        spread.ties,
        share(spread.winners + spread.ties)
    ))?;
    Ok(Exit::Fine)
}

/// The largest size at which a scenario of the profile `default` tells a cost.
fn largest(bottleneck: &Bottleneck) -> usize {
    let costs = bottleneck.scenarios.iter().filter(|scenario| scenario.purpose == Purpose::Cost);
    let largest =
        costs.filter_map(|scenario| scenario.sizes.unwrap_or(bottleneck.sizes).default.iter().max());
    largest.min().copied().unwrap_or(1000)
}

/// Mixes that are drawn at random, by their sizes. No two have the same size, because a cell's name tells it and nothing else
/// of the mix; the later one has the next free size.
fn drawn(
    choice: &Choice,
    rng: &mut Rng,
    count: u32,
    most: usize,
) -> Result<BTreeMap<usize, (MixInfo, String)>> {
    let mut mixes = BTreeMap::new();
    for _ in 0..count {
        let mut text = Mix::drawn(choice, rng, most);
        let mut mix = Mix::parse(choice, &text).map_err(usage)?;
        while mixes.contains_key(&mix.size) {
            let size = format!("size={}", mix.size);
            text = text.replace(&size, &format!("size={}", mix.size + 1));
            mix.size += 1;
        }
        mixes.insert(mix.size, (choice::mix(choice, &mix), text));
    }
    Ok(mixes)
}

/// Measures mixes with every contender that runs them, beside what is predicted.
fn measured(
    context: &Context<'_>,
    bottleneck: &'static Bottleneck,
    choice: &Choice,
    mixes: &BTreeMap<usize, (MixInfo, String)>,
    model: &Model,
) -> Result<Vec<Tested>> {
    let scratch = Scratch::new("choose", &context.runs())?;
    let file: String = mixes.values().map(|(_, text)| format!("{text}\n")).collect();
    let input = Input::of_lab(bottleneck, choice.own, file, scratch.path())?;
    let roster = Roster { input: Some(&input), ..context.roster };
    let own = || roster.contenders.iter().filter(|contender| contender.bottleneck.name == bottleneck.name);
    let name = |size: &usize, contender: &str| CellName {
        bottleneck: bottleneck.name.to_owned(),
        scenario: choice.own.to_owned(),
        size: *size as u64,
        contender: contender.to_owned(),
    };
    let names = mixes.keys().flat_map(|size| own().map(|contender| name(size, contender.about.name)));
    let cells = names.map(|name| roster.find(&name)).collect::<Result<Vec<_>>>()?;
    let mut run = Run::new(roster, context.options.clone());
    run.fit(&cells)?;
    run.digests(&cells)?;
    run.measure(&cells, &[Meter::Instructions], Profile::Default)?;
    if let Some(failure) = run.failures().first() {
        bail!("{} ({}): {}", failure.subject, failure.phase, failure.message);
    }
    let mut tested = Vec::new();
    for cell in &cells {
        let (mix, text) = &mixes[&cell.size];
        let name = cell.name();
        let costs = model.contenders.iter().find(|costs| costs.name == name.contender);
        let predicted = costs.and_then(|costs| model.cost(costs, mix).ok());
        if let (Some(predicted), Some(instructions)) = (predicted, run.measured(&name).instructions) {
            tested.push(Tested {
                mix: text.clone(),
                contender: name.contender.clone(),
                predicted,
                measured: instructions as f64 / run.ops(&name) as f64,
            });
        }
    }
    Ok(tested)
}
