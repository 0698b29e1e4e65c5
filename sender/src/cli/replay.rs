//! `webhook-sender replay`: stored messages become a job in the outbox, and the job is delivered. After a stop, the same
//! command continues its job.

mod survey;

use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use console::{
    FilterArgs, OutputArgs, TimeArg,
    error::{read_profile, read_text},
    exit_code,
    output::note,
};
use delivery::EndpointUrl;
use schemas::{Authentication, Profile, Trigger};

use self::survey::Survey;
use super::{
    credentials::{AuthenticationArgs, check_plaintext, reference, warn_plaintext},
    deliver,
    engine_args::EngineArgs,
    error::CliError,
    job_key::{self, JobKey},
    outbox_args::{KeepArgs, OUTBOX_HEADING},
    tally,
};
use crate::{
    WireMessage,
    credentials::CredentialReference,
    outbox::{Address, DEFAULT_FOLDER, Destination, JobId, Outbox, Which},
    replay::{Replay, Selection, Source},
};

const FILTER_HEADING: &str = "Filter";

const AFTER_HELP: &str = "\
After a stop, the same command continues where it was; after its end, the same command starts again. \
A client secret is never stored: where a message had one, --client-secret puts it back.";

#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{}", exit_code::help(exit_code::DELIVER)))]
pub(super) struct ReplayArgs {
    /// JSON lines of `webhook-receiver messages export`, or raw bodies: a file, a folder of *.json files, or - for
    /// standard input.
    #[arg(long, value_name = "FILE|DIR|-")]
    from: PathBuf,

    /// URL of the endpoint, http or https; or env:NAME or file:PATH of a URL that is a secret.
    #[arg(long, value_name = "URL")]
    to: String,

    #[command(flatten, next_help_heading = FILTER_HEADING)]
    filter: FilterArgs,

    /// Skip messages that cannot be sent.
    #[arg(long)]
    skip_bad: bool,

    /// Profile (TOML) with the property names of your messages [default: profile v1].
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    #[command(flatten)]
    authentication: AuthenticationArgs,

    #[command(flatten)]
    engine: EngineArgs,

    /// Folder of the outbox, which records what was delivered.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER, help_heading = OUTBOX_HEADING)]
    data: PathBuf,

    #[command(flatten)]
    keep: KeepArgs,

    /// Read and check everything, print how many messages would be sent, and send nothing.
    #[arg(long, help_heading = None)]
    dry_run: bool,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &ReplayArgs) -> Result<u8, CliError> {
    let address = address(&args.to)?;
    let credentials = args.authentication.references()?;
    let destination = Destination { name: address.to_string().into(), address, credentials };
    let (target, authentication) = destination.resolve().map_err(CliError::Unresolved)?;
    let basic = match &authentication {
        Authentication::Basic(credentials) => Some(credentials),
        Authentication::None | Authentication::ClientSecret { .. } => None,
    };
    let probe = WireMessage::from_bytes(Bytes::new(), basic).request();
    check_plaintext(&probe, &target, &authentication, args.authentication.allow_plaintext)?;
    if matches!(destination.address, Address::Reference(_)) && !args.authentication.allow_plaintext {
        warn_plaintext(&["the URL, which is a secret,".to_owned()], &target);
    }
    let profile_text = args.profile.as_deref().map(read_text).transpose()?;
    let profile = args.profile.as_deref().map(read_profile).transpose()?;
    let replay = Replay {
        profile: profile.unwrap_or_else(|| Profile::v1().clone()),
        credentials: destination.credentials.clone(),
        selection: selection(&args.filter)?,
    };
    let source = Source::open(&args.from)?;
    if args.dry_run {
        let mut survey = Survey::default();
        source.read(&replay, |item| {
            survey.add(item);
            Ok::<_, CliError>(())
        })?;
        survey.judge(args.skip_bad)?;
        survey.note_missing_secrets(&replay.credentials);
        return survey.print(&destination, args.output.format).map(|()| exit_code::SUCCESS);
    }

    let dispatcher = args.engine.dispatcher()?;
    let mut outbox = args.keep.open(&args.data)?;
    let Some(job) = taken_in(&mut outbox, &source, &replay, &destination, args, profile_text.as_deref())? else {
        note("there is nothing to send: no message matches the filter");
        return tally::print(&[], "replayed", &args.data, args.output.format);
    };
    outbox.schedule(Some(job))?;
    deliver::note_others(&outbox, job)?;
    deliver::deliver(&mut outbox, &dispatcher, args.output.format)?;
    let tally = outbox.reader().count_by_status(&Which::Job(job))?;
    let code = tally::print(&tally, "replayed", &args.data, args.output.format)?;
    outbox.finish(job)?;
    args.keep.prune(&mut outbox)?;
    Ok(code)
}

