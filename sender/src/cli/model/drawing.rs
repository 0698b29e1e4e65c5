//! The steps of a model as a drawing in lines: one below the other, arrows as parallel lanes, as version control
//! draws its branches. A lane begins where a step leads to more than one, and ends where they join.

use anstyle::{AnsiColor, Style};
use delivery::EndpointUrl;
use schemas::{StepKind, redaction::MASK, step::Access, text::one_line};

use crate::{
    credentials::CredentialReference,
    model::{Arrows, Model, ModelStep, ModelWebhook},
};

const NAME: Style = Style::new().bold();
const LANE: Style = AnsiColor::Cyan.on_default();
const WEBHOOK: Style = AnsiColor::Green.on_default();
const FAINT: Style = Style::new().dimmed();

/// Maximum number of characters of a text from the model.
const MAX_CHARACTERS: usize = 200;

/// Draws a model that was checked. Ends with a line end.
pub(super) fn draw(model: &Model) -> String {
    let mut drawing = Drawing { model, arrows: model.arrows(), lanes: Vec::new(), text: String::new() };
    let published = if model.published { "" } else { "  (not published)" };
    drawing.text.push_str(&format!("{NAME}{}{NAME:#}{FAINT}{published}{FAINT:#}\n\n", plain(&model.name)));
    for step in drawing.arrows.order() {
        drawing.step(step);
    }
    drawing.text
}

struct Drawing<'m> {
    model: &'m Model,
    arrows: Arrows,
    /// The step that each lane leads to; none where there is room.
    lanes: Vec<Option<usize>>,
    text: String,
}

impl Drawing<'_> {
    fn step(&mut self, place: usize) {
        let step = &self.model.steps[place];
        let column = self.join(place);
        let lanes = self.row(|lane, target| match target {
            _ if lane == column => sign(&step.kind),
            Some(_) => '│',
            None => ' ',
        });
        let kind = match step.access {
            Some(Access::Public) => "public form, open to everybody",
            Some(Access::Intranet) => "public form, open to the intranet",
            None => words(&step.kind),
        };
        self.text.push_str(&format!("{lanes}{NAME}{}{NAME:#}  {FAINT}{kind}{FAINT:#}\n", plain(&step.name)));

        let next: Vec<usize> = self.arrows.next(place).collect();
        self.lanes[column] = next.first().copied();
        for detail in details(step) {
            let lanes = self.row(|_, target| if target.is_some() { '│' } else { ' ' });
            self.text.push_str(&format!("{lanes}{detail}\n"));
        }
        if next.len() > 1 {
            self.split(column, &next[1..]);
        } else if self.lanes.iter().any(Option::is_some) {
            self.line(|_, target| if target.is_some() { '│' } else { ' ' });
        }
    }

    /// Ends all lanes that lead to a step but one, and gives its column.
    fn join(&mut self, place: usize) -> usize {
        let leading: Vec<usize> = (0..self.lanes.len()).filter(|lane| self.lanes[*lane] == Some(place)).collect();
        let (Some(&column), Some(&last)) = (leading.first(), leading.last()) else {
            self.lanes.insert(0, Some(place));
            return 0;
        };
        if leading.len() > 1 {
            self.crossing(column, last, &leading, '╯', '┴');
            for lane in &leading[1..] {
                self.lanes[*lane] = None;
            }
            self.trim();
        }
        column
    }

    /// Begins a lane for each further step that a step leads to.
    fn split(&mut self, column: usize, further: &[usize]) {
        let mut begun = vec![column];
        let mut lane = column;
        for target in further {
            lane += 1;
            while self.lanes.get(lane).is_some_and(Option::is_some) {
                lane += 1;
            }
            if lane == self.lanes.len() {
                self.lanes.push(None);
            }
            self.lanes[lane] = Some(*target);
            begun.push(lane);
        }
        self.crossing(column, lane, &begun, '╮', '┬');
    }

    /// A line from the first of the lanes to the last, over those in between that have no part in it.
    fn crossing(&mut self, first: usize, last: usize, parts: &[usize], corner: char, branch: char) {
        let mut text = String::new();
        for (lane, target) in self.lanes.iter().enumerate() {
            text.push(match target {
                _ if lane == first => '├',
                _ if lane == last => corner,
                _ if parts.contains(&lane) => branch,
                Some(_) if (first..last).contains(&lane) => '┼',
                Some(_) => '│',
                None if (first..last).contains(&lane) => '─',
                None => ' ',
            });
            text.push(if (first..last).contains(&lane) { '─' } else { ' ' });
        }
        self.text.push_str(&format!("{LANE}{}{LANE:#}\n", text.trim_end()));
    }

    fn trim(&mut self) {
        while self.lanes.last().is_some_and(Option::is_none) {
            self.lanes.pop();
        }
    }

    fn row(&self, sign: impl Fn(usize, Option<usize>) -> char) -> String {
        let mut row = String::new();
        for (lane, target) in self.lanes.iter().enumerate() {
            row.push(sign(lane, *target));
            row.push(' ');
        }
        format!("{LANE}{row}{LANE:#} ")
    }

    fn line(&mut self, sign: impl Fn(usize, Option<usize>) -> char) {
        let signs = self.lanes.iter().enumerate().map(|(lane, target)| format!("{} ", sign(lane, *target)));
        let row: String = signs.collect();
        self.text.push_str(&format!("{LANE}{}{LANE:#}\n", row.trim_end()));
    }
}

