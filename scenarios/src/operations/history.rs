//! The oracle of a trace: what every operation must show.
//!
//! To keep a plain model of every version would cost a copy for each. So one model stands for all versions. What a version
//! holds follows from the writes that led to it, and the versions that come of one another form a tree of writes. The
//! oracle walks that tree from the empty version on: it applies a write on the way down, looks at what the trace asked
//! there, and undoes the write on the way back. Each write is applied once, however many versions share it. What is made
//! of two versions begins a tree of its own.

use std::collections::HashMap;

use crate::input::FixedHasher;

/// What an operation does to the versions at these places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect {
    /// An empty version comes to be.
    New { to: u32 },
    /// A version comes to be that holds what another one holds.
    Clone { from: u32, to: u32 },
    /// A version goes.
    Drop { at: u32 },
    /// A version is asked.
    Read { at: u32 },
    /// A version changes.
    Write { at: u32 },
    /// A version comes to be that a write makes of another one, which stays as it is.
    Derive { from: u32, to: u32 },
    /// A version comes to be that is made of two others.
    Join { left: u32, right: u32, to: u32 },
    /// Two versions are compared.
    Compare { left: u32, right: u32 },
}

/// What one version holds: plain, and obviously right.
pub(crate) trait Model: Clone {
    /// The operations of its traces.
    type Operation: Copy;
    /// What undoes a write.
    type Undo;
    /// What an operation does to versions.
    fn effect(operation: Self::Operation) -> Effect;
    /// What a [read](Effect::Read) must show.
    fn read(&self, operation: Self::Operation) -> u64;
    /// Applies a write, or what derives a version. Returns what it must show.
    fn write(&mut self, operation: Self::Operation) -> (u64, Self::Undo);
    /// Undoes the last write that is not undone.
    fn undo(&mut self, undo: Self::Undo);
    /// Makes this version the one that a join makes of it and another one.
    fn join(&mut self, right: &Self);
    /// How many entries there are.
    fn len(&self) -> usize;
    /// A digest of everything held.
    fn digest(&self) -> u64;
    /// Two numbers that are the same for versions that hold the same. That they are the same for two others is as good as
    /// impossible.
    fn fingerprint(&self) -> [u64; 2];
    /// Whether an operation visits everything held.
    fn visits_all(operation: Self::Operation) -> bool;
}

/// What a version must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) len: usize,
    pub(crate) digest: u64,
}

/// What a trace must show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// What each operation shows; 0 for one that shows nothing.
    pub(crate) shown: Vec<u64>,
    /// How many entries the version has that each operation made, changed or asked.
    pub(crate) lengths: Vec<usize>,
    /// What the versions hold that are visited whole, by the operation's place in the trace.
    pub(crate) visited: HashMap<usize, Held, FixedHasher>,
    /// What the versions hold that are alive at the end, by place.
    pub(crate) left: HashMap<u32, Held, FixedHasher>,
    /// How many entries a structure copies that copies a whole version for the first write after a clone.
    pub(crate) copied: u64,
}

impl History {
    /// The history of these operations, whose versions have so many places. `empty` models the empty version.
    pub(crate) fn of<M: Model>(operations: &[M::Operation], places: usize, empty: &M) -> Self {
        let count = operations.len();
        let mut walk = Walk {
            operations,
            tree: Tree::of::<M>(operations, places),
            joined: HashMap::default(),
            history: History {
                shown: vec![0; count],
                lengths: vec![0; count],
                visited: HashMap::default(),
                left: HashMap::default(),
                copied: 0,
            },
            fingerprints: HashMap::default(),
        };
        walk.walk(EMPTY, empty.clone());
        // Both sides of a join are in trees that begin before it.
        for (step, root) in std::mem::take(&mut walk.tree.roots) {
            let sides =
                walk.joined.remove(&step).map(|sides| sides.map(|side| side.expect("both sides come first")));
            let [mut left, right] = sides.expect("a join has two sides");
            left.join(&right);
            drop(right);
            walk.history.lengths[step as usize] = left.len();
            walk.walk(root, left);
        }
        walk.history
    }

    /// How many entries the largest version has, but at least 1.
    pub(crate) fn largest(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0).max(1)
    }
}

/// A state that some version is in: what the writes up to one of them made.
type Node = u32;

/// The state of an empty version, with which all begins.
const EMPTY: Node = 0;

/// What the trace asks in a state.
#[derive(Clone, Copy)]
enum Event {
    /// The version's length.
    Look,
    Read,
    Write {
        child: Node,
        is_shared: bool,
    },
    /// Whether a version is equal to another one: asked of both.
    Compare,
    /// The left side of a join, or else the right one.
    Side(usize),
    /// The version at this place is alive at the end.
    Left(u32),
}

struct Tree {
    /// The events with their operations, in the order of states and then of the trace.
    events: Vec<(Node, u32, Event)>,
    /// Where the events of each state begin.
    begins: Vec<usize>,
    /// The states that joins make, with the operation of each.
    roots: Vec<(u32, Node)>,
}

