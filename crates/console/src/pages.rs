//! `completions` and `man`: what a shell and man(1) need.

use std::{fs, path::PathBuf};

use clap::{Command, Subcommand};
use clap_complete::Shell;

use crate::{Error, output::write_bytes};

/// The commands that every program has.
#[derive(Clone, Debug, Subcommand)]
pub enum PagesCommand {
    /// Print the completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands.
    Man {
        /// Folder for the pages, one per command; without it the first page is printed.
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

impl PagesCommand {
    /// Runs the command for a program.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn run(&self, mut program: Command) -> Result<(), Error> {
        match self {
            Self::Completions { shell } => {
                let name = program.get_name().to_owned();
                let mut script = Vec::new();
                clap_complete::generate(*shell, &mut program, name, &mut script);
                write_bytes(&script)
            }
            Self::Man { folder: Some(folder) } => fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(program, folder))
                .map_err(Error::write(folder)),
            Self::Man { folder: None } => {
                // As `generate_to` does, so that the page is the same wherever it goes.
                let mut program = program.disable_help_subcommand(true);
                program.build();
                let mut page = Vec::new();
                clap_mangen::Man::new(program).render(&mut page).map_err(Error::Stdout)?;
                write_bytes(&page)
            }
        }
    }
}
