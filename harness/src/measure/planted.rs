//! Pairs of cases of which the second executes no more instructions than the first, and takes about 2 % longer: what the
//! time meter must see, and a count of instructions cannot.

use std::cell::Cell as Memory;
use std::hint::black_box;

use rand::seq::SliceRandom as _;
use reports::CellName;
use scenarios::input::{rng, shuffled};
use scenarios::{Case, Setup, case};

/// Stands in the name of a planted cell where others have their bottleneck. No bottleneck can be called so.
const BOTTLENECK: &str = "(planted)";

/// What makes the second case of a pair slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Some loads wait for the loads before them.
    DependentLoads,
    /// Some branches cannot be predicted.
    MispredictedBranches,
    /// Some additions to memory are atomic.
    Atomics,
}

/// Steps of a region.
const STEPS: usize = 16_384;

impl Plant {
    /// All of them.
    pub const ALL: [Plant; 3] = [Plant::DependentLoads, Plant::MispredictedBranches, Plant::Atomics];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Plant::DependentLoads => "dependent loads",
            Plant::MispredictedBranches => "mispredicted branches",
            Plant::Atomics => "atomics",
        }
    }

    /// How many of the steps are slow ones in the first case, and in the second case. A slow step takes three to twenty
    /// times as long as another one, by processor; a difference of 2 % follows on one on which a dependent load takes six
    /// cycles more, a mispredicted branch 18 and an atomic 15.
    fn slow_steps(self) -> [usize; 2] {
        let [first, second] = match self {
            Plant::DependentLoads => [0.9, 0.925],
            Plant::MispredictedBranches => [0.5, 0.514],
            Plant::Atomics => [0.5, 0.511],
        };
        // An even number, of which half can be taken.
        [first, second].map(|part: f64| (part * STEPS as f64 / 2.0) as usize * 2)
    }

    /// The names of the pair's cells. `number` tells it from other pairs of the same kind.
    pub fn cells(self, number: u64) -> [CellName; 2] {
        ["first", "second"].map(|which| CellName {
            bottleneck: BOTTLENECK.to_owned(),
            scenario: self.as_str().to_owned(),
            size: number,
            contender: which.to_owned(),
        })
    }
}

/// The case of a planted cell; `None` if it is not one.
pub fn planted(name: &CellName) -> Option<Box<dyn Case>> {
    let plant = Plant::ALL.into_iter().find(|plant| plant.as_str() == name.scenario)?;
    let cells = plant.cells(name.size);
    let slow = plant.slow_steps()[cells.iter().position(|cell| cell == name)?];
    let seed = name.size as usize;
    Some(match plant {
        Plant::DependentLoads => region(next_places(seed), move |next| walk(next, slow)),
        Plant::MispredictedBranches => branches(seed, slow),
        Plant::Atomics => region(Memory::new(0), move |sum| add(sum, slow)),
    })
}

/// A case of one region over an input.
fn region<I: 'static>(input: I, run: impl Fn(&I) -> u64 + 'static) -> Box<dyn Case> {
    case(STEPS, Setup::Once, input, |_| (), move |input, ()| run(input), |_, (), found| *found, |_| 0)
}

/// A case of branches that take other directions in each run: a processor learns those that it has seen.
fn branches(seed: usize, random: usize) -> Box<dyn Case> {
    let seen = Memory::new(0);
    case(
        STEPS,
        Setup::EveryRun,
        seen,
        move |seen| {
            seen.set(seen.get() + 1);
            directions(seed + PAIRS * seen.get(), random)
        },
        |_, directions| turn(directions),
        |_, _, found| *found,
        |_| 0,
    )
}

/// More than there are pairs.
const PAIRS: usize = 1000;

/// Places in a table: they fit into the smallest cache.
const PLACES: usize = 1024;

/// For each place the next one; one walk leads through all of them.
fn next_places(seed: usize) -> Vec<u32> {
    let order = shuffled(&mut rng("planted walk", seed), PLACES);
    let mut next = vec![0; PLACES];
    for (at, place) in order.iter().enumerate() {
        next[*place as usize] = order[(at + 1) % PLACES] as u32;
    }
    next
}

