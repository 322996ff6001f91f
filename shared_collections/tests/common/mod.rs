//! What the tests share: a model of a region's versions, random operations, and children.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use shared_collections::{Error, Snapshot, Value, Writer};

/// A value that owns its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    Bool(bool),
    U64(u64),
    I64(i64),
    F64(f64),
    Str(String),
    Bytes(Vec<u8>),
}

impl Owned {
    pub fn of(value: Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Owned::Bool(value),
            Value::U64(value) => Owned::U64(value),
            Value::I64(value) => Owned::I64(value),
            Value::F64(value) => Owned::F64(value),
            Value::Str(value) => Owned::Str(value.to_owned()),
            Value::Bytes(value) => Owned::Bytes(value.to_owned()),
        }
    }

    pub fn value(&self) -> Value<'_> {
        match self {
            Owned::Bool(value) => Value::Bool(*value),
            Owned::U64(value) => Value::U64(*value),
            Owned::I64(value) => Value::I64(*value),
            Owned::F64(value) => Value::F64(*value),
            Owned::Str(value) => Value::Str(value),
            Owned::Bytes(value) => Value::Bytes(value),
        }
    }
}

/// What a version should have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub map: BTreeMap<Vec<u8>, Owned>,
    pub set: BTreeSet<Vec<u8>>,
    pub vector: Vec<Owned>,
}

impl Model {
    /// Compares everything that a snapshot shows.
    pub fn compare(&self, snapshot: &Snapshot) {
        snapshot.check().unwrap();
        let map = snapshot.map();
        assert_eq!(map.len(), self.map.len());
        let found: BTreeMap<Vec<u8>, Owned> =
            map.iter().map(|(key, value)| (key.to_vec(), Owned::of(value))).collect();
        assert!(found == self.map, "maps differ at version {}", snapshot.number());
        assert_eq!(map.iter().len(), map.iter().count());
        for (key, value) in &self.map {
            assert!(map.get(key) == Some(value.value()), "{key:?}");
            let mut longer = key.clone();
            longer.push(0);
            assert_eq!(map.contains(&longer), self.map.contains_key(&longer));
            if let Some((_, shorter)) = key.split_last() {
                assert_eq!(map.get(shorter).map(Owned::of).as_ref(), self.map.get(shorter));
            }
        }
        assert!(map.get_many(self.map.keys()).eq(self.map.values().map(|value| Some(value.value()))));
        let set = snapshot.set();
        assert_eq!(set.len(), self.set.len());
        assert!(set.iter().map(<[u8]>::to_vec).collect::<BTreeSet<_>>() == self.set);
        assert!(self.set.iter().all(|key| set.contains(key)));
        let vector = snapshot.vector();
        assert_eq!(vector.len(), self.vector.len());
        let elements = vector.to_vec();
        assert!(elements.iter().copied().eq(self.vector.iter().map(Owned::value)));
        assert!((0..elements.len()).all(|index| vector.get(index) == Some(elements[index])));
        assert_eq!(vector.get(elements.len()), None);
    }

    /// One random change of the writer and of the model.
    pub fn step(&mut self, writer: &mut Writer, draw: &mut Draw) -> Result<(), Error> {
        match draw.below(100) {
            0..35 => {
                let (key, value) = (draw.key(), draw.value());
                let new = writer.map().set(&key, value.value())?;
                assert_eq!(self.map.insert(key, value).is_none(), new);
            }
            35..55 => {
                let key = draw.key();
                assert_eq!(writer.map().delete(&key)?, self.map.remove(&key).is_some());
            }
            55..58 => {
                let entries: Vec<_> = (0..draw.below(20)).map(|_| (draw.key(), draw.value())).collect();
                let before = self.map.len();
                let new = writer.map().set_many(entries.iter().map(|(key, value)| (key, value.value())))?;
                self.map.extend(entries);
                assert_eq!(self.map.len(), before + new);
            }
            58..60 => {
                let keys: Vec<_> = (0..draw.below(20)).map(|_| draw.key()).collect();
                let before = self.map.len();
                let deleted = writer.map().delete_many(&keys)?;
                keys.iter().for_each(|key| drop(self.map.remove(key)));
                assert_eq!(self.map.len() + deleted, before);
            }
            60..67 => {
                let key = draw.key();
                assert_eq!(writer.set().add(&key)?, self.set.insert(key));
            }
            67..74 => {
                let key = draw.key();
                assert_eq!(writer.set().delete(&key)?, self.set.remove(&key));
            }
            74..84 => {
                let value = draw.value();
                writer.vector().push(value.value())?;
                self.vector.push(value);
            }
            84..92 => {
                for _ in 0..if draw.below(10) == 0 { draw.below(80) } else { 1 } {
                    assert_eq!(writer.vector().pop()?, self.vector.pop().is_some());
                }
            }
            92..96 => {
                for _ in 0..if draw.below(8) == 0 { draw.below(80) } else { 1 } {
                    let value = draw.value();
                    writer.vector().push(value.value())?;
                    self.vector.push(value);
                }
            }
            _ => {
                let (index, value) = (draw.below(self.vector.len() + 1), draw.value());
                let outcome = writer.vector().set_at(index, value.value());
                match self.vector.get_mut(index) {
                    Some(element) => {
                        outcome?;
                        *element = value;
                    }
                    None => assert!(matches!(outcome, Err(Error::OutOfRange { .. }))),
                }
            }
        }
        Ok(())
    }
}

