//! The result of a delivery, as one line for people or one object for programs. Text from an endpoint is masked and made
//! safe to print.

use anstyle::AnsiColor;
use console::{
    OutputFormat,
    format::{elapsed, milliseconds, size},
    output::{TIP, print_error, write_json, write_stdout},
};
use schemas::text::one_line;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::{
    advice::{self, Sent},
    error::CliError,
};
use delivery::{Answer, AnswerBody, AnswerEnd, Outcome, with_causes};

pub(super) fn print(sent: &Sent<'_>, outcome: &Outcome, format: OutputFormat) -> Result<(), CliError> {
    if format == OutputFormat::Json {
        return Ok(write_json(&serde_json::to_string(&object(sent, outcome)).map_err(CliError::json)?)?);
    }
    let (error, tip) = match outcome {
        Outcome::Accepted(answer) | Outcome::Declined(answer) => return Ok(write_stdout(&answer_text(sent, answer))?),
        Outcome::Unanswered(why) => {
            (format!("nothing answered: {}", with_causes(why)), Some(advice::unanswered(why, sent)))
        }
        Outcome::Failed(why) => (format!("nothing was sent: {}", with_causes(why)), advice::failed(why)),
    };
    let error = sent.redactor.mask(&error);
    let details = format!("{} to {} (took {})", sent.what, sent.target, elapsed(sent.took));
    print_error(format_args!("{error}\n  {details}"), tip.as_deref());
    Ok(())
}

fn answer_text(sent: &Sent<'_>, answer: &Answer) -> String {
    let style = if answer.status.is_success() { AnsiColor::Green } else { AnsiColor::Red }.on_default().bold();
    let mut text = format!(
        "sent {} ({}) to {}: {style}{}{style:#} in {}",
        sent.what,
        size(sent.bytes as u64),
        sent.target,
        answer.status,
        elapsed(sent.took)
    );
    let body = AnswerBody::read(answer, sent.redactor);
    if answer.status.is_success() {
        let id = body.json().and_then(|body| body.get("id")?.as_str()).map(|id| one_line(id, 100));
        return text + &id.map_or_else(String::new, |id| format!(", id {id}")) + "\n";
    }
    text.push('\n');
    if let Some(summary) = body.summary(answer, sent.redactor) {
        text.push_str(&format!("  {summary}\n"));
    }
    if let Some(advice) = advice::declined(answer, sent) {
        text.push_str(&format!("\n{TIP} {advice}\n"));
    }
    text
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
        duration_ms: milliseconds(sent.took),
        answer: answer.and_then(|answer| match AnswerBody::read(answer, sent.redactor) {
            AnswerBody::Empty => None,
            AnswerBody::Json { text, .. } => RawValue::from_string(text).ok(),
            AnswerBody::Text(text) => serde_json::value::to_raw_value(&text).ok(),
        }),
        answer_complete: answer.map(|answer| answer.end == AnswerEnd::Whole),
        error,
    }
}
