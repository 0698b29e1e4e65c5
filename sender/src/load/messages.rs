//! The messages of a load, composed before it starts: each request only copies a body and writes a flow identifier into
//! it.

use std::ops::Range;

use bytes::Bytes;
use delivery::Request;
use fastrand::Rng;
use schemas::{Authentication, BodyTemplateError, Document, Profile, Sample, StepMessage, profile::Dropped};

use crate::WireMessage;

/// Is replaced by a flow identifier of the same length.
const FLOW_PLACEHOLDER: &str = "FLOW-0000000000";
const MIN_TEN_DIGITS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Messages {
    /// With the headers of all requests.
    request: Request,
    bodies: Bodies,
    dropped: Vec<Dropped>,
}

enum Bodies {
    Same(Vec<Bytes>),
    Generated { seed: u64, first_flow: u64, templates: Vec<Template> },
}

/// A body and the place of its flow identifier.
struct Template {
    body: Bytes,
    identifier: Range<usize>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum MessageError {
    #[error("there is no message to send")]
    Empty,
    #[error(transparent)]
    Compose(#[from] BodyTemplateError),
}

impl Messages {
    /// Messages made from `sources`, such as [`Self::samples`]: each request has one of them, chosen by the seed, and its own
    /// flow identifier, so all messages of a run differ. The same seed gives the same bodies in the same order.
    ///
    /// # Errors
    /// When `sources` is empty, or the profile has no place for the client secret.
    pub(crate) fn generated(
        seed: u64,
        sources: impl IntoIterator<Item = StepMessage>,
        authentication: &Authentication,
        profile: &Profile,
    ) -> Result<Self, MessageError> {
        let (mut templates, mut dropped, mut last) = (Vec::new(), Vec::new(), None);
        for mut message in sources {
            FLOW_PLACEHOLDER.clone_into(&mut message.flow.flow_identifier);
            message.client_secret = None;
            let composed = WireMessage::from_message(&message, authentication, profile)?;
            templates.extend(Template::new(&composed.body));
            for lost in &composed.dropped {
                if !dropped.contains(lost) {
                    dropped.push(lost.clone());
                }
            }
            last = Some(composed);
        }
        let request = without_body(&last.ok_or(MessageError::Empty)?);
        // Keeps the identifiers of two runs apart within ten digits.
        let first_flow = Rng::with_seed(seed).u64(MIN_TEN_DIGITS..9 * MIN_TEN_DIGITS);
        Ok(Self { request, bodies: Bodies::Generated { seed, first_flow, templates }, dropped })
    }

    /// The valid samples that the types of [`schemas`] can hold.
    pub(crate) fn samples() -> impl Iterator<Item = StepMessage> {
        Sample::valid().filter_map(|sample| {
            let document = Document::read(sample.body, Profile::v1()).ok()?;
            Profile::v1().read(&document.to_value()).ok()
        })
    }

    /// Exactly these messages, in turn, with the headers of the first.
    ///
    /// # Errors
    /// When there are no messages.
    pub(crate) fn repeated(composed: &[WireMessage]) -> Result<Self, MessageError> {
        let request = without_body(composed.first().ok_or(MessageError::Empty)?);
        let bodies = Bodies::Same(composed.iter().map(|composed| composed.body.clone()).collect());
        Ok(Self { request, bodies, dropped: Vec::new() })
    }

    /// The request of this number, counted from 0.
    pub(crate) fn request(&self, number: u64) -> Request {
        self.request.with_body(match &self.bodies {
            Bodies::Same(bodies) => bodies[turn(number, bodies.len())].clone(),
            Bodies::Generated { seed, first_flow, templates } => {
                // Another multiple of 2^64 divided by the golden ratio for each number, so that neighbours are far apart.
                let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                templates[rng.usize(..templates.len())].with(first_flow + number % MIN_TEN_DIGITS)
            }
        })
    }

    /// The seed of generated messages.
    pub(crate) fn seed(&self) -> Option<u64> {
        match &self.bodies {
            Bodies::Same(_) => None,
            Bodies::Generated { seed, .. } => Some(*seed),
        }
    }

    /// The parts of the messages that the profile does not carry, each once.
    pub(crate) fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }
}

impl Template {
    fn new(body: &Bytes) -> Option<Self> {
        let start = body.windows(FLOW_PLACEHOLDER.len()).position(|window| window == FLOW_PLACEHOLDER.as_bytes())?;
        Some(Self { body: body.clone(), identifier: start..start + FLOW_PLACEHOLDER.len() })
    }

