//! `webhook-sender run`: runs a flow model by a script or along all its paths, and sends the messages of its webhooks or
//! writes them to files. The order: arguments, model, profile, script or paths; then the messages.

mod file_name;
mod output_folder;
mod sending;
mod summary;

use std::{
    fs, iter,
    path::{Path, PathBuf},
};

use clap::{Args, builder::NonEmptyStringValueParser};
use console::{
    OutputArgs,
    error::{read_profile, read_text},
    exit_code,
};
use jiff::Timestamp;
use schemas::{Flow, Profile, Role, StepMessage, timestamp};

use self::{
    output_folder::OutputFolder,
    sending::{JobKeys, Sending},
    summary::Summary,
};
use super::{
    dropped::note_dropped,
    engine_args::EngineArgs,
    error::CliError,
    job_key::{self, JobKey},
    model,
    outbox_args::KeepArgs,
    run_error::RunError,
};
use crate::{
    credentials::CredentialReference,
    flow::{AllPaths, Run, RunningFlow, Script, ScriptProblems},
    model::{Model, ModelWebhook},
    outbox::DEFAULT_FOLDER,
};

/// Maximum number of paths; nobody reads more.
const MAX_PATHS: usize = 10_000;
/// Start of a flow whose messages are written to files: the same input gives the same files.
const START_OF_FILES: &str = "2026-01-05T09:00:00Z";

const PLAN_HEADING: &str = "Actions in the steps (one of)";
const FLOW_HEADING: &str = "Flow";
const DESTINATION_HEADING: &str = "Destination";

const AFTER_HELP: &str = "\
All messages go into the outbox first, so nothing is lost if the program is stopped: the same command \
continues where it was. `deliveries list` shows them all.";

#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{}", exit_code::help(exit_code::DELIVER)))]
pub(super) struct RunArgs {
    /// Flow model in TOML or JSON, which must be published; - reads it from standard input.
    model: PathBuf,

    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    flow: FlowArgs,

    #[command(flatten)]
    destination: DestinationArgs,

    #[command(flatten)]
    engine: EngineArgs,

    /// Profile (TOML) with the property names of your messages [default: profile v1].
    #[arg(long, value_name = "FILE", help_heading = None)]
    profile: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct PlanArgs {
    /// Script (TOML) of actions in one flow, in order; examples/scripts has some to start from.
    #[arg(long, value_name = "FILE", help_heading = PLAN_HEADING)]
    script: Option<PathBuf>,

    /// Take every decision at every step, each path as a flow of its own (FLOW-1, FLOW-2, ...), so that every kind of
    /// message occurs.
    #[arg(long, help_heading = PLAN_HEADING)]
    all_paths: bool,
}

#[derive(Args)]
struct FlowArgs {
    /// Subject of the flow [default: that of the model].
    #[arg(long, value_name = "TEXT", help_heading = FLOW_HEADING)]
    subject: Option<String>,

    /// E-mail address of the initiator [default: that of the model].
    #[arg(long, value_name = "EMAIL", help_heading = FLOW_HEADING)]
    initiator: Option<String>,

    /// Identifier of the flow [default: FLOW-1].
    #[arg(long, value_name = "IDENTIFIER", help_heading = FLOW_HEADING, conflicts_with = "all_paths", value_parser = NonEmptyStringValueParser::new())]
    flow: Option<String>,

    /// Start of the flow; each action follows 15 minutes after the previous one [default: now; with --to-dir a fixed
    /// time, so that the same input gives the same files].
    #[arg(long, value_name = "TIME", help_heading = FLOW_HEADING, value_parser = start)]
    start: Option<Timestamp>,
}

#[derive(Args)]
struct DestinationArgs {
    /// Write each message to a file in this folder instead of sending it. Each file contains exactly the body, with
    /// <client-secret> for a client secret; no secret is read.
    #[arg(long, value_name = "DIR", help_heading = DESTINATION_HEADING)]
    to_dir: Option<PathBuf>,

    /// Write to the folder even if it contains *.json files; only files with the same names are replaced.
    #[arg(long, help_heading = DESTINATION_HEADING, requires = "to_dir")]
    force: bool,

    /// Folder of the outbox, which records what was delivered.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER, help_heading = DESTINATION_HEADING, conflicts_with = "to_dir")]
    data: PathBuf,

    #[command(flatten)]
    keep: KeepArgs,
}

pub(super) fn run(args: RunArgs) -> Result<u8, CliError> {
    let (model, text) = published(&args.model)?;
    let profile_text = args.profile.as_deref().map(read_text).transpose()?;
    let profile = args.profile.as_deref().map(read_profile).transpose()?;
    let written_as = profile.as_ref().unwrap_or(Profile::v1());
    check_place_of_secret(&model, written_as)?;
    let script_text = args.plan.script.as_deref().map(read_text).transpose()?;
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
        let sending = Sending { profile: written_as, data, keep, output: args.output.format };
        return sending.send(&model, runs, &job, &args.engine.dispatcher()?);
    };
    let mut folder = OutputFolder::prepare(to_dir, args.destination.force, count)?;
    let mut summary = Summary::new(&model);
    for run in runs {
        folder.write(&run, written_as)?;
        summary.add(&run);
    }
    note_dropped(&folder.dropped, profile.as_ref());
    summary.print_written(&folder, args.output.format).map(|()| exit_code::SUCCESS)
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
    match AllPaths::new(model, about.clone(), start).take(MAX_PATHS + 1).count() {
        count if count > MAX_PATHS => Err(RunError::TooManyPaths { most: MAX_PATHS }),
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
