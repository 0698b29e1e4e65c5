//! Counts of what a source contains, and its messages that cannot be sent.

use std::mem;

use console::{
    OutputFormat,
    format::plural,
    output::{line, note, write_json, write_stdout},
};
use schemas::text::one_line;
use serde_json::json;

use super::super::error::CliError;
use crate::{
    credentials::CredentialReference,
    outbox::{Destination, NewDelivery},
    replay::{Item, Problem},
};

/// Maximum number of problems to print.
const MAX_PROBLEMS: usize = 20;

#[derive(Default)]
pub(super) struct Survey {
    pub(super) messages: u64,
    passed_over: u64,
    /// Messages with a place for a client secret.
    with_place: u64,
    problems: Vec<Problem>,
    problem_count: u64,
}

impl Survey {
    /// Counts an item, and returns its message.
    pub(super) fn add(&mut self, item: Item) -> Option<Box<NewDelivery>> {
        match item {
            Item::Message(delivery) => {
                self.messages += 1;
                self.with_place += u64::from(delivery.body.secret_at().is_some());
                return Some(delivery);
            }
            Item::Skipped => self.passed_over += 1,
            Item::Problem(problem) => {
                self.problem_count += 1;
                if self.problems.len() < MAX_PROBLEMS {
                    self.problems.push(problem);
                }
            }
        }
        None
    }

    /// Nothing is sent if a message cannot be sent, unless it is skipped.
    pub(super) fn judge(&mut self, skip_bad: bool) -> Result<(), CliError> {
        if self.problem_count == 0 {
            return Ok(());
        }
        let (problems, count) = (mem::take(&mut self.problems), self.problem_count);
        if !skip_bad {
            return Err(CliError::Unusable { problems, count });
        }
        note(format_args!("{count} cannot be sent and are skipped:"));
        problems.iter().for_each(|problem| line(format_args!("  {}", one_line(&problem.to_string(), 300))));
        Ok(())
    }

    pub(super) fn print(&self, destination: &Destination, format: OutputFormat) -> Result<(), CliError> {
        let (messages, passed_over, bad) = (self.messages, self.passed_over, self.problem_count);
        match format {
            OutputFormat::Human => write_stdout(&format!(
                "{} would be sent to {}; {passed_over} skipped by the filter, {bad} unusable\n",
                plural(messages, "message"),
                destination.name
            ))?,
            OutputFormat::Json => {
                let object = json!({
                    "dryRun": true, "destination": &*destination.name, "messages": messages,
                    "passedOver": passed_over, "unusable": bad,
                });
                write_json(&object.to_string())?;
            }
        }
        Ok(())
    }

    /// Notes that messages had a client secret and none is given.
    pub(super) fn note_missing_secrets(&self, credentials: &CredentialReference) {
        let count = self.with_place;
        if count > 0 && *credentials == CredentialReference::None {
            note(format_args!(
                "{count} of the messages had a client secret, which is not stored, so it is left out; --client-secret REF \
                 puts one in"
            ));
        }
    }
}
