//! The note of what a profile has no place for, so that no message says it.

use std::{fmt::Display, io::Write as _};

use schemas::Profile;

use super::{
    error::CliError,
    output::{self, say},
};

pub(super) fn tell(dropped: &[impl Display], profile: Option<&Profile>) -> Result<(), CliError> {
    let (false, Some(profile)) = (dropped.is_empty(), profile) else { return Ok(()) };
    let mut stderr = anstream::stderr().lock();
    say(writeln!(stderr, "{}the profile `{}` cannot carry, so it is left out:", output::NOTE, profile.name()))?;
    dropped.iter().try_for_each(|dropped| say(writeln!(stderr, "  {dropped}")))
}
