//! Tests of what the lab's checks do not reach: the tables themselves, and use from destructors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::*;

/// How many nodes and edges are in use.
fn used(world: &World) -> (usize, usize) {
    world.with(|state| (state.live_nodes(), state.edge_count()))
}

fn total() -> Rc<Cell<u64>> {
    Rc::default()
}

#[test]
fn edges_are_used_again() {
    let world = World::new();
    let (by, even, odd) = (world.signal(0), world.signal(10), world.signal(20));
    let seen = total();
    let effect = {
        let (world, seen) = (world.clone(), seen.clone());
        world.clone().effect(move || {
            let read = if world.read(&by).unwrap() % 2 == 0 { even } else { odd };
            // It reads one signal twice, and then the first one again, which makes one edge for each signal.
            let twice = world.read(&read).unwrap() + world.read(&read).unwrap() + world.read(&by).unwrap();
            seen.set(seen.get() + twice);
        })
    };
    for value in 1..100 {
        world.set(&by, value).unwrap();
        assert_eq!(used(&world), (4, 2));
    }
    seen.set(0);
    world.set(&even, 11).unwrap();
    assert_eq!(seen.get(), 0, "the last value was odd");
    world.set(&odd, 21).unwrap();
    assert_eq!(seen.get(), 42 + 99);
    assert!(world.dispose_effect(&effect));
    assert_eq!(used(&world), (3, 0));
    assert!(world.dispose(&by));
    assert_eq!(world.read(&by), Err(Error::Gone));
    // Another signal has its place now, and the old handle names nothing.
    let next = world.signal(7);
    assert_eq!(world.read(&by), Err(Error::Gone));
    assert_eq!(world.read(&next), Ok(7));
    world.clear();
    assert_eq!(used(&world), (0, 0));
}

#[test]
fn what_read_a_signal_that_is_gone_keeps_its_value() {
    let world = World::new();
    let (gone, stays) = (world.signal(1), world.signal(2));
    let both = {
        let handle = world.clone();
        world.computed(move || Ok(handle.read(&gone).unwrap_or(100) + handle.read(&stays)?))
    };
    assert_eq!(world.get(&both), Ok(3));
    assert!(world.dispose(&gone));
    assert_eq!(world.get(&both), Ok(3));
    world.set(&stays, 5).unwrap();
    assert_eq!(world.get(&both), Ok(105));
    assert_eq!(used(&world), (2, 1));
    world.clear();
}

#[test]
fn a_callback_that_is_dropped_may_use_the_world() {
    struct Subscribes(World, Signal, Rc<Cell<u64>>);
    impl Drop for Subscribes {
        fn drop(&mut self) {
            let seen = self.2.clone();
            let _ = self.0.subscribe(&self.1, move |value| seen.set(seen.get() + value));
        }
    }
    let world = World::new();
    let signal = world.signal(0);
    let seen = total();
    let owned = Subscribes(world.clone(), signal, seen.clone());
    let subscription = world
        .subscribe(&signal, move |_| {
            let _ = &owned;
        })
        .unwrap();
    {
        let handle = world.clone();
        world
            .subscribe(&signal, move |_| {
                handle.unsubscribe(&subscription);
            })
            .unwrap();
    }
    world.set(&signal, 1).unwrap();
    assert_eq!(seen.get(), 0, "it subscribed after the round");
    world.set(&signal, 2).unwrap();
    assert_eq!(seen.get(), 2);
    world.clear();
    assert_eq!(Rc::strong_count(&seen), 1);
    assert_eq!(Rc::strong_count(&world.0), 1);
}

#[test]
fn gaps_are_closed_and_subscriptions_found() {
    let world = World::new();
    let signal = world.signal(0);
    let seen = total();
    let subscriptions: Vec<Subscription> = (0..100)
        .map(|weight| {
            let seen = seen.clone();
            world.subscribe(&signal, move |value| seen.set(seen.get() + weight * value)).unwrap()
        })
        .collect();
    let mut expected: u64 = (0..100).sum();
    for (value, index) in (1..).zip((0..100).map(|step| step * 37 % 100)) {
        assert!(world.unsubscribe(&subscriptions[index]));
        assert!(!world.unsubscribe(&subscriptions[index]));
        expected -= index as u64;
        seen.set(0);
        world.set(&signal, value).unwrap();
        assert_eq!(seen.get(), expected * value);
    }
    world.clear();
}

