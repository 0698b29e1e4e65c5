//! `log check`: reports the state of the log.

use std::path::Path;

use console::{
    OutputFormat,
    format::plural,
    output::{write_json, write_stdout},
};

use crate::{
    cli::{data::DataDir, failure::Failure},
    index::Reader,
    log::{LogReport, LostMessages},
    server::DataFolder,
};

pub(super) fn run(data: &DataDir, output: OutputFormat) -> Result<(), Failure> {
    let folder = DataFolder::log_in(&data.folder);
    let in_use = DataFolder::is_in_use(&data.folder);
    let lost = lost(data, &folder)?;
    let mut report = LogReport::of(&folder).map_err(Failure::failed)?;
    report.lost = lost;
    if in_use {
        // The receiver is writing there.
        report.torn_tail = None;
    }
    match output {
        OutputFormat::Human => write_stdout(&human(&report))?,
        OutputFormat::Json => write_json(&serde_json::to_string_pretty(&report).map_err(Failure::failed)?)?,
    }
    if report.is_whole() {
        return Ok(());
    }
    if !report.lost.is_empty() {
        return Err(Failure::failed(format_args!(
            "the log in {} has lost messages: one of its files was deleted or moved",
            folder.display()
        ))
        .tip(
            "bring the file back, if necessary from a backup, while no receiver is running; if there is none, restart the \
             receiver and run `webhook-receiver reindex`",
        ));
    }
    let only_torn = LogReport { torn_tail: None, ..report }.is_whole();
    Err(match only_torn {
        true => Failure::failed(format_args!(
            "the log in {} ends with an incomplete message. After a kill or a power cut this is a message that was never \
             acknowledged",
            folder.display()
        ))
        .tip("the next start, or `webhook-receiver log repair`, moves it to a file of its own"),
        false => Failure::failed(format_args!(
            "the log in {} is damaged; readers skip the damaged places",
            folder.display()
        ))
        .tip(
            "restore the named files from a backup; without one, `webhook-receiver log repair` repairs what can be \
             repaired",
        ),
    })
}

fn lost(data: &DataDir, folder: &Path) -> Result<Vec<LostMessages>, Failure> {
    // Without an index, or with a damaged one, this is unknown.
    let Ok(Some(index)) = Reader::open(&DataFolder::index_in(&data.folder)) else { return Ok(Vec::new()) };
    let lost = index.lost(|| {
        let (start, ranges) = LogReport::ranges(folder)?;
        // The index removes a little later what retention has removed.
        Ok((if data.config.retention.is_unlimited() { 0 } else { start }, ranges))
    });
    lost.map_err(Failure::failed)
}

/// One line per finding.
pub(super) fn human(report: &LogReport) -> String {
    let mut text = format!("Segments  {}\nBytes     {}\nRecords   {}\n", report.segments, report.bytes, report.records);
    if let (Some(first), Some(last)) = (report.first, report.last) {
        text.push_str(&format!("Received  {first:.0} to {last:.0}\n"));
    }
    for place in &report.damaged {
        text.push_str(&format!(
            "Damaged   {}: {} bytes from byte {}; they stay there, and readers skip them\n",
            place.file, place.bytes, place.offset
        ));
    }
    for file in &report.bad_headers {
        text.push_str(&format!("Damaged   {file}: its header; every record in it can be read\n"));
    }
    for file in &report.unreadable {
        text.push_str(&format!("Damaged   {file}: its header; nothing in it can be read\n"));
    }
    if let Some(end) = &report.torn_tail {
        text.push_str(&format!(
            "Torn      {}: {} bytes from byte {} to the end, most likely of a message that was never acknowledged\n",
            end.file, end.bytes, end.offset
        ));
    }
    for file in report.missing() {
        text.push_str(&format!(
            "Missing   {file}: moved aside by an earlier start or repair, with every message in it\n"
        ));
    }
    for file in report.quarantined.iter().filter(|file| report.missing().all(|missing| missing != *file)) {
        text.push_str(&format!("Aside     {file}: taken off the log's end by an earlier start or repair\n"));
    }
    for lost in &report.lost {
        text.push_str(&format!(
            "Lost      {} from position {} to {}: they are in the index, but in no file of the log\n",
            plural(lost.arrivals, "message"),
            lost.first,
            lost.last
        ));
    }
    if report.is_whole() {
        text.push_str("Nothing in the log is damaged.\n");
    }
    text
}
