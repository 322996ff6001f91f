//! The scenarios that look like programs.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::contract::DataMap;
use super::steps::{counting, holding, number, parsed, visit};
use crate::case::{Case, Setup, case};
use crate::flat::{Built, PointerBuf, touch_text, touch_value};
use crate::input::{draws, mix, rng, shuffled, sum};
use crate::pattern_index::Pattern;

fn drawn(scenario: &str, size: usize, count: usize) -> Vec<usize> {
    draws(&mut rng(scenario, size), count, 1 << 30).into_iter().map(|drawn| drawn as usize).collect()
}

/// Fields that one computed value of the form reads.
const INPUTS: usize = 5;

/// A number is valid if it is small.
fn is_valid(value: u64) -> bool {
    value < 800
}

/// A form of `size` fields with a computed value for every five of them. Each field is validated by a callback that writes
/// what it finds below `/errors`; a pattern counts what changes there. After each of 500 edits the page reads all
/// computed values; every 50 edits ten fields are pasted in a batch, and every 100 the form is sent as an object.
pub(super) fn form<D: DataMap>(size: usize) -> Box<dyn Case> {
    const EDITS: usize = 500;
    let edits: Vec<(usize, u64)> = drawn("form", size, EDITS + EDITS / 50 * 10)
        .into_iter()
        .map(|drawn| (drawn % size, (drawn / 1000 % 1000) as u64))
        .collect();
    let field = |which: usize| parsed(format!("/form/field{which}"));
    let error = |which: usize| parsed(format!("/errors/field{which}"));
    let told = Rc::new(Cell::new(0));
    let counted = told.clone();
    let count = size / INPUTS;
    case(
        EDITS,
        Setup::EveryRun,
        (edits, (0..size).map(field).collect::<Vec<_>>(), parsed("/form".to_owned())),
        move |(_, fields, _)| {
            let names = (0..size).map(|which| format!("field{which}"));
            let form: Map<String, Value> = names.map(|name| (name, json!(0))).collect();
            let store: D = holding(json!({"form": form, "errors": {}}));
            for (which, field) in fields.iter().enumerate() {
                let (field, error) = (field.clone(), error(which));
                store.subscribe(field.clone().as_pointer(), move |store: &D, _: &str| {
                    if is_valid(number(store, field.as_pointer())) {
                        store.delete(error.as_pointer());
                    } else {
                        let _ = store.set(error.as_pointer(), json!("too large"));
                    }
                });
            }
            for pattern in ["$.errors.*", "$.form.*"] {
                store.subscribe_pattern(
                    &Pattern::parse(pattern).expect("made of plain names"),
                    counting(&counted),
                );
            }
            let computed = (0..count).map(|which| {
                let inputs: Vec<PointerBuf> =
                    (0..INPUTS).map(|at| fields[which * INPUTS + at].clone()).collect();
                let pointers: Vec<_> = inputs.iter().map(PointerBuf::as_pointer).collect();
                store.computed(&pointers, {
                    let inputs = inputs.clone();
                    move |store: &D| {
                        Value::from(sum(inputs.iter().map(|input| number(store, input.as_pointer()))))
                    }
                })
            });
            let computed: Vec<D::Computed> = computed.collect();
            counted.set(0);
            (store, computed)
        },
        move |(edits, fields, form), (store, computed)| {
            let (edits, pasted) = edits.split_at(EDITS);
            let mut shown = 0u64;
            let mut sent = Vec::new();
            for (step, (which, value)) in edits.iter().enumerate() {
                let _ = store.set(fields[*which].as_pointer(), Value::from(*value));
                if step % 50 == 49 {
                    store.batch(|| {
                        for (which, value) in &pasted[step / 50 * 10..][..10] {
                            let _ = store.set(fields[*which].as_pointer(), Value::from(*value));
                        }
                    });
                }
                for computed in &*computed {
                    let value = store.value(computed);
                    shown = shown.wrapping_mul(3).wrapping_add(value.map_or(0, |value| touch_value(&value)));
                }
                if step % 100 == 99 {
                    sent.push(store.to_object(form.as_pointer()));
                }
            }
            (shown, sent)
        },
        move |(_, fields, _), (store, _), (shown, sent)| {
            let sent = sent.iter().flatten().map(|form| {
                let form = form.value();
                let number = |which: usize| form.get(format!("field{which}")).map_or(0, touch_value);
                sum((0..fields.len()).map(|which| number(which).wrapping_mul(which as u64 + 1)))
            });
            let errors = (0..fields.len()).filter(|which| store.has(error(*which).as_pointer())).count();
            shown.wrapping_add(sum(sent)).wrapping_add(errors as u64).wrapping_add(told.get())
        },
        move |(edits, fields, _)| {
            let (edits, pasted) = edits.split_at(EDITS);
            let mut values = vec![0u64; fields.len()];
            let mut errors: BTreeSet<usize> = BTreeSet::new();
            let (mut shown, mut sent, mut told) = (0u64, 0u64, 0u64);
            let mut operation = |values: &mut Vec<u64>, changes: &[(usize, u64)]| {
                let before = values.clone();
                changes.iter().for_each(|(which, value)| values[*which] = *value);
                for which in 0..values.len() {
                    if values[which] == before[which] {
                        continue;
                    }
                    told = told.wrapping_add(touch_text(fields[which].as_str()));
                    let changed =
                        if is_valid(values[which]) { errors.remove(&which) } else { errors.insert(which) };
                    if changed {
                        told = told.wrapping_add(touch_text(error(which).as_str()));
                    }
                }
            };
            for (step, edit) in edits.iter().enumerate() {
                operation(&mut values, &[*edit]);
                if step % 50 == 49 {
                    operation(&mut values, &pasted[step / 50 * 10..][..10]);
                }
                for inputs in values.chunks_exact(INPUTS) {
                    shown = shown.wrapping_mul(3).wrapping_add(sum(inputs.iter().copied()));
                }
                if step % 100 == 99 {
                    let form = values.iter().enumerate();
                    sent = sent
                        .wrapping_add(sum(form.map(|(which, value)| value.wrapping_mul(which as u64 + 1))));
                }
            }
            shown.wrapping_add(sent).wrapping_add(errors.len() as u64).wrapping_add(told)
        },
    )
}

