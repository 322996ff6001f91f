//! Macros that build collections, and that reach into collections of collections.

/// A [`HashMap`](crate::HashMap) of the given entries. Of entries with equal keys, the last one stays. O(n log n) for n
/// entries.
///
/// ```
/// use persistent_collections::hashmap;
///
/// let stock = hashmap! { "apples" => 3, "pears" => 1 };
/// assert_eq!((stock["apples"], stock.len()), (3, 2));
/// let empty: persistent_collections::HashMap<u32, u32> = hashmap! {};
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! hashmap {
    () => { <$crate::HashMap<_, _>>::new() };
    ($($key:expr => $value:expr),+ $(,)?) => { <$crate::HashMap<_, _>>::from([$(($key, $value)),+]) };
}

/// A [`HashSet`](crate::HashSet) of the given elements. O(n log n) for n elements.
///
/// ```
/// use persistent_collections::hashset;
///
/// let set = hashset![1, 2, 2];
/// assert!(set.len() == 2 && set.contains(&1));
/// ```
#[macro_export]
macro_rules! hashset {
    () => { <$crate::HashSet<_>>::new() };
    ($($element:expr),+ $(,)?) => { <$crate::HashSet<_>>::from([$($element),+]) };
}

/// An [`OrdMap`](crate::OrdMap) of the given entries. Of entries with equal keys, the last one stays. O(n log n) for n
/// entries.
///
/// ```
/// use persistent_collections::ordmap;
///
/// let stock = ordmap! { "pears" => 1, "apples" => 3 };
/// assert_eq!(stock.first_key_value(), Some((&"apples", &3)));
/// ```
#[macro_export]
macro_rules! ordmap {
    () => { <$crate::OrdMap<_, _>>::new() };
    ($($key:expr => $value:expr),+ $(,)?) => { <$crate::OrdMap<_, _>>::from([$(($key, $value)),+]) };
}

/// An [`OrdSet`](crate::OrdSet) of the given elements. O(n log n) for n elements.
///
/// ```
/// use persistent_collections::ordset;
///
/// assert_eq!(ordset![2, 1, 2].first(), Some(&1));
/// ```
#[macro_export]
macro_rules! ordset {
    () => { <$crate::OrdSet<_>>::new() };
    ($($element:expr),+ $(,)?) => { <$crate::OrdSet<_>>::from([$($element),+]) };
}

/// A [`Vector`](crate::Vector) of the given elements, or of clones of one element. O(n) for n elements.
///
/// ```
/// use persistent_collections::vector;
///
/// assert_eq!(vector![1, 2, 3].last(), Some(&3));
/// assert_eq!(vector!['a'; 100].len(), 100);
/// ```
#[macro_export]
macro_rules! vector {
    () => { <$crate::Vector<_>>::new() };
    ($element:expr; $count:expr) => { ::std::iter::repeat_n($element, $count).collect::<$crate::Vector<_>>() };
    ($($element:expr),+ $(,)?) => { <$crate::Vector<_>>::from([$($element),+]) };
}

/// The same as [`hashmap!`](crate::hashmap!), for [`rc::HashMap`](crate::rc::HashMap).
#[doc(hidden)]
#[macro_export]
macro_rules! __rc_hashmap {
    () => { <$crate::rc::HashMap<_, _>>::new() };
    ($($key:expr => $value:expr),+ $(,)?) => { <$crate::rc::HashMap<_, _>>::from([$(($key, $value)),+]) };
}

/// The same as [`hashset!`](crate::hashset!), for [`rc::HashSet`](crate::rc::HashSet).
#[doc(hidden)]
#[macro_export]
macro_rules! __rc_hashset {
    () => { <$crate::rc::HashSet<_>>::new() };
    ($($element:expr),+ $(,)?) => { <$crate::rc::HashSet<_>>::from([$($element),+]) };
}

/// The same as [`ordmap!`](crate::ordmap!), for [`rc::OrdMap`](crate::rc::OrdMap).
#[doc(hidden)]
#[macro_export]
macro_rules! __rc_ordmap {
    () => { <$crate::rc::OrdMap<_, _>>::new() };
    ($($key:expr => $value:expr),+ $(,)?) => { <$crate::rc::OrdMap<_, _>>::from([$(($key, $value)),+]) };
}

/// The same as [`ordset!`](crate::ordset!), for [`rc::OrdSet`](crate::rc::OrdSet).
#[doc(hidden)]
#[macro_export]
macro_rules! __rc_ordset {
    () => { <$crate::rc::OrdSet<_>>::new() };
    ($($element:expr),+ $(,)?) => { <$crate::rc::OrdSet<_>>::from([$($element),+]) };
}

/// The same as [`vector!`](crate::vector!), for [`rc::Vector`](crate::rc::Vector).
#[doc(hidden)]
#[macro_export]
macro_rules! __rc_vector {
    () => { <$crate::rc::Vector<_>>::new() };
    ($element:expr; $count:expr) => { ::std::iter::repeat_n($element, $count).collect::<$crate::rc::Vector<_>>() };
    ($($element:expr),+ $(,)?) => { <$crate::rc::Vector<_>>::from([$($element),+]) };
}

/// The value at the end of a path through nested collections, or `None` if a step of it leads nowhere. A step is what
/// `get` of the collection at that level takes: a reference to a key for maps, an index for vectors. Costs one `get`
/// for each step.
///
/// ```
/// use persistent_collections::{get_in, hashmap, vector};
///
/// let orders = hashmap! { "anna" => vector![3, 5], "otto" => vector![7] };
/// assert_eq!(get_in!(orders, "anna" => 1), Some(&5));
/// assert_eq!(get_in!(orders, "otto" => 1), None);
/// ```
#[macro_export]
macro_rules! get_in {
    ($target:expr, $step:expr) => { $target.get($step) };
    ($target:expr, $step:expr => $($rest:tt)+) => {
        $target.get($step).and_then(|inner| $crate::get_in!(inner, $($rest)+))
    };
}

/// A version with another value at the end of a path through nested collections, which stay as they are. All steps but
/// the last are what `get_mut` takes at their level: a reference to a key for maps, an index for vectors. The last step
/// and the value go to `update`, so there a map takes a key by value, and may not have it yet. Costs one `clone`,
/// `get_mut` or `update` for each step.
///
/// # Panics
/// If a step but the last leads nowhere, or if `update` panics.
///
/// ```
/// use persistent_collections::{hashmap, update_in, vector};
///
/// let old = hashmap! { "anna" => vector![3, 5] };
/// let new = update_in!(old, "anna" => 1, 6);
/// assert_eq!((old["anna"][1], new["anna"][1]), (5, 6));
/// ```
#[macro_export]
macro_rules! update_in {
    ($target:expr, $step:expr, $value:expr $(,)?) => { $target.update($step, $value) };
    ($target:expr, $step:expr => $($rest:tt)+) => {{
        let mut version = $target.clone();
        let inner = version.get_mut($step).expect("a step of the path leads nowhere");
        *inner = $crate::update_in!(inner, $($rest)+);
        version
    }};
}
