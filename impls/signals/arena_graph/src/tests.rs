//! What the lab's checks do not reach.
