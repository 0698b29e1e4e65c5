//! `webhook-sender run`: a flow model runs, by a script or along all its paths, and its webhooks' messages are sent, or
//! written to files. The order of things: arguments, model, profile, script or paths; then the messages.

mod error;
mod file_name;
mod folder;
mod sending;
mod summary;

use std::{
    fs, iter,
    path::{Path, PathBuf},
};

use clap::{Args, builder::NonEmptyStringValueParser};
use jiff::Timestamp;
use schemas::{Flow, Profile, Role, StepMessage, timestamp};

pub(super) use self::error::RunError;
use self::{
    folder::Folder,
    sending::{JobKeys, Sending},
    summary::Summary,
};
use super::{
    dropped,
    engine_args::EngineArgs,
    error::CliError,
    exit, file,
    job_key::{self, JobKey},
    model,
    output::Format,
    retention::KeepArgs,
};
use crate::{
    credentials::CredentialReference,
    flow::{AllPaths, Run, RunningFlow, Script, ScriptProblems},
    model::{Model, ModelWebhook},
    outbox::DEFAULT_FOLDER,
};

/// Most paths that are run. A model with more is not looked through by anyone.
const MOST_PATHS: usize = 10_000;
/// When a flow starts whose messages are written to files: the same input gives the same files.
const START_OF_FILES: &str = "2026-01-05T09:00:00Z";

const PLAN: &str = "What is done in the steps (one of)";
const FLOW: &str = "The flow";
const DESTINATION: &str = "Where the messages go";

const HELP: &str = "\
All messages go into the outbox first, so nothing is lost if the program is stopped: the same command \
goes on where it was. `deliveries list` shows them all.

Exit codes:
  0  all messages were delivered, or written
  1  some were not: an endpoint gave another answer
  2  misuse, an address that may not be called, or an outbox that cannot be used
  3  some were not: nothing answered";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct RunArgs {
    /// The flow model, TOML or JSON; - reads it from standard input. It must be published
    model: PathBuf,

    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    flow: FlowArgs,

    #[command(flatten)]
    destination: DestinationArgs,

    #[command(flatten)]
    engine: EngineArgs,

    /// A profile (TOML) that says where your messages keep what; the messages are written as it has it
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    output: Format,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct PlanArgs {
    /// A script (TOML) of what people do, in order, in one flow; examples/scripts has some to begin with
    #[arg(long, value_name = "FILE", help_heading = PLAN)]
    script: Option<PathBuf>,

    /// Every decision at every step, each path a flow of its own (FLOW-1, FLOW-2, ...), so that every kind of message
    /// occurs
    #[arg(long, help_heading = PLAN)]
    all_paths: bool,
}

#[derive(Args)]
struct FlowArgs {
    /// What the flow is about; by default what the model says
    #[arg(long, value_name = "TEXT", help_heading = FLOW)]
    subject: Option<String>,

    /// Who starts it, an e-mail address; by default what the model says
    #[arg(long, value_name = "EMAIL", help_heading = FLOW)]
    initiator: Option<String>,

    /// Its identifier; by default FLOW-1
    #[arg(long, value_name = "IDENTIFIER", help_heading = FLOW, conflicts_with = "all_paths", value_parser = NonEmptyStringValueParser::new())]
    flow: Option<String>,

    /// When it starts; each action follows a quarter of an hour after the one before [default: now, or a fixed time
    /// with --to-dir, so that the same input gives the same files]
    #[arg(long, value_name = "TIME", help_heading = FLOW, value_parser = start)]
    start: Option<Timestamp>,
}

#[derive(Args)]
struct DestinationArgs {
    /// A folder: nothing is sent and no secret is read, and each message becomes a file NAME.json that holds exactly
    /// the body. A client secret is written as <client-secret> [default: the messages are sent]
    #[arg(long, value_name = "DIR", help_heading = DESTINATION)]
    to_dir: Option<PathBuf>,

    /// Write into the folder even if it holds *.json files; those of the same names are replaced, no others touched
    #[arg(long, help_heading = DESTINATION, requires = "to_dir")]
    force: bool,

    /// Folder of the outbox, which remembers what was delivered
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER, help_heading = DESTINATION, conflicts_with = "to_dir")]
    data: PathBuf,

    #[command(flatten)]
    keep: KeepArgs,
}

