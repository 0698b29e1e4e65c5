//! `webhook-sender samples`: lists and prints sample messages.

use clap::Subcommand;
use console::{
    OutputArgs, OutputFormat,
    output::{write_bytes, write_json, write_stdout},
};
use schemas::{Sample, suggest};
use serde_json::{Value, json};

use super::error::CliError;

#[derive(Subcommand)]
pub(super) enum SamplesCommand {
    /// List the samples, with their sizes.
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print the exact bytes of a sample.
    Show {
        /// Name of the sample, as `samples list` shows it.
        name: String,
    },
}

pub(super) fn run(command: &SamplesCommand) -> Result<(), CliError> {
    match command {
        SamplesCommand::List { output } => match output.format {
            OutputFormat::Human => write_stdout(&list_for_people())?,
            OutputFormat::Json => write_json(&list_for_programs().to_string())?,
        },
        SamplesCommand::Show { name } => write_bytes(find(name)?.body)?,
    }
    Ok(())
}

pub(super) fn find(name: &str) -> Result<Sample, CliError> {
    Sample::find(name).ok_or_else(|| {
        let names = Sample::valid().chain(Sample::invalid()).map(|sample| sample.name);
        CliError::UnknownSample { name: name.to_owned(), nearest: suggest::closest(name, names) }
    })
}

fn list_for_people() -> String {
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
    text
}

fn list_for_programs() -> Value {
    let row = |sample: Sample, valid: bool| json!({"name": sample.name, "valid": valid, "clause": sample.clause(), "bytes": sample.body.len()});
    let valid = Sample::valid().map(|sample| row(sample, true));
    valid.chain(Sample::invalid().map(|sample| row(sample, false))).collect()
}
