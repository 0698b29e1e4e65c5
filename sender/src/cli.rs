//! The command line: typed text becomes checked values here, and results become text and exit codes. Nothing else of
//! the crate writes to the terminal.

mod advice;
mod client_args;
mod credentials;
mod deliver;
mod deliveries;
mod dropped;
mod engine_args;
mod error;
mod job_key;
mod load;
mod model;
mod outbox_args;
mod replay;
mod run;
mod run_error;
mod runtime;
mod samples;
mod send;
mod status_text;
mod tally;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use console::{ColorArgs, PagesCommand, exit_code};

use self::error::CliError;

const EXAMPLE_HELP: &str = "\
Example:
  webhook-sender send --to http://127.0.0.1:8080/hooks/flowingly";

/// Sends Flowingly's documented webhook messages to an endpoint.
#[derive(Parser)]
#[command(
    name = "webhook-sender",
    version,
    max_term_width = 100,
    after_help = format!("{EXAMPLE_HELP}\n\n{}", exit_code::help(exit_code::SEND))
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    color: ColorArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Send one message, and print the answer.
    #[command(after_help = exit_code::help(exit_code::SEND))]
    Send(Box<send::SendArgs>),
    /// Run a flow model: send the messages of its webhooks, or write them to files.
    Run(Box<run::RunArgs>),
    /// Send stored messages again, byte for byte.
    Replay(Box<replay::ReplayArgs>),
    /// Show, retry, discard and prune the deliveries in the outbox.
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Send many messages, at a rate or at full speed, and report the latency.
    Load(Box<load::LoadArgs>),
    /// Write, check and draw flow models.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// List and print the sample messages of this program.
    #[command(subcommand)]
    Samples(samples::SamplesCommand),
    #[command(flatten)]
    Pages(PagesCommand),
}

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    console::run(|cli: Cli| {
        let success = |()| exit_code::SUCCESS;
        match cli.command {
            Command::Send(args) => send::run(*args),
            Command::Run(args) => run::run(*args),
            Command::Replay(args) => replay::run(&args),
            Command::Deliveries(command) => deliveries::run(command),
            Command::Load(args) => load::run(*args),
            Command::Model(command) => model::run(&command),
            Command::Samples(command) => samples::run(&command).map(success),
            Command::Pages(command) => command.run(Cli::command()).map(success).map_err(CliError::from),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
