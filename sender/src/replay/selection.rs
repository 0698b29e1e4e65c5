//! Which messages of a source are asked for.

use jiff::Timestamp;
use schemas::Trigger;

/// Which messages are asked for; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The flow's identifier.
    pub flow: Option<String>,
    /// The step's identifier.
    pub step: Option<String>,
    /// What happened to the step.
    pub trigger: Option<Trigger>,
    /// The name of the endpoint that received it.
    pub endpoint: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
}

/// What a selection is about: a message's own words, and those of its arrival where they are known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits<'t> {
    pub(super) flow: Option<&'t str>,
    pub(super) step: Option<&'t str>,
    pub(super) trigger: Option<&'t str>,
    pub(super) endpoint: Option<&'t str>,
    pub(super) received_at: Option<Timestamp>,
}

impl Selection {
    /// Whether it asks for something that only an exported line says of a message.
    pub fn needs_arrival(&self) -> bool {
        self.endpoint.is_some() || self.since.is_some() || self.until.is_some()
    }

    pub(super) fn takes(&self, found: Traits<'_>) -> bool {
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
    fn a_message_is_taken_when_all_that_is_asked_for_holds() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = Traits {
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
            assert_eq!(selection.takes(found), expected, "{name}");
            let is_known_of_raw_bodies = !selection.needs_arrival();
            let raw = Traits { endpoint: None, received_at: None, ..found };
            assert_eq!(selection.takes(raw), expected && is_known_of_raw_bodies, "{name}, of a raw body");
        }
    }
}
