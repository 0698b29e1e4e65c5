//! Rules for every answer of a run, whichever case it belongs to.

use std::time::Duration;

use delivery::EndpointUrl;
use schemas::Authentication;

use crate::{
    case::{AuthenticationKind, Invariant},
    curl::ShownRequest,
    exchange::Answer,
    hint::AnswerExcerpt,
    internals,
    judge::{self, Mismatch},
    secret_encodings::{SecretEncodings, contains, masked},
};

/// The time in which an endpoint has to answer (OPS-5).
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

/// Field values of the plain sample, which no error needs to repeat.
const MESSAGE_DATA: [&str; 2] = ["Prefers delivery before noon", "jo@example.com"];

/// An answer of the run, and its request.
pub(crate) struct Observation {
    pub(crate) shown: ShownRequest,
    /// Whether it was a valid message with the right credential.
    pub(crate) valid: bool,
    /// Whether nothing else was sent meanwhile, so that no other request can have made it late.
    pub(crate) alone: bool,
    pub(crate) answer: Answer,
    pub(crate) flow: String,
    /// Whether the request's framing was broken, as no client sends it.
    pub(crate) is_malformed: bool,
    pub(crate) sent: Vec<SecretEncodings>,
}

pub(crate) enum InvariantResult {
    Holds,
    Violated(ShownRequest, Mismatch),
    /// Why the run could not show it, as half a sentence.
    NotObserved(&'static str),
}

pub(crate) struct RunObservations<'a> {
    pub(crate) endpoint: &'a EndpointUrl,
    pub(crate) authentication: &'a Authentication,
    pub(crate) expected: &'a SecretEncodings,
    pub(crate) url: &'a SecretEncodings,
    pub(crate) observations: &'a [Observation],
    /// Requests that were sent alone and got no answer before [`ANSWER_DEADLINE`].
    pub(crate) unanswered: &'a [ShownRequest],
    /// What is wrong with the certificate, if anything.
    pub(crate) certificate: Option<&'a str>,
}

impl RunObservations<'_> {
    /// Checks an invariant against all answers.
    pub(crate) fn check(&self, invariant: Invariant) -> InvariantResult {
        let violated = |request: ShownRequest, actual: String, answer: Option<&Answer>| {
            let (expected, seen) = (describe(invariant).to_owned(), answer.map(AnswerExcerpt::of));
            InvariantResult::Violated(request, Mismatch { expected, actual, seen })
        };
        let any_request = || ShownRequest::words(format!("any request to {}", self.endpoint));
        match invariant {
            Invariant::Encryption => {
                return if self.endpoint.is_encrypted() {
                    InvariantResult::Holds
                } else if self.endpoint.is_loopback() {
                    InvariantResult::NotObserved("nobody can listen in on a loopback address, so http is fine there")
                } else {
                    violated(any_request(), "an http URL".to_owned(), None)
                };
            }
            Invariant::Certificate => {
                return match self.certificate {
                    Some(why) => violated(any_request(), why.to_owned(), None),
                    None => InvariantResult::Holds,
                };
            }
            _ => {}
        }
        if self.observations.iter().all(|seen| seen.answer.is_unavailable()) {
            return InvariantResult::NotObserved("there was no answer to check");
        }
        let unauthorized = || self.observations.iter().any(|seen| seen.answer.status == 401);
        if invariant == Invariant::Challenge && !unauthorized() {
            return InvariantResult::NotObserved("no answer was a 401");
        }
        if invariant == Invariant::MessageData
            && !self.observations.iter().any(|seen| seen.answer.status >= 400 && !seen.answer.is_unavailable())
        {
            return InvariantResult::NotObserved("no answer was an error");
        }
        if invariant == Invariant::ExpectedCredential && !self.expected.is_distinctive()
            || invariant == Invariant::SentCredential
                && !self.observations.iter().flat_map(|seen| &seen.sent).any(SecretEncodings::is_distinctive)
        {
            return InvariantResult::NotObserved(
                "a credential of fewer than 12 characters may be in an answer by chance",
            );
        }
        let found = self.observations.iter().find_map(|seen| Some((seen, self.violation(invariant, seen)?)));
        match found {
            Some((seen, violation)) => {
                let hide: Vec<SecretEncodings> =
                    [self.expected, self.url].into_iter().chain(&seen.sent).cloned().collect();
                // The violation may quote the answer, such as a header's name or a challenge.
                let violation = masked(&violation, &hide);
                let actual = format!("{violation}: {}", judge::describe_answer(&seen.answer, &hide));
                violated(seen.shown.clone(), actual, Some(&seen.answer))
            }
            None => match self.unanswered {
                [first, ..] if invariant == Invariant::Time => {
                    let actual = format!("no answer within {} s", ANSWER_DEADLINE.as_secs());
                    violated(first.clone(), actual, None)
                }
                _ => InvariantResult::Holds,
            },
        }
    }

    /// How an answer violates an invariant, as half a sentence.
    fn violation(&self, invariant: Invariant, seen: &Observation) -> Option<String> {
        let answer = &seen.answer;
        let holds = |encodings: &SecretEncodings| place(answer, |bytes| encodings.are_in(bytes));
        let distinctive = || seen.sent.iter().filter(|sent| sent.is_distinctive());
        match invariant {
            Invariant::Challenge if answer.status == 401 => self.challenge(answer),
            // A parser that quotes a request which no client sends reveals nothing about one that a client does send.
            Invariant::ExpectedCredential | Invariant::SentCredential if seen.is_malformed => None,
            Invariant::ExpectedCredential => holds(self.expected).map(|place| format!("the credential is in {place}")),
            Invariant::SentCredential => {
                distinctive().find_map(holds).map(|place| format!("the credential that was sent is in {place}"))
            }
            Invariant::MessageData
                if answer.status >= 400 && seen.is_malformed && distinctive().any(|sent| holds(sent).is_some()) =>
            {
                Some("the body repeats the credential of a request with broken framing".to_owned())
            }
            Invariant::MessageData if answer.status >= 400 => {
                let mut data = MESSAGE_DATA.into_iter().chain([seen.flow.as_str()]);
                data.find(|text| contains(&answer.body, text))
                    .map(|text| format!("the body repeats the message's \"{text}\""))
            }
            // An answer that repeats the message holds what is in it; other cases judge that.
            Invariant::Internals if answer.status >= 400 || !contains(&answer.body, &seen.flow) => {
                internals::found(&answer.body, self.endpoint.path_and_query())
                    .map(|found| format!("the body has `{found}`"))
            }
            Invariant::Redirect if seen.valid && (300..400).contains(&answer.status) => Some("a redirect".to_owned()),
            // The speed of a rate limit or a proxy is not that of the endpoint.
            Invariant::Time if seen.alone && answer.took > ANSWER_DEADLINE && !answer.is_unavailable() => {
                Some(format!("after {:.1} s", answer.took.as_secs_f32()))
            }
            _ => None,
        }
    }

    fn challenge(&self, answer: &Answer) -> Option<String> {
        let challenges: Vec<String> = answer.header("www-authenticate").collect();
        if challenges.is_empty() {
            return Some("a 401 without a `WWW-Authenticate` header".to_owned());
        }
        if AuthenticationKind::from(self.authentication) != AuthenticationKind::Basic {
            return None;
        }
        // Quoted unchanged: in another letter case a credential in it would not be recognised.
        let holds = |value: &str, text: &str| value.to_ascii_lowercase().contains(text);
        match challenges.iter().find(|value| holds(value, "basic")) {
            None => Some("a challenge for another scheme than Basic".to_owned()),
            Some(value) if !holds(value, "realm=") => Some(format!("a challenge without a realm, `{value}`")),
            Some(value) if !holds(value, "charset=\"utf-8\"") && !holds(value, "charset=utf-8") => {
                Some(format!("a challenge without charset=\"UTF-8\", `{value}`"))
            }
            Some(_) => None,
        }
    }
}

