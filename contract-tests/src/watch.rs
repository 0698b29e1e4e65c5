//! What is looked for in every answer of a run, whichever case it belongs to.

use std::time::Duration;

use schemas::Authentication;

use crate::{
    case::{Kind, Watch},
    credential,
    curl::Shown,
    endpoint::Endpoint,
    exchange::Answer,
    hint::Seen,
    internals,
    judge::{self, Complaint},
    spelling::{Spellings, contains, masked},
};

/// The time that `OPS-5` gives an endpoint.
pub(crate) const DUE: Duration = Duration::from_secs(5);

/// Field values of the plain sample, which no error needs to repeat.
const MESSAGE_DATA: [&str; 2] = ["Prefers delivery before noon", "jo@example.com"];

/// An answer of the run, and the request that it answers.
pub(crate) struct Observation {
    pub(crate) shown: Shown,
    /// Whether it was a valid message with the right credential.
    pub(crate) valid: bool,
    /// Whether nothing else was under way, so that no other request can have made it late.
    pub(crate) alone: bool,
    pub(crate) answer: Answer,
    pub(crate) flow: String,
    /// Whether the request's framing was broken, as no client sends it.
    pub(crate) is_malformed: bool,
    /// What was sent as a credential.
    pub(crate) sent: Vec<Spellings>,
}

/// What a watch found.
pub(crate) enum Found {
    Nothing,
    /// The request that it answers, and what is wrong.
    Fault(Shown, Complaint),
    /// The run had nothing to find it in.
    Nowhere(&'static str),
}

/// What a watch knows of the run.
pub(crate) struct Scene<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) authentication: &'a Authentication,
    pub(crate) expected: &'a Spellings,
    /// What opens a door in the endpoint's URL.
    pub(crate) url: &'a Spellings,
    pub(crate) observations: &'a [Observation],
    /// The certificate's fault, if it has one.
    pub(crate) certificate: Option<&'a str>,
}

