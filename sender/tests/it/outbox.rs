//! The outbox as a library: what is in it outlives the process, in order, and no secret is in it.

mod files;
mod jobs;

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use delivery::{AttemptResult, DeliveryQueue as _, GiveUpReason, OutcomeSummary, ReadyDelivery, RetryDecision};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use schemas::{BodyTemplate, Profile};
use sender::{
    credentials::CredentialReference,
    outbox::{Address, Destination, Filter, JobId, Label, NewDelivery, Outbox, OutboxError, Status, Which},
};
use tempfile::TempDir;

/// With a quote and a backslash, which JSON escapes.
const CANARY: &str = "canary-5f1b\"\\";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        fs::write(folder.secret(), CANARY).unwrap();
        folder
    }

    fn outbox(&self) -> Outbox {
        Outbox::open(&self.path()).unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("new/outbox")
    }

    fn secret(&self) -> std::path::PathBuf {
        self.0.path().join("secret")
    }

    fn secret_reference(&self) -> CredentialReference {
        let client_secret = format!("file:{}", self.secret().display()).parse().unwrap();
        CredentialReference::ClientSecret { client_secret }
    }
}

fn to(name: &str, credentials: CredentialReference) -> Destination {
    let url = format!("http://127.0.0.1:9/{name}");
    Destination { name: name.into(), address: Address::Url(url.parse().unwrap()), credentials }
}

fn message(flow: &str, body: &str, credentials: &CredentialReference) -> NewDelivery {
    let body = BodyTemplate::from_body(body.as_bytes(), credentials.kind(), Profile::v1()).unwrap();
    NewDelivery { flow: Some(flow.to_owned()), label: Label::default(), body }
}

/// One job with a plain message for each (destination, flow); their numbers are 1, 2 and so on.
fn filled(folder: &Folder, deliveries: &[(&str, &str)]) -> (Outbox, JobId) {
    let mut outbox = folder.outbox();
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let job = enqueue.begin_job("key").unwrap();
    for (destination, flow) in deliveries {
        let id = enqueue.destination(&to(destination, CredentialReference::None)).unwrap();
        enqueue.add(job, id, &message(flow, "{}", &CredentialReference::None)).unwrap();
    }
    enqueue.commit().unwrap();
    (outbox, job)
}

fn take(outbox: &mut Outbox) -> Vec<ReadyDelivery> {
    outbox.take_due(Timestamp::now(), 99, &HashSet::new()).unwrap()
}

fn numbers(due: &[ReadyDelivery]) -> Vec<u64> {
    due.iter().map(|due| due.id).collect()
}

fn answered(due: &ReadyDelivery, status: u16, next: RetryDecision) -> AttemptResult {
    AttemptResult {
        id: due.id,
        attempt: due.attempt,
        at: Timestamp::now(),
        took: Duration::from_millis(7),
        summary: OutcomeSummary::Answered { status, detail: Some("words".to_owned()) },
        decision: next,
    }
}

/// A status and why the delivery was given up.
type StatusAndReason = (Status, Option<GiveUpReason>);

const PENDING: StatusAndReason = (Status::Pending, None);
const DELIVERED: StatusAndReason = (Status::Delivered, None);

fn failed(reason: GiveUpReason) -> StatusAndReason {
    (Status::Failed, Some(reason))
}

fn statuses(outbox: &Outbox) -> Vec<(u64, StatusAndReason, u32)> {
    let mut all = outbox.reader().newest(&Filter::default(), 99).unwrap();
    all.reverse();
    all.into_iter().map(|delivery| (delivery.id, (delivery.status, delivery.reason), delivery.attempts)).collect()
}

#[test]
fn what_was_in_flight_is_due_again_when_the_process_is_gone() {
    let folder = Folder::new();
    let (mut outbox, _) = filled(&folder, &[("a", "F1"), ("a", "F1"), ("a", "F2")]);
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [1, 3], "the second of F1 waits for the first");
    assert_eq!(numbers(&take(&mut outbox)), [0; 0]);
    outbox.complete(&[answered(&due[0], 200, RetryDecision::Delivered)]).unwrap();
    drop(outbox);

    let mut outbox = folder.outbox();
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [2, 3]);
    assert_eq!(due[1].attempt, 1, "an attempt of which nothing is known does not count");
    assert_eq!(due[0].url.to_string(), "http://127.0.0.1:9/a");
}

