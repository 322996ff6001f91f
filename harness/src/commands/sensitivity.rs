//! `lab sensitivity`: measures cells in other surroundings, and says where the winner changes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use anyhow::{Result, bail};
use reports::Meter;
use reports::render::sensitivity::{changed, columns};
use reports::sensitivity::{self, Counted, Effect, OTHERS, Sensitivity, Surroundings, USUAL};
use scenarios::{Bottleneck, Purpose};
use serde::Serialize;

use super::context::Context;
use super::output::{print, print_json, tables, wrapped};
use crate::error::{Exit, usage};
use crate::measure::fingerprint;
use crate::measure::meters::valgrind;
use crate::measure::run::{Run, callgrind_isa};
use crate::measure::surroundings::{concern, program};
use crate::progress::say;
use crate::roster::cell::{Cell, contenders_of};
use crate::roster::info;
use crate::roster::selection::{Profile, Selection};

/// Say where the winner changes with the allocator, the hash function, the build and the size of entries
///
/// Counts the instructions of cells in other surroundings: with mimalloc or jemalloc in the place of glibc's allocator, with
/// SipHash, with link-time optimisation, compiled for this processor, and with keys, values and elements of 64 and 256
/// bytes. Each cell first runs outside Valgrind, and must come to what the oracle says. Programs that have to be compiled
/// lie in `target/lab/sensitivity/`; each has the contenders of the bottleneck.
///
/// It measures each scenario at one size: 1,000, or the largest one below. What was measured completely is written to
/// `reports/sensitivity/BOTTLENECK.tsv`, from which the report makes its table. A selection is printed only.
#[derive(clap::Args)]
pub struct Arguments {
    /// The bottleneck
    #[arg(value_name = "BOTTLENECK")]
    bottleneck: String,
    /// Only these surroundings: mimalloc, jemalloc, siphash, lto, native, entries_64, entries_256
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Only these scenarios
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    scenario: Vec<String>,
    /// Only these contenders
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    contender: Vec<String>,
    /// These sizes
    #[arg(long, value_name = "N", value_delimiter = ',')]
    size: Vec<usize>,
    /// Do not measure; show what the file says
    #[arg(long, conflicts_with_all = ["only", "scenario", "contender", "size"])]
    show: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// The size at which scenarios are measured if they have it.
const SIZE: usize = 1000;

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    let bottleneck = context.roster.bottleneck(&arguments.bottleneck)?;
    let place = sensitivity::path(&context.sensitivity(), bottleneck.name);
    if arguments.show {
        if !place.is_file() {
            bail!(usage(format!(
                "{} is not there; `{}` measures it",
                place.display(),
                crate::door::command(["sensitivity", bottleneck.name])
            )));
        }
        show(context, bottleneck, &Sensitivity::read(&place)?, arguments.json)?;
        return Ok(Exit::Fine);
    }
    let asked = asked(bottleneck, &arguments.only)?;
    if let Some(why) = valgrind::off(&context.options.binaries) {
        bail!("{why}");
    }
    let cells = cells(context, bottleneck, arguments)?;
    let (found, are_missing) = measure(context, &cells, &asked)?;
    show(context, bottleneck, &found, arguments.json)?;
    let is_selection =
        [&arguments.only, &arguments.scenario, &arguments.contender].iter().any(|names| !names.is_empty())
            || !arguments.size.is_empty();
    if is_selection || are_missing {
        let why =
            if is_selection { "this was a selection" } else { "some surroundings could not be made here" };
        say(&format!("not saved: {why}"));
    } else {
        found.write(&place)?;
        say(&format!("saved in {}", place.display()));
    }
    Ok(Exit::Fine)
}

/// The surroundings that are asked for.
fn asked(bottleneck: &Bottleneck, names: &[String]) -> Result<Vec<Surroundings>> {
    let all: Vec<Surroundings> =
        OTHERS.into_iter().filter(|surroundings| concern(bottleneck, surroundings)).collect();
    if let Some(name) = names.iter().find(|name| !all.iter().any(|known| known.name == **name)) {
        let known: Vec<&str> = all.iter().map(|known| known.name).collect();
        bail!(usage(format!(
            "no surroundings `{name}` for {}; there are: {}",
            bottleneck.name,
            known.join(", ")
        )));
    }
    let is_asked = |known: &Surroundings| names.is_empty() || names.iter().any(|name| name == known.name);
    Ok(all.into_iter().filter(is_asked).collect())
}

