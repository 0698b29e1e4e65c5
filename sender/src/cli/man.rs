//! `webhook-sender man`: the manual, as pages for man(1).

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, Command};

use super::{error::CliError, output::say};

#[derive(Args)]
pub(super) struct ManArgs {
    /// Folder for the pages, one for each command; without it the first page goes to standard output
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, program: Command) -> Result<(), CliError> {
    match &args.folder {
        Some(folder) => fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(program, folder))
            .map_err(|source| CliError::Unwritable { path: folder.clone(), source }),
        None => {
            // As `generate_to` does, so that the page is the same wherever it goes.
            let mut program = program.disable_help_subcommand(true);
            program.build();
            let mut page = Vec::new();
            // Writing to memory does not fail.
            let _ = clap_mangen::Man::new(program).render(&mut page);
            let mut stdout = io::stdout().lock();
            say(stdout.write_all(&page).and_then(|()| stdout.flush()))
        }
    }
}