/// So many steps from place to place, each of which waits for the one before. All other steps begin at places that are
/// known before, which takes two instructions more.
fn walk(next: &[u32], dependent: usize) -> u64 {
    // Volatile, because the compiler would load several places at once where it could.
    let load = |place: u32| {
        let place: *const u32 = &next[place as usize % PLACES];
        // SAFETY: it points to an element of `next`.
        unsafe { place.read_volatile() }
    };
    let (mut place, mut sum) = (0, 0u64);
    for _ in 0..dependent as u32 {
        place = load(place);
        sum = sum.wrapping_add(u64::from(place));
    }
    for step in 0..(STEPS - dependent) as u32 {
        place = load(step);
        sum = sum.wrapping_add(u64::from(place));
    }
    sum
}

/// Directions of branches, half of them true. So many are in random order, and the others all false and then all true.
fn directions(seed: usize, random: usize) -> Vec<bool> {
    let half = |count: usize| (0..count).map(move |at| at >= count / 2);
    let mut shuffled: Vec<bool> = half(random).collect();
    shuffled.shuffle(&mut rng("planted directions", seed));
    shuffled.into_iter().chain(half(STEPS - random)).collect()
}

/// A branch for each direction.
fn turn(directions: &[bool]) -> u64 {
    #[inline(never)]
    fn left(sum: u64) -> u64 {
        black_box(sum + 1)
    }
    #[inline(never)]
    fn right(sum: u64) -> u64 {
        black_box(sum + 2)
    }
    directions.iter().fold(0, |sum, direction| if *direction { left(sum) } else { right(sum) })
}

/// Additions to memory, of which so many are atomic.
fn add(sum: &Memory<u64>, atomic: usize) -> u64 {
    sum.set(0);
    for _ in 0..atomic {
        add_atomically(sum);
    }
    for _ in 0..STEPS - atomic {
        add_plainly(sum);
    }
    sum.get()
}

#[cfg(target_arch = "x86_64")]
fn add_atomically(sum: &Memory<u64>) {
    // SAFETY: adds to memory that is borrowed, and that no other thread can reach.
    unsafe { std::arch::asm!("lock add qword ptr [{0}], 1", in(reg) sum.as_ptr(), options(nostack)) }
}

#[cfg(target_arch = "x86_64")]
fn add_plainly(sum: &Memory<u64>) {
    // SAFETY: as above.
    unsafe { std::arch::asm!("add qword ptr [{0}], 1", in(reg) sum.as_ptr(), options(nostack)) }
}

/// Elsewhere an atomic addition is one instruction and a plain one is three: less than 1 % of the region's.
#[cfg(not(target_arch = "x86_64"))]
fn add_atomically(sum: &Memory<u64>) {
    // SAFETY: the memory is borrowed, and no other thread can reach it.
    let sum = unsafe { std::sync::atomic::AtomicU64::from_ptr(sum.as_ptr()) };
    sum.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

#[cfg(not(target_arch = "x86_64"))]
fn add_plainly(sum: &Memory<u64>) {
    sum.set(black_box(sum.get()) + 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_of_a_pair_do_the_same_steps() {
        for plant in Plant::ALL {
            let results = plant.cells(3).map(|name| {
                let mut case = planted(&name).unwrap();
                case.arm();
                case.run();
                assert_eq!(case.ops(), STEPS as u64);
                case.digest()
            });
            if plant != Plant::DependentLoads {
                assert_eq!(results[0], results[1], "{plant:?}");
            }
            let [first, second] = plant.slow_steps();
            assert!(first < second && second < STEPS);
            assert_eq!((first % 2, second % 2), (0, 0));
        }
        assert!(planted(&"persistent_map/get_hit/8/imbl".parse().unwrap()).is_none());
    }

    #[test]
    fn a_walk_leads_through_all_places() {
        let next = next_places(1);
        let mut seen = vec![false; PLACES];
        let mut place = 0;
        for _ in 0..PLACES {
            seen[place] = true;
            place = next[place] as usize;
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}
