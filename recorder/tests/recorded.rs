//! What is recorded is what was done.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use recorder::{Kind, Map, Maps, RecordedMap, RecordedVector, Recorder, Vector, Vectors};

/// A writer whose bytes can be looked at.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn recorder<K: Kind>() -> (Recorder<K>, Page) {
    let page = Page::default();
    (Recorder::new(page.clone()), page)
}

/// The trace without its header.
fn lines(page: &Page) -> Vec<String> {
    page.text().lines().skip(1).map(str::to_owned).collect()
}

/// A trace's words; none of these tests' words has a space.
fn words(line: &str) -> (&str, Vec<u64>, Vec<&str>) {
    let mut words = line.split(' ');
    let operation = words.next().unwrap();
    let words: Vec<&str> = words.collect();
    let numbers = words.iter().map_while(|word| word.parse().ok()).collect();
    (operation, numbers, words)
}

/// What the versions hold that are alive at the end of a trace of maps.
fn maps_of(trace: &[String]) -> Vec<BTreeMap<String, u64>> {
    let mut versions: BTreeMap<u64, BTreeMap<String, u64>> = BTreeMap::new();
    for line in trace {
        let (operation, numbers, words) = words(line);
        let at = numbers[0];
        match operation {
            "new" => drop(versions.insert(at, BTreeMap::new())),
            "clone" => drop(versions.insert(numbers[1], versions[&at].clone())),
            "drop" => drop(versions.remove(&at).unwrap()),
            "insert" => {
                let value = words[2].parse().unwrap();
                versions.get_mut(&at).unwrap().insert(words[1].to_owned(), value);
            }
            "remove" => drop(versions.get_mut(&at).unwrap().remove(words[1])),
            "union" => {
                let mut united = versions[&numbers[1]].clone();
                united.extend(versions[&at].clone());
                versions.insert(numbers[2], united);
            }
            _ => assert!(versions.contains_key(&at), "{line}"),
        }
    }
    let mut left: Vec<_> = versions.into_values().collect();
    left.sort();
    left
}

/// The same for vectors.
fn vectors_of(trace: &[String]) -> Vec<Vec<u64>> {
    let mut versions: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for line in trace {
        let (operation, numbers, words) = words(line);
        let at = numbers[0];
        let index = |place: usize| numbers[place] as usize;
        match operation {
            "new" => drop(versions.insert(at, Vec::new())),
            "clone" => drop(versions.insert(numbers[1], versions[&at].clone())),
            "drop" => drop(versions.remove(&at).unwrap()),
            "push_back" => versions.get_mut(&at).unwrap().push(words[1].parse().unwrap()),
            "pop_back" => drop(versions.get_mut(&at).unwrap().pop()),
            "set" => {
                if let Some(element) = versions.get_mut(&at).unwrap().get_mut(index(1)) {
                    *element = words[2].parse().unwrap();
                }
            }
            "slice" => drop(versions.insert(numbers[3], versions[&at][index(1)..index(2)].to_vec())),
            "concat" => {
                let joined = [&versions[&at][..], &versions[&numbers[1]]].concat();
                versions.insert(numbers[2], joined);
            }
            _ => assert!(versions.contains_key(&at), "{line}"),
        }
    }
    let mut left: Vec<_> = versions.into_values().collect();
    left.sort();
    left
}

/// A random program over versions of a map, beside a model that is copied whole.
fn map_program<M: Map<Key = String, Value = u64> + Default + PartialEq>(name: &str) {
    for seed in 0..20 {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let (recorder, page) = recorder::<Maps>();
        let spelled = |map: M| {
            RecordedMap::spelled(
                map,
                &recorder,
                |key, text| text.push_str(key),
                |value, text| {
                    text.push_str(&value.to_string());
                },
            )
        };
        let mut started = M::default();
        started.insert("there".to_owned(), 1);
        let mut versions = vec![(spelled(started), BTreeMap::from([("there".to_owned(), 1)]))];
        for _ in 0..600 {
            let other = rng.random_range(0..versions.len());
            let at = rng.random_range(0..versions.len());
            let (key, value) = (format!("k{}", rng.random_range(0..40)), rng.random_range(0..5));
            let made = {
                let (right, right_model) = &versions[other];
                let (left, left_model) = &versions[at];
                assert_eq!(left == right, left_model == right_model, "{name}");
                let mut united = right_model.clone();
                united.extend(left_model.clone());
                match rng.random_range(0..30) {
                    0 => Some((left.union(right), united)),
                    1 => Some((left.clone(), left_model.clone())),
                    2 => Some((spelled(M::default()), BTreeMap::new())),
                    _ => None,
                }
            };
            versions.extend(made);
            let (map, model) = &mut versions[at];
            match rng.random_range(0..10) {
                0..4 => assert_eq!(map.insert(key.clone(), value), model.insert(key, value), "{name}"),
                4..6 => assert_eq!(map.remove(&key), model.remove(&key), "{name}"),
                6 => assert_eq!(map.get(&key), model.get(&key), "{name}"),
                7 => assert_eq!(map.contains_key(&key), model.contains_key(&key), "{name}"),
                8 => assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()), "{name}"),
                _ => assert_eq!(map.iter().count(), model.len(), "{name}"),
            }
            if versions.len() > 10 {
                versions.swap_remove(at);
            }
        }
        let recorded = recorder.finish().unwrap();
        let trace = lines(&page);
        assert_eq!(trace.len() as u64, recorded, "{name}");
        let check = scenarios::persistent_map::BOTTLENECK.own_inputs[0].check;
        assert_eq!(check(page.text().as_bytes()), Ok(()), "{name}");
        let mut models: Vec<_> = versions.into_iter().map(|(_, model)| model).collect();
        models.sort();
        assert_eq!(maps_of(&trace), models, "{name}");
        assert_eq!(lines(&page), trace, "nothing is recorded after the end");
    }
}

