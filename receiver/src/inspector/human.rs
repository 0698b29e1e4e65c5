//! A message as people read it: who did what, with the fields by type.

use maud::{Markup, html};
use schemas::{
    FieldType, Profile, Trigger, Verdict,
    json::{Digits, exact},
    text::{escape, truncate},
};
use serde_json::Value;

use crate::relay::field_text;

/// Maximum number of fields to show.
const MAX_FIELDS: usize = 2000;
/// Maximum number of characters of one value or comment to show.
const MAX_CHARACTERS: usize = 10_000;

/// What the message contains, read through a profile; `None` if it is not a JSON object.
pub(super) fn message(body: &[u8], profile: &Profile) -> Option<Markup> {
    let (value, digits) = exact(body)?;
    if !value.is_object() {
        return None;
    }
    let message = profile.canonical(&value);
    let mut shown = Shown { digits, left: MAX_FIELDS, omitted: 0 };
    let (step, previous) = (&message["step"], &message["previousStep"]);
    let steps = html! {
        @if step.is_object() { (shown.step("Step", step)) }
        @if previous.is_object() { (shown.step("Previous step", previous)) }
    };
    let (flow, webhook) = (&message["flow"], &message["webhook"]);
    Some(html! {
        dl.facts {
            (fact("Trigger", &trigger(&message["trigger"])))
            (fact("Flow", &text(&flow["flowIdentifier"])))
            (fact("Flow model", &text(&flow["name"])))
            (fact("Subject", &text(&flow["subject"])))
            (fact("Started by", &text(&flow["initiator"])))
            (fact("Webhook", &text(&webhook["name"])))
            (fact("Description", &text(&webhook["description"])))
        }
        (steps)
        @if shown.omitted > 0 {
            p { (shown.omitted) " more fields are not shown here; the download has all." }
        }
    })
}

/// Which part of a message is still to be shown.
struct Shown {
    digits: Digits,
    left: usize,
    omitted: usize,
}

impl Shown {
    fn step(&mut self, title: &str, step: &Value) -> Markup {
        let decisions = step["decisions"].as_array().map_or(&[][..], Vec::as_slice);
        let fields = step["fields"].as_array().map_or(&[][..], Vec::as_slice);
        html! {
            section {
                h3 { (title) @if let Some(name) = step["stepIdentifier"].as_str() { ": " (escape(&shortened(name))) } }
                dl.facts {
                    (fact("Type", &text(&step["type"])))
                    (fact("Access", &text(&step["access"])))
                    (fact("Created", &text(&step["createdAt"])))
                    (fact("Completed", &text(&step["completedAt"])))
                    (fact("Completed by", &text(&step["completedBy"])))
                }
                @if !decisions.is_empty() { (self.decisions(decisions)) }
                @if !fields.is_empty() { (self.fields(fields)) }
            }
        }
    }

    fn decisions(&mut self, decisions: &[Value]) -> Markup {
        let shown = self.take(decisions);
        html! {
            table.rows {
                caption { "Decisions" }
                thead { tr { th scope="col" { "Approver" } th scope="col" { "Decision" } th scope="col" { "Comment" } th scope="col" { "At" } } }
                tbody {
                    @for decision in shown {
                        tr {
                            td data-label="Approver" { (text(&decision["approver"]).unwrap_or_default()) }
                            td data-label="Decision" { (verdict(&decision["decision"])) }
                            td.value data-label="Comment" { (text(&decision["comment"]).unwrap_or_default()) }
                            td data-label="At" { (text(&decision["at"]).unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }

    fn fields(&mut self, fields: &[Value]) -> Markup {
        let digits = self.digits;
        let shown = self.take(fields);
        html! {
            table.rows {
                caption { "Fields" }
                thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Type" } } }
                tbody {
                    @for field in shown {
                        @let kind = field["type"].as_str();
                        @let value = field_text(&field["value"], kind.map(|word| FieldType::from(word.to_owned())).as_ref(), digits);
                        tr {
                            td data-label="Field" { (text(&field["name"]).unwrap_or_default()) }
                            td.value data-label="Value" {
                                @if value.trim().is_empty() { span.quiet { "not filled in" } } @else { (escape(&shortened(&value))) }
                            }
                            td.quiet data-label="Type" { (text(&field["type"]).unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }

    /// As many of these as may still be shown.
    fn take<'v>(&mut self, all: &'v [Value]) -> &'v [Value] {
        let shown = all.len().min(self.left);
        self.left -= shown;
        self.omitted += all.len() - shown;
        &all[..shown]
    }
}

fn fact(name: &str, text: &Option<String>) -> Markup {
    html! { @if let Some(text) = text { div { dt { (name) } dd { (text) } } } }
}

/// The text of a value, safe to show; `None` for null and missing values.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(escape(&shortened(text))),
        other => Some(escape(&shortened(&other.to_string()))),
    }
}

fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    truncate(text, MAX_CHARACTERS)
}

fn trigger(value: &Value) -> Option<String> {
    let known = Trigger::ALL.into_iter().find(|trigger| *value == *trigger.as_str());
    match known {
        Some(Trigger::StepCompleted) => Some("The step was completed".to_owned()),
        Some(Trigger::StepCreated) => Some("The step was created".to_owned()),
        None => text(value),
    }
}

fn verdict(value: &Value) -> String {
    match serde_json::from_value(value.clone()) {
        Ok(Verdict::Approved) => "✓ Approved".to_owned(),
        Ok(Verdict::RejectedAndSentBack) => "↩ Rejected and sent back".to_owned(),
        Ok(Verdict::RejectedAndCompleted) => "✗ Rejected, the flow ended".to_owned(),
        Err(_) => text(value).unwrap_or_default(),
    }
}
