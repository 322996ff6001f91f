//! A bottleneck whose contenders are put together from the same parts: what the parts are, and which contender has which
//! of them in which form.
//!
//! The report tells from it which part pays. METHODOLOGY.md, "Which part pays", says how.

/// What the contenders of a bottleneck are made of.
#[derive(Debug)]
pub struct Composition {
    /// The parts, in the order of reading.
    pub parts: &'static [Part],
    /// The contenders in which every part is naive or best. One has no best part and one has all of them; for each part,
    /// one has it alone and one has all but it. Without one of these, less can be told.
    pub mixtures: &'static [Mixture],
    /// The contender in which every part is as its source planned it.
    pub planned: &'static str,
    /// The scenarios that do what whole programs do. What a part is worth is told of them first.
    pub programs: &'static [&'static str],
}

/// A part: one of the questions that a contender answers with a contender of another bottleneck.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its name in [`Mixture::best`]: `storage`.
    pub name: &'static str,
    /// Its name for people: `Storage`.
    pub title: &'static str,
    /// The bottleneck whose contenders are its forms: `flat_keys`.
    pub bottleneck: &'static str,
    /// Its naive form: a contender of that bottleneck.
    pub naive: &'static str,
    /// The form that the source planned.
    pub planned: &'static str,
    /// The lab's best form.
    pub best: &'static str,
    /// What the source's optimisation is, in one clause: `keeps the keys in a sorted array`.
    pub optimisation: &'static str,
}

/// A contender in which some parts are best and all others naive.
#[derive(Clone, Copy, Debug)]
pub struct Mixture {
    /// The contender's name.
    pub contender: &'static str,
    /// The names of the parts that are best.
    pub best: &'static [&'static str],
}
