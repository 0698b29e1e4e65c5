//! Test messages, and replays to endpoints and destinations.

use std::fs;

use schemas::Sample;

use super::{Inspected, SECRET, text};
use crate::support::certificate::{Certificate, TLS};

const SAMPLE: &str = "step-completed-customer-set-up";

fn sample() -> &'static str {
    std::str::from_utf8(Sample::find(SAMPLE).unwrap().body).unwrap()
}

/// The id in the first link that begins so.
fn linked<'p>(page: &'p str, start: &str) -> &'p str {
    let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("{page}"));
    &rest[..36]
}

#[test]
fn a_test_message_goes_through_the_listener_with_a_credential_that_is_never_shown() {
    let inspected = Inspected::with_endpoints();
    assert!(inspected.page("/send").contains(SAMPLE));
    for (case, endpoint, body, expected) in [
        ("a sample", "/hooks", sample(), "Accepted."),
        ("another endpoint", "/open", sample(), "Accepted."),
        ("no JSON", "/hooks", "no JSON", "Refused with 400 Bad Request."),
    ] {
        let answer = inspected.submit("/send", &[("endpoint", endpoint), ("body", body)]);
        let page = String::from_utf8(answer.body).unwrap();
        assert!(answer.status == 200 && text(&page).contains(expected), "{case}: {page}");
        assert!(!page.contains(SECRET), "{case}");
        let link = if expected == "Accepted." { "href=\"/messages/" } else { "href=\"/refused/" };
        let path = format!("{}{}", &link[6..], linked(&page, link));
        let found = inspected.wait_for(&path, |answer| answer.status == 200);
        assert!(!String::from_utf8_lossy(&found.body).contains(SECRET), "{case}");
    }
    assert_eq!(inspected.submit("/send", &[("endpoint", "/nowhere"), ("body", "{}")]).status, 404);
    assert!(!inspected.receiver.log().contains(SECRET));
}

#[test]
fn a_message_is_replayed_to_an_endpoint_after_a_confirmation() {
    let inspected = Inspected::with_endpoints();
    let id = inspected.receive("/hooks", sample().replacen('{', &format!("{{\"clientSecret\":\"{SECRET}\","), 1));
    let path = format!("/messages/{id}/replay");
    assert!(text(&inspected.page(&path)).contains("Endpoint /hooks of this receiver, as a new arrival"));
    let asked = inspected.submit(&path, &[("to", "endpoint:/hooks")]);
    let page = String::from_utf8(asked.body).unwrap();
    assert!(asked.status == 200 && page.contains("name=\"confirm\" value=\"yes\""), "{page}");
    assert!(!text(&inspected.page(&format!("/messages/{id}"))).contains("arrived 2 times"), "nothing was sent yet");
    let sent = inspected.submit(&path, &[("to", "endpoint:/hooks"), ("confirm", "yes")]);
    assert!(text(&String::from_utf8(sent.body).unwrap()).contains("Accepted."));
    inspected.wait_for(&format!("/messages/{id}"), |answer| {
        String::from_utf8_lossy(&answer.body).contains("arrived 2 times")
    });
    for to in ["endpoint:/nowhere", "destination:/hooks", "http://example.com/", ""] {
        assert_eq!(inspected.submit(&path, &[("to", to), ("confirm", "yes")]).status, 404, "{to}");
    }
}

