//! The command line: one file a subcommand.

mod check_config;
mod completions;
mod data;
pub mod exit;
mod init;
mod learn;
mod log;
mod logging;
mod man;
mod messages;
mod reindex;
#[cfg(feature = "relay")]
mod relay;
mod secret;
mod serve;
mod shell;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use schemas::log_command::{self, Notation};

use crate::config::{Config, ConfigError, DEFAULT_PATH, Origin};

/// Receive Flowingly's webhook messages: verify, store, show.
///
/// Without a command it serves; without a configuration it needs nothing: it makes `./flowingly/` with a client secret
/// and a data folder, listens on 127.0.0.1:8080 and prints the command to try.
#[derive(Debug, Parser)]
#[command(name = "webhook-receiver", version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file; without one `./flowingly/` is used.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    /// When to colour: auto, always or never.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options",
        hide_possible_values = true
    )]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive messages (the default command).
    Serve(serve::Args),
    /// Say what is wrong with a configuration file, each with its line.
    CheckConfig,
    /// Write a configuration file with a fresh client secret.
    Init(init::Args),
    /// Replace an endpoint's secret, the old one staying valid for a while.
    #[command(subcommand)]
    Secret(secret::Command),
    /// List, show, follow and export what was received.
    #[command(subcommand)]
    Messages(messages::Command),
    /// Make the index anew from the log; the receiver has to be stopped.
    Reindex,
    /// Work out a profile from captured messages: where the real product keeps what.
    ///
    /// Capture with `serve --capture`, best one message of each trigger, of a step with two or three fields filled in.
    /// The answer says for each role where it stands, how sure that is and why. Nothing is written unless `--out` is
    /// given. It exits with 1 when a required role was not found.
    Learn(learn::Args),
    /// Show what is passed on, and check templates.
    #[cfg(feature = "relay")]
    #[command(subcommand)]
    Relay(relay::Command),
    /// Check the log, and mend it.
    #[command(subcommand)]
    Log(log::Command),
    /// Print what a shell needs to complete the command line.
    Completions(completions::Args),
    /// Print the manual page, or write the pages of all commands.
    Man(man::Args),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Something went wrong, with words for the person and a code for the shell.
#[derive(Debug)]
struct Failure {
    exit: u8,
    message: String,
}

impl Failure {
    fn new(exit: u8, error: impl std::fmt::Display) -> Self {
        Self { exit, message: error.to_string() }
    }

    /// It did not go well.
    fn failed(error: impl std::fmt::Display) -> Self {
        Self::new(exit::FAILURE, error)
    }
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let args = Args::parse();
    anstream::ColorChoice::from(args.color).write_global();
    let command = args.command.unwrap_or(Command::Serve(serve::Args::default()));
    let config = args.config;
    let result = match command {
        Command::Serve(args) => serve::run(config.as_deref(), &args),
        Command::CheckConfig => check_config::run(config.as_deref()),
        Command::Init(args) => init::run(config.as_deref(), &args),
        Command::Secret(command) => secret::run(config.as_deref(), &command),
        Command::Messages(command) => messages::run(config.as_deref(), command),
        Command::Reindex => reindex::run(config.as_deref()),
        Command::Learn(args) => learn::run(config.as_deref(), &args),
        #[cfg(feature = "relay")]
        Command::Relay(command) => relay::run(config.as_deref(), &command),
        Command::Log(command) => log::run(config.as_deref(), &command),
        Command::Completions(args) => completions::run(&args, Args::command()),
        Command::Man(args) => man::run(&args, Args::command()),
    };
    match result {
        Ok(()) => ExitCode::from(exit::OK),
        Err(failure) if failure.exit == exit::OK => ExitCode::SUCCESS,
        Err(failure) => {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            let mut stderr = anstream::stderr().lock();
            let message = log_command::escape(&failure.message, Notation::Text);
            // Where even stderr is gone only the exit code is left.
            let _ = writeln!(stderr, "{style}error{style:#}: {message}");
            ExitCode::from(failure.exit)
        }
    }
}

/// Where the configuration is: in the file, or in the first run's folder.
fn origin(file: Option<&Path>) -> Origin {
    file.map_or_else(|| Origin::FirstRun(PathBuf::new()), |file| Origin::File(file.to_owned()))
}

/// The configuration: the file's, or the first run's.
fn configuration(file: Option<&Path>) -> Result<Config, Failure> {
    origin(file).read().config.map_err(unusable)
}

fn unusable(error: ConfigError) -> Failure {
    match error {
        ConfigError::FirstRun(error) => Failure::failed(error),
        wrong => Failure::new(exit::USAGE, wrong),
    }
}

/// What the first run made is not here.
fn no_first_run() -> Failure {
    Failure::failed(
        "there is no ./flowingly here; run this where the receiver was started, or name its configuration with \
         --config",
    )
}

/// What to type into the product's webhook form for a receiver with a client secret.
fn webhook_form(client_secret: impl std::fmt::Display) -> String {
    format!(
        "In the product's webhook form:
  Endpoint URL         an HTTPS address that leads here, ending in {DEFAULT_PATH}
  Trigger              When the step is completed, or When the step is created
  Authentication type  Client Secret
  Client secret        the content of {client_secret}
"
    )
}

/// Prints to stdout.
fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    // JSON has no such text any more; in other text that came from elsewhere it may be.
    let text = log_command::escape(text, Notation::Text);
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes bytes to stdout as they are. anstream would drop what it takes for an escape sequence.
fn say_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// The result of writing to stdout. A reader that has gone away, as `head` does, ends the command without a complaint and
/// with success, as it does in `rg`.
fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::new(exit::OK, error)),
        other => other.map_err(Failure::failed),
    }
}

/// Says something on stderr that does not end the command.
fn warn(text: &str) {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    // Where even stderr is gone nobody is left to warn.
    let text = log_command::escape(text, Notation::Text);
    let _ = writeln!(anstream::stderr().lock(), "{style}warning{style:#}: {text}");
}
