//! The recorder: it numbers versions and writes lines.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a trace is about.
pub trait Kind: sealed::Sealed + 'static {
    /// The bottleneck whose contract the operations are from.
    const CONTRACT: &'static str;
}

/// Traces of maps, for the bottlenecks `persistent_map` and `small_map`.
#[derive(Debug)]
pub enum Maps {}

/// Traces of vectors, for the bottleneck `persistent_vector`.
#[derive(Debug)]
pub enum Vectors {}

impl Kind for Maps {
    const CONTRACT: &'static str = "persistent_map";
}

impl Kind for Vectors {
    const CONTRACT: &'static str = "persistent_vector";
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Maps {}
    impl Sealed for super::Vectors {}
}

/// Writes one trace. A clone writes the same one.
pub struct Recorder<K> {
    shared: Arc<Mutex<State>>,
    kind: PhantomData<fn() -> K>,
}

struct State {
    /// `None` when the recording has ended.
    writer: Option<BufWriter<Box<dyn Write + Send>>>,
    /// The number of the next version. Version 0 is there from the start of a trace, and no wrapper uses it.
    next: u64,
    operations: u64,
    error: Option<io::Error>,
}

/// About how many bytes are written at once.
const BUFFERED: usize = 1 << 16;

impl<K: Kind> Recorder<K> {
    /// A recorder that writes its trace there, in large pieces.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        let writer: Box<dyn Write + Send> = Box::new(writer);
        let writer = Some(BufWriter::with_capacity(BUFFERED, writer));
        let state = State { writer, next: 1, operations: 0, error: None };
        let recorder = Recorder { shared: Arc::new(Mutex::new(state)), kind: PhantomData };
        recorder.state().write(&format!("# bottleneck-lab operations 1 {}\n", K::CONTRACT));
        recorder
    }

    /// A recorder that writes its trace into a new file, or over the content of an old one.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Recorder::new(File::create(path)?))
    }

    /// Ends the recording, for every wrapper and every clone of the recorder, and writes what is left. Returns the number
    /// of operations. What is done to the wrappers from now on is not recorded.
    ///
    /// Without this call, the rest is written when the recorder and all wrappers are gone, and errors are lost.
    ///
    /// # Errors
    /// The first error that there was in writing. The trace ends before it.
    pub fn finish(&self) -> io::Result<u64> {
        let mut state = self.state();
        let flushed = state.writer.take().map_or(Ok(()), |mut writer| writer.flush());
        match state.error.take() {
            Some(error) => Err(error),
            None => flushed.map(|()| state.operations),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a writer leaves a line of the trace unfinished, and nothing else.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether both write the same trace.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Writes an operation: its name, a version and its other words, each with a space before it.
    pub(crate) fn record(&self, operation: &str, version: u64, words: &str) {
        self.state().operation(&format!("{operation} {version}{words}\n"));
    }

    /// Writes an operation that makes a version, whose number it ends with. Returns that number.
    pub(crate) fn make(&self, operation: &str) -> u64 {
        let mut state = self.state();
        let version = state.next;
        state.next += 1;
        state.operation(&format!("{operation} {version}\n"));
        version
    }
}

impl State {
    fn operation(&mut self, line: &str) {
        self.operations += u64::from(self.writer.is_some());
        self.write(line);
    }

    fn write(&mut self, line: &str) {
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.write_all(line.as_bytes())
        {
            self.error = Some(error);
            // What is in the buffer must not be written after a gap, as a drop of the writer would do.
            drop(self.writer.take().map(BufWriter::into_parts));
        }
    }
}

impl<K> Clone for Recorder<K> {
    fn clone(&self) -> Self {
        Recorder { shared: Arc::clone(&self.shared), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Recorder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
