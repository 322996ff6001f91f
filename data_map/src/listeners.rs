//! Who listens to what.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::Bound;
use std::rc::Rc;

use scenarios::flat::{Pointer, PointerBuf};
use scenarios::input::FixedHasher;
use scenarios::pattern_index::{Id, Pattern, PatternIndex};
use scenarios::signals::Signals;

use crate::parts::Parts;

/// The signal of `P`.
pub(crate) type Signal<P> = <<P as Parts>::Signals as Signals>::Signal;

/// A pointer that has subscriptions, or that computed values read.
pub(crate) struct Point<P: Parts> {
    pub(crate) text: Rc<str>,
    pub(crate) signal: Signal<P>,
    /// For each computed value that reads the pointer, whether it has to be computed again.
    stale: RefCell<Vec<Rc<Cell<bool>>>>,
    /// How many subscriptions and inputs there are.
    users: Cell<usize>,
}

impl<P: Parts> Point<P> {
    pub(crate) fn pointer(&self) -> Pointer<'_> {
        Pointer::parse(&self.text).expect("it was one")
    }

    /// Something is written at the pointer or above it.
    #[inline]
    pub(crate) fn written(&self) {
        self.stale.borrow().iter().for_each(|stale| stale.set(true));
    }

    /// A computed value begins to read the pointer.
    pub(crate) fn read_by(&self, stale: &Rc<Cell<bool>>) {
        self.stale.borrow_mut().push(stale.clone());
    }

    /// A computed value that read the pointer goes.
    pub(crate) fn no_longer_read_by(&self, stale: &Rc<Cell<bool>>) {
        self.stale.borrow_mut().retain(|other| !Rc::ptr_eq(other, stale));
    }
}

/// Gives the memory of a table back that is nearly empty. As many entries as it gives room for went before, so this takes
/// O(1) for each.
fn give_back<K: Eq + Hash, V>(table: &mut HashMap<K, V, FixedHasher>) {
    const SMALL: usize = 64;
    if table.capacity() > SMALL && table.len() < table.capacity() / 8 {
        table.shrink_to(table.len() * 2);
    }
}

/// A subscription to a pattern.
struct Patterned<P: Parts> {
    /// How many such subscriptions there were before it.
    made: u64,
    signal: Signal<P>,
    /// The first segment of all that the pattern selects, if that is one.
    head: Option<Box<str>>,
}

/// The subscribed pointers, and the patterns.
pub(crate) struct Listeners<P: Parts> {
    points: HashMap<Rc<str>, Rc<Point<P>>, FixedHasher>,
    /// The texts of the points, in order: those below a pointer are neighbours.
    texts: BTreeSet<Rc<str>>,
    index: P::Patterns,
    /// The subscriptions to patterns.
    patterns: HashMap<Id, Patterned<P>, FixedHasher>,
    /// How many subscriptions to patterns there ever were.
    made: u64,
    /// How many patterns begin with each segment.
    heads: HashMap<Box<str>, usize, FixedHasher>,
    /// How many patterns begin otherwise.
    headless: usize,
    /// Counts changes. It is 0 only before the first one.
    clock: u64,
    /// The pointers of the changes that are being notified. Their numbers ascend.
    told: Vec<(u64, Rc<str>)>,
    scratch: PointerBuf,
    ids: Vec<Id>,
    found: Vec<(u64, Signal<P>)>,
}

