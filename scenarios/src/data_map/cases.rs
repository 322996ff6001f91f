//! Inputs and measured regions.
//!
//! A document of size n has n numbers below `/s<section>/g<group>/f<field>`: groups of a hundred fields, spread over ten
//! sections. A region does the same work for every contender, also where that is a thousand times as dear for some, so
//! that mixtures of parts can be compared part by part.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::contract::DataMap;
use super::programs;
use super::steps::{ABSENT, counting, holding, number, parsed, visit};
use crate::case::{Case, Setup, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::flat::{Built, Pointer, PointerBuf, touch_text, touch_value};
use crate::input::{OPERATIONS, copies, draws, mix, rng, shuffled, sum};
use crate::pattern_index::Pattern;

pub(super) fn set_up<D: DataMap>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "build" => build::<D>(size),
        "get" => get::<D>(size),
        "has" => has::<D>(size),
        "set" => set::<D>(size),
        "set_new" => set_new::<D>(size),
        "delete" => delete::<D>(size),
        "set_watched" => set_watched::<D>(size),
        "batch_of_10" => batch_of_10::<D>(size),
        "subscribe_pointer" => subscribe_pointer::<D>(size),
        "subscribe_pattern" => subscribe_pattern::<D>(size),
        "unsubscribe" => unsubscribe::<D>(size),
        "subscribe_and_end" => subscribe_and_end::<D>(size),
        "notify_exact" => notify_exact::<D>(size),
        "notify_patterns" => notify_patterns::<D>(size),
        "computed_cached" => computed::<D>(size, false),
        "computed_dirty" => computed::<D>(size, true),
        "array_push" => array_push::<D>(size),
        "array_splice" => array_splice::<D>(size),
        "array_typing" => array_typing::<D>(size),
        "array_get" => array_get::<D>(size),
        "array_push_kept" => array_kept::<D>(size, true),
        "array_set_kept" => array_kept::<D>(size, false),
        "query_singular" => query_singular::<D>(size),
        "query_wildcard" => query_field::<D>(size, "$.*.*.f7"),
        "query_descendant" => query_field::<D>(size, "$..f7"),
        "query_filter" => query_filter::<D>(size),
        "wide_get" => wide_get::<D>(size),
        "wide_direct" => wide_direct::<D>(size),
        "has_descendants" => has_descendants::<D>(size),
        "keys" => keys::<D>(size),
        "to_object" => to_object::<D>(size),
        "to_object_again" => to_object_again::<D>(size),
        "snapshot" => snapshot::<D>(size),
        "set_kept" => set_kept::<D>(size, request.can(Capability::CopiesWhole)),
        "restore" => restore::<D>(size),
        "program_form" => programs::form::<D>(size),
        "program_table" => programs::table::<D>(size),
        "program_editor" => programs::editor::<D>(size),
        other => not_set_up(other),
    }
}

/// Fields of a group.
const FIELDS: usize = 100;

/// Sections of a document.
const SECTIONS: usize = 10;

/// How many reads of much of a document a region makes: one such read of the naive store looks at all of it.
const WIDE: usize = 16;

fn group_text(group: usize) -> String {
    format!("/s{}/g{group}", group % SECTIONS)
}

fn group(group: usize) -> PointerBuf {
    parsed(group_text(group))
}

/// The pointer with this number.
fn pointer(id: usize) -> PointerBuf {
    parsed(format!("{}/f{}", group_text(id / FIELDS), id % FIELDS))
}

fn value_of(id: usize) -> u64 {
    mix(id as u64) % 1_000_000
}

fn groups(size: usize) -> usize {
    size.div_ceil(FIELDS)
}

/// The numbers of a group's fields.
fn ids_of(group: usize, size: usize) -> std::ops::Range<usize> {
    group * FIELDS..((group + 1) * FIELDS).min(size)
}

fn document(size: usize) -> Value {
    let mut sections: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for group in 0..groups(size) {
        let fields =
            ids_of(group, size).map(|id| (format!("f{}", id % FIELDS), json!(value_of(id)))).collect();
        let section = sections.entry(format!("s{}", group % SECTIONS)).or_default();
        section.insert(format!("g{group}"), Value::Object(fields));
    }
    json!(sections)
}

fn store<D: DataMap>(size: usize) -> D {
    holding(document(size))
}

fn pointers(ids: &[usize]) -> Vec<PointerBuf> {
    ids.iter().map(|id| pointer(*id)).collect()
}

fn random_ids(scenario: &str, size: usize, count: usize, below: usize) -> Vec<usize> {
    draws(&mut rng(scenario, size), count, below).into_iter().map(|id| id as usize).collect()
}

