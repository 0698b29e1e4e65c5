//! What came against what was expected, in the words of `CONTRACT.md`.

use schemas::redaction::mask_url;

use crate::{
    case::{Expectation, Verdict},
    exchange::{Answer, NoAnswer},
    hint::Seen,
    spelling::{Spellings, masked, masked_cut},
};

/// Most characters of an answer's body that a failure shows.
const BODY_SHOWN: usize = 300;

/// Most characters that are shown of what is not an answer.
const BEGINNING_SHOWN: usize = 12;

/// What was expected and what came instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) expected: String,
    pub(crate) came: String,
    /// The answer, where there is one.
    pub(crate) seen: Option<Seen>,
}

/// Judges one answer.
pub(crate) fn judge(
    expect: &Expectation,
    answer: &Result<Answer, NoAnswer>,
    hide: &[Spellings],
) -> Result<(), Complaint> {
    let seen = answer.as_ref().ok().map(Seen::of);
    let complaint = |what: String| Complaint { expected: expected(expect), came: what, seen: seen.clone() };
    match answer {
        Err(NoAnswer::Closed) if expect.or_closed || expect.answer == Verdict::NotAccept => Ok(()),
        Err(no_answer) => Err(complaint(sentence(no_answer, hide))),
        Ok(answer) => {
            let due = expect.headers_with.is_none_or(|status| status == answer.status);
            let missing = expect.headers.iter().filter(|_| due).find(|(name, word)| {
                !answer.header(name).any(|value| value.to_ascii_lowercase().contains(&word.to_ascii_lowercase()))
            });
            match missing {
                _ if !expect.holds(answer.status) => Err(complaint(came(answer, hide))),
                Some((name, word)) if word.is_empty() => {
                    Err(complaint(format!("{}, without the header `{name}`", came(answer, hide))))
                }
                Some((name, word)) => {
                    Err(complaint(format!("{}, without `{word}` in a header `{name}`", came(answer, hide))))
                }
                None => Ok(()),
            }
        }
    }
}

/// What was expected.
pub(crate) fn expected(expect: &Expectation) -> String {
    let mut words = match expect.answer {
        Verdict::Accept => "accepted: a status from 200 to 299".to_owned(),
        Verdict::Refuse => "refused: 401 or 403".to_owned(),
        Verdict::Reject => "rejected: a status from 400 to 499".to_owned(),
        Verdict::NotAccept => "not accepted: any status but 200 to 299".to_owned(),
        Verdict::Any => "any answer".to_owned(),
        Verdict::Status(status) => format!("the status {status}"),
    };
    let also: Vec<String> = expect.also.iter().map(ToString::to_string).collect();
    if !also.is_empty() {
        words.push_str(&format!(", or {}", also.join(" or ")));
    }
    if expect.or_closed {
        words.push_str(", or the connection closed");
    }
    for (name, word) in &expect.headers {
        let with = expect.headers_with.map(|status| format!(" of a {status}")).unwrap_or_default();
        let word = if word.is_empty() { String::new() } else { format!(" with `{word}`") };
        words.push_str(&format!("; a header{with} `{name}`{word}"));
    }
    words
}

/// An answer in a line, nothing secret in it.
pub(crate) fn came(answer: &Answer, hide: &[Spellings]) -> String {
    // Masked first: what is made printable or cut may hold a part of a credential that is not recognised any more.
    let shown = |text: &str| printable(&masked(text, hide));
    let mut words = answer.status.to_string();
    if !answer.reason.is_empty() {
        words.push_str(&format!(" {}", shown(&answer.reason)));
    }
    if let Some(location) = answer.header("location").next() {
        words.push_str(&format!(", location {}", shown(&mask_url(&location))));
    }
    let body = String::from_utf8_lossy(&answer.body);
    let line = if answer.is_cut() { printable(&masked_cut(&body, hide)) } else { shown(&body) };
    let shown: String = line.chars().take(BODY_SHOWN).collect();
    if shown.is_empty() {
        words.push_str(", with an empty body");
    } else {
        let dots = if shown.len() < line.len() { " ..." } else { "" };
        words.push_str(&format!(": {shown}{dots}"));
    }
    masked(&words, hide)
}

