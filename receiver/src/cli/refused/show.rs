//! `refused show`: explains one refused request.

use std::sync::Arc;

use console::{
    OutputArgs, OutputFormat,
    format::plural,
    output::{write_json, write_stdout},
};
use schemas::text;

use crate::{
    cli::{data::DataDir, failure::Failure, messages::cell},
    refusals::{ExplainedRequest, Explanation, RefusedRequest},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// The `x-request-id` of the answer; a unique prefix is enough.
    #[arg(value_name = "REQUEST-ID")]
    id: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &ShowArgs) -> Result<(), Failure> {
    let found = super::load_until(data, |rings| match rings.find(&args.id) {
        Err(0) => None,
        found => Some(found),
    })?;
    let explained = match found {
        Some(Ok((refused, kind))) => ExplainedRequest::of(Arc::unwrap_or_clone(refused), kind),
        Some(Err(count)) => {
            return Err(Failure::failed(format_args!(
                "{count} refused requests have an id that begins with {}",
                args.id
            ))
            .tip("give more of the id"));
        }
        None => {
            return Err(Failure::failed(format_args!(
                "there is no refused request with the id {}",
                cell(Some(&args.id))
            ))
            .tip("`webhook-receiver refused list` shows the ids; the newest 50 of each endpoint and code are kept"));
        }
    };
    match args.output.format {
        OutputFormat::Json => {
            write_json(&serde_json::to_string_pretty(&explained).expect("requests consist of texts and numbers"))?;
        }
        OutputFormat::Human => write_stdout(&human(&explained))?,
    }
    Ok(())
}

fn human(explained: &ExplainedRequest) -> String {
    let ExplainedRequest { request: refused, explanation, kind } = explained;
    let Explanation { sentence, advice, checks } = explanation;
    let shape = &refused.shape;
    let mut text = format!("{}\n{}\n\n", text::escape(sentence), text::escape(advice));
    for check in checks {
        let clause = check.clause.as_deref().unwrap_or("");
        text.push_str(&format!("{:11}  {clause:8} {}\n", check.outcome, check.name));
    }
    if let Some(clause) = explanation.failed_clause() {
        text.push_str(&format!("\n{} ({}): {}\n", clause.id, clause.title, clause.text));
    }
    let mut row = |name: &str, value: String| {
        text.push_str(&format!("{}{name:9} {value}\n", if name == "request" { "\n" } else { "" }))
    };
    row("request", refused.request_id.to_string());
    row("refused", format!("{:.3} from {}", refused.at, cell(Some(&refused.peer))));
    row("endpoint", cell(refused.endpoint_name()));
    row("answer", format!("{} {}", refused.status, refused.code));
    row("reason", cell(Some(&refused.reason)));
    row("target", cell(Some(&format!("{} {} {}", shape.method, shape.target, shape.version))));
    row("headers", format!("{} ({})", shape.header_names.join(", "), plural(shape.header_bytes as u64, "byte")));
    row("type", cell(shape.content_type.as_deref()));
    if let Some(coding) = &shape.content_encoding {
        row("coding", cell(Some(coding)));
    }
    row("body", body_sizes(refused));
    if let Some(kind) = kind {
        row("often", format!("{} since {:.0}, last {:.0}", plural(kind.count, "time"), kind.first, kind.last));
    }
    if let Some(body) = &refused.body {
        let end = if body.is_complete { "" } else { "\n(truncated)" };
        text.push_str(&format!("\n{}{end}\n", text::escape(&body.text)));
    }
    text
}

fn body_sizes(refused: &RefusedRequest) -> String {
    let announced = refused.shape.announced_bytes.map(|bytes| format!("{} announced", plural(bytes, "byte")));
    let read = refused.shape.body_bytes.map(|bytes| format!("{} read", plural(bytes as u64, "byte")));
    match (announced, read) {
        (Some(announced), Some(read)) => format!("{announced}, {read}"),
        (Some(announced), None) => format!("{announced}, not read"),
        (None, Some(read)) => read,
        (None, None) => "not read".to_owned(),
    }
}
