//! A gap buffer: an array of physical indices whose free room lies at the place of the last edit.

use scenarios::slots::{OutOfRange, Positions};
use scenarios::{About, Capability, Contender, Growth, Role};

/// Hands out physical indices: those on the stack are free again, the counter is the next new one.
#[derive(Clone, Default)]
struct Indices {
    next: u32,
    free: Vec<u32>,
}

impl Indices {
    fn allocate(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

/// Length of the buffer after its first growth.
const FIRST_LENGTH: usize = 16;

#[derive(Clone, Default)]
struct GapBuffer {
    indices: Indices,
    /// The elements. The part from `gap_start` to `gap_end` is free room.
    buffer: Vec<u32>,
    gap_start: usize,
    gap_end: usize,
}

impl GapBuffer {
    fn move_gap(&mut self, to: usize) {
        if to < self.gap_start {
            let moved = self.gap_start - to;
            self.buffer.copy_within(to..self.gap_start, self.gap_end - moved);
            self.gap_end -= moved;
        } else {
            let moved = to - self.gap_start;
            self.buffer.copy_within(self.gap_end..self.gap_end + moved, self.gap_start);
            self.gap_end += moved;
        }
        self.gap_start = to;
    }

    /// Doubles the buffer; the new half becomes the gap.
    fn grow(&mut self) {
        let behind = self.buffer.len() - self.gap_end;
        let mut buffer = vec![0; (2 * self.buffer.len()).max(FIRST_LENGTH)];
        let gap_end = buffer.len() - behind;
        buffer[..self.gap_start].copy_from_slice(&self.buffer[..self.gap_start]);
        buffer[gap_end..].copy_from_slice(&self.buffer[self.gap_end..]);
        self.buffer = buffer;
        self.gap_end = gap_end;
    }
}

impl Positions for GapBuffer {
    fn new() -> Self {
        GapBuffer::default()
    }

    fn len(&self) -> usize {
        self.buffer.len() - (self.gap_end - self.gap_start)
    }

    fn push(&mut self) -> u32 {
        let Ok(index) = self.insert_at(self.len()) else { unreachable!("the length is a position") };
        index
    }

    fn insert_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position > self.len() {
            return Err(OutOfRange);
        }
        if self.gap_start == self.gap_end {
            self.grow();
        }
        self.move_gap(position);
        let index = self.indices.allocate();
        self.buffer[position] = index;
        self.gap_start += 1;
        Ok(index)
    }

    fn remove_at(&mut self, position: usize) -> Result<u32, OutOfRange> {
        if position >= self.len() {
            return Err(OutOfRange);
        }
        self.move_gap(position);
        let index = self.buffer[self.gap_end];
        self.gap_end += 1;
        self.indices.free.push(index);
        Ok(index)
    }

    fn get_physical(&self, position: usize) -> Option<u32> {
        let behind = if position < self.gap_start { 0 } else { self.gap_end - self.gap_start };
        self.buffer.get(position.checked_add(behind)?).copied()
    }
}

/// The contender: a gap buffer.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::slots::positional::<GapBuffer>(About {
        name: "gap_buffer",
        role: Role::Optimized,
        summary: "An array of physical indices that keeps its free room at the place of the last edit.",
        source: "data-map, its benchmark list; known from text editors",
        analysis: ANALYSIS,
        complexity: &[
            ("splice_middle", Growth::Linear),
            ("gap_edit", Growth::Constant),
            ("get_physical", Growth::Constant),
        ],
        capabilities: &[Capability::Positional],
        caveats: &[],
        known_failures: &[],
    })
}

const ANALYSIS: &str = "\
The array's free room is not at its end but where the last edit was. An edit moves the elements between the \
last edit and itself: few if it is close by, many if it is far away. Reading a position behind the gap adds \
the gap's length.

It wins where edits cluster, as they do while somebody types: an edit then costs O(distance). Where edits \
jump about, it is O(n) like the spliced array, and copies memory just as fast.";
