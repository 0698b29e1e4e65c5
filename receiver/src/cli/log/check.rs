//! `log check`: say in what state the log is.

use super::{Output, json};
use crate::{
    cli::{Failure, data::Data, say},
    log::Findings,
    server::DataFolder,
};

pub(super) fn run(data: &Data, output: Output) -> Result<(), Failure> {
    let folder = DataFolder::log_in(&data.folder);
    let in_use = DataFolder::is_in_use(&data.folder);
    let mut findings = Findings::of(&folder).map_err(Failure::failed)?;
    if in_use {
        // The receiver is writing there.
        findings.torn = 0;
    }
    say(&match output {
        Output::Human => human(&findings),
        Output::Json => json(&findings),
    })?;
    if findings.is_whole() {
        return Ok(());
    }
    Err(Failure::failed(format_args!(
        "the log in {} is damaged; readers skip the damaged places. If you have a backup, bring the named files back \
         from it; `log repair` mends what can be mended without one",
        folder.display()
    )))
}

/// What was found, a line each.
pub(super) fn human(findings: &Findings) -> String {
    let mut text =
        format!("Segments  {}\nBytes     {}\nRecords   {}\n", findings.segments, findings.bytes, findings.records);
    if let (Some(first), Some(last)) = (findings.first, findings.last) {
        text.push_str(&format!("Received  {first:.0} to {last:.0}\n"));
    }
    for place in &findings.damaged {
        text.push_str(&format!(
            "Damaged   {}: {} bytes from byte {} on; they stay there, and readers skip them\n",
            place.file, place.bytes, place.offset
        ));
    }
    for file in &findings.heads {
        text.push_str(&format!("Damaged   {file}: its head; every record in it can be read\n"));
    }
    for file in &findings.unreadable {
        text.push_str(&format!("Damaged   {file}: its head; nothing in it can be read\n"));
    }
    if findings.torn > 0 {
        text.push_str(&format!(
            "Torn      {} bytes at the end, of a message that was most likely never acknowledged; the next start cuts them off\n",
            findings.torn
        ));
    }
    for file in &findings.aside {
        text.push_str(&format!("Aside     {file}: taken out of the log by an earlier start or repair\n"));
    }
    if findings.is_whole() {
        text.push_str("Nothing is damaged.\n");
    }
    text
}
