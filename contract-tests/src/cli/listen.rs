//! `webhook-contract listen`: acts as an endpoint and tests a sender. Where it listens and what arrives is reported on
//! stderr as it happens; only the report goes to stdout.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use console::{duration, error::read_profile, output};
use schemas::Profile;
use tokio::{runtime, signal};

use super::{authentication::AuthenticationArgs, error::CliError, report_args::ReportArgs};
use crate::listen::{AnswerSequence, BoundListener, Listener};

#[derive(Args)]
pub(super) struct ListenArgs {
    /// Address to listen on; port 0 takes any free port. Anyone who can reach an address other than loopback can send messages.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,

    /// End after this number of messages; without it and --for, Ctrl-C ends the run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,

    /// End after this time, such as 30s or 5m, at most 1d.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse_limit)]
    duration: Option<Duration>,

    /// Statuses to answer with, one per message, the last one for all that follow: `503,503,200` shows whether a sender tries again.
    #[arg(long, value_name = "STATUS,..", default_value = "200")]
    answer: AnswerSequence,

    /// Wait before each answer, at most 1d.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_limit)]
    delay: Option<Duration>,

    /// Save the messages as fixtures in this folder, without the credentials.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// Profile (TOML) with the property names of your messages [default: profile v1].
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    #[command(flatten)]
    authentication: AuthenticationArgs,

    #[command(flatten)]
    report: ReportArgs,
}

pub(super) fn run(args: ListenArgs) -> Result<u8, CliError> {
    let profile = args.profile.map_or_else(|| Ok(Profile::v1().clone()), |path| read_profile(&path))?;
    let mut listener = Listener::new(args.authentication.resolve()?)
        .profile(profile)
        .address(args.listen)
        .answers(args.answer)
        .delay(args.delay.unwrap_or_default());
    if let Some(messages) = args.messages {
        listener = listener.messages(messages);
    }
    if let Some(duration) = args.duration {
        listener = listener.duration(duration);
    }
    if let Some(folder) = args.record {
        listener = listener.record(folder);
    }
    let destinations = args.report.open()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let report = runtime.block_on(async {
        let listening = listener.bind().await?;
        announce(&listening, args.messages, args.duration);
        let listening = listening.on_message(|seen| {
            let trigger = seen.trigger.map_or("no known trigger", |trigger| trigger.as_str());
            let found = if seen.broken.is_empty() { "keeps the contract" } else { "breaks" };
            let broken = seen.broken.join(", ");
            let line = format!("{:>4}  {trigger:<16}  {}  {found} {broken}", seen.number, seen.status);
            output::line(line.trim_end());
        });
        Ok::<_, CliError>(listening.run(interrupted()).await)
    })?;
    destinations.write(report)
}

fn announce(listening: &BoundListener, messages: Option<u64>, duration: Option<Duration>) {
    let url = listening.url();
    output::line(format_args!("Listening at {url} (any path works)"));
    let end = match (messages, duration) {
        (None, None) => "Ctrl-C ends and reports.".to_owned(),
        (Some(1), None) => "One message ends the run; so does Ctrl-C.".to_owned(),
        (Some(messages), None) => format!("{messages} messages end the run; so does Ctrl-C."),
        (None, Some(duration)) => format!("The run ends after {duration:?}, or with Ctrl-C."),
        (Some(messages), Some(duration)) => {
            format!("The run ends after {messages} messages or {duration:?}, or with Ctrl-C.")
        }
    };
    output::line(end);
}

/// Waits for Ctrl-C, or for the signal with which a supervisor ends a program.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            Ok(()) = signal::ctrl_c() => {}
            Some(()) = terminate.recv() => {}
            // Neither signal can be caught: the run ends by its other rules.
            else => std::future::pending().await,
        }
        return;
    }
    if signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
