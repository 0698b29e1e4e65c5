//! `relay lint`: templates on every sample.

use std::path::PathBuf;

use super::{Failure, say};
use crate::relay::{Template, lint};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The templates' files.
    #[arg(required = true, value_name = "TEMPLATE")]
    templates: Vec<PathBuf>,
    /// They make other texts than cards, for a destination of the type http or file.
    #[arg(long)]
    text: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut wrong = 0;
    let mut told = String::new();
    for file in &args.templates {
        let problems: Vec<String> = match Template::read(file) {
            Ok(template) if args.text => lint::texts(&template).iter().map(ToString::to_string).collect(),
            Ok(template) => lint::cards(&template).iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
        };
        if problems.is_empty() {
            told.push_str(&format!("{}: holds on every sample\n", file.display()));
        }
        wrong += problems.len();
        problems.iter().for_each(|problem| told.push_str(&format!("{problem}\n")));
    }
    say(&told)?;
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::failed("1 thing is wrong")),
        many => Err(Failure::failed(format_args!("{many} things are wrong"))),
    }
}
