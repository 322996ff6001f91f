//! The identity of compiled code: a hash over everything that a function can reach in the object files of a program.
//!
//! Two builds in which a function has the same identity execute the same machine code on the same constants and
//! statics when they call it. What counts is content: the code, the constants and the initial values of statics, and
//! which of them refers to which. Where something lies, what it is called, in which file and line it was written and
//! what else is in the program do not count.
//!
//! ```no_run
//! # fn main() -> Result<(), identity::Error> {
//! let files = identity::Files::read(["libparts.rlib", "libcore.rlib"])?;
//! let program = identity::Program::parse(&files)?;
//! println!("{}", program.identity(&["parts_get"])?.hash);
//! # Ok(())
//! # }
//! ```
//!
//! # How
//!
//! An *atom* is a section of an object file; the compiler gives each function and each constant a section of its own.
//! A section of constants that the linker may merge is divided: each of its entries is an atom. From the roots on, atoms
//! are visited breadth-first, in the order of the references in each, and numbered when they are first met. The hash
//! takes in, for each atom, its kind, alignment, size and content, with the relocated fields zeroed, and for each
//! reference its place, type, offset in the target and the target's number. What no object file defines (the C
//! library's functions, say) is taken in by name.
//!
//! A [`Location`](std::panic::Location) is opaque: it holds a path and a line, which change with every comment.
//!
//! # What it does not see
//!
//! Functions that are looked up by name while the program runs; what runs before `main`; code of shared libraries;
//! behaviour that depends on where something lies, for example hashes of pointers. Unwind tables are left out: code that
//! only differs in them differs in nothing that runs without a panic.

mod atom;
mod linked;
mod program;

use std::path::{Path, PathBuf};

pub use linked::{address_of, symbols_at};
pub use program::{Identity, Program};

/// What can go wrong; one line each.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is no object file and no archive of them, or a damaged one.
    #[error("cannot read the object code in {}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file does not belong to the program.
    #[error("{}: {reason}; build the program again", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A root that no object file defines.
    #[error("no object file defines `{0}`")]
    NoRoot(String),
}

/// Object files and archives of them, in the order in which the linker took them.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Files {
    /// Reads the files. Those that hold no object code (shared libraries, linker scripts) are left out when they are
    /// [parsed](Program::parse).
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn read<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Error> {
        let read = |path: P| {
            let path = path.as_ref().to_owned();
            match std::fs::read(&path) {
                Ok(bytes) => Ok((path, bytes)),
                Err(cause) => Err(Error::Read { path, cause }),
            }
        };
        Ok(Files { files: paths.into_iter().map(read).collect::<Result<_, _>>()? })
    }
}
