//! The configuration of a command: the file of `--config`, or the first run's folder.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::config::{Config, ConfigError, FIRST_RUN_FOLDER, Origin};

/// Sets `--config` for all commands.
pub(super) const CONFIG_VARIABLE: &str = "WEBHOOK_RECEIVER_CONFIG";

pub(super) fn origin(file: Option<&Path>) -> Origin {
    file.map_or_else(|| Origin::FirstRun(PathBuf::new()), |file| Origin::File(file.to_owned()))
}

/// The configuration for a command that only reads. It creates nothing and needs no secret: without a file, the first
/// run's folder must exist.
pub(super) fn for_reading(file: Option<&Path>) -> Result<Config, Failure> {
    match file {
        Some(file) => Config::load_for_reading(file).map_err(Failure::usage),
        None => {
            require_first_run()?;
            origin(None).read().config.map_err(unusable)
        }
    }
}

pub(super) fn unusable(error: ConfigError) -> Failure {
    match error {
        ConfigError::FirstRun(error) => Failure::failed(error),
        wrong => Failure::usage(wrong),
    }
}

pub(super) fn require_first_run() -> Result<(), Failure> {
    if Path::new(FIRST_RUN_FOLDER).is_dir() {
        return Ok(());
    }
    Err(Failure::failed("there is no ./flowingly here")
        .tip("run this where the receiver was started, or name its configuration with --config"))
}