fn content_digest<D: DataMap>(store: &D, pointers: &[PointerBuf]) -> u64 {
    sum(pointers.iter().map(|pointer| mix(number(store, pointer.as_pointer()))))
}

/// The last write to each of these ids, by the number of the step.
fn last_writes(ids: &[usize]) -> BTreeMap<usize, u64> {
    ids.iter().enumerate().map(|(step, id)| (*id, step as u64)).collect()
}

fn build<D: DataMap>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count,
        Setup::EveryRun,
        document(size),
        move |document| vec![document.clone(); count],
        |_, documents| documents.drain(..).map(holding::<D>).collect::<Vec<_>>(),
        move |_, _, stores| {
            let all: Vec<usize> = (0..size).collect();
            sum(stores.iter().map(|store| content_digest(store, &pointers(&all))))
        },
        move |_| sum((0..size).map(|id| mix(value_of(id)))).wrapping_mul(count as u64),
    )
}

fn get<D: DataMap>(size: usize) -> Box<dyn Case> {
    // One in eight ids lies past the end, so its pointer is absent.
    let ids = random_ids("get", size, OPERATIONS, size + size.div_ceil(7));
    case(
        ids.len(),
        Setup::Once,
        (store::<D>(size), pointers(&ids), ids),
        |_| (),
        |(store, pointers, _), ()| sum(pointers.iter().map(|pointer| number(store, pointer.as_pointer()))),
        |_, (), found| *found,
        move |(.., ids)| sum(ids.iter().map(|id| if *id < size { value_of(*id) } else { ABSENT })),
    )
}

fn has<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("has", size, OPERATIONS, 2 * size);
    case(
        ids.len(),
        Setup::Once,
        (store::<D>(size), pointers(&ids), ids),
        |_| (),
        |(store, pointers, _), ()| {
            let there = pointers.iter().map(|pointer| u64::from(store.has(pointer.as_pointer())));
            sum(there.enumerate().map(|(at, there)| (at as u64 + 1) * there))
        },
        |_, (), found| *found,
        move |(.., ids)| {
            sum(ids.iter().enumerate().filter(|(_, id)| **id < size).map(|(at, _)| at as u64 + 1))
        },
    )
}

fn set<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("set", size, OPERATIONS, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(&ids), ids),
        move |_| store::<D>(size),
        |(pointers, _), store| {
            for (step, pointer) in pointers.iter().enumerate() {
                let _ = store.set(pointer.as_pointer(), Value::from(step));
            }
        },
        |(pointers, _), store, ()| content_digest(store, pointers),
        |(_, ids)| {
            let last = last_writes(ids);
            sum(ids.iter().map(|id| mix(last[id])))
        },
    )
}

fn set_new<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids: Vec<usize> = (0..100).map(|step| (size.div_ceil(FIELDS) * FIELDS) + step * 7).collect();
    case(
        ids.len(),
        Setup::EveryRun,
        pointers(&ids),
        move |_| store::<D>(size),
        |pointers, store| {
            for (step, pointer) in pointers.iter().enumerate() {
                let _ = store.set(pointer.as_pointer(), Value::from(step));
            }
        },
        |pointers, store, ()| content_digest(store, pointers),
        |pointers| sum((0..pointers.len() as u64).map(mix)),
    )
}

fn delete<D: DataMap>(size: usize) -> Box<dyn Case> {
    let count = size.min(1000);
    let ids: Vec<usize> =
        shuffled(&mut rng("delete", size), size).into_iter().take(count).map(|id| id as usize).collect();
    case(
        count,
        Setup::EveryRun,
        pointers(&ids),
        move |_| store::<D>(size),
        |pointers, store| sum(pointers.iter().map(|pointer| u64::from(store.delete(pointer.as_pointer())))),
        |pointers, store, deleted| content_digest(store, pointers).wrapping_add(*deleted),
        move |_| (count as u64).wrapping_mul(mix(ABSENT)).wrapping_add(count as u64),
    )
}

/// Subscriptions as an application has them: six in ten to a single pointer, a quarter with a wildcard, the rest to
/// descendants; each within one section.
fn mixed_patterns(size: usize, count: usize) -> Vec<Pattern> {
    let drawn = random_ids("patterns", size, count, 1 << 30);
    let texts = drawn.iter().enumerate().map(|(at, drawn)| {
        let (section, field) = (drawn % SECTIONS, drawn / SECTIONS % FIELDS);
        let group = (drawn / 1024 % groups(size).div_ceil(SECTIONS)) * SECTIONS + section;
        match at % 20 {
            0..12 => format!("$.s{section}.g{group}.f{field}"),
            12..15 => format!("$.s{section}.*.f{field}"),
            15..17 => format!("$.s{section}.g{group}.*"),
            _ => format!("$.s{section}..f{field}"),
        }
    });
    texts.map(|text| Pattern::parse(&text).expect("made of plain names")).collect()
}

