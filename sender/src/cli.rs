//! The command line: typed text becomes checked values here, and results become words and exit codes. Nothing else of
//! the crate writes to the terminal.

mod completions;
mod credentials;
mod deliver;
mod deliveries;
mod dropped;
mod duration;
mod engine_args;
mod error;
pub mod exit;
mod file;
mod guard_args;
mod job_key;
mod load;
mod man;
mod model;
mod output;
mod replay;
mod retention;
mod run;
mod runtime;
mod samples;
mod send;
mod tally;
mod trigger_arg;

use std::{env, io::Write as _, process::ExitCode};

use anstream::ColorChoice;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use self::{error::CliError, output::say};

/// Sends Flowingly's documented webhook messages to an endpoint
#[derive(Parser)]
#[command(name = "webhook-sender", version, max_term_width = 100, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

#[derive(Subcommand)]
enum Command {
    /// Send one message, and say what came back
    Send(Box<send::SendArgs>),
    /// Run a flow model: send the messages of its webhooks, or write them to files
    Run(Box<run::RunArgs>),
    /// Send kept messages again, byte for byte
    Replay(Box<replay::ReplayArgs>),
    /// What is in the outbox: deliveries, attempts, dead letters
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Send many messages, at a rate or as fast as it goes, and say how long the answers took
    Load(Box<load::LoadArgs>),
    /// Write, check and draw flow models
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// The sample messages that come with this program
    #[command(subcommand)]
    Samples(samples::SamplesCommand),
    /// Print what a shell needs to complete the command line
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write the pages of all commands
    Man(man::ManArgs),
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    // Clap writes its own errors while it parses, so the choice of colour cannot wait for it.
    if let Some(color) = wanted_color(env::args_os().filter_map(|argument| argument.into_string().ok())) {
        color.write_global();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to do where even this cannot be written.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::MISUSE } else { exit::ACCEPTED });
        }
    };
    cli.color.choice().write_global();
    let done = match cli.command {
        Command::Send(args) => send::run(*args),
        Command::Run(args) => run::run(*args),
        Command::Replay(args) => replay::run(&args),
        Command::Deliveries(command) => deliveries::run(command),
        Command::Load(args) => load::run(*args),
        Command::Model(command) => model::run(&command),
        Command::Samples(command) => samples::run(&command).map(|()| exit::ACCEPTED),
        Command::Completions(args) => completions::run(&args, Cli::command()).map(|()| exit::ACCEPTED),
        Command::Man(args) => man::run(&args, Cli::command()).map(|()| exit::ACCEPTED),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        let _ = tell(&error);
        exit::MISUSE
    }))
}

fn tell(error: &CliError) -> Result<(), CliError> {
    let mut stderr = anstream::stderr().lock();
    say(writeln!(stderr, "{}{error}", output::ERROR))?;
    match error.advice() {
        Some(advice) => say(writeln!(stderr, "\n{}{advice}", output::TIP)),
        None => Ok(()),
    }
}

impl Color {
    fn choice(self) -> ColorChoice {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
    }
}

fn wanted_color(arguments: impl Iterator<Item = String>) -> Option<ColorChoice> {
    let arguments: Vec<String> = arguments.take_while(|argument| argument != "--").collect();
    let spaced = arguments.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1].as_str());
    let joined = arguments.iter().filter_map(|argument| argument.strip_prefix("--color="));
    let word = joined.chain(spaced).last()?;
    Color::from_str(word, false).ok().map(Color::choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_choice_of_colour_is_found_before_parsing() {
        for (line, expected) in [
            ("send --color always", Some(ColorChoice::Always)),
            ("--color=never send", Some(ColorChoice::Never)),
            ("send --color maybe", None),
            ("send -- --color=never", None),
            ("send", None),
        ] {
            let found = wanted_color(line.split(' ').map(str::to_owned));
            assert_eq!(found, expected, "{line}");
        }
    }
}
