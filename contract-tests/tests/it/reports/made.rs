//! Reports for tests.

use contract_tests::{
    Case,
    case::AuthenticationKind,
    report::{CaseOutcome, CaseResult, Failure, KnownFailure, Report, SkipCode, Subject, SubjectKind},
};
use schemas::Clause;

/// A report without results.
pub(crate) fn empty() -> Report {
    Report {
        tool: "webhook-contract 0.1.0".to_owned(),
        subject: Subject {
            kind: SubjectKind::Endpoint,
            url: "https://hooks.example.com/flowingly?tenant=***".to_owned(),
            authentication: AuthenticationKind::ClientSecret,
            profile: "v1".to_owned(),
        },
        started: "2026-03-02T09:30:00Z".parse().unwrap(),
        took_ms: 3_214,
        seed: 42,
        notices: Vec::new(),
        variations: Vec::new(),
        pace: None,
        limited_by: None,
        results: Vec::new(),
    }
}

/// One result.
pub(crate) fn result(id: &str, clause: &str, title: &str, outcome: CaseOutcome) -> CaseResult {
    let took_ms = if matches!(outcome, CaseOutcome::Passed | CaseOutcome::Failed(_)) { 7 } else { 0 };
    let level = Clause::find(clause).unwrap().level;
    let [id, clause, title] = [id, clause, title].map(str::to_owned);
    CaseResult { id, clause, level, title, took_ms, outage_ms: None, outcome }
}

pub(crate) fn skipped(reason: &str) -> CaseOutcome {
    CaseOutcome::Skipped { reason: reason.to_owned(), skip_code: None, caused_by: None }
}

/// A case that was skipped because the run ran out of time.
pub(crate) fn skipped_for_time() -> CaseOutcome {
    let reason = "the run ran out of time".to_owned();
    CaseOutcome::Skipped { reason, skip_code: Some(SkipCode::OutOfTime), caused_by: None }
}

fn excluded(reason: &str) -> CaseOutcome {
    CaseOutcome::Skipped { reason: reason.to_owned(), skip_code: Some(SkipCode::Excluded), caused_by: None }
}

pub(crate) fn throttled(reason: &str) -> CaseOutcome {
    CaseOutcome::Throttled { reason: reason.to_owned() }
}

pub(crate) fn failed(request: &str, expected: &str, actual: &str, fix: &str) -> CaseOutcome {
    let [request, expected, actual, fix] = [request, expected, actual, fix].map(str::to_owned);
    CaseOutcome::Failed(Box::new(Failure { request, expected, actual, fix, ..Failure::default() }))
}

/// A failure with every member.
pub(crate) fn full_failure() -> Failure {
    Failure {
        request: "curl -i -A '' -H accept: --data-binary '{}' 'https://hooks.example.com/flowingly'".to_owned(),
        sent: Some("POST with 204 800 bytes of application/json".to_owned()),
        flow: Some("FLOW-7000034".to_owned()),
        expected: "accepted: a status from 200 to 299".to_owned(),
        actual: "413 Request Entity Too Large: <h1>413 Request Entity Too Large</h1>".to_owned(),
        why: Some("Fields hold long texts, and a message has many of them.".to_owned()),
        fix: "Raise the limit for bodies in the framework and in every proxy in front of it.".to_owned(),
        cause: None,
        hint: Some("nginx: raise `client_max_body_size` in the `location` (1m by default).".to_owned()),
    }
}

/// What fails is known or was left out.
pub(crate) fn excepted() -> Report {
    let mut report = clean();
    let known = |reason: &str, until: Option<&str>| {
        let (reason, until) = (reason.to_owned(), until.map(str::to_owned));
        CaseOutcome::Known(Box::new(KnownFailure { reason, until, failure: full_failure() }))
    };
    report.limited_by = Some("--level should".to_owned());
    report.notices.push("HTTP-031 is listed as a known failure (line 9) and passes: delete its entry.".to_owned());
    report.results.extend([
        result(
            "HTTP-034",
            "HTTP-13",
            "A message of 200 KB",
            known("The proxy is replaced in March", Some("2027-03-31")),
        ),
        result("HTTP-035", "HTTP-13", "A message of 1 MB", known("The proxy is replaced in March", Some("2027-03-31"))),
        result("HTTP-018", "HTTP-8", "One chunk", known("No client of ours sends chunks", None)),
        result("OPS-004", "OPS-4", "Ten messages at once", excluded("excluded with --skip OPS-4")),
    ]);
    report
}

/// Everything that a catalogue of cases has fails.
pub(crate) fn hopeless() -> Report {
    let mut report = empty();
    report.notices =
        (0..6).map(|number| format!("Notice {number}: {}", "what a reader must know ".repeat(8))).collect();
    report.results = Case::all()
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let outcome = match number % 9 {
                0 => skipped(&format!("it needs something of kind {}", number % 20)),
                1 => throttled(&format!("each try was answered 429, {}", number % 7)),
                _ => CaseOutcome::Failed(Box::new(full_failure())),
            };
            result(&case.id, &case.clause, &case.title, outcome)
        })
        .collect();
    report
}

