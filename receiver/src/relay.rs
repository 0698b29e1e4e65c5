//! The relay: what is shown elsewhere of a message, and how it gets there.
//!
//! A [`View`] is what templates and filters see of a message. A [`Template`] makes of it a [`Card`] for Microsoft
//! Teams, within a [`Budget`], or any other text. A [`Destination`] gets the messages of an endpoint that fulfil its
//! [`Filter`]. The relay reads the log as a consumer of its own and keeps in its [`store`] what is due where; what is posted
//! is made when its time has come, from the message in the log.

mod adaptive_card;
pub mod card;
mod comparison;
mod decisions;
pub mod destination;
pub mod environment;
mod file;
pub mod filter;
mod filters;
mod flow_url;
mod format;
pub mod lint;
mod log_consumer;
mod markdown;
mod number;
mod operators;
mod output_format;
pub mod page;
mod post;
mod queue;
mod rendering;
mod replay;
mod routing;
mod running;
mod sanitize;
pub mod size;
mod source_lines;
pub mod store;
mod taint;
mod teams;
pub mod template;
pub(crate) mod validate;
mod value_type;
pub mod view;
mod web;
mod worker;

pub use card::Card;
pub use destination::{Content, Destination, Destinations, Kind, Web};
pub use environment::environment;
pub use filter::{Filter, FilterError};
pub use flow_url::{FlowUrl, FlowUrlError};
pub use page::{Script, ScriptError, page};
pub use replay::{ReplayError, Replayed, Selection, replay};
pub use size::{Budget, BudgetError, Shortened};
pub use store::Store;
pub(crate) use teams::Host;
pub use template::{Template, TemplateError};
pub use view::{About, View, ViewError};
pub(crate) use worker::{Relay, RelayHandle, RelayHeadway};
