//! What a source was found to hold, in numbers; and what of it cannot be sent.

use std::{io::Write as _, mem};

use serde_json::json;

use super::super::{
    error::CliError,
    output::{self, Format, one_line, plural, say},
};
use crate::{
    credentials::CredentialReference,
    outbox::Destination,
    replay::{Item, Problem},
};

/// Most problems that are shown.
const SHOWN: usize = 20;

/// What a source was found to hold.
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
    pub(super) fn note(&mut self, item: &Item) {
        match item {
            Item::Message(delivery) => {
                self.messages += 1;
                self.with_place += u64::from(delivery.body.secret_at().is_some());
            }
            Item::Skipped => self.passed_over += 1,
            Item::Problem(_) => self.problem_count += 1,
        }
    }

    pub(super) fn keep(&mut self, item: Item) {
        match item {
            Item::Problem(problem) if self.problems.len() < SHOWN => self.problems.push(problem),
            _ => {}
        }
    }

    /// Nothing is sent where something cannot be, unless that is passed over.
    pub(super) fn judge(&mut self, skip_bad: bool) -> Result<(), CliError> {
        if self.problem_count == 0 {
            return Ok(());
        }
        let (problems, count) = (mem::take(&mut self.problems), self.problem_count);
        if !skip_bad {
            return Err(CliError::Unusable { problems, count });
        }
        let mut stderr = anstream::stderr().lock();
        say(writeln!(stderr, "{}{count} cannot be sent and are passed over:", output::NOTE))?;
        problems.iter().try_for_each(|problem| say(writeln!(stderr, "  {}", one_line(&problem.to_string(), 300))))
    }

    pub(super) fn print(&self, destination: &Destination, format: Format) -> Result<(), CliError> {
        let (messages, passed_over, bad) = (self.messages, self.passed_over, self.problem_count);
        let mut stdout = anstream::stdout().lock();
        match format {
            Format::Human => say(writeln!(
                stdout,
                "{} would be sent to {}; {passed_over} passed over, {bad} unusable",
                plural(messages, "message"),
                destination.name
            )),
            Format::Json => {
                let object = json!({
                    "dryRun": true, "destination": &*destination.name, "messages": messages,
                    "passedOver": passed_over, "unusable": bad,
                });
                say(writeln!(stdout, "{object}"))
            }
        }
    }

    pub(super) fn tell_of_secrets(&self, credentials: &CredentialReference) -> Result<(), CliError> {
        let count = self.with_place;
        if count == 0 || *credentials != CredentialReference::None {
            return Ok(());
        }
        say(writeln!(
            anstream::stderr(),
            "{}{count} of the messages had a client secret, which is not kept, so it is left out; --client-secret REF puts one in",
            output::NOTE
        ))
    }
}