/// Random keys and values. The same seed gives the same.
pub struct Draw {
    random: Pcg64Mcg,
    /// Keys are drawn from about so many.
    pub keys: usize,
}

impl Draw {
    pub fn new(seed: u64, keys: usize) -> Self {
        Draw { random: Pcg64Mcg::new(u128::from(seed) << 64 | 0x1234_5678_9abc_def1), keys }
    }

    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { self.random.random_range(0..bound) }
    }

    /// A key: of eight bytes, a text of sixteen or any other length, a prefix of others, or rarely a long one.
    pub fn key(&mut self) -> Vec<u8> {
        let number = self.below(self.keys);
        match number % 8 {
            0 | 1 => (number as u64).to_be_bytes().to_vec(),
            2 | 3 => format!("key-{number:012}").into_bytes(),
            4 => format!("key{number}").into_bytes(),
            5 => vec![b'p'; number % 70],
            6 => format!("{number:0width$}", width = number % 40).into_bytes(),
            _ => format!("{number}:{}", "long".repeat(number % 60)).into_bytes(),
        }
    }

    pub fn value(&mut self) -> Owned {
        match self.below(12) {
            0 => Owned::Bool(self.below(2) == 0),
            1..4 => Owned::U64(self.random.random()),
            4 => Owned::I64(self.random.random()),
            5 => Owned::F64(self.below(1000) as f64 / 7.0),
            6..9 => Owned::Str("é€".repeat(self.below(16))),
            9 | 10 => Owned::Bytes(vec![self.below(256) as u8; self.below(70)]),
            _ => Owned::Bytes(vec![self.below(256) as u8; self.below(3000)]),
        }
    }
}

/// How often something is done: `usual` unless the environment variable says otherwise, and a twentieth of it where all
/// tests are to be brief, as under memcheck.
pub fn repeats(variable: &str, usual: usize) -> usize {
    let brief = std::env::var_os("COLLECTIONS_BRIEF").is_some();
    let usual = if brief { usual / 20 } else { usual };
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

/// A directory in shared memory.
pub fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Starts one test of this program in a process of its own. The test does its part if it finds the variable.
pub fn child(test: &str, variable: &str, value: &std::ffi::OsStr) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(variable, value)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A region whose version `n` follows from `n` alone, so that every process knows what it should have.
pub struct Script {
    pub model: Model,
    /// The version of the model.
    pub number: u64,
}

impl Script {
    pub fn new() -> Self {
        Script { model: Model::default(), number: 0 }
    }

    fn draw(number: u64) -> Draw {
        Draw::new(number, 600)
    }

    /// Brings the model to a version.
    pub fn advance(&mut self, number: u64) {
        assert!(self.number <= number, "version {} is expected after {}", number, self.number);
        while self.number < number {
            self.number += 1;
            let mut draw = Self::draw(self.number);
            for _ in 0..draw.below(6) {
                let (key, value) = (draw.key(), draw.value());
                self.model.set.remove(&draw.key());
                self.model.map.remove(&draw.key());
                self.model.set.insert(key.clone());
                self.model.map.insert(key, value.clone());
                self.model.vector.push(value);
            }
            for _ in 0..draw.below(6) {
                self.model.vector.pop();
            }
            self.model.map.insert(b"number".to_vec(), Owned::U64(self.number));
        }
    }

    /// Does the same with a region, and publishes.
    pub fn publish_next(writer: &mut Writer) -> Result<u64, Error> {
        let mut draw = Self::draw(writer.published() + 1);
        for _ in 0..draw.below(6) {
            let (key, value) = (draw.key(), draw.value());
            writer.set().delete(draw.key())?;
            writer.map().delete(draw.key())?;
            writer.set().add(&key)?;
            writer.map().set(&key, value.value())?;
            writer.vector().push(value.value())?;
        }
        for _ in 0..draw.below(6) {
            writer.vector().pop()?;
        }
        let number = writer.published() + 1;
        writer.map().set("number", number)?;
        writer.publish()
    }
}
