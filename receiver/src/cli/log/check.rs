//! `log check`: say in what state the log is.

use std::path::Path;

use super::{Output, json};
use crate::{
    cli::{Failure, data::Data, say},
    index::{Index, Lost},
    log::Findings,
    server::DataFolder,
};

pub(super) fn run(data: &Data, output: Output) -> Result<(), Failure> {
    let folder = DataFolder::log_in(&data.folder);
    let in_use = DataFolder::is_in_use(&data.folder);
    let lost = lost(data, &folder)?;
    let mut findings = Findings::of(&folder).map_err(Failure::failed)?;
    findings.lost = lost;
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
    if !findings.lost.is_empty() {
        return Err(Failure::failed(format_args!(
            "the log in {} has lost messages: a file of it was deleted or moved. Bring it back, from a backup if need be, \
             while no receiver is running. If there is none, restart the receiver and run `reindex`",
            folder.display()
        )));
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

/// Messages that the index has and no file of the log.
fn lost(data: &Data, folder: &Path) -> Result<Vec<Lost>, Failure> {
    // Without an index, or with a damaged one, nobody can tell.
    let Ok(Some(index)) = Index::open_beside(&DataFolder::index_in(&data.folder)) else { return Ok(Vec::new()) };
    let lost = index.lost(|| {
        let (start, ranges) = Findings::ranges(folder)?;
        // The index forgets a little later what retention removes.
        Ok((if data.config.retention.is_for_ever() { 0 } else { start }, ranges))
    });
    lost.map_err(Failure::failed)
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
    for lost in &findings.lost {
        text.push_str(&format!(
            "Lost      {} from position {} to {}: the index knows them, and no file of the log has them\n",
            match lost.arrivals {
                1 => "1 message".to_owned(),
                count => format!("{count} messages"),
            },
            lost.first,
            lost.last
        ));
    }
    if findings.is_whole() {
        text.push_str("Nothing in the log is damaged.\n");
    }
    text
}
