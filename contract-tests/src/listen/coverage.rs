//! What the messages of a run covered: triggers, kinds of step, the sender's reaction to answers. None of it violates a
//! clause, but it shows what the run could prove.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use schemas::{StepKind, Trigger};

use super::{message::MessageFacts, raw_request::RawRequest};

/// Maximum number of kinds to count separately, because the sender chooses their names.
const MAX_KINDS: usize = 24;

#[derive(Default)]
pub(super) struct Coverage {
    triggers: BTreeMap<Trigger, u64>,
    /// Kinds of the step whose data a message carries, by trigger.
    kinds: BTreeMap<(Trigger, String), u64>,
    bodies: HashMap<u64, u16>,
    /// How many messages got this answer, and how many of them were sent again after it.
    answers: BTreeMap<u16, (u64, u64)>,
    reused: u64,
    chunked: u64,
    expect: u64,
    largest: usize,
    too_large: u64,
    followed: BTreeMap<&'static str, u64>,
    tls: u64,
}

impl Coverage {
    pub(super) fn add(&mut self, request: &RawRequest, facts: &MessageFacts, status: u16) {
        if let Some(trigger) = facts.trigger {
            *self.triggers.entry(trigger).or_default() += 1;
            let kind = (trigger, facts.kind.clone().unwrap_or_else(|| "without a kind".to_owned()));
            let known = self.kinds.len() < MAX_KINDS || self.kinds.contains_key(&kind);
            *self.kinds.entry(if known { kind } else { (trigger, "of other kinds".to_owned()) }).or_default() += 1;
        }
        if request.has_body() && !request.body.is_empty() {
            let mut hasher = DefaultHasher::new();
            request.body.hash(&mut hasher);
            if let Some(before) = self.bodies.insert(hasher.finish(), status) {
                self.answers.entry(before).or_default().1 += 1;
            }
        }
        self.answers.entry(status).or_default().0 += 1;
        self.reused += u64::from(request.reused);
        self.chunked += u64::from(request.has_word("transfer-encoding", "chunked"));
        self.expect += u64::from(request.has_word("expect", "100-continue"));
        self.largest = self.largest.max(request.body.len());
        self.too_large += u64::from(request.faults.contains(&super::raw_request::RequestFault::TooLarge));
    }

    /// Records a request to the target of a redirect.
    pub(super) fn follows(&mut self, method: &str) {
        let method = ["GET", "HEAD", "POST"].into_iter().find(|known| *known == method);
        *self.followed.entry(method.unwrap_or("of another name")).or_default() += 1;
    }

    /// Records a connection that began with a TLS handshake.
    pub(super) fn speaks_tls(&mut self) {
        self.tls += 1;
    }

    /// The notices for the report, given the number of messages.
    pub(super) fn notices(&self, messages: u64) -> Vec<String> {
        let mut notices = Vec::new();
        if messages > 0 {
            notices.push(self.seen(messages));
            notices.extend(self.unseen());
            notices.push(self.transport());
        }
        notices.extend(self.retries());
        for (method, count) in &self.followed {
            notices.push(format!(
                "The sender followed a redirect with the method {method} {}; the contract has no redirects \
                 (HTTP-3), and the message may reach a server that must not see it.",
                times(*count)
            ));
        }
        if self.tls > 0 {
            notices.push(format!(
                "{} began with TLS, but this listener speaks plain http: configure the URL with http://.",
                counted(self.tls, "connection")
            ));
        }
        if self.too_large > 0 {
            let count = counted(self.too_large, "message");
            notices.push(format!("Only the head of {count} was judged: the body is larger than 16 MiB."));
        }
        notices
    }

    fn seen(&self, messages: u64) -> String {
        let triggers: Vec<String> = self
            .triggers
            .iter()
            .map(|(trigger, count)| {
                let kinds: Vec<String> = self
                    .kinds
                    .iter()
                    .filter(|((of, _), _)| of == trigger)
                    .map(|((_, kind), count)| format!("{count} {kind}"))
                    .collect();
                let subject = match trigger {
                    Trigger::StepCreated => "previous step",
                    Trigger::StepCompleted => "step",
                };
                format!("{count} {} ({subject}: {})", trigger.as_str(), kinds.join(", "))
            })
            .collect();
        let triggers = if triggers.is_empty() { "none with a known trigger".to_owned() } else { triggers.join("; ") };
        format!("Seen in {}: {triggers}.", counted(messages, "message"))
    }

    fn unseen(&self) -> Option<String> {
        let mut missing: Vec<String> = Trigger::ALL
            .into_iter()
            .filter(|trigger| !self.triggers.contains_key(trigger))
            .map(|trigger| format!("the trigger {}", trigger.as_str()))
            .collect();
        if self.triggers.contains_key(&Trigger::StepCreated) {
            let known = StepKind::KNOWN.iter().map(StepKind::as_str);
            let kinds = known.filter(|kind| !self.kinds.contains_key(&(Trigger::StepCreated, (*kind).to_owned())));
            missing.extend(kinds.map(|kind| format!("a previous step of the kind {kind}")));
        }
        (!missing.is_empty()).then(|| format!("Not seen, so nothing is proven about it: {}.", missing.join(", ")))
    }

    fn transport(&self) -> String {
        format!(
            "The largest body had {} bytes; {} arrived on a kept-alive connection, {} in chunks, {} with Expect: 100-continue.",
            self.largest, self.reused, self.chunked, self.expect
        )
    }

    fn retries(&self) -> Vec<String> {
        let telling = self.answers.iter().filter(|(status, (_, again))| !(200..300).contains(*status) || *again > 0);
        telling
            .map(|(status, (answered, again))| {
                format!(
                    "After the answer {status} ({}), the same message was sent again: {}.",
                    counted(*answered, "message"),
                    times(*again)
                )
            })
            .collect()
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
