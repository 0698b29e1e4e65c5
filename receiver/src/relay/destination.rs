//! A destination of an endpoint's messages: checked, and with its secrets resolved. `Debug` does not show them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use delivery::{AllowedAddresses, EndpointUrl, Rate, RetryPolicy};
use http::HeaderValue;
use schemas::{Authentication, Profile};

use super::{
    filter::DestinationFilter,
    flow_url::FlowUrl,
    size::Budget,
    template::Template,
    view::{MessageMetadata, View, ViewError},
};
use crate::log::Record;

/// The destinations of a configuration.
pub type Destinations = Arc<[Destination]>;

/// Where messages of an endpoint go.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Its unique name, under which its waiting deliveries are stored.
    pub name: Arc<str>,
    pub endpoint: String,
    /// The profile of these messages.
    pub profile: Profile,
    /// The filter that selects its messages; by default all.
    pub when: Option<DestinationFilter>,
    /// How to link to the flow of a message in the product.
    pub flow_url: Option<FlowUrl>,
    pub target: DestinationTarget,
}

#[derive(Clone, Debug, PartialEq)]
pub enum DestinationTarget {
    Web(Arc<Web>),
    /// A file, which gets one JSON line per message.
    File(PathBuf),
}

/// A URL, and how to post to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Web {
    pub url: EndpointUrl,
    /// Whether the whole URL is secret, not only its query.
    pub is_secret: bool,
    pub content: Content,
    pub authentication: Authentication,
    pub rate: Option<Rate>,
    pub retry: RetryPolicy,
    /// Time limit of a request, from resolving the name to the end of the answer.
    pub timeout: Duration,
    /// Allowed addresses in addition to public ones.
    pub allowed: Vec<AllowedAddresses>,
}

/// What to post for a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Card {
        template: Template,
        budget: Budget,
    },
    Text {
        template: Template,
        content_type: HeaderValue,
    },
    /// The message itself, as it was received, with the credential of this destination.
    Message {
        content_type: HeaderValue,
    },
}

impl Destination {
    /// The view of a stored message for templates and filters.
    ///
    /// # Errors
    /// When the body cannot be read.
    pub fn view(&self, record: &Record) -> Result<View, ViewError> {
        view(record, &self.profile, self.flow_url.as_ref())
    }

    /// Its URL or path: destinations with the same address are the same place, whatever their names.
    pub(super) fn address(&self) -> String {
        match &self.target {
            DestinationTarget::Web(web) => web.url.uri().to_string(),
            DestinationTarget::File(path) => path.display().to_string(),
        }
    }
}

/// The view of a stored message, read through a profile, for templates and filters.
pub(super) fn view(record: &Record, profile: &Profile, flow_url: Option<&FlowUrl>) -> Result<View, ViewError> {
    let about = MessageMetadata {
        endpoint: record.header.endpoint.clone(),
        message_id: Some(record.header.id.to_string()),
        received_at: Some(record.header.received_at),
        flow_url: flow_url.cloned(),
    };
    View::of(&record.body, profile, &about)
}
