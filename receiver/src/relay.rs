//! The relay: delivers messages, or cards made from them, to other services.
//!
//! A [`View`] is a message as templates and filters see it. A [`Template`] renders it as a [`Card`] for Microsoft Teams,
//! within a [`Budget`], or as any other text. A [`Destination`] gets the messages of an endpoint that match its
//! [`DestinationFilter`]. The relay is a consumer of the log with its own position. Its `store` records which messages
//! are due where; the request is made from the message in the log when it is due.

mod adaptive_card;
mod card;
mod comparison;
mod context;
mod decisions;
mod destination;
mod environment;
mod file;
mod filter;
mod filters;
mod flow_url;
mod format;
pub mod lint;
mod log_consumer;
mod markdown;
#[cfg(feature = "inspect")]
mod message_status;
mod number;
mod operators;
mod page;
mod post;
mod queue;
mod rendering;
mod replay;
mod routing;
mod running;
mod sanitize;
mod size;
mod source_lines;
pub(crate) mod store;
mod taint;
mod teams;
mod template;
mod template_format;
pub(crate) mod validate;
mod value_type;
mod view;
mod web;
mod worker;

pub use card::Card;
pub use destination::{Content, Destination, DestinationTarget, Destinations, Web};
pub use filter::{DestinationFilter, FilterError};
pub use flow_url::{FlowUrl, FlowUrlError};
#[cfg(feature = "inspect")]
pub(crate) use message_status::{MessageStatus, statuses};
pub use page::{PageScript, PageScriptError, page};
#[cfg(feature = "inspect")]
pub(crate) use replay::replay_message;
pub(crate) use replay::{ReplayCounts, ReplaySelection, replay};
pub use size::{Budget, BudgetError, Shortened};
pub(crate) use store::Store;
pub(crate) use teams::Host;
pub use template::{Template, TemplateError};
#[cfg(feature = "inspect")]
pub(crate) use view::field_text;
pub use view::{MessageMetadata, View, ViewError};
pub(crate) use worker::{Relay, RelayHandle, RelayProgress};
