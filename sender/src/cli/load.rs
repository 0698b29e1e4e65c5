//! `webhook-sender load`: runs a [`Load`] with a progress bar, and prints its summary.

mod messages;
mod progress;
mod report;

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use clap::{ArgGroup, Args};
use console::{OutputArgs, duration, error::read_profile, exit_code};

use self::{messages::MessageArgs, progress::Bar};
use super::{
    client_args::{ClientArgs, UserAgentArgs},
    credentials::{AuthenticationArgs, check_plaintext},
    dropped::note_dropped,
    error::CliError,
    runtime,
};
use crate::load::{self, Load, LoadPace, Progress, Summary};
use delivery::{ClientOptions, EndpointUrl, Rate};

const PACE_HEADING: &str = "Pace";
const REQUEST_HEADING: &str = "Requests";

const AFTER_HELP: &str = "\
Latency is measured from the time a request was due, so time that requests wait for a free connection \
shows a stalled endpoint; service time is measured from the sending. With --max the two are the same.";

#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{}", exit_code::help(exit_code::LOAD)), group = ArgGroup::new("pace").required(true).args(["rate", "max"]))]
pub(super) struct LoadArgs {
    /// URL of the endpoint, http or https.
    #[arg(long, value_name = "URL")]
    to: String,

    /// Requests per second (N/s) or minute (N/m), each sent when it is due, whether or not earlier ones have their answers.
    #[arg(long, value_name = "N/s", help_heading = PACE_HEADING)]
    rate: Option<Rate>,

    /// Send at full speed: each connection sends its next request as soon as it has its answer.
    #[arg(long, help_heading = PACE_HEADING)]
    max: bool,

    /// Duration of the load, at most 1d.
    #[arg(long, value_name = "DURATION", default_value = "10s", help_heading = PACE_HEADING, value_parser = duration::parse_limit)]
    duration: Duration,

    /// Time to send before measuring begins, at most 1d [default: none].
    #[arg(long, value_name = "DURATION", help_heading = PACE_HEADING, value_parser = duration::parse_limit)]
    warm_up: Option<Duration>,

    /// Number of connections, each with one request at a time.
    #[arg(long, value_name = "N", default_value = "16", help_heading = PACE_HEADING, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,

    /// Number of threads for the connections, from 1 to 256.
    #[arg(long, value_name = "N", default_value = "1", help_heading = PACE_HEADING, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    #[command(flatten)]
    messages: MessageArgs,

    #[command(flatten)]
    authentication: AuthenticationArgs,

    /// Profile (TOML) with the property names of your messages, for generated messages too [default: profile v1].
    #[arg(long, value_name = "FILE", help_heading = REQUEST_HEADING)]
    profile: Option<PathBuf>,

    #[command(flatten, next_help_heading = REQUEST_HEADING)]
    client: ClientArgs,

    #[command(flatten)]
    user_agent: UserAgentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: LoadArgs) -> Result<u8, CliError> {
    let target: EndpointUrl = args.to.parse()?;
    let profile = args.profile.as_deref().map(read_profile).transpose()?;
    let authentication = args.authentication.resolve()?;
    let messages = args.messages.read(&authentication, profile.as_ref())?;
    check_plaintext(&messages.request(0), &target, &authentication, args.authentication.allow_plaintext)?;
    note_dropped(messages.dropped(), profile.as_ref());

    let options = ClientOptions { user_agent: args.user_agent.user_agent, ..args.client.options()? };
    raise_file_limit();
    let connections = at_least_one(args.connections);
    let load = Load {
        target,
        options,
        messages: Arc::new(messages),
        pace: args.rate.map_or(LoadPace::Max, LoadPace::Rate),
        duration: args.duration,
        warm_up: args.warm_up.unwrap_or_default(),
        connections,
        threads: at_least_one(args.threads).min(connections),
    };
    let mut bar = Bar::new(load.warm_up, load.duration, args.output.format);
    let mut show = |progress: Progress| bar.show(progress);
    let watcher: Option<&mut dyn FnMut(Progress)> =
        if Bar::is_seen(args.output.format) { Some(&mut show) } else { None };
    let runtime = runtime::new()?;
    let summary = runtime.block_on(load::run(load, runtime::interrupted(), watcher))?;
    bar.clear();
    report::print(&summary, args.output.format)?;
    Ok(exit_code_of(&summary))
}

/// The code of the worst request, except that "nothing answered" is only for when it is true of all.
fn exit_code_of(summary: &Summary) -> u8 {
    if summary.answered == 0 {
        exit_code::INCOMPLETE
    } else if summary.is_all_accepted() {
        exit_code::SUCCESS
    } else {
        exit_code::FAILURE
    }
}

/// Clap has checked that it is not 0.
fn at_least_one(number: u16) -> NonZeroUsize {
    NonZeroUsize::new(number.into()).unwrap_or(NonZeroUsize::MIN)
}

/// A connection is a file, and the usual limit is below the maximum of --connections.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Without it, connections above the limit fail and are counted as such.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
