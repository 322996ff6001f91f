//! The lab's own map: `collections::HashMap`.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

use collections::HashMap;
use scenarios::persistent_map::{Family, PersistentMap};
use scenarios::{About, Capability, Contender, Growth, Role};

/// `collections::HashMap`, under the contract's names.
#[derive(Clone)]
struct Map<K, V, S>(HashMap<K, V, S>);

impl<K, V, S> PersistentMap<K, V> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone + PartialEq,
    S: BuildHasher + Clone + Default,
{
    #[inline]
    fn new() -> Self {
        Map(HashMap::default())
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    #[inline]
    fn insert(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }

    #[inline]
    fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter()
    }

    fn union(&self, other: &Self) -> Self {
        Map(self.0.clone().union(other.0.clone()))
    }

    fn equal(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

struct Ours;

impl Family for Ours {
    type Map<K, V, S>
        = Map<K, V, S>
    where
        K: Hash + Ord + Clone + Debug + Send + Sync + 'static,
        V: Clone + Debug + PartialEq + Send + Sync + 'static,
        S: BuildHasher + Clone + Default + Send + Sync + 'static;
}

/// The contender: `collections::HashMap`.
#[inline(never)]
pub fn contender() -> Contender {
    scenarios::persistent_map::contender::<Ours>(About {
        name: "bucket_trie",
        role: Role::Optimized,
        summary: "collections::HashMap: an 8-way hash trie of buckets with an append buffer shared by versions.",
        source: "this repository, collections/src/map",
        analysis: "",
        complexity: &[
            ("insert_unshared", Growth::Logarithmic),
            ("insert_shared", Growth::Logarithmic),
            ("get_hit", Growth::Logarithmic),
            ("get_miss", Growth::Logarithmic),
            ("overwrite_shared", Growth::Logarithmic),
            ("remove_unshared", Growth::Logarithmic),
            ("remove_shared", Growth::Logarithmic),
            ("iterate", Growth::Constant),
            ("union", Growth::Logarithmic),
            ("equality", Growth::Logarithmic),
            ("variants_100", Growth::Logarithmic),
        ],
        capabilities: &[Capability::Persistent],
        caveats: &[],
        known_failures: &[],
    })
}

#[cfg(test)]
mod tests {
    use scenarios::Step;
    use scenarios::input::{draws, rng};
    use scenarios::probe::Injected;

    use super::contender;

    #[test]
    fn every_check_of_the_bottleneck_passes() {
        // What probes raise is no news.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() {
                hook(info);
            }
        }));
        let contender = contender();
        for check in contender.bottleneck.checks {
            for trace in 0..check.traces.min(8) {
                let mut rng = rng(check.name, trace as usize);
                let steps: Vec<Step> = draws(&mut rng, check.steps, 1 << 48)
                    .into_iter()
                    .map(|bits| Step {
                        op: bits as u8,
                        a: (bits >> 8) as u16,
                        b: (bits >> 24) as u16,
                        version: (bits >> 40) as u8,
                    })
                    .collect();
                if let Err(mismatch) = (contender.replay)(check, &steps) {
                    panic!("{}, trace {trace}: {mismatch}", check.name);
                }
            }
        }
    }
}
