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
        findings.torn = None;
    }
    say(&match output {
        Output::Human => human(&findings),
        Output::Json => json(&findings),
    })?;
    if findings.is_whole() {
        return Ok(());
    }
    let only_torn = Findings { torn: None, ..findings }.is_whole();
    Err(Failure::failed(match only_torn {
        true => format!(
            "the log in {} ends in bytes that are no whole message. After a kill or a power cut that is a message that was \
             never acknowledged; the next start, or `log repair`, moves them aside",
            folder.display()
        ),
        false => format!(
            "the log in {} is damaged; readers skip the damaged places. If you have a backup, bring the named files back \
             from it; `log repair` mends what can be mended without one",
            folder.display()
        ),
    }))
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
    if let Some(end) = &findings.torn {
        text.push_str(&format!(
            "Torn      {}: {} bytes from byte {} on, the end, of a message that was most likely never acknowledged\n",
            end.file, end.bytes, end.offset
        ));
    }
    for file in findings.missing() {
        text.push_str(&format!(
            "Missing   {file}: moved aside by an earlier start or repair, with every message in it\n"
        ));
    }
    for file in findings.aside.iter().filter(|file| findings.missing().all(|missing| missing != *file)) {
        text.push_str(&format!("Aside     {file}: taken off the log's end by an earlier start or repair\n"));
    }
    if findings.is_whole() {
        text.push_str("Nothing in the log is damaged.\n");
    }
    text
}
