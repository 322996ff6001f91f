//! Contenders with a case of their own around the bottleneck's.

use std::hint::black_box;

use scenarios::input::{SEED, seed};
use scenarios::{Case, Contender, Observed, Request, Setup};

/// The bottleneck's case, with a region of its own around it.
struct Wrapped {
    case: Box<dyn Case>,
    /// How many times the operations it claims.
    claims: u64,
    region: Region,
}

/// What the region does.
#[derive(PartialEq)]
enum Region {
    /// The work.
    Work,
    /// Nothing: the work is done in `arm`.
    Nothing,
    /// Something cheap for each operation: the work is done in `arm`.
    Pretence,
}

impl Case for Wrapped {
    fn ops(&self) -> u64 {
        self.claims * self.case.ops()
    }

    fn setup(&self) -> Setup {
        self.case.setup()
    }

    fn arm(&mut self) {
        self.case.arm();
        if self.region != Region::Work {
            self.case.run();
        }
    }

    fn run(&mut self) {
        match self.region {
            Region::Work => self.case.run(),
            Region::Nothing => {}
            Region::Pretence => (0..self.ops()).for_each(|at| _ = black_box(at)),
        }
    }

    fn let_go(&mut self) {
        self.case.let_go();
    }

    fn digest(&self) -> u64 {
        self.case.digest()
    }

    fn expected(&self) -> u64 {
        self.case.expected()
    }

    fn observed(&self) -> Observed {
        self.case.observed()
    }
}

/// Does nothing, and expects nothing.
struct Hollow {
    ops: u64,
}

impl Case for Hollow {
    fn ops(&self) -> u64 {
        self.ops
    }

    fn setup(&self) -> Setup {
        Setup::Once
    }

    fn arm(&mut self) {}

    fn run(&mut self) {}

    fn let_go(&mut self) {}

    fn digest(&self) -> u64 {
        0
    }

    fn expected(&self) -> u64 {
        0
    }

    fn observed(&self) -> Observed {
        Observed::new()
    }
}

fn set_up(request: Request) -> Box<dyn Case> {
    (persistent_vector_array_copy::contender().set_up)(request)
}

fn contender(name: &'static str, summary: &'static str, set_up: fn(Request) -> Box<dyn Case>) -> Contender {
    let about = super::about(name, summary);
    Contender { about, set_up, ..persistent_vector_array_copy::contender() }
}

pub fn in_arm() -> Contender {
    contender("in_arm", "Does the region's work in its set-up.", |request| {
        Box::new(Wrapped { case: set_up(request), claims: 1, region: Region::Nothing })
    })
}

pub fn busy() -> Contender {
    contender("busy", "Does the region's work in its set-up, and something cheap in its region.", |request| {
        Box::new(Wrapped { case: set_up(request), claims: 1, region: Region::Pretence })
    })
}

pub fn boasting() -> Contender {
    contender("boasting", "Claims ten times its operations.", |request| {
        Box::new(Wrapped { case: set_up(request), claims: 10, region: Region::Work })
    })
}

/// Right on the lab's own inputs alone.
struct OneSeed {
    case: Box<dyn Case>,
    is_own: bool,
}

impl Case for OneSeed {
    fn ops(&self) -> u64 {
        self.case.ops()
    }

    fn setup(&self) -> Setup {
        self.case.setup()
    }

    fn arm(&mut self) {
        self.case.arm();
    }

    fn run(&mut self) {
        self.case.run();
    }

    fn let_go(&mut self) {
        self.case.let_go();
    }

    fn digest(&self) -> u64 {
        if self.is_own { self.case.digest() } else { 0 }
    }

    fn expected(&self) -> u64 {
        self.digest()
    }

    fn observed(&self) -> Observed {
        self.case.observed()
    }
}

pub fn one_seed() -> Contender {
    let honest = super::recognising::contender();
    Contender {
        about: super::about("one_seed", "Is right on the lab's own inputs, and on no others."),
        set_up: |request| {
            let case = (super::recognising::contender().set_up)(request);
            Box::new(OneSeed { case, is_own: seed() == SEED })
        },
        ..honest
    }
}

pub fn hollow() -> Contender {
    contender("hollow", "Does nothing, and expects nothing.", |request| {
        Box::new(Hollow { ops: set_up(request).ops() })
    })
}