impl Scene<'_> {
    /// Looks through all answers.
    pub(crate) fn look(&self, watch: Watch) -> Found {
        let expected = || words(watch).to_owned();
        let fault = |request: Shown, came: String, answer: Option<&Answer>| {
            Found::Fault(request, Complaint { expected: expected(), came, seen: answer.map(Seen::of) })
        };
        let any_request = || Shown::words(format!("any request to {}", self.endpoint));
        match watch {
            Watch::Encryption => {
                return if self.endpoint.is_encrypted() {
                    Found::Nothing
                } else if self.endpoint.is_loopback() {
                    Found::Nowhere("nobody can listen to a loopback address, so http is no fault there")
                } else {
                    fault(any_request(), "an http URL".to_owned(), None)
                };
            }
            Watch::Certificate => {
                return match self.certificate {
                    Some(why) => fault(any_request(), why.to_owned(), None),
                    None => Found::Nothing,
                };
            }
            _ => {}
        }
        if self.observations.iter().all(|seen| seen.answer.is_unavailable()) {
            return Found::Nowhere("no answer came to look at");
        }
        let unauthorized = || self.observations.iter().any(|seen| seen.answer.status == 401);
        if watch == Watch::Challenge && !unauthorized() {
            return Found::Nowhere("no answer was a 401");
        }
        if watch == Watch::MessageData
            && !self.observations.iter().any(|seen| seen.answer.status >= 400 && !seen.answer.is_unavailable())
        {
            return Found::Nowhere("no answer was an error");
        }
        if matches!(watch, Watch::ExpectedCredential) && !self.expected.tell()
            || matches!(watch, Watch::SentCredential)
                && !self.observations.iter().flat_map(|seen| &seen.sent).any(Spellings::tell)
        {
            return Found::Nowhere("a credential of fewer than 12 characters may be in an answer by chance");
        }
        let found = self.observations.iter().find_map(|seen| Some((seen, self.complaint(watch, seen)?)));
        match found {
            None => Found::Nothing,
            Some((seen, words)) => {
                let hide: Vec<Spellings> = [self.expected, self.url].into_iter().chain(&seen.sent).cloned().collect();
                // The words may have a part of the answer too, such as a header's name or a challenge.
                let words = masked(&words, &hide);
                let came = format!("{words}: {}", judge::came(&seen.answer, &hide));
                fault(seen.shown.clone(), came, Some(&seen.answer))
            }
        }
    }

    fn complaint(&self, watch: Watch, seen: &Observation) -> Option<String> {
        let answer = &seen.answer;
        let holds = |spellings: &Spellings| place(answer, |bytes| spellings.are_in(bytes));
        let telling = || seen.sent.iter().filter(|sent| sent.tell());
        match watch {
            Watch::Challenge if answer.status == 401 => self.challenge(answer),
            // A parser that quotes a request which no client sends gives nothing away of one that a client does send.
            Watch::ExpectedCredential | Watch::SentCredential if seen.is_malformed => None,
            Watch::ExpectedCredential => holds(self.expected).map(|place| format!("the credential is in {place}")),
            Watch::SentCredential => {
                telling().find_map(holds).map(|place| format!("the credential that was sent is in {place}"))
            }
            Watch::MessageData
                if answer.status >= 400 && seen.is_malformed && telling().any(|sent| holds(sent).is_some()) =>
            {
                Some("the body repeats the credential of a request with broken framing".to_owned())
            }
            Watch::MessageData if answer.status >= 400 => {
                let mut data = MESSAGE_DATA.into_iter().chain([seen.flow.as_str()]);
                data.find(|text| contains(&answer.body, text))
                    .map(|text| format!("the body repeats the message's \"{text}\""))
            }
            // An answer that repeats the message holds what is in that, and is a matter of other cases.
            Watch::Internals if answer.status >= 400 || !contains(&answer.body, &seen.flow) => {
                internals::found(&answer.body, self.endpoint.path()).map(|found| format!("the body has `{found}`"))
            }
            Watch::Redirect if seen.valid && (300..400).contains(&answer.status) => Some("a redirect".to_owned()),
            // How soon a limit or a proxy answers says nothing about the endpoint.
            Watch::Time if seen.alone && answer.took > DUE && !answer.is_unavailable() => {
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
        if credential::kind(self.authentication) != Kind::Basic {
            return None;
        }
        // Shown as it came: in another letter case a credential in it would not be recognised.
        let holds = |value: &str, word: &str| value.to_ascii_lowercase().contains(word);
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

fn words(watch: Watch) -> &'static str {
    match watch {
        Watch::Challenge => "a challenge with each 401",
        Watch::ExpectedCredential => "no answer with the credential that the endpoint expects",
        Watch::SentCredential => "no answer with the credential that was sent",
        Watch::MessageData => "no error answer with data of the message",
        Watch::Internals => "no answer with internals of the program",
        Watch::Redirect => "no redirect of a valid message",
        Watch::Time => "each answer within 5 s",
        Watch::Encryption => "an https URL",
        Watch::Certificate => "a valid certificate",
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
        let sent = vec![Spellings::of(SECRET, None)];
        let (shown, flow) = (Shown::words("a request".to_owned()), "FLOW-1".to_owned());
        Observation { shown, valid: true, alone, answer, flow, is_malformed, sent }
    }

    fn finds(watch: Watch, observation: Observation) -> bool {
        let endpoint = "http://127.0.0.1/".parse().unwrap();
        let (expected, url) = (Spellings::of(SECRET, None), Spellings::default());
        let observations = [observation];
        let (authentication, certificate) = (&Authentication::None, None);
        let scene = Scene {
            endpoint: &endpoint,
            authentication,
            expected: &expected,
            url: &url,
            observations: &observations,
            certificate,
        };
        matches!(scene.look(watch), Found::Fault(..))
    }

    #[test]
    fn only_an_answer_to_a_message_alone_is_late() {
        let late = Duration::from_millis(5_100);
        for (alone, took, expected) in [(true, late, true), (false, late, false), (true, DUE, false)] {
            assert_eq!(finds(Watch::Time, seen(alone, false, 200, "", took)), expected, "{alone} {took:?}");
        }
    }

    #[test]
    fn a_parser_that_quotes_a_broken_request_leaks_nothing() {
        let quotes = format!("expected a line end: {SECRET}");
        for (is_malformed, watch, expected) in [
            (false, Watch::SentCredential, true),
            (false, Watch::ExpectedCredential, true),
            (true, Watch::SentCredential, false),
            (true, Watch::ExpectedCredential, false),
            (true, Watch::MessageData, true),
        ] {
            assert_eq!(
                finds(watch, seen(true, is_malformed, 400, &quotes, Duration::ZERO)),
                expected,
                "{is_malformed} {watch:?}"
            );
        }
    }
}
