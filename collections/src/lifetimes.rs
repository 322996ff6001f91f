//! Uses of the collections that must not compile, because the contents of a collection, an iterator or an entry must
//! outlive it.
//!
//! Only the documentation tests see this module. Next to each use that must not compile stands one that differs in a
//! single point and must compile. So a test cannot pass because of some other mistake in it.
//! `tests/soundness/lifetimes.rs` has more uses that must compile, and runs them.

/// Elements outlive the vector that holds them, in whatever way they came into it.
///
/// ```
/// use persistent_collections::{Vector, rc};
/// struct Lent<'a>(&'a String);
/// impl Clone for Lent<'_> { fn clone(&self) -> Self { Lent(self.0) } }
/// impl Drop for Lent<'_> { fn drop(&mut self) {} }
/// let long = String::from("long");
/// let old: Vector<Lent<'_>> = Vector::unit(Lent(&long));
/// {
///     let short = String::from("short");
///     let mut new: Vector<Lent<'_>> = old.clone();
///     new.push_back(Lent(&short));
/// }
/// drop(old);
/// ```
///
/// The same elements must not come into the older version itself:
///
/// ```compile_fail,E0597
/// use persistent_collections::{Vector, rc};
/// struct Lent<'a>(&'a String);
/// impl Clone for Lent<'_> { fn clone(&self) -> Self { Lent(self.0) } }
/// impl Drop for Lent<'_> { fn drop(&mut self) {} }
/// let long = String::from("long");
/// let mut old: Vector<Lent<'_>> = Vector::unit(Lent(&long));
/// {
///     let short = String::from("short");
///     old.push_back(Lent(&short));
/// }
/// drop(old);
/// ```
///
/// They must not come into a version that is kept together with the older one, either:
///
/// ```compile_fail,E0597
/// use persistent_collections::{Vector, rc};
/// struct Lent<'a>(&'a String);
/// impl Clone for Lent<'_> { fn clone(&self) -> Self { Lent(self.0) } }
/// impl Drop for Lent<'_> { fn drop(&mut self) {} }
/// let long = String::from("long");
/// let mut kept: Vec<rc::Vector<Lent<'_>>> = vec![rc::Vector::unit(Lent(&long))];
/// {
///     let short = String::from("short");
///     let mut new = kept[0].clone();
///     new.push_back(Lent(&short));
///     kept.push(new);
/// }
/// drop(kept);
/// ```
pub struct ElementsOutliveVectors;

/// Keys and values outlive the map that holds them.
///
/// ```
/// use persistent_collections::HashMap;
/// let long = String::from("long");
/// let old: HashMap<&str, String> = HashMap::unit(long.as_str(), String::new());
/// {
///     let short = String::from("short");
///     let mut new = old.clone();
///     new.insert(short.as_str(), String::new());
///     assert_eq!(new.len(), 2);
/// }
/// assert_eq!(old.len(), 1);
/// ```
///
/// ```compile_fail,E0597
/// use persistent_collections::HashMap;
/// let long = String::from("long");
/// let mut old: HashMap<&str, String> = HashMap::unit(long.as_str(), String::new());
/// {
///     let short = String::from("short");
///     old.insert(short.as_str(), String::new());
/// }
/// assert_eq!(old.len(), 1);
/// ```
///
/// ```compile_fail,E0597
/// use persistent_collections::rc::HashMap;
/// let long = String::from("long");
/// let mut old: HashMap<u32, Box<&str>> = HashMap::unit(1, Box::new(long.as_str()));
/// {
///     let short = String::from("short");
///     *old.entry(2).or_default() = Box::new(short.as_str());
/// }
/// assert_eq!(old.len(), 1);
/// ```
///
/// ```compile_fail,E0597
/// use persistent_collections::HashSet;
/// let long = String::from("long");
/// let mut old: HashSet<&str> = HashSet::unit(long.as_str());
/// {
///     let short = String::from("short");
///     old.insert(short.as_str());
/// }
/// assert_eq!(old.len(), 1);
/// ```
pub struct EntriesOutliveMaps;