/// A random program over versions of a vector, beside a model that is copied whole.
fn vector_program<V: Vector<Item = u64> + Default>(name: &str) {
    for seed in 0..20 {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let (recorder, page) = recorder::<Vectors>();
        let spelled = |vector: V| {
            RecordedVector::spelled(vector, &recorder, |value, text| text.push_str(&value.to_string()))
        };
        let mut started = V::default();
        started.push_back(1);
        let mut versions = vec![(spelled(started), vec![1])];
        for _ in 0..600 {
            let other = rng.random_range(0..versions.len());
            let at = rng.random_range(0..versions.len());
            let value = rng.random_range(0..5);
            let index = rng.random_range(0..versions[at].1.len() + 2);
            let made = {
                let (right, right_model) = &versions[other];
                let (left, left_model) = &versions[at];
                match rng.random_range(0..30) {
                    0 if left_model.len() < 200 => {
                        Some((left.concat(right), [&left_model[..], right_model].concat()))
                    }
                    1 => Some((left.clone(), left_model.clone())),
                    2 => Some((spelled(V::default()), Vec::new())),
                    3 => {
                        let range = index / 2..index;
                        let part = left_model.as_slice().get(range.clone()).map(<[u64]>::to_vec);
                        let slice = left.slice(range);
                        assert_eq!(slice.is_some(), part.is_some(), "{name}");
                        slice.zip(part)
                    }
                    _ => None,
                }
            };
            versions.extend(made);
            let (vector, model) = &mut versions[at];
            match rng.random_range(0..10) {
                0..4 => {
                    vector.push_back(value);
                    model.push(value);
                }
                4 => assert_eq!(vector.pop_back(), model.pop(), "{name}"),
                5..7 => {
                    let place = model.get_mut(index);
                    assert_eq!(vector.set(index, value), place.is_some(), "{name}");
                    place.into_iter().for_each(|element| *element = value);
                }
                7 => assert_eq!(vector.get(index), model.get(index), "{name}"),
                8 => assert_eq!((vector.len(), vector.is_empty()), (model.len(), model.is_empty()), "{name}"),
                _ => assert!(vector.iter().eq(model.iter()), "{name}"),
            }
            if versions.len() > 10 {
                versions.swap_remove(at);
            }
        }
        let recorded = recorder.finish().unwrap();
        let trace = lines(&page);
        assert_eq!(trace.len() as u64, recorded, "{name}");
        let check = scenarios::persistent_vector::BOTTLENECK.own_inputs[0].check;
        assert_eq!(check(page.text().as_bytes()), Ok(()), "{name}");
        let mut models: Vec<_> = versions.into_iter().map(|(_, model)| model).collect();
        models.sort();
        assert_eq!(vectors_of(&trace), models, "{name}");
    }
}

#[test]
fn a_trace_leads_to_what_the_maps_hold() {
    map_program::<HashMap<String, u64>>("HashMap");
    map_program::<BTreeMap<String, u64>>("BTreeMap");
    #[cfg(feature = "im")]
    map_program::<im::HashMap<String, u64>>("im");
    #[cfg(feature = "imbl")]
    map_program::<imbl::HashMap<String, u64>>("imbl");
    #[cfg(feature = "persistent-collections")]
    map_program::<persistent_collections::HashMap<String, u64>>("collections");
    #[cfg(feature = "persistent-collections")]
    map_program::<persistent_collections::rc::HashMap<String, u64>>("persistent_collections::rc");
}

#[test]
fn a_trace_leads_to_what_the_vectors_hold() {
    vector_program::<Vec<u64>>("Vec");
    #[cfg(feature = "im")]
    vector_program::<im::Vector<u64>>("im");
    #[cfg(feature = "imbl")]
    vector_program::<imbl::Vector<u64>>("imbl");
    #[cfg(feature = "persistent-collections")]
    vector_program::<persistent_collections::Vector<u64>>("collections");
    #[cfg(feature = "persistent-collections")]
    vector_program::<persistent_collections::rc::Vector<u64>>("persistent_collections::rc");
}

