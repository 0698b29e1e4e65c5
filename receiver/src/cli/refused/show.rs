//! `refused show`: explains one refused request.

use console::{
    OutputArgs, OutputFormat,
    format::plural,
    output::{write_json, write_stdout},
};
use schemas::{Clause, text};
use serde::Serialize;

use crate::{
    cli::{data::DataDir, failure::Failure, messages::cell},
    refusals::{CheckOutcome, Explanation, RefusalKind, RefusedRequest, explain},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// The `x-request-id` of the answer; a unique prefix is enough.
    #[arg(value_name = "REQUEST-ID")]
    id: String,
    #[command(flatten)]
    output: OutputArgs,
}

/// What programs get.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'s> {
    request: &'s RefusedRequest,
    explanation: &'s Explanation,
    kind: &'s Option<RefusalKind>,
}

pub(super) fn run(data: &DataDir, args: &ShowArgs) -> Result<(), Failure> {
    let found = super::load_until(data, |rings| {
        let found = rings.by_request_id(&args.id);
        let of_one = |refused: &RefusedRequest| rings.kind_of(refused);
        let kind = found.first().and_then(|refused| of_one(refused));
        (!found.is_empty()).then_some((found, kind))
    })?;
    let Some((found, kind)) = found else {
        return Err(Failure::failed(format_args!("there is no refused request with the id {}", cell(Some(&args.id))))
            .tip("`webhook-receiver refused list` shows the ids; the newest 50 of each endpoint and code are kept"));
    };
    let [refused] = &found[..] else {
        return Err(Failure::failed(format_args!(
            "{} refused requests have an id that begins with {}",
            found.len(),
            args.id
        ))
        .tip("give more of the id"));
    };
    let explanation = explain(refused);
    match args.output.format {
        OutputFormat::Json => {
            let shown = Shown { request: refused, explanation: &explanation, kind: &kind };
            write_json(&serde_json::to_string_pretty(&shown).expect("requests consist of texts and numbers"))?;
        }
        OutputFormat::Human => write_stdout(&human(refused, &explanation, kind.as_ref()))?,
    }
    Ok(())
}

fn human(refused: &RefusedRequest, explanation: &Explanation, kind: Option<&RefusalKind>) -> String {
    let Explanation { sentence, advice, checks } = explanation;
    let shape = &refused.shape;
    let mut text = format!("{}\n{}\n\n", text::escape(sentence), text::escape(advice));
    for check in checks {
        let clause = check.clause.as_deref().unwrap_or("");
        text.push_str(&format!("{:11}  {clause:8} {}\n", check.outcome, check.name));
    }
    let failed = checks.iter().find(|check| check.outcome == CheckOutcome::Failed);
    if let Some(clause) = failed.and_then(|check| Clause::find(check.clause.as_deref()?)) {
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
