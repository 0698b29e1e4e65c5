//! The console layer of the three programs: what every command line of the kit parses, prints and returns is written
//! here once.

pub mod color;
pub mod credentials;
pub mod duration;
pub mod error;
pub mod exit_code;
pub mod filter;
pub mod format;
pub mod output;
pub mod pages;
pub mod program;
pub mod shell;
pub mod table;
pub mod time;

pub use self::{
    color::ColorArgs,
    credentials::{CredentialArgs, SecretError},
    error::Error,
    filter::{FilterArgs, TriggerArg},
    output::{OutputArgs, OutputFormat},
    pages::PagesCommand,
    program::{CommandError, run},
    table::Table,
    time::TimeArg,
};