/// A collection outlives what is borrowed from it.
///
/// ```
/// let vector: persistent_collections::Vector<String> = persistent_collections::Vector::unit(String::new());
/// let first = vector.iter().next();
/// assert!(first.is_some());
/// drop(vector);
/// ```
///
/// ```compile_fail,E0505
/// let vector: persistent_collections::Vector<String> = persistent_collections::Vector::unit(String::new());
/// let first = vector.iter().next();
/// drop(vector);
/// assert!(first.is_some());
/// ```
///
/// ```compile_fail,E0505
/// let vector: persistent_collections::Vector<String> = persistent_collections::Vector::unit(String::new());
/// let first = vector.leaves().next();
/// drop(vector);
/// assert!(first.is_some());
/// ```
///
/// ```compile_fail,E0502
/// let mut vector: persistent_collections::Vector<String> = persistent_collections::Vector::unit(String::new());
/// let first = vector.get(0);
/// vector.push_back(String::new());
/// assert!(first.is_some());
/// ```
///
/// ```compile_fail,E0499
/// let mut vector: persistent_collections::Vector<String> = persistent_collections::Vector::unit(String::new());
/// let first = vector.iter_mut().next();
/// let again = vector.iter_mut().next();
/// assert!(first.is_some() && again.is_some());
/// ```
///
/// ```compile_fail,E0505
/// let map: persistent_collections::HashMap<u32, String> = persistent_collections::HashMap::unit(1, String::new());
/// let first = map.iter().next();
/// drop(map);
/// assert!(first.is_some());
/// ```
///
/// ```compile_fail,E0505
/// let map: persistent_collections::HashMap<u32, String> = persistent_collections::HashMap::unit(1, String::new());
/// let other = map.update(1, "b".to_owned());
/// let first = map.diff(&other).next();
/// drop(other);
/// assert!(first.is_some());
/// ```
///
/// ```compile_fail,E0499
/// let mut map: persistent_collections::HashMap<u32, String> = persistent_collections::HashMap::unit(1, String::new());
/// let value = map.entry(1).or_default();
/// map.clear();
/// value.push('a');
/// ```
///
/// ```compile_fail,E0505
/// let set: persistent_collections::rc::HashSet<String> = persistent_collections::rc::HashSet::unit(String::new());
/// let first = set.iter().next();
/// drop(set);
/// assert!(first.is_some());
/// ```
pub struct CollectionsOutliveBorrows;

/// Types through which elements can be written are invariant: they accept elements of a single lifetime only.
///
/// ```
/// use persistent_collections::{Vector, vector::Iter, counter::Atomic};
/// fn shorter<'a, 'short>(iter: Iter<'a, &'static str, Atomic>) -> Iter<'a, &'short str, Atomic> where 'short: 'a { iter }
/// ```
///
/// ```compile_fail
/// use persistent_collections::{Vector, vector::IterMut, counter::Atomic};
/// fn shorter<'a, 'short>(iter: IterMut<'a, &'static str, Atomic>) -> IterMut<'a, &'short str, Atomic> where 'short: 'a { iter }
/// ```
///
/// ```compile_fail
/// use persistent_collections::{map::Entry, counter::Atomic};
/// fn shorter<'a, 'short>(entry: Entry<'a, u32, &'static str, u32, Atomic>) -> Entry<'a, u32, &'short str, u32, Atomic> where 'short: 'a { entry }
/// ```
///
/// ```compile_fail
/// use persistent_collections::{map::OccupiedEntry, counter::Plain};
/// fn shorter<'a, 'short>(entry: OccupiedEntry<'a, &'static str, u32, u32, Plain>) -> OccupiedEntry<'a, &'short str, u32, u32, Plain> where 'short: 'a { entry }
/// ```
///
/// ```compile_fail
/// use persistent_collections::Vector;
/// fn shorter<'a, 'short>(vector: &'a mut Vector<&'static str>) -> &'a mut Vector<&'short str> where 'short: 'a { vector }
/// ```
///
/// ```compile_fail
/// use std::cell::Cell;
/// use persistent_collections::Vector;
/// fn shorter<'short>(vector: Vector<Cell<&'static str>>) -> Vector<Cell<&'short str>> { vector }
/// ```
pub struct WritersAreInvariant;

/// A collection that is counted plainly stays in its thread.
///
/// ```
/// let vector: persistent_collections::Vector<u32> = persistent_collections::Vector::unit(1);
/// std::thread::spawn(move || vector.len());
/// let map: persistent_collections::HashMap<u32, u32> = persistent_collections::HashMap::unit(1, 1);
/// std::thread::spawn(move || map.len());
/// ```
///
/// ```compile_fail,E0277
/// let vector: persistent_collections::rc::Vector<u32> = persistent_collections::rc::Vector::unit(1);
/// std::thread::spawn(move || vector.len());
/// ```
///
/// ```compile_fail,E0277
/// let map: persistent_collections::rc::HashMap<u32, u32> = persistent_collections::rc::HashMap::unit(1, 1);
/// std::thread::spawn(move || map.len());
/// ```
///
/// ```compile_fail,E0277
/// let set: persistent_collections::rc::HashSet<u32> = persistent_collections::rc::HashSet::unit(1);
/// std::thread::spawn(move || set.len());
/// ```
///
/// ```compile_fail,E0277
/// let vector: persistent_collections::Vector<std::rc::Rc<u32>> = persistent_collections::Vector::unit(1.into());
/// std::thread::spawn(move || vector.len());
/// ```
///
/// ```compile_fail,E0277
/// let map: persistent_collections::HashMap<u32, std::cell::Cell<u32>> = persistent_collections::HashMap::unit(1, 1.into());
/// std::thread::spawn(move || map.len());
/// ```
pub struct PlainCountsStayInTheirThread;
