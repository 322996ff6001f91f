//! A user's own file, on which some bottlenecks can be measured (`lab run --input`).
//!
//! Workers receive its path and read it themselves, before they fork.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use flate2::read::MultiGzDecoder;
use scenarios::Bottleneck;
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
}

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
        Ok(Input { identity, bytes: bytes.leak() })
    }

    /// Checks the content for a bottleneck.
    ///
    /// # Errors
    /// If the bottleneck takes no input, or not this one: one line that says where and why.
    pub fn check(&self, bottleneck: &Bottleneck) -> Result<()> {
        let Some(own) = bottleneck.own_input else {
            bail!(usage(format!("--input: {} cannot be measured on a file", bottleneck.name)));
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