#[test]
fn attempts_are_written_down_and_counted() {
    let folder = Folder::new();
    let (mut outbox, job) = filled(&folder, &[("a", "F1"), ("a", "F2")]);
    let due = take(&mut outbox);
    let later = Timestamp::now() + SignedDuration::from_secs(60);
    let began = answered(&due[0], 503, RetryDecision::RetryAt(later));
    outbox.complete(&[began.clone(), answered(&due[1], 422, RetryDecision::GiveUp(GiveUpReason::Refused))]).unwrap();
    assert_eq!(statuses(&outbox), [(1, PENDING, 1), (2, failed(GiveUpReason::Refused), 1)]);
    drop(outbox);

    let mut outbox = folder.outbox();
    assert_eq!(outbox.next_due(&HashSet::new()).unwrap().map(Timestamp::as_microsecond), Some(later.as_microsecond()));
    assert_eq!(numbers(&take(&mut outbox)), [0; 0]);
    let due = outbox.take_due(later, 1, &HashSet::new()).unwrap();
    assert_eq!((due[0].id, due[0].attempt), (1, 2));
    assert_eq!(due[0].since.as_microsecond(), began.at.as_microsecond(), "the time counts from the first attempt");
    let silent = OutcomeSummary::Unanswered { code: "timeout".into(), message: "the time limit passed".to_owned() };
    outbox
        .complete(&[AttemptResult {
            summary: silent,
            ..answered(&due[0], 0, RetryDecision::GiveUp(GiveUpReason::Attempts))
        }])
        .unwrap();
    let attempts = outbox.reader().attempts(1).unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(attempts[0].outcome, OutcomeSummary::Answered { status: 503, detail: Some("words".to_owned()) });
    assert_eq!(attempts[0].took, Duration::from_millis(7));
    assert!(matches!(&attempts[1].outcome, OutcomeSummary::Unanswered { code, .. } if code == "timeout"));
    let tally = outbox.reader().count_by_status(&Which::Job(job)).unwrap();
    assert_eq!(tally.iter().map(|alike| alike.count).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_due_time_that_was_written_while_the_clock_was_ahead_has_a_bound() {
    let folder = Folder::new();
    let (mut outbox, _) = filled(&folder, &[("a", "F1"), ("b", "F1")]);
    let due = take(&mut outbox);
    let (minute, now) = (Duration::from_secs(60), Timestamp::now());
    let ahead = now + SignedDuration::from_hours(24);
    let soon = now + SignedDuration::from_secs(5);
    let again =
        |due: &ReadyDelivery, then| AttemptResult { at: ahead, ..answered(due, 503, RetryDecision::RetryAt(then)) };
    outbox.complete(&[again(&due[0], ahead), again(&due[1], soon)]).unwrap();
    drop(outbox);
    // Each process that opens it would begin the wait again if it were not written down.
    let mut outbox = folder.outbox();
    outbox.limit_wait(minute).unwrap();
    drop(outbox);
    let mut outbox = folder.outbox();
    let pending = outbox.reader().newest(&Filter::default(), 9).unwrap();
    assert!(pending[1].due <= Timestamp::now() + minute, "{}", pending[1].due);
    assert_eq!(pending[0].due.as_microsecond(), soon.as_microsecond(), "one in bounds stays as it is");
    let later = Timestamp::now() + minute;
    let due = outbox.take_due(later, 9, &HashSet::new()).unwrap();
    assert_eq!(due.len(), 2);
    assert!(due.iter().all(|due| due.since <= later), "the total time does not begin in the future");
}

#[test]
fn a_gone_endpoint_takes_along_what_waits_and_not_what_is_in_flight() {
    let folder = Folder::new();
    let (mut outbox, _) = filled(&folder, &[("a", "F1"), ("a", "F2"), ("a", "F1"), ("b", "F1")]);
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [1, 2, 4]);
    outbox.complete(&[answered(&due[0], 410, RetryDecision::GiveUp(GiveUpReason::Gone))]).unwrap();
    let gone = failed(GiveUpReason::Gone);
    let expected = [(1, gone, 1), (2, PENDING, 0), (3, gone, 0), (4, PENDING, 0)];
    assert_eq!(statuses(&outbox), expected);
    outbox.complete(&[answered(&due[1], 200, RetryDecision::Delivered)]).unwrap();
    assert_eq!(statuses(&outbox)[1], (2, DELIVERED, 1));
    drop(outbox);
    assert_eq!(numbers(&take(&mut folder.outbox())), [4]);
}

#[test]
fn a_reference_that_leads_nowhere_stops_the_work_and_loses_nothing() {
    let folder = Folder::new();
    let mut outbox = folder.outbox();
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let job = enqueue.begin_job("key").unwrap();
    let destination = enqueue.destination(&to("a", folder.secret_reference())).unwrap();
    for body in [r#"{ "clientSecret": "old" }"#, "{}"] {
        enqueue.add(job, destination, &message("F1", body, &folder.secret_reference())).unwrap();
    }
    enqueue.commit().unwrap();

    fs::remove_file(folder.secret()).unwrap();
    let error = outbox.take_due(Timestamp::now(), 9, &HashSet::new()).unwrap_err();
    assert!(matches!(&error, OutboxError::Credentials { destination, .. } if &**destination == "a"), "{error}");
    fs::write(folder.secret(), CANARY).unwrap();
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [1]);
    assert_eq!(due[0].request.body(), &r#"{ "clientSecret": "canary-5f1b\"\\" }"#.as_bytes());
}

#[test]
fn a_message_without_a_place_for_the_secret_is_not_taken_in() {
    let folder = Folder::new();
    let mut outbox = folder.outbox();
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let job = enqueue.begin_job("key").unwrap();
    let destination = enqueue.destination(&to("a", folder.secret_reference())).unwrap();
    let error = enqueue.add(job, destination, &message("F1", "{}", &CredentialReference::None)).unwrap_err();
    assert!(matches!(error, OutboxError::NoPlaceForSecret { .. }), "{error}");
}

#[test]
fn dead_letters_come_back_with_all_their_attempts_or_are_put_away() {
    let folder = Folder::new();
    let (mut outbox, _) = filled(&folder, &[("a", "F1"), ("a", "F2"), ("a", "F1")]);
    let due = take(&mut outbox);
    let refused = |due: &ReadyDelivery| answered(due, 422, RetryDecision::GiveUp(GiveUpReason::Refused));
    outbox.complete(&[refused(&due[0]), refused(&due[1])]).unwrap();
    assert!(!outbox.retry(3).unwrap(), "it is pending");
    assert!(outbox.retry(1).unwrap());
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [1], "again before what follows it in its flow");
    assert_eq!(due[0].attempt, 1);
    outbox.complete(&[answered(&due[0], 200, RetryDecision::Delivered)]).unwrap();
    assert_eq!(statuses(&outbox)[0], (1, DELIVERED, 2));
    assert!(!outbox.retry(1).unwrap() && !outbox.discard(1, None).unwrap(), "it was delivered");

    assert!(outbox.discard(3, Some("sent by hand")).unwrap());
    assert_eq!(outbox.discard_failed(None).unwrap(), 1);
    assert_eq!(numbers(&take(&mut outbox)), [0; 0]);
    let discarded = outbox.reader().delivery(3).unwrap().unwrap();
    assert_eq!((discarded.status, discarded.note.as_deref()), (Status::Discarded, Some("sent by hand")));
    assert!(outbox.retry(3).unwrap());
    assert_eq!(numbers(&take(&mut outbox)), [3]);
}

