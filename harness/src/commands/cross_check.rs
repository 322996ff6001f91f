//! `lab cross-check`: the instruction meter against an independent tool.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use reports::metric::Gate;
use reports::{CellName, Meter};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::output::{count, print, print_json, table};
use crate::error::{Exit, usage};
use crate::measure::meters::valgrind;
use crate::measure::run::Run;
use crate::progress::say;
use crate::roster::cell::Cell;
use crate::roster::sample::{LISTED, sample};
use crate::roster::selection::{Profile, Selection};

/// Count the selected cells with gungraun too, and compare
///
/// The instruction meter counts the selected cells, then gungraun counts them (`cargo bench --bench
/// gungraun`). gungraun runs one process per cell, starts and stops counting in another way, and has its own
/// reader of Callgrind's profiles. The two counts may differ by 2 % or 200 instructions. If any cell differs
/// by more, the cell is named and the exit code is 3.
///
/// Without a selection, a sample of up to 200 cells of the profile quick is counted. gungraun takes about
/// half a second per cell.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> Result<Exit> {
    if let Some(why) = valgrind::off(&context.options.binaries) {
        bail!("{why}");
    }
    let path = tools(&context.root)?;
    let selection = &arguments.selection;
    let cells = if selection.is_everything() && selection.profile == Profile::default() {
        sample(context.roster)?
    } else {
        selection.resolve(context.roster)?
    };
    // The lab counts first, because Cargo then builds the lab again for the benchmark, maybe with other features.
    let mut run = Run::new(context.roster, context.options.clone());
    run.measure(&cells, &[Meter::Instructions], selection.profile)?;
    let ours = cells.iter().map(Cell::name).filter_map(|name| {
        let instructions = run.measured(&name).instructions?;
        Some((name, instructions))
    });
    let (names, ours): (Vec<CellName>, Vec<u64>) = ours.unzip();
    let failed = !run.failures().is_empty();
    if names.is_empty() && !failed {
        bail!("nothing was compared: the instruction meter counted no cell");
    }
    let theirs = if names.is_empty() { Vec::new() } else { gungraun(context, &path, &names)? };

    let compared =
        names.iter().zip(ours).zip(theirs).map(|((name, lab), gungraun)| Compared::new(name, lab, gungraun));
    let comparison = Comparison::new(compared.collect());
    if arguments.json {
        print_json(&comparison)?;
    } else {
        comparison.show()?;
    }
    Ok(if failed || !comparison.disagree.is_empty() { Exit::Regression } else { Exit::Fine })
}

/// `PATH` with the project's own tools before all others; checks that everything needed is there.
fn tools(root: &Path) -> Result<std::ffi::OsString> {
    const RUNNER: &str = "gungraun-runner";
    if !root.join("harness/benches/gungraun.rs").exists() {
        bail!(usage(format!(
            "the cross-check builds the lab's own benchmarks, and {} is not the lab's project (`--root DIR`)",
            root.display()
        )));
    }
    let own = root.canonicalize().context("cannot resolve the project's directory")?.join(".tools/bin");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = [own].into_iter().chain(std::env::split_paths(&others)).collect();
    if !path.iter().any(|directory| directory.join(RUNNER).is_file()) {
        bail!("there is no {RUNNER} here: `scripts/just setup-gungraun` installs it");
    }
    std::env::join_paths(path).context("PATH cannot be extended")
}

