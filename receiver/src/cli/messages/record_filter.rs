//! A query on each record of the log, without the index.

use std::{cell::LazyCell, ops::Deref};

use schemas::{Document, Profile, Violation};

use crate::{
    cli::failure::Failure,
    index::{Profiles, TextMatcher, violations},
    log::Record,
    query::{Predicate, Query, State, Term},
};

/// Matches records, each of which is one arrival.
#[derive(Debug)]
pub(super) struct RecordFilter {
    query: Query,
    texts: Option<TextMatcher>,
    profiles: Profiles,
}

impl RecordFilter {
    /// Judges records by the profiles of their endpoints, or by profile v1 if an endpoint has none.
    ///
    /// # Errors
    /// When a term is about more than one arrival, or there is no memory for the search of texts.
    pub(super) fn new(query: &Query, profiles: Profiles) -> Result<Self, Failure> {
        if let Some(term) = query.terms().iter().find(|term| needs_index(&term.predicate)) {
            return Err(Failure::usage(format_args!("`{term}` needs the index, and this command reads the log"))
                .tip("remove this term, or use `webhook-receiver messages list`"));
        }
        let texts = TextMatcher::of(query).map_err(Failure::failed)?;
        let query = query.terms().iter().filter(|term| !TextMatcher::decides(&term.predicate)).cloned().collect();
        Ok(Self { query, texts, profiles })
    }

    pub(super) fn matches(&self, record: &Record) -> Result<bool, Failure> {
        let profile = self.profiles.get(&record.header.endpoint).unwrap_or_else(|| Profile::v1());
        let document = LazyCell::new(|| Document::read(&record.body, profile).ok());
        let violations = LazyCell::new(|| match &*document {
            Some(document) if record.header.captured.is_none() => violations(record, document),
            _ => Vec::new(),
        });
        let matches = |term: &&Term| term.negated != holds(&term.predicate, record, &violations);
        // What only reads the header decides first.
        let (judged, cheap): (Vec<_>, Vec<_>) = self.query.terms().iter().partition(|term| is_judged(&term.predicate));
        if !cheap.iter().all(matches) || !judged.iter().all(matches) {
            return Ok(false);
        }
        let Some(texts) = &self.texts else { return Ok(true) };
        texts.matches(record, document.as_ref(), &violations).map_err(Failure::failed)
    }
}

fn is_judged(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::Is(State::Holds | State::Broken) | Predicate::Clause(_))
}

fn needs_index(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Arrivals(_) | Predicate::Is(State::Repeated) | Predicate::Relay(_) => true,
        Predicate::Endpoint(_)
        | Predicate::Trigger(_)
        | Predicate::Flow(_)
        | Predicate::Step(_)
        | Predicate::Is(_)
        | Predicate::Clause(_)
        | Predicate::Since(_)
        | Predicate::Until(_)
        | Predicate::Size(_)
        | Predicate::Id(_)
        | Predicate::Field(_)
        | Predicate::Word(_)
        | Predicate::Phrase(_) => false,
    }
}

