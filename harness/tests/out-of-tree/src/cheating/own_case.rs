//! Contenders with a case of their own around the bottleneck's.

use std::hint::black_box;

use scenarios::{Case, Contender, Observed, Request, Setup};

/// Runs in `arm`; the region is empty.
struct InArm(Box<dyn Case>);

impl Case for InArm {
    fn ops(&self) -> u64 {
        self.0.ops()
    }

    fn setup(&self) -> Setup {
        self.0.setup()
    }

    fn arm(&mut self) {
        self.0.arm();
        self.0.run();
    }

    fn run(&mut self) {}

    fn digest(&self) -> u64 {
        self.0.digest()
    }

    fn expected(&self) -> u64 {
        self.0.expected()
    }

    fn observed(&self) -> Observed {
        self.0.observed()
    }
}

/// Runs in `arm`, and spends as much time in the region as if it worked there.
struct Busy(InArm);

impl Case for Busy {
    fn ops(&self) -> u64 {
        self.0.ops()
    }

    fn setup(&self) -> Setup {
        self.0.setup()
    }

    fn arm(&mut self) {
        self.0.arm();
    }

    fn run(&mut self) {
        for at in 0..self.ops() {
            black_box(at);
        }
    }

    fn digest(&self) -> u64 {
        self.0.digest()
    }

    fn expected(&self) -> u64 {
        self.0.expected()
    }

    fn observed(&self) -> Observed {
        self.0.observed()
    }
}

/// Claims ten times the operations.
struct Boasting(Box<dyn Case>);

impl Case for Boasting {
    fn ops(&self) -> u64 {
        10 * self.0.ops()
    }

    fn setup(&self) -> Setup {
        self.0.setup()
    }

    fn arm(&mut self) {
        self.0.arm();
    }

    fn run(&mut self) {
        self.0.run();
    }

    fn digest(&self) -> u64 {
        self.0.digest()
    }

    fn expected(&self) -> u64 {
        self.0.expected()
    }

    fn observed(&self) -> Observed {
        self.0.observed()
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
    contender("in_arm", "Does the region's work in its set-up.", |request| Box::new(InArm(set_up(request))))
}

pub fn busy() -> Contender {
    contender("busy", "Does the region's work in its set-up, and something cheap in its region.", |request| {
        Box::new(Busy(InArm(set_up(request))))
    })
}

pub fn boasting() -> Contender {
    contender("boasting", "Claims ten times its operations.", |request| Box::new(Boasting(set_up(request))))
}

pub fn hollow() -> Contender {
    contender("hollow", "Does nothing, and expects nothing.", |request| {
        Box::new(Hollow { ops: set_up(request).ops() })
    })
}
