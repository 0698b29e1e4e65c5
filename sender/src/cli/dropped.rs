//! The note on what a profile has no place for, so that no message contains it.

use std::fmt::Display;

use console::output::{line, note};
use schemas::Profile;

pub(super) fn note_dropped(dropped: &[impl Display], profile: Option<&Profile>) {
    let (false, Some(profile)) = (dropped.is_empty(), profile) else { return };
    note(format_args!("the profile `{}` has no place for this, so it is left out:", profile.name()));
    dropped.iter().for_each(|dropped| line(format_args!("  {dropped}")));
}
