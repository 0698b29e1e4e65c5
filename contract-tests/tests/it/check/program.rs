//! The program: its options and its exit codes.

use std::{
    collections::BTreeSet,
    process::{Command, Output, Stdio},
};

use schemas::Schema;
use serde_json::Value;
use wiremock::ResponseTemplate;

use crate::check::endpoint::{closed, mock, mute};

/// What the program wrote, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-contract"));
    command
        .args(arguments)
        .env("SHORT_SECRET", "short-secret")
        .env("LINE_SECRET", "short-secret\n")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn ended(output: Output) -> Ran {
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs the program to its end.
pub(crate) fn ran(arguments: &[&str]) -> Ran {
    ended(program(arguments).output().unwrap())
}

/// Runs `check` against an endpoint that expects the secret of the variable `SHORT_SECRET`.
pub(crate) fn checked(url: &str, arguments: &[&str]) -> Ran {
    ran(&[&["check", url, "--client-secret", "env:SHORT_SECRET"], arguments].concat())
}

fn report(url: &str, arguments: &[&str]) -> Value {
    let ran = checked(url, &[arguments, &["--report", "json"]].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap();
    let violations = Schema::Report.violations(&report);
    assert!(violations.is_empty(), "{violations:?}");
    report
}

/// A property of all results.
fn all<'a>(report: &'a Value, property: &str) -> BTreeSet<&'a str> {
    report["results"].as_array().unwrap().iter().map(|result| result[property].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_are_as_promised() {
    let (_accepting, accepts) = mock(|_| ResponseTemplate::new(200)).await;
    let (_refusing, refuses) = mock(|_| ResponseTemplate::new(404)).await;
    let (mute, closing) = (mute(false).await, mute(true).await);
    let closed = format!("http://{}/", closed().await);
    for (name, url, arguments, expected) in [
        ("every MUST holds", &accepts, &["--only", "AUTH-3"][..], 0),
        ("a SHOULD fails", &accepts, &["--only", "HTTP-14"], 0),
        ("a SHOULD that counts fails", &accepts, &["--only", "HTTP-14", "--strict"], 1),
        ("a MUST fails", &accepts, &["--only", "AUTH-4"], 1),
        ("the plain message is refused", &refuses, &["--only", "HTTP-14"], 1),
        ("no answer", &mute, &["--timeout", "50ms"], 3),
        ("each connection is closed", &closing, &[], 3),
        ("nothing listens", &closed, &[], 3),
        ("nothing listens in time", &closed, &["--wait-ready", "50ms"], 3),
        ("two credentials", &accepts, &["--no-authentication"], 2),
        ("a literal secret", &accepts, &["--client-secret", "literal-s3cret"], 2),
        ("no such case", &accepts, &["--only", "AUTH-999"], 2),
        ("no duration", &accepts, &["--timeout", "soon"], 2),
        ("no certificates", &accepts.replace("http:", "https:"), &["--ca", "/dev/null"], 2),
        ("no URL", &"hooks".to_owned(), &[], 2),
    ] {
        let ran = checked(url, arguments);
        assert_eq!(ran.code, expected, "{name}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout.is_empty(), expected == 2, "{name}: {}", ran.stdout);
        assert_eq!(ran.stderr.is_empty(), expected != 2, "{name}: {}", ran.stderr);
        assert!(!ran.stderr.contains("literal-s3cret"), "{name}: {}", ran.stderr);
    }
    let basic = ["check", "http://hooks.example.com/", "--username", "jo", "--password", "env:SHORT_SECRET"];
    let plaintext = ran(&basic);
    assert!(plaintext.code == 2 && plaintext.stderr.contains("--allow-plaintext"), "{}", plaintext.stderr);
}

#[test]
fn what_cannot_be_seen_at_the_edges_of_a_credential_is_refused() {
    let jo = ["--username", "jo"];
    for (credential, words) in [
        ([&["--client-secret", "env:LINE_SECRET"][..], &[]].concat(), "env:LINE_SECRET ends with `\\n` (a line end)"),
        ([&jo[..], &["--password", "env:LINE_SECRET"]].concat(), "env:LINE_SECRET ends with `\\n` (a line end)"),
        (vec!["--username", "jo\u{200b}", "--password", "env:SHORT_SECRET"], "the username ends with `\\u{200b}`"),
    ] {
        for command in [&["check", "http://127.0.0.1:9/"][..], &["listen", "--messages", "1"]] {
            let ran = ran(&[command, &credential].concat());
            assert!(ran.code == 2 && ran.stderr.contains(words), "{credential:?}: {}", ran.stderr);
            assert!(!ran.stderr.contains("short-secret"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_client_secret_that_others_on_the_way_can_read_is_warned_of() {
    let secret = ["--client-secret", "env:SHORT_SECRET", "--only", "OPS-3", "--timeout", "10ms"];
    for (url, more, is_warned) in [
        ("http://192.0.2.1/", &[][..], true),
        ("http://192.0.2.1/", &["--allow-plaintext"], false),
        ("http://127.0.0.1:1/", &[], false),
    ] {
        let ran = ran(&[&["check", url], &secret[..], more].concat());
        assert_eq!(
            ran.stderr.contains("warning: the client secret can be read by anyone"),
            is_warned,
            "{}",
            ran.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_choose_what_is_run() {
    let (_server, url) = mock(|_| ResponseTemplate::new(200)).await;
    let musts = report(&url, &["--level", "must", "--only", "HTTP-2*"]);
    assert_eq!(all(&musts, "level"), BTreeSet::from(["must"]));
    let shoulds = report(&url, &["--level", "should", "--only", "HTTP-2*"]);
    assert_eq!(all(&shoulds, "level"), BTreeSet::from(["must", "should"]));
    let some = report(&url, &["--only", "http-1", "--only", "OPS-3", "--skip", "OPS-001"]);
    assert_eq!(all(&some, "clause"), BTreeSet::from(["HTTP-1", "OPS-3"]));
    let left_out = some["results"].as_array().unwrap().iter().filter(|result| result["outcome"] == "skipped");
    assert_eq!(left_out.map(|result| &result["id"]).collect::<Vec<_>>(), ["OPS-001"]);

    let mut runs: Vec<Vec<Vec<u8>>> = Vec::new();
    for seed in ["11", "11", "12"] {
        let (server, url) = mock(|_| ResponseTemplate::new(200)).await;
        let report = report(&url, &["--seed", seed, "--only", "AUTH-3", "--parallel", "1"]);
        assert_eq!(report["seed"].to_string(), seed);
        runs.push(server.received_requests().await.unwrap().into_iter().map(|request| request.body).collect());
    }
    assert!(runs[0] == runs[1], "the same seed makes other requests");
    assert!(runs[0] != runs[2], "another seed makes the same requests");

    let (server, url) = mock(|_| ResponseTemplate::new(200)).await;
    let safe = report(&url, &["--safe", "--strict"]);
    assert_eq!(safe["holds"], Value::Bool(true), "{safe}");
    for request in server.received_requests().await.unwrap() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((request.method.as_str(), &body["clientSecret"]), ("POST", &Value::from("short-secret")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_there_yet_is_waited_for() {
    let address = closed().await;
    let url = format!("http://{address}/hooks");
    let arguments = ["check", &url, "--client-secret", "env:SHORT_SECRET", "--only", "AUTH-3", "--wait-ready", "20s"];
    let child = program(&arguments).spawn().unwrap();
    let listener = std::net::TcpListener::bind(address).unwrap();
    let server = wiremock::MockServer::builder().listener(listener).start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    let ran = ended(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}
