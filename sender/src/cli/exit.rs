//! The exit codes of `webhook-sender`, and which outcome has which.

use delivery::{LocalError, Outcome};

use crate::load::Summary;

/// The endpoint answered 2xx to every message, or there was nothing to send (a dry run, a list).
pub const ACCEPTED: u8 = 0;
/// The endpoint gave another answer, a redirect included. Of many messages: to some of them; a load has it too where
/// only some were not answered.
pub const ANOTHER_ANSWER: u8 = 1;
/// Misuse: arguments, files, references, profiles, an address that may not be called; clap's code for its own errors
/// too. Or the outbox or the output cannot be written or read, which may come when something was sent already.
pub const MISUSE: u8 = 2;
/// Nothing answered: no connection, TLS, time limit, closed; or this side, or a proxy, could not open a connection.
pub const NOTHING_ANSWERED: u8 = 3;

/// What stands at the end of the help.
pub(super) const HELP: &str = "\
To begin:
  webhook-sender send --to http://127.0.0.1:8080/hooks/flowingly

Exit codes:
  0  the endpoint answered 2xx
  1  the endpoint gave another answer
  2  misuse, an address that may not be called, or an outbox that cannot be used
  3  nothing answered";

/// The codes of a command that delivers from the outbox, for the end of its help.
pub(super) const OF_DELIVERIES: &str = "\
Exit codes:
  0  all were delivered
  1  some were not: the endpoint gave another answer
  2  misuse, an address that may not be called, or an outbox that cannot be used
  3  some were not: nothing answered";

/// The code of an outcome.
pub(super) fn of(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Accepted(_) => ACCEPTED,
        Outcome::Declined(_) => ANOTHER_ANSWER,
        Outcome::Failed(LocalError::Guarded { .. }) => MISUSE,
        Outcome::Unanswered(_) | Outcome::Failed(_) => NOTHING_ANSWERED,
    }
}

/// The code of a load: that of its worst request, where "nothing answered" is kept for when that holds for all.
pub(super) fn of_load(summary: &Summary) -> u8 {
    if summary.answered == 0 {
        NOTHING_ANSWERED
    } else if summary.is_all_accepted() {
        ACCEPTED
    } else {
        ANOTHER_ANSWER
    }
}