/// Columns of the table.
const COLUMNS: usize = 8;

fn cell_value(row: usize, column: usize) -> u64 {
    mix((row * COLUMNS + column) as u64) % 1000
}

fn row_object(row: usize) -> Value {
    let cells = (0..COLUMNS).map(|column| (format!("c{column}"), json!(cell_value(row, column))));
    Value::Object(cells.collect())
}

/// A table of `size` rows and 8 columns, `/rows/r<row>/c<column>`, beside `/order`, a list of the rows' numbers in the
/// order of display. Fifty rows are subscribed, as those on the screen. The user edits 64 cells, adds four rows in the
/// middle and removes four, sorts by a column twice, filters by another one twice, and scrolls to eight windows of
/// ten rows.
pub(super) fn table<D: DataMap>(size: usize) -> Box<dyn Case> {
    const EDITS: usize = 64;
    const WATCHED: usize = 50;
    let told = Rc::new(Cell::new(0));
    let counted = told.clone();
    let edits: Vec<(usize, usize, u64)> = drawn("table", size, EDITS)
        .into_iter()
        .map(|drawn| (drawn % size, drawn / size % COLUMNS, 1000 + (drawn / 10_000 % 1000) as u64))
        .collect();
    let row = |row: usize| parsed(format!("/rows/r{row}"));
    let cell = |row: usize, column: usize| parsed(format!("/rows/r{row}/c{column}"));
    let watched = move |place: usize| place * size / WATCHED.min(size);
    case(
        EDITS + 8 + 2 + 2 + 8,
        Setup::EveryRun,
        (edits, parsed("/order".to_owned())),
        move |_| {
            let rows: Map<String, Value> =
                (0..size).map(|row| (format!("r{row}"), row_object(row))).collect();
            let order: Vec<u64> = (0..size as u64).collect();
            let store: D = holding(json!({"rows": rows, "order": order}));
            for place in 0..WATCHED.min(size) {
                let pattern = format!("$.rows.r{}.*", watched(place));
                store.subscribe_pattern(
                    &Pattern::parse(&pattern).expect("made of plain names"),
                    counting(&counted),
                );
            }
            counted.set(0);
            store
        },
        move |(edits, order), store| {
            let order = order.as_pointer();
            let mut digest = 0u64;
            let mut objects = Vec::new();
            for (which, column, value) in edits {
                let _ = store.set(cell(*which, *column).as_pointer(), Value::from(*value));
            }
            for step in 0..4 {
                let added = size + step;
                let _ = store.set(row(added).as_pointer(), row_object(added));
                let _ = store.insert(order, size / 2, Value::from(added));
                let gone = store.remove(order, size / 3);
                let gone = gone.ok().and_then(|gone| gone.as_u64()).unwrap_or(0);
                store.delete(row(gone as usize).as_pointer());
            }
            for column in [2, 5] {
                let mut rows = Vec::with_capacity(size);
                let _ = store.slice(order, 0..size, |row| rows.push(touch_value(row)));
                rows.sort_by_cached_key(|row| {
                    (number(store, cell(*row as usize, column).as_pointer()), *row)
                });
                let _ = store.set(order, json!(rows));
                digest = digest
                    .wrapping_add(visit(store, ["$.rows[?@.c1 > 900]", "$.rows[?@.c4 > 900]"][column / 5]));
                for window in 0..4 {
                    let from = window * size / 4;
                    let mut shown = Vec::new();
                    let _ =
                        store.slice(order, from..(from + 10).min(size), |row| shown.push(touch_value(row)));
                    objects
                        .extend(shown.iter().map(|shown| store.to_object(row(*shown as usize).as_pointer())));
                }
            }
            (digest, objects)
        },
        move |_, _, (digest, objects)| {
            let objects = objects.iter().flatten().map(|object| {
                let object = object.value();
                sum((0..COLUMNS).map(|column| {
                    object.get(format!("c{column}")).map_or(0, touch_value).wrapping_mul(column as u64 + 1)
                }))
            });
            let objects = objects.fold(1u64, |state, object| state.rotate_left(5) ^ object);
            digest.wrapping_add(objects).wrapping_add(told.get())
        },
        move |(edits, _)| {
            let mut rows: Vec<Option<[u64; COLUMNS]>> = (0..size + 4)
                .map(|row| (row < size).then(|| std::array::from_fn(|column| cell_value(row, column))))
                .collect();
            let mut order: Vec<usize> = (0..size).collect();
            let watched: BTreeSet<usize> = (0..WATCHED.min(size)).map(watched).collect();
            let mut told = 0u64;
            let mut tell = |which: usize, column: usize| {
                if watched.contains(&which) {
                    told = told.wrapping_add(touch_text(cell(which, column).as_str()));
                }
            };
            for (which, column, value) in edits {
                if let Some(row) = &mut rows[*which]
                    && std::mem::replace(&mut row[*column], *value) != *value
                {
                    tell(*which, *column);
                }
            }
            for step in 0..4 {
                let added = size + step;
                rows[added] = Some(std::array::from_fn(|column| cell_value(added, column)));
                order.insert(size / 2, added);
                let gone = order.remove(size / 3);
                rows[gone] = None;
                (0..COLUMNS).for_each(|column| tell(gone, column));
            }
            let (mut digest, mut objects) = (0u64, 1u64);
            for (column, filtered) in [(2, 1), (5, 4)] {
                order.sort_by_key(|which| (rows[*which].map_or(0, |row| row[column]), *which));
                let found = rows.iter().enumerate();
                let found = found.filter(|(_, cells)| cells.is_some_and(|cells| cells[filtered] > 900));
                digest = digest.wrapping_add(sum(found.map(|(found, _)| touch_text(row(found).as_str()))));
                for window in 0..4 {
                    let from = window * size / 4;
                    for which in &order[from..(from + 10).min(size)] {
                        let cells = rows[*which].unwrap_or_default();
                        let cells = cells.iter().enumerate();
                        let object = sum(cells.map(|(column, cell)| cell.wrapping_mul(column as u64 + 1)));
                        objects = objects.rotate_left(5) ^ object;
                    }
                }
            }
            digest.wrapping_add(objects).wrapping_add(told)
        },
    )
}

