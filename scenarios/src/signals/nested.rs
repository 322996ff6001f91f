//! Hard cases by name: what is made within an effect or a computation.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::cases::World;
use super::contract::{Error, Signals, Tracked};
use crate::checking::expect;

/// What the effects saw since the last look: which of them, and the value.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Vec<(usize, u64)>>>);

impl Seen {
    fn note(&self, number: usize, value: Result<u64, Error>) {
        self.0.borrow_mut().push((number, value.unwrap_or(u64::MAX)));
    }

    /// What was seen since the last look, in ascending order.
    fn take(&self) -> Vec<(usize, u64)> {
        let mut seen = self.0.take();
        seen.sort_unstable();
        seen
    }

    /// Sets a signal and compares what the effects saw of it.
    fn after_set<S: Signals>(
        &self,
        world: &S,
        (name, signal): (&str, &S::Signal),
        value: u64,
        expected: &[(usize, u64)],
    ) -> Result<(), String> {
        expect("set", world.set(signal, value), Ok(()))?;
        expect(
            format_args!("after {name} was set to {value} the effects saw"),
            self.take(),
            expected.to_vec(),
        )
    }
}

/// An effect, and those that it made in its last run.
struct Made<S: Tracked> {
    effect: S::Effect,
    within: Rc<RefCell<Vec<Made<S>>>>,
}

impl<S: Tracked> Made<S> {
    /// Ends the effect and all that were made within it. Where a contender ends the inner ones with the outer one, they
    /// have ended already.
    fn end(self, world: &S) {
        for inner in self.within.take() {
            inner.end(world);
        }
        world.dispose_effect(&self.effect);
    }
}

/// Effects that make others: each of a level makes `width` ones of the next level, and ends those of its last run.
struct Levels<S: Tracked> {
    world: S,
    seen: Seen,
    width: usize,
    /// What an effect of each level reads before it makes others, and after.
    signals: Vec<[S::Signal; 2]>,
}

impl<S: Tracked> Levels<S> {
    fn new(world: &S, width: usize, depth: usize) -> Rc<Self> {
        let signals = (0..depth).map(|_| [world.signal(1), world.signal(1)]).collect();
        Rc::new(Levels { world: world.clone(), seen: Seen::default(), width, signals })
    }

    fn make(self: &Rc<Self>, level: usize) -> Result<Made<S>, String> {
        let within: Rc<RefCell<Vec<Made<S>>>> = Rc::default();
        let (levels, own) = (self.clone(), within.clone());
        let ran = Rc::new(Cell::new(false));
        let has_run = ran.clone();
        let effect = self.world.effect(move || {
            has_run.set(true);
            let world = &levels.world;
            let [before, after] = &levels.signals[level];
            let first = world.read(before);
            for inner in own.take() {
                inner.end(world);
            }
            if level + 1 < levels.signals.len() {
                let inner = (0..levels.width).map_while(|_| levels.make(level + 1).ok());
                *own.borrow_mut() = inner.collect();
            }
            let second = world.read(after);
            levels.seen.note(level, first.and_then(|first| Ok(100 * first + second?)));
        });
        if ran.get() {
            Ok(Made { effect, within })
        } else {
            Err("an effect did not run when it was made".to_owned())
        }
    }

    /// What the effects must see when one of this level has run, where each level's signals have these values.
    fn expected(&self, from: usize, values: &[[u64; 2]]) -> Vec<(usize, u64)> {
        let levels = (from..self.signals.len()).flat_map(|level| {
            let [first, second] = values[level];
            let runs = self.width.pow(level as u32);
            std::iter::repeat_n((level, 100 * first + second), runs)
        });
        levels.collect()
    }
}

pub(super) fn effect_in_effect<S: Tracked>() -> Result<(), String> {
    let sizes = (1..=3).flat_map(|width| (2..=4).map(move |depth| (width, depth)));
    let mut outcomes = sizes.map(|(width, depth)| {
        effects_of::<S>(width, depth)
            .map_err(|message| format!("{width} effects within each, {depth} levels: {message}"))
    });
    outcomes.try_for_each(|outcome| outcome)
}

