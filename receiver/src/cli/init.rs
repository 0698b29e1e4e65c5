//! `init`: write a configuration file with a fresh client secret, and say what to type into the product's form.

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{Failure, exit};
use crate::config::{SECRET_FILE, draw_secret, write_secret};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write [default: receiver.toml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let file = match (config, args.file.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(Failure::new(exit::USAGE, "name the file once: with --config, or behind `init`"));
        }
        (named, behind) => named.or(behind).unwrap_or(Path::new("receiver.toml")),
    };
    let secret = file.with_file_name(SECRET_FILE);
    if secret.exists() {
        return Err(Failure::failed(format_args!(
            "{} is there already; move it away, or write the configuration into another folder",
            secret.display()
        )));
    }
    if file.exists() {
        return Err(Failure::failed(format_args!(
            "{} is there already; move it away, or name another file",
            file.display()
        )));
    }
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    let mut opened =
        opened.map_err(|error| Failure::failed(format_args!("cannot write {}: {error}", file.display())))?;
    write_secret(&secret, &draw_secret()).map_err(Failure::failed)?;
    let text = include_str!("../../receiver.default.toml");
    opened
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format_args!("cannot write {}: {error}", file.display())))?;
    super::say(&format!(
        "Wrote {} and, readable only by you, {}

Next:
  {} serve --config {}

{}",
        file.display(),
        secret.display(),
        super::shell::program("receiver"),
        super::shell::word(file),
        super::webhook_form(secret.display()),
    ))
}
