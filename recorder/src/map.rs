//! Maps.

use std::fmt::{self, Debug, Display};

use crate::spelling::{Spell, displayed, fingerprinted, push_word};
use crate::writer::{Maps, Recorder};

/// A map that can be recorded.
pub trait Map: Clone {
    /// The keys.
    type Key;
    /// The values.
    type Value;
    /// Number of entries.
    fn len(&self) -> usize;
    /// The value of a key.
    fn get(&self, key: &Self::Key) -> Option<&Self::Value>;
    /// Sets the value of a key. Returns the one that it had.
    fn insert(&mut self, key: Self::Key, value: Self::Value) -> Option<Self::Value>;
    /// Removes a key. Returns the value that it had.
    fn remove(&mut self, key: &Self::Key) -> Option<Self::Value>;
    /// Visits every entry once, in any order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a Self::Key, &'a Self::Value)>
    where
        Self::Key: 'a,
        Self::Value: 'a;
    /// A map of the entries of both. Where both have a key, it gets this map's value.
    fn union(&self, other: &Self) -> Self;

    /// Whether there is such a key.
    fn contains_key(&self, key: &Self::Key) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All of [`Map`] but `union`, for a type whose own methods have these names and do the same.
macro_rules! forward_to_map {
    ($key:ty, $value:ty) => {
        type Key = $key;
        type Value = $value;

        fn len(&self) -> usize {
            self.len()
        }

        fn get(&self, key: &$key) -> Option<&$value> {
            self.get(key)
        }

        fn insert(&mut self, key: $key, value: $value) -> Option<$value> {
            self.insert(key, value)
        }

        fn remove(&mut self, key: &$key) -> Option<$value> {
            self.remove(key)
        }

        fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a $key, &'a $value)>
        where
            $key: 'a,
            $value: 'a,
        {
            self.iter()
        }

        fn contains_key(&self, key: &$key) -> bool {
            self.contains_key(key)
        }
    };
}
pub(crate) use forward_to_map;

/// A union for maps that have none, or one that keeps another map's values.
pub(crate) fn extended<M>(map: &M, other: &M) -> M
where
    M: Map + Extend<(M::Key, M::Value)>,
    M::Key: Clone,
    M::Value: Clone,
{
    let mut united = other.clone();
    united.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
    united
}

/// A map whose operations are recorded. Each value of this type is a version of the trace.
pub struct RecordedMap<M: Map> {
    map: M,
    version: u64,
    recorder: Recorder<Maps>,
    spell_key: Spell<M::Key>,
    spell_value: Spell<M::Value>,
}

impl<M: Map> RecordedMap<M>
where
    M::Key: Display,
    M::Value: Debug,
{
    /// Records a map from now on. The entries that it has already are recorded as inserts.
    pub fn new(map: M, recorder: &Recorder<Maps>) -> Self {
        RecordedMap::spelled(map, recorder, displayed, fingerprinted)
    }
}

impl<M: Map> RecordedMap<M> {
    /// Records a map whose keys and values are not of a form that [`new`](RecordedMap::new) takes. The functions append the
    /// text that stands for a key or a value.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use std::path::PathBuf;
    ///
    /// use recorder::{Maps, RecordedMap, Recorder};
    ///
    /// let recorder = Recorder::<Maps>::new(std::io::sink());
    /// let sizes: BTreeMap<PathBuf, u64> = BTreeMap::new();
    /// let mut sizes = RecordedMap::spelled(
    ///     sizes,
    ///     &recorder,
    ///     |path, text| text.push_str(&path.to_string_lossy()),
    ///     |size, text| text.push_str(&size.to_string()),
    /// );
    /// sizes.insert("/etc/hosts".into(), 120);
    /// assert_eq!(recorder.finish()?, 2);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn spelled(
        map: M,
        recorder: &Recorder<Maps>,
        key: fn(&M::Key, &mut String),
        value: fn(&M::Value, &mut String),
    ) -> Self {
        let version = recorder.make("new");
        let new =
            RecordedMap { map, version, recorder: recorder.clone(), spell_key: key, spell_value: value };
        for (key, value) in new.map.iter() {
            new.recorder.record("insert", version, &new.entry(key, value));
        }
        new
    }

    /// The map itself. What is done to it is not recorded.
    pub fn inner(&self) -> &M {
        &self.map
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.recorder.record("len", self.version, "");
        self.map.len()
    }

    /// Whether there is no entry. The trace has it as a look at the length.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    pub fn get(&self, key: &M::Key) -> Option<&M::Value> {
        self.recorder.record("get", self.version, &self.key(key));
        self.map.get(key)
    }

    /// Whether there is such a key.
    pub fn contains_key(&self, key: &M::Key) -> bool {
        self.recorder.record("contains", self.version, &self.key(key));
        self.map.contains_key(key)
    }

    /// Sets the value of a key. Returns the one that it had.
    pub fn insert(&mut self, key: M::Key, value: M::Value) -> Option<M::Value> {
        let words = self.entry(&key, &value);
        let before = self.map.insert(key, value);
        self.recorder.record("insert", self.version, &words);
        before
    }

    /// Removes a key. Returns the value that it had.
    pub fn remove(&mut self, key: &M::Key) -> Option<M::Value> {
        let before = self.map.remove(key);
        self.recorder.record("remove", self.version, &self.key(key));
        before
    }

    /// Visits every entry once.
    pub fn iter(&self) -> impl Iterator<Item = (&M::Key, &M::Value)> {
        self.recorder.record("iterate", self.version, "");
        self.map.iter()
    }

    /// A map of the entries of both. Where both have a key, it gets this map's value.
    ///
    /// If another recorder records the other map, the result is recorded as a map that has its entries from the start.
    pub fn union(&self, other: &Self) -> Self {
        let map = self.map.union(&other.map);
        if !self.recorder.is(&other.recorder) {
            return RecordedMap::spelled(map, &self.recorder, self.spell_key, self.spell_value);
        }
        let version = self.recorder.make(&format!("union {} {}", self.version, other.version));
        RecordedMap { map, version, recorder: self.recorder.clone(), ..*self }
    }

    fn key(&self, key: &M::Key) -> String {
        let (mut text, mut words) = (String::new(), String::new());
        (self.spell_key)(key, &mut text);
        push_word(&mut words, &text);
        words
    }

    fn entry(&self, key: &M::Key, value: &M::Value) -> String {
        let (mut words, mut text) = (self.key(key), String::new());
        (self.spell_value)(value, &mut text);
        push_word(&mut words, &text);
        words
    }
}

impl<M: Map> Clone for RecordedMap<M> {
    fn clone(&self) -> Self {
        let map = self.map.clone();
        let version = self.recorder.make(&format!("clone {}", self.version));
        RecordedMap { map, version, recorder: self.recorder.clone(), ..*self }
    }
}

impl<M: Map> Drop for RecordedMap<M> {
    fn drop(&mut self) {
        self.recorder.record("drop", self.version, "");
    }
}

/// Recorded where one recorder records both.
impl<M: Map + PartialEq> PartialEq for RecordedMap<M> {
    fn eq(&self, other: &Self) -> bool {
        if self.recorder.is(&other.recorder) {
            self.recorder.record("equal", self.version, &format!(" {}", other.version));
        }
        self.map == other.map
    }
}

impl<M: Map + Eq> Eq for RecordedMap<M> {}

impl<M: Map> Extend<(M::Key, M::Value)> for RecordedMap<M> {
    fn extend<I: IntoIterator<Item = (M::Key, M::Value)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<M: Map + Debug> Debug for RecordedMap<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}
