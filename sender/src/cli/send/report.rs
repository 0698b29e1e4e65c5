//! What came of a delivery, in one line for people or one object for programs. What an endpoint says is masked and
//! made harmless before it is shown.

use std::{error::Error, io::Write as _, time::Duration};

use anstyle::{AnsiColor, Style};
use schemas::{Authentication, wire};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::{
        error::CliError,
        mask::Mask,
        output::{self, Format, harmless, say, size},
    },
    advice,
};
use crate::delivery::{Answer, AnswerEnd, NoAnswer, Outcome, Target};

/// Most characters of an answer's body that are shown to people.
const BODY_MAX_CHARACTERS: usize = 500;

/// What was sent.
pub(super) struct Sent<'s> {
    pub(super) what: String,
    /// The clause that it breaks on purpose.
    pub(super) clause: Option<&'static str>,
    pub(super) bytes: usize,
    pub(super) target: &'s Target,
    pub(super) authentication: &'s Authentication,
    pub(super) dropped: &'s [String],
    pub(super) took: Duration,
    pub(super) mask: &'s Mask,
}

pub(super) fn print(sent: &Sent<'_>, outcome: &Outcome, format: Format) -> Result<(), CliError> {
    if format == Format::Json {
        let object = serde_json::to_string(&object(sent, outcome)).map_err(|error| CliError::Output(error.into()))?;
        return say(writeln!(anstream::stdout(), "{object}"));
    }
    let error = match outcome {
        Outcome::Accepted(answer) | Outcome::Declined(answer) => return print_answer(sent, answer),
        Outcome::Unanswered(why) => format!("nothing answered: {}", with_causes(why)),
        Outcome::Failed(why) => format!("nothing was sent: {}", with_causes(why)),
    };
    let mut stderr = anstream::stderr().lock();
    say(writeln!(stderr, "{}{error}", output::ERROR))?;
    say(writeln!(stderr, "  {} to {}, after {}", sent.what, sent.target, span(sent.took)))?;
    match outcome {
        Outcome::Unanswered(why) => say(writeln!(stderr, "\n{}{}", output::TIP, advice::unanswered(why, sent))),
        Outcome::Failed(why) => match advice::failed(why) {
            Some(advice) => say(writeln!(stderr, "\n{}{advice}", output::TIP)),
            None => Ok(()),
        },
        Outcome::Accepted(_) | Outcome::Declined(_) => Ok(()),
    }
}

fn print_answer(sent: &Sent<'_>, answer: &Answer) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    let style = if answer.status.is_success() { AnsiColor::Green } else { AnsiColor::Red }.on_default().bold();
    let line = format!(
        "sent {} ({}) to {}: {} in {}",
        sent.what,
        size(sent.bytes),
        sent.target,
        styled(style, &answer.status.to_string()),
        span(sent.took)
    );
    let body = Body::read(answer, sent.mask);
    if answer.status.is_success() {
        let id = body.json().and_then(|body| body.get("id")?.as_str()).map(|id| harmless(id, 100));
        return say(match id {
            Some(id) => writeln!(stdout, "{line}, id {id}"),
            None => writeln!(stdout, "{line}"),
        });
    }
    say(writeln!(stdout, "{line}"))?;
    if let Some(words) = body.words(answer) {
        say(writeln!(stdout, "  {words}"))?;
    }
    match advice::declined(answer, sent) {
        Some(advice) => say(writeln!(stdout, "\n{}{advice}", output::TIP)),
        None => Ok(()),
    }
}

/// An answer's body, masked.
enum Body {
    Empty,
    Json(Value),
    Text(String),
}

impl Body {
    fn read(answer: &Answer, mask: &Mask) -> Self {
        if answer.body.is_empty() {
            return Self::Empty;
        }
        match serde_json::from_slice(&answer.body) {
            Ok(value) => Self::Json(mask.value(value)),
            Err(_) => Self::Text(mask.text(&String::from_utf8_lossy(&answer.body))),
        }
    }

    fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Empty | Self::Text(_) => None,
        }
    }

    /// The problem's title and detail (RFC 9457), or the beginning of the body.
    fn words(&self, answer: &Answer) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Text(text) => Some(harmless(text.trim(), BODY_MAX_CHARACTERS)),
            Self::Json(value) => {
                let part = |name: &str| is_problem(answer).then(|| value.get(name)?.as_str()).flatten();
                let words = match (part("title"), part("detail")) {
                    (Some(title), Some(detail)) => format!("{title}: {detail}"),
                    (Some(words), None) | (None, Some(words)) => words.to_owned(),
                    (None, None) => value.to_string(),
                };
                Some(harmless(&words, BODY_MAX_CHARACTERS))
            }
        }
    }
}

fn is_problem(answer: &Answer) -> bool {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(wire::PROBLEM_JSON)
}

/// The object for programs; its names are stable.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'o> {
    url: String,
    sent: &'o str,
    bytes: usize,
    dropped: &'o [String],
    accepted: bool,
    status: Option<u16>,
    duration_ms: u64,
    /// The body: JSON as it is, other text as a string, null when there is none.
    answer: Option<Value>,
    /// Whether the answer is all there.
    answer_complete: Option<bool>,
    error: Option<ErrorObject>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorObject {
    code: &'static str,
    message: String,
}

fn object<'o>(sent: &'o Sent<'_>, outcome: &Outcome) -> Object<'o> {
    let answer = outcome.answer();
    let error = match outcome {
        Outcome::Accepted(_) | Outcome::Declined(_) => None,
        Outcome::Unanswered(why) => Some(ErrorObject { code: why.code(), message: with_causes(why) }),
        Outcome::Failed(why) => Some(ErrorObject { code: why.code(), message: with_causes(why) }),
    };
    Object {
        url: sent.target.to_string(),
        sent: &sent.what,
        bytes: sent.bytes,
        dropped: sent.dropped,
        accepted: matches!(outcome, Outcome::Accepted(_)),
        status: answer.map(|answer| answer.status.as_u16()),
        duration_ms: sent.took.as_millis().try_into().unwrap_or(u64::MAX),
        answer: answer.and_then(|answer| match Body::read(answer, sent.mask) {
            Body::Empty => None,
            Body::Json(value) => Some(value),
            Body::Text(text) => Some(text.into()),
        }),
        answer_complete: answer.map(|answer| answer.end == AnswerEnd::Whole),
        error,
    }
}

/// An error with what caused it, each once. A certificate's refusal is put into words of its own.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    if let Some(NoAnswer::Untrusted(tls)) = error.downcast_ref() {
        return format!("{text}: {}", advice::certificate(tls));
    }
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn span(took: Duration) -> String {
    match took.as_millis() {
        0 => "under 1 ms".to_owned(),
        milliseconds @ 1..10_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}
