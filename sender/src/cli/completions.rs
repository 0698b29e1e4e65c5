//! `webhook-sender completions`: what a shell needs to complete the command line.

use std::io::{self, Write as _};

use clap::{Args, Command};
use clap_complete::Shell;

use super::{error::CliError, output::say};

#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, mut program: Command) -> Result<(), CliError> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    let mut stdout = io::stdout().lock();
    say(stdout.write_all(&script).and_then(|()| stdout.flush()))
}
