//! The parts of a store, each in three forms: contenders of other bottlenecks, under the contracts of these.

use std::marker::PhantomData;

use scenarios::flat::Content;
use scenarios::flat_keys::FlatStore;
use scenarios::flat_query::QueryIndex;
use scenarios::pattern_index::PatternIndex;
use scenarios::signals::Notify;
use scenarios::slots::Positions;
use scenarios::{About, Capability, Growth, Role, lru_cache, persistent_vector};

use crate::growth::{Grade, SCENARIOS, growth};

/// What a store is made of.
pub trait Parts: Sized + 'static {
    /// Pointers and what lies at them.
    type Storage<L: Content>: FlatStore<L>;
    /// Answers queries over the storage.
    type Query: QueryIndex;
    /// Finds the subscriptions to patterns that select a pointer.
    type Patterns: PatternIndex + 'static;
    /// Calls back.
    type Signals: Notify;
    /// The order of an array's elements.
    type Slots: Positions + 'static;
    /// Holds the paths that were parsed last.
    type Cache: lru_cache::Family;
    /// Holds an array's elements.
    type Arrays: persistent_vector::Family;
}

/// A form of every part. A [`Mix`] takes each part of another one.
pub trait Form: Parts {
    /// Which form it is.
    const GRADE: Grade;
}

/// Every part as the source has it today.
pub struct Naive;

/// Every part as the source plans it.
pub struct Planned;

/// Every part as the lab has it best.
pub struct Best;

impl Parts for Naive {
    type Storage<L: Content> = flat_keys_collect_and_sort::Store<L>;
    type Query = flat_query_materialise::Index;
    type Patterns = pattern_index_linear_scan::LinearScan;
    type Signals = signals_snapshot::World;
    type Slots = slots_scan_used::Table;
    type Cache = lru_cache_filter_list::FilteredList;
    type Arrays = persistent_vector_array_copy::ArrayCopy;
}

impl Parts for Planned {
    type Storage<L: Content> = flat_keys_prefix_index::Store<L>;
    type Query = flat_query_direct_walk::Index;
    type Patterns = pattern_index_pattern_trie::PatternTrie;
    type Signals = signals_deferred_flag::World;
    type Slots = slots_vec_splice::VecSplice;
    type Cache = lru_cache_linked_map::MapAndList;
    type Arrays = persistent_vector_trie32::Trie32;
}

impl Parts for Best {
    type Storage<L: Content> = flat_keys_versioned_tree::Store<L>;
    type Query = flat_query_segment_index::Index;
    type Patterns = pattern_index_lazy_dfa::LazyDfa;
    type Signals = signals_arena_graph::World;
    type Slots = slots_order_tree::OrderTree;
    type Cache = lru_cache_slab_lru::InSlab;
    type Arrays = persistent_vector_shared_tail::SharedTail;
}

impl Form for Naive {
    const GRADE: Grade = Grade::Naive;
}

impl Form for Planned {
    const GRADE: Grade = Grade::Planned;
}

impl Form for Best {
    const GRADE: Grade = Grade::Best;
}

/// Storage, query, patterns, signals, slots, cache and arrays, each in the form that is named at its place.
pub struct Mix<St, Qu, Pa, Si, Sl, Ca, Ar>(PhantomData<(St, Qu, Pa, Si, Sl, Ca, Ar)>);

impl<St: Form, Qu: Form, Pa: Form, Si: Form, Sl: Form, Ca: Form, Ar: Form> Parts
    for Mix<St, Qu, Pa, Si, Sl, Ca, Ar>
{
    type Storage<L: Content> = St::Storage<L>;
    type Query = Qu::Query;
    type Patterns = Pa::Patterns;
    type Signals = Si::Signals;
    type Slots = Sl::Slots;
    type Cache = Ca::Cache;
    type Arrays = Ar::Arrays;
}

impl<St: Form, Qu: Form, Pa: Form, Si: Form, Sl: Form, Ca: Form, Ar: Form> Mix<St, Qu, Pa, Si, Sl, Ca, Ar> {
    const GROWTH: [(&'static str, Growth); SCENARIOS] = growth(St::GRADE, Qu::GRADE, Sl::GRADE, Ar::GRADE);

    /// What can be said of a mixture from its parts. Its name, summary and analysis are missing.
    pub const ABOUT: About = About {
        name: "",
        role: Role::Optimized,
        summary: "",
        source: "the lab's own, for the attribution",
        analysis: "",
        complexity: &Self::GROWTH,
        // A version is a clone of the storage.
        capabilities: match St::GRADE {
            Grade::Best => &[Capability::Persistent],
            _ => &[Capability::Persistent, Capability::CopiesWhole],
        },
        caveats: &[],
        known_failures: &[],
    };
}
