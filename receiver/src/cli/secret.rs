//! `secret`: replace the secret of an endpoint.

use std::{path::Path, time::Duration};

use clap::Subcommand;
use jiff::{Span, SpanRelativeTo};

use super::{Failure, exit, no_first_run, origin};
use crate::config::{FIRST_RUN_FOLDER, RotateError, Rotation};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a new client secret or password and keep the old one valid for a while.
    ///
    /// A receiver that runs takes both within a second; it is not stopped.
    Rotate(Rotate),
}

#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    /// The endpoint, by name or path; needed where there are several.
    #[arg(value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// How long the old one stays valid, such as 90m, 24h or 7d; 0s for not at all.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time)]
    keep_old: Duration,
}

pub(super) fn run(file: Option<&Path>, Command::Rotate(args): &Command) -> Result<(), Failure> {
    if file.is_none() && !Path::new(FIRST_RUN_FOLDER).is_dir() {
        return Err(no_first_run());
    }
    let rotation = Rotation::run(&origin(file), args.endpoint.as_deref(), args.keep_old);
    let rotation = rotation.map_err(|error| match error {
        RotateError::Config(_) | RotateError::Which { .. } | RotateError::NoEndpoint { .. } => {
            Failure::new(exit::USAGE, error)
        }
        other => Failure::failed(other),
    })?;
    super::say(&told(&rotation))
}

/// What to do now.
fn told(rotation: &Rotation) -> String {
    let Rotation { endpoint, username, file, kept } = rotation;
    let (what, form) = match username {
        None => ("client secret", format!("  Client secret        the content of {}\n", file.display())),
        Some(username) => (
            "password",
            format!("  Username             {username}\n  Password             the content of {}\n", file.display()),
        ),
    };
    let old = match kept {
        Some(kept) => format!("The old one is in {} and is accepted until {}.", kept.file.display(), kept.until),
        None => "Every older one is refused from now on.".to_owned(),
    };
    let by_when = kept.as_ref().map(|kept| format!(", before {}", kept.until)).unwrap_or_default();
    format!(
        "Wrote a new {what} for {endpoint} into {}.
{old}
A receiver that runs takes this over within a second, and says so in its log.

In the product's form of each webhook that calls {endpoint}:
{form}Then publish the flow model again{by_when}.
",
        file.display(),
    )
}

/// A time as people type it; days are 24 hours.
fn time(typed: &str) -> Result<Duration, String> {
    let span = typed.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    span.ok().and_then(|time| time.try_into().ok()).ok_or_else(|| "write a time such as 90m, 24h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_typed_as_people_say_them() {
        for (typed, seconds) in [
            ("90m", Some(5400)),
            ("7d", Some(604_800)),
            ("1d12h", Some(129_600)),
            ("0s", Some(0)),
            ("-1h", None),
            ("soon", None),
            ("24", None),
        ] {
            assert_eq!(time(typed).ok().map(|time| time.as_secs()), seconds, "{typed}");
        }
    }
}