/// The cells that are measured.
fn cells<'a>(
    context: &Context<'a>,
    bottleneck: &'static Bottleneck,
    arguments: &Arguments,
) -> Result<Vec<Cell<'a>>> {
    let selection = Selection {
        bottleneck: vec![bottleneck.name.to_owned()],
        scenario: arguments.scenario.clone(),
        contender: arguments.contender.clone(),
        size: arguments.size.clone(),
        ..Selection::default()
    };
    let mut cells = selection.resolve(context.roster)?;
    cells.retain(|cell| cell.scenario.purpose == Purpose::Comparison && !cell.is_concurrent());
    if arguments.size.is_empty() {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for cell in &cells {
            let size = sizes.entry(cell.scenario.name).or_insert(cell.size);
            // Nearer to the usual size from below, or else the smallest.
            if cell.size <= SIZE && (cell.size > *size || *size > SIZE) {
                *size = cell.size;
            }
        }
        cells.retain(|cell| sizes[cell.scenario.name] == cell.size);
    }
    Ok(cells)
}

/// Measures the cells in all surroundings. The flag says whether some of them could not be made.
fn measure(context: &Context<'_>, cells: &[Cell<'_>], asked: &[Surroundings]) -> Result<(Sensitivity, bool)> {
    let mut run = Run::new(context.roster, context.options.clone());
    run.measure(cells, &[Meter::Instructions], Profile::Default)?;
    if let Some(failure) = run.failures().first() {
        bail!("{} ({}): {}", failure.subject, failure.phase, failure.message);
    }
    let mut found = Sensitivity { surroundings: vec![USUAL], ..Sensitivity::default() };
    for cell in cells {
        let name = cell.name();
        let instructions = vec![run.measured(&name).instructions];
        found.cells.insert(name.clone(), Counted { ops: run.ops(&name), instructions });
    }
    let lab = fingerprint::take(&context.root, callgrind_isa(&context.options.binaries));
    let mut note = |name: &str, value: String| drop(found.conditions.insert(name.to_owned(), value));
    note("day", humantime::format_rfc3339_seconds(SystemTime::now()).to_string()[..10].to_owned());
    note("rustc", lab.rustc);
    note("valgrind", lab.valgrind);
    note("glibc", lab.glibc);
    note("cpu", lab.cpu);
    let contenders = contenders_of(cells);
    let mut are_missing = false;
    for surroundings in asked {
        say(&format!("{}: {}", surroundings.name, surroundings.what));
        let lab = &context.options.binaries.lab;
        let program = match program(&context.root, &context.runs(), lab, &contenders, surroundings)? {
            Ok(program) => program,
            Err(why) => {
                say(&format!("{} is left out: {why}", surroundings.name));
                are_missing = true;
                continue;
            }
        };
        let (counts, failures) = run.counts_with(cells, &program)?;
        if let Some((name, why)) = failures.first_key_value() {
            say(&format!(
                "{}: {} cells have no count, for example {name}: {why}",
                surroundings.name,
                failures.len()
            ));
        }
        found.surroundings.push(*surroundings);
        if let Some(note) = program.note {
            found.conditions.insert(surroundings.name.to_owned(), note);
        }
        for (name, counted) in &mut found.cells {
            counted.instructions.push(counts.get(name).copied());
        }
    }
    Ok((found, are_missing))
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Told {
    bottleneck: String,
    conditions: BTreeMap<String, String>,
    surroundings: Vec<Effect>,
}

fn show(
    context: &Context<'_>,
    bottleneck: &'static Bottleneck,
    found: &Sensitivity,
    json: bool,
) -> Result<()> {
    let effects = found.effects(&info::record(context.roster, bottleneck))?;
    if json {
        return print_json(&Told {
            bottleneck: bottleneck.name.to_owned(),
            conditions: found.conditions.clone(),
            surroundings: effects,
        });
    }
    print(&format!("{}: {} cells, by instructions for each operation", bottleneck.name, found.cells.len()))?;
    let header = ["surroundings", "leader", "next", "by", "other winner", "leader ÷ usual"];
    let name = |effect: &Effect| effect.surroundings.name.to_owned();
    let row = |effect: &Effect| std::iter::once(name(effect)).chain(columns(effect)).collect();
    let texts: Vec<Vec<String>> = effects.iter().map(row).collect();
    for table in tables(&header, &texts) {
        print(&table.to_string())?;
    }
    for effect in &effects {
        for change in effect.changes.iter().take(3) {
            print(&wrapped(&format!("{}: {}", effect.surroundings.name, changed(change)), "", "  "))?;
        }
        if effect.changes.len() > 3 {
            let more = effect.changes.len() - 3;
            print(&format!("{}: {more} more", effect.surroundings.name))?;
        }
    }
    Ok(())
}
