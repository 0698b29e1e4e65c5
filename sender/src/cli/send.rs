//! `webhook-sender send`: sends one message to one endpoint. The order: arguments, message, credentials, composition,
//! request; then a dry run, or the delivery and its report.

mod draft_args;
mod dry_run;
mod report;
mod source;

use std::path::PathBuf;

use clap::Args;
use console::{OutputArgs, error::read_profile, exit_code};
use schemas::Profile;

use self::source::SourceArgs;
use super::{
    advice::Sent,
    client_args::ClientArgs,
    credentials::{AuthenticationArgs, check_plaintext},
    dropped::note_dropped,
    error::CliError,
    runtime,
};
use delivery::{Client, ClientOptions, EndpointUrl, LocalError, Outcome, Request};

const REQUEST_HEADING: &str = "Request";

#[derive(Args)]
pub(super) struct SendArgs {
    /// URL of the endpoint, http or https.
    #[arg(long, value_name = "URL")]
    to: String,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    authentication: AuthenticationArgs,

    /// Profile (TOML) with the property names of your messages [default: profile v1].
    #[arg(long, value_name = "FILE", help_heading = REQUEST_HEADING, conflicts_with = "raw_body")]
    profile: Option<PathBuf>,

    /// Header to add, or to replace the sender's own with; may be repeated.
    #[arg(long = "header", value_name = "'NAME: VALUE'", help_heading = REQUEST_HEADING)]
    headers: Vec<String>,

    #[command(flatten, next_help_heading = REQUEST_HEADING)]
    client: ClientArgs,

    /// Print the whole request, with the credentials masked, and send nothing.
    #[arg(long, help_heading = None)]
    dry_run: bool,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: SendArgs) -> Result<u8, CliError> {
    let target: EndpointUrl = args.to.parse()?;
    let profile = args.profile.as_deref().map(read_profile).transpose()?;
    if args.source.is_raw() && args.authentication.has_client_secret() {
        return Err(CliError::RawBodyWithSecret);
    }
    let source = args.source.read()?;
    let authentication = args.authentication.resolve()?;

    let (composed, dropped) = source.compose(&authentication, profile.as_ref())?;
    let headers = args.headers.iter().map(|header| split(header)).collect::<Result<Vec<_>, _>>()?;
    let request = composed.request();
    if request.headers().contains_key("authorization") && headers.iter().any(|(name, _)| is_authorization(name)) {
        return Err(CliError::TwoAuthorizations { by: "--username" });
    }
    let request = request.with_headers(headers)?;
    let request = target.secrets(false).into_iter().fold(request, Request::with_secret);
    check_plaintext(&request, &target, &authentication, args.authentication.allow_plaintext)?;

    note_dropped(&dropped, profile.as_ref());
    let profile = profile.as_ref().unwrap_or(Profile::v1());
    if args.dry_run {
        return dry_run::print(&request, &target, profile, args.output.format).map(|()| exit_code::SUCCESS);
    }

    let redactor = request.redactor();
    let options = ClientOptions { max_idle_per_host: 0, ..args.client.options()? };
    let client = Client::new(&options).map_err(CliError::Tls)?;
    let runtime = runtime::new()?;
    let (bytes, started) = (request.body().len(), std::time::Instant::now());
    let outcome = runtime.block_on(client.deliver(&target, request));
    // A resolver that hangs must not hold the program up after the timeout.
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
    report::print(&sent, &outcome, args.output.format)?;
    Ok(exit_code_of(&outcome))
}

fn exit_code_of(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Accepted(_) => exit_code::SUCCESS,
        Outcome::Declined(_) => exit_code::FAILURE,
        Outcome::Failed(LocalError::Guarded { .. }) => exit_code::USAGE,
        Outcome::Unanswered(_) | Outcome::Failed(_) => exit_code::INCOMPLETE,
    }
}

fn split(header: &str) -> Result<(&str, &str), CliError> {
    let (name, value) = header.split_once(':').ok_or(CliError::HeaderWithoutColon)?;
    Ok((name.trim(), value.trim()))
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case(schemas::wire::AUTHORIZATION_HEADER)
}
