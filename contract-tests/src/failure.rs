//! A failure for the person who fixes the endpoint: what was sent, what came, why that matters, and what to change.

use schemas::Clause;

use crate::{
    case::{Act, Case, Verdict},
    curl::Shown,
    hint::{self, Software},
    judge::Complaint,
    report::Failure,
};

/// Puts a failure together. `fix` is how this one is fixed, where the case's own advice does not fit.
pub(crate) fn of(
    case: &Case,
    clause: &Clause,
    request: Shown,
    complaint: Complaint,
    fix: Option<&str>,
    software: &Software,
) -> Failure {
    let Shown { request, sent, flow } = request;
    let Complaint { expected, came, seen } = complaint;
    let crashed =
        seen.as_ref().map(|seen| seen.status).filter(|status| matches!(case.act, Act::Send(_)) && is_crash(*status));
    let is_accepted = seen.as_ref().is_some_and(|seen| (200..300).contains(&seen.status));
    let mend = match crashed {
        Some(status) => crash(status, &sent, flow.as_deref(), case),
        None => fix.unwrap_or(&case.mend).to_owned(),
    };
    Failure {
        request,
        sent: (!sent.is_empty()).then_some(sent),
        flow,
        expected,
        came,
        why: why(case, clause, is_accepted).map(str::to_owned),
        mend,
        cause: None,
        hint: hint::find(&case.clause, seen.as_ref(), software).map(str::to_owned),
    }
}

/// Whether a status says that the endpoint failed: neither that it does not support something (501, 505), nor that it or
/// what is in front takes no message now.
fn is_crash(status: u16) -> bool {
    (500..600).contains(&status) && !matches!(status, 501..=505 | 509 | 511 | 520..=530)
}

/// How an endpoint that failed is fixed: its own log knows more than a case.
fn crash(status: u16, sent: &str, flow: Option<&str>, case: &Case) -> String {
    let place = match flow {
        Some(flow) => format!("for {flow}"),
        None => "at the time of the run".to_owned(),
    };
    let accepts = matches!(&case.act, Act::Send(exchange) if exchange.expect.answer == Verdict::Accept);
    let then = if accepts {
        "fix the error that it shows."
    } else {
        "catch the error that it shows: what is wrong with a request is answered with a status from 400 to 499."
    };
    format!("The endpoint failed ({status}) on this {sent}. Look in its own log {place}, and {then}")
}

/// Why the case matters: in its own words, in those of its clause, or by what is lost.
pub(crate) fn why<'c>(case: &'c Case, clause: &'c Clause, is_accepted: bool) -> Option<&'c str> {
    let answer = match &case.act {
        Act::Send(exchange) => Some(&exchange.expect.answer),
        Act::Watch(_) => None,
    };
    if matches!(answer, Some(Verdict::Refuse)) && !is_accepted {
        return Some(
            "A status other than 401 and 403 sends whoever looks for the fault to the wrong place, and after a 5xx a sender \
             may try again forever.",
        );
    }
    case.why.as_deref().or(clause.why).or_else(|| match answer? {
        Verdict::Accept => Some("A message like this one does not arrive."),
        Verdict::Refuse => Some("Somebody without the right credential can send messages to this endpoint."),
        Verdict::Reject | Verdict::NotAccept => {
            Some("The sender takes a 2xx for a message that is stored; what cannot be read is lost without a trace.")
        }
        Verdict::Status(_) | Verdict::Any => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{exchange::Answer, hint::Seen};

    fn failure(id: &str, status: u16) -> Failure {
        let case = Case::all().iter().find(|case| case.id == id).unwrap();
        let shown = Shown { request: "r".into(), sent: "POST with 9 bytes".into(), flow: Some("FLOW-7".into()) };
        let seen = Some(Seen::of(&Answer { status, ..Answer::default() }));
        let complaint = Complaint { seen, ..Complaint::default() };
        of(case, case.of_clause(), shown, complaint, None, &Software::default())
    }

    #[test]
    fn an_endpoint_that_failed_is_sent_to_its_own_log() {
        for (id, status, crashed, then) in [
            ("AUTH-SECRET-062", 500, true, "with a status from 400 to 499."),
            ("HTTP-018", 500, true, "and fix the error that it shows."),
            ("HTTP-070", 507, true, "with a status from 400 to 499."),
            // Not supported, and what a proxy or a limit says.
            ("HTTP-018", 501, false, ""),
            ("HTTP-018", 503, false, ""),
            ("HTTP-018", 400, false, ""),
            ("AUTH-SECRET-062", 200, false, ""),
            // What an answer gives away is fixed there, whatever its status.
            ("ANSWER-010", 500, false, ""),
        ] {
            let failure = failure(id, status);
            let case = Case::all().iter().find(|case| case.id == id).unwrap();
            if crashed {
                let start = format!(
                    "The endpoint failed ({status}) on this POST with 9 bytes. Look in its own log for FLOW-7,"
                );
                assert!(
                    failure.mend.starts_with(&start) && failure.mend.ends_with(then),
                    "{id} {status}: {}",
                    failure.mend
                );
            } else {
                assert_eq!(failure.mend, case.mend, "{id} {status}");
            }
        }
    }

    #[test]
    fn why_a_wrong_credential_matters_depends_on_whether_it_was_accepted() {
        for (status, words) in [(200, "could send messages"), (404, "to the wrong place")] {
            let why = failure("AUTH-SECRET-005", status).why.unwrap();
            assert!(why.contains(words), "{status}: {why}");
        }
    }
}
