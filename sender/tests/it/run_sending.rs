//! `webhook-sender run` without a folder: what arrives at the endpoints, and what is said of each webhook.

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    help::snapshot,
    run,
    support::counting::{Arrived, Counting, Reply},
    support::endpoint::nobody,
    webhook_sender,
};

/// A form that only one endpoint takes, and an approval with a secret.
const MODEL: &str = r#"
name = "Order"
published = true
[[step]]
name = "Form"
type = "task"
[[step.field]]
name = "What"
type = "Text"
value = "Chairs"
[[step.webhook]]
name = "Tell"
endpoint = "OPEN/tell"
trigger = "stepCompleted"
authentication = { type = "basic", username = "jo", password = "env:ORDER_PASSWORD" }
[[step.webhook]]
name = "Archive"
endpoint = "OPEN/archive"
trigger = "stepCompleted"
[[step]]
name = "Approve"
type = "approval"
previous = ["Form"]
actors = ["kim@example.com"]
[[step.webhook]]
name = "Ask"
endpoint = "OPEN/ask"
trigger = "stepCreated"
authentication = { type = "clientSecret", clientSecret = "file:secret" }
[[step.webhook]]
name = "Off"
enabled = false
endpoint = "OPEN/off"
trigger = "stepCompleted"
[[step.webhook]]
name = "Decide"
endpoint = "SHUT"
trigger = "stepCompleted"
"#;

const SCRIPT: &str = r#"
[[do]]
step = "Form"
action = "submit"
[[do]]
step = "Approve"
action = "approve"
"#;

struct Order(TempDir);

impl Order {
    fn new(open: &Counting, shut: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("model.toml"), MODEL.replace("OPEN", &open.url("")).replace("SHUT", shut))
            .unwrap();
        fs::write(folder.path().join("script.toml"), SCRIPT).unwrap();
        fs::write(folder.path().join("secret"), "canary-secret\n").unwrap();
        Self(folder)
    }

    /// From another folder than the model's, so that a reference beside the model must be found there.
    fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = webhook_sender();
        command.arg("run").arg(self.path("model.toml")).arg("--data").arg(self.path("outbox"));
        command.args(["--attempts", "2", "--backoff", "1ms", "--start", "2026-01-05T09:00:00Z"]).args(arguments);
        command.env("ORDER_PASSWORD", "canary-password");
        command
    }

    fn scripted(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = self.command(arguments);
        command.arg("--script").arg(self.path("script.toml"));
        command
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

fn text_of(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    String::from_utf8_lossy(&files.collect::<Vec<_>>().concat()).into_owned()
}

/// The endpoint does not know the archive.
fn choosy() -> Counting {
    Counting::new(|_, arrived: &Arrived| match arrived.path.as_str() {
        "/archive" => Reply::Status(404, "no such archive".to_owned()),
        _ => Reply::Status(200, String::new()),
    })
}

#[test]
fn each_webhook_posts_to_its_own_endpoint_as_itself() {
    let open = choosy();
    let order = Order::new(&open, &open.url("/decide"));
    assert_eq!(run(&mut order.scripted(&[])).code, Some(1), "the archive said no");
    let mut arrived = open.requests();
    arrived.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<&str> = arrived.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/archive", "/ask", "/decide", "/tell"]);
    for request in &arrived {
        let message: Value = serde_json::from_slice(&request.body).unwrap();
        let head = request.head.to_lowercase();
        // base64 of `jo:canary-password`, made by hand.
        assert_eq!(head.contains("authorization: basic am86y2fuyxj5lxbhc3n3b3jk"), request.path == "/tell", "{head}");
        let secret = (request.path == "/ask").then_some("canary-secret");
        assert_eq!(message.get("clientSecret").and_then(Value::as_str), secret);
        assert_eq!(message["previousStep"].is_object(), request.path == "/ask");
    }
    let kept = text_of(&order.path("outbox"));
    assert!(kept.contains("Chairs") && !kept.contains("canary-") && !kept.contains("am86Y2"), "a secret rests there");
}

#[test]
fn steps_show_the_status_of_their_webhooks() {
    let open = choosy();
    for (name, arguments) in [("run_sent", [].as_slice()), ("run_sent_json", &["--output", "json"])] {
        let order = Order::new(&open, &nobody());
        snapshot(name, &mut order.scripted(arguments));
    }
    let order = Order::new(&open, &open.url("/decide"));
    snapshot("run_sent_all_paths", &mut order.command(&["--all-paths"]));
}

#[test]
fn nothing_is_sent_where_a_secret_is_not_there() {
    let open = choosy();
    let order = Order::new(&open, &open.url("/decide"));
    fs::remove_file(order.path("secret")).unwrap();
    let done = run(&mut order.scripted(&[]));
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("nothing was sent"), "{}", done.stderr);
    assert_eq!(open.requests().len(), 0);
    fs::write(order.path("secret"), "canary-secret\n").unwrap();
    assert_eq!(run(&mut order.scripted(&[])).code, Some(1));
    assert_eq!(open.requests().len(), 4, "what was not sent then is not sent twice now");
}

#[test]
fn a_run_that_was_killed_goes_on_and_fires_nothing_twice() {
    let open = Counting::new(|number, _| if number == 1 { Reply::Silence } else { Reply::Status(200, String::new()) });
    let order = Order::new(&open, &open.url("/decide"));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_webhook-sender"))
        .args(order.scripted(&["--concurrency", "1"]).get_args())
        .env("ORDER_PASSWORD", "canary-password")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    open.wait_for(2, || false);
    child.kill().unwrap();
    child.wait().unwrap();

    let done = run(&mut order.scripted(&["--concurrency", "1"]));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("continuing with the 3 of 4 messages"), "{}", done.stderr);
    let paths: Vec<String> = open.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.len(), 5, "the one in flight is repeated, and no other: {paths:?}");
    assert_eq!(paths[1], paths[2]);
    assert_eq!(run(&mut order.scripted(&[])).code, Some(0));
    assert_eq!(open.requests().len(), 9, "a run that came to its end is a new one the next time");
}