fn details(step: &ModelStep) -> Vec<String> {
    let mut details = Vec::new();
    if !step.actors.is_empty() {
        let actors: Vec<String> = step.actors.iter().map(|actor| plain(actor)).collect();
        let between = if step.kind == StepKind::SequentialApproval { ", then " } else { ", " };
        details.push(format!("{}: {}", by(&step.kind), actors.join(between)));
    }
    if !step.fields.is_empty() {
        let fields: Vec<String> = step.fields.iter().map(|field| plain(&field.name)).collect();
        details.push(format!("form: {}", one_line(&fields.join(", "), MAX_CHARACTERS)));
    }
    if let Some(target) = &step.send_back_to {
        details.push(format!("↩ may be sent back to {}", plain(target)));
    }
    details.extend(step.webhooks.iter().map(webhook));
    details
}

fn webhook(webhook: &ModelWebhook) -> String {
    let authentication = match &webhook.authentication {
        CredentialReference::None => "no authentication",
        CredentialReference::ClientSecret { .. } => "client secret",
        CredentialReference::Basic { .. } => "Basic",
    };
    let endpoint =
        webhook.endpoint.parse::<EndpointUrl>().map_or_else(|_| MASK.to_owned(), |target| target.to_string());
    let off = if webhook.enabled { "" } else { ", disabled" };
    format!(
        "{WEBHOOK}⚡ {}: {}{WEBHOOK:#}{FAINT} → {} ({authentication}{off}){FAINT:#}",
        webhook.trigger.as_str(),
        plain(&webhook.name),
        plain(&endpoint),
    )
}

fn plain(text: &str) -> String {
    one_line(text, MAX_CHARACTERS)
}

fn sign(kind: &StepKind) -> char {
    match kind {
        StepKind::PublicForm => '○',
        kind if kind.is_approval() => '◆',
        _ => '●',
    }
}

fn by(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Approval => "decides, any one of",
        StepKind::ParallelApproval => "decide, all of",
        StepKind::SequentialApproval => "decide in turn",
        _ => "by",
    }
}

fn words(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Task | StepKind::Other(_) => "task",
        StepKind::Approval => "approval",
        StepKind::ParallelApproval => "parallel approval",
        StepKind::SequentialApproval => "sequential approval",
        StepKind::PublicForm => "public form",
    }
}