/// The job of this command: the one that was stopped, or a new one; `None` where there is nothing to send.
fn taken_in(
    outbox: &mut Outbox,
    source: &Source,
    replay: &Replay,
    destination: &Destination,
    args: &ReplayArgs,
    profile: Option<&str>,
) -> Result<Option<JobId>, CliError> {
    let mut enqueue = outbox.begin_enqueue()?;
    let mut surveyed = None;
    // A source that can be read twice is read to its end before anything is written.
    if source.is_rereadable() {
        let mut survey = Survey::default();
        let digest = source.read(replay, |item| {
            survey.add(item);
            Ok::<_, CliError>(())
        })?;
        if !args.skip_bad {
            survey.judge(args.skip_bad)?;
        }
        let (key, before) = key(replay, destination, &args.filter, args.skip_bad, profile, digest);
        if let Some(job) = enqueue.resume_job(&key, &before)? {
            enqueue.commit()?;
            return deliver::note_resumed(outbox, job, "replay").map(|()| Some(job));
        }
        surveyed = Some(digest);
    }
    let mut survey = Survey::default();
    let to = enqueue.unnamed_destination(&destination.address, &destination.credentials)?;
    let job = enqueue.begin_job("")?;
    let digest = source.read(replay, |item| match survey.add(item) {
        Some(delivery) => enqueue.add(job, to, &delivery).map(|_| ()).map_err(CliError::from),
        None => Ok(()),
    })?;
    survey.judge(args.skip_bad)?;
    if surveyed.is_some_and(|surveyed| surveyed != digest) {
        return Err(CliError::SourceChanged);
    }
    let (key, before) = key(replay, destination, &args.filter, args.skip_bad, profile, digest);
    if let Some(unfinished) = enqueue.resume_job(&key, &before)? {
        // What was read is dropped: the job already has it.
        drop(enqueue);
        let mut enqueue = outbox.begin_enqueue()?;
        enqueue.resume_job(&key, &before)?;
        enqueue.commit()?;
        let job = unfinished;
        return deliver::note_resumed(outbox, job, "replay").map(|()| Some(job));
    }
    if survey.messages == 0 {
        return Ok(None);
    }
    enqueue.rename_job(job, &key)?;
    enqueue.commit()?;
    survey.note_missing_secrets(&replay.credentials);
    Ok(Some(job))
}

/// The key of a replay's job, and the one that version 0.1.0 gave it; `content` is the digest of its source.
fn key(
    replay: &Replay,
    destination: &Destination,
    filter: &FilterArgs,
    skip_bad: bool,
    profile: Option<&str>,
    content: [u8; 32],
) -> (String, String) {
    let address = match &destination.address {
        Address::Url(target) => target.uri().to_string(),
        Address::Reference(reference) => reference.to_string(),
    };
    let Selection { flow, step, trigger, endpoint, since: _, until: _ } = &replay.selection;
    let key = JobKey::of("replay").with("content", content).with("to", &address);
    let key = match &replay.credentials {
        CredentialReference::None => key,
        CredentialReference::ClientSecret { client_secret } => key.with("client secret", client_secret.to_string()),
        CredentialReference::Basic { username, password } => {
            key.with("username", username).with("password", password.to_string())
        }
    };
    let key = key
        .with_some("profile", profile)
        .with_some("flow", flow.as_deref())
        .with_some("step", step.as_deref())
        .with_some("trigger", trigger.map(Trigger::as_str))
        .with_some("endpoint", endpoint.as_deref())
        .with_some("since", filter.since.as_ref().map(key_of_time))
        .with_some("until", filter.until.as_ref().map(key_of_time))
        .with("skip bad", if skip_bad { "yes" } else { "no" });
    (key.finish(), job_key::of_0_1(&format!("replay {address:?} {replay:?} {skip_bad}"), &content))
}

/// The same for the same command: `2h` means another time when a stopped replay is continued.
fn key_of_time(arg: &TimeArg) -> String {
    arg.relative.clone().unwrap_or_else(|| arg.time.as_nanosecond().to_string())
}

fn selection(filter: &FilterArgs) -> Result<Selection, CliError> {
    filter.check_range()?;
    let FilterArgs { endpoint, flow, step, trigger, since, until } = filter.clone();
    let [since, until] = [since, until].map(|arg| arg.map(|arg| arg.time));
    Ok(Selection { flow, step, trigger: trigger.map(Into::into), endpoint, since, until })
}

fn address(to: &str) -> Result<Address, CliError> {
    if to.starts_with("env:") || to.starts_with("file:") {
        return Ok(Address::Reference(reference("--to", to)?));
    }
    Ok(Address::Url(to.parse::<EndpointUrl>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(filter: &FilterArgs) -> (String, String) {
        let address = Address::Url("http://127.0.0.1:8080/hooks".parse().unwrap());
        let credentials = CredentialReference::ClientSecret { client_secret: "file:/secret".parse().unwrap() };
        let destination = Destination { name: address.to_string().into(), address, credentials: credentials.clone() };
        let replay = Replay { profile: Profile::v1().clone(), credentials, selection: selection(filter).unwrap() };
        key(&replay, &destination, filter, false, None, [7; 32])
    }

    #[test]
    fn a_job_is_found_by_the_key_that_version_0_1_0_gave_it() {
        let filter = FilterArgs { flow: Some("FLOW-7".to_owned()), ..FilterArgs::default() };
        assert_eq!(keys(&filter).1, "40e74b556829d0edb36f9b4bacdbb3e6f7c7e9d15eb7059377b799aee4b24754");
    }

    #[test]
    fn a_job_is_found_by_the_same_relative_time_at_another_moment() {
        let since = |text: &str, second: i64| {
            let mut since: TimeArg = text.parse().unwrap();
            since.time = jiff::Timestamp::from_second(second).unwrap();
            keys(&FilterArgs { since: Some(since), ..FilterArgs::default() }).0
        };
        assert_eq!(since("2h", 1), since("2h", 2));
        assert_ne!(since("2h", 1), since("3h", 1));
        assert_ne!(since("2026-11-24", 1), since("2026-11-24", 2));
    }
}
