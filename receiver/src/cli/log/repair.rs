//! `log repair`: repairs what a start would repair, and reports what was done and what is left.

use console::{
    OutputFormat,
    output::{write_json, write_stdout},
};
use serde::Serialize;

use super::check::human;
use crate::{
    cli::{data::DataDir, failure::Failure},
    log::{LogReport, Recovery, SegmentedLog},
};

#[derive(Serialize)]
struct RepairReport {
    repaired: Recovery,
    left: LogReport,
}

pub(super) fn run(data: &DataDir, output: OutputFormat) -> Result<(), Failure> {
    let folder = data.lock("this changes the files that it writes; `log check` works while it is running")?;
    let repaired = SegmentedLog::repair(&folder.log()).map_err(Failure::failed)?;
    let left = LogReport::of(&folder.log()).map_err(Failure::failed)?;
    match output {
        OutputFormat::Human => write_stdout(&format!("{}\n{}", done(&repaired), human(&left)))?,
        OutputFormat::Json => {
            let report = RepairReport { repaired, left };
            write_json(&serde_json::to_string_pretty(&report).map_err(Failure::failed)?)?;
        }
    }
    Ok(())
}

fn done(repaired: &Recovery) -> String {
    let mut lines = Vec::new();
    for path in &repaired.heads {
        lines.push(format!("Rewrote the header of {}.", path.display()));
    }
    if repaired.cut > 0 {
        lines.push(format!("Cut {} bytes off the end: they are not a complete record.", repaired.cut));
    }
    for path in &repaired.aside {
        lines.push(format!("Moved what was taken out to {}.", path.display()));
    }
    for path in &repaired.removed {
        lines.push(format!("Removed {}, which was empty.", path.display()));
    }
    if lines.is_empty() {
        lines.push("There was nothing to repair.".to_owned());
    }
    lines.join("\n") + "\n"
}
