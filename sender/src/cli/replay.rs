//! `webhook-sender replay`: kept messages become a job in the outbox, and the job is delivered. The same command after
//! it was stopped goes on with its job.

use std::{io::Write as _, path::PathBuf};

use bytes::Bytes;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use schemas::{Authentication, Profile, Trigger};
use sha2::{Digest as _, Sha256};

use super::{
    credentials::{CredentialArgs, check_plaintext, reference},
    deliver,
    engine_args::EngineArgs,
    error::CliError,
    exit, file,
    output::{self, Format, harmless, say},
    tally,
};
use crate::{
    compose::Composed,
    credentials::CredentialReference,
    delivery::Target,
    outbox::{Address, DEFAULT_FOLDER, Destination, JobId, Outbox, Which},
    replay::{Item, Problem, Replay, Selection, Source},
};

const WHICH: &str = "Which of the messages";
const OUTPUT: &str = "Output";
/// Most problems that are shown.
const SHOWN: usize = 20;

const AFTER: &str = "\
If it is stopped, the same command goes on where it was; once it has come to its end, the same \
command begins anew. A client secret is never kept: where a message had one, it is put back from \
--client-secret.

Exit codes:
  0  all were delivered
  1  some were not: the endpoint gave another answer
  2  misuse: nothing was sent
  3  some were not: nothing answered";

#[derive(Args)]
#[command(after_help = AFTER)]
pub(super) struct ReplayArgs {
    /// JSON lines of `webhook-receiver messages export`, or raw bodies: a file, a folder of *.json files, - for standard
    /// input
    #[arg(long, value_name = "FILE|DIR|-")]
    from: PathBuf,

    /// URL of the endpoint, http or https; or env:NAME or file:PATH, where a URL lies that is a secret
    #[arg(long, value_name = "URL")]
    to: String,

    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    credentials: CredentialArgs,

    /// A profile (TOML) that says where your messages keep what
    #[arg(long, value_name = "FILE", help_heading = WHICH)]
    profile: Option<PathBuf>,

    #[command(flatten)]
    engine: EngineArgs,

    /// Folder of the outbox, which remembers what was delivered
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER, help_heading = OUTPUT)]
    data: PathBuf,

    /// Read and check everything, say how many would be sent, and send nothing
    #[arg(long, help_heading = OUTPUT)]
    dry_run: bool,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human", help_heading = OUTPUT)]
    output: Format,
}

#[derive(Args)]
struct WhichArgs {
    /// Only those of this flow, such as FLOW-604
    #[arg(long, value_name = "ID", help_heading = WHICH)]
    flow: Option<String>,

    /// Only those of this step
    #[arg(long, value_name = "NAME", help_heading = WHICH)]
    step: Option<String>,

    /// Only those of this trigger
    #[arg(long, value_name = "TRIGGER", help_heading = WHICH)]
    trigger: Option<TriggerArg>,

    /// Only those received at or after, such as 2026-11-24T08:00:00Z
    #[arg(long, value_name = "TIME", help_heading = WHICH)]
    since: Option<Timestamp>,

    /// Only those received before
    #[arg(long, value_name = "TIME", help_heading = WHICH)]
    until: Option<Timestamp>,

    /// Only those received at the receiver's endpoint of this name
    #[arg(long, value_name = "NAME", help_heading = WHICH)]
    endpoint: Option<String>,

