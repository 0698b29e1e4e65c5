//! Compares an answer with what a case expects, in the terms of `CONTRACT.md`.

use schemas::{redaction::mask_url, text::collapse};

use crate::{
    case::{Expectation, ExpectedAnswer},
    exchange::{Answer, TransportError},
    hint::AnswerExcerpt,
    secret_encodings::{SecretEncodings, masked, masked_cut},
};

/// Maximum number of characters of an answer's body to show.
const MAX_BODY_CHARACTERS: usize = 300;

/// Maximum number of characters to show of bytes that are not an answer.
const MAX_GARBAGE_CHARACTERS: usize = 12;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) actual: String,
    /// The answer, where there is one.
    pub(crate) seen: Option<AnswerExcerpt>,
}

/// Judges one answer.
pub(crate) fn judge(
    expect: &Expectation,
    answer: &Result<Answer, TransportError>,
    hide: &[SecretEncodings],
) -> Result<(), Mismatch> {
    let seen = answer.as_ref().ok().map(AnswerExcerpt::of);
    let mismatch = |what: String| Mismatch { expected: describe_expectation(expect), actual: what, seen: seen.clone() };
    match answer {
        Err(TransportError::Closed) if expect.or_closed || expect.answer == ExpectedAnswer::NotAccept => Ok(()),
        Err(no_answer) => Err(mismatch(no_answer_sentence(no_answer, hide))),
        Ok(answer) => {
            let due = expect.headers_with.is_none_or(|status| status == answer.status);
            let missing = expect.headers.iter().filter(|_| due).find(|(name, word)| {
                !answer.header(name).any(|value| value.to_ascii_lowercase().contains(&word.to_ascii_lowercase()))
            });
            match missing {
                _ if !expect.holds(answer.status) => Err(mismatch(describe_answer(answer, hide))),
                Some((name, word)) if word.is_empty() => {
                    Err(mismatch(format!("{}, without the header `{name}`", describe_answer(answer, hide))))
                }
                Some((name, word)) => {
                    Err(mismatch(format!("{}, without `{word}` in a header `{name}`", describe_answer(answer, hide))))
                }
                None => Ok(()),
            }
        }
    }
}

/// The expected answer in words.
pub(crate) fn describe_expectation(expect: &Expectation) -> String {
    let mut text = match expect.answer {
        ExpectedAnswer::Accept => "accepted: a status from 200 to 299".to_owned(),
        ExpectedAnswer::Refuse => "refused: 401 or 403".to_owned(),
        ExpectedAnswer::Reject => "rejected: a status from 400 to 499".to_owned(),
        ExpectedAnswer::NotAccept => "not accepted: any status except 200 to 299".to_owned(),
        ExpectedAnswer::Any => "any answer".to_owned(),
        ExpectedAnswer::Status(status) => format!("the status {status}"),
    };
    let also: Vec<String> = expect.also.iter().map(ToString::to_string).collect();
    if !also.is_empty() {
        text.push_str(&format!(", or {}", also.join(" or ")));
    }
    if expect.or_closed {
        text.push_str(", or the connection closed");
    }
    for (name, word) in &expect.headers {
        let with = expect.headers_with.map(|status| format!(" of a {status}")).unwrap_or_default();
        let word = if word.is_empty() { String::new() } else { format!(" with `{word}`") };
        text.push_str(&format!("; a header{with} `{name}`{word}"));
    }
    text
}

/// An answer on one line, with credentials masked.
pub(crate) fn describe_answer(answer: &Answer, hide: &[SecretEncodings]) -> String {
    // Mask first: after cutting or escaping, part of a credential would no longer be recognised.
    let shown = |text: &str| collapse(&masked(text, hide));
    let mut words = answer.status.to_string();
    if !answer.reason.is_empty() {
        words.push_str(&format!(" {}", shown(&answer.reason)));
    }
    if let Some(location) = answer.header("location").next() {
        words.push_str(&format!(", location {}", shown(&mask_url(&location))));
    }
    let body = String::from_utf8_lossy(&answer.body);
    let line = if answer.is_cut() { collapse(&masked_cut(&body, hide)) } else { shown(&body) };
    let shown: String = line.chars().take(MAX_BODY_CHARACTERS).collect();
    if shown.is_empty() {
        words.push_str(", with an empty body");
    } else {
        let dots = if shown.len() < line.len() { " ..." } else { "" };
        words.push_str(&format!(": {shown}{dots}"));
    }
    masked(&words, hide)
}

/// Why there is no answer, as a sentence with credentials masked.
pub(crate) fn no_answer_sentence(no_answer: &TransportError, hide: &[SecretEncodings]) -> String {
    format!("no answer: {}", no_answer_reason(no_answer, hide))
}

