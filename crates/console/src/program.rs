//! The frame of a program: arguments are parsed, the command runs, and an error is printed with its tip.

use std::{fmt::Display, process::ExitCode};

use clap::Parser;

use crate::{color, exit_code, output::print_error};

/// An error that ends a command. Its `Display` is what happened, where and why.
pub trait CommandError: Display {
    /// What to do next.
    fn tip(&self) -> Option<String>;

    /// The exit code.
    fn exit_code(&self) -> u8 {
        exit_code::USAGE
    }
}

/// Runs a program on the arguments of the process.
pub fn run<C: Parser, E: CommandError>(command: impl FnOnce(C) -> Result<u8, E>) -> ExitCode {
    color::apply_early();
    let arguments = match C::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Where even this cannot be written, only the exit code is left.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit_code::USAGE } else { exit_code::SUCCESS });
        }
    };
    ExitCode::from(command(arguments).unwrap_or_else(|error| {
        print_error(&error, error.tip().as_deref());
        error.exit_code()
    }))
}
