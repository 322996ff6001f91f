//! The tables of a world: nodes, edges and subscriptions, which name each other by index.
//!
//! Nothing here calls or drops a user's code: what is taken out is returned or put into [`State::trash`].

use std::collections::VecDeque;
use std::ptr::NonNull;

use scenarios::signals::Error;

use crate::list::{Callback, List, Listener};
use crate::owned::Owned;

/// Stands for the index of a node, edge or subscription where there is none.
pub const NONE: u32 = u32::MAX;

/// Whether a computed value or an effect agrees with what it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Nothing that it read has changed.
    Clean,
    /// Something below what it read has changed, perhaps without consequence.
    Check,
    /// Something that it read has changed.
    Dirty,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No node: the place is free for the next one.
    Free,
    Signal,
    Computed,
    Effect,
    /// An effect or computed value that was disposed of while it was running. Its place is free when it returns.
    Ended,
}

/// What a node owns.
#[derive(Default)]
pub enum Code {
    #[default]
    None,
    Listeners(Owned<List>),
    Compute(Owned<dyn Fn() -> Result<u64, Error>>),
    Run(Owned<dyn Fn()>),
}

impl Code {
    fn list(&mut self) -> Option<&mut List> {
        match self {
            // SAFETY: the node owns the list, rounds refer to it for no longer than a statement, and no user's code
            // runs while the state is borrowed.
            Code::Listeners(list) => Some(unsafe { list.pointer().as_mut() }),
            _ => None,
        }
    }
}

/// A signal, computed value or effect.
pub struct Node {
    /// The value of a signal or computed value; 0 if `error` is set.
    pub value: u64,
    /// The run in which it was last read.
    stamp: u64,
    /// Counts up when the node is freed, and when it is used again. It is odd in a free node and even in every
    /// handle, so no handle names a free node, not even a handle of another world.
    generation: u32,
    pub kind: Kind,
    pub freshness: Freshness,
    pub running: bool,
    /// Whether this is a signal whose round is due at the end of a batch.
    pub due: bool,
    pub error: Option<Error>,
    /// The first edge to what it read, in the order of the reads; in a free node, the next free node.
    first_source: u32,
    first_observer: u32,
    last_observer: u32,
    pub code: Code,
}

impl Node {
    /// Whether anything would notice a change.
    #[inline(always)]
    pub fn is_observed(&self) -> bool {
        self.first_observer != NONE || matches!(self.code, Code::Listeners(_))
    }
}

/// Says that `observer` read `source`.
#[derive(Clone, Copy)]
struct Edge {
    /// [`NONE`] if the source is disposed of, and in a free edge.
    source: u32,
    /// [`NONE`] in a free edge.
    observer: u32,
    next_source: u32,
    previous_observer: u32,
    /// In a free edge, the next free edge.
    next_observer: u32,
}

/// A subscription: the signal, and the place in that signal's list.
struct Entry {
    generation: u32,
    /// In a free entry, the next free entry.
    signal: u32,
    position: u32,
    subscribed: bool,
}

/// Names a node or subscription for as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    pub index: u32,
    generation: u32,
}

/// Something that waits to be dropped until it cannot be running.
pub enum Trash {
    #[expect(dead_code, reason = "held to be dropped")]
    Code(Code),
    #[expect(dead_code, reason = "held to be dropped")]
    Callback(Callback),
}

/// A computation that is running.
#[derive(Clone, Copy)]
pub struct Running {
    /// The node; [`NONE`] outside of computations.
    pub node: u32,
    /// The edge to what it read last; [`NONE`] before it read anything.
    last: u32,
    run: u64,
}

const NOBODY: Running = Running { node: NONE, last: NONE, run: 0 };

/// What to do next to bring a node up to date.
pub enum Next {
    /// Compute this node, then go on.
    Compute(u32),
    /// The node is up to date.
    Clean,
    /// Something that the node read has changed, so it must be run or computed itself.
    Dirty,
    /// The node depends on a computation that is running.
    Cycle,
}

