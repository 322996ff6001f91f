//! Writes to where workers answer. Its results are right.

use super::Habit;
use scenarios::Contender;

#[derive(Clone, Copy)]
struct Printing;

impl Habit for Printing {
    fn before_slice(length: usize) {
        println!("{{\"Failed\":\"slice of {length}\"}}\n\n\u{fffd}");
        eprintln!("slice of {length}");
    }
}

#[inline(never)]
pub fn contender() -> Contender {
    super::contender::<Printing>("printing", "Prints at every slice.")
}
