//! A case of the catalogue in `schemas/cases/`: what it sends and what it expects. It holds no credential, only where one
//! goes and how it is changed.

mod condition;
mod expectation;
mod form;

use schemas::Authentication;
use serde::{Deserialize, Serialize};

pub use self::{
    condition::{Condition, ConditionError, CredentialPart, Property},
    expectation::{Expectation, ExpectedAnswer},
    form::{Change, Changes, Edit, Framing, HeaderCase, Member, Position, RequestForm},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthenticationKind {
    None,
    ClientSecret,
    /// Username and password in a header.
    Basic,
}

impl From<&Authentication> for AuthenticationKind {
    fn from(authentication: &Authentication) -> Self {
        match authentication {
            Authentication::None => Self::None,
            Authentication::ClientSecret { .. } => Self::ClientSecret,
            Authentication::Basic(_) => Self::Basic,
        }
    }
}

/// One case.
// The JSON Schema finds unknown members: serde cannot refuse them next to a flattened enum.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Its number, such as `AUTH-BASIC-007`, which never changes.
    pub id: String,
    pub clause: String,
    pub title: String,
    /// The kinds of authentication that it runs with; if empty, all.
    #[serde(default)]
    pub authentication: Vec<AuthenticationKind>,
    /// The conditions under which it proves something.
    #[serde(default)]
    pub needs: Vec<Condition>,
    /// Whether it sends valid messages only, so that it can run against an endpoint in use.
    #[serde(default)]
    pub safe: bool,
    /// Whether it waits for the endpoint's own deadline; it then runs only with `--slow`.
    #[serde(default)]
    pub slow: bool,
    /// Whether it is the plain valid message, on which all other cases depend.
    #[serde(default)]
    pub plain: bool,
    #[serde(flatten)]
    pub action: Action,
    /// What would be lost, accepted wrongly or leaked without it, and why no correct endpoint fails it. The clause's own
    /// reason by default.
    pub why: Option<String>,
    /// How to fix an endpoint that fails it: one sentence.
    #[serde(rename = "mend")]
    pub fix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    Send(Box<Exchange>),
    /// It checks every answer of the run.
    #[serde(rename = "watch")]
    Check(Invariant),
}

/// What is sent, how often, and the expected answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// A request that is sent before on the same connection and is not judged.
    pub after: Option<RequestForm>,
    #[serde(default)]
    pub request: RequestForm,
    #[serde(default = "once")]
    pub times: usize,
    #[serde(default)]
    pub connections: Connections,
    /// Whether the same bytes are sent each time.
    #[serde(default)]
    pub same: bool,
    /// A request for comparison: if it is accepted, an acceptance of the other one proves nothing.
    pub unless_accepted: Option<RequestForm>,
    pub expect: Expectation,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Connections {
    /// One each, one after the other.
    #[default]
    Own,
    /// The same one, as long as the endpoint keeps it open.
    Kept,
    /// One each, all at once.
    AtOnce,
}

/// A rule for every answer of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Invariant {
    /// A 401 has a challenge.
    Challenge,
    ExpectedCredential,
    SentCredential,
    MessageData,
    /// No answer has stack traces, paths or queries.
    Internals,
    Redirect,
    Time,
    Encryption,
    Certificate,
}

impl Exchange {
    /// Whether an acceptance is compared with one at a path that no endpoint has.
    pub(crate) fn compares_unknown_path(&self) -> bool {
        let line = self.unless_accepted.as_ref().and_then(|form| form.line.as_ref());
        line.is_some_and(|line| line.contains("{path:unknown}"))
    }
}

fn once() -> usize {
    1
}

impl Case {
    /// Whether it runs with this kind of authentication.
    pub fn runs_with(&self, kind: AuthenticationKind) -> bool {
        self.authentication.is_empty() || self.authentication.contains(&kind)
    }
}