/// How many of these patterns select a pointer.
fn selecting(patterns: &[Pattern], pointer: &PointerBuf) -> u64 {
    let segments: Vec<&str> = pointer.segments().collect();
    patterns.iter().filter(|pattern| pattern.selects(&segments)).count() as u64
}

fn set_watched<D: DataMap>(size: usize) -> Box<dyn Case> {
    // A program writes the same few pointers again and again.
    let hot = random_ids("hot", size, 256, size);
    let writes = |scenario| random_ids(scenario, size, OPERATIONS, hot.len()).into_iter().map(|at| hot[at]);
    let ids: Vec<usize> = writes("set_watched").collect();
    // An index of patterns may learn from what was asked before, as it does in a program that runs for a while.
    let before = pointers(&writes("set_watched before").collect::<Vec<usize>>());
    let watched = random_ids("watched", size, 1000, size);
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(&ids), mixed_patterns(size, 1000), pointers(&watched)),
        move |(_, patterns, watched)| {
            let store = store::<D>(size);
            for pattern in patterns {
                store.subscribe_pattern(pattern, counting(&counted));
            }
            for pointer in watched {
                store.subscribe(pointer.as_pointer(), counting(&counted));
            }
            for (step, pointer) in before.iter().enumerate() {
                let _ = store.set(pointer.as_pointer(), Value::from(step + 2_000_000));
            }
            counted.set(0);
            store
        },
        |(pointers, ..), store| {
            for (step, pointer) in pointers.iter().enumerate() {
                let _ = store.set(pointer.as_pointer(), Value::from(step + 1_000_000));
            }
        },
        move |(pointers, ..), store, ()| content_digest(store, pointers).wrapping_add(calls.get()),
        move |(pointers, patterns, watched)| {
            let last = last_writes(&ids);
            let told = pointers.iter().map(|pointer| {
                let exact = watched.iter().filter(|watched| *watched == pointer).count() as u64;
                touch_text(pointer.as_str()).wrapping_mul(exact + selecting(patterns, pointer))
            });
            sum(told).wrapping_add(sum(ids.iter().map(|id| mix(last[id] + 1_000_000))))
        },
    )
}

fn batch_of_10<D: DataMap>(size: usize) -> Box<dyn Case> {
    const BATCH: usize = 10;
    let ids = random_ids("batch_of_10", size, 100 * BATCH, size);
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(&ids), ids),
        move |_| {
            let store = store::<D>(size);
            for id in 0..size.min(100) {
                store.subscribe(pointer(id).as_pointer(), counting(&counted));
            }
            counted.set(0);
            store
        },
        |(pointers, _), store| {
            for (round, pointers) in pointers.chunks(BATCH).enumerate() {
                store.batch(|| {
                    for (step, pointer) in pointers.iter().enumerate() {
                        let _ = store.set(
                            pointer.as_pointer(),
                            Value::from((round * BATCH + step) as u64 + 1_000_000),
                        );
                    }
                });
            }
        },
        move |(pointers, _), store, ()| content_digest(store, pointers).wrapping_add(calls.get()),
        |(_, ids)| {
            let told = ids.chunks(BATCH).map(|batch| {
                let mut batch: Vec<usize> = batch.iter().copied().filter(|id| *id < 100).collect();
                batch.sort_unstable();
                batch.dedup();
                sum(batch.iter().map(|id| touch_text(pointer(*id).as_str())))
            });
            let last = last_writes(ids);
            sum(told).wrapping_add(sum(ids.iter().map(|id| mix(last[id] + 1_000_000))))
        },
    )
}

fn subscribe_pointer<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("subscribe_pointer", size, 1000, size);
    let calls = Rc::new(Cell::new(0));
    case(
        ids.len(),
        Setup::EveryRun,
        pointers(&ids),
        move |pointers| (store::<D>(size), Vec::with_capacity(pointers.len()), calls.clone()),
        |pointers, (store, names, calls)| {
            names.extend(
                pointers.iter().map(|pointer| store.subscribe(pointer.as_pointer(), counting(calls))),
            );
        },
        |_, (store, ..), ()| store.subscriptions() as u64,
        |pointers| pointers.len() as u64,
    )
}