#[test]
fn every_operation_has_its_line() {
    let (recorder, page) = recorder::<Maps>();
    let mut map = RecordedMap::new(BTreeMap::from([("a key".to_owned(), "x")]), &recorder);
    let old = map.clone();
    map.extend([("é\n\"".to_owned(), "y"), (String::new(), "x")]);
    assert_eq!((map.get(&String::new()), map.contains_key(&"b".to_owned())), (Some(&"x"), false));
    assert!(map != old && map.inner().len() == 3 && !map.is_empty());
    let united = map.union(&old);
    assert_eq!((united.iter().count(), map.remove(&"b".to_owned())), (3, None));
    drop((old, united, map));
    assert_eq!(recorder.finish().unwrap(), 15);
    let fingerprints = ["x", "y"].map(|value| {
        let text = format!("{value:?}");
        text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    });
    let [x, y] = fingerprints;
    let expected = format!(
        "# bottleneck-lab operations 1 persistent_map
new 1
insert 1 \"a key\" {x}
clone 1 2
insert 1 \"é\\u000a\\\"\" {y}
insert 1 \"\" {x}
get 1 \"\"
contains 1 b
equal 1 2
len 1
union 1 2 3
iterate 3
remove 1 b
drop 2
drop 3
drop 1
"
    );
    assert_eq!(page.text(), expected);
}

#[test]
fn versions_of_two_recorders_do_not_mix() {
    let (first, page) = recorder::<Maps>();
    let (second, other_page) = recorder::<Maps>();
    let left = RecordedMap::new(BTreeMap::from([(1, 1)]), &first);
    let right = RecordedMap::new(BTreeMap::from([(2, 2)]), &second);
    assert!(left != right);
    assert_eq!(left.union(&right).len(), 2);
    first.finish().unwrap();
    second.finish().unwrap();
    let operations = |page: &Page| -> Vec<String> {
        lines(page).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(operations(&page), ["new", "insert", "new", "insert", "insert", "len", "drop"]);
    assert_eq!(operations(&other_page), ["new", "insert"]);

    let (first, page) = recorder::<Vectors>();
    let (second, _) = recorder::<Vectors>();
    let joined = RecordedVector::new(vec![1], &first).concat(&RecordedVector::new(vec![2], &second));
    assert_eq!(*joined.inner(), [1, 2]);
    first.finish().unwrap();
    assert_eq!(operations(&page), ["new", "push_back", "new", "push_back", "push_back", "drop"]);
}

#[test]
fn several_threads_write_one_trace() {
    let (recorder, page) = recorder::<Maps>();
    let base = RecordedMap::new(BTreeMap::from([("start".to_owned(), 0u64)]), &recorder);
    let held: Vec<BTreeMap<String, u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4u64)
            .map(|thread| {
                let base = &base;
                scope.spawn(move || {
                    let mut own = base.clone();
                    for step in 0..1000 {
                        own.insert(format!("{thread}-{}", step % 50), step);
                        base.get(&"start".to_owned());
                        drop((step % 10 == 0).then(|| own.clone()));
                    }
                    let held = own.inner().clone();
                    // Left alive, so that the trace ends with it.
                    std::mem::forget(own);
                    held
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    recorder.finish().unwrap();
    let check = scenarios::persistent_map::BOTTLENECK.own_inputs[0].check;
    assert_eq!(check(page.text().as_bytes()), Ok(()));
    let keys = |maps: Vec<BTreeMap<String, u64>>| {
        let mut keys: Vec<Vec<String>> = maps.into_iter().map(|map| map.into_keys().collect()).collect();
        keys.sort();
        keys
    };
    let expected = held.into_iter().chain([base.inner().clone()]).collect();
    // The values stand there as fingerprints.
    assert_eq!(keys(maps_of(&lines(&page))), keys(expected));
}

/// A writer that fails after so many bytes.
struct Full(usize, Page);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.0.min(bytes.len());
        if room == 0 {
            return Err(io::Error::other("the disk is full"));
        }
        self.0 -= room;
        self.1.write(&bytes[..room])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_ends_the_recording_and_not_the_program() {
    for room in [0, 1, 10, 100, 65_535, 65_536, 65_537, 100_000, 140_000, 180_000] {
        let page = Page::default();
        let recorder = Recorder::<Vectors>::new(Full(room, page.clone()));
        let mut vector = RecordedVector::new(Vec::new(), &recorder);
        // About 32 bytes each: 190,000 together.
        (0..6000u64).for_each(|value| vector.push_back(value));
        let copy = vector.clone();
        drop(vector);
        assert_eq!(copy.inner().len(), 6000);
        assert_eq!(recorder.finish().unwrap_err().to_string(), "the disk is full", "room for {room}");
        drop(copy);
        assert_eq!(page.0.lock().unwrap().len(), room);
        assert_eq!(recorder.finish().ok(), Some(recorder.finish().unwrap()), "it is said once");
    }
    assert!(Recorder::<Maps>::create("/nowhere/at/all.ops").is_err());
}

#[test]
fn what_is_recorded_can_be_sent_as_what_is_wrapped() {
    fn is_sent<T: Send + Sync>() {}
    is_sent::<Recorder<Maps>>();
    is_sent::<RecordedMap<HashMap<String, u64>>>();
    is_sent::<RecordedVector<Vec<u64>>>();
    fn is_shown<T: Debug>() {}
    is_shown::<RecordedMap<HashMap<String, u64>>>();
}
