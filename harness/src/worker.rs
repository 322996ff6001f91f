//! The worker: a process that takes jobs from its standard input and answers on its standard output,
//! one line of JSON each, and runs every job in a **forked child on a fresh thread**.
//!
//! A fork gives each job the same untouched process state (allocator, lazily initialised statics), so
//! that a job's result does not depend on the jobs before it, and it contains whatever a contender
//! does: a panic, an abort, a leak, an exhausted memory. The instruction meter's worker is this same
//! process under Valgrind.
//!
//! A worker ends when its standard input does, and the kernel kills it (and its child) when the
//! process that started it dies, so no stray workers are left.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use reports::record::{Allocations, Interval};
use scenarios::probe::Injected;
use scenarios::{Case, Contender};
use serde::{Deserialize, Serialize};

use crate::cell::{CellId, find};
use crate::entropy;
use crate::input;
use crate::meters;
use crate::verify::{self, Depth};

/// The first argument that makes the lab's binaries a worker instead of a command line.
pub const WORKER_ARGUMENT: &str = "__worker";

/// What a worker is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Job {
    /// Says which instruction-set extensions the worker's CPU has, as the worker sees it.
    Isa,
    /// Replays one check of a bottleneck for one contender.
    Verify {
        /// The bottleneck.
        bottleneck: String,
        /// The contender.
        contender: String,
        /// The check.
        check: String,
        /// How thoroughly.
        depth: Depth,
    },
    /// Runs a cell once and compares its digest with the oracle's.
    Digest(CellId),
    /// Runs a cell once inside [`lab_measured_region`], under Callgrind.
    Instructions(CellId),
    /// Runs a cell once under the allocation profiler.
    Allocations(CellId),
    /// Times a cell; criterion writes into the directory.
    Wall(CellId, meters::wall::Budget, PathBuf),
    /// Times the cells of one group, interleaved; the first is the reference.
    Paired(Vec<CellId>, meters::paired::Budget),
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Instruction-set extensions.
    Isa(String),
    /// A check held.
    Verified,
    /// A check did not hold: one line, and the shrunk trace.
    Refuted {
        /// What was observed and what was expected.
        message: String,
        /// The shortest failing trace found.
        trace: Vec<String>,
    },
    /// A cell ran.
    Ran(Ran),
    /// A group of cells was timed: one ratio each, in the order of the job.
    Paired(Vec<Interval>),
    /// The job failed: one line.
    Failed(String),
}

/// What is known of a cell that ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Operations per region.
    pub ops: u64,
    /// Digest of the results.
    pub digest: u64,
    /// The oracle's digest, where the job computes it.
    pub expected: Option<u64>,
    /// The process that ran it, by which Callgrind names its profile.
    pub pid: u32,
    /// What the allocation meter counted.
    pub allocations: Option<Allocations>,
    /// What the wall meter timed, nanoseconds per region.
    pub wall_ns: Option<Interval>,
    /// What the run showed beside its cost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observed: BTreeMap<String, f64>,
}

/// The measured region: the one symbol at whose entry Callgrind starts to count and at whose exit it stops.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn lab_measured_region(case: &mut dyn Case) {
    case.run();
    // Keeps the call above from becoming a jump, which would leave the region's exit to the callee.
    std::hint::black_box(());
}

/// Memory of a job outside Valgrind: enough for every scenario, little enough that a contender which
/// exhausts it fails instead of the machine.
const MEMORY_LIMIT: u64 = 4 << 30;

/// Serves jobs where the program was started to: with [`WORKER_ARGUMENT`].
pub(crate) fn serve_if_asked(roster: &[Contender]) -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let asked = arguments.next().as_deref() == Some(WORKER_ARGUMENT);
    asked.then(|| {
        let under_valgrind = arguments.next().as_deref() == Some("callgrind");
        if arguments.next().as_deref() == Some(input::OPTION)
            && let Err(error) = input::load(Path::new(&arguments.next().unwrap_or_default()))
        {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
        serve(roster, under_valgrind)
    })
}

