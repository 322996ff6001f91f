//! How the cost of an operation grows with the document, by the forms of the parts that decide it.

use scenarios::Growth;
use scenarios::Growth::{Constant, Linear, Linearithmic, Logarithmic};

/// Which form a part has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As the source has it today.
    Naive,
    /// As the source plans it.
    Planned,
    /// As the lab has it best.
    Best,
}

/// How many scenarios there are.
pub(crate) const SCENARIOS: usize = 38;

/// The growth of each scenario of a store whose storage, query, slots and arrays have these forms. The other parts decide
/// about none of them: their sizes do not change with the document.
pub const fn growth(
    storage: Grade,
    query: Grade,
    slots: Grade,
    arrays: Grade,
) -> [(&'static str, Growth); SCENARIOS] {
    // One look-up of a pointer.
    let look_up = match storage {
        Grade::Best => Logarithmic,
        _ => Constant,
    };
    // What lies below a pointer, or that nothing does.
    let below = match storage {
        Grade::Naive => Linear,
        Grade::Planned => Constant,
        Grade::Best => Logarithmic,
    };
    let version = match storage {
        Grade::Best => Constant,
        _ => Linear,
    };
    let kept = match storage {
        Grade::Best => Logarithmic,
        _ => Linear,
    };
    let tree = match storage {
        Grade::Best => Linear,
        _ => Linearithmic,
    };
    let tree_again = match storage {
        Grade::Best => Logarithmic,
        _ => Linearithmic,
    };
    let singular = match query {
        Grade::Naive => Linearithmic,
        Grade::Planned => look_up,
        Grade::Best => Constant,
    };
    let result = match query {
        Grade::Best => Constant,
        _ => Logarithmic,
    };
    let push = match slots {
        Grade::Naive => Linear,
        Grade::Planned => Constant,
        Grade::Best => Logarithmic,
    };
    let splice = match slots {
        Grade::Best => Logarithmic,
        _ => Linear,
    };
    let element = match (slots, arrays) {
        (Grade::Naive | Grade::Planned, Grade::Naive) => Constant,
        _ => Logarithmic,
    };
    let element_kept = match arrays {
        Grade::Naive => Linear,
        _ => Logarithmic,
    };
    [
        ("program_form", Linear),
        ("program_table", Linearithmic),
        ("program_editor", kept),
        ("build", Linear),
        ("get", look_up),
        ("has", below),
        ("set", look_up),
        ("set_new", below),
        ("delete", below),
        ("set_watched", look_up),
        ("batch_of_10", look_up),
        ("subscribe_pointer", Logarithmic),
        ("subscribe_pattern", Constant),
        ("unsubscribe", Logarithmic),
        ("subscribe_and_end", Logarithmic),
        ("notify_exact", Constant),
        ("notify_patterns", Constant),
        ("computed_cached", Constant),
        ("computed_dirty", look_up),
        ("array_push", push),
        ("array_splice", splice),
        ("array_typing", splice),
        ("array_get", element),
        // Positions that a version shares are copied before they change.
        ("array_push_kept", Linear),
        ("array_set_kept", element_kept),
        ("query_singular", singular),
        ("query_wildcard", result),
        ("query_descendant", result),
        ("query_filter", result),
        ("wide_get", below),
        ("wide_direct", look_up),
        ("has_descendants", below),
        ("keys", below),
        ("to_object", tree),
        ("to_object_again", tree_again),
        ("snapshot", version),
        ("set_kept", kept),
        ("restore", kept),
    ]
}
