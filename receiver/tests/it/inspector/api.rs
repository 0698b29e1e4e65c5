//! The JSON API.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Inspected, SECRET};
use crate::support::raw_client::{Answer, PATIENCE, answer, post};

const ENDPOINTS: &str = r#"
    [[endpoint]]
    path = "/none"
    [[endpoint.destination]]
    name = "copies"
    type = "file"
    path = "copies.jsonl"
    [[endpoint]]
    path = "/secret"
    name = "secret"
    authentication = { type = "client-secret", secret = "file:secret" }
"#;
/// With two stored and relayed messages, one of which arrived twice and breaks the contract, and a refused request.
fn filled() -> Inspected {
    let inspected = Inspected::start(ENDPOINTS);
    let sample = schemas::Sample::find("step-completed-customer-set-up").unwrap();
    let address = inspected.receiver.address;
    assert_eq!(answer(address, post("/none", "", sample.body)).status, 200);
    for _ in 0..2 {
        assert_eq!(answer(address, post("/none", "", r#"{"trigger":"stepCreated"}"#)).status, 200);
    }
    assert_eq!(answer(address, post("/secret", "", format!(r#"{{"clientSecret":" {SECRET}"}}"#))).status, 403);
    let is_whole = |inspected: &Inspected| {
        let messages = &get(inspected, "/messages")["messages"];
        messages[0]["arrivals"] == 2
            && messages[1].is_object()
            && get(inspected, "/refused")["refused"][0]["nearMiss"].is_object()
            && get(inspected, "/relays")["destinations"][0]["accepted"] == 3
            && get(inspected, "/overview")["sizes"]["relayLagBytes"] == 0
    };
    let began = Instant::now();
    while !is_whole(&inspected) {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    inspected
}

fn asked(inspected: &Inspected, path: &str) -> Answer {
    inspected.get(&format!("/api/v1{path}"))
}

fn get(inspected: &Inspected, path: &str) -> Value {
    let answer = asked(inspected, path);
    let body = String::from_utf8_lossy(&answer.body);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

fn problem(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["status"], answer.status);
    problem
}

/// The value with what differs from run to run replaced by its type.
fn stable(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let replaced = |(name, value): (&String, &Value)| {
                let word = match name.as_str() {
                    "id" | "requestId" => "ID",
                    "at" | "receivedAt" | "first" | "last" | "lastMessage" | "lastRefused" | "lastAccepted"
                        if value.is_string() =>
                    {
                        "TIME"
                    }
                    "peer" => "PEER",
                    "position" | "indexed" | "logEnd" | "readUpTo" => "POSITION",
                    "seconds" | "acceptedPerSecond" | "refusedPerSecond" | "medianSeconds" | "p99Seconds" => "RATE",
                    "logBytes" | "indexBytes" | "freeBytes" | "queueBytes" | "queueLimitBytes" => "BYTES",
                    "indexLagBytes" | "relayLagBytes" => "BYTES",
                    _ => return (name.clone(), stable(value)),
                };
                (name.clone(), word.into())
            };
            members.iter().map(replaced).collect()
        }
        Value::Array(items) => items.iter().map(stable).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_answers_have_what_the_pages_show() {
    let inspected = filled();
    let id = get(&inspected, "/messages")["messages"][0]["id"].as_str().unwrap().to_owned();
    let refused = get(&inspected, "/refused")["refused"][0]["requestId"].as_str().unwrap().to_owned();
    let paths = [
        "/overview".to_owned(),
        "/endpoints".to_owned(),
        "/messages".to_owned(),
        format!("/messages/{id}"),
        "/refused".to_owned(),
        "/refused/summary".to_owned(),
        format!("/refused/{refused}"),
        "/relays".to_owned(),
        "/relays/dead-letters".to_owned(),
    ];
    let answers = paths.map(|path| {
        let value = stable(&get(&inspected, &path));
        format!("GET {}\n{value:#}\n", path.replace(&id, "ID").replace(&refused, "ID"))
    });
    insta::assert_snapshot!("api_answers", answers.join("\n"));
    let retry = format!("POST /api/v1/relays/copies/retry HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", inspected.head());
    assert_eq!(answer(inspected.address, retry).body, b"{\"due\":0,\"unconfigured\":0}\n");
    let raw = asked(&inspected, &format!("/messages/{id}/raw"));
    assert_eq!(raw.body, br#"{"trigger":"stepCreated"}"#);
    assert_eq!(raw.header("content-type"), Some("application/octet-stream"));
    assert_eq!(raw.header("content-disposition"), Some(format!("attachment; filename=\"{id}.json\"").as_str()));
    let everything = [asked(&inspected, "/refused").body, asked(&inspected, &format!("/refused/{refused}")).body];
    assert!(everything.iter().all(|body| !String::from_utf8_lossy(body).contains("canary")));
}

#[test]
fn messages_are_searched_and_paged_in_both_directions() {
    let inspected = filled();
    let found = |path: &str| {
        let list = get(&inspected, path);
        (list["messages"].as_array().unwrap().iter().map(|it| it["position"].clone()).collect::<Vec<_>>(), list)
    };
    let (all, list) = found("/messages");
    assert_eq!((all.len(), &list["next"]), (2, &Value::Null));
    assert!(all[0].as_u64() > all[1].as_u64(), "the newest first");
    let (first, list) = found("/messages?limit=1");
    assert_eq!(first, all[..1]);
    let (second, list) = found(&format!("/messages?limit=1&before={}", list["next"]));
    assert_eq!((second.as_slice(), &list["next"]), (&all[1..], &Value::Null));
    let (later, _) = found(&format!("/messages?after={}", all[1]));
    assert_eq!(later, all[..1]);
    for (query, expected) in [
        ("is:broken", &all[..1]),
        ("-is:broken", &all[1..]),
        ("flow:FLOW-*", &all[1..]),
        ("flow:none", &[]),
        ("acme", &all[1..]),
        ("since:1h%20is:repeated", &all[..1]),
    ] {
        assert_eq!(found(&format!("/messages?q={query}")).0, expected, "{query}");
    }
}

#[test]
fn a_problem_names_what_is_wrong_and_where() {
    let inspected = filled();
    let problems = [
        "/messages?q=%E6%B0%B4%20flwo:FLOW-604",
        "/messages?limit=0",
        "/messages?limit=many",
        "/messages?befor=1",
        "/messages?before=-1",
        "/messages?limit=1&limit=2",
        "/messages?q=%ff",
        "/messages/01a20d99-354b-7356-9c1a-3d665519b723",
        "/messages/none/raw",
        "/messages/0",
        "/refused?code=not-jsn",
        "/refused?since=yesteday",
        "/refused/01a20d99",
        "/relays?verbose",
        "/nothing",
    ]
    .map(|path| format!("GET {path}\n{:#}\n", problem(&asked(&inspected, path))));
    insta::assert_snapshot!("api_problems", problems.join("\n"));
    for (method, path, status) in
        [("POST", "/messages", 405), ("GET", "/relays/teams/retry", 405), ("POST", "/relays/teams/retry", 404)]
    {
        let request = format!("{method} /api/v1{path} HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", inspected.head());
        let answer = answer(inspected.address, request);
        assert_eq!(problem(&answer)["status"], status, "{method} {path}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{method} {path}");
    }
}

#[test]
#[ignore = "needs python3 with schemas/tests/peers/requirements.txt"]
fn the_api_keeps_to_its_description() {
    let inspected = filled();
    let folder = inspected.folder.path();
    // The password is not on the command line, where every user of the machine could read it. No schema describes the
    // grammar of a query, so the server rightly refuses many of those that are tried.
    let settings = r#"
        headers = { Authorization = "Bearer ${INSPECTOR_PASSWORD}" }
        [parameters]
        "path.name" = "copies"
        [[operations]]
        include-name = "GET /messages"
        checks.positive_data_acceptance.enabled = false
    "#;
    fs::write(folder.join("schemathesis.toml"), settings).unwrap();
    let url = format!("http://{}/api/v1", inspected.address);
    let output = Command::new("schemathesis")
        .args(["run", &format!("{url}/openapi.yaml"), "--url", &url])
        .args(["--max-examples", "100", "--max-time", "30", "--generation-deterministic", "--no-color"])
        .current_dir(folder)
        .env("INSPECTOR_PASSWORD", &inspected.password)
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.join("hypothesis"))
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    assert!(!report.contains(&inspected.password));
}
