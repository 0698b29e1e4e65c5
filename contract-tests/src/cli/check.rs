//! `webhook-contract check`: holds an endpoint to the contract. The report alone goes to stdout; a progress bar to a
//! terminal.

use std::{path::PathBuf, time::Duration};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use console::{duration, error::read_profile, output};
use indicatif::{ProgressBar, ProgressStyle};
use schemas::{Authentication, Level, Profile};
use tokio::runtime;

use super::{authentication::AuthenticationArgs, error::CliError, report_args::ReportArgs};
use crate::{Case, Target, catalogue, check};

#[derive(Args)]
pub(super) struct CheckArgs {
    /// URL of the endpoint, as configured in the webhook.
    // A plain text and not a parsed URL: clap's own error would repeat it, and it may hold a password.
    #[arg(value_name = "URL")]
    url: String,

    /// Send Basic credentials over plain http to another machine anyway.
    #[arg(long)]
    allow_plaintext: bool,

    /// Profile (TOML) with the property names of your messages [default: profile v1].
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Trust the certificate authorities in this PEM file as well.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    #[command(flatten)]
    authentication: AuthenticationArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    pace: PaceArgs,

    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Which cases")]
struct SelectionArgs {
    /// Run only the cases whose ID or clause matches, such as AUTH-6 or HTTP-*; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,

    /// Skip the cases whose ID or clause matches; may be repeated. Every report names them.
    #[arg(long, value_name = "PATTERN")]
    skip: Vec<String>,

    /// Lowest level of the cases to run.
    #[arg(long, value_parser = levels(), default_value = "may")]
    level: Level,

    /// Send valid messages only, for an endpoint that is in use.
    #[arg(long)]
    safe: bool,

    /// Also run the cases that wait for the endpoint's own deadline (up to 90 s).
    #[arg(long)]
    slow: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Pace")]
struct PaceArgs {
    /// Wait up to this long for the endpoint to answer a message with any status but 502, 503 and 504.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_limit)]
    wait_ready: Option<Duration>,

    /// Maximum duration of the run, after --wait-ready; --slow takes up to 90 s more.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_limit, default_value = "55s")]
    max_time: Duration,

    /// Maximum time for each answer, from the last byte of its request.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_limit, default_value = "5s")]
    timeout: Duration,

    /// Maximum number of cases that run at the same time, from 1 to 64.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,

    /// Make the same requests as the run with this seed, which its report shows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..1 << 53))]
    seed: Option<u64>,
}

fn levels() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["must", "should", "may"]).map(|level| match level.as_str() {
        "must" => Level::Must,
        "should" => Level::Should,
        _ => Level::May,
    })
}

pub(super) fn run(args: CheckArgs) -> Result<u8, CliError> {
    let CheckArgs { url, allow_plaintext, profile, ca, authentication, selection, pace, report } = args;
    check_patterns(&selection)?;
    let authentication = authentication.resolve()?;
    let is_basic = matches!(authentication, Authentication::Basic(_));
    let has_secret = matches!(authentication, Authentication::ClientSecret { .. });
    let profile = profile.map_or_else(|| Ok(Profile::v1().clone()), |path| read_profile(&path))?;
    let target = Target::new(&url, authentication)?.profile(profile)?;
    let endpoint = target.endpoint();
    // RFC 7617, section 4: base64 hides nothing from anyone on the way.
    if !endpoint.is_encrypted() && !endpoint.is_loopback() && !allow_plaintext {
        if is_basic {
            return Err(CliError::Plaintext { url: endpoint.to_string() });
        }
        if has_secret {
            output::warn(format_args!(
                "the client secret can be read by anyone on the way to {endpoint}; use an https URL"
            ));
        }
    }
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} cases").unwrap_or(ProgressStyle::default_bar()),
    );
    let shown = bar.clone();
    let mut target = target
        .ca(ca)
        .only(selection.only)
        .skip(selection.skip)
        .level(selection.level)
        .safe(selection.safe)
        .slow(selection.slow)
        .timeout(pace.timeout)
        .max_time(pace.max_time)
        .wait_ready(pace.wait_ready.unwrap_or_default())
        .parallel(pace.parallel.into())
        .on_progress(move |done, all| {
            shown.set_length(all as u64);
            shown.set_position(done as u64);
        });
    if let Some(seed) = pace.seed {
        target = target.seed(seed);
    }
    let destinations = report.open()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let report = runtime.block_on(check(&target));
    bar.finish_and_clear();
    destinations.write(report?)
}

/// A pattern that fits nothing is a typo, and a run without cases would look like a success.
fn check_patterns(selection: &SelectionArgs) -> Result<(), CliError> {
    let fits_none = |pattern: &&String| !Case::all().iter().any(|case| case.fits(pattern));
    match selection.only.iter().chain(&selection.skip).find(fits_none) {
        Some(pattern) => Err(CliError::NoSuchCase { pattern: pattern.clone(), nearest: catalogue::suggest(pattern) }),
        None => Ok(()),
    }
}
