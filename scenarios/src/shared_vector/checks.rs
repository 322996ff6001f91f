//! Checks: traces of random operations, replayed beside the [oracle](super::oracle), and inputs that broke others.

use super::contract::{SharedVector, VectorSnapshot};
use super::oracle::{Model, value_of};
use crate::checking::{expect, fixed, not_replayed};
use crate::shared::replay::{self, Replay, told, value_with};
use crate::shared::{OwnedValue, Reader, Snapshot, Value};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 300, 48, "Random operations on a vector, with values of every type. Versions are published, held and dropped, and each snapshot is compared with the content of its version."),
    Check::new("trace_long", 6000, 1, "6,000 operations on a vector; all versions held are compared in full."),
    Check::new("boundaries", 0, 1, "Pushes, sets and pops across 31, 32, 33, 1023, 1024, 1025, 1055, 1056, 1057, 32,767, 32,768, 32,769 and 33,793 elements, while old versions are held."),
    Check::new("pop_and_push", 0, 1, "Elements are popped and others pushed in their place, in one version and across versions, while old versions are held."),
    Check::new("index_huge", 0, 1, "Indices from 2³¹ to 2⁶⁴ − 1, whose low bits are often those of an element, are past the end."),
    Check::new("collect_keeps_held", 0, 1, "Whoever holds a version keeps it whole, however often the writer publishes and collects."),
    Check::new("value_1mb", 0, 1, "A text and bytes of 1,000,000 bytes, and of 0 to 300."),
    Check::new("versions_1100", 0, 1, "1,100 versions are held at the same time and compared."),
    Check::new("reader_outlived", 0, 1, "A snapshot stays readable after its reader and the writer are dropped."),
];

pub(super) fn replay<V: SharedVector>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    match check.name {
        "trace" | "trace_long" => {
            replay::replay(trace, |vector, raw| step::<V>(vector, decode(raw)), compare)
        }
        "boundaries" => fixed(boundaries::<V>()),
        "pop_and_push" => fixed(pop_and_push::<V>()),
        "index_huge" => fixed(index_huge::<V>()),
        "collect_keeps_held" => fixed(collect_keeps_held::<V>()),
        "value_1mb" => fixed(value_1mb::<V>()),
        "versions_1100" => fixed(versions_1100::<V>()),
        "reader_outlived" => fixed(reader_outlived::<V>()),
        _ => not_replayed(check),
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Push { value: u16 },
    PushMany { count: u16, value: u16 },
    Pop,
    PopMany { count: u16 },
    Set { index: u16, value: u16 },
    SetPastEnd { past: u16, value: u16 },
    Publish,
    PublishAndHold,
    Drop { version: u8 },
    Collect,
    Compare { version: u8 },
}

fn decode(step: &Step) -> Operation {
    match step.op % 20 {
        0..=2 => Operation::Push { value: step.b },
        3..=4 => Operation::PushMany { count: step.a % 80, value: step.b },
        5..=6 => Operation::Pop,
        7 => Operation::PopMany { count: step.a % 80 },
        8..=10 => Operation::Set { index: step.a, value: step.b },
        11 => Operation::SetPastEnd { past: step.a % 3, value: step.b },
        12..=13 => Operation::Publish,
        14..=16 => Operation::PublishAndHold,
        17 => Operation::Drop { version: step.version },
        18 => Operation::Collect,
        _ => Operation::Compare { version: step.version },
    }
}

pub(super) fn describe(_: &Check, trace: &[Step]) -> Vec<String> {
    let steps = trace.iter();
    steps
        .map(|step| format!("{:?} (versions modulo those held, indices modulo the length)", decode(step)))
        .collect()
}

