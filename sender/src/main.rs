//! The program `webhook-sender`. Everything is in the library, see `sender::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sender::cli::run()
}