#[test]
fn a_panic_in_a_computation_leaves_it_to_be_computed() {
    let world = World::new();
    let signal = world.signal(0);
    let node = {
        let handle = world.clone();
        world.computed(move || {
            let value = handle.read(&signal)?;
            assert!(value != 1, "injected");
            Ok(value)
        })
    };
    let above = {
        let handle = world.clone();
        world.computed(move || Ok(handle.get(&node)? + 1))
    };
    assert_eq!(world.get(&above), Ok(1));
    world.set(&signal, 1).unwrap();
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| world.get(&above))).is_err());
    }
    world.set(&signal, 2).unwrap();
    assert_eq!(world.get(&above), Ok(3));
    assert_eq!(used(&world), (3, 2));
    world.clear();
}

#[test]
fn a_first_run_that_panics_leaves_no_effect() {
    let world = World::new();
    let signal = world.signal(0);
    let handle = world.clone();
    let first = catch_unwind(AssertUnwindSafe(|| {
        world.effect(move || {
            handle.read(&signal).unwrap();
            panic!("injected");
        })
    }));
    assert!(first.is_err());
    assert_eq!(used(&world), (1, 0));
    world.set(&signal, 1).unwrap();
    assert_eq!(Rc::strong_count(&world.0), 1);
}

#[test]
fn an_effect_that_sets_what_it_reads_runs_until_it_agrees() {
    let world = World::new();
    let signal = world.signal(0);
    let handle = world.clone();
    world.effect(move || {
        let value = handle.read(&signal).unwrap();
        handle.set(&signal, value.next_multiple_of(5)).unwrap();
    });
    world.set(&signal, 7).unwrap();
    assert_eq!(world.peek(&signal), Ok(10));
    world.clear();
}

#[test]
fn a_deep_chain_takes_no_stack() {
    let world = World::new();
    let signal = world.signal(0);
    let seen = total();
    let mut last = {
        let handle = world.clone();
        world.computed(move || handle.read(&signal))
    };
    world.get(&last).unwrap();
    for _ in 0..100_000 {
        let (handle, below) = (world.clone(), last);
        last = world.computed(move || Ok(handle.get(&below)? + 1));
        world.get(&last).unwrap();
    }
    {
        let (handle, seen) = (world.clone(), seen.clone());
        world.effect(move || seen.set(handle.get(&last).unwrap()));
    }
    world.set(&signal, 5).unwrap();
    assert_eq!(seen.get(), 100_005);
    world.clear();
}

#[test]
fn a_handle_of_another_world_names_nothing_that_is_free() {
    struct Uses(World);
    impl Drop for Uses {
        fn drop(&mut self) {
            for value in 0..100 {
                self.0.signal(value);
            }
        }
    }
    let (world, other) = (World::new(), World::new());
    for steps in 0..4 {
        let (ours, mut theirs) = (world.signal(0), other.signal(0));
        world.dispose(&ours);
        (0..steps).for_each(|_| {
            other.dispose(&theirs);
            theirs = other.signal(0);
        });
        let (owned, computed) = (Uses(world.clone()), Computed(theirs.0));
        assert_eq!(world.read(&theirs), Err(Error::Gone));
        assert_eq!(world.get(&computed), Err(Error::Gone));
        assert_eq!(world.set(&theirs, 1), Err(Error::Gone));
        let subscribed = world.subscribe(&theirs, move |_| {
            let _ = &owned;
        });
        assert!(subscribed.is_err());
        // If the callback were in the free node, it would be dropped here, while the tables are in use.
        world.signal(7);
        world.clear();
    }
    other.clear();
}

/// Panics when it is dropped, and is counted.
struct Bomb(Arc<AtomicU64>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
        if !thread::panicking() {
            resume_unwind(Box::new("a drop"));
        }
    }
}

