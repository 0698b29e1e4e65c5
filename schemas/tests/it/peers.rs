//! The same data, used from two other languages: the scripts of `tests/peers/`.

use std::process::Command;

fn run(program: &str, script: &str) {
    let script = format!("{}/tests/peers/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(program).arg(&script).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}:\n{shown}");
}

#[test]
#[ignore = "needs node, and npm install in schemas/tests/peers"]
fn schemas_and_vectors_hold_in_node() {
    run("node", "schemas.mjs");
    run("node", "vectors.mjs");
}

#[test]
#[ignore = "needs python3 with schemas/tests/peers/requirements.txt"]
fn schemas_and_vectors_hold_in_python() {
    run("python3", "schemas.py");
    run("python3", "vectors.py");
}

#[test]
#[ignore = "needs python3 with schemas/tests/peers/requirements.txt"]
fn the_openapi_file_is_valid() {
    run("python3", "openapi.py");
}
