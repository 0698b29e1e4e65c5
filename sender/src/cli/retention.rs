//! `--keep`: how long the outbox keeps what was delivered or discarded.

use std::{fmt, io::Write as _, path::Path, str::FromStr};

use clap::Args;
use jiff::SignedDuration;

use super::{
    error::CliError,
    output::{self, say},
};
use crate::outbox::{Outbox, OutboxError, Pruned};

/// The variable that sets the retention for all commands.
pub(super) const VARIABLE: &str = "WEBHOOK_SENDER_KEEP";
/// The retention where none is given.
pub(super) const DEFAULT: &str = "7d";
/// Maximum retention in days; `forever` is longer.
const MAX_DAYS: i64 = 36_500;

/// Time for which a delivery is kept after it was delivered or discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    Time(SignedDuration),
    Forever,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RetentionError {
    #[error("write a whole number with d, h, m or s, such as 30d, or `forever`")]
    Form,
    #[error("it must be at most {MAX_DAYS}d; write `forever` to keep all")]
    Range,
}

/// The retention of a command that writes to the outbox.
#[derive(Args)]
pub(super) struct KeepArgs {
    /// Time to keep deliveries that were delivered or discarded, such as 30d or 12h, or `forever`; older ones are
    /// deleted from the outbox
    #[arg(long, value_name = "TIME", default_value = DEFAULT, env = VARIABLE, help_heading = "Outbox")]
    keep: Retention,
}

impl KeepArgs {
    /// Opens the outbox for writing and prunes it.
    pub(super) fn open(&self, data: &Path) -> Result<Outbox, CliError> {
        let mut outbox = Outbox::open(data)?;
        self.prune(&mut outbox)?;
        Ok(outbox)
    }

    /// Prunes the outbox. What the command itself does must not fail because old deliveries could not be deleted.
    pub(super) fn prune(&self, outbox: &mut Outbox) -> Result<(), CliError> {
        match self.keep.prune(outbox) {
            Ok(_) => Ok(()),
            Err(error @ OutboxError::Displaced { .. }) => Err(error.into()),
            Err(error) => say(writeln!(
                anstream::stderr(),
                "{}old deliveries could not be pruned: {error}; `webhook-sender deliveries prune` tries it again",
                output::NOTE
            )),
        }
    }
}

impl Retention {
    /// Deletes the deliveries whose retention is over.
    pub(super) fn prune(self, outbox: &mut Outbox) -> Result<Pruned, OutboxError> {
        match self {
            Self::Time(time) => outbox.prune(time),
            Self::Forever => Ok(Pruned::default()),
        }
    }
}

impl FromStr for Retention {
    type Err = RetentionError;

    fn from_str(text: &str) -> Result<Self, RetentionError> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let seconds: i64 = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return Err(RetentionError::Form),
        };
        if number.is_empty() {
            return Err(RetentionError::Form);
        }
        // Digits alone fail to parse only where they are too many.
        let number: i64 = number.parse().map_err(|_| RetentionError::Range)?;
        match number.checked_mul(seconds) {
            Some(seconds) if seconds <= MAX_DAYS * 24 * 60 * 60 => Ok(Self::Time(SignedDuration::from_secs(seconds))),
            _ => Err(RetentionError::Range),
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Time(time) = self else { return f.write_str("forever") };
        let seconds = time.as_secs();
        let units = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m"), (1, "s")];
        let unit = units.into_iter().find(|(unit, _)| seconds > 0 && seconds % unit == 0);
        let (length, unit) = unit.unwrap_or((1, "s"));
        write!(f, "{}{unit}", seconds / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_has_a_unit_or_is_forever() {
        let time = |seconds| Ok(Retention::Time(SignedDuration::from_secs(seconds)));
        for (text, expected) in [
            ("7d", time(7 * 86_400)),
            ("12h", time(43_200)),
            ("90m", time(5400)),
            ("0s", time(0)),
            ("0d", time(0)),
            ("36500d", time(36_500 * 86_400)),
            ("forever", Ok(Retention::Forever)),
            ("36501d", Err(RetentionError::Range)),
            ("9223372036854775807d", Err(RetentionError::Range)),
            ("99999999999999999999s", Err(RetentionError::Range)),
            ("7", Err(RetentionError::Form)),
            ("d", Err(RetentionError::Form)),
            ("", Err(RetentionError::Form)),
            ("-1d", Err(RetentionError::Form)),
            ("1.5d", Err(RetentionError::Form)),
            ("7D", Err(RetentionError::Form)),
            ("7 d", Err(RetentionError::Form)),
            ("1w", Err(RetentionError::Form)),
        ] {
            assert_eq!(text.parse::<Retention>(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_retention_is_printed_in_its_largest_whole_unit() {
        for (text, expected) in [("7d", "7d"), ("48h", "2d"), ("90m", "90m"), ("0d", "0s"), ("61s", "61s")] {
            assert_eq!(text.parse::<Retention>().unwrap().to_string(), expected, "{text:?}");
        }
    }
}