pub struct State {
    nodes: Vec<Node>,
    free_node: u32,
    edges: Vec<Edge>,
    free_edge: u32,
    entries: Vec<Entry>,
    free_entry: u32,
    pub running: Running,
    /// The number of computations that are running, one within the other.
    pub runs: u32,
    last_run: u64,
    /// Effects to run; those before `queue_at` have run already.
    queue: Vec<u32>,
    queue_at: usize,
    /// The number of effects. The queue has room for all of them, so that a change allocates nothing.
    effects: usize,
    pub flushing: bool,
    /// The number of batches that are going on, one within the other.
    pub depth: u32,
    /// Signals set in a batch, each with its value before the batch.
    pub due: VecDeque<(Handle, u64)>,
    /// How many of `due`, from the front, have marked their observers already.
    due_marked: usize,
    /// Computed values whose observers are still to be marked; empty between calls.
    marks: Vec<u32>,
    /// Nodes that are being brought up to date, each with the edge to look at next.
    pub checks: Vec<(u32, u32)>,
    /// The number of rounds, flushes and computations that are going on. Trash is kept meanwhile.
    pub busy: u32,
    pub trash: Vec<Trash>,
}

impl State {
    pub const fn new() -> Self {
        State {
            nodes: Vec::new(),
            free_node: NONE,
            edges: Vec::new(),
            free_edge: NONE,
            entries: Vec::new(),
            free_entry: NONE,
            running: NOBODY,
            runs: 0,
            last_run: 0,
            queue: Vec::new(),
            queue_at: 0,
            effects: 0,
            flushing: false,
            depth: 0,
            due: VecDeque::new(),
            due_marked: 0,
            marks: Vec::new(),
            checks: Vec::new(),
            busy: 0,
            trash: Vec::new(),
        }
    }

    // --- nodes ---

    pub fn add_node(&mut self, kind: Kind, value: u64, code: Code) -> Handle {
        let mut node = Node {
            value,
            stamp: 0,
            generation: 0,
            kind,
            freshness: if kind == Kind::Signal { Freshness::Clean } else { Freshness::Dirty },
            running: false,
            due: false,
            error: None,
            first_source: NONE,
            first_observer: NONE,
            last_observer: NONE,
            code,
        };
        if kind == Kind::Effect {
            self.effects += 1;
            self.queue.reserve(self.effects.saturating_sub(self.queue.len()));
        }
        let index = self.free_node;
        if index == NONE {
            let index = u32::try_from(self.nodes.len()).expect("fewer than 2³² nodes");
            self.nodes.push(node);
            return Handle { index, generation: 0 };
        }
        let place = &mut self.nodes[index as usize];
        self.free_node = place.first_source;
        node.generation = place.generation.wrapping_add(1);
        let generation = node.generation;
        *place = node;
        Handle { index, generation }
    }

    /// The node of a handle, if it still exists.
    #[inline(always)]
    pub fn find(&mut self, handle: Handle) -> Option<&mut Node> {
        self.nodes.get_mut(handle.index as usize).filter(|node| node.generation == handle.generation)
    }

    #[inline(always)]
    pub fn node(&mut self, index: u32) -> &mut Node {
        &mut self.nodes[index as usize]
    }

    pub fn node_count(&self) -> u32 {
        self.nodes.len() as u32
    }

    pub fn handle(&self, index: u32) -> Handle {
        Handle { index, generation: self.nodes[index as usize].generation }
    }

    /// Frees a node with its subscriptions and edges, and returns what it owned.
    pub fn remove(&mut self, handle: Handle) -> Option<Code> {
        let node = self.find(handle)?;
        if matches!(node.kind, Kind::Free | Kind::Ended) {
            return None;
        }
        node.generation = node.generation.wrapping_add(1);
        let mut code = std::mem::take(&mut node.code);
        let (running, effect) = (node.running, node.kind == Kind::Effect);
        node.kind = if running { Kind::Ended } else { Kind::Free };
        if let Some(list) = code.list() {
            for position in 0..list.listeners.len() {
                let subscription = list.listeners[position].subscription;
                if subscription != NONE {
                    self.free_entry(subscription);
                    // A round may still walk the list, so that must have no subscribers left.
                    let callback = list.vacate(position);
                    self.trash.push(Trash::Callback(callback));
                }
            }
        }
        self.effects -= usize::from(effect);
        if self.running.node == handle.index {
            self.running = NOBODY;
        }
        self.drop_sources(handle.index, NONE);
        let mut edge = self.nodes[handle.index as usize].first_observer;
        while edge != NONE {
            // The edge stays in its observer's list of sources until the observer runs again.
            let next = self.edges[edge as usize].next_observer;
            let cut = &mut self.edges[edge as usize];
            (cut.source, cut.previous_observer, cut.next_observer) = (NONE, NONE, NONE);
            edge = next;
        }
        let free = self.free_node;
        let node = &mut self.nodes[handle.index as usize];
        (node.first_observer, node.last_observer) = (NONE, NONE);
        if !running {
            node.first_source = free;
            self.free_node = handle.index;
        }
        Some(code)
    }

