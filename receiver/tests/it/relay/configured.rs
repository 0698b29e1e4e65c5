//! The configuration of destinations: every problem is reported at the start and at a reload, and nothing is applied.

use std::{
    fs,
    path::Path,
    sync::{Mutex, mpsc},
};

use super::{endpoint, folder, message, send, to_http, to_teams};
use crate::support::{program::Receiver, raw_client::PATIENCE, teams::Teams};

const TEMPLATE: &str = "{\n  \"type\": \"AdaptiveCard\",\n  \"version\": \"1.4\",\n  \"body\": [\n    {\"type\": \
                        \"TextBlock\", \"text\": \"mine: {{ flow.subject }}\"}\n  ]\n}\n";

#[test]
fn everything_that_is_wrong_with_destinations_is_said_at_once() {
    let teams = Teams::accepting();
    let folder = folder(&teams);
    fs::write(folder.path().join("broken.jinja"), TEMPLATE.replace("subject", "subjct")).unwrap();
    fs::write(folder.path().join("connector-url"), "https://acme.webhook.office.com/webhookb2/canary\n").unwrap();
    let toml = r#"
        [[endpoint]]
        path = "/hooks"
        [[endpoint.destination]]
        name = "old"
        type = "teams"
        url = "file:connector-url"
        [[endpoint.destination]]
        name = "literal"
        type = "teams"
        url = "https://prod-1.westeurope.logic.azure.com/workflows/canary"
        [[endpoint.destination]]
        name = "broken"
        type = "teams"
        url = "file:teams-url"
        template = "broken.jinja"
        when = "steps.kind == 'approval'"
        budget_bytes = 30000
        rate = "fast"
        [[endpoint.destination]]
        name = "broken"
        type = "file"
        url = "file:teams-url"
        [[endpoint.destination]]
        name = "plain"
        type = "http"
        url = "http://hooks.example/"
        when = "flow.name ="
        authentication = { type = "basic", username = "jo", password = "file:teams-url" }
        retry = { attempts = 0 }
        allow_address = ["everything"]
        [[endpoint.destination]]
        name = "typo"
        type = "file"
        path = "lines.jsonl"
        templat = "a"
    "#;
    fs::write(folder.path().join("receiver.toml"), toml).unwrap();
    let output = std::process::Command::new(crate::support::program::BINARY)
        .args(["check-config", "--config", "receiver.toml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("canary"), "{said}");
    insta::assert_snapshot!("relay_problems", said);
}

#[test]
fn a_template_with_an_error_is_refused_at_the_reload_and_the_one_before_holds() {
    let teams = Teams::accepting();
    let folder = folder(&teams);
    let template = folder.path().join("mine.jinja");
    fs::write(&template, TEMPLATE).unwrap();
    let toml = endpoint(&to_teams("template = \"mine.jinja\"\nrate = \"100/s\""));
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    let seen = receiver.log().len();
    fs::write(&template, TEMPLATE.replace("subject", "subjct")).unwrap();
    receiver.hang_up();
    let seen = receiver.logged(seen, "the new configuration is not applied");
    let log = receiver.log();
    let refused = log.lines().find(|line| line.contains("subjct")).unwrap();
    let template_line = format!("{}:5", template.display());
    for part in [template_line.as_str(), "receiver.toml", "on the sample step-completed-", "did you mean `subject`?"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    send(&receiver, &message("FLOW-1", 1));
    assert!(teams.until_accepted(1)[0].text().contains("mine: number 1"));
    // A corrected one is applied without a restart.
    fs::write(&template, TEMPLATE.replace("mine:", "better:")).unwrap();
    receiver.logged(seen, "it is in force");
    send(&receiver, &message("FLOW-1", 2));
    assert!(teams.until_accepted(2)[1].text().contains("better: number 2"));
}

/// Replaces the configuration after the address and the data folder, and waits until it is in force.
pub(super) fn configure(receiver: &Receiver, folder: &Path, toml: &str) {
    let seen = receiver.log().len();
    let text = fs::read_to_string(folder.join("receiver.toml")).unwrap();
    let head: Vec<&str> = text.lines().take(2).collect();
    fs::write(folder.join("receiver.toml"), format!("{}\n{toml}", head.join("\n"))).unwrap();
    receiver.logged(seen, "the configuration was read again; it is in force");
}

#[test]
fn destinations_come_and_go_without_losing_what_waits() {
    let (teams, other) = (Teams::start(|_, _| crate::support::teams::Reply::status(503)), Teams::accepting());
    let folder = folder(&teams);
    let one = |more: &str| endpoint(&format!("{}{more}", to_http("one", &teams, "")));
    let receiver = Receiver::start_in(folder.path(), &one(""), &[]);
    let configure = |toml: &str| configure(&receiver, folder.path(), toml);
    let first = send(&receiver, &message("FLOW-1", 1));
    teams.until(|got| !got.is_empty());
    configure(&one(&to_http("two", &other, "")));
    let second = send(&receiver, &message("FLOW-2", 2));
    // A new destination gets what arrives from then on.
    assert_eq!(other.until_accepted(1)[0].header("x-message-id"), Some(&*second));
    // The first is at another address now, and its pending messages go there.
    configure(&endpoint(&to_http("one", &other, "")));
    let accepted = other.until_accepted(3);
    let mut moved: Vec<&str> = accepted[1..].iter().filter_map(|got| got.header("x-message-id")).collect();
    moved.sort_unstable();
    assert_eq!(moved, [&*first, &*second]);
}

#[test]
fn a_destination_that_comes_back_while_an_attempt_is_in_flight_does_not_send_it_again() {
    let ((comes, came), (answer, answered)) = (mpsc::channel(), mpsc::channel::<()>());
    let answered = Mutex::new(answered);
    let teams = Teams::start(move |_, _| {
        let _ = comes.send(());
        let _ = answered.lock().unwrap().recv_timeout(PATIENCE);
        crate::support::teams::Reply::accepted()
    });
    let folder = folder(&teams);
    let one = endpoint(&to_http("one", &teams, ""));
    let receiver = Receiver::start_in(folder.path(), &one, &[]);
    let configure = |toml: &str| configure(&receiver, folder.path(), toml);
    send(&receiver, &message("FLOW-1", 1));
    came.recv_timeout(PATIENCE).unwrap();
    configure(&endpoint(""));
    configure(&one);
    // From now on each is answered at once. The next message shows that the first is not sent again.
    drop(answer);
    let last = send(&receiver, &message("FLOW-1", 2));
    teams.until(|got| got.iter().any(|got| got.header("x-message-id") == Some(&*last)));
    teams.until(|got| got.len() == 2);
}
