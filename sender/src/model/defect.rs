//! The problems of a model and the advice for each. A text that may be a secret is never part of them.

use std::fmt;

use delivery::UrlError;
use schemas::{FieldType, StepKind, authentication::LimitError, reference::ReferenceError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The model cannot be used.
    Error,
    /// The model can be used, but might not do what was intended.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A problem. Its `Display` describes it; [`Self::advice`] gives the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Defect {
    #[error("this cannot be read: {message}")]
    Syntax { message: String },
    #[error("the key `{key}` is repeated")]
    RepeatedKey { key: String },
    #[error("a message cannot hold a TOML date or time")]
    TomlDateTime,
    /// A number that is infinite, not a number, or beyond 64 bits.
    #[error("a message cannot hold this number")]
    NumberOutOfRange,
    #[error("`{key}` is not a key here")]
    UnknownKey { key: String, nearest: Option<String>, known: Vec<String> },
    #[error("{whose} has no `{key}`")]
    Missing { key: String, whose: String, example: Option<String> },
    /// A value that breaks the schema. The rule names no value.
    #[error("`{key}`: {rule}")]
    Shape { key: String, rule: String, example: Option<String> },
    #[error("`{word}` is not a {what}")]
    UnknownWord { what: &'static str, word: String, nearest: Option<String>, known: Vec<String> },
    /// A field type that the product's public pages do not name.
    #[error("the field type `{word}` is unknown, so its value is not checked")]
    UnknownFieldType { word: String, nearest: Option<String> },
    #[error("the {what} is empty")]
    EmptyCredential { what: &'static str, example: String },
    /// Not a reference, and maybe the secret itself. `too_long` has its length and the limit, if it is longer.
    #[error("the {what} must be a reference and not the secret itself{}", length(what, too_long))]
    NotAReference { what: &'static str, too_long: Option<(usize, usize)>, example: String },
    #[error("the {what} of a model cannot be `prompt`")]
    Prompt { what: &'static str, example: String },
    /// The username, or the value of a reference, breaks a limit of the product's form.
    #[error("{limit}{}", if *.resolved { " (read from the reference)" } else { "" })]
    Credential { limit: LimitError, resolved: bool },
    /// A reference cannot be read on this machine; `others` counts further places with the same reference.
    #[error("{source}{}", also(*others))]
    UnreadableReference { source: ReferenceError, others: usize },
    #[error("`{key}` does not belong to the authentication type `{kind}`")]
    OtherAuthentication { key: &'static str, kind: String },
    #[error("the webhook has no endpoint")]
    NoEndpoint,
    #[error("the endpoint is not a valid URL: {source}")]
    Endpoint { source: UrlError },
    #[error("Basic authentication over plain http would send username and password unencrypted")]
    Plaintext,
    #[error("over plain http the client secret can be read by anyone on the network")]
    PlaintextSecret,
    #[error("a stepCreated webhook on the first step never fires: its message needs a previous step")]
    CreatedOnFirst,
    #[error("the model has no step `{name}`")]
    UnknownStep { name: String, nearest: Option<String> },
    #[error("the {what} `{name}` is not unique")]
    NotUnique { what: &'static str, name: String },
    #[error("this step is repeated in `previous`")]
    PreviousTwice,
    #[error("the model has no first step: every step has a previous one")]
    NoFirst,
    #[error("a flow has one first step, and this is a second step without a previous one")]
    SecondFirst,
    #[error("the steps form a circle: {}", arrows(steps))]
    Circle { steps: Vec<String> },
    #[error("{name} is never reached, because it comes after a circle")]
    Unreachable { name: String },
    #[error("a public form starts a flow, so no step can lead to it")]
    PublicFormNotFirst,
    #[error("the public form has no `access`")]
    NoAccess,
    #[error("only a public form has `access`, not a step of the type `{}`", kind.as_str())]
    AccessElsewhere { kind: StepKind },
    #[error("only an approval can send the flow back, not a step of the type `{}`", kind.as_str())]
    SendBackElsewhere { kind: StepKind },
    #[error("the step `{name}` does not come before this one, so the flow cannot be sent back to it")]
    SendBackNotEarlier { name: String },
    #[error("the approval has no actors")]
    NoActors,
    #[error("a value of the type {} is {form}", kind.as_str())]
    Value { kind: FieldType, form: &'static str, meant: Option<String> },
    #[error("this is not an option of the field")]
    NoSuchChoice,
}

impl Defect {
    pub(crate) fn severity(&self) -> Severity {
        match self {
            // The secret exists and is wrong. A missing one may exist on another machine.
            Self::UnreadableReference {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => Severity::Error,
            Self::UnknownFieldType { .. } | Self::UnreadableReference { .. } | Self::PlaintextSecret => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }

    pub(crate) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::RepeatedKey { .. } | Self::PreviousTwice => "remove one of them",
            Self::TomlDateTime => "write it in quotes, in the form of the field's type: \"19/07/1990\"",
            Self::NumberOutOfRange => "write a number of at most 15 digits",
            Self::UnknownKey { nearest: Some(nearest), .. } => return Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { known, .. } => return Some(format!("the keys here are {}", known.join(", "))),
            Self::Missing { example, .. } | Self::Shape { example, .. } => {
                return example.as_ref().map(|example| format!("for example: {example}"));
            }
            Self::UnknownWord { nearest: Some(nearest), .. }
            | Self::UnknownFieldType { nearest: Some(nearest), .. } => {
                return Some(format!("did you mean `{nearest}`?"));
            }
            Self::UnknownWord { what, known, .. } => return Some(format!("a {what} is one of {}", known.join(", "))),
            Self::UnknownFieldType { .. } => {
                "keep it if your messages have it; the known types are those of schemas/json/field.schema.json"
            }
            Self::EmptyCredential { example, .. }
            | Self::NotAReference { example, .. }
            | Self::Prompt { example, .. } => return Some(format!("for example: {example}")),
            Self::Credential { limit: LimitError::UsernameColon, .. } => {
                "choose another username: the endpoint would read the text after the colon as the password"
            }
            Self::Credential { resolved: true, .. } => "correct it at its source, and in the endpoint's own settings",
            Self::Credential { .. } => "choose another username, here and in the endpoint's own settings",
            // The defect itself has the advice.
            Self::UnreadableReference {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => return None,
            Self::UnreadableReference { source: ReferenceError::Env { .. }, .. } => {
                "set the variable before you run the model; nothing else needs it"
            }
            Self::UnreadableReference { .. } => {
                "create the file before you run the model; relative paths start at the model's folder"
            }
            Self::OtherAuthentication { .. } => "remove it, or correct the type",
            Self::Endpoint { source: UrlError::UserInfo } => {
                "remove them from the URL and use an authentication of the type `basic`"
            }
            Self::NoEndpoint | Self::Endpoint { .. } => {
                "write a complete URL, such as \"https://hooks.example.com/flowingly\""
            }
            Self::Plaintext | Self::PlaintextSecret => "use https; plain http is for an endpoint on this machine",
            Self::CreatedOnFirst => "use the trigger stepCompleted, or move the webhook to the next step",
            Self::UnknownStep { nearest: Some(nearest), .. } => return Some(format!("did you mean `{nearest}`?")),
            Self::UnknownStep { .. } => "write the exact name of a step of this model",
            Self::NotUnique { .. } => "give each its own value",
            Self::NoFirst => "remove `previous` from the first step",
            Self::SecondFirst => "name the step before it in `previous`",
            Self::Circle { .. } => "remove one of them from `previous`; an approval goes back with `sendBackTo`",
            Self::Unreachable { .. } => "fix the circle first",
            Self::PublicFormNotFirst => "remove `previous` and let the other steps follow it, or make it a task",
            Self::NoAccess => "write access: public for everyone, intranet for people of the organisation",
            Self::AccessElsewhere { .. } | Self::SendBackElsewhere { .. } => {
                "remove it, or change the type of the step"
            }
            Self::SendBackNotEarlier { .. } => "name a step that leads here through `previous`",
            Self::NoActors => "name at least one person or team in `actors`",
            Self::Value { meant, .. } => return meant.as_ref().map(|meant| format!("write: {meant}")),
            Self::NoSuchChoice => "write the key and text of one of the options",
            Self::Syntax { .. } => return None,
        };
        Some(advice.to_owned())
    }
}

fn length(what: &str, too_long: &Option<(usize, usize)>) -> String {
    match too_long {
        Some((characters, limit)) => {
            format!("; it also has {characters} characters, and the product's form takes a {what} of at most {limit}")
        }
        None => String::new(),
    }
}

fn also(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (also in another place)".to_owned(),
        _ => format!(" (also in {others} other places)"),
    }
}

fn arrows(steps: &[String]) -> String {
    let around = steps.iter().chain(steps.first());
    around.map(String::as_str).collect::<Vec<_>>().join(" -> ")
}
