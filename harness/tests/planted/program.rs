//! A persistent vector and a persistent search tree, with more work in one of their functions: `program NUMBER`.
//!
//! The number selects a copy of the code that was compiled with a piece of work planted. Number 0 has none. In every
//! other, `(NUMBER - 1) / 3` is the function, in the order of [`FUNCTIONS`], and `(NUMBER - 1) % 3` is the kind of work: a
//! few instructions, a heap block, or an atomic. The compiler optimises each copy on its own, so a piece of work also
//! changes what it inlines. No two copies do the same work: the compiler would merge them, and name one for the
//! other.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const FUNCTIONS: [&str; 20] = [
    "push",
    "own_tail",
    "flush",
    "get",
    "locate",
    "set",
    "own_chunk",
    "pop",
    "refill",
    "sum",
    "find",
    "insert",
    "new_node",
    "own_node",
    "priority",
    "raise_left",
    "raise_right",
    "remove_least",
    "fold",
    "depth",
];

static PLANTED: AtomicUsize = AtomicUsize::new(0);

/// Does the planted work if it is planted in this function. A function of its own would be named in its place. The rounds
/// make the instructions about 1 % of the whole, however often the function is called.
macro_rules! plant {
    ($number:ident, $function:literal, $rounds:literal) => {
        match $number.checked_sub(1) {
            Some(planted) if planted / 3 == $function => match planted % 3 {
                0 => {
                    let mut rounds = 0;
                    while black_box(rounds) < $rounds {
                        rounds += 1;
                    }
                }
                1 => drop(black_box(Box::new($number))),
                _ => drop(PLANTED.fetch_add($number, Ordering::Relaxed)),
            },
            _ => {}
        }
    };
}

const CHUNK: usize = 16;

#[derive(Clone)]
struct Vector<T> {
    chunks: Arc<Vec<Arc<Vec<T>>>>,
    tail: Arc<Vec<T>>,
}

impl<T: Clone> Vector<T> {
    fn new() -> Self {
        Vector { chunks: Arc::default(), tail: Arc::default() }
    }

    fn push<const N: usize>(&mut self, value: T) {
        plant!(N, 0, 8);
        if self.tail.len() == CHUNK {
            self.flush::<N>();
        }
        self.own_tail::<N>().push(value);
    }

    fn own_tail<const N: usize>(&mut self) -> &mut Vec<T> {
        plant!(N, 1, 4);
        Arc::make_mut(&mut self.tail)
    }

    fn flush<const N: usize>(&mut self) {
        plant!(N, 2, 120);
        let full = std::mem::take(&mut self.tail);
        Arc::make_mut(&mut self.chunks).push(full);
    }

    fn get<const N: usize>(&self, index: usize) -> Option<&T> {
        plant!(N, 3, 3);
        let (chunk, at) = Self::locate::<N>(index);
        self.chunks.get(chunk).unwrap_or(&self.tail).get(at)
    }

    fn locate<const N: usize>(index: usize) -> (usize, usize) {
        plant!(N, 4, 3);
        (index / CHUNK, index % CHUNK)
    }

    fn set<const N: usize>(&mut self, index: usize, value: T) {
        plant!(N, 5, 24);
        let (chunk, at) = Self::locate::<N>(index);
        if chunk < self.chunks.len() {
            self.own_chunk::<N>(chunk)[at] = value;
        } else if at < self.tail.len() {
            self.own_tail::<N>()[at] = value;
        }
    }

    fn own_chunk<const N: usize>(&mut self, chunk: usize) -> &mut Vec<T> {
        plant!(N, 6, 24);
        Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[chunk])
    }

    fn pop<const N: usize>(&mut self) -> Option<T> {
        plant!(N, 7, 8);
        if self.tail.is_empty() {
            self.refill::<N>();
        }
        self.own_tail::<N>().pop()
    }

    fn refill<const N: usize>(&mut self) {
        plant!(N, 8, 120);
        if let Some(last) = Arc::make_mut(&mut self.chunks).pop() {
            self.tail = last;
        }
    }

    fn sum<const N: usize>(&self, weight: impl Fn(&T) -> u64) -> u64 {
        plant!(N, 9, 40);
        let values = self.chunks.iter().flat_map(|chunk| chunk.iter()).chain(self.tail.iter());
        values.map(weight).fold(0, u64::wrapping_add)
    }
}

type Link<K, V> = Option<Arc<Node<K, V>>>;

#[derive(Clone)]
struct Node<K, V> {
    key: K,
    value: V,
    priority: u64,
    left: Link<K, V>,
    right: Link<K, V>,
}

#[derive(Clone)]
struct Tree<K, V>(Link<K, V>);