/// Serves jobs until the standard input ends.
pub fn serve(roster: &[Contender], under_valgrind: bool) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        // Best effort: without it a worker still ends at the end of its standard input.
        let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    }
    let Ok(mut answers) = take_standard_output() else { return ExitCode::FAILURE };
    entropy::fix();
    warm(roster);
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let answer = match serde_json::from_str::<Job>(&line) {
            Ok(job) => run_forked(roster, &job, under_valgrind),
            Err(error) => line_of(&Answer::Failed(format!("malformed job: {error}"))),
        };
        if answers.write_all(answer.as_bytes()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Does once in the worker what every child does around its job. Under Valgrind the children inherit the
/// translated code, which is most of what a small cell would cost; always the same, so that every child
/// of every worker starts from the same state.
pub(crate) fn warm(roster: &[Contender]) {
    let job = serde_json::to_string(&Job::Isa).and_then(|line| serde_json::from_str::<Job>(&line));
    if let Ok(job) = job {
        std::hint::black_box(line_of(&on_fresh_thread(roster, &job)));
    }
    drop(std::panic::take_hook());
}

/// Keeps the standard output for answers alone: what a contender or a library prints goes nowhere.
fn take_standard_output() -> std::io::Result<File> {
    let answers = File::from(std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?);
    let nowhere = File::options().write(true).open("/dev/null")?;
    nix::unistd::dup2_stdout(nowhere)?;
    Ok(answers)
}

/// Runs a job in a child; its answer, once the child has ended and its profile is complete.
fn run_forked(roster: &[Contender], job: &Job, under_valgrind: bool) -> String {
    let failed = |message: String| line_of(&Answer::Failed(message));
    let (mut reader, writer) = match std::io::pipe() {
        Ok(ends) => ends,
        Err(error) => return failed(format!("cannot open a pipe: {error}")),
    };
    // SAFETY: the worker has one thread, so the child may do anything a process may.
    let child = match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => child,
        Ok(ForkResult::Child) => {
            drop(reader);
            run_in_child(roster, job, under_valgrind, writer);
        }
        Err(error) => return failed(format!("cannot fork: {error}")),
    };
    drop(writer);
    let mut answer = String::new();
    let read = reader.read_to_string(&mut answer);
    loop {
        return match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) if read.is_ok() && answer.ends_with('\n') => answer,
            Ok(WaitStatus::Exited(_, code)) => failed(format!("its process ended with code {code}")),
            Ok(WaitStatus::Signaled(_, signal, _)) => failed(format!("its process was killed by {signal}")),
            Ok(_) | Err(nix::errno::Errno::EINTR) => continue,
            Err(error) => failed(format!("cannot wait for its process: {error}")),
        };
    }
}

fn run_in_child(roster: &[Contender], job: &Job, under_valgrind: bool, mut answers: PipeWriter) -> ! {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    if !under_valgrind {
        let _ = setrlimit(Resource::RLIMIT_AS, MEMORY_LIMIT, MEMORY_LIMIT);
    }
    let answer = line_of(&on_fresh_thread(roster, job));
    let code = i32::from(answers.write_all(answer.as_bytes()).is_err());
    // No exit handlers, no destructors: the parent's state is not the child's to tidy.
    // SAFETY: ends this process.
    unsafe { nix::libc::_exit(code) }
}

fn line_of(answer: &Answer) -> String {
    let mut line = serde_json::to_string(answer).expect("an answer is JSON");
    line.push('\n');
    line
}

