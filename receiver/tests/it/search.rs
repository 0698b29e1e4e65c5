//! Queries at the command line: the same terms as options and as a query, and errors that show their place.

use std::{
    collections::BTreeSet,
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use schemas::Sample;
use serde_json::{Value, json};

use crate::{
    commands::shown,
    support::{
        program::{BINARY, Receiver},
        raw_client::{PATIENCE, answer, post},
        teams::{Reply, Teams},
    },
};

/// Messages of the table of terms, by a letter each: where it is sent, and its body.
fn messages() -> [(char, &'static str, String); 5] {
    let message = |sample: &str, flow: &str, subject: &str| -> Value {
        let mut body: Value = serde_json::from_slice(Sample::find(sample).unwrap().body).unwrap();
        body["flow"]["flowIdentifier"] = flow.into();
        body["flow"]["subject"] = subject.into();
        body
    };
    let set_up = "step-completed-customer-set-up";
    let mut broken = message("step-completed-minimal", "B-22", "Rockets for Coyote");
    broken["trigger"] = json!("unknown");
    [
        ('a', "/hooks", message(set_up, "A-1", "Anvils for Acme").to_string()),
        ('b', "/hooks", broken.to_string()),
        ('c', "/hooks", message("step-completed-minimal", "B-2", "Acme, for anvils").to_string()),
        ('d', "/other", message("step-created-minimal", "D-4", "Dynamite").to_string()),
        ('e', "/capture", r#"{"clientSecret":"canary","anything":["Zebra crossing"]}"#.to_owned()),
    ]
}

/// The letters of messages as JSON.
fn letters<'v>(messages: impl IntoIterator<Item = &'v Value>) -> String {
    let letter = |message: &Value| match message["flow"].as_str() {
        Some(flow) => ["A-1", "B-22", "B-2", "D-4"]
            .iter()
            .position(|it| *it == flow)
            .map(|it| [b'a', b'b', b'c', b'd'][it] as char)
            .unwrap(),
        None => 'e',
    };
    messages.into_iter().map(letter).collect::<BTreeSet<char>>().into_iter().collect()
}

fn lines(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn send(receiver: &Receiver, (_, path, body): &(char, &str, String)) -> String {
    let answer = answer(receiver.address, post(path, "", body));
    assert_eq!(answer.status, 200);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// `a` is accepted by the destination, `b` refused, and `c` waits.
fn receiver() -> (Receiver, Teams) {
    let teams = Teams::start(|_, got| match got.text() {
        text if text.contains("A-1") => Reply::accepted(),
        text if text.contains("B-22") => Reply::status(404),
        _ => Reply::status(503),
    });
    let toml = format!(
        "[[endpoint]]\npath = \"/hooks\"\nname = \"hooks\"\n\
         [[endpoint.destination]]\nname = \"partner\"\ntype = \"http\"\nurl = \"http://{}/\"\n\
         [[endpoint]]\npath = \"/other\"\nname = \"other\"\n\
         [[endpoint]]\npath = \"/capture\"\nname = \"capture\"\ncapture = true\n\
         authentication = {{ type = \"client-secret\", secret = \"file:secret\" }}\n",
        teams.address
    );
    (Receiver::start_with("canary", "password", &toml), teams)
}

/// Each term, the messages that match, and those that match its negation if it can be negated.
const TERMS: [(&str, &str, Option<&str>); 28] = [
    ("endpoint:hooks", "abc", Some("de")),
    ("endpoint:ho*", "abc", Some("de")),
    ("trigger:stepCompleted", "ac", Some("bde")),
    ("flow:B-2", "c", Some("abde")),
    ("flow:B-2*", "bc", Some("ade")),
    ("step:\"New Customer (Debtor) Form\"", "a", Some("bcde")),
    ("step:\"New Customer\"*", "a", Some("bcde")),
    ("is:holds", "acd", Some("be")),
    ("is:broken", "b", Some("acde")),
    ("is:captured", "e", Some("abcd")),
    ("clause:MSG-3", "b", Some("acde")),
    ("since:1h", "abcde", None),
    ("until:1h", "", None),
    ("size:<100", "e", Some("abcd")),
    ("id:ID", "b", Some("acde")),
    ("field:\"credit LIMIT\"", "a", Some("bcde")),
    ("field:Acme", "", Some("abcde")),
    ("acme", "ac", None),
    ("ANVILS acme", "ac", None),
    ("\"anvils for\"", "a", None),
    ("\"for anvils\" -is:broken", "c", None),
    ("zebra", "e", None),
    // The log does not know these.
    ("is:repeated", "d", Some("abce")),
    ("arrivals:2", "d", Some("abce")),
    ("relay:waiting", "c", Some("abde")),
    ("relay:accepted", "a", Some("bcde")),
    ("relay:dead", "b", Some("acde")),
    ("relay:partner", "abc", Some("de")),
];

#[test]
fn every_term_and_its_negation_choose_the_same_messages_in_every_command() {
    let (receiver, _teams) = receiver();
    let messages = messages();
    let ids: Vec<_> = messages.iter().map(|message| send(&receiver, message)).collect();
    send(&receiver, &messages[3]);
    let listed = |query: &str| {
        let output = receiver.command(&["messages", "list", "--output", "json", query]);
        assert!(output.status.success(), "{query}: {}", shown(&output));
        letters(&serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap())
    };
    let began = Instant::now();
    while ["relay:accepted", "relay:dead", "relay:waiting"].map(listed) != ["a", "b", "c"] {
        assert!(began.elapsed() < PATIENCE, "{}", receiver.log());
    }
    let mut tails = Vec::new();
    for (term, expected, negated) in TERMS {
        let term = term.replace("ID", &ids[1]);
        let both = [(term.clone(), Some(expected)), (format!(" -{term}"), negated)];
        for (query, expected) in both.into_iter().filter_map(|(query, expected)| Some((query, expected?))) {
            assert_eq!(listed(&query), expected, "list {query}");
            let output = receiver.command(&["messages", "export", &query]);
            if ["repeated", "arrivals", "relay"].iter().any(|word| query.contains(word)) {
                assert!(shown(&output).contains("needs the index"), "export {query}: {}", shown(&output));
                continue;
            }
            assert!(output.status.success(), "export {query}: {}", shown(&output));
            assert_eq!(letters(&lines(&output.stdout)), expected, "export {query}");
            if !expected.is_empty() && !query.contains("id:") {
                tails.push((tail(&receiver, &query, 2 * expected.len()), query, expected));
            }
        }
    }
    // Whenever a tail began, what it has seen by its end has each message twice.
    while tails.iter_mut().any(|(tail, ..)| tail.try_wait().unwrap().is_none()) {
        messages.iter().for_each(|message| drop(send(&receiver, message)));
        assert!(began.elapsed() < PATIENCE * 2);
    }
    for (tail, query, expected) in tails {
        let output = tail.wait_with_output().unwrap();
        assert_eq!(letters(&lines(&output.stdout)), expected, "tail {query}");
    }
}

fn tail(receiver: &Receiver, query: &str, limit: usize) -> Child {
    Command::new(BINARY)
        .args(["messages", "tail", "--output", "json", "--limit", &limit.to_string(), query, "--config"])
        .arg(receiver.folder().join("receiver.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn options_mean_the_same_as_terms() {
    let (receiver, _teams) = receiver();
    messages().iter().for_each(|message| drop(send(&receiver, message)));
    for command in [&["messages", "export"][..], &["messages", "list", "--output", "json"]] {
        for (arguments, expected) in [
            (&[][..], "abcde"),
            (&["--flow", "B-2"], "c"),
            (&["--endpoint", "hooks", "flow:B-2*"], "bc"),
            (&["--since", "yesterday"], "abcde"),
            (&["--until", "2h"], ""),
            (&["trigger:step-completed", "--flow", "A-1"], "a"),
            (&["anvils", "--step", "New Customer (Debtor) Form"], "a"),
        ] {
            let output = receiver.command(&[command, arguments].concat());
            assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
            let found = match command {
                ["messages", "export"] => lines(&output.stdout),
                _ => serde_json::from_slice(&output.stdout).unwrap(),
            };
            assert_eq!(letters(&found), expected, "{command:?} {arguments:?}");
        }
    }
}

#[test]
fn a_search_that_ends_early_shows_where_to_continue() {
    let (receiver, _teams) = receiver();
    messages().iter().for_each(|message| drop(send(&receiver, message)));
    let list = |arguments: &[&str]| receiver.command(&[&["messages", "list"], arguments].concat());
    let found = |output: &Output| letters(&serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap());
    // The time is up after the first message that was looked at.
    for (query, before, after) in [("", "e", "abcd"), ("size:1", "", "")] {
        let output = list(&[query, "--timeout", "0s", "--output", "json"]);
        assert!(output.status.success(), "{}", shown(&output));
        assert_eq!(found(&output), before, "{query}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        let (text, position) = stderr.trim_end().split_once("; continue with --before ").unwrap();
        assert!(text.starts_with("warning: stopped after 0ns, and searched back to 2"), "{stderr}");
        assert_eq!(found(&list(&[query, "--before", position, "--output", "json"])), after, "{query}");
    }
    let output = list(&["size:1", "--timeout", "0s"]);
    assert!(output.stdout.starts_with(b"No messages since 2"), "{}", shown(&output));
}

#[test]
fn a_wrong_query_is_shown_with_its_place() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    for (name, arguments) in [
        ("search_unknown_key", &["list", "flow:FLOW-604 enpoint:hooks"][..]),
        ("search_open_quote", &["tail", "field:\"Credit limit"]),
        ("search_negated_query", &["list", "-is:holds"]),
        ("search_option_against_query", &["export", "flow:FLOW-1", "--flow", "FLOW-2"]),
        ("search_needs_index", &["export", "arrivals:>1"]),
        ("search_negated_text", &["list", "flow:FLOW-1 -word"]),
        ("search_unknown_destination", &["list", "relay:acepted"]),
    ] {
        let output = receiver.command(&[&["messages"], arguments].concat());
        insta::assert_snapshot!(name, shown(&output));
    }
}
