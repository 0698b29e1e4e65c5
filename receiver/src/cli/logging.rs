//! The log lines: for people on a terminal, as JSON elsewhere; on stderr, through a thread of their own so that no
//! request waits for them.

mod json;

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal as _},
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use self::json::JsonFormat;
use super::failure::Failure;
use crate::line_writer::{FlushGuard, LineWriter};

/// The variable that chooses what is logged, in the form of `tracing-subscriber`.
const FILTER_VARIABLE: &str = "WEBHOOK_RECEIVER_LOG";

/// Starts logging until the guard is dropped, which writes what is left.
pub(super) fn start() -> Result<FlushGuard, Failure> {
    let filter = filter(env::var_os(FILTER_VARIABLE)).map_err(Failure::usage)?;
    let (writer, guard) = LineWriter::new(io::stderr()).map_err(Failure::failed)?;
    let builder = tracing_subscriber::fmt().with_writer(writer).with_env_filter(filter).with_target(false);
    if io::stderr().is_terminal() {
        builder.with_ansi(anstream::stderr().current_choice() != anstream::ColorChoice::Never).init();
    } else {
        builder.event_format(JsonFormat).init();
    }
    Ok(guard)
}

/// A word that is not a level would be taken for the name of a module, and nothing would be logged.
fn filter(typed: Option<OsString>) -> Result<EnvFilter, String> {
    let typed = typed.filter(|typed| !typed.is_empty()).unwrap_or_else(|| "info".into());
    let typed = typed.to_str().ok_or_else(|| format!("{FILTER_VARIABLE} is not UTF-8"))?;
    let is_level = |word: &&str| word.contains(['=', '[']) || word.parse::<LevelFilter>().is_ok();
    if let Some(word) = typed.split(',').map(str::trim).find(|word| !is_level(word)) {
        return Err(format!(
            "{FILTER_VARIABLE}: {word:?} is not a level; the levels are error, warn, info, debug, trace and off"
        ));
    }
    EnvFilter::try_new(typed).map_err(|error| format!("{FILTER_VARIABLE}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_levels_and_directives_choose_what_is_logged() {
        for (typed, taken) in [
            (None, Some("info")),
            (Some(""), Some("info")),
            (Some("debug"), Some("debug")),
            (Some("INFO"), Some("info")),
            (Some("warn,receiver=trace"), Some("receiver=trace,warn")),
            (Some("debgu"), None),
            (Some("info,foo"), None),
            (Some("receiver=loud"), None),
        ] {
            let filter = filter(typed.map(Into::into)).ok().map(|filter| filter.to_string());
            assert_eq!(filter.as_deref(), taken, "{typed:?}");
        }
    }
}
