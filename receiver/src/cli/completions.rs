//! `webhook-receiver completions`: what a shell needs to complete the command line.

use clap::Command;
use clap_complete::Shell;

use super::{Failure, say_bytes};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args, mut program: Command) -> Result<(), Failure> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    say_bytes(&script)
}
