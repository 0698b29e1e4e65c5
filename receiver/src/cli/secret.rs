//! `secret`: replaces the secret of an endpoint, or the password of the inspector.

use std::{path::Path, time::Duration};

use clap::Subcommand;
use console::{duration, output::write_stdout};

use super::{
    configuration::{origin, require_first_run},
    failure::Failure,
};
use crate::config::{RotateError, Rotation};
#[cfg(feature = "inspect")]
use crate::{
    config::rotate_file,
    inspector::{PASSWORD_FILE, USERNAME},
};

/// The inspector in place of an endpoint. An endpoint of this name is chosen by its path.
#[cfg(feature = "inspect")]
const INSPECT: &str = "inspect";

#[derive(Debug, Subcommand)]
pub(super) enum SecretCommand {
    /// Write a new client secret or password, and keep the old one valid for a while.
    ///
    /// A running receiver accepts both within a second, without a restart.
    Rotate(RotateArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct RotateArgs {
    /// Name or path of the endpoint, required if there are several, or `inspect` for the password of the inspector.
    #[arg(value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Time for which the old one stays valid, such as 90m, 24h or 7d, from 0 to 36500d.
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration::parse)]
    keep_old: Duration,
}

pub(super) fn run(file: Option<&Path>, SecretCommand::Rotate(args): &SecretCommand) -> Result<(), Failure> {
    if file.is_none() {
        require_first_run()?;
    }
    #[cfg(feature = "inspect")]
    if args.endpoint.as_deref() == Some(INSPECT) {
        return rotate_inspect(file, args.keep_old);
    }
    let rotation = Rotation::run(&origin(file), args.endpoint.as_deref(), args.keep_old);
    let rotation = rotation.map_err(|error| match error {
        RotateError::Config(_) | RotateError::Which { .. } | RotateError::NoEndpoint { .. } => Failure::usage(error),
        other => Failure::failed(other),
    })?;
    Ok(write_stdout(&next_steps(&rotation))?)
}

/// Needs no secret of an endpoint, and not even an inspector that is switched on.
#[cfg(feature = "inspect")]
fn rotate_inspect(config: Option<&Path>, keep: Duration) -> Result<(), Failure> {
    let file = super::configuration::for_reading(config)?.data_dir.join(PASSWORD_FILE);
    if !file.exists() {
        return Err(Failure::failed(format_args!("there is no {} yet", file.display()))
            .tip("start the receiver with `inspect = \"127.0.0.1:9091\"` in its configuration"));
    }
    let kept = rotate_file(&file, keep).map_err(Failure::failed)?;
    let old = match kept {
        Some(kept) => format!("The old one is in {} and is accepted until {}.", kept.file.display(), kept.until),
        None => "All older ones are refused from now on.".to_owned(),
    };
    Ok(write_stdout(&format!(
        "Wrote a new password for the inspector into {}.\n{old}\nA running receiver accepts it within a second.\n\nSign \
         in as {USERNAME} with the content of that file.\n",
        file.display()
    ))?)
}

fn next_steps(rotation: &Rotation) -> String {
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
        None => "All older ones are refused from now on.".to_owned(),
    };
    let by_when = kept.as_ref().map(|kept| format!(", before {}", kept.until)).unwrap_or_default();
    format!(
        "Wrote a new {what} for {endpoint} into {}.
{old}
A running receiver picks this up within a second, and logs it.

In the product's form of each webhook that calls {endpoint}, enter:
{form}Then publish the flow model again{by_when}.
",
        file.display(),
    )
}
