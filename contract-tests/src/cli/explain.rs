//! `webhook-contract explain`: what clauses of the contract and cases of the catalogue say, and why they matter.

use std::fmt::Write as _;

use anstyle::Style;
use clap::Args;
use console::{exit_code, output::write_stdout};
use schemas::Clause;

use super::error::CliError;
use crate::{
    Case,
    case::{Action, AuthenticationKind},
    catalogue, example, failure, judge,
};

const BOLD: Style = Style::new().bold();
/// Width of sentences, in columns.
const TEXT_COLUMNS: usize = 100;

#[derive(Args)]
pub(super) struct ExplainArgs {
    /// Clauses such as AUTH-14, cases such as HTTP-020, areas such as AUTH, or patterns such as AUTH-BASIC-*; without any,
    /// the titles of all clauses.
    #[arg(value_name = "ID")]
    names: Vec<String>,
}

pub(super) fn run(args: &ExplainArgs) -> Result<u8, CliError> {
    let mut text = String::new();
    if args.names.is_empty() {
        clauses(&mut text, "*");
    }
    for name in &args.names {
        let upper = name.to_uppercase();
        if let Some(clause) = Clause::find(&upper) {
            whole_clause(&mut text, clause);
        } else if let Some(case) = Case::all().iter().find(|case| case.id == upper) {
            whole_case(&mut text, case);
        } else {
            let is_pattern = upper.contains('*');
            let clauses = clauses(&mut text, &if is_pattern { upper.clone() } else { format!("{upper}-*") });
            let cases = is_pattern && cases(&mut text, &upper);
            if !clauses && !cases {
                return Err(CliError::unknown_id(name));
            }
        }
    }
    write_stdout(&text)?;
    Ok(exit_code::SUCCESS)
}

/// Adds the titles of the clauses whose number fits. Returns whether there are any.
fn clauses(text: &mut String, pattern: &str) -> bool {
    let before = text.len();
    for clause in Clause::all().iter().filter(|clause| catalogue::matches(pattern, clause.id)) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:<8} {:<7} {}", clause.id, clause.level, clause.title);
    }
    text.len() > before
}

/// Adds the titles of the cases whose number fits. Returns whether there are any.
fn cases(text: &mut String, pattern: &str) -> bool {
    let before = text.len();
    for case in Case::all().iter().filter(|case| catalogue::matches(pattern, &case.id)) {
        let _ = writeln!(text, "{:<16} {:<7} {}", case.id, case.level(), case.title);
    }
    text.len() > before
}

fn whole_clause(text: &mut String, clause: &Clause) {
    let Clause { id, level, title, text: wording, source, why, .. } = clause;
    heading(text, &format!("{id} · {level} · {title}"));
    paragraph(text, "", wording);
    if let Some(why) = why {
        paragraph(text, "Why: ", why);
    }
    paragraph(text, "Source: ", source);
    let cases: Vec<&str> = Case::all().iter().filter(|case| case.clause == *id).map(|case| case.id.as_str()).collect();
    let cases = match cases.as_slice() {
        [] => "there are none, since a run cannot show it".to_owned(),
        [first, .., last] if cases.len() > 4 => format!("{} from {first} to {last}", cases.len()),
        few => few.join(", "),
    };
    paragraph(text, "Cases: ", &cases);
}

fn whole_case(text: &mut String, case: &Case) {
    let clause = case.of_clause();
    heading(text, &format!("{} · {} · {}", case.id, case.level(), case.title));
    paragraph(text, &format!("{}, {}: ", clause.id, clause.title), clause.text);
    if let Some(why) = failure::why(case, true) {
        paragraph(text, "Why: ", why);
    }
    let shown = match &case.action {
        Action::Send(exchange) => example::of(case, exchange).map(|shown| (shown, exchange)),
        Action::Check(_) => None,
    };
    match &shown {
        Some((shown, exchange)) => {
            let times = if exchange.times > 1 { format!(", {} times", exchange.times) } else { String::new() };
            paragraph(text, "Sends: ", &format!("{}{times}", shown.sent));
            paragraph(text, "Expects: ", &judge::describe_expectation(&exchange.expect));
        }
        None => paragraph(text, "Sends: ", "nothing; it looks at every answer of the run"),
    }
    paragraph(text, "Fix: ", &case.fix);
    paragraph(text, "Runs: ", &when(case));
    if let Some((shown, _)) = shown {
        let _ = writeln!(text, "  Request:");
        for line in shown.request.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
}

/// When the case is run.
fn when(case: &Case) -> String {
    let mut when = Vec::new();
    when.push(match case.authentication.as_slice() {
        [] => "with every kind of authentication".to_owned(),
        kinds => {
            let named = kinds.iter().map(|kind| match kind {
                AuthenticationKind::None => "no authentication",
                AuthenticationKind::ClientSecret => "a client secret",
                AuthenticationKind::Basic => "Basic authentication",
            });
            format!("with {}", named.collect::<Vec<_>>().join(" or "))
        }
    });
    when.extend(case.needs.iter().map(ToString::to_string));
    if case.slow {
        when.push("only with --slow".to_owned());
    }
    if case.safe {
        when.push("with --safe, too".to_owned());
    }
    when.join("; ")
}

fn heading(text: &mut String, heading: &str) {
    let gap = if text.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{gap}{BOLD}{heading}{BOLD:#}");
}

fn paragraph(text: &mut String, label: &str, content: &str) {
    let options = textwrap::Options::new(TEXT_COLUMNS).initial_indent("  ").subsequent_indent("  ");
    let _ = writeln!(text, "{}", textwrap::fill(&format!("{label}{content}"), options));
}