fn holds(predicate: &Predicate, record: &Record, violations: &impl Deref<Target = Vec<Violation>>) -> bool {
    let header = &record.header;
    let is_captured = header.captured.is_some();
    match predicate {
        Predicate::Endpoint(pattern) => pattern.matches(&header.endpoint),
        Predicate::Trigger(trigger) => header.trigger == Some(*trigger),
        Predicate::Flow(pattern) => header.flow.as_deref().is_some_and(|flow| pattern.matches(flow)),
        Predicate::Step(pattern) => header.step.as_deref().is_some_and(|step| pattern.matches(step)),
        Predicate::Is(State::Captured) => is_captured,
        Predicate::Is(State::Holds) => !is_captured && violations.is_empty(),
        Predicate::Is(State::Broken) => !violations.is_empty(),
        Predicate::Clause(id) => violations.iter().any(|violation| violation.clause == *id),
        Predicate::Since(since) => header.received_at >= since.at,
        Predicate::Until(until) => header.received_at < until.at,
        Predicate::Size(bounds) => bounds.contains(record.body.len() as u64),
        Predicate::Id(beginning) => header.id.to_string().starts_with(beginning.as_str()),
        // `RecordFilter::new` refuses the first three, and leaves the texts to the matcher.
        Predicate::Is(State::Repeated)
        | Predicate::Relay(_)
        | Predicate::Arrivals(_)
        | Predicate::Field(_)
        | Predicate::Word(_)
        | Predicate::Phrase(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use schemas::Sample;

    use super::*;
    use crate::log::{Captured, RecordHeader};

    fn record(sample: &str, is_captured: bool) -> Record {
        let body = Sample::find(sample).unwrap().body;
        let document = Document::read(body, Profile::v1()).unwrap();
        let mut header = RecordHeader::describe(&document, "hooks", None);
        header.id = "01a20d99-354b-7356-9c1a-3d665519b723".parse().unwrap();
        header.received_at = "2026-11-24T08:00:00Z".parse().unwrap();
        header.captured = is_captured.then(|| Box::new(Captured { headers: Vec::new(), quarantined: false }));
        Record { header, body: Bytes::from_static(body) }
    }

    fn matches(text: &str, record: &Record) -> bool {
        let query = Query::parse(text, "2026-11-24T09:00:00Z".parse::<Timestamp>().unwrap()).unwrap();
        RecordFilter::new(&query, Profiles::new()).unwrap().matches(record).unwrap()
    }

    #[test]
    fn each_term_is_checked_on_the_record() {
        let record = record("step-completed-customer-set-up", false);
        let size = record.body.len();
        for (text, expected) in [
            ("", true),
            ("endpoint:hooks", true),
            ("endpoint:other", false),
            ("-endpoint:other trigger:stepCompleted", true),
            ("trigger:stepCreated", false),
            ("flow:FLOW-604", true),
            ("flow:FLOW-60", false),
            ("flow:FLOW-60*", true),
            ("-flow:FLOW-60*", false),
            ("step:\"New Customer (Debtor) Form\"", true),
            ("step:\"New Customer\"*", true),
            ("is:holds", true),
            ("is:broken", false),
            ("-is:captured -is:broken", true),
            ("since:2026-11-24T08:00:00Z", true),
            ("since:59m", false),
            ("since:1h until:59m", true),
            ("until:2026-11-24T08:00:00Z", false),
            (&format!("size:{size}"), true),
            (&format!("size:>{size}"), false),
            ("id:01a20d99354b", true),
            ("id:02", false),
            ("flow:FLOW-604 id:02", false),
            ("acme", true),
            ("\"Acme ltd\" field:\"credit limit\"", true),
            ("\"ltd acme\"", false),
            ("-field:\"Credit limit\"", false),
            ("field:Acme", false),
            ("is:broken acme", false),
        ] {
            assert_eq!(matches(text, &record), expected, "{text}");
        }
    }

    #[test]
    fn the_contract_decides_on_what_was_not_captured() {
        let mut broken = record("step-completed-customer-set-up", false);
        broken.body = Bytes::from_static(b"{\"trigger\":\"stepCompleted\"}");
        let document = Document::read(&broken.body, Profile::v1()).unwrap();
        let clause = violations(&broken, &document)[0].clause.clone();
        assert!(matches(&format!("is:broken clause:{clause}"), &broken));
        assert!(!matches("is:holds", &broken) && !matches(&format!("-clause:{clause}"), &broken));
        let captured = Record { body: broken.body.clone(), ..record("step-completed-customer-set-up", true) };
        assert!(matches("is:captured -is:holds -is:broken", &captured));
        assert!(!matches(&format!("clause:{clause}"), &captured));
    }

    #[test]
    fn what_one_record_cannot_show_is_refused() {
        for text in ["is:repeated", "-is:repeated", "arrivals:2", "relay:dead"] {
            let query = Query::parse(text, Timestamp::now()).unwrap();
            let failure = RecordFilter::new(&query, Profiles::new()).unwrap_err().to_string();
            assert_eq!(failure, format!("`{text}` needs the index, and this command reads the log"));
        }
    }
}
