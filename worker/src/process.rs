//! The process: it runs every job in a **forked child on a fresh thread**.
//!
//! A fork gives each job the same untouched process state (allocator, lazily initialised statics), so
//! that a job's result does not depend on the jobs before it, and it contains whatever a contender
//! does: a panic, an abort, a leak, an exhausted memory. The instruction meter's worker is this same
//! process under Valgrind.
//!
//! A worker ends when its standard input does, and the kernel kills it (and its child) when the
//! process that started it dies, so no stray workers are left.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid};
use scenarios::probe::Injected;

use crate::exact::{self, Roster, Sending};
use crate::protocol::{Answer, Job, Others};
use crate::{entropy, settle};

/// The memory that a job outside Valgrind may take. It is enough for every scenario. A contender that exhausts it
/// fails alone, and not the machine with it.
const MEMORY_LIMIT: u64 = 4 << 30;

/// Serves jobs until the standard input ends. `others` does those that are not the worker's own.
pub fn serve(roster: Roster<'_>, under_valgrind: bool, others: &Others) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        // If this fails, the worker still ends when its standard input does.
        let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    }
    let Ok(mut answers) = take_standard_output() else { return ExitCode::FAILURE };
    if under_valgrind && let Some(code) = go_on_in_child() {
        return code;
    }
    entropy::fix();
    warm(roster);
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let answer = match serde_json::from_str::<Job>(&line) {
            Ok(job) => run_forked(roster, &job, under_valgrind, others),
            Err(error) => line_of(&Answer::Failed(format!("malformed job: {error}"))),
        };
        if answers.write_all(answer.as_bytes()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Goes on in a child, and waits in the parent: `None` in the child, its exit code in the parent.
///
/// What only a child executes after a fork is then translated once, and not in every child of the worker. If there is no
/// child, the worker goes on in itself, and is slower.
fn go_on_in_child() -> Option<ExitCode> {
    let parent = getpid();
    // SAFETY: the process has one thread, so the child may do anything a process may.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => Some(match wait_for(child) {
            Ok(WaitStatus::Exited(_, 0)) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }),
        Ok(ForkResult::Child) => {
            end_with(parent);
            None
        }
        Err(_) => None,
    }
}

/// Does once in the worker what every child does around its job. Under Valgrind the children inherit the
/// translated code; to translate it would be most of the cost of a small cell. The worker always does the same
/// here, so that every child of every worker starts from the same state.
pub fn warm(roster: Roster<'_>) {
    let job = || {
        serde_json::to_string(&Job::Isa)
            .and_then(|line| serde_json::from_str::<Job>(&line))
            .expect("it is a job")
    };
    black_box(line_of(&on_fresh_thread(|| {
        exact::rehearse(roster, &|answer| drop(black_box(line_of(answer))));
        black_box(job());
        Answer::Isa(isa())
    })));
    drop(std::panic::take_hook());
}

/// Keeps the standard output for answers alone. What a contender or a library prints is thrown away.
fn take_standard_output() -> std::io::Result<File> {
    let answers = File::from(std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?);
    let nowhere = File::options().write(true).open("/dev/null")?;
    nix::unistd::dup2_stdout(nowhere)?;
    Ok(answers)
}

/// Runs a job in a child, and returns its last answer when the child has ended and its profile is complete.
fn run_forked(roster: Roster<'_>, job: &Job, under_valgrind: bool, others: &Others) -> String {
    let failed = |message: String| line_of(&Answer::Failed(message));
    let (mut reader, writer) = match std::io::pipe() {
        Ok(ends) => ends,
        Err(error) => return failed(format!("cannot open a pipe: {error}")),
    };
    let worker = getpid();
    // SAFETY: the worker has one thread, so the child may do anything a process may.
    let child = match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => child,
        Ok(ForkResult::Child) => {
            drop(reader);
            end_with(worker);
            run_in_child(roster, job, under_valgrind, others, writer);
        }
        Err(error) => return failed(format!("cannot fork: {error}")),
    };
    drop(writer);
    let mut answer = String::new();
    let read = reader.read_to_string(&mut answer);
    match wait_for(child) {
        Ok(WaitStatus::Exited(_, 0)) if read.is_ok() && answer.ends_with('\n') => {
            answer.split_inclusive('\n').next_back().unwrap_or_default().to_owned()
        }
        Ok(WaitStatus::Signaled(_, signal, _)) => failed(format!("its process was killed by {signal}")),
        Ok(WaitStatus::Exited(_, code)) => failed(format!("its process ended with code {code}")),
        Ok(_) => unreachable!("it waits until the child has ended"),
        Err(error) => failed(format!("cannot wait for its process: {error}")),
    }
}

/// Waits until a child has ended.
fn wait_for(child: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Ok(ended @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..))) => return Ok(ended),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Lets the kernel kill this child when its worker dies. A worker that died before is not waited for: nobody would ever
/// end the child.
fn end_with(worker: Pid) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    if getppid() != worker {
        // SAFETY: ends this process.
        unsafe { nix::libc::_exit(1) }
    }
}

fn run_in_child(
    roster: Roster<'_>,
    job: &Job,
    under_valgrind: bool,
    others: &Others,
    answers: PipeWriter,
) -> ! {
    if !under_valgrind {
        let _ = setrlimit(Resource::RLIMIT_AS, MEMORY_LIMIT, MEMORY_LIMIT);
    }
    let failed = AtomicBool::new(false);
    let send = |answer: &Answer| {
        let sent = (&answers).write_all(line_of(answer).as_bytes());
        failed.fetch_or(sent.is_err(), Ordering::Relaxed);
    };
    send(&on_fresh_thread(|| perform(roster, job, others, &send)));
    let code = i32::from(failed.into_inner());
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
fn on_fresh_thread(perform: impl FnOnce() -> Answer + Send) -> Answer {
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
            settle();
            catch_unwind(AssertUnwindSafe(perform)).unwrap_or_else(|_| {
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

fn perform(roster: Roster<'_>, job: &Job, others: &Others, send: &Sending<'_>) -> Answer {
    match (job, exact::perform(roster, job, send)) {
        (_, Some(Ok(answer))) => answer,
        (_, Some(Err(message))) => Answer::Failed(message),
        (Job::Other(text), None) => others(roster, text, send),
        (_, None) => Answer::Isa(isa()),
    }
}

/// The instruction-set extensions that this process may use, as it sees its CPU.
fn isa() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! detected {
            ($($feature:tt)*) => {
                [$(($feature, std::arch::is_x86_feature_detected!($feature))),*]
            };
        }
        let features = detected!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "bmi1" "bmi2" "fma" "lzcnt" "avx512f");
        features.iter().filter(|(_, found)| *found).map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH.to_owned()
}
