//! What is posted of a message to a URL.

use bytes::Bytes;
use http::HeaderValue;
use schemas::{Authentication, Document, Profile, Role, json};
use sender::{
    ComposeError, Composed,
    delivery::{HeaderError, Request},
};

use super::{
    destination::{Content, Destination, Web},
    size::{Budget, Shortened},
    template::TemplateError,
    view::ViewError,
};
use crate::log::Record;

/// Media type of a card; with the charset, without which half as much was seen to be too large.
const CARD: &str = "application/json; charset=utf-8";

/// The header that names the message, so that whoever gets it twice can tell.
const MESSAGE_ID: &str = "x-message-id";

/// A request that is ready.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) request: Request,
    /// What was left out of a card so that it fits.
    pub(super) shortened: Vec<Shortened>,
}

/// A message cannot be posted.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    /// Nothing of it can be shown.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The template fails on it.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It has no place for the credential.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// What is configured cannot stand in a header.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// The request that brings a message to a destination; a card fits into the budget.
pub(super) fn post(
    destination: &Destination,
    web: &Web,
    record: &Record,
    budget: Option<Budget>,
) -> Result<Post, PostError> {
    let (request, shortened) = match &web.content {
        Content::Card { template, budget: whole } => {
            let card = template.card(&destination.view(record)?, budget.unwrap_or(*whole))?;
            (Request::new(card.body).with_headers([("content-type", CARD)])?, card.shortened)
        }
        Content::Text { template, content_type } => {
            let text = template.text(&destination.view(record)?)?;
            (authorized(typed(Request::new(text.into()), content_type)?, &web.authentication)?, Vec::new())
        }
        Content::Message { content_type } => {
            let body = body(record, &web.authentication, &destination.profile);
            let composed = Composed::from_body(&body, &web.authentication, &destination.profile)?;
            (typed(composed.request()?, content_type)?, Vec::new())
        }
    };
    let id = record.header.id.to_string();
    let request = match &web.content {
        Content::Card { .. } => request,
        Content::Text { .. } | Content::Message { .. } => request.with_headers([(MESSAGE_ID, id.as_str())])?,
    };
    let request = web.target.secrets(web.is_secret).into_iter().fold(request, Request::with_secret);
    Ok(Post { request, shortened })
}

/// The message as it was received. A destination without a client secret of its own gets no member for one (MSG-15),
/// and one with a client secret gets it at the place that its profile names.
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

fn typed(request: Request, content_type: &HeaderValue) -> Result<Request, HeaderError> {
    request.with_headers([("content-type", content_type.to_str().unwrap_or_default())])
}

fn authorized(request: Request, authentication: &Authentication) -> Result<Request, HeaderError> {
    match authentication {
        Authentication::Basic(credentials) => {
            request.with_secret(credentials.expose_password().into()).with_authorization(&credentials.header())
        }
        Authentication::None | Authentication::ClientSecret { .. } => Ok(request),
    }
}
