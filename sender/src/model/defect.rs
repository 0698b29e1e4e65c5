//! What can be wrong with a model: what it is, and what to do about it. A text that may be a secret is never part of
//! it.

use std::fmt;

use schemas::{FieldType, StepKind, authentication::LimitError, reference::ReferenceError};

use crate::delivery::TargetError;

/// How bad a defect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The model cannot be used.
    Error,
    /// It can, and may not do what was meant.
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

/// One thing that is wrong. Its `Display` says what, [`Self::advice`] what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// The text is no TOML or JSON.
    #[error("this cannot be read: {message}")]
    Syntax {
        /// What the parser says. It repeats nothing of the text.
        message: String,
    },
    /// A key stands twice in its object.
    #[error("the key `{key}` stands twice")]
    DoubledKey {
        /// The key.
        key: String,
    },
    /// A value of TOML that JSON does not have.
    #[error("a date and time of TOML itself has no place in a message")]
    TomlMoment,
    /// A number that is infinite, not a number, or beyond 64 bits.
    #[error("this is no number that a message can hold")]
    NumberOutOfRange,
    /// A key that nothing reads.
    #[error("`{key}` is no key here")]
    UnknownKey {
        /// The key.
        key: String,
        /// The known one that it is like.
        nearest: Option<String>,
        /// All that are known here.
        known: Vec<String>,
    },
    /// A key that must be there.
    #[error("{} misses its `{key}`", whose)]
    Missing {
        /// The key.
        key: String,
        /// What misses it.
        whose: String,
        /// How it may look.
        example: Option<String>,
    },
    /// A value that is not of the form which the schema asks for.
    #[error("`{key}`: {rule}")]
    Shape {
        /// Its key.
        key: String,
        /// The broken rule. It names no value.
        rule: String,
        /// How it may look.
        example: Option<String>,
    },
    /// A word that is none of those which can stand here.
    #[error("there is no {what} `{word}`")]
    UnknownWord {
        /// What it should be.
        what: &'static str,
        /// The word.
        word: String,
        /// The one that it is like.
        nearest: Option<String>,
        /// All of them.
        known: Vec<String>,
    },
    /// A field type that the product's public pages do not name.
    #[error("`{word}` is no known type of field, so nothing is known of its value")]
    UnknownFieldType {
        /// The word.
        word: String,
        /// The type that it is like.
        nearest: Option<String>,
    },
    /// Nothing in a credential's place.
    #[error("the {what} is empty")]
    EmptyCredential {
        /// Which.
        what: &'static str,
        /// How it may look.
        example: String,
    },
    /// A secret that may have been written out, where only a reference may stand.
    #[error("the {what} must not stand here itself, only where it lies{}", length(what, too_long))]
    NotAReference {
        /// Which.
        what: &'static str,
        /// How many characters it has and how many it may have, where it has more.
        too_long: Option<(usize, usize)>,
        /// How a reference looks.
        example: String,
    },
    /// Nobody can be asked while a model runs.
    #[error("the {what} of a model cannot be asked for with `prompt`")]
    Prompt {
        /// Which.
        what: &'static str,
        /// How a reference looks.
        example: String,
    },
    /// A credential breaks a limit of the product's form: the written username, or what a reference leads to.
    #[error("{limit}{}", if *.resolved { ", as the reference leads to it here" } else { "" })]
    Credential {
        /// The limit.
        limit: LimitError,
        /// Whether it was looked up.
        resolved: bool,
    },
    /// A reference leads to no secret on this machine.
    #[error("{source}{}", also(*others))]
    LeadsNowhere {
        /// Why not.
        source: ReferenceError,
        /// How many further places of the model say the same.
        others: usize,
    },
    /// A key that belongs to another kind of authentication.
    #[error("`{key}` does not belong to the authentication type `{kind}`")]
    OtherAuthentication {
        /// The key.
        key: &'static str,
        /// The type that is selected.
        kind: String,
    },
    /// No URL to post to.
    #[error("the webhook has no endpoint")]
    NoEndpoint,
    /// The endpoint is no URL that can be posted to.
    #[error("the endpoint is no URL that can be posted to: {source}")]
    Endpoint {
        /// Why not.
        source: TargetError,
    },
    /// Username and password would travel in the clear.
    #[error("Basic authentication over plain http would send username and password unencrypted")]
    Plaintext,
    /// A client secret would travel in the clear.
    #[error("over plain http the client secret can be read by anyone on the way")]
    PlaintextSecret,
    /// A trigger that cannot fire.
    #[error(
        "a stepCreated webhook on the first step never fires: its message is about the step before, and there is none"
    )]
    CreatedOnFirst,
    /// A name that no step has.
    #[error("there is no step `{name}`")]
    UnknownStep {
        /// The name.
        name: String,
        /// The step that it is like.
        nearest: Option<String>,
    },
    /// A name, or the like, that stands twice where it must be unique.
    #[error("the {what} `{name}` stands twice")]
    Doubled {
        /// What.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A step that leads twice to the same one.
    #[error("this step stands twice among the previous ones")]
    PreviousTwice,
    /// No step that a flow can begin with.
    #[error("no step is the first: each one has a previous step")]
    NoFirst,
    /// Another step without a previous one.
    #[error("a flow has one first step, and this is another without a previous one")]
    SecondFirst,
    /// Arrows that lead back to where they begin.
    #[error("the arrows make a circle: {}", arrows(steps))]
    Circle {
        /// The steps on it.
        steps: Vec<String>,
    },
    /// A step that no flow comes to.
    #[error("no flow comes to {name}, which waits for a circle to end")]
    Unreachable {
        /// The step.
        name: String,
    },
    /// A public form in the midst of a flow.
    #[error("a public form starts a flow, so no step can lead to it")]
    PublicFormNotFirst,
    /// A public form that does not say who can open it.
    #[error("the public form does not say who can open it")]
    NoAccess,
    /// An access on another kind of step.
    #[error("only a public form has an access, not a step of the type `{}`", kind.as_str())]
    AccessElsewhere {
        /// The kind of the step.
        kind: StepKind,
    },
    /// A step that nobody can reject.
    #[error("only an approval can send the flow back, not a step of the type `{}`", kind.as_str())]
    SendBackElsewhere {
        /// The kind of the step.
        kind: StepKind,
    },
    /// Sent back to a step that was not done before.
    #[error("the step `{name}` does not come before this one, so the flow cannot be sent back to it")]
    SendBackNotEarlier {
        /// The step to go back to.
        name: String,
    },
    /// Nobody decides.
    #[error("nobody decides in this approval")]
    NoActors,
    /// A value that its field cannot have.
    #[error("a value of the type {} is {form}", kind.as_str())]
    Value {
        /// The type.
        kind: FieldType,
        /// What its values are.
        form: &'static str,
        /// The value that was probably meant.
        meant: Option<String>,
    },
    /// A choice that is none of the field's options.
    #[error("this is none of the options of the field")]
    NoSuchChoice,
}

