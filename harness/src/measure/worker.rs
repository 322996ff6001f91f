//! The worker is a process that takes jobs from its standard input and answers on its standard output, with
//! one line of JSON each. It runs every job in a **forked child on a fresh thread**.
//!
//! A fork gives each job the same untouched process state (allocator, lazily initialised statics), so
//! that a job's result does not depend on the jobs before it, and it contains whatever a contender
//! does: a panic, an abort, a leak, an exhausted memory. The instruction meter's worker is this same
//! process under Valgrind.
//!
//! A worker ends when its standard input does, and the kernel kills it (and its child) when the
//! process that started it dies, so no stray workers are left.

use std::fs::File;
use std::io::{BufRead, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use reports::CellName;
use reports::record::Paired;
use scenarios::probe::Injected;
use scenarios::{Case, Contender};

use super::protocol::{Answer, INPUT_OPTION, Job, Measured, Ran, WORKER_ARGUMENT};
use super::{entropy, fingerprint, meters, verify};
use crate::roster::cell::Roster;
use crate::roster::input::Input;

/// The measured region. Callgrind starts to count where this function is entered and stops where it returns.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn lab_measured_region(case: &mut dyn Case) {
    case.run();
    // Keeps the call above from becoming a jump, which would leave the region's exit to the callee.
    std::hint::black_box(());
}

/// The memory that a job outside Valgrind may take. It is enough for every scenario. A contender that exhausts it
/// fails alone, and not the machine with it.
const MEMORY_LIMIT: u64 = 4 << 30;

/// Serves jobs if the program was started as a worker, with [`WORKER_ARGUMENT`].
pub(crate) fn serve_if_asked(contenders: &[Contender]) -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let asked = arguments.next().as_deref() == Some(WORKER_ARGUMENT);
    asked.then(|| {
        let under_valgrind = arguments.next().as_deref() == Some("callgrind");
        let named = arguments.next().is_some_and(|option| option == INPUT_OPTION);
        let input = named.then(|| Input::read(Path::new(&arguments.next().unwrap_or_default())));
        match input.transpose() {
            Ok(input) => serve(Roster { contenders, input: input.as_ref() }, under_valgrind),
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        }
    })
}

/// Serves jobs until the standard input ends.
pub fn serve(roster: Roster<'_>, under_valgrind: bool) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        // If this fails, the worker still ends when its standard input does.
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
/// translated code; to translate it would be most of the cost of a small cell. The worker always does the same
/// here, so that every child of every worker starts from the same state.
pub(crate) fn warm(roster: Roster<'_>) {
    let job = serde_json::to_string(&Job::Isa).and_then(|line| serde_json::from_str::<Job>(&line));
    if let Ok(job) = job {
        std::hint::black_box(line_of(&on_fresh_thread(roster, &job)));
    }
    drop(std::panic::take_hook());
}

/// Keeps the standard output for answers alone. What a contender or a library prints is thrown away.
fn take_standard_output() -> std::io::Result<File> {
    let answers = File::from(std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?);
    let nowhere = File::options().write(true).open("/dev/null")?;
    nix::unistd::dup2_stdout(nowhere)?;
    Ok(answers)
}

/// Runs a job in a child, and returns its answer when the child has ended and its profile is complete.
fn run_forked(roster: Roster<'_>, job: &Job, under_valgrind: bool) -> String {
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

fn run_in_child(roster: Roster<'_>, job: &Job, under_valgrind: bool, mut answers: PipeWriter) -> ! {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    if !under_valgrind {
        let _ = setrlimit(Resource::RLIMIT_AS, MEMORY_LIMIT, MEMORY_LIMIT);
    }
    let answer = line_of(&on_fresh_thread(roster, job));
    let code = i32::from(answers.write_all(answer.as_bytes()).is_err());
    // Exit handlers and destructors are skipped, because the state that they would tidy is the parent's.
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
fn on_fresh_thread(roster: Roster<'_>, job: &Job) -> Answer {
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

fn perform(roster: Roster<'_>, job: &Job) -> Answer {
    let answer = match job {
        Job::Isa => Ok(Answer::Isa(fingerprint::isa())),
        Job::Verify { bottleneck, contender, check, depth } => {
            verify::perform(roster.contenders, bottleneck, contender, check, *depth)
        }
        Job::Digest(name) => ran(roster, name, true, |case| {
            case.run();
            None
        }),
        Job::Instructions(name) => ran(roster, name, false, |case| {
            meters::callgrind::instrument(true);
            lab_measured_region(case);
            meters::callgrind::instrument(false);
            None
        }),
        Job::Allocations(name) => ran(roster, name, true, |case| {
            Some(Measured::Allocations(meters::allocations::measure(|| case.run())))
        }),
        Job::Wall(name, budget, directory) => case_of(roster, name).and_then(|mut case| {
            let interval = meters::wall::measure(&mut *case, *budget, directory)?;
            Ok(Answer::Ran(finish(&*case, false, Some(Measured::Wall(interval)))))
        }),
        Job::Paired(names, budget) => {
            let cases = names.iter().map(|name| case_of(roster, name)).collect::<anyhow::Result<Vec<_>>>();
            cases.map(|mut cases| {
                let ratios = meters::paired::measure(&mut cases, *budget);
                let measured = ratios.into_iter().map(|ratio| {
                    let reference = names[0].contender.clone();
                    Measured::Paired(Paired {
                        reference,
                        ratio: ratio.median,
                        low: ratio.low,
                        high: ratio.high,
                    })
                });
                Answer::Group(measured.collect())
            })
        }
    };
    answer.unwrap_or_else(|error| Answer::Failed(format!("{error:#}")))
}

fn case_of(roster: Roster<'_>, name: &CellName) -> anyhow::Result<Box<dyn Case>> {
    let cell = roster.find(name)?;
    Ok(cell.contender.case(cell.scenario.name, cell.size, roster.input.map(|input| input.bytes)))
}

fn ran(
    roster: Roster<'_>,
    name: &CellName,
    with_oracle: bool,
    measure: impl FnOnce(&mut dyn Case) -> Option<Measured>,
) -> anyhow::Result<Answer> {
    let mut case = case_of(roster, name)?;
    case.arm();
    let measured = measure(&mut *case);
    let ran = finish(&*case, with_oracle, measured);
    // The process ends with its job. To drop a large case under Valgrind would take as long as the region.
    std::mem::forget(case);
    Ok(Answer::Ran(ran))
}

fn finish(case: &dyn Case, with_oracle: bool, measured: Option<Measured>) -> Ran {
    Ran {
        ops: case.ops(),
        digest: case.digest(),
        expected: with_oracle.then(|| case.expected()),
        pid: std::process::id(),
        measured,
        observed: case.observed().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}
