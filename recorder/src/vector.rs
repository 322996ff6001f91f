//! Vectors.

use std::fmt::{self, Debug};
use std::ops::Range;

use crate::spelling::{Spell, fingerprinted, push_word};
use crate::writer::{Recorder, Vectors};

/// A vector that can be recorded.
pub trait Vector: Clone {
    /// The elements.
    type Item;
    /// Number of elements.
    fn len(&self) -> usize;
    /// The element at an index; `None` past the end.
    fn get(&self, index: usize) -> Option<&Self::Item>;
    /// Appends an element.
    fn push_back(&mut self, value: Self::Item);
    /// Removes the last element.
    fn pop_back(&mut self) -> Option<Self::Item>;
    /// Replaces the element at an index. Returns `false` past the end, where nothing changes.
    fn set(&mut self, index: usize, value: Self::Item) -> bool;
    /// Visits every element in order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a Self::Item>
    where
        Self::Item: 'a;
    /// The elements of a range; `None` where it does not lie within the vector.
    fn slice(&self, range: Range<usize>) -> Option<Self>;
    /// A vector of this one's elements and then those of another one.
    fn concat(&self, other: &Self) -> Self;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All of [`Vector`] but `slice` and `concat`, for a type whose own methods have these names and do the same.
#[cfg(any(feature = "persistent-collections", feature = "im", feature = "imbl"))]
macro_rules! forward_to_vector {
    ($item:ty) => {
        type Item = $item;

        fn len(&self) -> usize {
            self.len()
        }

        fn get(&self, index: usize) -> Option<&$item> {
            self.get(index)
        }

        fn push_back(&mut self, value: $item) {
            self.push_back(value);
        }

        fn pop_back(&mut self) -> Option<$item> {
            self.pop_back()
        }

        fn set(&mut self, index: usize, value: $item) -> bool {
            self.get_mut(index).map(|element| *element = value).is_some()
        }

        fn iter<'a>(&'a self) -> impl Iterator<Item = &'a $item>
        where
            $item: 'a,
        {
            self.iter()
        }
    };
}
#[cfg(any(feature = "persistent-collections", feature = "im", feature = "imbl"))]
pub(crate) use forward_to_vector;

/// The `slice` and `concat` of [`Vector`], for a type that is split and appended to in place.
#[cfg(any(feature = "im", feature = "imbl"))]
macro_rules! split_and_append {
    () => {
        fn slice(&self, range: Range<usize>) -> Option<Self> {
            if range.start > range.end || range.end > self.len() {
                return None;
            }
            // The crate's `slice` also takes the part out of the vector.
            let mut part = self.clone().split_off(range.start);
            let _behind = part.split_off(range.len());
            Some(part)
        }

        fn concat(&self, other: &Self) -> Self {
            let mut joined = self.clone();
            joined.append(other.clone());
            joined
        }
    };
}
#[cfg(any(feature = "im", feature = "imbl"))]
pub(crate) use split_and_append;

/// A vector whose operations are recorded. Each value of this type is a version of the trace.
///
/// ```
/// use recorder::{RecordedVector, Recorder, Vectors};
///
/// let recorder = Recorder::<Vectors>::new(std::io::sink());
/// let mut log = RecordedVector::new(vec!["opened"], &recorder);
/// let before = log.clone();
/// log.push_back("sold an apple");
/// assert_eq!((before.get(1), log.get(1)), (None, Some(&"sold an apple")));
/// // new, push_back, clone, push_back, get, get
/// assert_eq!(recorder.finish()?, 6);
/// # std::io::Result::Ok(())
/// ```
pub struct RecordedVector<V: Vector> {
    vector: V,
    version: u64,
    recorder: Recorder<Vectors>,
    spell: Spell<V::Item>,
}

impl<V: Vector> RecordedVector<V>
where
    V::Item: Debug,
{
    /// Records a vector from now on. The elements that it has already are recorded as pushes.
    pub fn new(vector: V, recorder: &Recorder<Vectors>) -> Self {
        RecordedVector::spelled(vector, recorder, fingerprinted)
    }
}