pub(super) fn run(args: RunArgs) -> Result<u8, CliError> {
    let (model, text) = published(&args.model)?;
    let profile_text = args.profile.as_deref().map(file::text).transpose()?;
    let profile = args.profile.map(file::profile).transpose()?;
    let written_as = profile.as_ref().unwrap_or(Profile::v1());
    check_place_of_secret(&model, written_as)?;
    let script_text = args.plan.script.as_deref().map(file::text).transpose()?;
    let script = match (&args.plan.script, &script_text) {
        (Some(path), Some(text)) => Some((script(path, text, &model)?, path)),
        _ => None,
    };
    let about = args.flow.about(&model);
    let start = args.flow.start(args.destination.to_dir.is_some());
    let count = if script.is_some() { 1 } else { count_paths(&model, &about, start)? };
    let runs: Box<dyn Iterator<Item = Run<'_>>> = match &script {
        Some((script, path)) => Box::new(iter::once(played(script, path, &model, about.clone(), start)?)),
        None => Box::new(AllPaths::new(&model, about.clone(), start)),
    };

    let Some(to_dir) = args.destination.to_dir else {
        let plan = script.as_ref().map(|(script, _)| script);
        let key = JobKey::of("run")
            .with("model", text)
            // A reference to a file is relative to the model's folder.
            .with("folder", folder_of(&args.model).as_os_str().as_encoded_bytes())
            .with_some("script", script_text)
            .with_some("flow", args.flow.flow.as_deref())
            .with_some("subject", args.flow.subject.as_deref())
            .with_some("initiator", args.flow.initiator.as_deref())
            .with_some("profile", profile_text);
        let before = job_key::of_0_1(&format!("run {model:?} {plan:?} {about:?} {written_as:?}"), &[]);
        let job = JobKeys { key: key.finish(), before };
        let DestinationArgs { data, keep, .. } = &args.destination;
        let sending = Sending { profile: written_as, data, keep, output: args.output };
        return sending.send(&model, runs, &job, &args.engine.dispatcher()?);
    };
    let mut folder = Folder::prepare(to_dir, args.destination.force, count)?;
    let mut summary = Summary::new(&model);
    for run in runs {
        folder.write(&run, written_as)?;
        summary.add(&run);
    }
    dropped::tell(folder.dropped(), profile.as_ref())?;
    summary.print_written(&folder, args.output).map(|()| exit::ACCEPTED)
}

impl FlowArgs {
    fn about(&self, model: &Model) -> Flow {
        let about = RunningFlow::describe(model, self.flow.clone().unwrap_or_else(|| "FLOW-1".to_owned()));
        let (subject, initiator) = (self.subject.clone().or(about.subject), self.initiator.clone().or(about.initiator));
        Flow { subject, initiator, ..about }
    }

    fn start(&self, into_files: bool) -> Timestamp {
        self.start.unwrap_or_else(|| match into_files {
            true => start_of_files(),
            // Whole seconds, as people would write them.
            false => Timestamp::from_second(Timestamp::now().as_second()).expect("a second of now"),
        })
    }
}

fn start_of_files() -> Timestamp {
    START_OF_FILES.parse().expect("a constant in the form of RFC 3339")
}

/// The messages of all paths of a model.
pub(super) fn every_message(path: &Path) -> Result<Vec<StepMessage>, CliError> {
    let (model, _) = published(path)?;
    let (about, start) = (RunningFlow::describe(&model, "FLOW-1".to_owned()), start_of_files());
    count_paths(&model, &about, start)?;
    let fired = AllPaths::new(&model, about, start).flat_map(|run| run.messages);
    let messages: Vec<StepMessage> = fired.map(|fired| fired.message).collect();
    if messages.is_empty() { Err(RunError::NothingFires { path: path.to_owned() }.into()) } else { Ok(messages) }
}

/// A model from which flows can be started, and its text.
fn published(path: &Path) -> Result<(Model, String), CliError> {
    let (model, text) = model::load_with_text(path)?;
    match model.check_published() {
        Ok(()) => Ok((model, text)),
        Err(source) => Err(RunError::NotPublished { path: path.to_owned(), source }.into()),
    }
}

fn script(path: &Path, text: &str, model: &Model) -> Result<Script, CliError> {
    Script::parse(text, model)
        .map_err(|ScriptProblems(problems)| RunError::Script { path: path.to_owned(), problems }.into())
}

/// The folder of a model, however it is spelled; none for one from standard input.
fn folder_of(model: &Path) -> PathBuf {
    let folder = model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match model.to_str() {
        Some("-") => PathBuf::new(),
        _ => fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
    }
}

fn played<'m>(
    script: &Script,
    path: &Path,
    model: &'m Model,
    about: Flow,
    start: Timestamp,
) -> Result<Run<'m>, RunError> {
    let mut run = Run::new(RunningFlow::start(model, about, start), start);
    script.run(&mut run).map_err(|error| RunError::ScriptAction { path: path.to_owned(), error })?;
    Ok(run)
}

fn count_paths(model: &Model, about: &Flow, start: Timestamp) -> Result<usize, RunError> {
    match AllPaths::new(model, about.clone(), start).take(MOST_PATHS + 1).count() {
        count if count > MOST_PATHS => Err(RunError::TooManyPaths { most: MOST_PATHS }),
        count => Ok(count),
    }
}

/// Before the first message is written or sent.
fn check_place_of_secret(model: &Model, profile: &Profile) -> Result<(), RunError> {
    if profile.pointer(Role::ClientSecret).is_some() {
        return Ok(());
    }
    let has_secret = |webhook: &&ModelWebhook| {
        webhook.enabled && matches!(webhook.authentication, CredentialReference::ClientSecret { .. })
    };
    match model.steps.iter().flat_map(|step| &step.webhooks).find(has_secret) {
        Some(webhook) => {
            Err(RunError::NoPlaceForSecret { webhook: webhook.name.clone(), profile: profile.name().to_owned() })
        }
        None => Ok(()),
    }
}

/// Times before 1970 and after 9998 would not be written in the contract's form (MSG-16).
fn start(text: &str) -> Result<Timestamp, String> {
    let time = timestamp::parse(text).map_err(|error| error.to_string())?;
    let last = 253_339_228_800; // 9998-01-01
    if (0..last).contains(&time.as_second()) { Ok(time) } else { Err("it must be from 1970 to 9997".to_owned()) }
}
