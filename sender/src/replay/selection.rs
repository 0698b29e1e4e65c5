//! The selection of messages from a source.

use jiff::Timestamp;
use schemas::Trigger;

/// The messages to send; `None` matches any value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub flow: Option<String>,
    pub step: Option<String>,
    pub trigger: Option<Trigger>,
    pub endpoint: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
}

/// The attributes that a selection matches: those of the message and, if known, of its arrival.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attributes<'a> {
    pub(super) flow: Option<&'a str>,
    pub(super) step: Option<&'a str>,
    pub(super) trigger: Option<&'a str>,
    pub(super) endpoint: Option<&'a str>,
    pub(super) received_at: Option<Timestamp>,
}

impl Selection {
    /// Whether it needs attributes that only exported lines have.
    pub fn needs_arrival(&self) -> bool {
        self.endpoint.is_some() || self.since.is_some() || self.until.is_some()
    }

    pub(super) fn matches(&self, found: Attributes<'_>) -> bool {
        let is = |asked: Option<&str>, found: Option<&str>| asked.is_none() || asked == found;
        is(self.flow.as_deref(), found.flow)
            && is(self.step.as_deref(), found.step)
            && is(self.trigger.map(Trigger::as_str), found.trigger)
            && is(self.endpoint.as_deref(), found.endpoint)
            && self.since.is_none_or(|since| found.received_at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| found.received_at.is_some_and(|at| at < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_selected_if_every_attribute_matches() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = Attributes {
            flow: Some("FLOW-604"),
            step: Some("Form"),
            trigger: Some("stepCompleted"),
            endpoint: Some("crm"),
            received_at: Some(at("2026-11-24T08:00:00Z")),
        };
        let all = Selection::default;
        for (name, selection, expected) in [
            ("everything", all(), true),
            ("its flow", Selection { flow: Some("FLOW-604".to_owned()), ..all() }, true),
            ("another flow", Selection { flow: Some("FLOW-60".to_owned()), ..all() }, false),
            ("its step", Selection { step: Some("Form".to_owned()), ..all() }, true),
            ("another step", Selection { step: Some("form".to_owned()), ..all() }, false),
            ("its trigger", Selection { trigger: Some(Trigger::StepCompleted), ..all() }, true),
            ("another trigger", Selection { trigger: Some(Trigger::StepCreated), ..all() }, false),
            ("another endpoint", Selection { endpoint: Some("erp".to_owned()), ..all() }, false),
            ("since then", Selection { since: Some(at("2026-11-24T08:00:00Z")), ..all() }, true),
            ("since later", Selection { since: Some(at("2026-11-24T08:00:01Z")), ..all() }, false),
            ("until then", Selection { until: Some(at("2026-11-24T08:00:00Z")), ..all() }, false),
            ("until later", Selection { until: Some(at("2026-11-24T08:00:01Z")), ..all() }, true),
        ] {
            assert_eq!(selection.matches(found), expected, "{name}");
            let is_known_of_raw_bodies = !selection.needs_arrival();
            let raw = Attributes { endpoint: None, received_at: None, ..found };
            assert_eq!(selection.matches(raw), expected && is_known_of_raw_bodies, "{name}, of a raw body");
        }
    }
}
