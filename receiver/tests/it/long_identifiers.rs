//! Identifiers as long as a body: they are stored whole, and cut where they are shown in a line or a table.

use serde_json::{Value, json};

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

#[test]
fn an_identifier_of_megabytes_is_cut_in_lines_and_tables() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/hooks\"\nname = \"hooks\"\n");
    for (case, flow, step) in [
        ("flow", "F".repeat(3 << 20), "S".to_owned()),
        ("step", "F".to_owned(), "ü".repeat(1 << 20)),
        ("both, escaped", "\u{1b}".repeat(100_000), "\u{202e}".repeat(100_000)),
    ] {
        let message = json!({
            "trigger": "stepCompleted",
            "flow": {"flowIdentifier": flow},
            "step": {"stepIdentifier": step, "fields": []},
        });
        let seen = receiver.log().len();
        let id = answer(receiver.address, post("/hooks", "", message.to_string())).json()["id"].clone();
        let id = id.as_str().unwrap();
        receiver.logged(seen, id);
        let log = receiver.log();
        let line = log.lines().find(|line| line.contains(id)).unwrap();
        let parsed: Value = serde_json::from_str(line).unwrap();
        for (name, whole) in [("flow", &flow), ("step", &step)] {
            let characters = parsed[name].as_str().unwrap().chars().count();
            assert_eq!(characters, whole.chars().count().min(201), "{case}: {name}");
        }
        // An escaped character takes six.
        for (command, most) in [(&["messages", "list", "-n", "1"][..], 4 << 10), (&["messages", "show", id], 4 << 10)] {
            let output = receiver.command(command);
            let text = String::from_utf8(output.stdout).unwrap();
            let shown = text.lines().take_while(|line| !line.is_empty()).map(str::len).max().unwrap();
            assert!(shown < most, "{case}, {command:?}: {shown}");
        }
        let exported = receiver.exported();
        assert_eq!(exported.last().unwrap()["flow"].as_str().unwrap(), flow, "{case}");
    }
}