fn subscribe_pattern<D: DataMap>(size: usize) -> Box<dyn Case> {
    let calls = Rc::new(Cell::new(0));
    case(
        100,
        Setup::EveryRun,
        mixed_patterns(size, 100),
        move |patterns| (store::<D>(size), Vec::with_capacity(patterns.len()), calls.clone()),
        |patterns, (store, names, calls)| {
            names.extend(patterns.iter().map(|pattern| store.subscribe_pattern(pattern, counting(calls))));
        },
        |_, (store, ..), ()| store.subscriptions() as u64,
        |patterns| patterns.len() as u64,
    )
}

fn unsubscribe<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("unsubscribe", size, 900, size);
    let calls = Rc::new(Cell::new(0));
    case(
        1000,
        Setup::EveryRun,
        (pointers(&ids), mixed_patterns(size, 100)),
        move |(pointers, patterns)| {
            let store = store::<D>(size);
            let mut names: Vec<D::Subscription> = pointers
                .iter()
                .map(|pointer| store.subscribe(pointer.as_pointer(), counting(&calls)))
                .collect();
            names.extend(patterns.iter().map(|pattern| store.subscribe_pattern(pattern, counting(&calls))));
            (store, names)
        },
        |_, (store, names)| sum(names.iter().map(|name| u64::from(store.unsubscribe(name)))),
        |_, (store, _), ended| ended.wrapping_add(store.subscriptions() as u64),
        |_| 1000,
    )
}

/// What lives after the region is what ended subscriptions leave behind.
fn subscribe_and_end<D: DataMap>(size: usize) -> Box<dyn Case> {
    let texts: Vec<PointerBuf> = (0..size).map(|number| parsed(format!("/rows/r{number}"))).collect();
    let calls = Rc::new(Cell::new(0));
    case(
        2 * size,
        Setup::EveryRun,
        texts,
        move |texts| (store::<D>(FIELDS), Vec::with_capacity(texts.len()), calls.clone()),
        |texts, (store, names, calls)| {
            names.extend(texts.iter().map(|text| store.subscribe(text.as_pointer(), counting(calls))));
            sum(names.drain(..).map(|name| u64::from(store.unsubscribe(&name))))
        },
        |_, (store, ..), ended| ended.wrapping_add(store.subscriptions() as u64),
        move |_| size as u64,
    )
}

fn notify_exact<D: DataMap>(subscribers: usize) -> Box<dyn Case> {
    notifying::<D>(64, subscribers, move |store, calls| {
        for _ in 0..subscribers {
            store.subscribe(pointer(17).as_pointer(), counting(calls));
        }
    })
}

fn notify_patterns<D: DataMap>(patterns: usize) -> Box<dyn Case> {
    notifying::<D>(256, patterns, move |store, calls| {
        for number in 0..patterns {
            let text = ["$.s0.g0.f17", "$.s0.g0.*", "$.s0.*.f17", "$.*.*.f17", "$..f17"][number % 5];
            let pattern = Pattern::parse(text).expect("made of plain names");
            store.subscribe_pattern(&pattern, counting(calls));
        }
    })
}

/// Sets one pointer so many times; each set calls all subscribers.
fn notifying<D: DataMap>(
    sets: usize,
    subscribers: usize,
    subscribe: impl Fn(&D, &Rc<Cell<u64>>) + 'static,
) -> Box<dyn Case> {
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    case(
        sets * subscribers,
        Setup::EveryRun,
        pointer(17),
        move |_| {
            let store = store::<D>(FIELDS);
            subscribe(&store, &counted);
            counted.set(0);
            store
        },
        move |pointer, store| {
            for step in 0..sets {
                let _ = store.set(pointer.as_pointer(), Value::from(step + 1_000_000));
            }
        },
        move |_, _, ()| calls.get(),
        move |pointer| touch_text(pointer.as_str()).wrapping_mul((sets * subscribers) as u64),
    )
}

