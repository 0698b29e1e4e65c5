//! `webhook-contract render`: a report that was kept as JSON, in any other form.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{error::CliError, report_args::ReportArgs};
use crate::report::json;

#[derive(Args)]
pub(super) struct RenderArgs {
    /// The JSON report of an earlier run
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    report: ReportArgs,
}

pub(super) fn run(args: RenderArgs) -> Result<u8, CliError> {
    let RenderArgs { file, report } = args;
    let unreadable = |source| CliError::KeptReport { path: file.clone(), source };
    let bytes = fs::read(&file).map_err(|error| unreadable(error.into()))?;
    let kept = json::read(&bytes).map_err(unreadable)?;
    report.open()?.write(kept)
}
