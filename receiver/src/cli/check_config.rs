//! `check-config`: say everything that is wrong with a configuration file.

use std::path::Path;

use super::{Failure, exit};
use crate::config::Config;

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        return Err(Failure::new(exit::USAGE, "which file? write `check-config --config receiver.toml`"));
    };
    let config = Config::load(file).map_err(|error| Failure::new(exit::USAGE, error))?;
    for warning in &config.warnings {
        super::warn(&warning.to_string());
    }
    let count = config.endpoints.len();
    let endpoints = if count == 1 { "endpoint" } else { "endpoints" };
    super::say(&format!("{}: {count} {endpoints}, nothing is wrong\n", file.display()))
}