/// Lets gungraun count the cells. Returns their instructions, in the order of `cells`.
fn gungraun(context: &Context<'_>, path: &std::ffi::OsStr, cells: &[CellName]) -> Result<Vec<u64>> {
    let directory = tempfile::tempdir().context("cannot create a temporary directory")?;
    let list = directory.path().join("cells");
    let names: Vec<String> = cells.iter().map(CellName::to_string).collect();
    std::fs::write(&list, names.join("\n")).with_context(|| format!("cannot write {}", list.display()))?;
    say(&format!("{} cells go to gungraun", cells.len()));
    let mut home = std::ffi::OsString::from("--home=");
    home.push(directory.path().join("gungraun"));
    let mut command = Command::new("cargo");
    command
        .args(["bench", "--package", "lab", "--bench", "gungraun", "--", "--output-format=json"])
        .arg(format!("--parallel={}", context.options.workers))
        // gungraun names profiles by position. In its usual directory it would compare them with another selection's.
        .arg(home)
        .current_dir(&context.root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    // Every option of gungraun can also be set by a variable, and GUNGRAUN_RUNNER would even be compiled in.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GUNGRAUN_") {
            command.env_remove(name);
        }
    }
    let output = command.env("PATH", path).env(LISTED, &list).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo bench --package lab --bench gungraun` failed ({})", output.status);
    }
    counts(&String::from_utf8_lossy(&output.stdout), cells.len())
}

/// The part of gungraun's output on one benchmark that is read here.
#[derive(Deserialize)]
struct Summary {
    id: String,
    profiles: Vec<ToolProfile>,
}

#[derive(Deserialize)]
struct ToolProfile {
    data: ProfileData,
}

#[derive(Deserialize)]
struct ProfileData {
    /// The sum over all threads.
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    metrics: Metrics,
}

#[derive(Deserialize)]
struct Metrics {
    #[serde(rename = "Ir")]
    instructions: Metric,
}

#[derive(Deserialize)]
struct Metric {
    values: Values,
}

#[derive(Deserialize)]
struct Values {
    new: u64,
}

/// Instructions of `cells` benchmarks, in the order of their numbers, from gungraun's JSON: an object per
/// line and benchmark, called `cell_0`, `cell_1`, … in any order.
fn counts(output: &str, cells: usize) -> Result<Vec<u64>> {
    let mut counts = vec![None; cells];
    for line in output.lines().filter(|line| line.starts_with('{')) {
        let Summary { id, profiles } =
            serde_json::from_str(line).context("gungraun's JSON is not what its version 0.20 writes")?;
        let number = id.rsplit_once('_').and_then(|(_, number)| number.parse::<usize>().ok());
        let (Some(slot), [profile]) = (number.and_then(|at| counts.get_mut(at)), &profiles[..]) else {
            bail!("gungraun reports `{id}`, which it was not asked for");
        };
        *slot = Some(profile.data.total.metrics.instructions.values.new);
    }
    let missing = counts.iter().filter(|count| count.is_none()).count();
    let counts: Option<Vec<u64>> = counts.into_iter().collect();
    counts.with_context(|| format!("gungraun reports nothing of {missing} cells"))
}

/// One cell with the counts of both tools.
#[derive(Debug, Serialize)]
struct Compared {
    cell: String,
    lab: u64,
    gungraun: u64,
    /// The difference, in per cent of the lab's count.
    difference_percent: f64,
}

impl Compared {
    fn new(name: &CellName, lab: u64, gungraun: u64) -> Self {
        let difference_percent = (gungraun as f64 - lab as f64) / lab.max(1) as f64 * 100.0;
        Compared { cell: name.to_string(), lab, gungraun, difference_percent }
    }

    /// Whether the two counts agree, within 2 % or the gate's threshold for small cells.
    ///
    /// The two programs have the same heap addresses, but not the same stack addresses. A copy of a large value
    /// takes more or fewer instructions depending on both of its addresses; this has made a difference of 0.5 %
    /// in a cell. A mistake of a meter would make a far larger difference than the one that is allowed here.
    fn agrees(&self) -> bool {
        const PERCENT: f64 = 2.0;
        self.difference_percent.abs() <= PERCENT || self.lab.abs_diff(self.gungraun) <= gate_least()
    }
}

/// By how many instructions the gate lets even a small cell grow.
fn gate_least() -> u64 {
    match reports::Metric::Instructions.about().gate {
        Gate::Tolerance { least, .. } => least,
        Gate::Ignored | Gate::NoGrowth => 0,
    }
}

/// All cells, the one with the largest difference first.
#[derive(Debug, Serialize)]
struct Comparison {
    median_percent: f64,
    max_percent: f64,
    disagree: Vec<String>,
    cells: Vec<Compared>,
}

impl Comparison {
    fn new(mut cells: Vec<Compared>) -> Self {
        let size = |cell: &Compared| cell.difference_percent.abs();
        cells.sort_by(|left, right| size(right).total_cmp(&size(left)));
        let at = |position: usize| cells.get(position).map_or(0.0, size);
        // The mean of the two cells in the middle, which are the same cell where the number of cells is odd.
        let median_percent = f64::midpoint(at(cells.len().saturating_sub(1) / 2), at(cells.len() / 2));
        let disagree = cells.iter().filter(|cell| !cell.agrees()).map(|cell| cell.cell.clone()).collect();
        Comparison { median_percent, max_percent: at(0), disagree, cells }
    }

    fn show(&self) -> Result<()> {
        let equal = self.cells.iter().filter(|cell| cell.lab == cell.gungraun).count();
        let mut table = table(&["cell", "lab", "gungraun", "difference"], 1);
        for cell in self.cells.iter().filter(|cell| cell.lab != cell.gungraun) {
            let percent = format!("{:+.3} %", cell.difference_percent);
            table.add_row([cell.cell.clone(), count(cell.lab), count(cell.gungraun), percent]);
        }
        if !table.is_empty() {
            print(&table.to_string())?;
        }
        for cell in &self.disagree {
            print(&format!("disagreement: {cell}"))?;
        }
        print(&format!(
            "{} cells, {equal} with the same count; difference: median {:.3} %, at most {:.3} %; {} disagree",
            self.cells.len(),
            self.median_percent,
            self.max_percent,
            self.disagree.len()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two benchmarks as gungraun 0.20 prints them, without what is not read.
    const OUTPUT: &str = r#"
{"baselines":[null,null],"function_name":"region","id":"cell_1","kind":"LibraryBenchmark","profiles":[{"data":{"parts":[{"metrics":{"Ir":{"values":{"new":0}}}},{"metrics":{"Ir":{"values":{"new":45384}}}}],"total":{"metrics":{"Ir":{"values":{"new":45384}}},"regressions":[]}},"tool":"Callgrind"}],"version":"7"}
{"baselines":[null,null],"function_name":"region","id":"cell_0","kind":"LibraryBenchmark","profiles":[{"data":{"parts":[],"total":{"metrics":{"Ir":{"change":{"diff_pct":"25.0","factor":"1.25"},"values":{"new":5,"old":4}}},"regressions":[]}},"tool":"Callgrind"}],"version":"7"}
"#;

    #[test]
    fn counts_come_in_the_order_of_the_cells() {
        assert_eq!(counts(OUTPUT, 2).unwrap(), [5, 45384]);
    }

    #[test]
    fn what_is_missing_unasked_or_malformed_is_an_error() {
        let message = |output: &str, cells| counts(output, cells).unwrap_err().to_string();
        assert_eq!(message(OUTPUT, 3), "gungraun reports nothing of 1 cells");
        assert_eq!(message(OUTPUT, 1), "gungraun reports `cell_1`, which it was not asked for");
        assert_eq!(message("", 1), "gungraun reports nothing of 1 cells");
        let cut = OUTPUT.replace(r#""Ir":"#, r#""Dr":"#);
        assert!(message(&cut, 2).contains("not what its version 0.20 writes"));
    }

    fn compared(lab: u64, gungraun: u64) -> Compared {
        let name = format!("b/s/8/{lab}-{gungraun}").parse().unwrap();
        Compared::new(&name, lab, gungraun)
    }

    #[test]
    fn a_difference_counts_by_share_and_by_size() {
        let pairs = [
            (100_000, 100_000, true),
            (100_000, 102_000, true),
            (100_000, 102_001, false),
            (100_000, 97_999, false),
            (1_000, 1_200, true),
            (1_000, 1_201, false),
            (1_000, 0, false),
            (0, 0, true),
        ];
        for (lab, gungraun, agrees) in pairs {
            assert_eq!(compared(lab, gungraun).agrees(), agrees, "{lab} {gungraun}");
        }
    }

    #[test]
    fn the_largest_difference_comes_first_and_its_sign_does_not_matter() {
        let pairs = [(1000, 1000), (100_000, 101_000), (100_000, 97_000), (100_000, 102_000)];
        let comparison = Comparison::new(pairs.map(|(lab, gungraun)| compared(lab, gungraun)).into());
        let percents: Vec<f64> = comparison.cells.iter().map(|cell| cell.difference_percent).collect();
        assert_eq!(percents, [-3.0, 2.0, 1.0, 0.0]);
        assert_eq!((comparison.median_percent, comparison.max_percent), (1.5, 3.0));
        assert_eq!(comparison.disagree, ["b/s/8/100000-97000"]);
    }

    #[test]
    fn the_median_of_few() {
        let of = |pairs: &[(u64, u64)]| {
            Comparison::new(pairs.iter().map(|(lab, gungraun)| compared(*lab, *gungraun)).collect())
        };
        assert_eq!(of(&[]).median_percent, 0.0);
        assert_eq!(of(&[(100, 101)]).median_percent, 1.0);
        assert_eq!(of(&[(100, 101), (100, 102), (100, 110)]).median_percent, 2.0);
    }

    #[test]
    fn a_directory_without_the_sources_is_refused() {
        let elsewhere = tempfile::tempdir().unwrap();
        let message = tools(elsewhere.path()).unwrap_err().to_string();
        assert!(message.contains("is not the lab's project"), "{message}");
    }
}
