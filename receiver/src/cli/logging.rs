//! The log lines: for people on a terminal, as JSON elsewhere; on stderr, through a thread of their own so that no
//! request waits for them.

use std::io::{self, IsTerminal as _};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// The variable that chooses what is logged, in the form of `tracing-subscriber`.
const FILTER: &str = "WEBHOOK_RECEIVER_LOG";

/// Starts logging until the guard is dropped, which writes what is left.
pub(super) fn start() -> WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking(io::stderr());
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_writer(writer).with_env_filter(filter).with_target(false);
    if io::stderr().is_terminal() {
        builder.with_ansi(anstream::stderr().current_choice() != anstream::ColorChoice::Never).init();
    } else {
        builder.json().flatten_event(true).init();
    }
    guard
}
