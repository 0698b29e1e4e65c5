//! `webhook-contract explain`: what clauses of the contract say, what they rest on and why they matter.

use std::fmt::Write as _;

use anstyle::Style;
use clap::Args;
use schemas::Clause;

use super::{error::CliError, exit, output};

const BOLD: Style = Style::new().bold();

#[derive(Args)]
pub(super) struct ExplainArgs {
    /// Clauses such as AUTH-14, or areas such as AUTH; without any, the title of each
    #[arg(value_name = "CLAUSE")]
    names: Vec<String>,
}

pub(super) fn run(args: &ExplainArgs) -> Result<u8, CliError> {
    let mut text = String::new();
    if args.names.is_empty() {
        titles(&mut text, "");
    }
    for name in &args.names {
        let upper = name.to_uppercase();
        match Clause::find(&upper) {
            Some(clause) => whole(&mut text, clause),
            None if !titles(&mut text, &format!("{upper}-")) => {
                return Err(CliError::UnknownClause { name: name.clone() });
            }
            None => {}
        }
    }
    output::print(&text)?;
    Ok(exit::HOLDS)
}

/// Adds the titles of the clauses whose number begins so; whether there are any.
fn titles(text: &mut String, start: &str) -> bool {
    let mut any = false;
    for clause in Clause::all().iter().filter(|clause| clause.id.starts_with(start)) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:<8} {:<7} {}", clause.id, clause.level, clause.title);
        any = true;
    }
    any
}

fn whole(text: &mut String, clause: &Clause) {
    let Clause { id, level, title, text: words, source, why } = clause;
    let lines = [Some(("", *words)), why.map(|why| ("Why: ", why)), Some(("Source: ", *source))];
    let gap = if text.is_empty() { "" } else { "\n" };
    // Writing to a String does not fail.
    let _ = writeln!(text, "{gap}{BOLD}{id} · {level} · {title}{BOLD:#}");
    for (label, line) in lines.into_iter().flatten() {
        let options = textwrap::Options::new(100).initial_indent("  ").subsequent_indent("  ");
        let _ = writeln!(text, "{}", textwrap::fill(&format!("{label}{line}"), options));
    }
}
