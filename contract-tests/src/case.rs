//! A case of the catalogue: what it sends and what must come of it, as `schemas/cases/` has it. It holds no credential,
//! only where one goes and how it is changed.

mod condition;
mod expectation;
mod form;

use serde::Deserialize;

pub use self::{
    condition::{Condition, ConditionError, Of, Property},
    expectation::{Expectation, Verdict},
    form::{Change, Changes, Edit, Framing, Letters, Member, Position, RequestForm},
};

/// A kind of authentication, as reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Nothing is applied.
    None,
    /// A secret in the message.
    ClientSecret,
    /// Username and password in a header.
    Basic,
}

/// One case.
// Unknown members are found by the JSON Schema: serde cannot refuse them beside a flattened enum.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Its number, such as `AUTH-BASIC-007`, which it keeps for ever.
    pub id: String,
    /// The clause that it tests.
    pub clause: String,
    /// A few words for it.
    pub title: String,
    /// The kinds of authentication that it runs with; all where none is named.
    #[serde(default)]
    pub authentication: Vec<Kind>,
    /// What must hold for it to tell anything.
    #[serde(default)]
    pub needs: Vec<Condition>,
    /// Whether it sends valid messages only, so that it may run against an endpoint in use.
    #[serde(default)]
    pub safe: bool,
    /// Whether it waits for the endpoint's own deadline, so that it runs only where that is asked for.
    #[serde(default)]
    pub slow: bool,
    /// Whether it is the plain valid message, which everything else rests on.
    #[serde(default)]
    pub plain: bool,
    /// What it does.
    #[serde(flatten)]
    pub act: Act,
    /// What would be lost, accepted wrongly or leaked without it, and why no correct endpoint fails it; where there is
    /// none, the clause's own reason holds.
    pub why: Option<String>,
    /// How an endpoint that fails it is mended: one sentence.
    pub mend: String,
}

/// What a case does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// It sends and judges each answer.
    Send(Box<Exchange>),
    /// It judges every answer of the whole run.
    Watch(Watch),
}

/// What is sent, how often and what must come back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// A request that goes before, on the same connection, and is not judged.
    pub after: Option<RequestForm>,
    /// The request.
    #[serde(default)]
    pub request: RequestForm,
    /// How many times it is sent.
    #[serde(default = "once")]
    pub times: usize,
    /// On which connections.
    #[serde(default)]
    pub connections: Connections,
    /// Whether every time the same bytes are sent.
    #[serde(default)]
    pub same: bool,
    /// A request that tells whether anything is accepted: where it is, an acceptance of the other one tells nothing.
    pub unless_accepted: Option<RequestForm>,
    /// What must come back each time.
    pub expect: Expectation,
}

/// Which connections several requests take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Connections {
    /// Each its own, one after the other.
    #[default]
    Own,
    /// All the same, as long as the endpoint leaves it open.
    Kept,
    /// Each its own, all at once.
    AtOnce,
}

/// What is looked for in every answer of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Watch {
    /// A 401 without a challenge.
    Challenge,
    /// The expected credential.
    ExpectedCredential,
    /// A credential that was sent.
    SentCredential,
    /// An error answer with data of the message.
    MessageData,
    /// An answer with stack traces, paths or queries.
    Internals,
    /// A redirect of a valid message.
    Redirect,
    /// A late answer.
    Time,
    /// A URL over which anyone can read the credential.
    Encryption,
    /// A certificate that does not hold.
    Certificate,
}

fn once() -> usize {
    1
}

impl Case {
    /// Whether it runs with this kind of authentication.
    pub fn runs_with(&self, kind: Kind) -> bool {
        self.authentication.is_empty() || self.authentication.contains(&kind)
    }
}
