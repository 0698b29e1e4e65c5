//! Validates a template or condition against every sample, converted to an endpoint's profile.

use std::cell::Cell;

use schemas::{Profile, Sample};
use serde_json::Value;

use super::{
    filter::{DestinationFilter, FilterError},
    flow_url::FlowUrl,
    size::Budget,
    template::Template,
    view::{MessageMetadata, View},
};

/// Time of receipt of every sample.
const RECEIVED_AT: &str = "2026-11-24T10:30:00Z";
/// Message id of every sample.
const MESSAGE_ID: &str = "01936d8a-1b40-7000-8000-000000000000";

#[derive(Debug, thiserror::Error)]
#[error("on the sample {sample}: {source}")]
pub(crate) struct SampleError {
    pub(crate) sample: &'static str,
    pub(crate) source: Box<dyn std::error::Error + Send + Sync>,
}

/// The context for validating a template and a condition.
pub(crate) struct SampleCheck<'d> {
    pub(crate) profile: &'d Profile,
    pub(crate) endpoint: &'d str,
    pub(crate) flow_url: Option<&'d FlowUrl>,
}

impl SampleCheck<'_> {
    /// Renders a card for every sample. The error is of the first sample on which that fails.
    pub(crate) fn card(&self, template: &Template, budget: Budget) -> Result<(), SampleError> {
        self.each(|view| template.card(view, budget).map(drop))
    }

    /// Renders a text for every sample. The error is of the first sample on which that fails.
    pub(crate) fn text(&self, template: &Template) -> Result<(), SampleError> {
        self.each(|view| template.text(view).map(drop))
    }

    /// Evaluates a condition on every sample. The error is of the first sample on which that fails; or that no sample
    /// matches, if the condition uses only values of a fixed set.
    pub(crate) fn when(&self, when: &DestinationFilter) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let holds = Cell::new(false);
        self.each(|view| {
            when.check(view)?;
            holds.set(holds.get() || when.holds(view)?);
            Ok::<_, FilterError>(())
        })?;
        if when.has_fixed_values_only() && !holds.get() { Err(FilterError::NeverHolds.into()) } else { Ok(()) }
    }

    fn each<E>(&self, try_on: impl Fn(&View) -> Result<(), E>) -> Result<(), SampleError>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let about = about(self.endpoint, self.flow_url.cloned());
        for sample in Sample::valid() {
            let Some(view) = view(sample.body, self.profile, &about) else { continue };
            try_on(&view).map_err(|error| SampleError { sample: sample.name, source: error.into() })?;
        }
        Ok(())
    }
}

/// Metadata of a sample, as of a stored message.
pub(crate) fn about(endpoint: &str, flow_url: Option<FlowUrl>) -> MessageMetadata {
    let received_at = RECEIVED_AT.parse().expect("a constant in the form of RFC 3339");
    MessageMetadata {
        endpoint: endpoint.to_owned(),
        message_id: Some(MESSAGE_ID.to_owned()),
        received_at: Some(received_at),
        flow_url,
    }
}

/// A sample converted to a profile; `None` if it is not a message.
fn view(body: &[u8], profile: &Profile, about: &MessageMetadata) -> Option<View> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = Profile::v1().read(&value).ok()?;
    let body = profile.write(&message).body.to_string();
    View::of(body.as_bytes(), profile, about).ok()
}
