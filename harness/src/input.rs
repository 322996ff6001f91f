//! A file of the user's, which some bottlenecks can be measured on: `lab run --input`.
//!
//! A process has at most one, read before its first cell. Workers are told its path and read it
//! themselves, before they fork.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, bail};
use flate2::read::MultiGzDecoder;
use scenarios::{Bottleneck, Scenario};
use serde::{Deserialize, Serialize};

use crate::error::usage;
use crate::fingerprint;

/// Which file, so that a run continues with the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its path, absolute.
    pub path: PathBuf,
    /// SHA-256 of its unpacked content, hexadecimal.
    pub sha256: String,
}

struct Loaded {
    identity: Identity,
    bytes: Vec<u8>,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();

/// The option of a worker that names the file.
pub(crate) const OPTION: &str = "--input";

/// More would not fit into a worker together with what contenders make of it.
const MAX_BYTES: u64 = 256 << 20;

/// Reads a file, plain or gzip, for this process.
///
/// # Errors
/// If it cannot be read or unpacked, is larger than 256 MiB, or another one was read before.
pub fn load(path: &Path) -> Result<&'static Identity> {
    let refuse = |what: String| usage(format!("--input {}: {what}", path.display()));
    let whole = path.canonicalize().map_err(|error| refuse(format!("cannot open it: {error}")))?;
    let bytes = read(&whole).map_err(|error| refuse(format!("cannot read it: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!(refuse(format!("it holds more than {} MiB", MAX_BYTES >> 20)));
    }
    let identity = Identity { path: whole, sha256: fingerprint::sha256([&bytes]) };
    if LOADED.set(Loaded { identity, bytes }).is_err() {
        bail!(refuse("another input was read before".to_owned()));
    }
    Ok(identity_of_loaded().expect("it was just set"))
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

/// Which file this process has read, if any.
pub fn identity_of_loaded() -> Option<&'static Identity> {
    LOADED.get().map(|loaded| &loaded.identity)
}

/// The content of the file that this process has read, if any.
pub fn bytes() -> Option<&'static [u8]> {
    LOADED.get().map(|loaded| &loaded.bytes[..])
}

/// Checks the content for a bottleneck.
///
/// # Errors
/// If the bottleneck takes no input, or not this one: one line that says where and why.
pub fn check(bottleneck: &Bottleneck) -> Result<()> {
    let Some(Loaded { identity, bytes }) = LOADED.get() else { return Ok(()) };
    let Some(own) = bottleneck.own_input else {
        bail!(usage(format!("--input: {} takes no input of one's own", bottleneck.name)));
    };
    (own.check)(bytes).map_err(|problem| {
        let (path, expects) = (identity.path.display(), own.expects);
        usage(format!("--input {path}: {problem}; {} expects {expects}", bottleneck.name)).into()
    })
}

/// The scenarios of a bottleneck: those about the file where there is one, the generated ones otherwise.
pub fn scenarios(bottleneck: &Bottleneck) -> &'static [Scenario] {
    match (LOADED.get(), bottleneck.own_input) {
        (None, _) => bottleneck.scenarios,
        (Some(_), own) => own.map_or(&[], |own| own.scenarios),
    }
}

/// Tells a worker which file to read.
pub(crate) fn tell(command: &mut Command) {
    if let Some(identity) = identity_of_loaded() {
        command.arg(OPTION).arg(&identity.path);
    }
}
