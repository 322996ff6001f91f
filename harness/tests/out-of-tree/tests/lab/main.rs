//! Tests of the lab itself, with a stranger's labs: contenders that misbehave, runs that are killed, files
//! that are damaged, disks that are full.
//!
//! What a machine cannot do (mount a file system, run Valgrind) is skipped with a line on the standard error.

mod atomics;
mod cheating;
mod choose;
mod claims;
mod common;
mod damage;
mod diff;
mod environment;
mod exports;
mod gate;
mod interruption;
mod letting_go;
mod misbehaving;
mod obstacles;
mod output;
mod pasted;
mod seeds;
mod sharding;
mod unchanged;
mod usage;
mod verdicts;
