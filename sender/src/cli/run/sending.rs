//! A run that sends: the messages of its webhooks become a job in the outbox, and the job is delivered. After a stop, the
//! same command continues its job: it fires nothing again, and repeats at most what was in flight.

use std::path::Path;

use console::OutputFormat;
use delivery::Dispatcher;
use schemas::{Authentication, BodyTemplate, Profile, text::one_line};

use super::{
    super::{
        credentials::{lasting, warn_plaintext},
        deliver,
        dropped::note_dropped,
        error::CliError,
        outbox_args::KeepArgs,
        tally,
    },
    summary::Summary,
};
use crate::{
    flow::{Run, WebhookMessage},
    model::Model,
    outbox::{Address, Destination, Enqueue, Filter, JobId, Label, NewDelivery, Outbox, Which},
};

/// How a run's messages are sent.
pub(super) struct Sending<'a> {
    pub(super) profile: &'a Profile,
    pub(super) data: &'a Path,
    pub(super) keep: &'a KeepArgs,
    pub(super) output: OutputFormat,
}

pub(super) struct JobKeys {
    pub(super) key: String,
    /// The key that version 0.1.0 gave it.
    pub(super) before: String,
}

impl JobKeys {
    /// The job that was stopped, if there is one. From here on it has the key that does not change.
    fn unfinished(&self, outbox: &mut Outbox) -> Result<Option<JobId>, CliError> {
        let mut enqueue = outbox.begin_enqueue()?;
        let job = enqueue.resume_job(&self.key, &self.before)?;
        enqueue.commit()?;
        Ok(job)
    }
}

impl Sending<'_> {
    /// Sends the messages of the runs and prints the results. The key is the same when the same run is started again.
    pub(super) fn send<'m>(
        &self,
        model: &'m Model,
        runs: impl Iterator<Item = Run<'m>>,
        keys: &JobKeys,
        dispatcher: &Dispatcher,
    ) -> Result<u8, CliError> {
        let mut outbox = self.keep.open(self.data)?;
        let mut summary = Summary::new(model);
        let job = match keys.unfinished(&mut outbox)? {
            Some(job) => {
                runs.for_each(|run| summary.add(&run));
                deliver::note_resumed(&outbox, job, "run")?;
                job
            }
            None => self.take_in(&mut outbox, &keys.key, runs, &mut summary)?,
        };
        outbox.schedule(Some(job))?;
        deliver::note_others(&outbox, job)?;
        deliver::deliver(&mut outbox, dispatcher, self.output)?;

        let reader = outbox.reader();
        let tally = reader.count_by_status(&Which::Job(job))?;
        // With a gap in them it is not known which message each is.
        let mut deliveries = match summary.is_of_one_flow() && reader.pruned(job)? == 0 {
            true => reader.newest(&Filter { job: Some(job), ..Filter::default() }, usize::MAX)?,
            false => Vec::new(),
        };
        deliveries.reverse();
        match self.output {
            OutputFormat::Human => {
                summary.print_sent(&deliveries)?;
                tally::print(&tally, "sent", self.data, OutputFormat::Human)?;
            }
            OutputFormat::Json => summary.print_sent_object(&deliveries, tally::object(&tally))?,
        }
        outbox.finish(job)?;
        self.keep.prune(&mut outbox)?;
        Ok(tally::code(&tally))
    }

    /// Puts all that the runs fire into the outbox, or nothing of it.
    fn take_in<'m>(
        &self,
        outbox: &mut Outbox,
        key: &str,
        runs: impl Iterator<Item = Run<'m>>,
        summary: &mut Summary<'m>,
    ) -> Result<JobId, CliError> {
        resolve_all(summary.model)?;
        let mut dropped = Vec::new();
        let mut enqueue = outbox.begin_enqueue()?;
        let job = enqueue.begin_job(key)?;
        for run in runs {
            for fired in &run.messages {
                self.add(&mut enqueue, job, fired, &mut dropped)?;
            }
            summary.add(&run);
        }
        enqueue.commit()?;
        note_dropped(&dropped, Some(self.profile));
        Ok(job)
    }

    fn add(
        &self,
        enqueue: &mut Enqueue<'_>,
        job: JobId,
        fired: &WebhookMessage<'_>,
        dropped: &mut Vec<String>,
    ) -> Result<(), CliError> {
        let (webhook, message) = (fired.webhook, &fired.message);
        let credentials = webhook.authentication.clone().map(lasting);
        let (body, lost) = BodyTemplate::from_message(message, credentials.kind(), self.profile)
            .map_err(|source| CliError::Compose { source })?;
        dropped.extend(lost.iter().map(ToString::to_string).filter(|lost| !dropped.contains(lost)).collect::<Vec<_>>());
        let to = enqueue.unnamed_destination(&Address::Url(webhook.endpoint.parse()?), &credentials)?;
        let label = Label {
            webhook: Some(webhook.name.clone()),
            trigger: Some(message.trigger.as_str().to_owned()),
            step: Some(message.step.step_identifier.clone()),
        };
        enqueue.add(job, to, &NewDelivery { flow: Some(message.flow.flow_identifier.clone()), label, body })?;
        Ok(())
    }
}

/// A missing secret is an error before anything is sent, not after half of a flow.
fn resolve_all(model: &Model) -> Result<(), CliError> {
    for webhook in model.steps.iter().flat_map(|step| &step.webhooks).filter(|webhook| webhook.enabled) {
        let (name, address) = (webhook.name.as_str().into(), Address::Url(webhook.endpoint.parse()?));
        let destination = Destination { name, address, credentials: webhook.authentication.clone() };
        let (target, authentication) = destination.resolve().map_err(CliError::Unresolved)?;
        if matches!(authentication, Authentication::ClientSecret { .. }) {
            warn_plaintext(&[format!("the client secret of {}", one_line(&webhook.name, 100))], &target);
        }
    }
    Ok(())
}