/// Why there is no answer, as half a sentence with credentials masked.
pub(crate) fn no_answer_reason(no_answer: &TransportError, hide: &[SecretEncodings]) -> String {
    let TransportError::NoStatusLine { bytes } = no_answer else { return masked(&no_answer.to_string(), hide) };
    let text = masked_cut(&String::from_utf8_lossy(bytes), hide);
    let begins: String = text.chars().take(MAX_GARBAGE_CHARACTERS).flat_map(char::escape_default).collect();
    format!("{no_answer}: it begins with \"{begins}\"")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Answer, TransportError> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let took = Duration::ZERO;
        Ok(Answer { status, reason: String::new(), headers, body: body.into(), took, reusable: true })
    }

    #[test]
    fn answers_are_judged_as_the_contract_says() {
        let late = || Err(TransportError::TimedOut { after: Duration::from_secs(5) });
        let allow = [("allow", "GET, POST")];
        for (expect, actual, holds) in [
            (r#"{"answer":"accept"}"#, answer(204, &[], ""), true),
            (r#"{"answer":"accept"}"#, answer(302, &[], ""), false),
            (r#"{"answer":"accept"}"#, Err(TransportError::Closed), false),
            (r#"{"answer":"refuse"}"#, answer(401, &[], ""), true),
            (r#"{"answer":"refuse"}"#, answer(403, &[], ""), true),
            (r#"{"answer":"refuse"}"#, answer(422, &[], ""), false),
            (r#"{"answer":"refuse","also":[422]}"#, answer(422, &[], ""), true),
            (r#"{"answer":"refuse"}"#, answer(500, &[], ""), false),
            (r#"{"answer":"reject"}"#, answer(418, &[], ""), true),
            (r#"{"answer":"reject"}"#, answer(500, &[], ""), false),
            (r#"{"answer":"notAccept"}"#, answer(500, &[], ""), true),
            (r#"{"answer":"notAccept"}"#, answer(200, &[], ""), false),
            (r#"{"answer":"notAccept"}"#, Err(TransportError::Closed), true),
            (r#"{"answer":"notAccept"}"#, late(), false),
            (r#"{"answer":"reject","orClosed":true}"#, Err(TransportError::Closed), true),
            (r#"{"answer":{"status":405},"headers":[["allow","post"]]}"#, answer(405, &allow, ""), true),
            (r#"{"answer":{"status":405},"headers":[["allow","post"]]}"#, answer(405, &[], ""), false),
            (r#"{"answer":"any","headers":[["allow",""]],"headersWith":401}"#, answer(403, &[], ""), true),
            (r#"{"answer":"any","headers":[["allow",""]],"headersWith":401}"#, answer(401, &[], ""), false),
        ] {
            let parsed: Expectation = serde_json::from_str(expect).unwrap();
            assert_eq!(judge(&parsed, &actual, &[]).is_ok(), holds, "{expect} of {actual:?}");
        }
    }

    #[test]
    fn an_answer_is_shown_on_one_line_without_the_credential() {
        let hide = [SecretEncodings::of("long-secret", None)];
        let actual = describe_answer(&answer(403, &[], "<b>\n no \u{1b}[31m long-secret</b>").unwrap(), &hide);
        assert_eq!(actual, "403: <b> no \\u{1b}[31m ***</b>");
    }

    #[test]
    fn no_credential_of_the_url_is_shown() {
        let hide = [SecretEncodings::of_url("/hooks?code=canary%2B1%3D&v=1"), SecretEncodings::of("tür-und-tor", None)];
        for (headers, body, expected) in [
            (
                &[("location", "/hooks/?code=canary%2B1%3D&v=1")][..],
                "",
                "307, location /hooks/?code=***&v=***, with an empty body",
            ),
            (
                &[("location", "https://jo:pw@a.example/?token=new")],
                "",
                "307, location https://***@a.example/?token=***, with an empty body",
            ),
            (&[("location", "/t%C3%BCr-und-tor/x")], "", "307, location /***/x, with an empty body"),
            (&[], "Cannot POST /hooks?code=canary%252B1%253D&amp;v=1", "307: Cannot POST /hooks?code=***&amp;***"),
            (&[], r#"{"path":"\/hooks?code=canary\u002b1\u003d"}"#, r#"307: {"path":"\/hooks?code=***"}"#),
            (&[], r#"{"got":"t\u00FCr-und-tor"}"#, r#"307: {"got":"***"}"#),
        ] {
            assert_eq!(describe_answer(&answer(307, headers, body).unwrap(), &hide), expected);
        }
    }

    #[test]
    fn what_is_not_an_answer_is_shown_without_the_credential() {
        let hide = [SecretEncodings::of("tür-und-tor-und-turm", None), SecretEncodings::of_url("/hooks?code=canary")];
        for (actual, expected) in [
            ("SSH-2.0-x\r\n", "SSH-2.0-x\\r\\n"),
            ("tür-und-tor-und-turm\r\n", "***\\r\\n"),
            ("tür-und-tor-u", "***"),
            ("t%C3%BCr-und-tor-und-turm", "***"),
            ("{\"a\":\"tür-und-tor-und-turm\"}", "{\\\"a\\\":\\\"***\\\"}"),
            ("at canary\n", "at ***\\n"),
            ("0123456789tür-und-tor-und-turm", "0123456789**"),
        ] {
            let none = TransportError::NoStatusLine { bytes: actual.as_bytes().to_vec() };
            let expected = format!("no answer: the data is not an HTTP answer: it begins with \"{expected}\"");
            assert_eq!(no_answer_sentence(&none, &hide), expected, "{actual}");
        }
    }

    #[test]
    fn no_part_of_the_credential_is_shown_wherever_it_stands() {
        let hide = [SecretEncodings::of("long-secret", None)];
        // White space is shown as one space: what is far behind in the body may be near in the line.
        for blanks in (0..8000).step_by(5).chain([256 * 1024 - 12]) {
            let body = format!("no{}long-secret!", " ".repeat(blanks));
            let actual = describe_answer(&answer(403, &[], &body).unwrap(), &hide);
            assert!(actual.starts_with("403: no") && actual.ends_with("***!"), "{blanks} blanks: {actual}");
        }
        // What is read of a body may end within the credential.
        for kept in 5..11 {
            let blanks = " ".repeat(256 * 1024 - kept - 2);
            let actual =
                describe_answer(&answer(403, &[], &format!("no{blanks}{}", &"long-secret"[..kept])).unwrap(), &hide);
            assert_eq!(actual, "403: no ***", "{kept}");
        }
        for letters in 0..400 {
            let actual =
                describe_answer(&answer(403, &[], &format!("{}long-secret", "x".repeat(letters))).unwrap(), &hide);
            assert!(!actual.contains("lo"), "{letters} letters: {actual}");
        }
    }
}