/// Reads values that are computed from five pointers each; with `dirty`, after a write to one of them.
fn computed<D: DataMap>(size: usize, dirty: bool) -> Box<dyn Case> {
    const INPUTS: usize = 5;
    let count = (size.min(FIELDS) / INPUTS).max(1);
    let reads = 512;
    let input = move |which: usize, input: usize| pointer(which * INPUTS + input);
    case(
        reads,
        Setup::EveryRun,
        (0..count * INPUTS).map(pointer).collect::<Vec<_>>(),
        move |_| {
            let store = store::<D>(size);
            let make = |which: usize| {
                let inputs: [PointerBuf; INPUTS] = std::array::from_fn(|at| input(which, at));
                let pointers = inputs.each_ref().map(PointerBuf::as_pointer);
                store.computed(&pointers, {
                    let inputs = inputs.clone();
                    move |store: &D| {
                        Value::from(sum(inputs.iter().map(|input| number(store, input.as_pointer()))))
                    }
                })
            };
            let computed: Vec<D::Computed> = (0..count).map(make).collect();
            computed.iter().for_each(|computed| drop(store.value(computed)));
            (store, computed)
        },
        move |pointers, (store, computed)| {
            let mut total = 0u64;
            for step in 0..reads {
                let which = step % count;
                if dirty {
                    let changed = &pointers[which * INPUTS + step / count % INPUTS];
                    let _ = store.set(changed.as_pointer(), Value::from(step));
                }
                let value = store.value(&computed[which]);
                total = total.wrapping_add(value.map_or(ABSENT, |value| touch_value(&value)));
            }
            total
        },
        |_, _, total| *total,
        move |_| {
            let read = |id| if id < size { value_of(id) } else { ABSENT };
            let mut values: Vec<u64> = (0..count * INPUTS).map(read).collect();
            let mut total = 0u64;
            for step in 0..reads {
                let which = step % count;
                if dirty {
                    values[which * INPUTS + step / count % INPUTS] = step as u64;
                }
                total = total.wrapping_add(sum(values[which * INPUTS..][..INPUTS].iter().copied()));
            }
            total
        },
    )
}

fn list() -> PointerBuf {
    parsed("/list".to_owned())
}

fn list_store<D: DataMap>(size: usize) -> D {
    holding(json!({"list": (0..size).map(value_of).collect::<Vec<u64>>(), "other": {"x": 1}}))
}

/// A digest of a list that depends on the order.
fn list_digest<D: DataMap>(store: &D) -> u64 {
    let mut digest = 1u64;
    let list = list();
    let length = store.array_len(list.as_pointer()).unwrap_or(0);
    let _ = store
        .slice(list.as_pointer(), 0..length, |value| digest = digest.rotate_left(5) ^ touch_value(value));
    digest
}

fn expected_list(values: &[u64]) -> u64 {
    values.iter().fold(1u64, |digest, value| digest.rotate_left(5) ^ value)
}

/// What a step does to a list.
#[derive(Clone, Copy)]
enum Edit {
    Insert(usize),
    Remove(usize),
}

fn edits<D: DataMap>(size: usize, edits: Vec<Edit>) -> Box<dyn Case> {
    case(
        edits.len(),
        Setup::EveryRun,
        (list(), edits),
        move |_| list_store::<D>(size),
        |(list, edits), store| {
            for (step, edit) in edits.iter().enumerate() {
                match edit {
                    Edit::Insert(at) => {
                        let _ = store.insert(list.as_pointer(), *at, Value::from(step));
                    }
                    Edit::Remove(at) => drop(store.remove(list.as_pointer(), *at)),
                }
            }
        },
        |_, store, ()| list_digest(store),
        move |(_, edits)| {
            let mut model: Vec<u64> = (0..size).map(value_of).collect();
            for (step, edit) in edits.iter().enumerate() {
                match edit {
                    Edit::Insert(at) => model.insert(*at, step as u64),
                    Edit::Remove(at) => {
                        model.remove(*at);
                    }
                }
            }
            expected_list(&model)
        },
    )
}

fn array_push<D: DataMap>(size: usize) -> Box<dyn Case> {
    edits::<D>(size, (0..256).map(|step| Edit::Insert(size + step)).collect())
}

fn array_splice<D: DataMap>(size: usize) -> Box<dyn Case> {
    let places = random_ids("array_splice", size, 256, (size - 1).max(1));
    let at = places.iter().enumerate();
    edits::<D>(
        size,
        at.map(|(step, at)| if step % 2 == 0 { Edit::Remove(*at) } else { Edit::Insert(*at) }).collect(),
    )
}

/// Somebody writes: at a cursor that moves on with each insertion, goes back with each removal, and seldom jumps.
fn array_typing<D: DataMap>(size: usize) -> Box<dyn Case> {
    let drawn = random_ids("array_typing", size, 256, 1 << 30);
    let (mut cursor, mut length) = (size / 2, size);
    let step = |drawn: &usize| {
        if drawn.is_multiple_of(32) {
            cursor = drawn / 32 % (length + 1);
        }
        if (drawn / 7).is_multiple_of(8) && cursor > 0 {
            cursor -= 1;
            length -= 1;
            Edit::Remove(cursor)
        } else {
            cursor += 1;
            length += 1;
            Edit::Insert(cursor - 1)
        }
    };
    edits::<D>(size, drawn.iter().map(step).collect())
}