    // --- subscriptions ---

    /// The list of a signal, if it has ever had a subscriber.
    #[inline(always)]
    pub fn list(&self, signal: u32) -> Option<NonNull<List>> {
        match &self.nodes[signal as usize].code {
            Code::Listeners(list) => Some(list.pointer()),
            _ => None,
        }
    }

    pub fn subscribe(&mut self, signal: Handle, callback: Callback) -> Result<Handle, Callback> {
        if self.find(signal).is_none() {
            return Err(callback);
        }
        let index = self.free_entry;
        let code = &mut self.nodes[signal.index as usize].code;
        if matches!(code, Code::None) {
            *code = Code::Listeners(Owned::new(Box::default()));
        }
        let Some(list) = code.list() else { return Err(callback) };
        let position = u32::try_from(list.listeners.len()).expect("fewer than 2³² subscribers");
        let (subscription, generation);
        if index == NONE {
            subscription = u32::try_from(self.entries.len()).expect("fewer than 2³² subscriptions");
            generation = 0;
            self.entries.push(Entry { generation: 0, signal: signal.index, position, subscribed: true });
        } else {
            let entry = &mut self.entries[index as usize];
            self.free_entry = entry.signal;
            (subscription, generation) = (index, entry.generation);
            (entry.signal, entry.position, entry.subscribed) = (signal.index, position, true);
        }
        list.listeners.push(Listener { callback, subscription });
        Ok(Handle { index: subscription, generation })
    }

    pub fn unsubscribe(&mut self, subscription: Handle) -> Option<Callback> {
        let entry = self.entries.get(subscription.index as usize)?;
        if entry.generation != subscription.generation || !entry.subscribed {
            return None;
        }
        let (signal, position) = (entry.signal, entry.position);
        self.free_entry(subscription.index);
        let list = self.nodes[signal as usize].code.list()?;
        let callback = list.vacate(position as usize);
        self.close_gaps(signal);
        Some(callback)
    }

    fn free_entry(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.subscribed = false;
        entry.signal = self.free_entry;
        self.free_entry = index;
    }

    pub fn close_gaps(&mut self, signal: u32) {
        let entries = &mut self.entries;
        if let Some(list) = self.nodes[signal as usize].code.list() {
            list.close_gaps(|subscription, position| entries[subscription as usize].position = position);
        }
    }

    // --- edges ---

    /// Notes that the running computation reads `source`.
    #[inline(always)]
    pub fn track(&mut self, source: u32) {
        if self.running.node != NONE {
            self.track_running(source);
        }
    }

    #[inline(always)]
    fn track_running(&mut self, source: u32) {
        let Running { node, last, run } = self.running;
        let next = self.source_after(node, last);
        if let Some(edge) = self.edges.get(next as usize)
            && edge.source == source
        {
            // The same read as in the run before.
            self.running.last = next;
            self.nodes[source as usize].stamp = run;
            return;
        }
        self.add_edge(source, next);
    }

    #[inline(always)]
    fn source_after(&self, node: u32, last: u32) -> u32 {
        match self.edges.get(last as usize) {
            Some(edge) => edge.next_source,
            None => self.nodes[node as usize].first_source,
        }
    }

    /// Adds an edge from the running computation, between what it read last and `next`.
    #[inline(never)]
    fn add_edge(&mut self, source: u32, next: u32) {
        let Running { node, last, run } = self.running;
        let stamp = &mut self.nodes[source as usize].stamp;
        if std::mem::replace(stamp, run) == run {
            // It has been read before in this run.
            return;
        }
        let previous = self.nodes[source as usize].last_observer;
        let new = Edge {
            source,
            observer: node,
            next_source: next,
            previous_observer: previous,
            next_observer: NONE,
        };
        let index = self.free_edge;
        let index = if index == NONE {
            self.edges.push(new);
            u32::try_from(self.edges.len() - 1).expect("fewer than 2³² edges")
        } else {
            self.free_edge = self.edges[index as usize].next_observer;
            self.edges[index as usize] = new;
            index
        };
        match self.edges.get_mut(last as usize) {
            Some(edge) => edge.next_source = index,
            None => self.nodes[node as usize].first_source = index,
        }
        match self.edges.get_mut(previous as usize) {
            Some(edge) => edge.next_observer = index,
            None => self.nodes[source as usize].first_observer = index,
        }
        self.nodes[source as usize].last_observer = index;
        self.running.last = index;
    }

