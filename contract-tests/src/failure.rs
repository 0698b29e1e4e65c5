//! A failure for the person who fixes the endpoint: what was sent, the answer, why it matters, and what to change.

use crate::{
    case::{Action, Case, ExpectedAnswer},
    curl::ShownRequest,
    hint::{self, Software},
    judge::Mismatch,
    report::Failure,
};

/// Describes a failure. `fix` replaces the case's own advice if that does not fit.
pub(crate) fn describe(
    case: &Case,
    request: ShownRequest,
    mismatch: Mismatch,
    fix: Option<&str>,
    software: &Software,
) -> Failure {
    let ShownRequest { request, sent, flow } = request;
    let Mismatch { expected, actual, seen } = mismatch;
    let crashed = seen
        .as_ref()
        .map(|seen| seen.status)
        .filter(|status| matches!(case.action, Action::Send(_)) && is_crash(*status));
    let is_accepted = seen.as_ref().is_some_and(|seen| (200..300).contains(&seen.status));
    let fix = match crashed {
        Some(status) => crash(status, &sent, flow.as_deref(), case),
        None => fix.unwrap_or(&case.fix).to_owned(),
    };
    Failure {
        request,
        sent: (!sent.is_empty()).then_some(sent),
        flow,
        expected,
        actual,
        why: why(case, is_accepted).map(str::to_owned),
        fix,
        cause: None,
        hint: hint::find(&case.clause, seen.as_ref(), software).map(str::to_owned),
    }
}

/// Whether a status means that the endpoint failed: not that something is unsupported (501, 505), nor that it or a proxy is
/// unavailable.
fn is_crash(status: u16) -> bool {
    (500..600).contains(&status) && !matches!(status, 501..=505 | 509 | 511 | 520..=530)
}

/// How to fix an endpoint that failed: its own log has more than a case.
fn crash(status: u16, sent: &str, flow: Option<&str>, case: &Case) -> String {
    let place = match flow {
        Some(flow) => format!("for {flow}"),
        None => "at the time of the run".to_owned(),
    };
    let accepts = matches!(&case.action, Action::Send(exchange) if exchange.expect.answer == ExpectedAnswer::Accept);
    let then = if accepts {
        "fix the error there."
    } else {
        "catch the error there: answer a wrong request with a status from 400 to 499."
    };
    format!("The endpoint failed ({status}) on this {sent}. Look in its own log {place}, and {then}")
}

/// Why the case matters: its own reason, that of its clause, or what would be lost.
pub(crate) fn why(case: &Case, is_accepted: bool) -> Option<&str> {
    let answer = match &case.action {
        Action::Send(exchange) => Some(&exchange.expect.answer),
        Action::Check(_) => None,
    };
    if matches!(answer, Some(ExpectedAnswer::Refuse)) && !is_accepted {
        return Some(
            "A status other than 401 and 403 misleads the person who looks for the problem, and after a 5xx a sender may \
             retry forever.",
        );
    }
    case.why.as_deref().or(case.of_clause().why).or_else(|| match answer? {
        ExpectedAnswer::Accept => Some("A message like this one does not arrive."),
        ExpectedAnswer::Refuse => Some("Anyone without the right credential can send messages to this endpoint."),
        ExpectedAnswer::Reject | ExpectedAnswer::NotAccept => {
            Some("The sender takes a 2xx for a message that is stored; what cannot be read is lost without a trace.")
        }
        ExpectedAnswer::Status(_) | ExpectedAnswer::Any => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{exchange::Answer, hint::AnswerExcerpt};

    fn failure(id: &str, status: u16) -> Failure {
        let case = Case::all().iter().find(|case| case.id == id).unwrap();
        let shown = ShownRequest { request: "r".into(), sent: "POST with 9 bytes".into(), flow: Some("FLOW-7".into()) };
        let seen = Some(AnswerExcerpt::of(&Answer { status, ..Answer::default() }));
        let mismatch = Mismatch { seen, ..Mismatch::default() };
        describe(case, shown, mismatch, None, &Software::default())
    }

    #[test]
    fn an_endpoint_that_failed_is_sent_to_its_own_log() {
        for (id, status, crashed, then) in [
            ("AUTH-SECRET-062", 500, true, "with a status from 400 to 499."),
            ("HTTP-018", 500, true, "and fix the error there."),
            ("HTTP-070", 507, true, "with a status from 400 to 499."),
            // Unsupported, and the answers of a proxy or a rate limit.
            ("HTTP-018", 501, false, ""),
            ("HTTP-018", 503, false, ""),
            ("HTTP-018", 400, false, ""),
            ("AUTH-SECRET-062", 200, false, ""),
            // What an answer reveals is fixed in the answer, whatever its status.
            ("ANSWER-010", 500, false, ""),
        ] {
            let failure = failure(id, status);
            let case = Case::all().iter().find(|case| case.id == id).unwrap();
            if crashed {
                let start = format!(
                    "The endpoint failed ({status}) on this POST with 9 bytes. Look in its own log for FLOW-7,"
                );
                assert!(
                    failure.fix.starts_with(&start) && failure.fix.ends_with(then),
                    "{id} {status}: {}",
                    failure.fix
                );
            } else {
                assert_eq!(failure.fix, case.fix, "{id} {status}");
            }
        }
    }

    #[test]
    fn why_a_wrong_credential_matters_depends_on_whether_it_was_accepted() {
        for (status, words) in [(200, "could send messages"), (404, "misleads the person")] {
            let why = failure("AUTH-SECRET-005", status).why.unwrap();
            assert!(why.contains(words), "{status}: {why}");
        }
    }
}
