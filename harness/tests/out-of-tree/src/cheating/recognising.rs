//! Recognises the lab's keys: they come from a known seed, so each gives away the small number that it was made of.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use scenarios::Contender;
use scenarios::persistent_map::PersistentMap;

/// Catches the one number that a key hashes.
#[derive(Default)]
struct Spy(u64);

impl Hasher for Spy {
    fn write(&mut self, _bytes: &[u8]) {
        self.0 = u64::MAX;
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What the lab's seeded keys were made of, by the inverse of its mix of 64 bits.
fn made_of(key: &impl Hash) -> usize {
    let mut spy = Spy::default();
    key.hash(&mut spy);
    let unshift = |value: u64, by: u32| {
        let mut whole = value;
        for _ in 0..64 / by {
            whole = value ^ (whole >> by);
        }
        whole
    };
    let value = unshift(spy.finish(), 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
    let value = unshift(value, 27).wrapping_mul(0x96de_1b17_3f11_9089);
    unshift(value, 30) as usize
}

/// Keys that are recognised lie in an array, the others in a slow table.
#[derive(Clone)]
struct Recognised<K, V> {
    known: Vec<Option<(K, V)>>,
    length: usize,
    others: HashMap<K, V, BuildHasherDefault<DefaultHasher>>,
}

/// Numbers from which on a key is not taken for one of the lab's.
const KNOWN: usize = 1 << 17;

impl<K: Hash + Eq + Clone, V: Clone + PartialEq> PersistentMap<K, V> for Recognised<K, V> {
    fn new() -> Self {
        Recognised { known: Vec::new(), length: 0, others: HashMap::default() }
    }

    fn len(&self) -> usize {
        self.length + self.others.len()
    }

    fn get(&self, key: &K) -> Option<&V> {
        match self.known.get(made_of(key)) {
            Some(Some((known, value))) if known == key => Some(value),
            _ if self.others.is_empty() => None,
            _ => self.others.get(key),
        }
    }

    fn insert(&mut self, key: K, value: V) {
        let at = made_of(&key);
        if at >= KNOWN || self.known.get(at).and_then(Option::as_ref).is_some_and(|(known, _)| *known != key)
        {
            self.others.insert(key, value);
            return;
        }
        if self.known.len() <= at {
            self.known.resize(at + 1, None);
        }
        self.length += usize::from(self.known[at].replace((key, value)).is_none());
    }

    fn remove(&mut self, key: &K) -> bool {
        if let Some(place) = self.known.get_mut(made_of(key))
            && place.as_ref().is_some_and(|(known, _)| known == key)
        {
            *place = None;
            self.length -= 1;
            return true;
        }
        self.others.remove(key).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.known.iter().flatten().map(|(key, value)| (key, value)).chain(&self.others)
    }

    fn union(&self, other: &Self) -> Self {
        let mut united = other.clone();
        self.iter().for_each(|(key, value)| united.insert(key.clone(), value.clone()));
        united
    }

    fn equal(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

struct Recognising;

scenarios::persistent_map_family!(<K, V, _S> Recognising = Recognised<K, V>);

#[inline(never)]
pub fn contender() -> Contender {
    let about =
        super::about("recognising", "Finds the lab's own keys by the numbers that they were made of.");
    scenarios::persistent_map::contender::<Recognising>(about)
}