impl<V: Vector> RecordedVector<V> {
    /// Records a vector whose elements have no debug text, or a long one. The function appends the text that stands for an
    /// element.
    pub fn spelled(vector: V, recorder: &Recorder<Vectors>, spell: fn(&V::Item, &mut String)) -> Self {
        let version = recorder.make("new");
        let new = RecordedVector { vector, version, recorder: recorder.clone(), spell };
        for value in new.vector.iter() {
            new.recorder.record("push_back", version, &new.word(value));
        }
        new
    }

    /// The vector itself. What is done to it is not recorded.
    pub fn inner(&self) -> &V {
        &self.vector
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.recorder.record("len", self.version, "");
        self.vector.len()
    }

    /// Whether there is no element. The trace has it as a look at the length.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at an index; `None` past the end.
    pub fn get(&self, index: usize) -> Option<&V::Item> {
        self.recorder.record("get", self.version, &format!(" {index}"));
        self.vector.get(index)
    }

    /// Appends an element.
    pub fn push_back(&mut self, value: V::Item) {
        let word = self.word(&value);
        self.vector.push_back(value);
        self.recorder.record("push_back", self.version, &word);
    }

    /// Removes the last element.
    pub fn pop_back(&mut self) -> Option<V::Item> {
        let popped = self.vector.pop_back();
        self.recorder.record("pop_back", self.version, "");
        popped
    }

    /// Replaces the element at an index. Returns `false` past the end, where nothing changes.
    pub fn set(&mut self, index: usize, value: V::Item) -> bool {
        let words = format!(" {index}{}", self.word(&value));
        let is_set = self.vector.set(index, value);
        self.recorder.record("set", self.version, &words);
        is_set
    }

    /// Visits every element in order.
    pub fn iter(&self) -> impl Iterator<Item = &V::Item> {
        self.recorder.record("iterate", self.version, "");
        self.vector.iter()
    }

    /// The elements of a range; `None`, and nothing is recorded, where it does not lie within the vector.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        let vector = self.vector.slice(range.clone())?;
        let version = self.recorder.make(&format!("slice {} {} {}", self.version, range.start, range.end));
        Some(RecordedVector { vector, version, recorder: self.recorder.clone(), ..*self })
    }

    /// A vector of this one's elements and then those of another one.
    ///
    /// If another recorder records the other vector, the result is recorded as a vector that has its elements from the
    /// start.
    pub fn concat(&self, other: &Self) -> Self {
        let vector = self.vector.concat(&other.vector);
        if !self.recorder.is(&other.recorder) {
            return RecordedVector::spelled(vector, &self.recorder, self.spell);
        }
        let version = self.recorder.make(&format!("concat {} {}", self.version, other.version));
        RecordedVector { vector, version, recorder: self.recorder.clone(), ..*self }
    }

    fn word(&self, value: &V::Item) -> String {
        let (mut text, mut word) = (String::new(), String::new());
        (self.spell)(value, &mut text);
        push_word(&mut word, &text);
        word
    }
}

impl<V: Vector> Clone for RecordedVector<V> {
    fn clone(&self) -> Self {
        let vector = self.vector.clone();
        let version = self.recorder.make(&format!("clone {}", self.version));
        RecordedVector { vector, version, recorder: self.recorder.clone(), ..*self }
    }
}

impl<V: Vector> Drop for RecordedVector<V> {
    fn drop(&mut self) {
        self.recorder.record("drop", self.version, "");
    }
}

impl<V: Vector> Extend<V::Item> for RecordedVector<V> {
    fn extend<I: IntoIterator<Item = V::Item>>(&mut self, values: I) {
        for value in values {
            self.push_back(value);
        }
    }
}

impl<V: Vector + Debug> Debug for RecordedVector<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vector.fmt(f)
    }
}
