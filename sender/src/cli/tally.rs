//! The results of deliveries, counted: the end of every command that delivers from the outbox.

use std::path::Path;

use console::{
    OutputFormat, exit_code,
    format::plural,
    output::{tip, write_json, write_stdout},
    shell,
};
use delivery::{GiveUpReason, OutcomeSummary};
use serde_json::{Value, json};

use super::{
    error::CliError,
    status_text::{answer, reason},
};
use crate::outbox::{DEFAULT_FOLDER, Status, StatusCount};

/// Prints the results, and returns their exit code. `what` is what was done, such as `replayed`.
pub(super) fn print(tally: &[StatusCount], what: &str, data: &Path, format: OutputFormat) -> Result<u8, CliError> {
    match format {
        OutputFormat::Json => write_json(&object(tally).to_string())?,
        OutputFormat::Human => {
            write_stdout(&text(tally, what))?;
            if count(tally, Status::Failed) > 0 {
                let data = if data == Path::new(DEFAULT_FOLDER) {
                    String::new()
                } else {
                    format!(" --data {}", shell::word(data))
                };
                tip(format_args!(
                    "`webhook-sender deliveries list --status failed{data}` shows those that failed, and \
                     `deliveries retry --failed{data}` retries them"
                ));
            }
        }
    }
    Ok(code(tally))
}

fn count(tally: &[StatusCount], status: Status) -> u64 {
    tally.iter().filter(|alike| alike.status == status).map(|alike| alike.count).sum()
}

fn text(tally: &[StatusCount], what: &str) -> String {
    let all: u64 = tally.iter().map(|alike| alike.count).sum();
    let counts: Vec<String> = [
        (Status::Delivered, "delivered"),
        (Status::Failed, "failed"),
        (Status::Pending, "still pending"),
        (Status::Discarded, "discarded"),
    ]
    .into_iter()
    .map(|(status, shown)| (count(tally, status), shown))
    .filter(|(count, shown)| *count > 0 || *shown == "delivered")
    .map(|(count, shown)| format!("{count} {shown}"))
    .collect();
    if all == 0 {
        return "nothing to deliver\n".to_owned();
    }
    let mut text = format!("{what} {}: {}\n", plural(all, "message"), counts.join(", "));
    for StatusCount { status, reason: why, last, count } in tally {
        let why = match status {
            Status::Failed => why.map_or("-", reason),
            Status::Pending => "pending",
            Status::Delivered | Status::Discarded => continue,
        };
        let last = last.as_ref().map_or_else(|| "never tried".to_owned(), answer);
        text.push_str(&format!("  {count:>5}  {why}; {last}\n"));
    }
    text
}

/// The results for programs; the names are stable.
pub(super) fn object(tally: &[StatusCount]) -> Value {
    let outcomes = tally.iter().map(|StatusCount { status, reason, last, count }| {
        let (answered, code) = match last {
            Some(OutcomeSummary::Answered { status, .. }) => (Some(*status), None),
            Some(OutcomeSummary::Unanswered { code, .. }) => (None, Some(&**code)),
            Some(OutcomeSummary::Failed { .. }) => (None, Some("this-side-failed")),
            None => (None, None),
        };
        json!({"status": status.as_str(), "reason": reason.map(GiveUpReason::code), "answer": answered, "code": code, "count": count})
    });
    json!({
        "messages": tally.iter().map(|alike| alike.count).sum::<u64>(),
        "delivered": count(tally, Status::Delivered),
        "failed": count(tally, Status::Failed),
        "pending": count(tally, Status::Pending),
        "discarded": count(tally, Status::Discarded),
        "outcomes": outcomes.collect::<Value>(),
    })
}

/// The exit code of the results.
pub(super) fn code(tally: &[StatusCount]) -> u8 {
    let missed = tally.iter().filter(|alike| matches!(alike.status, Status::Failed | Status::Pending));
    let codes = missed.map(|alike| match (alike.reason, &alike.last) {
        (_, Some(OutcomeSummary::Answered { .. })) => exit_code::FAILURE,
        (Some(GiveUpReason::Guarded), _) => exit_code::USAGE,
        _ => exit_code::INCOMPLETE,
    });
    codes.min().unwrap_or(exit_code::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_failed_deliveries() {
        let answered = |status| Some(OutcomeSummary::Answered { status, detail: None });
        let silent = || Some(OutcomeSummary::Unanswered { code: "timeout".into(), message: String::new() });
        let alike = |status, last| StatusCount { status, reason: None, last, count: 1 };
        let failed = |reason, last| StatusCount { reason: Some(reason), ..alike(Status::Failed, last) };
        use GiveUpReason::{Attempts, Guarded, Refused};
        for (name, tally, expected) in [
            ("nothing", vec![], 0),
            ("delivered", vec![alike(Status::Delivered, answered(200))], 0),
            ("refused", vec![alike(Status::Delivered, answered(200)), failed(Refused, answered(422))], 1),
            ("unanswered", vec![alike(Status::Delivered, answered(200)), failed(Attempts, silent())], 3),
            ("both", vec![failed(Attempts, silent()), failed(Refused, answered(422))], 1),
            ("guarded", vec![failed(Guarded, None), failed(Attempts, silent())], 2),
            ("never tried", vec![alike(Status::Pending, None)], 3),
            ("discarded", vec![alike(Status::Discarded, silent())], 0),
        ] {
            assert_eq!(code(&tally), expected, "{name}");
        }
    }
}
