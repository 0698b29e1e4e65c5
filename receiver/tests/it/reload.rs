//! A configuration that changes while messages come in: each request sees wholly the old one or wholly the new, and a
//! wrong one changes nothing.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, Raw, answer, post},
};

const OLD: &str = "canary-old-3f1d";
const NEW: &str = "canary-new-77aa";

fn secret(secret: &str) -> String {
    format!(r#"{{"clientSecret":"{secret}"}}"#)
}

fn status(receiver: &Receiver, path: &str, body: &str) -> u16 {
    answer(receiver.address, post(path, "", body)).status
}

/// Writes a configuration into the place of the one before, as `start_in` wrote that.
fn configure(folder: &Path, toml: &str) {
    let head = format!("listen = \"127.0.0.1:0\"\ndata_dir = \"{}\"\n", folder.join("data").display());
    fs::write(folder.join("receiver.toml"), format!("{head}{toml}")).unwrap();
}

fn replace(file: &Path, content: &str) {
    let new = file.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(&new, file).unwrap();
}

const SECRET: &str =
    "[[endpoint]]\npath = \"/secret\"\nauthentication = { type = \"client-secret\", secret = \"file:secret\" }\n";
const NONE: &str = "[[endpoint]]\npath = \"/none\"\n";

fn start(toml: &str) -> (TempDir, Receiver) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("secret"), OLD).unwrap();
    let receiver = Receiver::start_in(folder.path(), toml, &[]);
    (folder, receiver)
}

#[test]
fn endpoints_come_and_go_when_the_file_changes() {
    let (folder, receiver) = start(NONE);
    assert_eq!((status(&receiver, "/none", "{\"a\":1}"), status(&receiver, "/secret", &secret(OLD))), (200, 404));
    configure(folder.path(), SECRET);
    let seen = receiver.logged(0, "endpoint /none removed");
    let seen = receiver.logged(seen, "endpoint /secret added (client-secret)");
    receiver.logged(seen, "it is in force");
    assert_eq!((status(&receiver, "/none", "{\"a\":1}"), status(&receiver, "/secret", &secret(OLD))), (404, 200));
}

#[test]
fn a_secret_changes_when_its_file_does_and_is_never_logged() {
    let (folder, receiver) = start(SECRET);
    let file = folder.path().join("secret");
    let mut kept = Raw::connect(receiver.address);
    let mut ask = |body: String| {
        kept.send(post("/secret", "", body));
        kept.answer().unwrap().status
    };
    assert_eq!((ask(secret(OLD)), ask(secret(NEW))), (200, 403));
    replace(&file, NEW);
    let seen = receiver.logged(0, "endpoint /secret: its credential changed");
    assert_eq!((ask(secret(OLD)), ask(secret(NEW))), (403, 200));
    // A secret that is gone for a moment is no reason to refuse those who have it.
    fs::remove_file(&file).unwrap();
    let seen = receiver.logged(seen, "receiver.toml:5: `secret`: cannot read the secret in ");
    let seen = receiver.logged(seen, "the previous one stays in force");
    assert_eq!(ask(secret(NEW)), 200);
    fs::write(&file, OLD).unwrap();
    receiver.logged(seen, "endpoint /secret: its credential changed");
    assert_eq!((ask(secret(OLD)), ask(secret(NEW))), (200, 403));
    assert!(!receiver.log().contains("canary"), "{}", receiver.log());
}

#[test]
fn a_wrong_file_changes_nothing_and_every_problem_is_said_with_its_line() {
    let (folder, receiver) = start(SECRET);
    configure(folder.path(), "lissten = 1\n[[endpoint]]\npath = \"none\"\n");
    let seen = receiver.logged(0, "receiver.toml:3: unknown key `lissten`; did you mean `listen`?");
    let seen = receiver.logged(seen, "receiver.toml:5: `path` must begin with `/`");
    let seen = receiver.logged(seen, "the new configuration is not applied; the previous one stays in force");
    assert_eq!((status(&receiver, "/secret", &secret(OLD)), status(&receiver, "/none", "{\"a\":1}")), (200, 404));
    // Said once: it is read again when it changes, or when someone asks.
    receiver.hang_up();
    let seen = receiver.logged(seen, "the new configuration is not applied; the previous one stays in force");
    assert_eq!(receiver.log().matches("is not applied").count(), 2);
    fs::remove_file(folder.path().join("receiver.toml")).unwrap();
    let seen = receiver.logged(seen, "cannot read the configuration");
    configure(folder.path(), NONE);
    receiver.logged(seen, "endpoint /none added (none)");
    assert_eq!(status(&receiver, "/none", "{\"a\":1}"), 200);
}

