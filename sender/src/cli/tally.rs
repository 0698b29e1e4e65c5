//! What came of deliveries, counted: the end of every command that delivers from the outbox.

use std::{io::Write as _, path::Path};

use serde_json::{Value, json};

use super::{
    deliveries::{answer, reason},
    error::CliError,
    exit,
    output::{self, Format, plural, say},
};
use crate::{
    delivery::GaveUp,
    outbox::{DEFAULT_FOLDER, LastAnswer, Status, StatusWord, Tally},
};

/// Says what came of deliveries, and gives the exit code for it. `what` is what was done to them, such as `replayed`.
pub(super) fn print(tally: &[Tally], what: &str, data: &Path, format: Format) -> Result<u8, CliError> {
    match format {
        Format::Json => say(writeln!(anstream::stdout(), "{}", object(tally)))?,
        Format::Human => {
            say(write!(anstream::stdout(), "{}", words(tally, what)))?;
            if count(tally, StatusWord::Failed) > 0 {
                let data = if data == Path::new(DEFAULT_FOLDER) {
                    String::new()
                } else {
                    format!(" --data {}", data.display())
                };
                let tip = format!(
                    "`webhook-sender deliveries list --status failed{data}` shows those that failed, and \
                     `deliveries retry --failed{data}` tries them again"
                );
                say(writeln!(anstream::stderr(), "{}{tip}", output::TIP))?;
            }
        }
    }
    Ok(code(tally))
}

fn count(tally: &[Tally], word: StatusWord) -> u64 {
    tally.iter().filter(|alike| alike.status.word() == word).map(|alike| alike.count).sum()
}

fn words(tally: &[Tally], what: &str) -> String {
    let all: u64 = tally.iter().map(|alike| alike.count).sum();
    let counts: Vec<String> = [
        (StatusWord::Delivered, "delivered"),
        (StatusWord::Failed, "failed"),
        (StatusWord::Pending, "still pending"),
        (StatusWord::Discarded, "discarded"),
    ]
    .into_iter()
    .map(|(word, shown)| (count(tally, word), shown))
    .filter(|(count, shown)| *count > 0 || *shown == "delivered")
    .map(|(count, shown)| format!("{count} {shown}"))
    .collect();
    if all == 0 {
        return "nothing to deliver\n".to_owned();
    }
    let mut text = format!("{what} {}: {}\n", plural(all, "message"), counts.join(", "));
    for Tally { status, last, count } in tally {
        let why = match status {
            Status::Failed(why) => reason(*why),
            Status::Pending => "pending",
            Status::Delivered | Status::Discarded => continue,
        };
        let last = last.as_ref().map_or_else(|| "never tried".to_owned(), answer);
        text.push_str(&format!("  {count:>5}  {why}; {last}\n"));
    }
    text
}

/// What came of deliveries, for programs; the names are stable.
pub(super) fn object(tally: &[Tally]) -> Value {
    let outcomes = tally.iter().map(|Tally { status, last, count }| {
        let (answered, code) = match last {
            Some(LastAnswer::Answered { status, .. }) => (Some(*status), None),
            Some(LastAnswer::Unanswered { code, .. }) => (None, Some(code.as_str())),
            Some(LastAnswer::Failed { .. }) => (None, Some("this-side-failed")),
            None => (None, None),
        };
        json!({"status": status.word().as_str(), "reason": status.reason(), "answer": answered, "code": code, "count": count})
    });
    json!({
        "messages": tally.iter().map(|alike| alike.count).sum::<u64>(),
        "delivered": count(tally, StatusWord::Delivered),
        "failed": count(tally, StatusWord::Failed),
        "pending": count(tally, StatusWord::Pending),
        "discarded": count(tally, StatusWord::Discarded),
        "outcomes": outcomes.collect::<Value>(),
    })
}

/// The exit code for what came of deliveries.
pub(super) fn code(tally: &[Tally]) -> u8 {
    let missed = tally.iter().filter(|alike| matches!(alike.status, Status::Failed(_) | Status::Pending));
    let codes = missed.map(|alike| match (alike.status, &alike.last) {
        (_, Some(LastAnswer::Answered { .. })) => exit::ANOTHER_ANSWER,
        (Status::Failed(GaveUp::Guarded), _) => exit::MISUSE,
        _ => exit::NOTHING_ANSWERED,
    });
    codes.min().unwrap_or(exit::ACCEPTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_what_was_not_delivered() {
        let answered = |status| Some(LastAnswer::Answered { status, detail: None });
        let silent = || Some(LastAnswer::Unanswered { code: "timeout".to_owned(), words: String::new() });
        let alike = |status, last| Tally { status, last, count: 1 };
        let (refused, spent) = (Status::Failed(GaveUp::Refused), Status::Failed(GaveUp::Attempts));
        for (name, tally, expected) in [
            ("nothing", vec![], 0),
            ("delivered", vec![alike(Status::Delivered, answered(200))], 0),
            ("refused", vec![alike(Status::Delivered, answered(200)), alike(refused, answered(422))], 1),
            ("unanswered", vec![alike(Status::Delivered, answered(200)), alike(spent, silent())], 3),
            ("both", vec![alike(spent, silent()), alike(refused, answered(422))], 1),
            ("guarded", vec![alike(Status::Failed(GaveUp::Guarded), None), alike(spent, silent())], 2),
            ("never tried", vec![alike(Status::Pending, None)], 3),
            ("discarded", vec![alike(Status::Discarded, silent())], 0),
        ] {
            assert_eq!(code(&tally), expected, "{name}");
        }
    }
}
