//! `refused list`: the newest refused requests.

use clap::builder::PossibleValuesParser;
use console::{
    OutputArgs, OutputFormat, Table,
    output::{write_json, write_stdout},
    time,
};
use jiff::Timestamp;
use schemas::timestamp;

use crate::{
    Rejection,
    cli::{data::DataDir, failure::Failure, messages::cell},
    query::Pattern,
    refusals::{RefusalFilter, RefusedRequest, explain},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    /// Only requests that this endpoint refused.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Only requests that were refused with this code.
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(Rejection::CODES), hide_possible_values = true)]
    code: Option<String>,
    /// Only requests refused at or after this time, such as 2026-11-24T08:00:00Z, `24h` (24 hours ago) or `yesterday`.
    #[arg(long, value_name = "TIME", value_parser = time::parse_now)]
    since: Option<Timestamp>,
    /// Only requests refused before this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse_now)]
    until: Option<Timestamp>,
    /// Maximum number of requests to list.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &ListArgs) -> Result<(), Failure> {
    timestamp::check_range(args.since, args.until).map_err(Failure::usage)?;
    let filter = RefusalFilter {
        endpoint: args.endpoint.clone(),
        code: args.code.clone(),
        since: args.since,
        until: args.until,
    };
    let found = super::load(data)?.newest(&filter, args.limit);
    if let (true, Some(asked)) = (found.is_empty(), &args.endpoint) {
        data.warn_of_unknown_endpoint(&Pattern::Exact(asked.clone()));
    }
    let found: Vec<&RefusedRequest> = found.iter().map(|refused| &**refused).collect();
    match args.output.format {
        OutputFormat::Json => {
            write_json(&serde_json::to_string_pretty(&found).expect("requests consist of texts and numbers"))?;
        }
        OutputFormat::Human if found.is_empty() => write_stdout("No refused requests.\n")?,
        OutputFormat::Human => write_stdout(&format!("{}\n", table(&found)))?,
    }
    Ok(())
}

fn table(found: &[&RefusedRequest]) -> Table {
    let mut table = Table::with_header(["REQUEST ID", "REFUSED", "ENDPOINT", "CODE", "WHAT IS WRONG"]);
    for refused in found {
        table.row([
            refused.request_id.to_string(),
            format!("{:.0}", refused.at),
            cell(refused.endpoint_name()),
            refused.code.clone(),
            cell(Some(&explain(refused).sentence)),
        ]);
    }
    table
}