impl<P: Parts> Listeners<P> {
    pub(crate) fn new() -> Self {
        Listeners {
            points: HashMap::default(),
            texts: BTreeSet::new(),
            index: P::Patterns::new(),
            patterns: HashMap::default(),
            made: 0,
            heads: HashMap::default(),
            headless: 0,
            clock: 0,
            told: Vec::new(),
            scratch: PointerBuf::parse("").expect("the root's pointer"),
            ids: Vec::new(),
            found: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.points.is_empty() && self.patterns.is_empty()
    }

    #[inline]
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    pub(crate) fn clock(&self) -> u64 {
        self.clock
    }

    /// The point of `pointer`, with one user more.
    pub(crate) fn join(&mut self, pointer: Pointer<'_>, signals: &P::Signals) -> Rc<Point<P>> {
        let point = match self.points.get(pointer.as_str()) {
            Some(point) => point.clone(),
            None => {
                let text: Rc<str> = pointer.as_str().into();
                let point = Rc::new(Point {
                    text: text.clone(),
                    signal: signals.signal(0),
                    stale: RefCell::default(),
                    users: Cell::new(0),
                });
                self.texts.insert(text.clone());
                self.points.insert(text, point.clone());
                point
            }
        };
        point.users.set(point.users.get() + 1);
        point
    }

    /// A user of a point goes. Returns the signal, which is to be disposed of, if it was the last one.
    pub(crate) fn leave(&mut self, point: &Point<P>) -> Option<Signal<P>> {
        point.users.set(point.users.get() - 1);
        if point.users.get() > 0 {
            return None;
        }
        self.texts.remove(&point.text);
        let removed = self.points.remove(&point.text);
        give_back(&mut self.points);
        removed.map(|point| point.signal.clone())
    }

    pub(crate) fn add_pattern(&mut self, pattern: &Pattern, signal: Signal<P>) -> Id {
        let id = self.index.subscribe(pattern);
        let first = pattern.nodes().first();
        let head: Option<Box<str>> = first.and_then(|node| node.literal()).map(Box::from);
        match &head {
            Some(head) => *self.heads.entry(head.clone()).or_default() += 1,
            None => self.headless += 1,
        }
        self.patterns.insert(id, Patterned { made: self.made, signal, head });
        self.made += 1;
        id
    }

    /// Returns the signal, which is to be disposed of.
    pub(crate) fn remove_pattern(&mut self, id: Id) -> Option<Signal<P>> {
        let Patterned { signal, head, .. } = self.patterns.remove(&id)?;
        let removed = self.index.unsubscribe(id);
        debug_assert_eq!(removed, Ok(()), "it is in both tables");
        match head {
            None => self.headless -= 1,
            Some(head) => {
                if let Some(count) = self.heads.get_mut(&head) {
                    *count -= 1;
                    if *count == 0 {
                        self.heads.remove(&head);
                    }
                }
            }
        }
        give_back(&mut self.patterns);
        Some(signal)
    }

    /// Whether a pattern may select something at `top` or below it.
    pub(crate) fn may_select_below(&self, top: Pointer<'_>) -> bool {
        match top.segments().next() {
            None => self.has_patterns(),
            Some(first) => self.headless > 0 || self.heads.contains_key(first),
        }
    }

    /// Every point.
    pub(crate) fn points(&self) -> impl Iterator<Item = &Rc<Point<P>>> {
        self.points.values()
    }

    /// The points at `top` and below it.
    pub(crate) fn points_below(&self, top: Pointer<'_>) -> Vec<Rc<Point<P>>> {
        if self.points.is_empty() {
            return Vec::new();
        }
        let own = self.points.get(top.as_str()).cloned();
        let mut from = top.as_str().to_owned();
        from.push('/');
        let range = (Bound::Included(&*from), Bound::Unbounded);
        let below = self.texts.range::<str, _>(range).take_while(|text| text.starts_with(&from));
        own.into_iter().chain(below.filter_map(|text| self.points.get(text).cloned())).collect()
    }

    /// Appends who is to be called for a change at `pointer`: signals, and the change's number.
    pub(crate) fn calls_of(&mut self, pointer: Pointer<'_>, calls: &mut Vec<(Signal<P>, u64)>) {
        let point = self.points.get(pointer.as_str()).cloned();
        self.calls_with(point, pointer, calls);
    }

    /// The same after a write at `pointer` alone, which it notes.
    #[inline]
    pub(crate) fn calls_after_write(&mut self, pointer: Pointer<'_>, calls: &mut Vec<(Signal<P>, u64)>) {
        let point = self.points.get(pointer.as_str()).cloned();
        if let Some(point) = &point {
            point.written();
        }
        self.calls_with(point, pointer, calls);
    }

    #[inline]
    fn calls_with(
        &mut self,
        point: Option<Rc<Point<P>>>,
        pointer: Pointer<'_>,
        calls: &mut Vec<(Signal<P>, u64)>,
    ) {
        self.clock += 1;
        let number = self.clock;
        if let Some(point) = point {
            calls.push((point.signal.clone(), number));
        }
        if self.patterns.is_empty() {
            return;
        }
        self.find(pointer);
        if self.ids.is_empty() {
            return;
        }
        self.told.push((number, pointer.as_str().into()));
        let found = self.ids.iter().filter_map(|id| self.patterns.get(id));
        self.found.extend(found.map(|found| (found.made, found.signal.clone())));
        // An index may name them in any order.
        self.found.sort_unstable_by_key(|(made, _)| *made);
        calls.extend(self.found.drain(..).map(|(_, signal)| (signal, number)));
    }

    /// Asks the index for the subscriptions to patterns that select `pointer`.
    fn find(&mut self, pointer: Pointer<'_>) {
        self.scratch.assign(pointer);
        self.ids.clear();
        self.index.matches(&self.scratch, &mut self.ids);
    }

    /// Notes a write at `pointer` alone. Returns whether anybody hears of a change there.
    pub(crate) fn written_alone(&mut self, pointer: Pointer<'_>) -> bool {
        if let Some(point) = self.points.get(pointer.as_str()) {
            point.written();
            return true;
        }
        if self.patterns.is_empty() {
            return false;
        }
        self.find(pointer);
        !self.ids.is_empty()
    }

    /// Where the change of this number is.
    pub(crate) fn told(&self, number: u64) -> Option<Rc<str>> {
        let at = self.told.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.told[at].1.clone())
    }

    /// Nothing is being notified any more.
    pub(crate) fn forget_changes(&mut self) {
        self.told.clear();
    }
}
