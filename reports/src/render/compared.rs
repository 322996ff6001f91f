//! What pages compare over many scenarios.

use crate::metric::Metric;

/// The metrics in which pages compare over many scenarios. The others are told on each scenario's page.
pub const COMPARED: [Metric; 6] =
    [Metric::Instructions, Metric::Atomics, Metric::Blocks, Metric::LiveBytes, Metric::Warm, Metric::Cold];