#[test]
fn destinations_without_a_name_are_told_apart() {
    let folder = Folder::new();
    let mut outbox = folder.outbox();
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let address = |query: &str| Address::Url(format!("http://127.0.0.1:9/?sig={query}").parse().unwrap());
    let none = CredentialReference::None;
    let first = enqueue.unnamed_destination(&address("one"), &none).unwrap();
    let second = enqueue.unnamed_destination(&address("two"), &none).unwrap();
    let third = enqueue.unnamed_destination(&address("one"), &folder.secret_reference()).unwrap();
    assert!(first != second && second != third && first != third);
    assert_eq!(enqueue.unnamed_destination(&address("two"), &none).unwrap(), second);
    let job = enqueue.begin_job("key").unwrap();
    enqueue.add(job, second, &message("F1", "{}", &none)).unwrap();
    enqueue.commit().unwrap();
    let due = take(&mut outbox);
    assert_eq!(due[0].destination, Arc::from("http://127.0.0.1:9/?sig=*** (2)"));
    assert_eq!(due[0].url.uri().query(), Some("sig=two"));
}

#[test]
fn an_endpoint_keeps_its_order_and_is_gone_whatever_the_credentials() {
    let folder = Folder::new();
    let mut outbox = folder.outbox();
    let address = Address::Url("http://127.0.0.1:9/hooks".parse().unwrap());
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let job = enqueue.begin_job("key").unwrap();
    let basic = CredentialReference::Basic { username: "jo".to_owned(), password: "env:PATH".parse().unwrap() };
    for credentials in [CredentialReference::None, basic] {
        let destination = enqueue.unnamed_destination(&address, &credentials).unwrap();
        enqueue.add(job, destination, &message("F", "{}", &credentials)).unwrap();
        enqueue.add(job, destination, &message("G", "{}", &credentials)).unwrap();
    }
    enqueue.commit().unwrap();
    drop(outbox);
    let mut outbox = folder.outbox();
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [1, 2], "the second of each flow waits for the first");
    outbox.complete(&[answered(&due[0], 410, RetryDecision::GiveUp(GiveUpReason::Gone))]).unwrap();
    let failed: Vec<u64> = statuses(&outbox)
        .into_iter()
        .filter(|(_, status, _)| *status == failed(GiveUpReason::Gone))
        .map(|(id, _, _)| id)
        .collect();
    assert_eq!(failed, [1, 3, 4], "what is in flight tells for itself");
}
