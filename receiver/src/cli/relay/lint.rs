//! `relay lint`: renders templates with every sample.

use std::path::PathBuf;

use console::{format::plural, output::write_stdout};

use crate::{
    cli::failure::Failure,
    relay::{Template, lint},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct LintArgs {
    /// Template files.
    #[arg(required = true, value_name = "TEMPLATE")]
    templates: Vec<PathBuf>,
    /// The templates produce other text than cards, for a destination of type http or file.
    #[arg(long)]
    text: bool,
}

pub(super) fn run(args: &LintArgs) -> Result<(), Failure> {
    let mut count = 0;
    let mut report = String::new();
    for file in &args.templates {
        let problems: Vec<String> = match Template::read(file) {
            Ok(template) if args.text => lint::texts(&template).iter().map(ToString::to_string).collect(),
            Ok(template) => lint::cards(&template).iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
        };
        if problems.is_empty() {
            report.push_str(&format!("{}: no problems with any sample\n", file.display()));
        }
        count += problems.len();
        problems.iter().for_each(|problem| report.push_str(&format!("{problem}\n")));
    }
    write_stdout(&report)?;
    if count == 0 { Ok(()) } else { Err(Failure::failed(format_args!("{} found", plural(count as u64, "problem")))) }
}