/// A callback that panics when it is dropped.
fn bomb(dropped: &Arc<AtomicU64>) -> impl Fn(u64) + 'static {
    let bomb = Bomb(dropped.clone());
    move |_| {
        let _ = &bomb;
    }
}

/// Catches the panic of `f`, and one of what it carries.
fn panics(f: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
}

#[test]
fn a_panic_in_a_drop_spares_no_other() {
    let (world, dropped) = (World::new(), Arc::<AtomicU64>::default());
    let signal = world.signal(0);
    for _ in 0..5 {
        world.subscribe(&signal, bomb(&dropped)).unwrap();
    }
    panics(|| assert!(world.dispose(&signal)));
    assert_eq!(dropped.load(Relaxed), 5);
    let signals: Vec<Signal> = (0..5).map(|value| world.signal(value)).collect();
    for signal in &signals {
        world.subscribe(signal, bomb(&dropped)).unwrap();
        let bomb = Bomb(dropped.clone());
        world.effect(move || {
            let _ = &bomb;
        });
    }
    panics(|| world.clear());
    assert_eq!((dropped.load(Relaxed), used(&world)), (15, (0, 0)));
    world.clear();
    assert_eq!(Arc::strong_count(&dropped), 1);
}

#[test]
fn a_panic_in_a_drop_takes_no_round_and_no_effect_from_others() {
    let (world, dropped, seen) = (World::new(), Arc::default(), total());
    let signals = [0, 1, 2].map(|value| world.signal(value));
    // The first subscriber ends its own subscription; what its callback owned is dropped after the round.
    let subscribe_bomb = |signal: Signal| {
        let (handle, owned) = (world.clone(), bomb(&dropped));
        let own = Rc::new(Cell::new(None));
        let subscription = {
            let own = own.clone();
            world.subscribe(&signal, move |value| {
                owned(value);
                own.get().map(|own| handle.unsubscribe(&own));
            })
        };
        own.set(subscription.ok());
    };
    for signal in signals {
        let seen = seen.clone();
        world.subscribe(&signal, move |value| seen.set(seen.get() + value)).unwrap();
    }
    let ran = total();
    {
        let (handle, ran) = (world.clone(), ran.clone());
        world.effect(move || {
            signals.iter().for_each(|signal| assert!(handle.read(signal).is_ok()));
            ran.set(ran.get() + 1);
        });
    }
    subscribe_bomb(signals[0]);
    panics(|| world.batch(|| signals.iter().for_each(|signal| world.set(signal, 10).unwrap())));
    assert_eq!((dropped.load(Relaxed), seen.get(), ran.get()), (1, 30, 2));
    subscribe_bomb(signals[1]);
    panics(|| world.set(&signals[1], 20).unwrap());
    assert_eq!((dropped.load(Relaxed), seen.get(), ran.get()), (2, 50, 3));
    // Nothing waits for a round.
    world.set(&signals[2], 30).unwrap();
    assert_eq!((seen.get(), ran.get()), (80, 4));
    world.clear();
}

#[test]
fn what_a_panic_carries_may_panic_when_it_is_dropped() {
    let (world, dropped, ran) = (World::new(), Arc::<AtomicU64>::default(), total());
    let signal = world.signal(0);
    for _ in 0..3 {
        let payload = dropped.clone();
        world.subscribe(&signal, move |_| resume_unwind(Box::new(Bomb(payload.clone())))).unwrap();
        let (handle, ran, payload) = (world.clone(), ran.clone(), dropped.clone());
        world.effect(move || {
            ran.set(ran.get() + 1);
            if handle.read(&signal) == Ok(1) {
                resume_unwind(Box::new(Bomb(payload.clone())));
            }
        });
    }
    panics(|| world.set(&signal, 1).unwrap());
    assert_eq!((dropped.load(Relaxed), ran.get()), (6, 6));
    panics(|| world.set(&signal, 2).unwrap());
    assert_eq!((dropped.load(Relaxed), ran.get()), (9, 9), "effects run as before");
    world.clear();
}