fn array_get<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("array_get", size, OPERATIONS, size);
    let pointers: Vec<PointerBuf> = ids.iter().map(|id| parsed(format!("/list/{id}"))).collect();
    case(
        ids.len(),
        Setup::Once,
        (list_store::<D>(size), pointers),
        |_| (),
        |(store, pointers), ()| sum(pointers.iter().map(|pointer| number(store, pointer.as_pointer()))),
        |_, (), found| *found,
        move |_| sum(ids.iter().map(|id| value_of(*id))),
    )
}

/// Pushes to a list, or sets elements of it, and keeps a version before each.
fn array_kept<D: DataMap>(size: usize, push: bool) -> Box<dyn Case> {
    let places = random_ids("array_kept", size, 100, size);
    let elements: Vec<PointerBuf> = places.iter().map(|at| parsed(format!("/list/{at}"))).collect();
    case(
        places.len(),
        Setup::EveryRun,
        (list(), elements),
        move |(_, elements)| (list_store::<D>(size), Vec::with_capacity(elements.len())),
        move |(list, elements), (store, versions)| {
            for (step, element) in elements.iter().enumerate() {
                versions.push(store.snapshot());
                let value = Value::from(step);
                let _ = if push {
                    store.push(list.as_pointer(), value)
                } else {
                    store.set(element.as_pointer(), value)
                };
            }
        },
        |(_, elements), (store, versions), ()| {
            let held = elements.iter().zip(versions).map(|(element, version)| {
                D::get_in(version, element.as_pointer(), |value| value.map_or(ABSENT, touch_value))
            });
            list_digest(store).wrapping_add(sum(held))
        },
        move |_| {
            let mut model: Vec<u64> = (0..size).map(value_of).collect();
            let mut held = 0u64;
            for (step, at) in places.iter().enumerate() {
                held = held.wrapping_add(model[*at]);
                if push {
                    model.push(step as u64);
                } else {
                    model[*at] = step as u64;
                }
            }
            expected_list(&model).wrapping_add(held)
        },
    )
}

fn query_singular<D: DataMap>(size: usize) -> Box<dyn Case> {
    // A page asks the same questions again and again.
    const ROUNDS: usize = 2;
    let ids = random_ids("query_singular", size, 4, size);
    let path = |id: &usize| format!("${}", pointer(*id).as_str().replace('/', "."));
    let paths: Vec<String> = ids.iter().map(path).collect();
    case(
        ROUNDS * paths.len(),
        Setup::EveryRun,
        (paths, ids),
        move |(paths, _)| {
            let store = store::<D>(size);
            for path in paths {
                visit(&store, path);
            }
            store
        },
        |(paths, _), store| {
            let mut digest = 0u64;
            for _ in 0..ROUNDS {
                digest = digest.wrapping_add(sum(paths.iter().map(|path| visit(store, path))));
            }
            digest
        },
        |_, _, digest| *digest,
        |(_, ids)| sum(ids.iter().map(|id| touch_text(pointer(*id).as_str()))).wrapping_mul(ROUNDS as u64),
    )
}

/// A store of which a path was asked before: it may keep what it made of the path's text.
fn asked<D: DataMap>(size: usize, path: &str) -> D {
    let store = store::<D>(size);
    visit(&store, path);
    store
}

/// Visits what `path` finds: of each group what `found` says, if that is anything.
fn query<D: DataMap>(
    size: usize,
    path: &'static str,
    found: impl Fn(usize) -> Option<PointerBuf> + 'static,
) -> Box<dyn Case> {
    let rounds = copies(size).min(4);
    case(
        rounds * groups(size),
        Setup::Once,
        asked::<D>(size, path),
        |_| (),
        move |store, ()| sum((0..rounds).map(|_| visit(store, path))),
        |_, (), digest| *digest,
        move |_| {
            let found = (0..groups(size)).filter_map(&found);
            sum(found.map(|found| touch_text(found.as_str()))).wrapping_mul(rounds as u64)
        },
    )
}

/// The field of this number in a group, in a document of `size`.
fn field(size: usize, group: usize, field: usize) -> Option<usize> {
    let id = group * FIELDS + field;
    (id < size).then_some(id)
}

fn query_field<D: DataMap>(size: usize, path: &'static str) -> Box<dyn Case> {
    query::<D>(size, path, move |group| field(size, group, 7).map(pointer))
}

