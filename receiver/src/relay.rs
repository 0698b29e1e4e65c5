//! The relay: what is shown elsewhere of a message, and how it gets there.
//!
//! A [`View`] is what templates and filters see of a message. A [`Template`] makes of it a [`Card`] for Microsoft
//! Teams, within a [`Budget`], or any other text.

pub mod card;
pub mod environment;
mod flow_url;
mod lines;
pub mod lint;
mod markdown;
mod marked;
pub mod page;
mod plain;
mod readable;
pub mod size;
pub mod template;
pub mod view;

pub use card::Card;
pub use environment::environment;
pub use flow_url::{FlowUrl, FlowUrlError};
pub use page::{Script, ScriptError, page};
pub use size::{Budget, BudgetError, Shortened};
pub use template::{Template, TemplateError};
pub use view::{About, View, ViewError};
