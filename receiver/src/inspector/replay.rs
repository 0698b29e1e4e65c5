//! Replaying a message to a configured endpoint or destination, after a page that shows what goes where.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use maud::{Markup, html};
use schemas::text::escape;
use serde::Deserialize;

use super::{
    Inspected,
    loopback::{Answer, unknown_endpoint},
    page::{Problem, Section, page},
    rows::{time, verdict},
    send,
    stored::Stored,
};
use crate::relay::{Content, Destination, DestinationTarget, ReplayCounts, replay_message};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Endpoint(String),
    Destination(String),
}

/// What a replay has done.
#[derive(Debug)]
pub(super) enum Replay {
    Posted(Answer),
    Queued(ReplayCounts),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReplayForm {
    to: String,
    confirm: String,
}

impl Target {
    /// Reads `endpoint:NAME` or `destination:NAME`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("endpoint", name) => Some(Self::Endpoint(name.to_owned())),
            ("destination", name) => Some(Self::Destination(name.to_owned())),
            _ => None,
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Endpoint(name) => format!("endpoint:{name}"),
            Self::Destination(name) => format!("destination:{name}"),
        }
    }
}

impl Inspected {
    /// Every place that a message can go to.
    fn targets(&self) -> Vec<(Target, String)> {
        let config = self.config();
        let endpoints = config.endpoints.iter().map(|endpoint| {
            let description = format!("Endpoint {} of this receiver, as a new arrival", escape(&endpoint.name));
            (Target::Endpoint(endpoint.name.clone()), description)
        });
        let destinations = config
            .destinations
            .iter()
            .map(|destination| (Target::Destination(destination.name.to_string()), describe(destination)));
        endpoints.chain(destinations).collect()
    }

    pub(super) async fn replay(self: &Arc<Self>, id: String, target: Target) -> Result<Replay, Problem> {
        let this = self.clone();
        match target {
            Target::Endpoint(name) => {
                if self.config().endpoint(&name).is_none() {
                    return Err(unknown_endpoint());
                }
                let (stored, _) = this.read(move |inspected| inspected.find(&id)).await?;
                self.post(&name, &stored.record.body).await.map(Replay::Posted)
            }
            Target::Destination(name) => {
                let replayed = this.read(move |inspected| {
                    let (stored, _) = inspected.find(&id)?;
                    if stored.message.captured {
                        let advice = "It was stored unchecked. Replay it to an endpoint, which checks it.";
                        return Err(Problem::new(StatusCode::CONFLICT, "Captured messages are not relayed", advice));
                    }
                    let mut store = inspected.relay_store()?.ok_or_else(unknown_destination)?;
                    replay_message(&mut store, &name, stored.message.position, stored.record)
                        .map_err(|error| Problem::new(StatusCode::CONFLICT, "Not replayed", &format!("{error}.")))
                });
                replayed.await.map(Replay::Queued)
            }
        }
    }
}

fn unknown_destination() -> Problem {
    let advice = "It may have been removed from the configuration; load the page again.";
    Problem::new(StatusCode::NOT_FOUND, "There is no such destination", advice)
}

/// Never with the URL's path or query, which may be a secret.
fn describe(destination: &Destination) -> String {
    let (name, endpoint) = (escape(&destination.name), escape(&destination.endpoint));
    let what = match &destination.target {
        DestinationTarget::File(path) => {
            return format!("Destination {name} of {endpoint}: a line in {}", path.display());
        }
        DestinationTarget::Web(web) => match &web.content {
            Content::Card { .. } => "a card",
            Content::Text { .. } => "a text",
            Content::Message { .. } => "the message, with the credential of the destination,",
        },
    };
    let DestinationTarget::Web(web) = &destination.target else { return name };
    format!("Destination {name} of {endpoint}: {what} to {}", web.url.uri().host().unwrap_or_default())
}

pub(super) async fn form(State(inspected): State<Arc<Inspected>>, Path(id): Path<String>) -> Result<Response, Problem> {
    inspected
        .read(move |inspected| {
            let (stored, _) = inspected.find(&id)?;
            let targets = inspected.targets();
            let content = html! {
                (about(&stored))
                form method="post" {
                    fieldset {
                        legend { "Send it to" }
                        @for (index, (target, description)) in targets.iter().enumerate() {
                            p { label {
                                input type="radio" name="to" value=(target.value()) required checked[index == 0];
                                " " (description)
                            } }
                        }
                    }
                    p { button type="submit" { "Continue" } }
                }
            };
            Ok(page(Section::Messages, "Replay a message", &content))
        })
        .await
}

fn about(stored: &Stored) -> Markup {
    let message = &stored.message;
    html! {
        p {
            "Message " code { (message.id) } " · " (verdict(message)) " · " (escape(&message.endpoint)) " · "
            (time(message.received_at)) " · " (message.size) " bytes"
        }
        p { a rel="up" data-up href={ "/messages/" (message.id) } { "Back to the message" } }
    }
}

pub(super) async fn replay(
    State(inspected): State<Arc<Inspected>>,
    Path(id): Path<String>,
    Form(form): Form<ReplayForm>,
) -> Result<Response, Problem> {
    let targets = inspected.targets();
    let target = Target::parse(&form.to).and_then(|target| targets.into_iter().find(|(known, _)| *known == target));
    let Some((target, description)) = target else { return Err(unknown_destination()) };
    if form.confirm != "yes" {
        return inspected
            .read(move |inspected| {
                let (stored, _) = inspected.find(&id)?;
                let content = html! {
                    (about(&stored))
                    p.large { "Send this message to:" }
                    p { strong { (description) } }
                    @match &target {
                        Target::Endpoint(_) => p {
                            "Its " (stored.record.body.len()) " bytes are sent as they are stored, with the credential of the \
                             endpoint. The same body within 5 minutes counts as another arrival of this message."
                        },
                        Target::Destination(_) => p {
                            "It is queued after what is waiting there, if the destination's " code { "when" } " holds for it."
                        },
                    }
                    form method="post" {
                        input type="hidden" name="to" value=(target.value());
                        input type="hidden" name="confirm" value="yes";
                        button.primary type="submit" { "Send it" }
                    }
                };
                Ok(page(Section::Messages, "Confirm the replay", &content))
            })
            .await;
    }
    let link = format!("/messages/{id}");
    let result = inspected.replay(id, target).await?;
    let content = html! {
        @match &result {
            Replay::Posted(answer) => (send::result(answer)),
            Replay::Queued(ReplayCounts { due: 1.., .. }) => p role="status" { "It is queued. The page of the message shows when it is accepted." },
            Replay::Queued(ReplayCounts { waiting: 1.., .. }) => p role="status" { "It was already waiting there." },
            Replay::Queued(ReplayCounts { not_matched: 1.., .. }) => {
                p role="status" { "It was not queued: the destination's " code { "when" } " does not hold for it." }
            }
            Replay::Queued(_) => p role="status" { "It was not queued: the destination's " code { "when" } " cannot be evaluated for it." },
        }
        p { a rel="up" data-up href=(link) { "Back to the message" } }
    };
    Ok(page(Section::Messages, "Replay", &content))
}