#[test]
fn what_only_a_start_can_change_is_said_and_stays() {
    let (folder, receiver) = start(NONE);
    let text = format!("listen = \"127.0.0.1:1\"\ndata_dir = \"elsewhere\"\n[limits]\nbody_bytes = 5\n{NONE}");
    fs::write(folder.path().join("receiver.toml"), text).unwrap();
    let mut seen = 0;
    for key in ["listen", "data_dir", "[limits]"] {
        seen = receiver.logged(seen, &format!("the new `{key}` takes effect at the next start"));
    }
    assert_eq!(status(&receiver, "/none", "{\"a\":1}"), 200);
    assert!(!folder.path().join("elsewhere").exists());
    receiver.hang_up();
    receiver.logged(seen, "the new `listen` takes effect at the next start");
}

#[test]
fn asked_without_need_it_says_that_nothing_changed() {
    let (_folder, receiver) = start(NONE);
    receiver.hang_up();
    receiver.logged(0, "the configuration was read again; nothing changed");
    assert_eq!(status(&receiver, "/none", "{\"a\":1}"), 200);
}

#[test]
fn a_request_ends_with_what_it_began_with() {
    let (folder, receiver) = start(SECRET);
    let body = secret(OLD);
    let mut open = Raw::connect(receiver.address);
    open.send(format!(
        "POST /secret HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    ));
    assert_eq!(open.answer().unwrap().status, 100);
    configure(folder.path(), NONE);
    receiver.logged(0, "it is in force");
    open.send(body);
    assert_eq!(open.answer().unwrap().status, 200);
    open.send(post("/secret", "", secret(OLD)));
    assert_eq!(open.answer().unwrap().status, 404);
}

/// Two configurations that differ in the secret and in the endpoint's name: a message that came with one's secret must
/// be stored under that one's name.
#[test]
fn no_request_sees_half_of_a_change() {
    let text = |name: &str| {
        format!(
            "[[endpoint]]\npath = \"/a\"\nname = \"{name}\"\nauthentication = {{ type = \"client-secret\", secret = \"file:{name}\" }}\n"
        )
    };
    let folder = TempDir::new().unwrap();
    for name in ["one", "two"] {
        fs::write(folder.path().join(name), format!("secret of {name}")).unwrap();
    }
    let receiver = Receiver::start_in(folder.path(), &text("one"), &[]);
    let answered = ["one", "two"].map(|_| Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = ["one", "two"]
        .into_iter()
        .zip(answered.clone())
        .map(|(name, answered)| {
            let mut raw = Raw::connect(receiver.address);
            thread::spawn(move || {
                let body = format!(r#"{{"clientSecret":"secret of {name}","sent":"{name}"}}"#);
                let mut statuses = Vec::new();
                while raw.try_send(&post("/a", "", &body)) {
                    let Some(answer) = raw.answer() else { break };
                    statuses.push(answer.status);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                statuses
            })
        })
        .collect();
    // On a busy machine a client may sleep through a change: both must have asked since the one before.
    let both_have_asked = || {
        for answered in &answered {
            let (began, before) = (Instant::now(), answered.load(Ordering::Relaxed));
            while answered.load(Ordering::Relaxed) < before + 2 {
                assert!(began.elapsed() < PATIENCE, "a client gets no answers");
                thread::yield_now();
            }
        }
    };
    both_have_asked();
    let mut seen = 0;
    for name in ["two", "one", "two", "one"] {
        configure(folder.path(), &text(name));
        receiver.hang_up();
        seen = receiver.logged(seen, &format!("its name is now {name}"));
        both_have_asked();
    }
    receiver.terminate();
    for client in clients {
        let statuses = client.join().unwrap();
        assert!(statuses.contains(&200) && statuses.contains(&403));
        assert!(statuses.iter().all(|status| [200, 403].contains(status)), "{statuses:?}");
    }
    let receiver = Receiver::start_in(folder.path(), &text("one"), &[]);
    let stored = receiver.exported();
    for record in &stored {
        let body: serde_json::Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
        assert_eq!(record["endpoint"], body["sent"]);
    }
    assert!(!stored.is_empty());
}

#[test]
fn a_credential_that_has_an_end_is_refused_after_it() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("secret"), NEW).unwrap();
    fs::write(folder.path().join("old"), OLD).unwrap();
    let end = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + 3).unwrap();
    let text =
        format!("{SECRET}also_accept = [{{ type = \"client-secret\", secret = \"file:old\", not_after = {end} }}]\n");
    let receiver = Receiver::start_in(folder.path(), &text, &[]);
    let mut last_accepted = None;
    let first_refused = loop {
        let asked = jiff::Timestamp::now();
        match status(&receiver, "/secret", &secret(OLD)) {
            200 => last_accepted = Some(asked),
            refused => {
                assert_eq!(refused, 403);
                break jiff::Timestamp::now();
            }
        }
        thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(last_accepted.is_some_and(|moment| moment <= end) && first_refused >= end);
    assert_eq!(status(&receiver, "/secret", &secret(NEW)), 200);
}