/// Compares a version with its content, through every operation.
fn compare(snapshot: &impl VectorSnapshot, content: &Model) -> Result<(), String> {
    expect("len", snapshot.len(), content.len())?;
    expect("is_empty", snapshot.is_empty(), content.is_empty())?;
    let observed: Vec<Value<'_>> = snapshot.iter().collect();
    if snapshot.to_vec() != observed {
        return Err("to_vec differs from iter".to_owned());
    }
    expect("the number of elements visited", observed.len(), content.len())?;
    for (index, (observed, expected)) in observed.iter().zip(content).enumerate() {
        let expected = expected.as_value();
        if *observed != expected || snapshot.get(index) != Some(expected) {
            let found = snapshot.get(index);
            return Err(format!(
                "element {index} is {found:?}, and {observed:?} in iter, expected {expected:?}"
            ));
        }
    }
    for past in [content.len(), content.len() + 1, content.len() + 32, content.len() + 1024] {
        expect(format_args!("get({past})"), snapshot.get(past), None)?;
    }
    Ok(())
}

fn step<V: SharedVector>(replay: &mut Replay<V, Model>, operation: Operation) -> Result<(), String> {
    let Replay { writer, content, .. } = replay;
    match operation {
        Operation::Push { value } => push(writer, content, value_with(value)),
        Operation::PushMany { count, value } => {
            (0..count).try_for_each(|at| push(writer, content, value_with(value.wrapping_add(at))))
        }
        Operation::Pop => pop(writer, content),
        Operation::PopMany { count } => (0..count).try_for_each(|_| pop(writer, content)),
        Operation::Set { index, value } => {
            if content.is_empty() {
                return Ok(());
            }
            let index = usize::from(index) % content.len();
            set(writer, content, index, value_with(value))
        }
        Operation::SetPastEnd { past, value } => {
            let index = content.len() + usize::from(past);
            set(writer, content, index, value_with(value))
        }
        Operation::Publish => replay.publish(),
        Operation::PublishAndHold => replay.publish_and_hold(),
        Operation::Drop { version } => {
            replay.drop_one(version);
            Ok(())
        }
        Operation::Collect => told("collect", writer.collect()),
        Operation::Compare { version } => replay.compare_one(version, compare),
    }
}

fn push<V: SharedVector>(writer: &mut V, content: &mut Model, value: OwnedValue) -> Result<(), String> {
    told("push", writer.push(value.as_value()))?;
    content.push(value);
    Ok(())
}

fn pop<V: SharedVector>(writer: &mut V, content: &mut Model) -> Result<(), String> {
    expect("pop", told("pop", writer.pop())?, content.pop().is_some())
}

fn set<V: SharedVector>(
    writer: &mut V,
    content: &mut Model,
    index: usize,
    value: OwnedValue,
) -> Result<(), String> {
    let replaced = told("set_at", writer.set_at(index, value.as_value()))?;
    expect(format_args!("set_at({index}) of {}", content.len()), replaced, index < content.len())?;
    if let Some(element) = content.get_mut(index) {
        *element = value;
    }
    Ok(())
}

/// The lengths at which a 32-way trie with a tail of 32 elements changes its shape, and those one less and one more.
const BOUNDARIES: [usize; 14] =
    [0, 1, 31, 32, 33, 1023, 1024, 1025, 1055, 1056, 1057, 32_767, 32_769, 33_793];

fn boundaries<V: SharedVector>() -> Result<(), String> {
    let mut replay = Replay::<V, Model>::new()?;
    for length in BOUNDARIES {
        let Replay { writer, content, .. } = &mut replay;
        while content.len() < length {
            push(writer, content, value_of(content.len() as u64).into_owned())?;
        }
        replay.publish_and_hold()?;
        let Replay { writer, content, .. } = &mut replay;
        for index in BOUNDARIES.into_iter().filter(|index| *index < length) {
            set(writer, content, index, OwnedValue::Bool(true))?;
        }
        replay.publish()?;
        compare(&replay.latest()?, &replay.published)?;
    }
    replay.compare_all(compare)?;
    for length in BOUNDARIES.into_iter().rev() {
        let Replay { writer, content, .. } = &mut replay;
        while content.len() > length {
            pop(writer, content)?;
        }
        replay.publish_and_hold()?;
    }
    replay.compare_all(compare)
}

