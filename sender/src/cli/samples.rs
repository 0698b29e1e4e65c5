//! `webhook-sender samples`: which sample messages there are, and one of them.

use std::io::{self, Write as _};

use clap::Subcommand;
use schemas::{Sample, suggest};
use serde_json::{Value, json};

use super::{
    error::CliError,
    output::{Format, say},
};

#[derive(Subcommand)]
pub(super) enum SamplesCommand {
    /// List the samples: name and size
    List {
        /// Form of the output
        #[arg(long, value_name = "FORM", default_value = "human")]
        output: Format,
    },
    /// Print a sample's exact bytes
    Show {
        /// Name of the sample, as `samples list` has it
        name: String,
    },
}

pub(super) fn run(command: &SamplesCommand) -> Result<(), CliError> {
    match command {
        SamplesCommand::List { output: Format::Human } => list_for_people(),
        SamplesCommand::List { output: Format::Json } => list_for_programs(),
        SamplesCommand::Show { name } => {
            let sample = find(name)?;
            let mut stdout = io::stdout().lock();
            say(stdout.write_all(sample.body).and_then(|()| stdout.flush()))
        }
    }
}

/// The sample of that name.
pub(super) fn find(name: &str) -> Result<Sample, CliError> {
    Sample::find(name).ok_or_else(|| {
        let names = Sample::valid().chain(Sample::invalid()).map(|sample| sample.name);
        CliError::UnknownSample { name: name.to_owned(), nearest: suggest::closest(name, names) }
    })
}

fn list_for_people() -> Result<(), CliError> {
    let width = Sample::valid().chain(Sample::invalid()).map(|sample| sample.name.len()).max().unwrap_or_default();
    let mut text = "Valid: each keeps the contract.\n".to_owned();
    let rows = |samples: &mut dyn Iterator<Item = Sample>, text: &mut String| {
        for sample in samples {
            text.push_str(&format!("  {:width$}  {:>6} bytes\n", sample.name, sample.body.len()));
        }
    };
    rows(&mut Sample::valid(), &mut text);
    text.push_str("\nInvalid: each breaks the one clause of CONTRACT.md that its name ends in.\n");
    rows(&mut Sample::invalid(), &mut text);
    say(write!(anstream::stdout(), "{text}"))
}

fn list_for_programs() -> Result<(), CliError> {
    let row = |sample: Sample, valid: bool| json!({"name": sample.name, "valid": valid, "clause": sample.clause(), "bytes": sample.body.len()});
    let valid = Sample::valid().map(|sample| row(sample, true));
    let all: Vec<Value> = valid.chain(Sample::invalid().map(|sample| row(sample, false))).collect();
    say(writeln!(anstream::stdout(), "{}", Value::from(all)))
}
