//! What a small map must hold: that of [`persistent_map`](crate::persistent_map), because the contract is the same.

pub(super) use crate::persistent_map::oracle::{ABSENT, ids_digest, value_of};
