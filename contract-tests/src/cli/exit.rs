//! The exit codes of `webhook-contract`, and which report has which.

use crate::report::Report;

/// Every MUST that was tested holds; with `--strict` every SHOULD too.
pub const HOLDS: u8 = 0;
/// A MUST fails; with `--strict` a SHOULD.
pub const BROKEN: u8 = 1;
/// Misuse: arguments, a reference or a profile that cannot be read, a report that cannot be written; clap's code for
/// its own errors too.
pub const MISUSE: u8 = 2;
/// Nothing was tested: no connection, or no HTTP answer at all; for a sender, no message came.
pub const NOTHING_TESTED: u8 = 3;

/// What stands at the end of the help.
pub(super) const HELP: &str = "\
Exit codes:
  0  every MUST holds (with --strict every SHOULD too)
  1  a MUST fails (with --strict, or a SHOULD)
  2  misuse: the command line, a file it names
  3  nothing was tested: no connection, or no HTTP answer at all";

/// The code of a report. One without results tested nothing: its notices say why.
pub fn of(report: &Report, strict: bool) -> u8 {
    if report.results.is_empty() {
        NOTHING_TESTED
    } else if report.holds(strict) {
        HOLDS
    } else {
        BROKEN
    }
}