fn describe(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::Challenge => "a challenge with each 401",
        Invariant::ExpectedCredential => "no answer with the credential that the endpoint expects",
        Invariant::SentCredential => "no answer with the credential that was sent",
        Invariant::MessageData => "no error answer with data of the message",
        Invariant::Internals => "no answer with internals of the program",
        Invariant::Redirect => "no redirect of a valid message",
        Invariant::Time => "each answer within 5 s",
        Invariant::Encryption => "an https URL",
        Invariant::Certificate => "a valid certificate",
    }
}

/// Where in an answer something is.
fn place(answer: &Answer, found: impl Fn(&[u8]) -> bool) -> Option<String> {
    if found(&answer.body) {
        return Some("the body".to_owned());
    }
    answer.headers.iter().find(|(_, value)| found(value)).map(|(name, _)| format!("the header `{name}`"))
}

#[cfg(test)]
mod tests {
    use schemas::Authentication;

    use super::*;

    const SECRET: &str = "correct-horse-battery";

    fn seen(alone: bool, is_malformed: bool, status: u16, body: &str, took: Duration) -> Observation {
        let answer = Answer { status, body: body.into(), took, ..Answer::default() };
        let sent = vec![SecretEncodings::of(SECRET, None)];
        let (shown, flow) = (ShownRequest::words("a request".to_owned()), "FLOW-1".to_owned());
        Observation { shown, valid: true, alone, answer, flow, is_malformed, sent }
    }

    fn is_violated(invariant: Invariant, observation: Observation, unanswered: &[ShownRequest]) -> bool {
        let endpoint = "http://127.0.0.1/".parse().unwrap();
        let (expected, url) = (SecretEncodings::of(SECRET, None), SecretEncodings::default());
        let observations = RunObservations {
            endpoint: &endpoint,
            authentication: &Authentication::None,
            expected: &expected,
            url: &url,
            observations: &[observation],
            unanswered,
            certificate: None,
        };
        matches!(observations.check(invariant), InvariantResult::Violated(..))
    }

    #[test]
    fn only_an_answer_to_a_message_alone_is_late() {
        let late = Duration::from_millis(5_100);
        let silence = [ShownRequest::words("a request".to_owned())];
        for (alone, took, unanswered, expected) in [
            (true, late, &[][..], true),
            (false, late, &[], false),
            (true, ANSWER_DEADLINE, &[], false),
            (true, Duration::ZERO, &silence, true),
        ] {
            let observation = seen(alone, false, 200, "", took);
            assert_eq!(is_violated(Invariant::Time, observation, unanswered), expected, "{alone} {took:?}");
        }
        assert!(!is_violated(Invariant::Redirect, seen(true, false, 200, "", Duration::ZERO), &silence));
    }

    #[test]
    fn a_parser_that_quotes_a_broken_request_leaks_nothing() {
        let quotes = format!("expected a line end: {SECRET}");
        for (is_malformed, invariant, expected) in [
            (false, Invariant::SentCredential, true),
            (false, Invariant::ExpectedCredential, true),
            (true, Invariant::SentCredential, false),
            (true, Invariant::ExpectedCredential, false),
            (true, Invariant::MessageData, true),
        ] {
            let observation = seen(true, is_malformed, 400, &quotes, Duration::ZERO);
            assert_eq!(is_violated(invariant, observation, &[]), expected, "{is_malformed} {invariant:?}");
        }
    }
}
