//! `webhook-receiver man`: the manual, as pages for man(1).

use std::{fs, path::PathBuf};

use clap::Command;

use super::{Failure, say_bytes};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for the pages, one for each command; without it the first page goes to standard output.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: &Args, program: Command) -> Result<(), Failure> {
    match &args.folder {
        Some(folder) => {
            fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(program, folder)).map_err(|source| {
                Failure::failed(format!("the pages cannot be written to {}: {source}", folder.display()))
            })
        }
        None => {
            // As `generate_to` does, so that the page is the same wherever it goes.
            let mut program = program.disable_help_subcommand(true);
            program.build();
            let mut page = Vec::new();
            // Writing to memory does not fail.
            let _ = clap_mangen::Man::new(program).render(&mut page);
            say_bytes(&page)
        }
    }
}