fn pop_and_push<V: SharedVector>() -> Result<(), String> {
    let mut replay = Replay::<V, Model>::new()?;
    step(&mut replay, Operation::PushMany { count: 70, value: 0 })?;
    replay.publish_and_hold()?;
    for round in 1..40u16 {
        step(&mut replay, Operation::PopMany { count: round })?;
        if round % 3 == 0 {
            replay.publish_and_hold()?;
        }
        step(&mut replay, Operation::PushMany { count: round + 1, value: 100 * round })?;
        step(&mut replay, Operation::Pop)?;
        step(&mut replay, Operation::Push { value: 7 * round })?;
        replay.publish_and_hold()?;
        replay.compare_all(compare)?;
    }
    Ok(())
}

fn index_huge<V: SharedVector>() -> Result<(), String> {
    let mut replay = Replay::<V, Model>::new()?;
    step(&mut replay, Operation::PushMany { count: 40, value: 3 })?;
    replay.publish()?;
    let snapshot = replay.latest()?;
    let Replay { writer, content, .. } = &mut replay;
    for bit in 31..64 {
        for index in [(1usize << bit) - 1, 1 << bit, (1 << bit) + 5, usize::MAX - bit] {
            expect(format_args!("get({index})"), snapshot.get(index), None)?;
            set(writer, content, index, OwnedValue::Bool(true))?;
        }
    }
    replay.publish()?;
    replay.compare_all(compare)
}

fn collect_keeps_held<V: SharedVector>() -> Result<(), String> {
    let mut replay = Replay::<V, Model>::new()?;
    step(&mut replay, Operation::PushMany { count: 2000, value: 0 })?;
    replay.publish_and_hold()?;
    for round in 0..200u16 {
        step(&mut replay, Operation::Set { index: 37 * round, value: round })?;
        step(&mut replay, Operation::PopMany { count: round % 5 })?;
        step(&mut replay, Operation::PushMany { count: round % 7, value: 3 * round })?;
        replay.publish()?;
        told("collect", replay.writer.collect())?;
        if round % 40 == 0 {
            replay.hold()?;
            replay.compare_all(compare)?;
        }
    }
    replay.compare_all(compare)
}

fn value_1mb<V: SharedVector>() -> Result<(), String> {
    let mut replay = Replay::<V, Model>::new()?;
    let Replay { writer, content, .. } = &mut replay;
    let text = "text ".repeat(200_000);
    push(writer, content, Value::Str(&text).into_owned())?;
    push(writer, content, Value::Bytes(text.as_bytes()).into_owned())?;
    for length in 0..300 {
        push(writer, content, Value::Str(&text[..length]).into_owned())?;
        push(writer, content, Value::Bytes(&text.as_bytes()[..length]).into_owned())?;
    }
    replay.publish_and_hold()?;
    let Replay { writer, content, .. } = &mut replay;
    set(writer, content, 0, OwnedValue::Bool(false))?;
    set(writer, content, 1, Value::Str("").into_owned())?;
    replay.publish()?;
    replay.compare_all(compare)
}

fn versions_1100<V: SharedVector>() -> Result<(), String> {
    const VERSIONS: u64 = 1100;
    let Replay { mut writer, reader, .. } = Replay::<V, Model>::new()?;
    let mut held = Vec::new();
    for id in 0..VERSIONS {
        told("push", writer.push(value_of(id)))?;
        told("publish", writer.publish())?;
        held.push(told("latest", reader.latest())?);
    }
    for (snapshot, id) in held.iter().zip(0..) {
        expect("number", snapshot.number(), id + 1)?;
        expect("len", snapshot.len() as u64, id + 1)?;
        for index in [0, id / 2, id] {
            expect(format_args!("get({index})"), snapshot.get(index as usize), Some(value_of(index)))?;
        }
    }
    Ok(())
}

fn reader_outlived<V: SharedVector>() -> Result<(), String> {
    let mut replay = Replay::<V, Model>::new()?;
    step(&mut replay, Operation::PushMany { count: 200, value: 0 })?;
    replay.publish_and_hold()?;
    step(&mut replay, Operation::Set { index: 50, value: 9 })?;
    replay.publish_and_hold()?;
    let Replay { writer, reader, held, .. } = replay;
    drop(reader);
    held.iter().try_for_each(|(snapshot, _, content)| compare(snapshot, content))?;
    drop(writer);
    held.iter().try_for_each(|(snapshot, _, content)| compare(snapshot, content))
}
