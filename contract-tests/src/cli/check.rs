//! `webhook-contract check`: proves that an endpoint keeps the contract.

use std::{io::IsTerminal as _, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use schemas::{Authentication, BasicCredentials, ClientSecret, Level, Profile, SecretReference};
use secrecy::SecretString;

use super::{duration, error::CliError, report_args::ReportArgs};
use crate::{run, target::Target};

#[derive(Args)]
pub(super) struct CheckArgs {
    /// The endpoint's URL
    url: String,

    #[command(flatten)]
    credentials: CredentialArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    connection: ConnectionArgs,

    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Authentication (REF is env:NAME or file:PATH)")]
struct CredentialArgs {
    /// The endpoint expects no credential
    #[arg(long, conflicts_with_all = ["client_secret", "username", "password"])]
    no_authentication: bool,

    /// The endpoint expects this client secret in the message
    // A plain text and not a parsed reference: clap's own error would repeat it, and it may be the secret.
    #[arg(long, value_name = "REF", conflicts_with_all = ["username", "password"])]
    client_secret: Option<String>,

    /// The endpoint expects Basic with this username
    #[arg(long, value_name = "TEXT", requires = "password")]
    username: Option<String>,

    /// The endpoint expects Basic with this password
    #[arg(long, value_name = "REF", requires = "username")]
    password: Option<String>,

    /// Send Basic credentials over plain http to another machine all the same
    #[arg(long)]
    allow_plaintext: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Which cases")]
struct SelectionArgs {
    /// Only cases whose number or clause fits; `*` stands for any text; may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,

    /// No cases whose number or clause fits; may be given several times
    #[arg(long, value_name = "PATTERN")]
    skip: Vec<String>,

    /// Only cases of clauses at least so binding
    #[arg(long, value_name = "LEVEL", default_value = "may")]
    level: LevelArg,

    /// Send valid messages only, for an endpoint in use
    #[arg(long)]
    safe: bool,

    /// Also run the cases that wait for the endpoint's own deadline
    #[arg(long)]
    slow: bool,
}

#[derive(Args)]
#[command(next_help_heading = "How it is done")]
struct ConnectionArgs {
    /// A profile for messages with other property names
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Wait so long for the endpoint to accept connections
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    wait_ready: Option<Duration>,

    /// Time for each answer
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "5s")]
    timeout: Duration,

    /// Make the same requests as the run with this seed
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Trust the certificate authorities in this PEM file, too
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Cases that run beside each other
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
}

#[derive(Clone, Copy, ValueEnum)]
enum LevelArg {
    Must,
    Should,
    May,
}

pub(super) fn run(args: CheckArgs) -> Result<u8, CliError> {
    let allow_plaintext = args.credentials.allow_plaintext;
    let authentication = args.credentials.resolve()?;
    let readable = matches!(authentication, Authentication::Basic(_));
    let level = match args.selection.level {
        LevelArg::Must => Level::Must,
        LevelArg::Should => Level::Should,
        LevelArg::May => Level::May,
    };
    let bar = ProgressBar::hidden();
    let mut target = Target::new(&args.url, authentication)?
        .only(args.selection.only)
        .skip(args.selection.skip)
        .level(level)
        .safe(args.selection.safe)
        .slow(args.selection.slow)
        .timeout(args.connection.timeout)
        .wait_ready(args.connection.wait_ready.unwrap_or_default())
        .parallel(usize::from(args.connection.parallel))
        .ca(args.connection.ca);
    if let Some(path) = args.connection.profile {
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CliError::Profile { path: path.clone(), why: source.to_string() })?;
        let profile = Profile::parse(&text).map_err(|error| CliError::Profile { path, why: error.to_string() })?;
        target = target.profile(profile)?;
    }
    if let Some(seed) = args.connection.seed {
        target = target.seed(seed);
    }
    let endpoint = target.endpoint();
    if readable && !endpoint.is_encrypted() && !endpoint.is_loopback() && !allow_plaintext {
        return Err(CliError::Plaintext { url: endpoint.to_string() });
    }
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} cases") {
            bar.set_style(style);
        }
    }
    let drawn = bar.clone();
    let target = target.on_progress(move |done, all| {
        drawn.set_length(all as u64);
        drawn.set_position(done as u64);
    });
    let destinations = args.report.open()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)?;
    let report = runtime.block_on(run::check(&target))?;
    bar.finish_and_clear();
    destinations.write(&report)
}

impl CredentialArgs {
    fn resolve(self) -> Result<Authentication, CliError> {
        if let Some(reference) = self.client_secret {
            let secret = fetch("--client-secret", &reference)?;
            return Ok(Authentication::ClientSecret { client_secret: ClientSecret::new(secret)? });
        }
        match self.username.zip(self.password) {
            Some((username, reference)) => {
                let password = fetch("--password", &reference)?;
                Ok(Authentication::Basic(BasicCredentials::new(username, password)?))
            }
            None if self.no_authentication => Ok(Authentication::None),
            None => Err(CliError::NoAuthentication),
        }
    }
}

fn fetch(option: &'static str, reference: &str) -> Result<SecretString, CliError> {
    let reference: SecretReference = reference.parse().map_err(|_| CliError::NotAReference { option })?;
    reference.resolve().map_err(|source| CliError::Reference { option, source })
}
