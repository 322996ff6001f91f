//! Versions by the numbers that a trace gives them.

use std::collections::HashMap;

use crate::input::FixedHasher;

/// The versions that are alive at one point of a trace. Each has a place, and the places are few: that of a dropped
/// version goes to the next one that is made.
pub(crate) struct Names {
    places: HashMap<u64, u32, FixedHasher>,
    free: Vec<u32>,
    /// How many places there are.
    pub(crate) count: u32,
}

impl Names {
    /// Version 0 alone, in place 0. It is there from the start of every trace.
    pub(crate) fn new() -> Self {
        Names { places: HashMap::from_iter([(0, 0)]), free: Vec::new(), count: 1 }
    }

    /// The place of a version.
    ///
    /// # Errors
    /// If there is none of this name.
    pub(crate) fn find(&self, name: u64) -> Result<u32, String> {
        self.places.get(&name).copied().ok_or_else(|| missing(name))
    }

    /// Makes a version. Returns its place.
    ///
    /// # Errors
    /// If there is one of this name.
    pub(crate) fn make(&mut self, name: u64) -> Result<u32, String> {
        if self.places.contains_key(&name) {
            return Err(format!(
                "version {name} exists already: expected a new number, or that of a dropped version"
            ));
        }
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let next = self.count.checked_add(1).ok_or("too many versions are alive: at most 2³²")?;
                std::mem::replace(&mut self.count, next)
            }
        };
        self.places.insert(name, place);
        Ok(place)
    }

    /// Drops a version. Returns the place that it had.
    ///
    /// # Errors
    /// If there is none of this name.
    pub(crate) fn drop(&mut self, name: u64) -> Result<u32, String> {
        let place = self.places.remove(&name).ok_or_else(|| missing(name))?;
        self.free.push(place);
        Ok(place)
    }

    /// The versions that are alive, by name: names and places.
    pub(crate) fn alive(&self) -> Vec<(u64, u32)> {
        let mut alive: Vec<_> = self.places.iter().map(|(name, place)| (*name, *place)).collect();
        alive.sort_unstable();
        alive
    }
}

fn missing(name: u64) -> String {
    format!("there is no version {name} here: expected the number of one that was made and not dropped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_version_leaves_its_name_and_its_place() {
        let mut names = Names::new();
        assert_eq!((names.find(0), names.make(7), names.make(3)), (Ok(0), Ok(1), Ok(2)));
        assert!(names.make(7).unwrap_err().contains("version 7 exists already"));
        assert_eq!(names.drop(7), Ok(1));
        assert!(names.drop(7).unwrap_err().contains("no version 7"));
        assert!(names.find(7).unwrap_err().contains("no version 7"));
        assert_eq!((names.make(u64::MAX), names.make(7)), (Ok(1), Ok(3)));
        assert_eq!(names.alive(), [(0, 0), (3, 2), (7, 3), (u64::MAX, 1)]);
        assert_eq!(names.count, 4);
    }
}
