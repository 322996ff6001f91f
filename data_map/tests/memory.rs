//! The memory of what ended returns.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use data_map::{Best, Mix, Naive, Parts, Planned, Store};
use scenarios::data_map::DataMap;
use scenarios::flat::PointerBuf;
use scenarios::pattern_index::Pattern;
use serde_json::{Value, json};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Counts the bytes that live, in each thread.
struct Counting;

fn count(more: usize, less: usize) {
    // While a thread ends, its counts are gone.
    let _ = LIVE.try_with(|live| {
        // A thread may free what another one allocated.
        live.set(live.get() + more as isize - less as isize);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: all is done by the system's allocator. Counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn live() -> isize {
    LIVE.with(Cell::get)
}

/// Subscribes and computes, ends all of it, and returns how much memory that took at most and how much it left.
fn round<P: Parts>(store: &Store<P>, count: usize) -> (isize, isize) {
    let before = live();
    PEAK.with(|peak| peak.set(before));
    {
        let pointers: Vec<PointerBuf> =
            (0..count).map(|at| PointerBuf::parse(format!("/rows/r{at}")).unwrap()).collect();
        let subscriptions: Vec<_> =
            pointers.iter().map(|pointer| store.subscribe(pointer.as_pointer(), |_, _| ())).collect();
        let patterns: Vec<_> = (0..count / 1000)
            .map(|at| store.subscribe_pattern(&Pattern::parse(&format!("$.rows..n{at}")).unwrap(), |_, _| ()))
            .collect();
        let compute = |_: &Store<P>| Value::Null;
        let computed: Vec<_> = pointers
            .iter()
            .step_by(10)
            .map(|pointer| store.computed(&[pointer.as_pointer()], compute))
            .collect();
        store.set(pointers[0].as_pointer(), json!(1)).unwrap();
        assert!(store.delete(pointers[0].as_pointer()));
        drop(computed);
        // The order in which they end is not that in which they began.
        let (even, odd): (Vec<_>, Vec<_>) = subscriptions.iter().enumerate().partition(|(at, _)| at % 2 == 0);
        for (_, subscription) in odd.into_iter().rev().chain(even) {
            assert!(store.unsubscribe(subscription));
        }
        assert!(patterns.iter().all(|pattern| store.unsubscribe(pattern)));
    }
    (PEAK.with(Cell::get) - before, live() - before)
}

fn returns<P: Parts>() {
    let store = Store::<P>::new();
    let (peak, left) = round(&store, 100_000);
    assert!(left < peak / 4, "{left} bytes of {peak} are left");
    let (_, more) = round(&store, 100_000);
    assert!(more < peak / 100, "a second round leaves {more} bytes more");
}

#[test]
fn memory_of_subscriptions_returns_with_naive_parts() {
    returns::<Naive>();
}

#[test]
fn memory_of_subscriptions_returns_with_planned_parts() {
    returns::<Planned>();
}

#[test]
fn memory_of_subscriptions_returns_with_the_best_parts() {
    returns::<Best>();
}

#[test]
fn memory_of_versions_returns() {
    // Everything is naive but the storage, whose versions share memory.
    let store = Store::<Mix<Best, Naive, Naive, Naive, Naive, Naive, Naive>>::new();
    let fields: serde_json::Map<String, Value> = (0..1000).map(|at| (format!("f{at}"), json!(at))).collect();
    store.set(PointerBuf::parse("").unwrap().as_pointer(), json!({"a": fields})).unwrap();
    let before = live();
    let pointer = |at: usize| PointerBuf::parse(format!("/a/f{}", at * 7 % 1000)).unwrap();
    let versions: Vec<_> = (0..1000)
        .map(|at| {
            store.set(pointer(at).as_pointer(), json!(at + 5000)).unwrap();
            store.snapshot()
        })
        .collect();
    let kept = live() - before;
    drop(versions);
    let left = live() - before;
    assert!(left < kept / 20, "{left} bytes of {kept} are left");
}
