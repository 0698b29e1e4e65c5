//! What came of a delivery, in one line for people or one object for programs. What an endpoint says is masked and
//! made safe to print before it is shown.

use std::{io::Write as _, time::Duration};

use anstyle::{AnsiColor, Style};
use delivery::{Answer, AnswerBody, AnswerEnd, EndpointUrl, Outcome, with_causes};
use schemas::{Authentication, Redactor};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    super::{
        error::CliError,
        output::{self, Format, one_line, say, size, span},
    },
    advice,
};

/// What was sent.
pub(super) struct Sent<'s> {
    pub(super) what: String,
    /// The clause that it breaks on purpose.
    pub(super) clause: Option<&'static str>,
    pub(super) bytes: usize,
    pub(super) target: &'s EndpointUrl,
    pub(super) authentication: &'s Authentication,
    pub(super) dropped: &'s [String],
    pub(super) took: Duration,
    pub(super) redactor: &'s Redactor,
}

pub(super) fn print(sent: &Sent<'_>, outcome: &Outcome, format: Format) -> Result<(), CliError> {
    if format == Format::Json {
        let object = serde_json::to_string(&object(sent, outcome)).map_err(|error| CliError::Output(error.into()))?;
        return say(writeln!(anstream::stdout(), "{}", output::json(&object)));
    }
    let error = match outcome {
        Outcome::Accepted(answer) | Outcome::Declined(answer) => return print_answer(sent, answer),
        Outcome::Unanswered(why) => format!("nothing answered: {}", sent.redactor.mask(&with_causes(why))),
        Outcome::Failed(why) => format!("nothing was sent: {}", sent.redactor.mask(&with_causes(why))),
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
    let body = AnswerBody::read(answer, sent.redactor);
    if answer.status.is_success() {
        let id = body.json().and_then(|body| body.get("id")?.as_str()).map(|id| one_line(id, 100));
        return say(match id {
            Some(id) => writeln!(stdout, "{line}, id {id}"),
            None => writeln!(stdout, "{line}"),
        });
    }
    say(writeln!(stdout, "{line}"))?;
    if let Some(words) = body.summary(answer, sent.redactor) {
        say(writeln!(stdout, "  {words}"))?;
    }
    match advice::declined(answer, sent) {
        Some(advice) => say(writeln!(stdout, "\n{}{advice}", output::TIP)),
        None => Ok(()),
    }
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
    answer: Option<Box<RawValue>>,
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
        Outcome::Unanswered(why) => Some((why.code(), with_causes(why))),
        Outcome::Failed(why) => Some((why.code(), with_causes(why))),
    };
    let error = error.map(|(code, message)| ErrorObject { code, message: sent.redactor.mask(&message) });
    Object {
        url: sent.target.to_string(),
        sent: &sent.what,
        bytes: sent.bytes,
        dropped: sent.dropped,
        accepted: matches!(outcome, Outcome::Accepted(_)),
        status: answer.map(|answer| answer.status.as_u16()),
        duration_ms: sent.took.as_millis().try_into().unwrap_or(u64::MAX),
        answer: answer.and_then(|answer| match AnswerBody::read(answer, sent.redactor) {
            AnswerBody::Empty => None,
            AnswerBody::Json { text, .. } => RawValue::from_string(text).ok(),
            AnswerBody::Text(text) => serde_json::value::to_raw_value(&text).ok(),
        }),
        answer_complete: answer.map(|answer| answer.end == AnswerEnd::Whole),
        error,
    }
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
