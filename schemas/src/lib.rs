//! The contract of Flowingly's webhooks, as data and as types.
//!
//! The data comes first: `CONTRACT.md`, the JSON Schemas in `json/`, `samples/`, `vectors/` and `profiles/` are the
//! source of truth, readable from any language. This crate embeds them and adds the Rust types that every other crate
//! of the kit rests on. It knows nothing of sockets or runtimes.

pub mod authentication;
pub mod body_template;
pub mod case_file;
mod charset;
pub mod clause;
pub mod document;
pub mod edges;
pub mod field;
pub mod fnv1a;
pub mod host;
pub mod json;
pub mod log_command;
pub mod message;
pub mod pointer;
pub mod profile;
pub mod redaction;
pub mod reference;
pub mod sample;
pub mod step;
pub mod suggest;
pub mod text;
pub mod timestamp;
pub mod uri;
pub mod validate;
pub mod wire;

pub use authentication::{Authentication, AuthenticationKind, BasicCredentials, ClientSecret};
pub use body_template::{BodyTemplate, BodyTemplateError};
pub use case_file::CaseFile;
pub use clause::{Clause, Level};
pub use document::Document;
pub use field::{Field, FieldType};
pub use message::{Flow, StepMessage, Trigger, WebhookLabel};
pub use pointer::Pointer;
pub use profile::{Profile, Role};
pub use redaction::Redactor;
pub use reference::SecretReference;
pub use sample::Sample;
pub use step::{Access, Decision, Step, StepKind, Verdict};
pub use validate::{Schema, Violation};
