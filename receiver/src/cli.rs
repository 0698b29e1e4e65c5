//! The command line: one file per subcommand.

mod configuration;
mod data;
mod failure;
mod init;
mod learn;
mod log;
mod logging;
mod messages;
mod refused;
#[cfg(feature = "relay")]
mod relay;
mod secret;
mod serve;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use console::{
    ColorArgs, PagesCommand, exit_code,
    format::plural,
    output::{warn, write_stdout},
};

use self::{data::DataDir, failure::Failure};
use crate::{
    config::Config,
    index::{Index, Indexer, Reader},
    log::Position,
    server::{DataFolder, IndexLock},
};

/// Receive Flowingly's webhook messages: verify, store, show.
///
/// Without a command it serves. It needs no configuration: it creates `./flowingly/` with a client secret and a data
/// folder, listens on 127.0.0.1:8080 and prints the command to try.
#[derive(Debug, Parser)]
#[command(name = "webhook-receiver", version, max_term_width = 100, after_help = exit_code::help(exit_code::RECEIVER))]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file [default: none; `./flowingly/` is used].
    #[arg(long, global = true, env = configuration::CONFIG_VARIABLE, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    #[command(flatten)]
    color: ColorArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive messages (the default command).
    #[command(after_help = exit_code::help(exit_code::RECEIVER))]
    Serve(serve::ServeArgs),
    /// Report every problem of a configuration file, with its line.
    CheckConfig,
    /// Write a configuration file and a new client secret.
    Init(init::InitArgs),
    /// Replace an endpoint's secret; the old one stays valid for a while.
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    /// List, show, follow and export messages.
    #[command(subcommand)]
    Messages(messages::MessagesCommand),
    /// Explain refused requests.
    #[command(subcommand)]
    Refused(refused::RefusedCommand),
    /// Rebuild the index from the log, while no receiver is running.
    Reindex,
    /// Work out a profile from captured messages: where the real product puts each value.
    ///
    /// Capture with `serve --capture`, ideally one message of each trigger, of a step with two or three fields filled in.
    /// The output shows for each role where it was found, how certain that is and why. Nothing is written without
    /// `--out`. The exit code is 1 if a required role was not found.
    Learn(learn::LearnArgs),
    /// Show what is relayed, and check templates.
    #[cfg(feature = "relay")]
    #[command(subcommand)]
    Relay(relay::RelayCommand),
    /// Check and repair the log.
    #[command(subcommand)]
    Log(log::LogCommand),
    #[command(flatten)]
    Pages(PagesCommand),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    console::run(|cli: Cli| {
        let config = cli.config.as_deref();
        let done = match cli.command.unwrap_or(Command::Serve(serve::ServeArgs::default())) {
            Command::Serve(args) => serve::run(config, &args),
            Command::CheckConfig => check_config(config),
            Command::Init(args) => init::run(config, &args),
            Command::Secret(command) => secret::run(config, &command),
            Command::Messages(command) => messages::run(config, command),
            Command::Refused(command) => refused::run(config, &command),
            Command::Reindex => reindex(config),
            Command::Learn(args) => learn::run(config, &args),
            #[cfg(feature = "relay")]
            Command::Relay(command) => relay::run(config, &command),
            Command::Log(command) => log::run(config, &command),
            Command::Pages(command) => command.run(Cli::command()).map_err(Failure::from),
        };
        done.map(|()| exit_code::SUCCESS)
    })
}

fn check_config(file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        return Err(Failure::usage("--config is missing").tip("webhook-receiver check-config --config receiver.toml"));
    };
    let config = Config::load(file).map_err(Failure::usage)?;
    config.warnings.iter().for_each(warn);
    let endpoints = plural(config.endpoints.len() as u64, "endpoint");
    Ok(write_stdout(&format!("{}: {endpoints}, no problems\n", file.display()))?)
}

fn reindex(file: Option<&Path>) -> Result<(), Failure> {
    let data = DataDir::open(file)?;
    // This does not keep out a receiver that starts later.
    drop(data.lock("it keeps the index up to date itself")?);
    let Some(_lock) = IndexLock::take(&data.folder).map_err(Failure::failed)? else {
        return Err(Failure::failed("another command is writing the index").tip("wait until it has ended"));
    };
    let file = DataFolder::index_in(&data.folder);
    Index::remove(&file);
    let index = Index::open_behind(&file, &data.log_identity()?).map_err(Failure::failed)?;
    let mut indexer = Indexer::new(index, data.config.profiles());
    let goes_on = || !DataFolder::is_in_use(&data.folder);
    let (records, is_up) = indexer.catch_up_while(&mut data.log(Position(0)), goes_on).map_err(Failure::failed)?;
    if !is_up {
        warn("a receiver has started; it builds the rest of the index");
    }
    let damaged = match indexer.damaged() {
        0 => String::new(),
        places => format!("Damaged places skipped: {places}; `log check` shows where\n"),
    };
    drop(indexer);
    let (messages, _) = match Reader::open(&file).map_err(Failure::failed)? {
        Some(index) => index.counts().map_err(Failure::failed)?,
        None => return Err(Failure::failed("the index was deleted while it was rebuilt").tip("run `reindex` again")),
    };
    Ok(write_stdout(&format!("Records read from the log: {records}; messages in the index: {messages}\n{damaged}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