fn effects_of<S: Tracked>(width: usize, depth: usize) -> Result<(), String> {
    let world = World::<S>::new();
    let levels = Levels::new(&world.0, width, depth);
    let outermost = levels.make(0)?;
    let mut values = vec![[1, 1]; depth];
    expect("at first the effects saw", levels.seen.take(), levels.expected(0, &values))?;
    for (at, value) in (0..4 * depth).zip(2..) {
        let (level, which) = (at % depth, at / depth % 2);
        values[level][which] = value;
        let name = format!("signal {which} of level {level}");
        let expected = levels.expected(level, &values);
        levels.seen.after_set(&world.0, (&name, &levels.signals[level][which]), value, &expected)?;
    }
    outermost.end(&world.0);
    for (level, signals) in levels.signals.iter().enumerate() {
        let name = format!("after all had ended, the signal of level {level}");
        levels.seen.after_set(&world.0, (&name, &signals[0]), 1000, &[])?;
    }
    Ok(())
}

/// Each of some effects makes one that ends its maker, and itself, when a signal has a certain value.
pub(super) fn inner_ends_outer<S: Tracked>() -> Result<(), String> {
    for own_too in [true, false] {
        let world = World::<S>::new();
        let seen = Seen::default();
        let (outer_signal, inner_signal) = (world.0.signal(1), world.0.signal(1));
        let outer: Rc<RefCell<Option<S::Effect>>> = Rc::default();
        let inner: Rc<RefCell<Option<S::Effect>>> = Rc::default();
        let effect = {
            let (handle, seen, source) = (world.0.clone(), seen.clone(), outer_signal.clone());
            let (target, outer, inner) = (inner_signal.clone(), outer.clone(), inner.clone());
            world.0.effect(move || {
                seen.note(0, handle.read(&source));
                if inner.borrow().is_some() {
                    return;
                }
                let (world, seen, target) = (handle.clone(), seen.clone(), target.clone());
                let (maker, own) = (outer.clone(), inner.clone());
                let made = handle.effect(move || {
                    let value = world.read(&target);
                    seen.note(1, value);
                    if value == Ok(2) {
                        let maker = maker.take();
                        let own = if own_too { own.take() } else { None };
                        for effect in maker.iter().chain(&own) {
                            world.dispose_effect(effect);
                        }
                    }
                });
                *inner.borrow_mut() = Some(made);
            })
        };
        *outer.borrow_mut() = Some(effect);
        expect("at first the effects saw", seen.take(), vec![(0, 1), (1, 1)])?;
        seen.after_set(&world.0, ("the inner signal", &inner_signal), 2, &[(1, 2)])?;
        seen.after_set(&world.0, ("the outer signal, whose effect has ended,", &outer_signal), 2, &[])?;
        if own_too {
            seen.after_set(&world.0, ("the inner signal, whose effect has ended,", &inner_signal), 3, &[])?;
        }
        // Nothing counts as running any more.
        let other = world.0.signal(1);
        expect("read", world.0.read(&other), Ok(1))?;
        seen.after_set(&world.0, ("a signal that nobody read", &other), 2, &[])?;
        outer.take();
        inner.take();
    }
    Ok(())
}

/// Where a computed value is made.
#[derive(Clone, Copy, Debug)]
enum Where {
    /// In the first run of an effect, which keeps it.
    FirstRun,
    /// In each run of an effect anew.
    EachRun,
    /// In the first run of another computed value, which an effect reads.
    Computation,
    /// In the first run of an effect, untracked.
    Untracked,
}

pub(super) fn computed_in_effect<S: Tracked>() -> Result<(), String> {
    for place in [Where::FirstRun, Where::EachRun, Where::Computation, Where::Untracked] {
        made_in::<S>(place).map_err(|message| format!("made in {place:?}: {message}"))?;
    }
    Ok(())
}

/// A computed value that is made when it is first needed.
struct Lazily<S: Tracked> {
    world: S,
    signals: [S::Signal; 2],
    made: RefCell<Option<S::Computed>>,
}

impl<S: Tracked> Lazily<S> {
    fn make(self: &Rc<Self>) -> S::Computed {
        let (world, [first, second]) = (self.world.clone(), self.signals.clone());
        self.world.computed(move || Ok(10 * world.read(&first)? + world.read(&second)?))
    }

    /// The value that was made before, or one made now.
    fn kept(self: &Rc<Self>) -> S::Computed {
        let known = self.made.borrow().clone();
        known.unwrap_or_else(|| {
            let made = self.make();
            *self.made.borrow_mut() = Some(made.clone());
            made
        })
    }
}