    /// Send the others where some cannot be used
    #[arg(long, help_heading = WHICH)]
    skip_bad: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum TriggerArg {
    StepCreated,
    StepCompleted,
}

/// What a source was found to hold.
#[derive(Default)]
struct Survey {
    messages: u64,
    passed_over: u64,
    /// Messages with a place for a client secret.
    with_place: u64,
    problems: Vec<Problem>,
    problem_count: u64,
}

pub(super) fn run(args: &ReplayArgs) -> Result<u8, CliError> {
    let address = address(&args.to)?;
    let credentials = args.credentials.references()?;
    let destination = Destination { name: address.to_string().into(), address, credentials };
    let (target, authentication) = destination.resolve().map_err(CliError::Unresolved)?;
    let basic = match &authentication {
        Authentication::Basic(credentials) => Some(credentials),
        Authentication::None | Authentication::ClientSecret { .. } => None,
    };
    let probe = Composed::from_bytes(Bytes::new(), basic).request()?;
    check_plaintext(&probe, &target, args.credentials.allow_plaintext)?;
    let profile = args.profile.clone().map(file::profile).transpose()?;
    let replay = Replay {
        profile: profile.unwrap_or_else(|| Profile::v1().clone()),
        credentials: destination.credentials.clone(),
        selection: args.which.selection(),
    };
    let source = Source::open(&args.from)?;
    if args.dry_run {
        let mut survey = Survey::default();
        source.read(&replay, |item| {
            survey.note(&item);
            survey.keep(item);
            Ok::<_, CliError>(())
        })?;
        survey.judge(args.which.skip_bad)?;
        survey.tell_of_secrets(&replay.credentials)?;
        return survey.print(&destination, args.output).map(|()| exit::ACCEPTED);
    }

    let courier = args.engine.courier()?;
    let mut outbox = Outbox::open(&args.data)?;
    let Some(job) = taken_in(&mut outbox, &source, &replay, &destination, args.which.skip_bad)? else {
        say(writeln!(anstream::stderr(), "{}nothing to send: no message is asked for", output::NOTE))?;
        return tally::print(&[], "replayed", &args.data, args.output);
    };
    outbox.schedule(Some(job))?;
    deliver::note_others(&outbox, job)?;
    deliver::deliver(&mut outbox, &courier, args.output)?;
    let code = tally::print(&outbox.ledger().tally(&Which::Job(job))?, "replayed", &args.data, args.output)?;
    outbox.finish(job)?;
    Ok(code)
}

/// The job of this command: the one that was stopped, or a new one; `None` where there is nothing to send.
fn taken_in(
    outbox: &mut Outbox,
    source: &Source,
    replay: &Replay,
    destination: &Destination,
    skip_bad: bool,
) -> Result<Option<JobId>, CliError> {
    let mut intake = outbox.intake()?;
    let mut surveyed = None;
    // What can be read twice is read through before anything is written.
    if source.is_rereadable() {
        let mut survey = Survey::default();
        let digest = source.read(replay, |item| {
            survey.note(&item);
            survey.keep(item);
            Ok::<_, CliError>(())
        })?;
        if !skip_bad {
            survey.judge(skip_bad)?;
        }
        if let Some(job) = intake.unfinished(&key(replay, destination, skip_bad, digest))? {
            drop(intake);
            return deliver::note_resumed(outbox, job, "replay").map(|()| Some(job));
        }
        surveyed = Some(digest);
    }
    let mut survey = Survey::default();
    let to = intake.unnamed(&destination.address, &destination.credentials)?;
    let job = intake.begin("")?;
    let digest = source.read(replay, |item| {
        survey.note(&item);
        match item {
            Item::Message(delivery) => intake.add(job, to, &delivery).map(|_| ()).map_err(CliError::from),
            other => {
                survey.keep(other);
                Ok(())
            }
        }
    })?;
    survey.judge(skip_bad)?;
    if surveyed.is_some_and(|surveyed| surveyed != digest) {
        return Err(CliError::SourceChanged);
    }
    let key = key(replay, destination, skip_bad, digest);
    if let Some(job) = intake.unfinished(&key)? {
        drop(intake);
        return deliver::note_resumed(outbox, job, "replay").map(|()| Some(job));
    }
    if survey.messages == 0 {
        return Ok(None);
    }
    intake.rename(job, &key)?;
    intake.commit()?;
    survey.tell_of_secrets(&replay.credentials)?;
    Ok(Some(job))
}

/// What a replay does, as a digest: the same for the same command on the same content.
fn key(replay: &Replay, destination: &Destination, skip_bad: bool, content: [u8; 32]) -> String {
    let address = match &destination.address {
        Address::Url(target) => target.uri().to_string(),
        Address::Reference(reference) => reference.to_string(),
    };
    let what = format!("replay {address:?} {replay:?} {skip_bad}");
    let digest = Sha256::new().chain_update(content).chain_update(what).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn address(to: &str) -> Result<Address, CliError> {
    if to.starts_with("env:") || to.starts_with("file:") {
        return Ok(Address::Reference(reference("--to", to)?));
    }
    Ok(Address::Url(to.parse::<Target>()?))
}

impl WhichArgs {
    fn selection(&self) -> Selection {
        let trigger = self.trigger.map(|trigger| match trigger {
            TriggerArg::StepCreated => Trigger::StepCreated,
            TriggerArg::StepCompleted => Trigger::StepCompleted,
        });
        let Self { flow, step, since, until, endpoint, .. } = self;
        Selection {
            flow: flow.clone(),
            step: step.clone(),
            trigger,
            endpoint: endpoint.clone(),
            since: *since,
            until: *until,
        }
    }
}

impl Survey {
    fn note(&mut self, item: &Item) {
        match item {
            Item::Message(delivery) => {
                self.messages += 1;
                self.with_place += u64::from(delivery.body.secret_at().is_some());
            }
            Item::PassedOver => self.passed_over += 1,
            Item::Problem(_) => self.problem_count += 1,
        }
    }

    fn keep(&mut self, item: Item) {
        match item {
            Item::Problem(problem) if self.problems.len() < SHOWN => self.problems.push(problem),
            _ => {}
        }
    }

    /// Nothing is sent where something cannot be, unless that is passed over.
    fn judge(&mut self, skip_bad: bool) -> Result<(), CliError> {
        if self.problem_count == 0 {
            return Ok(());
        }
        let (problems, count) = (std::mem::take(&mut self.problems), self.problem_count);
        if !skip_bad {
            return Err(CliError::Unusable { problems, count });
        }
        let mut stderr = anstream::stderr().lock();
        say(writeln!(stderr, "{}{count} cannot be sent and are passed over:", output::NOTE))?;
        problems.iter().try_for_each(|problem| say(writeln!(stderr, "  {}", harmless(&problem.to_string(), 300))))
    }

    fn print(&self, destination: &Destination, format: Format) -> Result<(), CliError> {
        let (messages, passed_over, bad) = (self.messages, self.passed_over, self.problem_count);
        let mut stdout = anstream::stdout().lock();
        match format {
            Format::Human => {
                let s = if messages == 1 { "" } else { "s" };
                say(writeln!(
                    stdout,
                    "{messages} message{s} would be sent to {}; {passed_over} passed over, {bad} unusable",
                    destination.name
                ))
            }
            Format::Json => {
                let object = serde_json::json!({
                    "dryRun": true, "destination": &*destination.name, "messages": messages,
                    "passedOver": passed_over, "unusable": bad,
                });
                say(writeln!(stdout, "{object}"))
            }
        }
    }

    fn tell_of_secrets(&self, credentials: &CredentialReference) -> Result<(), CliError> {
        let count = self.with_place;
        if count == 0 || *credentials != CredentialReference::None {
            return Ok(());
        }
        say(writeln!(
            anstream::stderr(),
            "{}{count} of the messages had a client secret, which is not kept: it is sent empty; --client-secret REF puts one in",
            output::NOTE
        ))
    }
}