fn query_filter<D: DataMap>(size: usize) -> Box<dyn Case> {
    query::<D>(size, "$.*[?@.f3 > 500000]", move |number| {
        field(size, number, 3).filter(|id| value_of(*id) > 500_000).map(|_| group(number))
    })
}

/// Different groups, so that none is read twice.
fn some_groups(scenario: &str, size: usize, below: usize) -> Vec<usize> {
    let all = shuffled(&mut rng(scenario, size), below);
    all.into_iter().take(WIDE).map(|group| group as usize).collect()
}

fn expected_group(group: usize, size: usize) -> u64 {
    sum(ids_of(group, size).map(value_of))
}

fn object_digest(value: &Value) -> u64 {
    match value {
        Value::Object(members) => sum(members.values().map(object_digest)),
        Value::Array(elements) => sum(elements.iter().map(object_digest)),
        scalar => touch_value(scalar),
    }
}

fn wide_get<D: DataMap>(size: usize) -> Box<dyn Case> {
    let chosen = some_groups("wide", size, groups(size));
    case(
        chosen.len(),
        Setup::EveryRun,
        (chosen.iter().map(|chosen| group(*chosen)).collect::<Vec<_>>(), chosen),
        move |_| store::<D>(size),
        |(pointers, _), store| {
            pointers.iter().map(|pointer| store.to_object(pointer.as_pointer())).collect::<Vec<_>>()
        },
        |_, _, objects| sum(objects.iter().flatten().map(|object| mix(object_digest(&object.value())))),
        move |(_, chosen)| sum(chosen.iter().map(|group| mix(expected_group(*group, size)))),
    )
}

fn wide_direct<D: DataMap>(size: usize) -> Box<dyn Case> {
    let chosen = some_groups("wide", size, groups(size));
    let ids: Vec<Vec<PointerBuf>> =
        chosen.iter().map(|group| ids_of(*group, size).map(pointer).collect()).collect();
    case(
        chosen.len(),
        Setup::EveryRun,
        (ids, chosen),
        move |_| store::<D>(size),
        |(groups, _), store| {
            let group =
                |group: &Vec<PointerBuf>| mix(sum(group.iter().map(|id| number(store, id.as_pointer()))));
            sum(groups.iter().map(group))
        },
        |_, _, digest| *digest,
        move |(_, chosen)| sum(chosen.iter().map(|group| mix(expected_group(*group, size)))),
    )
}

fn has_descendants<D: DataMap>(size: usize) -> Box<dyn Case> {
    let chosen = random_ids("has_descendants", size, WIDE, 2 * groups(size));
    case(
        chosen.len(),
        Setup::Once,
        (store::<D>(size), chosen.iter().map(|chosen| group(*chosen)).collect::<Vec<_>>(), chosen),
        |_| (),
        |(store, pointers, _), ()| {
            let found = pointers.iter().map(|pointer| u64::from(store.has_descendants(pointer.as_pointer())));
            sum(found.enumerate().map(|(at, found)| (at as u64 + 1) * found))
        },
        |_, (), found| *found,
        move |(.., chosen)| {
            let found = chosen.iter().enumerate().filter(|(_, group)| **group < groups(size));
            sum(found.map(|(at, _)| at as u64 + 1))
        },
    )
}

fn keys<D: DataMap>(size: usize) -> Box<dyn Case> {
    let chosen = some_groups("keys", size, groups(size));
    case(
        chosen.len(),
        Setup::Once,
        (store::<D>(size), chosen.iter().map(|chosen| group(*chosen)).collect::<Vec<_>>(), chosen),
        |_| (),
        |(store, pointers, _), ()| {
            let mut digest = 0u64;
            for pointer in pointers {
                store.keys(pointer.as_pointer(), |key| digest = digest.wrapping_add(touch_text(key)));
            }
            digest
        },
        |_, (), digest| *digest,
        move |(.., chosen)| {
            let ids = chosen.iter().flat_map(|group| ids_of(*group, size));
            sum(ids.map(|id| touch_text(pointer(id).as_str())))
        },
    )
}

fn to_object<D: DataMap>(size: usize) -> Box<dyn Case> {
    let count = copies(size).min(8);
    case(
        count,
        Setup::EveryRun,
        (),
        move |()| (0..count).map(|_| store::<D>(size)).collect::<Vec<_>>(),
        |(), stores| stores.iter().map(|store| store.to_object(Pointer::ROOT)).collect::<Vec<_>>(),
        |(), _, objects| sum(objects.iter().flatten().map(|object| object_digest(&object.value()))),
        move |()| sum((0..size).map(value_of)).wrapping_mul(count as u64),
    )
}

