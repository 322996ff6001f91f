//! A file of the user's, which some bottlenecks can be measured on: `lab run --input`.
//!
//! Workers are told its path and read it themselves, before they fork.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use flate2::read::MultiGzDecoder;
use scenarios::Bottleneck;
use serde::{Deserialize, Serialize};

use crate::error::usage;
use crate::sha256::sha256;

/// Which file, so that a run continues with the same one.
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
    /// Which one.
    pub identity: Identity,
    /// Its content, unpacked. It stays to the end of the process, because cases may keep pointing into it.
    pub bytes: &'static [u8],
}

/// More would not fit into a worker together with what contenders make of it.
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
        Ok(Input { identity, bytes: bytes.leak() })
    }

    /// Checks the content for a bottleneck.
    ///
    /// # Errors
    /// If the bottleneck takes no input, or not this one: one line that says where and why.
    pub fn check(&self, bottleneck: &Bottleneck) -> Result<()> {
        let Some(own) = bottleneck.own_input else {
            bail!(usage(format!("--input: {} takes no input of one's own", bottleneck.name)));
        };
        (own.check)(self.bytes).map_err(|problem| {
            let (path, expects) = (self.identity.path.display(), own.expects);
            usage(format!("--input {path}: {problem}; {} expects {expects}", bottleneck.name)).into()
        })
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