    /// Removes a node's edges after `last`, or all of them if that is [`NONE`].
    #[inline(always)]
    fn drop_sources(&mut self, node: u32, last: u32) {
        let edge = self.source_after(node, last);
        if edge != NONE {
            self.drop_edges(node, last, edge);
        }
    }

    #[inline(never)]
    fn drop_edges(&mut self, node: u32, last: u32, mut edge: u32) {
        match self.edges.get_mut(last as usize) {
            Some(last) => last.next_source = NONE,
            None => self.nodes[node as usize].first_source = NONE,
        }
        while edge != NONE {
            let Edge { source, next_source, previous_observer, next_observer, .. } =
                self.edges[edge as usize];
            if source != NONE {
                match self.edges.get_mut(previous_observer as usize) {
                    Some(previous) => previous.next_observer = next_observer,
                    None => self.nodes[source as usize].first_observer = next_observer,
                }
                match self.edges.get_mut(next_observer as usize) {
                    Some(next) => next.previous_observer = previous_observer,
                    None => self.nodes[source as usize].last_observer = previous_observer,
                }
            }
            self.edges[edge as usize] = Edge {
                source: NONE,
                observer: NONE,
                next_source: NONE,
                previous_observer: NONE,
                next_observer: self.free_edge,
            };
            self.free_edge = edge;
            edge = next_source;
        }
    }

    // --- changes ---

    /// Marks everything that depends on a signal which has changed, and queues the effects among that.
    pub fn mark_observers(&mut self, signal: u32) {
        self.mark(signal, Freshness::Dirty);
        while let Some(computed) = self.marks.pop() {
            self.mark(computed, Freshness::Check);
        }
    }

    fn mark(&mut self, source: u32, freshness: Freshness) {
        let mut edge = self.nodes[source as usize].first_observer;
        while edge != NONE {
            let Edge { observer, next_observer, .. } = self.edges[edge as usize];
            edge = next_observer;
            let node = &mut self.nodes[observer as usize];
            if node.freshness < freshness {
                let before = std::mem::replace(&mut node.freshness, freshness);
                // A node that was not clean has been marked before, and so has everything that depends on it.
                if before == Freshness::Clean {
                    let computed = node.kind == Kind::Computed;
                    if computed { &mut self.marks } else { &mut self.queue }.push(observer);
                }
            }
        }
    }

    /// Marks what depends on the signals that were set in this batch, for a computed value that is read within it.
    pub fn mark_due(&mut self) {
        while self.due_marked < self.due.len() {
            let (signal, before) = self.due[self.due_marked];
            self.due_marked += 1;
            if self.find(signal).is_some_and(|node| node.value != before) {
                self.mark_observers(signal.index);
            }
        }
    }

    /// Whether a read within a batch has to [mark](State::mark_due) first.
    #[inline(always)]
    pub fn has_unmarked(&self) -> bool {
        self.due_marked < self.due.len()
    }

    /// Defers the round of a signal to the end of the batch.
    pub fn defer(&mut self, signal: Handle, before: u64) {
        self.nodes[signal.index as usize].due = true;
        self.due.push_back((signal, before));
    }

    /// Called when a signal whose round is due has changed again: nodes that read it since are out of date.
    pub fn set_again(&mut self, signal: u32) {
        if self.due_marked > 0 {
            self.mark_observers(signal);
        }
    }

    /// Takes the next signal whose round is due, if it still exists and its value differs from the one before the
    /// batch.
    pub fn take_due(&mut self) -> Option<u32> {
        while self.depth == 0
            && let Some((signal, before)) = self.due.pop_front()
        {
            self.due_marked = self.due_marked.saturating_sub(1);
            if let Some(node) = self.find(signal) {
                node.due = false;
                if node.value != before {
                    return Some(signal.index);
                }
            }
        }
        None
    }

    /// Whether effects are waiting and may run now.
    #[inline(always)]
    pub fn may_flush(&self) -> bool {
        !self.queue.is_empty() && !self.flushing && self.runs == 0 && self.depth == 0
    }

