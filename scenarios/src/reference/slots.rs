//! The free indices, and a list of the others in order.

use crate::slots::{NotLive, OutOfRange, Positions, Slots};

/// Hands out indices; those that were freed first.
#[derive(Default, Clone)]
pub(super) struct Indices {
    live: Vec<bool>,
    free: Vec<usize>,
}

impl Slots for Indices {
    type Key = usize;

    fn new() -> Self {
        Indices::default()
    }

    fn allocate(&mut self) -> usize {
        let index = self.free.pop().unwrap_or(self.live.len());
        if index == self.live.len() {
            self.live.push(false);
        }
        self.live[index] = true;
        index
    }

    fn free(&mut self, key: usize) -> Result<(), NotLive> {
        if !self.is_live(key) {
            return Err(NotLive);
        }
        self.live[key] = false;
        self.free.push(key);
        Ok(())
    }

    fn is_live(&self, key: usize) -> bool {
        self.live.get(key) == Some(&true)
    }

    fn live(&self) -> usize {
        self.live.len() - self.free.len()
    }

    fn index(key: usize) -> usize {
        key
    }

    fn absent() -> usize {
        usize::MAX
    }
}

/// The physical indices in the order of their positions.
#[derive(Clone)]
pub(super) struct Listed {
    indices: Indices,
    order: Vec<u32>,
}

impl Positions for Listed {
    fn new() -> Self {
        Listed { indices: Indices::new(), order: Vec::new() }
    }

    fn len(&self) -> usize {
        self.order.len()
    }

    fn push(&mut self) -> u32 {
        let index = self.indices.allocate() as u32;
        self.order.push(index);
        index
    }

    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position > self.order.len() {
            return Err(OutOfRange);
        }
        let index = self.indices.allocate() as u32;
        self.order.insert(position, index);
        Ok(index)
    }

    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position >= self.order.len() {
            return Err(OutOfRange);
        }
        let index = self.order.remove(position);
        self.indices.free(index as usize).map_err(|NotLive| OutOfRange)?;
        Ok(index)
    }

    fn get_physical(&self, position: usize) -> Option<u32> {
        self.order.get(position).copied()
    }
}