/// Runs a job on a thread of its own: a new thread has an allocator arena of its own, which does not
/// depend on what the main thread did before or on the size of the environment.
fn on_fresh_thread(roster: &[Contender], job: &Job) -> Answer {
    let panic_message = Arc::new(Mutex::new(String::new()));
    let hook_message = Arc::clone(&panic_message);
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().is::<Injected>() {
            return;
        }
        let message = panic.payload_as_str().unwrap_or("a panic").replace('\n', " ");
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        *hook_message.lock().unwrap_or_else(PoisonError::into_inner) =
            format!("panicked{}: {message}", place.unwrap_or_default());
    }));
    std::thread::scope(|scope| {
        let spawned = std::thread::Builder::new().spawn_scoped(scope, || {
            use_up_thread_cache();
            catch_unwind(AssertUnwindSafe(|| perform(roster, job))).unwrap_or_else(|_| {
                let message = panic_message.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Answer::Failed(message)
            })
        });
        match spawned.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Answer::Failed("panicked while panicking".to_owned()),
            Err(error) => Answer::Failed(format!("cannot start a thread: {error}")),
        }
    })
}

/// Takes every free block out of this thread's allocator cache, for good.
///
/// A thread that starts frees a few blocks which its creator allocated, and glibc keeps them for the
/// thread's next requests. Where they lie, and so how a copy to them is aligned, depends on the jobs
/// that the worker had before: it moved counts by up to 2 %.
pub(crate) fn use_up_thread_cache() {
    /// Requests of these sizes are cached, seven blocks each.
    const CACHED: std::ops::RangeInclusive<usize> = 24..=1032;
    for size in CACHED.step_by(16) {
        for _ in 0..8 {
            std::mem::forget(std::hint::black_box(Vec::<u8>::with_capacity(size)));
        }
    }
}

fn perform(roster: &[Contender], job: &Job) -> Answer {
    let answer = match job {
        Job::Isa => Ok(Answer::Isa(crate::fingerprint::isa())),
        Job::Verify { bottleneck, contender, check, depth } => {
            verify::perform(roster, bottleneck, contender, check, *depth)
        }
        Job::Digest(id) => ran(roster, id, true, |case| {
            case.run();
            Ran::default()
        }),
        Job::Instructions(id) => ran(roster, id, false, |case| {
            meters::callgrind::instrument(true);
            lab_measured_region(case);
            meters::callgrind::instrument(false);
            Ran::default()
        }),
        Job::Allocations(id) => ran(roster, id, true, |case| Ran {
            allocations: Some(meters::allocations::measure(|| case.run())),
            ..Ran::default()
        }),
        Job::Wall(id, budget, directory) => case_of(roster, id).and_then(|mut case| {
            let wall_ns = Some(meters::wall::measure(&mut *case, *budget, directory)?);
            Ok(Answer::Ran(Ran { wall_ns, ..finish(&*case, false, Ran::default()) }))
        }),
        Job::Paired(ids, budget) => ids
            .iter()
            .map(|id| case_of(roster, id))
            .collect::<anyhow::Result<Vec<_>>>()
            .map(|mut cases| Answer::Paired(meters::paired::measure(&mut cases, *budget))),
    };
    answer.unwrap_or_else(|error| Answer::Failed(format!("{error:#}")))
}

fn case_of(roster: &[Contender], id: &CellId) -> anyhow::Result<Box<dyn Case>> {
    let cell = find(roster, id)?;
    Ok(cell.contender.case(cell.scenario.name, cell.size, input::bytes()))
}

fn ran(
    roster: &[Contender],
    id: &CellId,
    with_oracle: bool,
    measure: impl FnOnce(&mut dyn Case) -> Ran,
) -> anyhow::Result<Answer> {
    let mut case = case_of(roster, id)?;
    case.arm();
    let ran = measure(&mut *case);
    let ran = finish(&*case, with_oracle, ran);
    // The process ends with its job; under Valgrind tidying a large case up takes as long as the region.
    std::mem::forget(case);
    Ok(Answer::Ran(ran))
}

fn finish(case: &dyn Case, with_oracle: bool, ran: Ran) -> Ran {
    Ran {
        ops: case.ops(),
        digest: case.digest(),
        expected: with_oracle.then(|| case.expected()),
        pid: std::process::id(),
        observed: case.observed().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..ran
    }
}
