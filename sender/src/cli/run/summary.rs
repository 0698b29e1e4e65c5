//! The result of a run, for people or for programs: the status of the flows and their steps, and the number of messages
//! of each kind.

use std::{collections::BTreeMap, fmt::Write as _};

use console::{
    OutputFormat, Table,
    output::{write_json, write_stdout},
};
use schemas::{StepKind, StepMessage, Trigger, Verdict, text::one_line};
use serde_json::{Value, json};

use super::{
    super::{
        error::CliError,
        status_text::{self, DeliveryObject},
    },
    output_folder::OutputFolder,
};
use crate::{
    flow::{FlowStatus, Run},
    model::Model,
    outbox::StoredDelivery,
};

/// Maximum number of characters of a name.
const NAME_MAX_CHARACTERS: usize = 60;

/// The kind of a message: its trigger, and the kind and outcome of the step whose data it contains.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    trigger: Trigger,
    data_of: String,
    decision: Option<&'static str>,
}

pub(super) struct Summary<'m> {
    pub(super) model: &'m Model,
    flows: Vec<FlowStatus>,
    kinds: BTreeMap<Kind, usize>,
    steps: Vec<Row<'m>>,
    first_flow: String,
}

/// A step of a flow, and the webhooks that sent a message of it, each with the message's place in the flow.
struct Row<'m> {
    step: &'m str,
    kind: &'m StepKind,
    status: &'static str,
    webhooks: Vec<(usize, &'m str)>,
}

