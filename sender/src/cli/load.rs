//! `webhook-sender load`: arguments become a [`Load`]; while it runs its progress is shown, and then its summary.

mod messages;
mod progress;
mod report;

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use clap::{ArgGroup, Args};
use delivery::{ClientOptions, EndpointUrl, Proxy, Rate};
use http::HeaderValue;

use self::{messages::MessageArgs, progress::Bar};
use super::{
    credentials::{CredentialArgs, check_plaintext},
    dropped, duration,
    engine_args::user_agent,
    error::CliError,
    exit, file,
    guard_args::GuardArgs,
    output::Format,
    runtime,
};
use crate::load::{self, Load, LoadPace, Progress};

const PACE: &str = "How much";
const REQUEST: &str = "The requests";
const OUTPUT: &str = "Output";

const AFTER: &str = "\
Latency counts from the time a request was due, so requests that wait for a free connection show \
that the endpoint stalled; service counts from the sending. With --max the two are the same.

Exit codes:
  0  every answer was 2xx
  1  some requests had another answer, or none
  2  misuse: nothing was sent
  3  nothing answered";

#[derive(Args)]
#[command(after_help = AFTER, group = ArgGroup::new("pace").required(true).args(["rate", "max"]))]
pub(super) struct LoadArgs {
    /// URL of the endpoint, http or https
    #[arg(long, value_name = "URL")]
    to: String,

    /// Requests a second (N/s) or a minute (N/m), each at its time whatever became of those before
    #[arg(long, value_name = "N/s", help_heading = PACE)]
    rate: Option<Rate>,

    /// As fast as the connections allow: each sends its next request when it has its answer
    #[arg(long, help_heading = PACE)]
    max: bool,

    /// How long: seconds, or a number with ms, s or m
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = PACE, value_parser = duration::parse)]
    duration: Duration,

    /// How long to send before the counting begins [default: not at all]
    #[arg(long, value_name = "TIME", help_heading = PACE, value_parser = duration::parse)]
    warm_up: Option<Duration>,

    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value = "16", help_heading = PACE, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,

    /// Threads over which the connections are spread
    #[arg(long, value_name = "N", default_value = "1", help_heading = PACE, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    #[command(flatten)]
    messages: MessageArgs,

    #[command(flatten)]
    credentials: CredentialArgs,

    /// A profile (TOML) that says where your messages keep what; generated messages are written as it has it
    #[arg(long, value_name = "FILE", help_heading = REQUEST)]
    profile: Option<PathBuf>,

    /// Most time for a request, from its sending
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = REQUEST, value_parser = duration::parse)]
    timeout: Duration,

    /// Most time for a connection, TLS included
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = REQUEST, value_parser = duration::parse)]
    connect_timeout: Duration,

    /// Certificates (PEM) to trust besides the platform's
    #[arg(long, value_name = "FILE", help_heading = REQUEST)]
    ca: Option<PathBuf>,

    /// The user-agent of the requests [default: webhook-sender and its version]
    #[arg(long, value_name = "TEXT", help_heading = REQUEST, value_parser = user_agent)]
    user_agent: Option<HeaderValue>,

    #[command(flatten)]
    guard: GuardArgs,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human", help_heading = OUTPUT)]
    output: Format,
}

pub(super) fn run(args: LoadArgs) -> Result<u8, CliError> {
    let target: EndpointUrl = args.to.parse()?;
    let profile = args.profile.map(file::profile).transpose()?;
    let allow_plaintext = args.credentials.allow_plaintext;
    let authentication = args.credentials.resolve()?;
    let messages = args.messages.read(&authentication, profile.as_ref())?;
    check_plaintext(&messages.request(0), &target, &authentication, allow_plaintext)?;
    dropped::tell(messages.dropped(), profile.as_ref())?;

    let extra_roots = args.ca.map(file::roots).transpose()?.unwrap_or_default();
    raise_file_limit();
    let connections = NonZeroUsize::from(at_least_one(args.connections));
    let load = Load {
        target,
        options: ClientOptions {
            timeout: args.timeout,
            connect_timeout: args.connect_timeout,
            extra_roots,
            user_agent: args.user_agent,
            proxy: Proxy::from_environment()?,
            guard: args.guard.guard(),
            ..ClientOptions::default()
        },
        messages: Arc::new(messages),
        pace: args.rate.map_or(LoadPace::Max, LoadPace::Rate),
        duration: args.duration,
        warm_up: args.warm_up.unwrap_or_default(),
        connections,
        threads: NonZeroUsize::from(at_least_one(args.threads)).min(connections),
    };
    let mut bar = Bar::new(load.warm_up, load.duration, args.output);
    let mut show = |progress: Progress| bar.show(progress);
    let watcher: Option<&mut dyn FnMut(Progress)> = if Bar::is_seen(args.output) { Some(&mut show) } else { None };
    let runtime = runtime::new()?;
    let summary = runtime.block_on(load::run(load, runtime::interrupted(), watcher))?;
    bar.clear();
    report::print(&summary, args.output)?;
    Ok(exit::of_load(&summary))
}

/// Clap has checked that it is no 0.
fn at_least_one(number: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(number).unwrap_or(std::num::NonZeroU16::MIN)
}

/// A connection is a file, and the usual limit is below the most connections that can be asked for.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Without it, connections above the limit fail and are counted as such.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