impl<K: Ord + Clone, V: Clone> Tree<K, V> {
    fn find<const N: usize>(&self, key: &K) -> Option<&V> {
        plant!(N, 10, 4);
        let mut link = &self.0;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                std::cmp::Ordering::Less => &node.left,
                std::cmp::Ordering::Greater => &node.right,
                std::cmp::Ordering::Equal => return Some(&node.value),
            };
        }
        None
    }

    fn insert<const N: usize>(link: &mut Link<K, V>, key: K, value: V, seed: u64) {
        plant!(N, 11, 3);
        let Some(node) = link else {
            *link = Some(Self::new_node::<N>(key, value, seed));
            return;
        };
        let node = Self::own_node::<N>(node);
        match key.cmp(&node.key) {
            std::cmp::Ordering::Less => {
                Self::insert::<N>(&mut node.left, key, value, seed);
                if node.left.as_ref().is_some_and(|left| left.priority > node.priority) {
                    Self::raise_left::<N>(link);
                }
            }
            std::cmp::Ordering::Greater => {
                Self::insert::<N>(&mut node.right, key, value, seed);
                if node.right.as_ref().is_some_and(|right| right.priority > node.priority) {
                    Self::raise_right::<N>(link);
                }
            }
            std::cmp::Ordering::Equal => node.value = value,
        }
    }

    fn new_node<const N: usize>(key: K, value: V, seed: u64) -> Arc<Node<K, V>> {
        plant!(N, 12, 10);
        Arc::new(Node { key, value, priority: priority::<N>(seed), left: None, right: None })
    }

    fn own_node<const N: usize>(node: &mut Arc<Node<K, V>>) -> &mut Node<K, V> {
        plant!(N, 13, 3);
        Arc::make_mut(node)
    }

    fn raise_left<const N: usize>(link: &mut Link<K, V>) {
        plant!(N, 15, 24);
        let Some(mut node) = link.take() else { return };
        if let Some(mut left) = Self::own_node::<N>(&mut node).left.take() {
            Self::own_node::<N>(&mut node).left = Self::own_node::<N>(&mut left).right.take();
            Self::own_node::<N>(&mut left).right = Some(node);
            *link = Some(left);
        }
    }

    fn raise_right<const N: usize>(link: &mut Link<K, V>) {
        plant!(N, 16, 24);
        let Some(mut node) = link.take() else { return };
        if let Some(mut right) = Self::own_node::<N>(&mut node).right.take() {
            Self::own_node::<N>(&mut node).right = Self::own_node::<N>(&mut right).left.take();
            Self::own_node::<N>(&mut right).left = Some(node);
            *link = Some(right);
        }
    }

    fn remove_least<const N: usize>(link: &mut Link<K, V>) -> Option<V> {
        plant!(N, 17, 4);
        let node = Self::own_node::<N>(link.as_mut()?);
        if node.left.is_some() {
            return Self::remove_least::<N>(&mut node.left);
        }
        let (value, rest) = (node.value.clone(), node.right.take());
        *link = rest;
        Some(value)
    }

    fn fold<const N: usize>(link: &Link<K, V>, weight: &impl Fn(&V) -> u64) -> u64 {
        plant!(N, 18, 3);
        let Some(node) = link else { return 0 };
        let below = Self::fold::<N>(&node.left, weight).wrapping_add(Self::fold::<N>(&node.right, weight));
        below.wrapping_add(weight(&node.value))
    }

    fn depth<const N: usize>(link: &Link<K, V>) -> u64 {
        plant!(N, 19, 3);
        let Some(node) = link else { return 0 };
        1 + Self::depth::<N>(&node.left).max(Self::depth::<N>(&node.right))
    }
}

fn priority<const N: usize>(seed: u64) -> u64 {
    plant!(N, 14, 11);
    let mixed = (seed ^ (seed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

/// Every function, with elements and keys of two types: each function is there in two instantiations.
#[inline(never)]
fn work<const N: usize>() -> u64 {
    let mut numbers = Vector::new();
    let mut texts = Vector::new();
    let mut kept = Vec::new();
    for at in 0..300_u64 {
        numbers.push::<N>(at);
        texts.push::<N>(at.to_string());
        if at % 10 == 0 {
            kept.push((numbers.clone(), texts.clone()));
        }
    }
    let mut sum = 0_u64;
    for at in 0..900_usize {
        sum = sum.wrapping_add(numbers.get::<N>(at * 7 % 300).copied().unwrap_or(0));
        sum = sum.wrapping_add(texts.get::<N>(at * 11 % 300).map_or(0, |text| text.len() as u64));
        if at % 9 == 0 {
            let mut version = numbers.clone();
            version.set::<N>(at * 13 % 300, 7);
            sum = sum.wrapping_add(version.sum::<N>(|value| *value));
            texts.set::<N>(at * 17 % 300, "set".to_owned());
        }
    }
    while let Some(value) = numbers.pop::<N>() {
        sum = sum.wrapping_add(value);
    }
    while let Some(value) = texts.pop::<N>() {
        sum = sum.wrapping_add(value.len() as u64);
    }
    let mut by_number: Tree<u64, u64> = Tree(None);
    let mut by_text: Tree<String, u64> = Tree(None);
    let mut versions = Vec::new();
    for at in 0..200_u64 {
        let key = priority::<0>(at) % 1000;
        Tree::insert::<N>(&mut by_number.0, key, at, key);
        Tree::insert::<N>(&mut by_text.0, key.to_string(), at, key);
        if at % 10 == 0 {
            versions.push((by_number.clone(), by_text.clone()));
        }
    }
    for key in 0..1000_u64 {
        sum = sum.wrapping_add(by_number.find::<N>(&key).copied().unwrap_or(0));
        if key % 4 == 0 {
            sum = sum.wrapping_add(by_text.find::<N>(&key.to_string()).copied().unwrap_or(0));
        }
    }
    for (number, text) in &versions {
        sum = sum.wrapping_add(Tree::fold::<N>(&number.0, &|value| *value) ^ Tree::depth::<N>(&text.0));
    }
    while let Some(value) = Tree::remove_least::<N>(&mut by_number.0) {
        sum = sum.wrapping_add(value);
    }
    sum
}

macro_rules! copies {
    ($($number:literal)*) => { [$(work::<$number>),*] };
}

static COPIES: [fn() -> u64; 1 + 3 * FUNCTIONS.len()] = copies!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42
    43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
);

#[unsafe(no_mangle)]
#[inline(never)]
fn lab_measured_region(work: fn() -> u64) -> u64 {
    black_box(work())
}

fn main() {
    match std::env::args().nth(1).and_then(|number| number.parse::<usize>().ok()) {
        Some(number) => println!("{}", lab_measured_region(COPIES[number])),
        // Without a number it names its functions.
        None => println!("{}", FUNCTIONS.join(" ")),
    }
}