#[test]
fn a_message_is_replayed_to_a_destination_if_its_when_holds() {
    let inspected = Inspected::start(
        "[[endpoint]]\npath = \"/open\"\n\
         [[endpoint.destination]]\nname = \"copies\"\ntype = \"file\"\npath = \"copies.jsonl\"\n\
         [[endpoint.destination]]\nname = \"created\"\ntype = \"file\"\npath = \"created.jsonl\"\nwhen = \"trigger == 'stepCreated'\"\n",
    );
    let copies = inspected.folder.path().join("copies.jsonl");
    let lines = || fs::read_to_string(&copies).unwrap_or_default().lines().count();
    let wait_for = |count: usize| {
        let began = std::time::Instant::now();
        while lines() != count {
            assert!(began.elapsed() < crate::support::raw_client::PATIENCE, "{}", lines());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    let id = inspected.receive("/open", sample());
    wait_for(1);
    let answer = inspected
        .wait_for(&format!("/messages/{id}"), |answer| String::from_utf8_lossy(&answer.body).contains("✓ accepted"));
    let page = text(&String::from_utf8(answer.body).unwrap());
    assert!(page.contains("Its when does not hold for this message: trigger == 'stepCreated'."), "{page}");
    let path = format!("/messages/{id}/replay");
    for (to, expected, count) in [
        ("destination:copies", "It is queued.", 2),
        ("destination:created", "It was not queued: the destination's when does not hold for it.", 2),
    ] {
        let sent = inspected.submit(&path, &[("to", to), ("confirm", "yes")]);
        let page = text(&String::from_utf8(sent.body).unwrap());
        assert!(page.contains(expected), "{page}");
        wait_for(count);
    }
    assert!(text(&inspected.page("/relays")).contains("copies"));
    assert_eq!(inspected.submit("/relays/nowhere/retry", &[]).status, 404);
    assert_eq!(inspected.submit("/relays/copies/retry", &[]).status, 303);
}

#[test]
fn a_test_message_goes_over_tls_where_the_listener_has_a_certificate() {
    let folder = tempfile::TempDir::new().unwrap();
    Certificate::make().install(folder.path());
    let toml = format!("inspect = \"127.0.0.1:0\"\n{TLS}[[endpoint]]\npath = \"/open\"\n");
    let receiver = crate::support::program::Receiver::start_in(folder.path(), &toml, &[]);
    let inspected =
        Inspected { address: receiver.inspector(), password: super::password(folder.path()), receiver, folder };
    let answer = inspected.submit("/send", &[("endpoint", "/open"), ("body", sample())]);
    let page = String::from_utf8(answer.body).unwrap();
    assert!(text(&page).contains("Accepted."), "{page}");
}

#[test]
fn what_waits_and_what_was_given_up_is_found_and_retried() {
    // Nothing listens on a port that was bound and is free again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let inspected = Inspected::start(&format!(
        "[[endpoint]]\npath = \"/open\"\n\
         [[endpoint.destination]]\nname = \"patient\"\ntype = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\n\
         retry = {{ attempts = 9 }}\n\
         [[endpoint.destination]]\nname = \"hasty\"\ntype = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\n\
         retry = {{ attempts = 1 }}\n"
    ));
    let id = inspected.receive("/open", sample());
    inspected.wait_for(&format!("/messages/{id}"), |answer| {
        let page = text(&String::from_utf8_lossy(&answer.body));
        page.contains("1 attempt failed: ")
            && page.contains("The next attempt is due at ")
            && page.contains("✗ given up")
    });
    for (query, is_found) in [
        ("relay:waiting", true),
        ("relay:dead", true),
        ("relay:patient", true),
        ("relay:other", false),
        ("relay:accepted", false),
        ("-relay:accepted", true),
        ("-relay:waiting", false),
        ("relay:waiting relay:dead is:holds", true),
    ] {
        assert_eq!(inspected.page(&format!("/?q={}", super::encoded(query))).contains(&id), is_found, "{query}");
    }
    assert!(text(&inspected.page("/")).contains("○ 1 waiting ✗ 1 given up"));
    let page = inspected.page("/relays");
    assert!(page.contains("aria-label=\"Retry what was given up for hasty\"") && page.contains(&id), "{page}");
    let retried = inspected.submit("/relays/hasty/retry", &[]);
    assert_eq!((retried.status, retried.header("location")), (303, Some("/relays?retried=1")));
    assert!(text(&inspected.page("/relays?retried=1")).contains("Messages that are due again: 1."));
}
