//! Messages kept as fixtures.

use std::{fs, path::Path};

use contract_tests::Listener;
use schemas::Authentication;
use tempfile::TempDir;

use crate::listen::{
    BODY, HOST, JSON, PAIR, PASSWORD, SECRET, basic, client_secret, request, secret_json, standing::Standing,
    with_secret,
};

fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()));
    let mut files: Vec<(String, String)> = read.collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_fixture_is_the_message_without_its_secret() {
    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("new/fixtures");
    let json = secret_json();
    for run in 1..=2 {
        let standing = Standing::start(Listener::new(client_secret()).record(&kept)).await;
        standing.send(&request(&[HOST, JSON, "cookie: session=1"], &with_secret(&json))).await;
        let report = standing.stop().await;
        assert_eq!(files(&kept).len(), 2 * run, "{:?}", report.notices);
    }
    let files = files(&kept);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "0001-stepCompleted.head.json",
            "0001-stepCompleted.json",
            "0002-stepCompleted.head.json",
            "0002-stepCompleted.json"
        ]
    );
    assert_eq!(files[1].1, with_secret("\"<client-secret>\""));
    insta::assert_snapshot!("head", files[0].1);
}

#[tokio::test]
async fn no_fixture_holds_a_credential() {
    let json = secret_json();
    let escaped = json.replace('c', "\\u0063");
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let percent = format!("\"{percent}\"");
    let right = with_secret(&json);
    let basic_header = format!("Authorization: Basic {PAIR}");
    for (name, authentication, message, kept) in [
        ("in a header", client_secret(), request(&[HOST, JSON, &format!("x-secret: {SECRET}")], &right), 2),
        ("in a field", client_secret(), request(&[HOST, JSON], &right.replace("\"v\"", &json)), 0),
        ("in a field, percent-encoded", client_secret(), request(&[HOST, JSON], &right.replace("\"v\"", &percent)), 0),
        ("an unknown key", client_secret(), request(&[HOST, JSON, "x-functions-key: battery-key"], &right), 2),
        ("in a field, escaped", client_secret(), request(&[HOST, JSON], &right.replace("\"v\"", &escaped)), 0),
        ("twice", client_secret(), request(&[HOST, JSON], &with_secret(&format!("{json},\"clientSecret\":{json}"))), 0),
        ("not JSON", client_secret(), request(&[HOST, JSON], &right[..60]), 0),
        ("not configured", Authentication::None, request(&[HOST, JSON, &basic_header], &right), 2),
        (
            "another scheme",
            basic(),
            request(&[HOST, JSON, "authorization: bearer battery-token", "cookie: battery"], BODY),
            2,
        ),
        ("Basic", basic(), request(&[HOST, JSON, &basic_header], BODY), 2),
        (
            "the password in a field",
            basic(),
            request(&[HOST, JSON, &basic_header], &BODY.replace("\"v\"", &format!("\"{PASSWORD}\""))),
            0,
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let standing = Standing::start(Listener::new(authentication).record(folder.path())).await;
        standing.send(&message).await;
        let report = standing.stop().await;
        let files = files(folder.path());
        assert_eq!(files.len(), kept, "{name}: {:?}", report.notices);
        for (file, text) in files {
            for secret in [SECRET, "battery", PAIR, PASSWORD] {
                assert!(!text.contains(secret), "{name}: {file}: {text}");
            }
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn fixtures_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("fixtures");
    let standing = Standing::start(Listener::new(Authentication::None).record(&kept)).await;
    standing.send(&request(&[HOST, JSON], BODY)).await;
    standing.stop().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept), 0o700);
    assert_eq!(mode(&kept.join("0001-stepCompleted.json")), 0o600);
}
