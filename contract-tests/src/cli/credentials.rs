//! `webhook-contract credentials`: credentials for a test endpoint, with which every case of the catalogue
//! applies. A short one in ASCII hides most mistakes.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use console::{Error, exit_code, output::write_stdout};

use super::error::CliError;
use crate::strong_credentials;

#[derive(Args)]
pub(super) struct CredentialsArgs {
    /// Folder for the new files.
    #[arg(long, value_name = "DIR", default_value = "contract-credentials")]
    dir: PathBuf,
}

pub(super) fn run(args: &CredentialsArgs) -> Result<u8, CliError> {
    let dir = &args.dir;
    fs::create_dir_all(dir).map_err(Error::write(dir))?;
    let basic = strong_credentials::basic();
    let files = [
        ("client-secret", strong_credentials::client_secret().expose().to_owned()),
        ("username", basic.username().to_owned()),
        ("password", basic.expose_password().to_owned()),
    ];
    for (name, text) in &files {
        let path = dir.join(name);
        write(&path, text).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => CliError::CredentialExists { path: path.clone() },
            _ => Error::write(&path)(source).into(),
        })?;
    }
    let shown = dir.display();
    write_stdout(&format!(
        "\
Three files, which only you can read: {shown}/client-secret, {shown}/username and {shown}/password.

Configure a test endpoint with them, and then:

  webhook-contract check URL --client-secret file:{shown}/client-secret
  webhook-contract check URL --username \"$(cat {shown}/username)\" --password file:{shown}/password

They have the maximum number of characters that the product's form takes, of one to four bytes each, and colons in the
password. They are random, and only for tests. Test a second time with a credential of 12 to 72 ASCII characters.
"
    ))?;
    Ok(exit_code::SUCCESS)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
