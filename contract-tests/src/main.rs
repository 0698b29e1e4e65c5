//! The program `webhook-contract`. Everything is in the library, see `contract_tests::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    contract_tests::cli::run()
}
