//! `refused summary`: what is refused how often, and what does not arrive at all.

use console::{
    OutputArgs, OutputFormat, Table,
    output::{write_json, write_stdout},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    cli::{data::DataDir, failure::Failure, messages::cell},
    index::Search,
    query::Query,
    refusals::{RefusalFilter, RefusalKind, RefusedRequest, Rings, SILENCE_REASONS, Silence, explain_code, silences},
};

/// The code of requests for paths that no endpoint has.
const NOT_FOUND: &str = "not-found";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SummaryArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// What programs get.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    refused: Vec<RefusalKind>,
    silent: Vec<Silence>,
}

pub(super) fn run(data: &DataDir, args: &SummaryArgs) -> Result<(), Failure> {
    let rings = super::load(data)?;
    let refused = rings.summary();
    let index = data.index()?;
    let mut endpoints = Vec::new();
    for endpoint in &data.config.endpoints {
        let name = endpoint.name.as_str();
        let accepted = data.newest(&index, Search::newest(&Query::of_endpoint(name), 1))?.messages;
        let last_message = accepted.first().map(|message| message.last_arrival);
        endpoints.push((name, last_message.max(rings.last_refused(name))));
    }
    let silent = silences(endpoints, Timestamp::now());
    let summary = Summary { refused, silent };
    match args.output.format {
        OutputFormat::Json => {
            write_json(&serde_json::to_string_pretty(&summary).expect("counts consist of texts and numbers"))?;
        }
        OutputFormat::Human => write_stdout(&human(&summary, &rings))?,
    }
    Ok(())
}

fn human(summary: &Summary, rings: &Rings) -> String {
    let mut text = match summary.refused.is_empty() {
        true => "No refused requests.\n".to_owned(),
        false => format!("{}\n", table(&summary.refused)),
    };
    for Silence { endpoint, since } in &summary.silent {
        let name = cell(Some(endpoint));
        text.push_str(&match since {
            Some(since) => format!("\nNothing has arrived for {name} since {since:.0}.\n"),
            None => format!("\nNo request for {name} is known.\n"),
        });
    }
    if summary.silent.is_empty() {
        return text;
    }
    if let Some(refused) = last_not_found(rings) {
        let target = &refused.shape.target;
        text.push_str(&format!("The last request for a path without an endpoint was {target} at {:.0}.\n", refused.at));
    }
    text.push_str("\nThe usual reasons:\n");
    text.extend(SILENCE_REASONS.iter().map(|reason| format!("  - {reason}\n")));
    text
}

fn last_not_found(rings: &Rings) -> Option<std::sync::Arc<RefusedRequest>> {
    rings.newest(&RefusalFilter { code: Some(NOT_FOUND.to_owned()), ..RefusalFilter::default() }, 1).pop()
}

fn table(kinds: &[RefusalKind]) -> Table {
    let mut table = Table::with_header(["ENDPOINT", "CODE", "COUNT", "FIRST", "LAST", "WHAT IS WRONG"]);
    for kind in kinds {
        table.row([
            cell(kind.endpoint.as_deref()),
            kind.code.clone(),
            kind.count.to_string(),
            format!("{:.0}", kind.first),
            format!("{:.0}", kind.last),
            explain_code(&kind.code).to_owned(),
        ]);
    }
    table.align_right(&[2])
}
