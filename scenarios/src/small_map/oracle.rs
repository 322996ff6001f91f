//! What a small map must hold. The contract is that of [`persistent_map`](crate::persistent_map), and so is the oracle.

pub(super) use crate::persistent_map::oracle::{ABSENT, ids_digest, value_of};
