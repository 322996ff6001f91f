//! Records what a program does to its maps and vectors, as a trace of operations that Bottleneck Lab replays on every
//! contender: `lab run persistent_map --input app.ops`.
//!
//! Wrap the map where the program makes it. Then use it as before: the wrapper forwards each operation and writes a line
//! for it. A clone is a version of its own, with a number of its own.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use recorder::{Maps, RecordedMap, Recorder};
//!
//! # let directory = std::env::temp_dir().join(format!("recorder-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let path = directory.join("app.ops");
//! let recorder = Recorder::<Maps>::create(&path)?; // `path` is "app.ops", say
//! let mut stock = RecordedMap::new(HashMap::new(), &recorder);
//! stock.insert("apples".to_owned(), 3);
//! let yesterday = stock.clone();
//! stock.insert("apples".to_owned(), 2);
//! assert_eq!(yesterday.get(&"apples".to_owned()), Some(&3));
//! drop((stock, yesterday));
//! assert_eq!(recorder.finish()?, 7);
//!
//! let trace = std::fs::read_to_string(&path)?;
//! let operations: Vec<&str> = trace.lines().map(|line| line.split(' ').next().unwrap()).collect();
//! assert_eq!(operations, ["#", "new", "insert", "clone", "insert", "get", "drop", "drop"]);
//! # std::fs::remove_dir_all(&directory)?;
//! # std::io::Result::Ok(())
//! ```
//!
//! [`RecordedMap`] wraps everything that is a [`Map`], and [`RecordedVector`] everything that is a [`Vector`]: std's
//! `HashMap`, `BTreeMap` and `Vec`, and with the features `im`, `imbl` and `persistent-collections` the persistent maps and vectors
//! of these crates. The traits are small: implement them for a structure of your own.
//!
//! # What a trace holds
//!
//! * **Keys** stand in the trace as their text. Usually that is their [`Display`](std::fmt::Display);
//!   [`RecordedMap::spelled`] takes a function of your own. Equal keys need equal texts, and different keys different ones.
//! * **Values** stand there as a number of 64 bits: a fingerprint of their [`Debug`](std::fmt::Debug) text, so that large
//!   values make no large traces. The replay needs to know which values are the same, not what they are.
//! * **Iterations** count as whole ones, even if the program breaks them off.
//! * Times are not recorded, and neither are threads: operations stand in one order in which they may have happened.
//!
//! A trace has everything that the program did from the creation of the recorder until [`Recorder::finish`]. Keys are
//! data of the program: think of that before you give a trace away.
//!
//! # Several threads
//!
//! Wrappers may be sent and shared like what they wrap. They write through one lock. An operation that changes a version
//! has it alone, so the trace has all operations on a version in their order.
//!
//! # Errors
//!
//! Writing never fails an operation of the program, and never panics. The first error ends the recording, and
//! [`Recorder::finish`] returns it.

#[cfg(feature = "persistent-collections")]
mod collections;
#[cfg(feature = "im")]
mod im;
#[cfg(feature = "imbl")]
mod imbl;
mod map;
mod spelling;
mod std_collections;
mod vector;
mod writer;

pub use map::{Map, RecordedMap};
pub use vector::{RecordedVector, Vector};
pub use writer::{Kind, Maps, Recorder, Vectors};
