//! `webhook-sender send`: one message to one endpoint. The order of things: arguments, message, credentials,
//! composition, request; then a dry run, or the delivery and its report.

mod advice;
mod draft_args;
mod dry_run;
mod report;
mod source;

use std::{path::PathBuf, time::Duration};

use clap::Args;
use delivery::{Client, ClientOptions, EndpointUrl, Proxy, Request};
use schemas::Profile;

pub(super) use self::advice::failed as not_sent;
use self::{report::Sent, source::SourceArgs};
use super::{
    credentials::{CredentialArgs, check_plaintext},
    dropped, duration,
    error::CliError,
    exit, file,
    guard_args::GuardArgs,
    output::Format,
    runtime,
};

const REQUEST: &str = "The request";
const OUTPUT: &str = "Output";

#[derive(Args)]
pub(super) struct SendArgs {
    /// URL of the endpoint, http or https
    #[arg(long, value_name = "URL")]
    to: String,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    credentials: CredentialArgs,

    /// A profile (TOML) that says where your messages keep what; the message is written as it has it
    #[arg(long, value_name = "FILE", help_heading = REQUEST, conflicts_with = "raw_body")]
    profile: Option<PathBuf>,

    /// A header to add, or to put in the place of the sender's own; may be repeated
    #[arg(long = "header", value_name = "'NAME: VALUE'", help_heading = REQUEST)]
    headers: Vec<String>,

    /// Most time for all of it: seconds, or a number with ms, s or m
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = REQUEST, value_parser = duration::parse)]
    timeout: Duration,

    /// Most time for the connection, TLS included
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = REQUEST, value_parser = duration::parse)]
    connect_timeout: Duration,

    /// Certificates (PEM) to trust besides the platform's
    #[arg(long, value_name = "FILE", help_heading = REQUEST)]
    ca: Option<PathBuf>,

    #[command(flatten)]
    guard: GuardArgs,

    /// Print the whole request, credentials masked, and send nothing
    #[arg(long, help_heading = OUTPUT)]
    dry_run: bool,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human", help_heading = OUTPUT)]
    output: Format,
}

pub(super) fn run(args: SendArgs) -> Result<u8, CliError> {
    let target: EndpointUrl = args.to.parse()?;
    let profile = args.profile.map(file::profile).transpose()?;
    if args.source.is_raw() && args.credentials.has_client_secret() {
        return Err(CliError::RawBodyWithSecret);
    }
    let source = args.source.read()?;
    let allow_plaintext = args.credentials.allow_plaintext;
    let authentication = args.credentials.resolve()?;

    let (composed, dropped) = source.compose(&authentication, profile.as_ref())?;
    let headers = args.headers.iter().map(|header| split(header)).collect::<Result<Vec<_>, _>>()?;
    let request = composed.request();
    if request.headers().contains_key("authorization") && headers.iter().any(|(name, _)| is_authorization(name)) {
        return Err(CliError::TwoAuthorizations { by: "--username" });
    }
    let request = request.with_headers(headers)?;
    let request = target.secrets(false).into_iter().fold(request, Request::with_secret);
    check_plaintext(&request, &target, &authentication, allow_plaintext)?;

    dropped::tell(&dropped, profile.as_ref())?;
    let profile = profile.as_ref().unwrap_or(Profile::v1());
    if args.dry_run {
        return dry_run::print(&request, &target, profile, args.output).map(|()| exit::ACCEPTED);
    }

    let redactor = request.redactor();
    let extra_roots = args.ca.map(file::roots).transpose()?.unwrap_or_default();
    let options = ClientOptions {
        timeout: args.timeout,
        connect_timeout: args.connect_timeout,
        extra_roots,
        max_idle_per_host: 0,
        proxy: Proxy::from_environment()?,
        guard: args.guard.guard(),
        ..ClientOptions::default()
    };
    let client = Client::new(&options).map_err(CliError::Tls)?;
    let runtime = runtime::new()?;
    let (bytes, started) = (request.body().len(), std::time::Instant::now());
    let outcome = runtime.block_on(client.deliver(&target, request));
    // A resolver that hangs must not hold the program after its time is up.
    let took = started.elapsed();
    runtime.shutdown_background();

    let sent = Sent {
        what: source.what(),
        clause: source.broken_clause(),
        bytes,
        target: &target,
        authentication: &authentication,
        dropped: &dropped,
        took,
        redactor: &redactor,
    };
    report::print(&sent, &outcome, args.output)?;
    Ok(exit::of(&outcome))
}

fn split(header: &str) -> Result<(&str, &str), CliError> {
    let (name, value) = header.split_once(':').ok_or(CliError::HeaderWithoutColon)?;
    Ok((name.trim(), value.trim()))
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case(schemas::wire::AUTHORIZATION_HEADER)
}
