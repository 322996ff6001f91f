# Bottleneck Lab. `scripts/just RECIPE` runs these recipes from any directory and installs its own `just` if needed.

set positional-arguments

# Programs that the project installed for itself come first.
export PATH := justfile_directory() / ".tools/bin:" + env("PATH")

# Compiler flags from outside, above all `-Ctarget-cpu=native`, would make instruction counts incomparable.
export RUSTFLAGS := ""

just := quote(just_executable()) + " --justfile " + quote(justfile())
lab := "cargo run --release --quiet --package lab --bin lab -- --root " + quote(justfile_directory())

# List the recipes.
@default:
    {{ just }} --list --unsorted

# Measure everything at the default sizes and write the report.
[group('measure')]
[no-exit-message]
bench-all *ARGS: _valgrind _build
    @{{ lab }} run --profile default "$@"

# Measure small sizes only, for a first look in minutes.
[group('measure')]
[no-exit-message]
bench-quick *ARGS: _valgrind _build
    @{{ lab }} run --profile quick "$@"

# Measure all sizes, up to the largest.
[group('measure')]
[no-exit-message]
bench-full *ARGS: _valgrind _build
    @{{ lab }} run --profile full "$@"

# Write the report of the newest record again.
[group('measure')]
[no-exit-message]
report *ARGS: _build
    @{{ lab }} report "$@"

# Remove all runs: their records, their reports, and the revisions that were built for comparisons. The history stays.
[group('measure')]
clean-runs:
    @[ ! -d target/lab ] || find target/lab -mindepth 1 -maxdepth 1 ! -name history -exec rm -rf {} +

# Compare instructions and allocations with the baseline.
[group('gate')]
[no-exit-message]
check *ARGS: _valgrind _build
    @{{ lab }} check "$@"

# Make the present numbers the baseline.
[group('gate')]
[no-exit-message]
bless *ARGS: _valgrind _build
    @{{ lab }} bless "$@"

# Run `check`; if the baseline is of another machine, compare with the previous commit (or LAB_BASE) instead.
[group('gate')]
[no-exit-message]
gate *ARGS: _valgrind _build
    @scripts/gate "$@"

# Check every contender against its oracle.
[group('trust')]
[no-exit-message]
verify *ARGS: _build
    @{{ lab }} verify "$@"

# Check random traces for a number of seconds: `fuzz 600 --bottleneck persistent_map`.
[group('trust')]
[no-exit-message]
fuzz SECONDS *ARGS: _build
    @{{ lab }} verify --for "$@"

# Measure every cell twice; any difference is an error.
[group('trust')]
[no-exit-message]
self-test *ARGS: _valgrind _build
    @{{ lab }} self-test "$@"

# Count the same cells with gungraun and print the differences.
[group('trust')]
[no-exit-message]
cross-check *ARGS: _valgrind setup-gungraun _build
    @{{ lab }} cross-check "$@"

# Run the tests of the collections, and of contenders that have unsafe code, under memcheck.
[group('trust')]
[no-exit-message]
memcheck *ARGS: _valgrind
    @scripts/memcheck "$@"

# Run the tests of the collections under ThreadSanitizer, Miri (if installed) and memcheck.
[group('trust')]
[no-exit-message]
sanitize *ARGS: _valgrind
    @scripts/sanitize "$@"

# Run random operations on the collections, this many for each kind of element; a panic interrupts most of them.
[group('trust')]
[no-exit-message]
torture OPERATIONS="1000000" SEED="1":
    COLLECTIONS_OPERATIONS={{ quote(OPERATIONS) }} COLLECTIONS_SEED={{ quote(SEED) }} \
        cargo test --release --package persistent-collections --test soundness -- --nocapture

# Compare JSONPath answers with jsonpath-rfc9535 on this many random queries.
[group('trust')]
[no-exit-message]
jsonpath QUERIES="100000" SEED="9535": setup-jsonpath
    JSONPATH_QUERIES={{ quote(QUERIES) }} JSONPATH_SEED={{ quote(SEED) }} cargo test --package json_path \
        --package flat_query-segment_index --package flat_query-direct_walk --package flat_query-materialise \
        random_queries -- --nocapture

# Add a contender, `new persistent_map my_map`, or a bottleneck, `new --bottleneck my_problem`.
[group('work')]
[no-exit-message]
new BOTTLENECK NAME *ARGS: _build
    @{{ lab }} new "$@"

# Run any command of the lab: `lab list`, `lab explain CELL`.
[group('work')]
[no-exit-message]
lab *ARGS: _build
    @{{ lab }} "$@"

# Run every test, documentation examples included.
[group('work')]
test *ARGS: _valgrind
    @scripts/tests/run
    cargo test --workspace --all-features "$@"
    @scripts/ensure --check valgrind || echo "skipped: the tests that need Valgrind"
    @scripts/ensure --check chromium || echo "skipped: the report in a browser (scripts/just setup-browser)"
    @[ -s .tools/axe/axe.min.js ] || echo "skipped: the report's pages under axe-core (scripts/just setup-axe)"
    @[ -x .tools/jsonpath/bin/python ] || echo "skipped: JSONPath beside jsonpath-rfc9535 (scripts/just setup-jsonpath)"

# Format the code.
[group('work')]
fmt:
    cargo fmt --all

# Put the baseline's present figures into the Markdown pages.
[group('work')]
figures:
    LAB_REWRITE_FIGURES=1 cargo test --quiet --package reports --test figures

# Take the README's pictures, docs/report-light.png and docs/report-dark.png, from the newest report.
[group('work')]
[no-exit-message]
picture:
    @scripts/picture

# Run everything that decides CI: format, lints, documentation, tests, sanitizers, determinism, gate.
[group('work')]
[no-exit-message]
ci:
    @scripts/ci

# Build the crates' documentation; a warning is an error.
[group('work')]
documentation:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --locked

# Check the dependencies' licences, sources and advisories (deny.toml) with cargo-deny, if it is installed.
[group('work')]
[no-exit-message]
dependencies:
    @scripts/dependencies

# Check that the oldest supported Rust compiles everything, if rustup has it.
[group('work')]
[no-exit-message]
oldest-rust:
    @scripts/oldest-rust

# Install the gungraun runner under .tools/, for cross-check.
[group('set-up')]
setup-gungraun:
    @. scripts/versions && scripts/cargo-tool gungraun-runner "$GUNGRAUN"

# Install jsonpath-rfc9535 under .tools/, an independent JSONPath in Python with which the tests compare ours.
[group('set-up')]
[no-exit-message]
setup-jsonpath:
    @scripts/python-tool

# Install axe-core under .tools/, with which the report's browser test checks every kind of page for accessibility.
[group('set-up')]
[no-exit-message]
setup-axe:
    @scripts/axe-tool

# Install Chromium with the system's package manager, for the report's browser test and for picture.
[group('set-up')]
setup-browser:
    @scripts/ensure chromium

# Install cargo-deny under .tools/, for dependencies; this takes some minutes.
[group('set-up')]
setup-deny:
    @. scripts/versions && scripts/cargo-tool cargo-deny "$CARGO_DENY"

# The lab works without Valgrind; scripts/ensure says what is missing then.
_valgrind:
    @scripts/ensure valgrind || true

# `lab` starts `lab-allocations`, which `cargo run` alone would not build.
_build:
    @cargo build --release --package lab --bins
