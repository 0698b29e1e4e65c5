//! Jobs: what one command enqueues together, finds again and delivers alone.

use super::*;

/// The unfinished job of a key, if there is one.
fn unfinished(outbox: &mut Outbox, key: &str) -> Option<JobId> {
    outbox.begin_enqueue().unwrap().resume_job(key, key).unwrap()
}

#[test]
fn what_is_added_together_becomes_due_together() {
    let folder = Folder::new();
    let (mut outbox, job) = filled(&folder, &[("a", "F1")]);
    let message = message("F2", "{}", &CredentialReference::None);
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let destination = enqueue.destination(&to("a", CredentialReference::None)).unwrap();
    enqueue.add(job, destination, &message).unwrap();
    drop(enqueue);
    assert_eq!(outbox.scheduled(), 1);

    let mut enqueue = outbox.begin_enqueue().unwrap();
    let destination_again = enqueue.destination(&to("a", CredentialReference::None)).unwrap();
    assert_eq!(destination_again, destination);
    let id = enqueue.add(job, destination, &message).unwrap();
    enqueue.commit().unwrap();
    assert_eq!(numbers(&take(&mut outbox)), [1, id]);
}

#[test]
fn a_job_is_found_until_it_is_finished() {
    let folder = Folder::new();
    let (mut outbox, job) = filled(&folder, &[("a", "F1")]);
    outbox.finish(job).unwrap();
    assert_eq!(unfinished(&mut outbox, "key"), Some(job), "it is not at its end");
    let due = take(&mut outbox);
    outbox.complete(&[answered(&due[0], 200, RetryDecision::Delivered)]).unwrap();
    assert_eq!(unfinished(&mut outbox, "key"), Some(job), "nobody was told yet");
    assert_eq!(unfinished(&mut outbox, "another"), None);
    outbox.finish(job).unwrap();
    assert_eq!(unfinished(&mut outbox, "key"), None);
}

#[test]
fn a_job_is_delivered_alone_where_that_is_asked_for() {
    let folder = Folder::new();
    let (mut outbox, first) = filled(&folder, &[("a", "F1")]);
    let mut enqueue = outbox.begin_enqueue().unwrap();
    let second = enqueue.begin_job("second").unwrap();
    let destination = enqueue.destination(&to("a", CredentialReference::None)).unwrap();
    enqueue.add(second, destination, &message("F2", "{}", &CredentialReference::None)).unwrap();
    enqueue.commit().unwrap();
    outbox.schedule(Some(second)).unwrap();
    let due = take(&mut outbox);
    assert_eq!(numbers(&due), [2]);
    assert_eq!(outbox.reader().pending_of_others(second).unwrap(), 1);
    outbox.complete(&[answered(&due[0], 410, RetryDecision::GiveUp(GiveUpReason::Gone))]).unwrap();
    assert_eq!(statuses(&outbox)[0], (1, failed(GiveUpReason::Gone), 0), "one that waits unscheduled is gone too");
    outbox.finish_completed().unwrap();
    assert_eq!(unfinished(&mut outbox, "key"), None, "{first:?}");
}