impl<'m> Summary<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        Self { model, flows: Vec::new(), kinds: BTreeMap::new(), steps: Vec::new(), first_flow: String::new() }
    }

    pub(super) fn add(&mut self, run: &Run<'m>) {
        if self.flows.is_empty() {
            self.first_flow.clone_from(&run.flow.flow.flow_identifier);
            self.steps = rows(run);
        }
        self.flows.push(run.flow.status);
        for fired in &run.messages {
            *self.kinds.entry(Kind::of(&fired.message)).or_default() += 1;
        }
    }

    /// Whether it is of a single flow, whose steps can be listed.
    pub(super) fn is_of_one_flow(&self) -> bool {
        self.flows.len() == 1
    }

    /// For messages that were written to files.
    pub(super) fn print_written(&self, folder: &OutputFolder, format: OutputFormat) -> Result<(), CliError> {
        match format {
            OutputFormat::Human => {
                write_stdout(&(self.flow_text(&[]) + &self.message_text() + &self.folder_text(folder)))?;
            }
            OutputFormat::Json => {
                let mut object = self.object();
                object["directory"] = folder.path.display().to_string().into();
                object["filesReplaced"] = folder.replaced.into();
                object["otherFiles"] = folder.others.into();
                write_json(&object.to_string())?;
            }
        }
        Ok(())
    }

    /// For messages that were sent; the deliveries are those of a single flow, in the order they were fired.
    pub(super) fn print_sent(&self, deliveries: &[StoredDelivery]) -> Result<(), CliError> {
        Ok(write_stdout(&format!("{}{}\n", self.flow_text(deliveries), self.message_text()))?)
    }

    /// The same for programs.
    pub(super) fn print_sent_object(&self, deliveries: &[StoredDelivery], outcomes: Value) -> Result<(), CliError> {
        let mut object = self.object();
        object["sent"] = outcomes;
        object["deliveries"] =
            json!(self.is_of_one_flow().then(|| deliveries.iter().map(DeliveryObject::of).collect::<Vec<_>>()));
        Ok(write_json(&object.to_string())?)
    }

    fn messages(&self) -> usize {
        self.kinds.values().sum()
    }

    fn count(&self, status: FlowStatus) -> usize {
        self.flows.iter().filter(|flow| **flow == status).count()
    }

    /// The status of the flow and its steps, or of the flows.
    fn flow_text(&self, deliveries: &[StoredDelivery]) -> String {
        let model = one_line(&self.model.name, NAME_MAX_CHARACTERS);
        if let [status] = self.flows.as_slice() {
            let flow = one_line(&self.first_flow, NAME_MAX_CHARACTERS);
            let steps = self.step_table(deliveries);
            return format!("{flow} of `{model}`: {}\n\n{}\n\n", status.as_str(), steps);
        }
        let statuses = [FlowStatus::Completed, FlowStatus::Rejected, FlowStatus::Running];
        let counts = statuses.map(|status| (self.count(status), status.as_str()));
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, status)| format!("{count} {status}")).collect();
        format!("{} flows of `{model}`: {}\n\n", self.flows.len(), counts.join(", "))
    }

    fn message_text(&self) -> String {
        match self.messages() {
            0 => "No messages: no enabled webhook has a trigger that occurred.\n".to_owned(),
            _ => format!("{}\n", self.kind_table()),
        }
    }

    fn folder_text(&self, folder: &OutputFolder) -> String {
        let mut text = String::new();
        let messages = self.messages();
        if messages > 0 {
            let words = if messages == 1 { "message is" } else { "messages are" };
            let _ = writeln!(text, "\n{messages} {words} in {}", folder.path.display());
        }
        if folder.replaced > 0 {
            let _ = writeln!(text, "{} replaced there", files(folder.replaced, "was", "were"));
        }
        if folder.others > 0 {
            let _ = writeln!(text, "{} there from before, untouched", files(folder.others, "is", "are"));
        }
        text
    }

    /// The steps, and the status of their webhooks if it is known.
    fn step_table(&self, deliveries: &[StoredDelivery]) -> Table {
        let mut table = Table::with_header(["Step", "Kind", "Status", "Webhooks"]);
        for row in &self.steps {
            let webhooks = row.webhooks.iter().map(|(place, name)| {
                let name = one_line(name, NAME_MAX_CHARACTERS);
                match deliveries.get(*place) {
                    Some(delivery) => format!("{name}: {}", status_text::summary(delivery)),
                    None => name,
                }
            });
            let separator = if deliveries.is_empty() { ", " } else { "\n" };
            table.row([
                one_line(row.step, NAME_MAX_CHARACTERS),
                row.kind.as_str().to_owned(),
                row.status.to_owned(),
                webhooks.collect::<Vec<_>>().join(separator),
            ]);
        }
        table
    }

    fn kind_table(&self) -> Table {
        let mut table = Table::with_header(["Messages", "Trigger", "Data of"]);
        for (kind, count) in &self.kinds {
            let decision = kind.decision.map(|decision| format!(", {decision}")).unwrap_or_default();
            let place = if kind.trigger == Trigger::StepCreated { "previous step" } else { "step" };
            let data = format!("{place}: {}{decision}", kind.data_of);
            table.row([count.to_string(), kind.trigger.as_str().to_owned(), data]);
        }
        table.align_right(&[0])
    }

    /// For programs; its names are stable.
    fn object(&self) -> Value {
        let kind = |(kind, count): (&Kind, &usize)| json!({"trigger": kind.trigger, "dataOf": kind.data_of, "decision": kind.decision, "messages": count});
        let step = |row: &Row<'_>| {
            let webhooks: Vec<&str> = row.webhooks.iter().map(|(_, name)| *name).collect();
            json!({"step": row.step, "type": row.kind, "status": row.status, "webhooks": webhooks})
        };
        json!({
            "model": self.model.name,
            "flows": {
                "completed": self.count(FlowStatus::Completed),
                "rejected": self.count(FlowStatus::Rejected),
                "running": self.count(FlowStatus::Running),
            },
            "messages": self.messages(),
            "kinds": self.kinds.iter().map(kind).collect::<Vec<_>>(),
            "steps": self.is_of_one_flow().then(|| self.steps.iter().map(step).collect::<Vec<_>>()),
        })
    }
}

impl Kind {
    fn of(message: &StepMessage) -> Self {
        let data = message.previous_step.as_ref().unwrap_or(&message.step);
        let data_of = data.kind.as_ref().map_or("step", StepKind::as_str).to_owned();
        // The last decision is the one that ended the approval.
        let decision = data.decisions.last().map(|decision| match decision.verdict {
            Verdict::Approved => "approved",
            Verdict::RejectedAndSentBack => "rejectedAndSentBack",
            Verdict::RejectedAndCompleted => "rejectedAndCompleted",
        });
        Self { trigger: message.trigger, data_of, decision }
    }
}

fn rows<'m>(run: &Run<'m>) -> Vec<Row<'m>> {
    let webhooks = |of: usize| {
        let fired = run.messages.iter().enumerate().filter(move |(_, fired)| fired.step_run == of);
        fired.map(|(place, fired)| (place, &*fired.webhook.name)).collect()
    };
    let rows = run.flow.steps.iter().enumerate().map(|(of, step_run)| Row {
        step: &step_run.step.name,
        kind: &step_run.step.kind,
        status: step_run.status.as_str(),
        webhooks: webhooks(of),
    });
    rows.collect()
}

fn files(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 *.json file {one}") } else { format!("{count} *.json files {several}") }
}
