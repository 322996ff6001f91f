//! What the measured regions of code of both bottlenecks work on: regions of memory, and versions of them.

use super::{Place, Reader, SharedError, Writer};
use crate::case::Observed;
use crate::contender::{Capability, Request};
use crate::input::copies;

/// About how many entries are copied together by a contender that copies everything for each version or snapshot.
const COPIED_ENTRIES: usize = 200_000;

/// How many steps a region takes each of which makes a version or takes a snapshot. A contender that copies everything for
/// it takes fewer: the cost per step is what is compared.
pub(crate) fn steps(request: Request, steps: usize) -> usize {
    if request.can(Capability::CopiesWhole) { (COPIED_ENTRIES / request.size).clamp(4, steps) } else { steps }
}

/// How many regions a small scenario works on, one after the other. Each takes descriptors and addresses, so there are
/// fewer than [copies](crate::input::copies) of other structures.
pub(crate) fn regions(size: usize) -> usize {
    copies(size).min(16)
}

/// The capacity of a region for so many entries. It is far more than the region needs: a file without content takes no
/// memory.
pub(crate) fn capacity(size: usize) -> u64 {
    (32 << 20) + size as u64 * 512
}

/// A writer and a reader of one region, in one process.
pub(crate) struct Region<W: Writer> {
    pub(crate) writer: W,
    pub(crate) reader: W::Reader,
}

/// The snapshots of a region's reader.
pub(crate) type SnapshotOf<W> = <<W as Writer>::Reader as Reader>::Snapshot;

impl<W: Writer> Region<W> {
    /// An empty region for so many entries.
    pub(crate) fn empty(size: usize) -> Self {
        let region = || -> Result<Self, SharedError> {
            let writer = W::create(Place::Private, capacity(size))?;
            let reader = writer.reader()?;
            Ok(Region { writer, reader })
        };
        region().unwrap_or_else(|error| panic!("cannot create a region: {error}"))
    }

    /// Publishes what `fill` does.
    pub(crate) fn filled(size: usize, fill: impl FnOnce(&mut W) -> Result<(), SharedError>) -> Self {
        let mut region = Self::empty(size);
        let published = fill(&mut region.writer).and_then(|()| region.writer.publish());
        published.unwrap_or_else(|error| panic!("cannot fill a region: {error}"));
        region
    }

    pub(crate) fn latest(&self) -> SnapshotOf<W> {
        self.reader.latest().unwrap_or_else(|error| panic!("cannot take a snapshot: {error}"))
    }
}

/// A region, and the snapshot that is read.
pub(crate) type Held<W> = (Region<W>, SnapshotOf<W>);

/// Takes the snapshot.
pub(crate) fn held<W: Writer>(region: Region<W>) -> Held<W> {
    let snapshot = region.latest();
    (region, snapshot)
}

/// What a region that keeps versions works on.
pub(crate) struct Versions<W: Writer> {
    pub(crate) region: Region<W>,
    /// How many bytes of the region are in use with one version.
    pub(crate) before: Option<u64>,
    pub(crate) kept: Vec<SnapshotOf<W>>,
}

impl<W: Writer> Versions<W> {
    /// A region of which nothing is kept yet, with room for so many snapshots.
    pub(crate) fn of(region: Region<W>, versions: usize) -> Self {
        let before = region.writer.region_bytes();
        Versions { region, before, kept: Vec::with_capacity(versions) }
    }
}

/// The bytes of the region that are in use for each of `count`, beyond those that were in use before.
pub(crate) fn region_bytes(
    name: &'static str,
    writer: &impl Writer,
    before: Option<u64>,
    count: usize,
) -> Observed {
    let bytes = writer.region_bytes().zip(before);
    bytes
        .map(|(bytes, before)| (name, bytes.saturating_sub(before) as f64 / count as f64))
        .into_iter()
        .collect()
}
