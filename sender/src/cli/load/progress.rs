//! The progress bar of a load, on a terminal only.

use std::{
    io::{IsTerminal as _, stderr},
    time::Duration,
};

use console::{
    OutputFormat,
    format::{milliseconds, plural},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::report::latency_text;
use crate::load::Progress;

/// A progress bar of a load, with the results so far.
pub(super) struct Bar {
    bar: ProgressBar,
    warm_up: Duration,
    last: Option<Progress>,
}

impl Bar {
    /// Whether there is a terminal to show one.
    pub(super) fn is_seen(format: OutputFormat) -> bool {
        format == OutputFormat::Human && stderr().is_terminal()
    }

    pub(super) fn new(warm_up: Duration, duration: Duration, format: OutputFormat) -> Self {
        let bar = if Self::is_seen(format) {
            ProgressBar::new(milliseconds(warm_up + duration))
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("[{bar:30}] {msg}").expect("the template is well-formed");
        bar.set_style(style.progress_chars("=> "));
        Self { bar, warm_up, last: None }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        self.bar.set_position(milliseconds(progress.elapsed));
        self.bar.set_message(text(progress, self.last, self.warm_up));
        self.last = Some(progress);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn text(now: Progress, last: Option<Progress>, warm_up: Duration) -> String {
    if now.elapsed < warm_up {
        return "warming up".to_owned();
    }
    let (answered, elapsed) = last.map_or((0, warm_up), |last| (last.answered, last.elapsed.max(warm_up)));
    let seconds = now.elapsed.saturating_sub(elapsed).as_secs_f64();
    let rate = if seconds > 0.0 { (now.answered - answered) as f64 / seconds } else { 0.0 };
    let errors = plural(now.errors, "error");
    let times = now
        .latency
        .map(|latency| format!(", p50 {}, p99 {}", latency_text(latency.p50 as f64), latency_text(latency.p99 as f64)));
    format!("{rate:.0}/s, {errors}{}", times.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_one_line() {
        let at = |seconds, answered, errors| Progress {
            elapsed: Duration::from_secs(seconds),
            answered,
            errors,
            latency: None,
        };
        let warm_up = Duration::from_secs(2);
        for (now, last, expected) in [
            (at(1, 0, 0), None, "warming up"),
            (at(3, 500, 1), Some(at(1, 0, 0)), "500/s, 1 error"),
            (at(3, 500, 0), None, "500/s, 0 errors"),
            (at(3, 500, 0), Some(at(3, 500, 0)), "0/s, 0 errors"),
        ] {
            assert_eq!(text(now, last, warm_up), expected);
        }
    }
}
