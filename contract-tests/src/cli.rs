//! The command line: typed text becomes checked values here, and results become words and exit codes. Nothing else of
//! the crate writes to the terminal. One file a subcommand.

mod check;
mod color;
mod completions;
mod credential_args;
mod credentials;
mod duration;
mod error;
pub mod exit;
mod explain;
mod listen;
mod man;
mod output;
mod profile_file;
mod render;
mod report_args;

use std::{env, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use self::color::Color;

/// Proves from outside that an endpoint, or a sender, keeps the contract of Flowingly's webhooks
#[derive(Parser)]
#[command(name = "webhook-contract", version, max_term_width = 100, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colour; `auto` respects NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    color: Color,
}

#[derive(Subcommand)]
enum Command {
    /// Test an endpoint against the contract, clause by clause
    Check(Box<check::CheckArgs>),
    /// Listen as an endpoint, and test a sender against the contract
    Listen(Box<listen::ListenArgs>),
    /// Make credentials for a test endpoint with which every case applies
    Credentials(credentials::CredentialsArgs),
    /// Explain a clause of the contract or a case: what it says or sends, why it matters, how to fix it
    Explain(explain::ExplainArgs),
    /// Show a saved JSON report in any other form
    Render(render::RenderArgs),
    /// Print the completions of a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write the pages of all commands
    Man(man::ManArgs),
}

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    // Clap writes its own errors while it parses, so the choice of colour cannot wait for it.
    if let Some(color) = Color::wanted(env::args_os().filter_map(|argument| argument.into_string().ok())) {
        color.choice().write_global();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to do where even this cannot be written.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::MISUSE } else { exit::HOLDS });
        }
    };
    cli.color.choice().write_global();
    let done = match cli.command {
        Command::Check(args) => check::run(*args),
        Command::Listen(args) => listen::run(*args),
        Command::Credentials(args) => credentials::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Render(args) => render::run(args),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        let _ = output::tell(&error);
        error.exit()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
