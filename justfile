# The single commands of .ci/run. `just ci` runs all of it, including the tests that need another program.

# List the recipes.
default:
    @just --list

# Format every crate.
fmt:
    cargo fmt --all

# Lint the workspace, and the receiver as a library.
clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo clippy -p receiver --no-default-features --lib --locked -- -D warnings

# Run the tests that need only cargo.
test:
    cargo test --workspace

# Build the static release binary of the receiver, and print its path.
static:
    packaging/build-static

# Measure the receiver's start time, memory and size.
start-and-size:
    python3 receiver/benches/start_and_size.py "$(packaging/build-static)"

# Build the documentation.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Run the whole catalogue against every defect, and write docs/mutants.md (takes some minutes).
mutants:
    MUTANTS_UPDATE=1 cargo test -p contract-tests --locked --test it mutants

# Fuzz a target of fuzz/fuzz_targets (needs a nightly compiler and `cargo install cargo-fuzz`).
fuzz target seconds="600":
    python3 fuzz/seed
    cargo +nightly fuzz run -s none {{target}} -- -max_total_time={{seconds}} -timeout=10

# Measure the timing of the credential comparison, and the effect of slow clients and overload on honest ones.
attack:
    cargo bench -p receiver --locked --bench timing
    cargo bench -p receiver --locked --bench slow-clients

# Run all checks that a change must pass; installs what it needs.
ci:
    bash .ci/run

# Compare the receiver with the usual alternatives (needs wrk and taskset; uses nginx, webhook, node and python3 if present).
bench *OPTIONS:
    cargo build --release --locked -p receiver -p sender --bins --example bare-axum --example usual-axum
    npm install --prefix target/peers express@5 --no-audit --no-fund --silent || true
    python3 -m venv target/peers && target/peers/bin/pip install --quiet fastapi 'uvicorn[standard]' || true
    python3 receiver/benches/against_the_usual.py {{OPTIONS}}

# Fill target/fill with MILLIONS of distinct messages and their index (2.4 GB each).
fill millions="10":
    cargo bench -p receiver --locked --bench index -- fill "$PWD/target/fill" {{millions}}

# Search in what `just fill` made.
search-bench:
    cargo bench -p receiver --locked --bench index -- query "$PWD/target/fill"
