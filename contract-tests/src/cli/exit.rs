//! The exit codes of `webhook-contract`, and which report has which.

use crate::report::{Grade, Report};

/// Every MUST that was tested holds; with `--strict` every SHOULD too.
pub const HOLDS: u8 = 0;
/// A MUST fails, was throttled, or there was no time to test it; with `--strict` a SHOULD.
pub const BROKEN: u8 = 1;
/// Misuse: arguments, a reference or a profile that cannot be read, a report that cannot be written; clap's code for
/// its own errors too.
pub const MISUSE: u8 = 2;
/// Nothing was tested: no connection, no HTTP answer at all, or every case was skipped; for a sender, no message came.
pub const NOTHING_TESTED: u8 = 3;

/// What stands at the end of the help.
pub(super) const HELP: &str = "\
Exit codes:
  0  every MUST holds, known failures aside (with --strict, every SHOULD too)
  1  a MUST fails, or was not tested to the end (with --strict, a SHOULD too)
  2  the command line, or a file that it names, is wrong
  3  nothing was tested: no connection, no HTTP answer, or every case was skipped";

/// The code of a report.
pub fn of(report: &Report, strict: bool) -> u8 {
    match report.verdict(strict).grade {
        Grade::Clean | Grade::Holds => HOLDS,
        Grade::Broken | Grade::Unfinished => BROKEN,
        Grade::Untested => NOTHING_TESTED,
    }
}
