//! The options of the commands that use the outbox: its folder, which deliveries, and how long it keeps them.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use console::{
    duration::{self, DurationError},
    output::note,
};
use jiff::SignedDuration;

use super::error::CliError;
use crate::outbox::{DEFAULT_FOLDER, Outbox, OutboxError, OutboxReader, Pruned, StoredDelivery};

pub(super) const OUTBOX_HEADING: &str = "Outbox";
/// The variable that sets the retention for all commands.
pub(super) const KEEP_VARIABLE: &str = "WEBHOOK_SENDER_KEEP";
pub(super) const DEFAULT_KEEP: &str = "7d";

/// `--data`.
#[derive(Args)]
pub(super) struct DataArgs {
    /// Folder of the outbox, which records what was delivered.
    #[arg(long = "data", value_name = "DIR", default_value = DEFAULT_FOLDER, help_heading = OUTBOX_HEADING)]
    pub(super) folder: PathBuf,
}

/// Which deliveries.
#[derive(Args)]
pub(super) struct DeliveryIdArgs {
    /// Ids of deliveries, as `deliveries list` shows them.
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<u64>,

    /// All failed deliveries.
    #[arg(long, conflicts_with = "ids")]
    pub(super) failed: bool,
}

/// The retention of a command that writes to the outbox.
#[derive(Args)]
pub(super) struct KeepArgs {
    /// Time to keep delivered and discarded deliveries, such as 30d or 12h, at most 36500d, or `forever`; older ones are
    /// deleted from the outbox.
    #[arg(long, value_name = "DURATION", default_value = DEFAULT_KEEP, env = KEEP_VARIABLE, help_heading = OUTBOX_HEADING)]
    keep: Retention,
}

/// Time for which a delivery is kept after it was delivered or discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    Time(SignedDuration),
    Forever,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RetentionError {
    /// Elsewhere a number alone is seconds; here people mean days.
    #[error("the unit is missing; write {0}d for days or {0}s for seconds")]
    UnitMissing(String),
    #[error("{0}; `forever` keeps all")]
    Duration(#[from] DurationError),
}

impl DataArgs {
    pub(super) fn read(&self) -> Result<OutboxReader, CliError> {
        Ok(Outbox::read(&self.folder)?)
    }

    /// Opens the outbox for writing; it must exist.
    pub(super) fn open(&self) -> Result<Outbox, CliError> {
        self.read()?;
        Ok(Outbox::open(&self.folder)?)
    }

    pub(super) fn delivery(&self, ledger: &OutboxReader, id: u64) -> Result<StoredDelivery, CliError> {
        ledger.delivery(id)?.ok_or_else(|| CliError::NoDelivery { id, data: self.folder.clone() })
    }
}

impl KeepArgs {
    /// Opens the outbox for writing and prunes it.
    pub(super) fn open(&self, data: &Path) -> Result<Outbox, CliError> {
        let mut outbox = Outbox::open(data)?;
        self.prune(&mut outbox)?;
        Ok(outbox)
    }

    /// Prunes the outbox. The command itself must not fail because old deliveries could not be deleted.
    pub(super) fn prune(&self, outbox: &mut Outbox) -> Result<(), CliError> {
        match self.keep.prune(outbox) {
            Ok(_) => Ok(()),
            Err(error @ OutboxError::Displaced { .. }) => Err(error.into()),
            Err(error) => {
                note(format_args!(
                    "old deliveries could not be pruned: {error}; `webhook-sender deliveries prune` tries again"
                ));
                Ok(())
            }
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
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RetentionError::UnitMissing(text.to_owned()));
        }
        let time = duration::parse(text)?;
        Ok(Self::Time(time.try_into().expect("it is at most a hundred years")))
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
    fn a_retention_is_a_duration_or_forever() {
        let time = |seconds| Ok(Retention::Time(SignedDuration::from_secs(seconds)));
        for (text, expected) in [
            ("7d", time(7 * 86_400)),
            ("12h", time(43_200)),
            ("0s", time(0)),
            ("36500d", time(36_500 * 86_400)),
            ("7", Err(RetentionError::UnitMissing("7".to_owned()))),
            ("forever", Ok(Retention::Forever)),
            ("36501d", Err(DurationError::TooLong.into())),
            ("ever", Err(DurationError::Form.into())),
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
