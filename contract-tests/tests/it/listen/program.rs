//! The program: exit codes, and what goes to which stream.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use crate::listen::{BODY, HOST, JSON, SECRET, request, secret_json, with_secret};

fn program(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_webhook-contract"))
        .args(["listen", "--color", "never", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .env("LISTEN_TEST_SECRET", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

struct ProcessOutput {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the program, sends it these requests, and waits for its end.
fn run(arguments: &[&str], requests: &[Vec<u8>]) -> ProcessOutput {
    let mut child = program(arguments);
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    lines.read_line(&mut stderr).unwrap();
    if let Some((_, url)) = stderr.split_once("http://") {
        let address = url.split('/').next().unwrap().to_owned();
        for request in requests {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(request).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
    }
    lines.read_to_string(&mut stderr).unwrap();
    let output = child.wait_with_output().unwrap();
    ProcessOutput { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr }
}

#[test]
fn the_exit_code_is_that_of_every_report() {
    let plain = [HOST, JSON];
    let right = request(&plain, BODY);
    let breaks_must = request(&plain, &BODY.replace("stepCompleted", "done"));
    let breaks_should = request(&[JSON], BODY);
    let secret = request(&plain, &with_secret(&secret_json()));
    for (name, arguments, requests, code) in [
        ("all holds", &["--no-authentication", "--messages", "1"][..], vec![right.clone()], 0),
        ("with a secret", &["--client-secret", "env:LISTEN_TEST_SECRET", "--messages", "1"], vec![secret], 0),
        ("a MUST", &["--no-authentication", "--messages", "2"], vec![right.clone(), breaks_must], 1),
        ("a SHOULD", &["--no-authentication", "--messages", "1"], vec![breaks_should.clone()], 0),
        ("a SHOULD that counts", &["--no-authentication", "--messages", "1", "--strict"], vec![breaks_should], 1),
        ("no message", &["--no-authentication", "--for", "50ms"], vec![], 3),
        ("no authentication said", &["--messages", "1"], vec![], 2),
        ("two kinds", &["--no-authentication", "--client-secret", "env:LISTEN_TEST_SECRET"], vec![], 2),
        ("a literal secret", &["--client-secret", "literal-s3cret"], vec![], 2),
        ("a status that does not exist", &["--no-authentication", "--answer", "20"], vec![], 2),
        ("a file in the folder's place", &["--no-authentication", "--record", "/dev/null"], vec![], 2),
    ] {
        let ended = run(arguments, &requests);
        assert_eq!(ended.code, Some(code), "{name}: {}", ended.stderr);
        assert_eq!(ended.stdout.is_empty(), code == 2, "{name}: {}", ended.stdout);
        for text in [SECRET, "battery", "literal-s3cret"] {
            assert!(!ended.stdout.contains(text) && !ended.stderr.contains(text), "{name}: {}", ended.stderr);
        }
    }
}

#[test]
fn a_report_on_stdout_is_alone_there() {
    let ended = run(
        &["--no-authentication", "--messages", "2", "--report", "json"],
        &[request(&[HOST, JSON], BODY), request(&[JSON], BODY)],
    );
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["subject"]["kind"], "sender");
    let violations = schemas::Schema::Report.violations(&report);
    assert!(violations.is_empty(), "{violations:?}");
    let (_, rest) = ended.stderr.split_once('\n').unwrap();
    insta::assert_snapshot!("live", rest);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_with_its_report() {
    let mut child = program(&["--no-authentication"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.split_once("http://").unwrap().1.split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&request(&[HOST, JSON], BODY)).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("keeps the contract"));
}