impl Defect {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            // What is there is wrong; only what is not there may be elsewhere.
            Self::LeadsNowhere {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => Severity::Error,
            Self::UnknownFieldType { .. } | Self::LeadsNowhere { .. } | Self::PlaintextSecret => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::DoubledKey { .. } | Self::PreviousTwice => "leave one of them out",
            Self::TomlMoment => "write it in quotes, as the type of the field asks: \"19/07/1990\"",
            Self::NumberOutOfRange => "write a number of at most 15 digits",
            Self::UnknownKey { nearest: Some(nearest), .. } => return Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { known, .. } => return Some(format!("the keys here are {}", known.join(", "))),
            Self::Missing { example, .. } | Self::Shape { example, .. } => {
                return example.as_ref().map(|example| format!("write for instance: {example}"));
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
            | Self::Prompt { example, .. } => return Some(format!("write for instance: {example}")),
            Self::Credential { limit: LimitError::UsernameColon, .. } => {
                "choose another username: the endpoint would take what follows the colon for the password"
            }
            Self::Credential { resolved: true, .. } => "correct it where it lies, and in the endpoint's own settings",
            Self::Credential { .. } => "choose another username, here and in the endpoint's own settings",
            // The defect itself says how.
            Self::LeadsNowhere {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => return None,
            Self::LeadsNowhere { source: ReferenceError::Env { .. }, .. } => {
                "set the variable before the model is run; nothing else needs it"
            }
            Self::LeadsNowhere { .. } => {
                "make the file before the model is run; a relative path starts at the model's folder"
            }
            Self::OtherAuthentication { .. } => "leave it out, or correct the type",
            Self::Endpoint { source: TargetError::UserInfo } => {
                "take them out of the URL and write an authentication of the type `basic` instead"
            }
            Self::NoEndpoint | Self::Endpoint { .. } => {
                "write a whole URL, such as \"https://hooks.example.com/flowingly\""
            }
            Self::Plaintext | Self::PlaintextSecret => "write https; plain http is for an endpoint on this machine",
            Self::CreatedOnFirst => "write trigger stepCompleted, or put the webhook on the step after it",
            Self::UnknownStep { nearest: Some(nearest), .. } => return Some(format!("did you mean `{nearest}`?")),
            Self::UnknownStep { .. } => "write the name of a step of this model, exactly as it stands there",
            Self::Doubled { .. } => "give each its own",
            Self::NoFirst => "leave `previous` out on the step that a flow begins with",
            Self::SecondFirst => "say with `previous` which step leads to it",
            Self::Circle { .. } => "take one of them out of `previous`; an approval goes back with `sendBackTo`",
            Self::Unreachable { .. } => "open the circle first",
            Self::PublicFormNotFirst => "leave `previous` out and let the others follow it, or make it a task",
            Self::NoAccess => "write access: public for everybody, intranet for people of the organisation",
            Self::AccessElsewhere { .. } | Self::SendBackElsewhere { .. } => {
                "leave it out, or change the type of the step"
            }
            Self::SendBackNotEarlier { .. } => "name a step that leads here through `previous`",
            Self::NoActors => "name at least one person or team in `actors`",
            Self::Value { meant, .. } => return meant.as_ref().map(|meant| format!("write: {meant}")),
            Self::NoSuchChoice => "write key and text as one of the options has them",
            Self::Syntax { .. } => return None,
        };
        Some(advice.to_owned())
    }
}

fn length(what: &str, too_long: &Option<(usize, usize)>) -> String {
    match too_long {
        Some((characters, limit)) => {
            format!(
                "; it has {characters} characters besides, and the product's form takes a {what} of at most {limit}"
            )
        }
        None => String::new(),
    }
}

fn also(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (another place says the same)".to_owned(),
        _ => format!(" ({others} other places say the same)"),
    }
}

fn arrows(steps: &[String]) -> String {
    let around = steps.iter().chain(steps.first());
    around.map(String::as_str).collect::<Vec<_>>().join(" -> ")
}
