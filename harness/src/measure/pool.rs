//! The pool starts [workers](worker), gives them jobs, and replaces the workers that fail.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use worker::{Answer, Job};

/// How workers of one kind are started, and how long one of their jobs may take.
pub struct Pool<'a> {
    /// The command of a worker.
    pub command: &'a (dyn Fn() -> Command + Sync),
    /// Number of workers in parallel.
    pub workers: usize,
    /// Time limit for one job.
    pub timeout: Duration,
}

impl Pool<'_> {
    /// Runs every job and hands each answer to `done`, in the order in which they finish.
    ///
    /// A job that runs out of time or kills its worker fails; the worker is replaced and the others go on.
    ///
    /// # Errors
    /// If a worker cannot be started, or `done` fails. The remaining jobs are then not started.
    ///
    /// # Panics
    /// If `done` panics.
    pub fn run<T: Send + Sync>(
        &self,
        jobs: &[(T, Job)],
        done: impl FnMut(&T, Answer) -> Result<()> + Send,
    ) -> Result<()> {
        let queue = Mutex::new((0..jobs.len()).collect::<VecDeque<usize>>());
        let done = Mutex::new(done);
        let serve = || -> Result<()> {
            let mut worker = None;
            loop {
                let next = queue.lock().expect("no thread panics with the queue").pop_front();
                let Some(at) = next else { return Ok(()) };
                let (tag, job) = &jobs[at];
                let answer = match self.answer(&mut worker, job) {
                    Ok(answer) => answer,
                    Err(error) => {
                        // The queue is emptied, because this run reports no further answers.
                        queue.lock().expect("no thread panics with the queue").clear();
                        return Err(error);
                    }
                };
                let reported = done.lock().expect("no thread panics while reporting")(tag, answer);
                if reported.is_err() {
                    queue.lock().expect("no thread panics with the queue").clear();
                    return reported;
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.workers.min(jobs.len())).map(|_| scope.spawn(serve)).collect();
            let outcomes = threads.into_iter().map(|thread| thread.join());
            // Every thread is joined before the first error is returned.
            let outcomes: Vec<_> = outcomes.collect();
            outcomes.into_iter().try_for_each(|outcome| outcome.expect("a pool thread does not panic"))
        })
    }

    /// Has a job done by the worker in `slot`, which is started if there is none.
    ///
    /// # Errors
    /// If a worker cannot be started, or ends before its first answer.
    pub fn answer(&self, slot: &mut Option<Worker>, job: &Job) -> Result<Answer> {
        if slot.is_none() {
            *slot = Some(Worker::start((self.command)())?);
        }
        let Some(worker) = slot else { bail!("a worker was just started") };
        match worker.ask(job, self.timeout) {
            Asked::Answer(answer) => Ok(answer),
            Asked::TimedOut => {
                *slot = None;
                let limit = self.timeout.as_secs_f64();
                Ok(Answer::Failed(format!("ran longer than {limit} s (`--timeout`) and was stopped")))
            }
            Asked::Died => {
                let worker = slot.take().expect("it was asked");
                let last = worker.last_words();
                if worker.answered == 0 {
                    bail!("a worker ended before its first answer: {last}");
                }
                Ok(Answer::Failed(format!("its worker ended: {last}")))
            }
        }
    }
}

enum Asked {
    Answer(Answer),
    TimedOut,
    Died,
}

/// A worker that was started. It ends when it is dropped.
pub struct Worker {
    process: Child,
    jobs: ChildStdin,
    answers: Receiver<String>,
    stderr: File,
    /// The length of that file before the present job.
    stderr_before: u64,
    answered: usize,
}

impl Worker {
    fn start(mut command: Command) -> Result<Self> {
        let stderr = nameless_file().context("cannot create a temporary file")?;
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone()?)
            // The last words are one line; a backtrace would follow it.
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUST_LIB_BACKTRACE")
            // The worker has a process group of its own, so that a job's child is stopped with it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{program}`"))?;
        let jobs = process.stdin.take().expect("piped");
        let stdout = process.stdout.take().expect("piped");
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Worker { process, jobs, answers, stderr, stderr_before: 0, answered: 0 })
    }

    fn ask(&mut self, job: &Job, timeout: Duration) -> Asked {
        let mut line = serde_json::to_string(job).expect("a job is JSON");
        line.push('\n');
        self.stderr_before = self.stderr.metadata().map_or(0, |metadata| metadata.len());
        if self.jobs.write_all(line.as_bytes()).is_err() {
            return Asked::Died;
        }
        match self.answers.recv_timeout(timeout) {
            Ok(line) => {
                self.answered += 1;
                Asked::Answer(match serde_json::from_str(&line) {
                    Ok(Answer::Failed(message)) => Answer::Failed(self.with_last_words(message)),
                    Ok(answer) => answer,
                    Err(error) => Answer::Failed(format!("malformed answer: {error}")),
                })
            }
            Err(RecvTimeoutError::Timeout) => Asked::TimedOut,
            Err(RecvTimeoutError::Disconnected) => Asked::Died,
        }
    }

    /// The last line that the present job wrote to the standard error and that is not a hint of the Rust
    /// runtime.
    fn last_words(&self) -> String {
        let length = self.stderr.metadata().map_or(0, |metadata| metadata.len());
        // This much holds at least one line of what contenders print.
        let start = self.stderr_before.max(length.saturating_sub(4096));
        let mut text = vec![0; length.saturating_sub(start) as usize];
        let read = self.stderr.read_at(&mut text, start).unwrap_or(0);
        let text = String::from_utf8_lossy(&text[..read]);
        let telling = |line: &&str| !line.is_empty() && !line.starts_with("note: ");
        text.lines().rev().map(str::trim).find(telling).unwrap_or("no message").to_owned()
    }

    fn with_last_words(&self, message: String) -> String {
        if !message.contains("killed by") {
            return message;
        }
        match self.last_words().as_str() {
            "no message" => message,
            words => format!("{message}: {words}"),
        }
    }
}

/// A file without a name, which goes with its last descriptor. It lies in memory if possible, because a worker
/// must be able to write its last words even if the disk is full.
fn nameless_file() -> std::io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::memfd::{MFdFlags, memfd_create};
        Ok(File::from(memfd_create("lab-worker", MFdFlags::MFD_CLOEXEC)?))
    }
    #[cfg(not(target_os = "linux"))]
    tempfile::tempfile()
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Ok(group) = i32::try_from(self.process.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.process.wait();
    }
}