fn to_object_again<D: DataMap>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("to_object_again", size, 2, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(&ids), ids),
        move |_| {
            let store = store::<D>(size);
            drop(store.to_object(Pointer::ROOT));
            store
        },
        |(pointers, _), store| {
            let again = pointers.iter().enumerate().map(|(step, pointer)| {
                let _ = store.set(pointer.as_pointer(), Value::from(step));
                store.to_object(Pointer::ROOT)
            });
            again.collect::<Vec<_>>()
        },
        |_, _, objects| {
            let objects = objects.iter().flatten().map(|object| object_digest(&object.value()));
            objects.fold(1u64, |state, digest| state.rotate_left(5) ^ digest)
        },
        move |(_, ids)| {
            let mut values: BTreeMap<usize, u64> = BTreeMap::new();
            let all = sum((0..size).map(value_of));
            ids.iter().enumerate().fold(1u64, |state, (step, id)| {
                values.insert(*id, step as u64);
                let changed = values.iter().map(|(id, value)| value.wrapping_sub(value_of(*id)));
                state.rotate_left(5) ^ all.wrapping_add(sum(changed))
            })
        },
    )
}

fn snapshot<D: DataMap>(size: usize) -> Box<dyn Case> {
    const COUNT: usize = 4;
    case(
        COUNT,
        Setup::EveryRun,
        (),
        move |()| (store::<D>(size), Vec::with_capacity(COUNT)),
        |(), (store, versions)| versions.extend((0..COUNT).map(|_| store.snapshot())),
        move |(), (_, versions), ()| {
            let last = pointer(size - 1);
            sum(versions.iter().map(|version| {
                D::get_in(version, last.as_pointer(), |value| value.map_or(ABSENT, touch_value))
            }))
        },
        move |()| value_of(size - 1).wrapping_mul(COUNT as u64),
    )
}

fn set_kept<D: DataMap>(size: usize, copies_whole: bool) -> Box<dyn Case> {
    // A thousand copies of everything do not fit into memory.
    let count = if copies_whole { (100_000 / size).clamp(4, 1000) } else { 1000 };
    let ids = random_ids("set_kept", size, count, size);
    case(
        count,
        Setup::EveryRun,
        (pointers(&ids), ids),
        move |_| (store::<D>(size), Vec::with_capacity(count)),
        |(pointers, _), (store, versions)| {
            for (step, pointer) in pointers.iter().enumerate() {
                versions.push(store.snapshot());
                let _ = store.set(pointer.as_pointer(), Value::from(step));
            }
        },
        |(pointers, _), (store, versions), ()| {
            let held = pointers.iter().zip(versions).map(|(pointer, version)| {
                D::get_in(version, pointer.as_pointer(), |value| value.map_or(ABSENT, touch_value))
            });
            sum(held).wrapping_add(content_digest(store, pointers))
        },
        |(_, ids)| {
            let mut values: BTreeMap<usize, u64> = BTreeMap::new();
            let mut held = 0u64;
            for (step, id) in ids.iter().enumerate() {
                let before = values.insert(*id, step as u64).unwrap_or_else(|| value_of(*id));
                held = held.wrapping_add(before);
            }
            held.wrapping_add(sum(ids.iter().map(|id| mix(values[id]))))
        },
    )
}

fn restore<D: DataMap>(size: usize) -> Box<dyn Case> {
    const VERSIONS: usize = 4;
    let ids = random_ids("restore", size, VERSIONS, size);
    case(
        VERSIONS,
        Setup::EveryRun,
        (pointers(&ids), ids),
        move |(pointers, _)| {
            let store = store::<D>(size);
            let versions = pointers.iter().enumerate().map(|(step, pointer)| {
                let version = store.snapshot();
                let _ = store.set(pointer.as_pointer(), Value::from(step));
                version
            });
            let versions: Vec<D::Version> = versions.collect();
            (store, versions)
        },
        |(pointers, _), (store, versions)| {
            let steps = versions.iter().zip(pointers).rev().map(|(version, pointer)| {
                store.restore(version);
                number(store, pointer.as_pointer())
            });
            sum(steps)
        },
        |_, _, digest| *digest,
        |(_, ids)| {
            let mut values: BTreeMap<usize, u64> = BTreeMap::new();
            sum(ids
                .iter()
                .enumerate()
                .map(|(step, id)| values.insert(*id, step as u64).unwrap_or_else(|| value_of(*id))))
        },
    )
}
