//! The request that delivers a message to a URL.

use bytes::Bytes;
use delivery::{HeaderError, Request};
use http::HeaderValue;
use schemas::{Authentication, BodyTemplate, BodyTemplateError, Document, Profile, Role, json};

use super::{
    destination::{Content, Destination, Web},
    size::{Budget, Shortened},
    template::TemplateError,
    view::ViewError,
};
use crate::log::Record;

/// Media type of a card. Without the charset, cards of half the size were refused as too large.
const CARD_CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// The header with the message's id, by which an endpoint recognizes a repetition.
const MESSAGE_ID_HEADER: &str = "x-message-id";

#[derive(Debug)]
pub(super) struct Post {
    pub(super) request: Request,
    /// The parts that were shortened so that a card fits.
    pub(super) shortened: Vec<Shortened>,
}

/// Why a message cannot be posted.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    #[error(transparent)]
    View(#[from] ViewError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Compose(#[from] BodyTemplateError),
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// The request that delivers a message to a destination. A card fits into the budget.
pub(super) fn post(
    destination: &Destination,
    web: &Web,
    record: &Record,
    budget: Option<Budget>,
) -> Result<Post, PostError> {
    let with_id = |request: Request, content_type: &HeaderValue| {
        let id = record.header.id.to_string();
        let content_type = content_type.to_str().unwrap_or_default();
        request.with_headers([("content-type", content_type), (MESSAGE_ID_HEADER, &id)])
    };
    let (request, shortened) = match &web.content {
        Content::Card { template, budget: whole } => {
            let card = template.card(&destination.view(record)?, budget.unwrap_or(*whole))?;
            (Request::new(card.body).with_headers([("content-type", CARD_CONTENT_TYPE)])?, card.shortened)
        }
        Content::Text { template, content_type } => {
            let request = Request::new(template.text(&destination.view(record)?)?);
            let request = match &web.authentication {
                Authentication::Basic(credentials) => request.with_basic(credentials),
                Authentication::None | Authentication::ClientSecret { .. } => request,
            };
            (with_id(request, content_type)?, Vec::new())
        }
        Content::Message { content_type } => {
            let body = body(record, &web.authentication, &destination.profile);
            let request = match &web.authentication {
                Authentication::None => Request::new(body),
                authentication => {
                    let template = BodyTemplate::from_body(&body, authentication.kind(), &destination.profile)?;
                    Request::from_template(&template, authentication)
                }
            };
            (with_id(request, content_type)?, Vec::new())
        }
    };
    let request = web.url.secrets(web.is_secret).into_iter().fold(request, Request::with_secret);
    Ok(Post { request, shortened })
}

/// The message as it was received. Without a client secret of the destination's own, the member is removed (MSG-15);
/// with one, it is removed if it is not in the place that the destination's profile has for it.
fn body(record: &Record, authentication: &Authentication, profile: &Profile) -> Bytes {
    let body = &record.body;
    let place = profile.pointer(Role::ClientSecret);
    let without = match (authentication, record.header.secret_at) {
        (Authentication::ClientSecret { .. }, None) => None,
        (Authentication::ClientSecret { .. }, Some(at)) => {
            let span = Document::read(body, profile).ok().and_then(|document| document.secret_span());
            if span.is_some_and(|span| span.start == at) { None } else { json::remove_at(body, at) }
        }
        (Authentication::None | Authentication::Basic(_), Some(at)) => json::remove_at(body, at),
        (Authentication::None | Authentication::Basic(_), None) => {
            place.and_then(|place| json::remove(body, place).ok().flatten())
        }
    };
    without.map_or_else(|| body.clone(), Bytes::from)
}
