//! The log lines: for people on a terminal, as JSON elsewhere; on stderr, through a thread of their own so that no
//! request waits for them.

mod json;
mod lines;

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use self::{
    json::Json,
    lines::{Flush, Lines},
};

/// The variable that chooses what is logged, in the form of `tracing-subscriber`.
const FILTER: &str = "WEBHOOK_RECEIVER_LOG";

/// Starts logging until the guard is dropped, which writes what is left.
///
/// # Errors
/// When there can be no thread for it.
pub(super) fn start() -> io::Result<Flush> {
    let (writer, guard) = Lines::new(io::stderr())?;
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_writer(writer).with_env_filter(filter).with_target(false);
    if io::stderr().is_terminal() {
        builder.with_ansi(anstream::stderr().current_choice() != anstream::ColorChoice::Never).init();
    } else {
        builder.event_format(Json).init();
    }
    Ok(guard)
}
