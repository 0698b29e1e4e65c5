//! `init`: writes a configuration file and a new client secret, and prints what to enter in the product's form.

use std::{
    env,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use console::{output::write_stdout, shell};

use super::{configuration, failure::Failure};
use crate::config::{DEFAULT_PATH, SECRET_FILE, draw_secret, write_secret};

#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    /// File to write [default: receiver.toml].
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(config: Option<&Path>, args: &InitArgs) -> Result<(), Failure> {
    let is_from_variable =
        |file: &&Path| env::var_os(configuration::CONFIG_VARIABLE).is_some_and(|named| **file == *named);
    let file = match (config, args.file.as_deref()) {
        (Some(config), Some(_)) if !is_from_variable(&config) => {
            return Err(Failure::usage("the file is named twice").tip("name it with --config or after `init`"));
        }
        (config, file) => file.or(config).unwrap_or(Path::new("receiver.toml")),
    };
    let secret = file.with_file_name(SECRET_FILE);
    if secret.exists() {
        return Err(Failure::failed(format_args!("{} already exists", secret.display()))
            .tip("move it away, or write the configuration to another folder"));
    }
    if file.exists() {
        return Err(Failure::failed(format_args!("{} already exists", file.display()))
            .tip("move it away, or name another file"));
    }
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    let mut opened = opened.map_err(console::Error::write(file))?;
    write_secret(&secret, &draw_secret()).map_err(Failure::failed)?;
    let text = include_str!("../../receiver.default.toml");
    opened.write_all(text.as_bytes()).map_err(console::Error::write(file))?;
    Ok(write_stdout(&format!(
        "Wrote {} and, readable only by you, {}

Next:
  {} serve --config {}

{}",
        file.display(),
        secret.display(),
        shell::program("receiver"),
        shell::word(file),
        webhook_form(secret.display()),
    ))?)
}

/// What to enter in the product's webhook form for a receiver with a client secret.
pub(super) fn webhook_form(client_secret: impl std::fmt::Display) -> String {
    format!(
        "In the product's webhook form:
  Endpoint URL         an HTTPS address that leads here, ending in {DEFAULT_PATH}
  Trigger              When the step is completed, or When the step is created
  Authentication type  Client Secret
  Client secret        the content of {client_secret}
"
    )
}