impl Tree {
    fn of<M: Model>(operations: &[M::Operation], places: usize) -> Self {
        // The state of the version at each place, and how many versions are in each state.
        let mut at: Vec<Option<Node>> = vec![None; places];
        let mut holders: Vec<u32> = vec![1];
        at[0] = Some(EMPTY);
        let mut tree =
            Tree { events: Vec::with_capacity(operations.len()), begins: Vec::new(), roots: Vec::new() };
        for (step, operation) in (0..).zip(operations) {
            let state = |at: &[Option<Node>], place: u32| at[place as usize].expect("the trace was checked");
            match M::effect(*operation) {
                Effect::New { to } => {
                    at[to as usize] = Some(EMPTY);
                    holders[EMPTY as usize] += 1;
                }
                Effect::Clone { from, to } => {
                    let node = state(&at, from);
                    at[to as usize] = Some(node);
                    holders[node as usize] += 1;
                    tree.events.push((node, step, Event::Look));
                }
                Effect::Drop { at: place } => {
                    holders[state(&at, place) as usize] -= 1;
                    at[place as usize] = None;
                }
                Effect::Read { at: place } => tree.events.push((state(&at, place), step, Event::Read)),
                Effect::Write { at: place } => {
                    let (node, child) = (state(&at, place), holders.len() as Node);
                    let is_shared = holders[node as usize] > 1;
                    tree.events.push((node, step, Event::Write { child, is_shared }));
                    holders[node as usize] -= 1;
                    holders.push(1);
                    at[place as usize] = Some(child);
                }
                Effect::Derive { from, to } => {
                    let child = holders.len() as Node;
                    tree.events.push((state(&at, from), step, Event::Write { child, is_shared: false }));
                    holders.push(1);
                    at[to as usize] = Some(child);
                }
                Effect::Join { left, right, to } => {
                    tree.events.push((state(&at, left), step, Event::Side(0)));
                    tree.events.push((state(&at, right), step, Event::Side(1)));
                    tree.roots.push((step, holders.len() as Node));
                    at[to as usize] = Some(holders.len() as Node);
                    holders.push(1);
                }
                Effect::Compare { left, right } => {
                    tree.events.push((state(&at, left), step, Event::Compare));
                    tree.events.push((state(&at, right), step, Event::Compare));
                }
            }
        }
        for (place, node) in (0..).zip(&at) {
            tree.events.extend(node.map(|node| (node, u32::MAX, Event::Left(place))));
        }
        // The order among the events of a state stays.
        tree.events.sort_by_key(|(node, ..)| *node);
        let mut counts = vec![0; holders.len() + 1];
        tree.events.iter().for_each(|(node, ..)| counts[*node as usize + 1] += 1);
        tree.begins = counts
            .iter()
            .scan(0, |before, count| {
                *before += count;
                Some(*before)
            })
            .collect();
        tree
    }
}

struct Walk<'a, M: Model> {
    operations: &'a [M::Operation],
    tree: Tree,
    /// The sides of the joins whose trees are not walked yet.
    joined: HashMap<u32, [Option<M>; 2], FixedHasher>,
    history: History,
    /// The fingerprint of the side of a comparison that was reached first.
    fingerprints: HashMap<u32, [u64; 2], FixedHasher>,
}

impl<M: Model> Walk<'_, M> {
    /// Walks a tree whose first state is this one.
    fn walk(&mut self, root: Node, mut model: M) {
        // The states on the way down: the events to come of each, and what undoes the write that led to it.
        let mut way: Vec<(usize, usize, Option<M::Undo>)> = Vec::new();
        let events = |tree: &Tree, node: Node| (tree.begins[node as usize], tree.begins[node as usize + 1]);
        let (next, end) = events(&self.tree, root);
        way.push((next, end, None));
        while let Some((next, end, _)) = way.last_mut() {
            if next == end {
                if let Some((_, _, Some(undo))) = way.pop() {
                    model.undo(undo);
                }
                continue;
            }
            let (_, step, event) = self.tree.events[*next];
            *next += 1;
            if let Event::Write { child, is_shared } = event {
                if is_shared {
                    self.history.copied += model.len() as u64;
                }
                let (shown, undo) = model.write(self.operations[step as usize]);
                self.history.shown[step as usize] = shown;
                self.history.lengths[step as usize] = model.len();
                let (next, end) = events(&self.tree, child);
                way.push((next, end, Some(undo)));
            } else {
                self.look(step, event, &model);
            }
        }
    }

    fn look(&mut self, step: u32, event: Event, model: &M) {
        let held = || Held { len: model.len(), digest: model.digest() };
        let at = step as usize;
        match event {
            Event::Look => self.history.lengths[at] = model.len(),
            Event::Read => {
                let operation = self.operations[at];
                self.history.shown[at] = model.read(operation);
                self.history.lengths[at] = model.len();
                if M::visits_all(operation) {
                    self.history.visited.insert(at, held());
                }
            }
            Event::Compare => {
                let fingerprint = model.fingerprint();
                match self.fingerprints.remove(&step) {
                    Some(other) => self.history.shown[at] = u64::from(other == fingerprint),
                    None => drop(self.fingerprints.insert(step, fingerprint)),
                }
            }
            Event::Side(side) => self.joined.entry(step).or_default()[side] = Some(model.clone()),
            Event::Left(place) => drop(self.history.left.insert(place, held())),
            Event::Write { .. } => unreachable!("a write is no look"),
        }
    }
}