    /// Takes the next effect that is queued.
    #[inline(always)]
    pub fn take_effect(&mut self) -> Option<u32> {
        let effect = self.queue.get(self.queue_at).copied();
        match effect {
            Some(_) => self.queue_at += 1,
            None => {
                self.queue.clear();
                self.queue_at = 0;
            }
        }
        effect
    }

    // --- runs ---

    /// Begins a run of a computation, and returns the one around it.
    #[inline(always)]
    pub fn begin(&mut self, index: u32) -> Running {
        self.last_run += 1;
        self.runs += 1;
        let node = &mut self.nodes[index as usize];
        node.freshness = Freshness::Clean;
        node.running = true;
        std::mem::replace(&mut self.running, Running { node: index, last: NONE, run: self.last_run })
    }

    /// Ends a node's run. What it did not read again is no longer a dependency.
    #[inline(always)]
    pub fn end(&mut self, index: u32, around: Running) {
        self.runs -= 1;
        let last = self.running.last;
        let node = &mut self.nodes[index as usize];
        node.running = false;
        if node.kind == Kind::Ended {
            node.kind = Kind::Free;
            node.first_source = self.free_node;
            self.free_node = index;
        } else {
            self.drop_sources(index, last);
        }
        self.resume(around);
    }

    /// Resumes tracking for a computation after one within it has ended.
    #[inline(always)]
    pub fn resume(&mut self, around: Running) {
        self.running = around;
        if around.node != NONE && self.nodes[around.node as usize].kind == Kind::Ended {
            self.running = NOBODY;
        }
    }

    /// Stops tracking until it is resumed.
    pub fn pause(&mut self) -> Running {
        std::mem::replace(&mut self.running, NOBODY)
    }

    /// Stores what was computed, and marks the observers if it has changed.
    pub fn store(&mut self, index: u32, result: Result<u64, Error>) {
        let node = &mut self.nodes[index as usize];
        let (value, error) = match result {
            Ok(value) => (value, None),
            Err(error) => (0, Some(error)),
        };
        if node.kind != Kind::Computed || (node.value == value && node.error == error) {
            return;
        }
        (node.value, node.error) = (value, error);
        let mut edge = node.first_observer;
        while edge != NONE {
            let Edge { observer, next_observer, .. } = self.edges[edge as usize];
            let observer = &mut self.nodes[observer as usize];
            // An observer that is clean is running right now, and reads the new value.
            if observer.freshness == Freshness::Check {
                observer.freshness = Freshness::Dirty;
            }
            edge = next_observer;
        }
    }

    /// Begins to bring a node up to date.
    pub fn begin_check(&mut self, index: u32) {
        let first = self.nodes[index as usize].first_source;
        self.checks.push((index, first));
    }

    /// Continues to bring the node at `base` of the checks up to date, beginning with what it depends on.
    pub fn next_check(&mut self, base: usize) -> Next {
        while let Some((index, edge)) = self.checks.get(base..).and_then(<[_]>::last).copied() {
            let top = self.checks.len() - 1;
            let node = &mut self.nodes[index as usize];
            if node.freshness == Freshness::Dirty && matches!(node.kind, Kind::Computed | Kind::Effect) {
                self.checks.pop();
                return if top == base { Next::Dirty } else { Next::Compute(index) };
            }
            let ended = matches!(node.kind, Kind::Free | Kind::Ended);
            if edge == NONE || node.freshness == Freshness::Clean || ended {
                node.freshness = Freshness::Clean;
                self.checks.pop();
                continue;
            }
            let Edge { source, observer, next_source, .. } = self.edges[edge as usize];
            if observer != index {
                // A computation in between has changed what this node reads, so begin again.
                self.checks[top].1 = node.first_source;
                continue;
            }
            self.checks[top].1 = next_source;
            let Some(below) = self.nodes.get(source as usize) else { continue };
            if below.kind == Kind::Computed && below.running {
                self.checks.truncate(base);
                return Next::Cycle;
            }
            if below.kind == Kind::Computed && below.freshness != Freshness::Clean {
                self.checks.push((source, below.first_source));
            }
        }
        Next::Clean
    }
}

#[cfg(test)]
impl State {
    /// The number of edges in use.
    pub fn edge_count(&self) -> usize {
        self.edges.iter().filter(|edge| edge.observer != NONE).count()
    }

    /// The number of nodes in use.
    pub fn live_nodes(&self) -> usize {
        self.nodes.iter().filter(|node| node.kind != Kind::Free).count()
    }
}
