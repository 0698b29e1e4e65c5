//! A destination: where messages of an endpoint are relayed to, checked and with every secret in memory. `Debug` shows
//! none.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::HeaderValue;
use schemas::{Authentication, Profile};
use sender::delivery::{Allowed, Rate, RetryPolicy, Target};

use super::{
    flow_url::FlowUrl,
    size::Budget,
    template::Template,
    view::{About, View, ViewError},
    when::When,
};
use crate::log::Record;

/// Where messages of an endpoint go.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Its name; no other destination has it. What waits for it is kept under this name.
    pub name: Arc<str>,
    /// Name of the endpoint whose messages it gets.
    pub endpoint: String,
    /// Where these messages keep what.
    pub profile: Profile,
    /// Which of them it gets; all, without it.
    pub when: Option<When>,
    /// Where the flow of a message is found in the product.
    pub flow_url: Option<FlowUrl>,
    /// What it is.
    pub kind: Kind,
}

/// What a destination is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A URL that is posted to.
    Web(Arc<Web>),
    /// A file, a line of JSON a message.
    File(PathBuf),
}

/// A URL that is posted to, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Web {
    /// The URL.
    pub target: Target,
    /// Whether the whole of it is a secret, not just what its query holds.
    pub is_secret: bool,
    /// What is posted.
    pub content: Content,
    /// How it authenticates.
    pub authentication: Authentication,
    /// At most so many; without it as fast as it answers.
    pub rate: Option<Rate>,
    /// When it is tried again.
    pub retry: RetryPolicy,
    /// Time for a whole request, from the name to the end of the answer.
    pub timeout: Duration,
    /// Which addresses it may have besides public ones.
    pub allowed: Vec<Allowed>,
}

/// What is posted of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A card for Microsoft Teams.
    Card {
        /// What makes it.
        template: Template,
        /// Most bytes of it.
        budget: Budget,
    },
    /// A text.
    Text {
        /// What makes it.
        template: Template,
        /// Its media type.
        content_type: HeaderValue,
    },
    /// The message itself, as it was received, with the credential of this destination in the place of its own.
    Message {
        /// Its media type.
        content_type: HeaderValue,
    },
}

impl Destination {
    /// What templates and filters see of a stored message.
    ///
    /// # Errors
    /// When the body cannot be shown.
    pub fn view(&self, record: &Record) -> Result<View, ViewError> {
        view(record, &self.profile, self.flow_url.as_ref())
    }

    /// Where it leads: two destinations with the same address are one place, whatever they are called.
    pub(super) fn address(&self) -> String {
        match &self.kind {
            Kind::Web(web) => web.target.uri().to_string(),
            Kind::File(path) => path.display().to_string(),
        }
    }
}

/// What templates and filters see of a stored message, read through a profile.
pub(super) fn view(record: &Record, profile: &Profile, flow_url: Option<&FlowUrl>) -> Result<View, ViewError> {
    let about = About {
        endpoint: record.header.endpoint.clone(),
        message_id: Some(record.header.id.to_string()),
        received_at: Some(record.header.received_at),
        flow_url: flow_url.cloned(),
    };
    View::of(&record.body, profile, &about)
}