/// The text in one line without control characters.
fn printable(text: &str) -> String {
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why no answer came, as a sentence of its own; nothing secret in it.
pub(crate) fn sentence(no_answer: &NoAnswer, hide: &[Spellings]) -> String {
    format!("no answer: {}", reason(no_answer, hide))
}

/// Why no answer came, as half a sentence; nothing secret in it.
pub(crate) fn reason(no_answer: &NoAnswer, hide: &[Spellings]) -> String {
    let NoAnswer::NoStatusLine { bytes } = no_answer else { return masked(&no_answer.to_string(), hide) };
    let text = masked_cut(&String::from_utf8_lossy(bytes), hide);
    let begins: String = text.chars().take(BEGINNING_SHOWN).flat_map(char::escape_default).collect();
    format!("{no_answer}: it begins with \"{begins}\"")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Answer, NoAnswer> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let took = Duration::ZERO;
        Ok(Answer { status, reason: String::new(), headers, body: body.into(), took, reusable: true })
    }

    #[test]
    fn answers_are_judged_in_the_words_of_the_contract() {
        let late = || Err(NoAnswer::TimedOut { after: Duration::from_secs(5) });
        let allow = [("allow", "GET, POST")];
        for (expect, came, holds) in [
            (r#"{"answer":"accept"}"#, answer(204, &[], ""), true),
            (r#"{"answer":"accept"}"#, answer(302, &[], ""), false),
            (r#"{"answer":"accept"}"#, Err(NoAnswer::Closed), false),
            (r#"{"answer":"refuse"}"#, answer(401, &[], ""), true),
            (r#"{"answer":"refuse"}"#, answer(403, &[], ""), true),
            (r#"{"answer":"refuse"}"#, answer(422, &[], ""), false),
            (r#"{"answer":"refuse","also":[422]}"#, answer(422, &[], ""), true),
            (r#"{"answer":"refuse"}"#, answer(500, &[], ""), false),
            (r#"{"answer":"reject"}"#, answer(418, &[], ""), true),
            (r#"{"answer":"reject"}"#, answer(500, &[], ""), false),
            (r#"{"answer":"notAccept"}"#, answer(500, &[], ""), true),
            (r#"{"answer":"notAccept"}"#, answer(200, &[], ""), false),
            (r#"{"answer":"notAccept"}"#, Err(NoAnswer::Closed), true),
            (r#"{"answer":"notAccept"}"#, late(), false),
            (r#"{"answer":"reject","orClosed":true}"#, Err(NoAnswer::Closed), true),
            (r#"{"answer":{"status":405},"headers":[["allow","post"]]}"#, answer(405, &allow, ""), true),
            (r#"{"answer":{"status":405},"headers":[["allow","post"]]}"#, answer(405, &[], ""), false),
            (r#"{"answer":"any","headers":[["allow",""]],"headersWith":401}"#, answer(403, &[], ""), true),
            (r#"{"answer":"any","headers":[["allow",""]],"headersWith":401}"#, answer(401, &[], ""), false),
        ] {
            let parsed: Expectation = serde_json::from_str(expect).unwrap();
            assert_eq!(judge(&parsed, &came, &[]).is_ok(), holds, "{expect} of {came:?}");
        }
    }

    #[test]
    fn what_came_is_shown_in_a_line_without_the_credential() {
        let hide = [Spellings::of("long-secret", None)];
        let came = came(&answer(403, &[], "<b>\n no \u{1b}[31m long-secret</b>").unwrap(), &hide);
        assert_eq!(came, "403: <b> no [31m ***</b>");
    }

    #[test]
    fn no_credential_of_the_url_is_shown() {
        let hide = [Spellings::of_url("/hooks?code=canary%2B1%3D&v=1"), Spellings::of("tür-und-tor", None)];
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
            assert_eq!(came(&answer(307, headers, body).unwrap(), &hide), expected);
        }
    }

    #[test]
    fn what_is_not_an_answer_is_shown_without_the_credential() {
        let hide = [Spellings::of("tür-und-tor-und-turm", None), Spellings::of_url("/hooks?code=canary")];
        for (came, expected) in [
            ("SSH-2.0-x\r\n", "SSH-2.0-x\\r\\n"),
            ("tür-und-tor-und-turm\r\n", "***\\r\\n"),
            ("tür-und-tor-u", "***"),
            ("t%C3%BCr-und-tor-und-turm", "***"),
            ("{\"a\":\"tür-und-tor-und-turm\"}", "{\\\"a\\\":\\\"***\\\"}"),
            ("at canary\n", "at ***\\n"),
            ("0123456789tür-und-tor-und-turm", "0123456789**"),
        ] {
            let none = NoAnswer::NoStatusLine { bytes: came.as_bytes().to_vec() };
            let expected = format!("no answer: what came is no HTTP answer: it begins with \"{expected}\"");
            assert_eq!(sentence(&none, &hide), expected, "{came}");
        }
    }

    #[test]
    fn no_part_of_the_credential_is_shown_wherever_it_stands() {
        let hide = [Spellings::of("long-secret", None)];
        // White space is shown as one space: what is far behind in the body may be near in the line.
        for blanks in (0..8000).step_by(5).chain([256 * 1024 - 12]) {
            let body = format!("no{}long-secret!", " ".repeat(blanks));
            let came = came(&answer(403, &[], &body).unwrap(), &hide);
            assert!(came.starts_with("403: no") && came.ends_with("***!"), "{blanks} blanks: {came}");
        }
        // What is read of a body may end within the credential.
        for kept in 5..11 {
            let blanks = " ".repeat(256 * 1024 - kept - 2);
            let came = came(&answer(403, &[], &format!("no{blanks}{}", &"long-secret"[..kept])).unwrap(), &hide);
            assert_eq!(came, "403: no ***", "{kept}");
        }
        for letters in 0..400 {
            let came = came(&answer(403, &[], &format!("{}long-secret", "x".repeat(letters))).unwrap(), &hide);
            assert!(!came.contains("lo"), "{letters} letters: {came}");
        }
    }
}