/// Everything was tested and holds.
pub(crate) fn clean() -> Report {
    let passed = [
        ("MSG-001", "MSG-1", "A task's completion"),
        ("MSG-002", "MSG-1", "A step's creation after a task"),
        ("MSG-014", "MSG-6", "Data of the step before, on creation"),
        ("MSG-031", "MSG-21", "Text of four-byte characters"),
        ("AUTH-SECRET-001", "AUTH-3", "The right secret"),
        ("AUTH-SECRET-002", "AUTH-4", "No secret"),
        ("AUTH-SECRET-012", "AUTH-7", "A secret that differs after 72 bytes only"),
        ("HTTP-004", "HTTP-8", "A chunked body"),
        ("HTTP-019", "HTTP-14", "GET"),
        ("HTTP-030", "HTTP-21", "A message over HTTP/2"),
        ("OPS-001", "OPS-3", "The same message twice"),
    ];
    let results = passed.map(|(id, clause, title)| result(id, clause, title, CaseOutcome::Passed));
    Report { results: results.into(), ..empty() }
}

/// MUSTs and SHOULDs fail, and some cases were skipped for two reasons.
pub(crate) fn mixed() -> Report {
    let mut report = clean();
    report.notices.push(
        "The client secret has 12 characters, all of them ASCII: 6 cases that need a longer or more varied one were \
         skipped. `webhook-contract credentials` makes one with which all cases apply."
            .to_owned(),
    );
    let short = "the secret given has no more than 72 bytes";
    let plain = "the secret given has no letter beyond ASCII";
    report.results.extend([
        result("AUTH-SECRET-013", "AUTH-7", "A secret that differs after 64 bytes only", failed(
            "curl -i -A '' -H accept: -H 'content-type: application/json' \
             --data-binary '{\"webhook\":{\"name\":\"Send Customer Data\"},\"trigger\":\"stepCompleted\",\"clientSecret\":\"'\"${CLIENT_SECRET}x\"'\",\"flow\":{\"flowIdentifier\":\"FLOW-604\"}}' \
             'https://hooks.example.com/flowingly?tenant=***'",
            "a refusal: 401, 403, 400 or 422",
            "200 OK\n{\"id\":\"0195a1f2-7c1e-7d6e-9a55-0f6c3c1b2a10\"}",
            "Compare the whole secret: hash it with SHA-256 first if a library cuts it, as bcrypt does after 72 bytes.",
        )),
        result("AUTH-SECRET-014", "AUTH-7", "A secret that differs in its last character", failed(
            "curl -i -A '' -H accept: --data-binary '{}' 'https://hooks.example.com/flowingly'",
            "a refusal: 401, 403, 400 or 422",
            "200 OK",
            "Compare the whole secret.",
        )),
        result("AUTH-SECRET-020", "AUTH-7", "The secret, a hundred bytes longer", skipped(short)),
        result("AUTH-SECRET-021", "AUTH-7", "The secret, cut at 128 bytes", skipped(short)),
        result("AUTH-SECRET-022", "AUTH-6", "Another normalization form", skipped(plain)),
        result("HTTP-005", "HTTP-8", "A body in two chunks, the second one late", failed(
            "POST /flowingly HTTP/1.1\\r\\n\nhost: hooks.example.com\\r\\n\ntransfer-encoding: chunked\\r\\n\n\\r\\n\n1\\r\\n\n{\\r\\n\n1\\r\\n\n}\\r\\n\n0\\r\\n\n\\r\\n",
            "200 to 299 within 5 seconds",
            "no answer: the endpoint closed the connection after 212 ms",
            "Read until the last chunk (one of length 0) has come, not until a read returns.",
        )),
        result("HTTP-020", "HTTP-14", "PUT", failed(
            "curl -i -X PUT -A '' -H accept: --data-binary '{}' 'https://hooks.example.com/flowingly'",
            "405 with an `Allow` header that names POST",
            "404 Not Found\ncontent-type: text/html\n<h1>Not Found</h1>",
            "Answer 405 for a path that exists, and name its methods in `Allow`.",
        )),
        result("HTTP-031", "HTTP-21", "Two messages over one HTTP/2 connection", skipped("the endpoint does not offer HTTP/2")),
        result("OPS-005", "OPS-5", "The slowest of all answers", CaseOutcome::Passed),
    ]);
    report
}

/// Some MUSTs and a SHOULD were throttled.
pub(crate) fn limited() -> Report {
    let mut report = clean();
    let reason = "each try was answered 429 until the run ran out of time";
    report.notices.push("3 cases were throttled.".to_owned());
    report.results.extend([
        result("HTTP-037", "HTTP-12", "An empty body", throttled(reason)),
        result("HTTP-038", "HTTP-12", "A body of spaces", throttled(reason)),
        result("HTTP-074", "HTTP-15", "Another media type", throttled("not tried: messages were answered 429")),
        result(
            "HTTP-031",
            "HTTP-21",
            "Two messages over one HTTP/2 connection",
            skipped("the endpoint does not offer HTTP/2"),
        ),
    ]);
    report
}

/// Nothing answered.
pub(crate) fn untested() -> Report {
    let notice = "Nothing answers at hooks.example.com:443: connection refused. Start the endpoint, or give \
                  --wait-ready 30s to wait for it.";
    Report { notices: vec![notice.to_owned()], took_ms: 3, ..empty() }
}
