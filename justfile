# Bottleneck Lab. `scripts/just RECIPE` runs these from any directory and brings its own `just`.

set positional-arguments

# What the project installed for itself comes first.
export PATH := justfile_directory() / ".tools/bin:" + env("PATH")

# Flags from outside, `-Ctarget-cpu=native` above all, would make instruction counts incomparable.
export RUSTFLAGS := ""

just := quote(just_executable()) + " --justfile " + quote(justfile())
lab := "cargo run --release --quiet --package lab --bin lab -- --root " + quote(justfile_directory())

# List the recipes.
@default:
    {{ just }} --list --unsorted

# Measure everything at the default sizes, and write the report.
[group('measure')]
[no-exit-message]
bench-all *ARGS: _valgrind _build
    @{{ lab }} run --profile default "$@"

# Measure three small sizes: a first look in minutes.
[group('measure')]
[no-exit-message]
bench-quick *ARGS: _valgrind _build
    @{{ lab }} run --profile quick "$@"

# Measure up to the largest sizes.
[group('measure')]
[no-exit-message]
bench-full *ARGS: _valgrind _build
    @{{ lab }} run --profile full "$@"

# Write the report of the newest record again.
[group('measure')]
[no-exit-message]
report *ARGS: _build
    @{{ lab }} report "$@"

# Remove every run: records, reports, and what was built to compare with.
[group('measure')]
clean-runs:
    rm -rf target/lab

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

# Check; where the baseline is of another machine, against the previous commit (or LAB_BASE).
[group('gate')]
[no-exit-message]
gate *ARGS: _valgrind _build
    @scripts/gate "$@"

# Replay every contender against its oracle.
[group('trust')]
[no-exit-message]
verify *ARGS: _build
    @{{ lab }} verify "$@"

# Replay random traces for so many seconds: `fuzz 600 --bottleneck persistent_map`.
[group('trust')]
[no-exit-message]
fuzz SECONDS *ARGS: _build
    @{{ lab }} verify --for "$@"

# Measure every cell twice; any difference is an error.
[group('trust')]
[no-exit-message]
self-test *ARGS: _valgrind _build
    @{{ lab }} self-test "$@"

# Count the same cells with gungraun, and print the differences.
[group('trust')]
[no-exit-message]
cross-check *ARGS: _valgrind setup-gungraun _build
    @{{ lab }} cross-check "$@"

# Run the tests of the collections, and of contenders that have unsafe code, under memcheck.
[group('trust')]
[no-exit-message]
memcheck *ARGS: _valgrind
    @scripts/memcheck "$@"

# Run the tests of the collections under ThreadSanitizer, Miri (where it is installed) and memcheck.
[group('trust')]
[no-exit-message]
sanitize *ARGS: _valgrind
    @scripts/sanitize "$@"

# Do so many random operations per kind of element on the collections, most of them with a panic on the way.
[group('trust')]
[no-exit-message]
torture OPERATIONS="1000000" SEED="1":
    COLLECTIONS_OPERATIONS={{ quote(OPERATIONS) }} COLLECTIONS_SEED={{ quote(SEED) }} \
        cargo test --release --package collections --test soundness -- --nocapture

# Add a contender: `new persistent_map my_map`.
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
    @scripts/ensure --check valgrind || echo "skipped: whatever needs Valgrind"
    @scripts/ensure --check chromium || echo "skipped: the report in a browser (scripts/just setup-browser)"

# Format the code.
[group('work')]
fmt:
    cargo fmt --all

# Everything that decides CI: format, lints, tests, sanitizers, determinism, gate.
[group('work')]
ci:
    cargo fetch --locked
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
    {{ just }} test --locked
    {{ just }} sanitize
    {{ just }} self-test --profile quick
    {{ just }} gate

# Install the gungraun runner under .tools/, for cross-check.
[group('set-up')]
setup-gungraun:
    @. scripts/versions && scripts/cargo-tool gungraun-runner "$GUNGRAUN"

# Install Chromium with the system's package manager, for the report's browser test.
[group('set-up')]
setup-browser:
    @scripts/ensure chromium

# The lab does without; scripts/ensure has then said what is missing.
_valgrind:
    @scripts/ensure valgrind || true

# `lab` starts `lab-allocations`, which `cargo run` alone would not build.
_build:
    @cargo build --release --package lab --bins
