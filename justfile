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

# Build the documentation.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Everything that has to hold before a change lands; installs what it needs.
ci:
    bash .ci/run

# Measure the receiver beside the usual alternatives (wants wrk and taskset; nginx, webhook, node and python3 if there).
bench *OPTIONS:
    cargo build --release --locked -p receiver -p sender --bins --example bare-axum --example usual-axum
    npm install --prefix target/peers express@5 --no-audit --no-fund --silent || true
    python3 -m venv target/peers && target/peers/bin/pip install --quiet fastapi 'uvicorn[standard]' || true
    python3 receiver/benches/against_the_usual.py {{OPTIONS}}
