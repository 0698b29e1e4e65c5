//! The command line: typed text becomes checked values here, and results become text and exit codes. Nothing else of
//! the crate writes to the terminal. One file per subcommand.

mod authentication;
mod check;
mod credentials;
mod error;
mod explain;
mod listen;
mod report_args;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use console::{ColorArgs, PagesCommand, exit_code};

pub use self::report_args::exit_code;
use self::{error::CliError, report_args::ReportArgs};
use crate::report::json;

/// Proves from outside that an endpoint, or a sender, keeps the contract of Flowingly's webhooks.
#[derive(Parser)]
#[command(name = "webhook-contract", version, max_term_width = 100, after_help = exit_code::help(exit_code::CONTRACT))]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    color: ColorArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Test an endpoint against the contract, clause by clause.
    #[command(after_help = exit_code::help(exit_code::CONTRACT))]
    Check(Box<check::CheckArgs>),
    /// Listen as an endpoint, and test a sender against the contract.
    #[command(after_help = exit_code::help(exit_code::CONTRACT))]
    Listen(Box<listen::ListenArgs>),
    /// Generate test credentials with which every case applies.
    Credentials(credentials::CredentialsArgs),
    /// Explain a clause of the contract or a test case: what it says or sends, why it matters, how to fix it.
    Explain(explain::ExplainArgs),
    /// Show a saved JSON report in another format.
    #[command(after_help = exit_code::help(exit_code::CONTRACT))]
    Render(RenderArgs),
    #[command(flatten)]
    Pages(PagesCommand),
}

#[derive(Args)]
struct RenderArgs {
    /// JSON report of an earlier run.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    report: ReportArgs,
}

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    console::run(|cli: Cli| match cli.command {
        Command::Check(args) => check::run(*args),
        Command::Listen(args) => listen::run(*args),
        Command::Credentials(args) => credentials::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Render(args) => render(args),
        Command::Pages(command) => Ok(command.run(Cli::command()).map(|()| exit_code::SUCCESS)?),
    })
}

fn render(RenderArgs { file, report }: RenderArgs) -> Result<u8, CliError> {
    let unreadable = |source| CliError::SavedReport { path: file.clone(), source };
    let bytes = fs::read(&file).map_err(|error| unreadable(error.into()))?;
    let saved = json::read(&bytes).map_err(unreadable)?;
    report.open()?.write(saved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
