//! The contract runner from outside: its catalogue, its verdicts, its reports and its listener.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalogue;
mod check;
mod listen;
mod mutants;
mod pair;
mod peers;
mod reports;
mod shells;
mod soak;