/// What the user of the editor does.
#[derive(Clone, Copy)]
enum Edit {
    Move(usize, u64, u64),
    Paint(usize, u64),
    Raise(usize),
}

/// An editor's state: `size` shapes, `/shapes/s<shape>/{x,y,w,h,colour}`, and `/depth`, a list of them from back to front.
/// Five edits a shape, each kept as a version: most move a shape, in a batch of two; some paint one, or bring one to
/// the front. Then a tenth of them is undone, version by version, half of that is done again, and the selected shape is
/// shown after each.
pub(super) fn editor<D: DataMap>(size: usize) -> Box<dyn Case> {
    let count = 5 * size;
    let edits: Vec<Edit> = drawn("editor", size, count)
        .into_iter()
        .map(|drawn| {
            let (shape, at) = (drawn % size, drawn / 1000);
            match drawn / 7 % 10 {
                0..7 => Edit::Move(shape, (at % 1000) as u64, (at / 1000 % 1000) as u64),
                7..9 => Edit::Paint(shape, (at % 16) as u64),
                _ => Edit::Raise(at % size),
            }
        })
        .collect();
    let order = shuffled(&mut rng("editor depth", size), size);
    let attribute = |shape: usize, name: &str| parsed(format!("/shapes/s{shape}/{name}"));
    let told = Rc::new(Cell::new(0));
    let counted = told.clone();
    let undone = count / 10;
    case(
        count + undone + undone / 2,
        Setup::EveryRun,
        (edits, order, parsed("/depth".to_owned()), parsed("/shapes/s0".to_owned())),
        move |(_, order, ..)| {
            let shape = |shape: usize| {
                (format!("s{shape}"), json!({"x": shape, "y": 2 * shape, "w": 10, "h": 10, "colour": 0}))
            };
            let shapes: Map<String, Value> = (0..size).map(shape).collect();
            let store: D = holding(json!({"shapes": shapes, "depth": order}));
            for name in ["x", "y", "colour"] {
                store.subscribe(attribute(0, name).as_pointer(), counting(&counted));
            }
            counted.set(0);
            (store, Vec::with_capacity(count))
        },
        move |(edits, _, depth, selected), (store, versions)| {
            let mut shown = Vec::new();
            for edit in edits {
                versions.push(store.snapshot());
                match edit {
                    Edit::Move(shape, x, y) => store.batch(|| {
                        let _ = store.set(attribute(*shape, "x").as_pointer(), Value::from(*x));
                        let _ = store.set(attribute(*shape, "y").as_pointer(), Value::from(*y));
                    }),
                    Edit::Paint(shape, colour) => {
                        let _ = store.set(attribute(*shape, "colour").as_pointer(), Value::from(*colour));
                    }
                    Edit::Raise(at) => {
                        if let Ok(shape) = store.remove(depth.as_pointer(), *at) {
                            let _ = store.push(depth.as_pointer(), shape);
                        }
                    }
                }
            }
            for undo in 0..undone {
                store.restore(&versions[count - 1 - undo]);
                shown.push(store.to_object(selected.as_pointer()));
            }
            for redo in 0..undone / 2 {
                store.restore(&versions[count - undone + redo + 1]);
                shown.push(store.to_object(selected.as_pointer()));
            }
            shown
        },
        move |(_, _, depth, _), (store, versions), shown| {
            let mut digest = 1u64;
            let _ = store.slice(depth.as_pointer(), 0..size, |shape| {
                digest = digest.rotate_left(5) ^ touch_value(shape)
            });
            for shape in 0..size {
                for name in ["x", "y", "colour"] {
                    digest = digest.rotate_left(5) ^ number(store, attribute(shape, name).as_pointer());
                }
            }
            for object in shown.iter().flatten() {
                let object = object.value();
                for name in ["x", "y", "colour"] {
                    digest = digest.rotate_left(5) ^ object.get(name).map_or(0, touch_value);
                }
            }
            for version in versions {
                let read = |value: Option<&Value>| value.map_or(0, touch_value);
                digest =
                    digest.rotate_left(5) ^ D::get_in(version, attribute(size / 2, "x").as_pointer(), read);
            }
            digest.wrapping_add(told.get())
        },
        move |(edits, order, ..)| {
            #[derive(Clone)]
            struct State {
                shapes: Vec<[u64; 3]>,
                depth: Vec<u64>,
            }
            let shapes = (0..size as u64).map(|shape| [shape, 2 * shape, 0]).collect();
            let mut state = State { shapes, depth: order.clone() };
            let mut told = 0u64;
            let mut tell = |before: [u64; 3], after: [u64; 3]| {
                for (at, name) in ["x", "y", "colour"].into_iter().enumerate() {
                    if before[at] != after[at] {
                        told = told.wrapping_add(touch_text(attribute(0, name).as_str()));
                    }
                }
            };
            let mut versions = Vec::with_capacity(count);
            for edit in edits {
                versions.push(state.clone());
                let before = state.shapes[0];
                match edit {
                    Edit::Move(shape, x, y) => [state.shapes[*shape][0], state.shapes[*shape][1]] = [*x, *y],
                    Edit::Paint(shape, colour) => state.shapes[*shape][2] = *colour,
                    Edit::Raise(at) => {
                        let shape = state.depth.remove(*at);
                        state.depth.push(shape);
                    }
                }
                tell(before, state.shapes[0]);
            }
            let undos = (0..undone).map(|undo| count - 1 - undo);
            let redos = (0..undone / 2).map(|redo| count - undone + redo + 1);
            let mut shown = Vec::new();
            for version in undos.chain(redos) {
                let before = state.shapes[0];
                state = versions[version].clone();
                tell(before, state.shapes[0]);
                shown.push(state.shapes[0]);
            }
            let mut digest = state.depth.iter().fold(1u64, |digest, shape| digest.rotate_left(5) ^ shape);
            for attribute in state.shapes.iter().chain(&shown).flatten() {
                digest = digest.rotate_left(5) ^ attribute;
            }
            for version in &versions {
                digest = digest.rotate_left(5) ^ version.shapes[size / 2][0];
            }
            digest.wrapping_add(told)
        },
    )
}
