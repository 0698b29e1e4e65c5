//! The relay: a message that was stored is passed on, whatever the other side does.

use std::fs;

use schemas::Sample;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    program::Receiver,
    raw::{answer, post},
    teams::{Reply, Teams},
};

/// What gives access to a Workflow.
const SIG: &str = "canary%2Bsig-9f31";

/// A message of a flow, the `number`th of it.
pub(crate) fn message(flow: &str, number: usize) -> String {
    let mut message: Value = serde_json::from_slice(Sample::find("step-completed-minimal").unwrap().body).unwrap();
    message["flow"]["flowIdentifier"] = flow.into();
    message["step"]["completedAt"] = format!("2026-11-24T08:{:02}:{:02}Z", number / 60 % 60, number % 60).into();
    message["flow"]["subject"] = format!("number {number} of {flow}").into();
    message.to_string()
}

/// A folder with the URL of the stand-in in `teams-url`.
pub(crate) fn folder(teams: &Teams) -> TempDir {
    let folder = TempDir::new().unwrap();
    let url = format!("http://{}/workflows/canary-path/invoke?api-version=1&sig={SIG}\n", teams.address);
    fs::write(folder.path().join("teams-url"), url).unwrap();
    folder
}

pub(crate) fn endpoint(destinations: &str) -> String {
    format!("admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"/hooks\"\n{destinations}")
}

/// A destination `teams` with what else is said of it.
pub(crate) fn to_teams(more: &str) -> String {
    format!("[[endpoint.destination]]\nname = \"teams\"\ntype = \"teams\"\nurl = \"file:teams-url\"\n{more}\n")
}

pub(crate) fn send(receiver: &Receiver, body: &str) -> String {
    let answer = answer(receiver.address, post("/hooks", "", body));
    assert_eq!(answer.status, 200);
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_stored_message_becomes_a_card() {
    let teams = Teams::accepting();
    let folder = folder(&teams);
    let receiver = Receiver::start_in(folder.path(), &endpoint(&to_teams("")), &[]);
    let id = send(&receiver, &message("FLOW-1", 1));
    let got = teams.until_accepted(1);
    assert!(got[0].head.starts_with(&format!("POST /workflows/canary-path/invoke?api-version=1&sig={SIG} ")));
    assert_eq!(got[0].header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(got[0].json()["type"], "message");
    assert!(got[0].text().contains("number 1 of FLOW-1"), "{}", got[0].text());
    receiver.logged(0, &format!("\"message\":\"relayed: accepted (202)\""));
    assert!(receiver.log().contains(&id), "{}", receiver.log());
    let _ = (json!({}), Reply::Close);
}