    fn with(&self, flow: u64) -> Bytes {
        let mut body = self.body.to_vec();
        body[self.identifier.clone()].copy_from_slice(format!("FLOW-{flow:010}").as_bytes());
        body.into()
    }
}

/// The headers of a message.
fn without_body(message: &WireMessage) -> Request {
    message.request().with_body(Bytes::new())
}

fn turn(number: u64, of: usize) -> usize {
    usize::try_from(number % of as u64).expect("it is less than a usize")
}

impl std::fmt::Debug for Bodies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Same(bodies) => f.debug_tuple("Same").field(&bodies.len()).finish(),
            Self::Generated { seed, templates, .. } => {
                f.debug_struct("Generated").field("seed", seed).field("templates", &templates.len()).finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use schemas::{BasicCredentials, ClientSecret, Schema};
    use serde_json::Value;

    use super::*;

    fn secret() -> Authentication {
        Authentication::ClientSecret { client_secret: ClientSecret::new("canary-7").unwrap() }
    }

    fn bodies(seed: u64, count: u64) -> Vec<Bytes> {
        let messages = Messages::generated(seed, Messages::samples(), &secret(), Profile::v1()).unwrap();
        (0..count).map(|number| messages.request(number).body().clone()).collect()
    }

    #[test]
    fn a_seed_gives_the_same_messages_and_no_two_of_them_are_equal() {
        let first = bodies(7, 500);
        assert_eq!(first, bodies(7, 500));
        assert_ne!(first, bodies(8, 500));
        let flows: HashSet<String> = first
            .iter()
            .map(|body| {
                let value: Value = serde_json::from_slice(body).unwrap();
                assert_eq!(Schema::StepMessage.violations(&value), []);
                assert_eq!(value["clientSecret"], "canary-7");
                value["flow"]["flowIdentifier"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(flows.len(), 500);
        assert!(flows.iter().all(|flow| flow.len() == 15), "{flows:?}");
    }

    #[test]
    fn all_samples_are_taken() {
        let triggers = |body: &Bytes| {
            let value: Value = serde_json::from_slice(body).unwrap();
            (value["trigger"].clone(), value["step"]["type"].clone())
        };
        let kinds: HashSet<_> = bodies(1, 500).iter().map(triggers).collect();
        assert!(kinds.len() >= 8, "{kinds:?}");
    }

    #[test]
    fn without_a_client_secret_none_of_the_samples_is_left() {
        let basic = Authentication::Basic(BasicCredentials::new("jo", "canary-7").unwrap());
        for authentication in [Authentication::None, basic] {
            let messages = Messages::generated(7, Messages::samples(), &authentication, Profile::v1()).unwrap();
            for number in 0..500 {
                let body: Value = serde_json::from_slice(messages.request(number).body()).unwrap();
                assert_eq!(body.get("clientSecret"), None);
            }
            assert!(!format!("{messages:?}").contains("canary"));
        }
    }

    #[test]
    fn given_messages_take_turns() {
        assert!(matches!(Messages::repeated(&[]), Err(MessageError::Empty)));
        let composed = ["a", "b"].map(|body| WireMessage::from_bytes(Bytes::from_static(body.as_bytes()), None));
        let messages = Messages::repeated(&composed).unwrap();
        let sent: Vec<_> = (0..5).map(|number| messages.request(number).body().clone()).collect();
        assert_eq!(sent, ["a", "b", "a", "b", "a"]);
    }
}
