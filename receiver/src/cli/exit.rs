//! The exit codes.

/// It went well.
pub const OK: u8 = 0;
/// It did not: the log, the data folder, the address.
pub const FAILURE: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 2;
/// It was stopped before every request had its answer; what was acknowledged is on disk.
pub const CUT: u8 = 3;
