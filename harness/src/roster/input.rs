//! A user's own file, on which some bottlenecks can be measured (`lab run --input`).
//!
//! Workers receive its path and read it themselves, before they fork.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use flate2::read::MultiGzDecoder;
use scenarios::{Bottleneck, OwnInput};
use serde::{Deserialize, Serialize};

use crate::error::usage;
use crate::sha256::sha256;

/// The identity of a file. A resumed run uses it to make sure that the file is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its path, absolute.
    pub path: PathBuf,
    /// SHA-256 of its unpacked content, hexadecimal.
    pub sha256: String,
}

/// A file that was read.
#[derive(Debug)]
pub struct Input {
    /// Its identity.
    pub identity: Identity,
    /// Its unpacked content. It lives until the process ends, because cases may keep references into it.
    pub bytes: &'static [u8],
    /// Which kind of file it is to a bottleneck.
    kinds: Mutex<BTreeMap<&'static str, Kind>>,
}

/// A kind of file, or why the content is of none that the bottleneck takes; no reason if it takes no file.
type Kind = Result<&'static OwnInput, Option<String>>;

/// The largest input. A larger one would not fit into a worker beside what contenders build from it.
const MAX_BYTES: u64 = 256 << 20;

impl Input {
    /// Reads a file, plain or gzip.
    ///
    /// # Errors
    /// If it cannot be read or unpacked, or is larger than 256 MiB.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |what: String| usage(format!("--input {}: {what}", path.display()));
        let whole = path.canonicalize().map_err(|error| refuse(format!("cannot open it: {error}")))?;
        let bytes = read(&whole).map_err(|error| refuse(format!("cannot read it: {error}")))?;
        if bytes.len() as u64 > MAX_BYTES {
            bail!(refuse(format!("it holds more than {} MiB", MAX_BYTES >> 20)));
        }
        let identity = Identity { path: whole, sha256: sha256([&bytes]) };
        Ok(Input { identity, bytes: bytes.leak(), kinds: Mutex::default() })
    }

    /// Checks the content for a bottleneck.
    ///
    /// # Errors
    /// If the bottleneck takes no input, or not this one: one line that says where and why.
    pub fn check(&self, bottleneck: &Bottleneck) -> Result<()> {
        let Err(problem) = self.kind(bottleneck) else { return Ok(()) };
        let name = bottleneck.name;
        let Some(problem) = problem else {
            bail!(usage(format!("--input: {name} cannot be measured on a file")));
        };
        let (path, expects) =
            (self.identity.path.display(), bottleneck.own_inputs.iter().map(|own| own.expects));
        let expects = expects.collect::<Vec<_>>().join("; or ");
        bail!(usage(format!("--input {path}: {problem}; {name} expects {expects}")))
    }

    /// Which kind of file the content is to a bottleneck, or why it is of none.
    ///
    /// # Errors
    /// If the content is none that it takes: why; `None` if it takes no file.
    pub fn kind(&self, bottleneck: &Bottleneck) -> Kind {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(bottleneck.name).or_insert_with(|| bottleneck.own_input_of(self.bytes)).clone()
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut packed)?;
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Ok(packed);
    }
    let mut bytes = Vec::new();
    MultiGzDecoder::new(&packed[..]).take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
