//! Queries at the command line: the same terms as options and as a query, and errors that show their place.

use std::fs;

use tempfile::TempDir;

use crate::{
    commands::{run, shown},
    support::{
        program::Receiver,
        raw_client::{Raw, answer, post},
    },
};

#[test]
fn a_query_and_the_options_choose_the_same_messages() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\nname = \"hooks\"\n");
    for flow in ["FLOW-1", "FLOW-21", "FLOW-22"] {
        let body =
            format!(r#"{{"trigger":"stepCompleted","flow":{{"flowIdentifier":"{flow}"}},"step":{{"fields":[]}}}}"#);
        let mut raw = Raw::connect(receiver.address);
        raw.send(post("/none", "", body));
        assert_eq!(raw.answer().unwrap().status, 200);
    }
    let flows = |arguments: &[&str]| {
        let output = receiver.command(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        ["FLOW-1\"", "FLOW-21", "FLOW-22"].map(|flow| text.contains(flow))
    };
    for command in [&["messages", "export"][..], &["messages", "list", "--output", "json"]] {
        let with = |more: &[&'static str]| flows(&[command, more].concat());
        assert_eq!(with(&[]), [true, true, true]);
        assert_eq!(with(&["flow:FLOW-21"]), [false, true, false]);
        assert_eq!(with(&["flow:FLOW-21"]), with(&["--flow", "FLOW-21"]));
        assert_eq!(with(&["endpoint:hooks since:2h until:9999-01-01"]), [true, true, true]);
        assert_eq!(with(&["--since", "yesterday"]), [true, true, true]);
        assert_eq!(with(&["--until", "2h"]), [false, false, false]);
        assert_eq!(with(&["trigger:step-completed", "--flow", "FLOW-1"]), [true, false, false]);
    }
    assert_eq!(flows(&["messages", "export", "flow:FLOW-2* -flow:FLOW-21 is:broken"]), [false, false, true]);
    assert_eq!(flows(&["messages", "export", " -flow:FLOW-1"]), [false, true, true]);
    let listed = |query| flows(&["messages", "list", "--output", "json", query]);
    assert_eq!(listed("flow:FLOW-2* -flow:FLOW-21 is:broken"), [false, false, true]);
    assert_eq!(listed("\"flow 21\""), [false, true, false]);
    assert_eq!(listed("flow"), [true, true, true]);
    assert_eq!(listed("is:repeated"), [false, false, false]);
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
        ("search_needs_relay", &["list", "relay:dead"]),
    ] {
        let output = receiver.command(&[&["messages"], arguments].concat());
        insta::assert_snapshot!(name, shown(&output));
    }
}

#[test]
fn an_index_that_is_rebuilt_finds_the_same() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &[]);
    for subject in ["Anvils for the Coyote", "Rockets, again", "Anvils, again", "Anvils, again"] {
        let body = format!(
            r#"{{"trigger":"stepCompleted","flow":{{"flowIdentifier":"FLOW-1","subject":"{subject}"}},"step":{{"fields":[{{"name":"Remarks","value":"délivré"}}]}}}}"#
        );
        assert_eq!(answer(receiver.address, post("/none", "", body)).status, 200);
    }
    assert!(receiver.terminate().success());
    let index = folder.path().join("data/index.sqlite");
    let list = |query: &str| {
        let arguments = ["messages", "list", "--output", "json", "--config", "receiver.toml", query];
        let output = run(&folder, &arguments);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)))
    };
    let queries =
        ["anvils", "\"anvils again\"", "field:remarks delivre", "is:repeated", "clause:MSG-5", "coyote -flow:FLOW-2"];
    let before = queries.map(list);
    let counts = before.each_ref().map(|found| found.as_array().unwrap().len());
    assert_eq!(counts, [2, 1, 3, 1, 3, 1]);
    assert!(run(&folder, &["reindex", "--config", "receiver.toml"]).status.success());
    assert_eq!(queries.map(list), before, "after `reindex`");
    fs::write(&index, "no database".repeat(1000)).unwrap();
    assert_eq!(queries.map(list), before, "after damage");
    fs::remove_file(&index).unwrap();
    assert_eq!(queries.map(list), before, "after it was deleted");
}
