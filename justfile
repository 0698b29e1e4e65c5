# The commands of .ci/run, one by one. `just ci` runs all of it, the tests that want another program included.

# List the recipes.
default:
    @just --list

# Format every crate.
fmt:
    cargo fmt --all

# Lint, also the receiver as a library.
clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo clippy -p receiver --no-default-features --lib --locked -- -D warnings

# Run the tests that need nothing but cargo.
test:
    cargo test --workspace

# Build the receiver as one static program, as a release has it, and print where it is.
static:
    packaging/build-static

# How soon the receiver listens, how much memory it takes, how large it is.
start-and-size:
    python3 receiver/benches/start_and_size.py "$(packaging/build-static)"

# Build the documentation.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Run the whole catalogue against every defect, and write docs/mutants.md; takes some minutes.
mutants:
    MUTANTS_UPDATE=1 cargo test -p contract-tests --locked --test it mutants

# Fuzz a target of fuzz/fuzz_targets; needs a nightly compiler and `cargo install cargo-fuzz`.
fuzz target seconds="600":
    python3 fuzz/seed
    cargo +nightly fuzz run -s none {{target}} -- -max_total_time={{seconds}} -timeout=10

# What the time of the credential comparison tells, and what slow clients and overload do to honest ones.
attack:
    cargo bench -p receiver --locked --bench timing
    cargo bench -p receiver --locked --bench slow-clients

# Everything that has to hold before a change lands; installs what it needs.
ci:
    bash .ci/run

# Measure the receiver beside the usual alternatives (wants wrk and taskset; nginx, webhook, node and python3 if there).
bench *OPTIONS:
    cargo build --release --locked -p receiver -p sender --bins --example bare-axum --example usual-axum
    npm install --prefix target/peers express@5 --no-audit --no-fund --silent || true
    python3 -m venv target/peers && target/peers/bin/pip install --quiet fastapi 'uvicorn[standard]' || true
    python3 receiver/benches/against_the_usual.py {{OPTIONS}}