fn made_in<S: Tracked>(place: Where) -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let [first, second, gate] = [1, 2, 3].map(|value| world.0.signal(value));
    let lazily = Rc::new(Lazily {
        world: world.0.clone(),
        signals: [first.clone(), second.clone()],
        made: RefCell::default(),
    });
    let outer = matches!(place, Where::Computation).then(|| {
        let (world, lazily) = (world.0.clone(), lazily.clone());
        world.clone().computed(move || world.get(&lazily.kept()))
    });
    let effect = {
        let (handle, seen, gate, lazily) = (world.0.clone(), seen.clone(), gate.clone(), lazily.clone());
        let outer = outer.clone();
        world.0.effect(move || {
            let gate = handle.read(&gate);
            let node = match place {
                Where::EachRun => lazily.make(),
                Where::Untracked => handle.untracked(|| lazily.kept()),
                Where::FirstRun | Where::Computation => outer.clone().unwrap_or_else(|| lazily.kept()),
            };
            seen.note(0, gate.and_then(|gate| Ok(1000 * gate + handle.get(&node)?)));
        })
    };
    expect("at first the effect saw", seen.take(), vec![(0, 3012)])?;
    let mut values = [1, 2, 3];
    for (round, value) in (0..18).zip(4..) {
        let which = round * 7 % 3;
        values[which] = value;
        let sum = 1000 * values[2] + 10 * values[0] + values[1];
        let signal = [&first, &second, &gate][which];
        seen.after_set(&world.0, (&format!("signal {which}"), signal), value, &[(0, sum)])?;
    }
    // Two changes that cancel each other out change nothing that the effect reads.
    world.0.batch(|| {
        let _ = world.0.set(&first, values[0] - 1);
        let _ = world.0.set(&second, values[1] + 10);
    });
    expect("where the computed value stays as it was, the effect saw", seen.take(), vec![])?;
    world.0.dispose_effect(&effect);
    let kept = outer.or_else(|| lazily.made.borrow().clone());
    for value in 100..104 {
        seen.after_set(&world.0, ("after the effect had ended, a signal", &first), value, &[])?;
        if let Some(kept) = &kept {
            expect("get after the effect had ended", world.0.get(kept), Ok(10 * value + values[1] + 10))?;
        }
    }
    lazily.made.take();
    Ok(())
}

pub(super) fn signal_in_effect<S: Tracked>() -> Result<(), String> {
    let (world, seen) = (World::<S>::new(), Seen::default());
    let source = world.0.signal(1);
    let made: Rc<RefCell<Option<S::Signal>>> = Rc::default();
    {
        let (handle, seen, source, made) = (world.0.clone(), seen.clone(), source.clone(), made.clone());
        world.0.effect(move || {
            let known = made.borrow().clone();
            let own = known.unwrap_or_else(|| handle.signal(5));
            *made.borrow_mut() = Some(own.clone());
            seen.note(0, handle.read(&source).and_then(|value| Ok(100 * value + handle.read(&own)?)));
        });
    }
    expect("at first the effect saw", seen.take(), vec![(0, 105)])?;
    let Some(own) = made.take() else { return Err("the effect made no signal".to_owned()) };
    *made.borrow_mut() = Some(own.clone());
    for value in 6..16 {
        seen.after_set(
            &world.0,
            ("the signal made in the effect", &own),
            value,
            &[(0, 100 * (value - 5) + value)],
        )?;
        let next = 100 * (value - 4) + value;
        seen.after_set(&world.0, ("the other signal", &source), value - 4, &[(0, next)])?;
    }
    made.take();
    Ok(())
}

/// An effect raises the very signal that it reads, up to a bound.
pub(super) fn effect_sets_own<S: Tracked>() -> Result<(), String> {
    const BOUND: u64 = 12;
    let (world, seen) = (World::<S>::new(), Seen::default());
    let signal = world.0.signal(BOUND);
    {
        let (handle, seen, signal) = (world.0.clone(), seen.clone(), signal.clone());
        world.0.effect(move || {
            let value = handle.read(&signal);
            seen.note(0, value);
            if let Ok(value) = value
                && value < BOUND
            {
                let _ = handle.set(&signal, value + 1);
            }
        });
    }
    expect("at first the effect saw", seen.take(), vec![(0, BOUND)])?;
    for from in 0..BOUND {
        let expected: Vec<(usize, u64)> = (from..=BOUND).map(|value| (0, value)).collect();
        seen.after_set(&world.0, ("the effect's own signal", &signal), from, &expected)?;
        expect("peek", world.0.peek(&signal), Ok(BOUND))?;
    }
    Ok(())
}
