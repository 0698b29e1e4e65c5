//! The roles: the meaning of the parts of a message, whatever their names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::pointer::Pointer;

/// The meaning of a part of a message. The names are those of a profile's `[roles]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Role {
    /// What happened to the step.
    Trigger,
    /// The client secret.
    ClientSecret,
    /// The webhook's name.
    WebhookName,
    /// The webhook's description.
    WebhookDescription,
    /// The flow's identifier.
    FlowIdentifier,
    /// The flow model's name.
    FlowName,
    /// What the flow is about.
    FlowSubject,
    /// Who started the flow.
    FlowInitiator,
    /// A part of the step or of the previous step.
    Step(Subject, Part),
}

/// Which of a message's two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The step that was created or completed.
    Step,
    /// The step whose completion created it.
    PreviousStep,
}

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its name in the modeler.
    Identifier,
    /// Its kind.
    Type,
    /// Who can open it.
    Access,
    /// When it was created.
    CreatedAt,
    /// When it was completed.
    CompletedAt,
    /// Who completed it.
    CompletedBy,
    /// The decisions taken in it.
    Decisions,
    /// Its fields: the collection.
    Fields,
}

impl Part {
    const ALL: [Self; 8] = [
        Self::Identifier,
        Self::Type,
        Self::Access,
        Self::CreatedAt,
        Self::CompletedAt,
        Self::CompletedBy,
        Self::Decisions,
        Self::Fields,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Identifier => "Identifier",
            Self::Type => "Type",
            Self::Access => "Access",
            Self::CreatedAt => "CreatedAt",
            Self::CompletedAt => "CompletedAt",
            Self::CompletedBy => "CompletedBy",
            Self::Decisions => "Decisions",
            Self::Fields => "Fields",
        }
    }
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::PreviousStep => "previousStep",
        }
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 24] = {
        let mut all = [Self::Trigger; 24];
        let plain = [
            Self::Trigger,
            Self::ClientSecret,
            Self::WebhookName,
            Self::WebhookDescription,
            Self::FlowIdentifier,
            Self::FlowName,
            Self::FlowSubject,
            Self::FlowInitiator,
        ];
        let mut index = 0;
        while index < plain.len() {
            all[index] = plain[index];
            all[index + 8] = Self::Step(Subject::Step, Part::ALL[index]);
            all[index + 16] = Self::Step(Subject::PreviousStep, Part::ALL[index]);
            index += 1;
        }
        all
    };

    /// The roles without which a message cannot be understood; every profile carries them.
    pub const REQUIRED: [Self; 3] =
        [Self::FlowIdentifier, Self::Step(Subject::Step, Part::Identifier), Self::Step(Subject::Step, Part::Fields)];

    /// The role that must be carried for this one to mean anything.
    pub fn needs(self) -> Option<Self> {
        match self {
            Self::WebhookDescription => Some(Self::WebhookName),
            Self::Step(Subject::PreviousStep, Part::Fields) => {
                Some(Self::Step(Subject::PreviousStep, Part::Identifier))
            }
            Self::Step(Subject::PreviousStep, _) => Some(Self::Step(Subject::PreviousStep, Part::Fields)),
            _ => None,
        }
    }

    /// The place of the role in profile v1, which the types of this crate have.
    pub(crate) fn canonical(self) -> &'static Pointer {
        super::Profile::v1().pointer(self).expect("profile v1 is tested to carry every role")
    }

    /// Its number in [`Self::ALL`].
    pub(crate) fn slot(self) -> usize {
        match self {
            Self::Trigger => 0,
            Self::ClientSecret => 1,
            Self::WebhookName => 2,
            Self::WebhookDescription => 3,
            Self::FlowIdentifier => 4,
            Self::FlowName => 5,
            Self::FlowSubject => 6,
            Self::FlowInitiator => 7,
            Self::Step(subject, part) => 8 + 8 * subject as usize + part as usize,
        }
    }

    /// Whether it is a part of the previous step.
    pub fn is_previous_step(self) -> bool {
        matches!(self, Self::Step(Subject::PreviousStep, _))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trigger => f.write_str("trigger"),
            Self::ClientSecret => f.write_str("clientSecret"),
            Self::WebhookName => f.write_str("webhookName"),
            Self::WebhookDescription => f.write_str("webhookDescription"),
            Self::FlowIdentifier => f.write_str("flowIdentifier"),
            Self::FlowName => f.write_str("flowName"),
            Self::FlowSubject => f.write_str("flowSubject"),
            Self::FlowInitiator => f.write_str("flowInitiator"),
            Self::Step(subject, part) => write!(f, "{}{}", subject.name(), part.name()),
        }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.to_string()
    }
}

/// A role with this name does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; the roles are those of profiles/v1.toml")]
pub struct UnknownRole(String);

impl TryFrom<String> for Role {
    type Error = UnknownRole;

    fn try_from(name: String) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.to_string() == name).ok_or(UnknownRole(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_own_name() {
        for (index, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(Role::try_from(role.to_string()), Ok(role));
            assert!(!Role::ALL[..index].contains(&role), "{role}");
            assert_eq!(role.slot(), index, "{role}");
            assert!(index == 0 || Role::ALL[index - 1] < role, "{role}");
        }
    }
}
