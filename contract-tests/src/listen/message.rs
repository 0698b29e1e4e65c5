//! Judges the body of a message by schema and profile, and the client secret in it, and reads facts such as the trigger.

use schemas::{
    Authentication, Document, Pointer, Profile, Role, Trigger,
    document::ReadError,
    profile::{Part, Subject},
};
use serde_json::Value;

use super::violation::MessageChecks;
use crate::secret_encodings::{SecretEncodings, is_distinctive};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MessageFacts {
    pub(super) trigger: Option<Trigger>,
    /// The kind of the step whose data it carries.
    pub(super) kind: Option<String>,
}

/// Judges a whole body.
pub(super) struct Message<'a> {
    pub(super) authentication: &'a Authentication,
    pub(super) profile: &'a Profile,
    pub(super) credential: &'a SecretEncodings,
}

impl Message<'_> {
    pub(super) fn judge(&self, body: &[u8], checks: &mut MessageChecks) -> MessageFacts {
        checks.applies(["MSG-2"]);
        let plain = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if plain.len() < body.len() {
            checks.violates("MSG-2", "the body", "begins with a byte order mark");
        }
        // JSON begins with two ASCII characters that are not null, so a zero byte there is UTF-16 or UTF-32.
        if std::str::from_utf8(plain).is_err() || plain.iter().take(2).any(|byte| *byte == 0) {
            checks.violates("MSG-2", "the body", "is not UTF-8");
            return MessageFacts::default();
        }
        checks.applies(["MSG-1"]);
        if plain.is_empty() {
            checks.violates("MSG-1", "the body", "is empty");
            return MessageFacts::default();
        }
        let value: Value = match serde_json::from_slice(plain) {
            Ok(value) => value,
            Err(error) => {
                checks.violates("MSG-1", "the body", format!("is not JSON: {error}"));
                return MessageFacts::default();
            }
        };
        for violation in self.profile.violations(&value) {
            let place = if violation.pointer.is_empty() { "the message" } else { &violation.pointer };
            checks.violates(&violation.clause, place, violation.message);
        }
        if !value.is_object() {
            return MessageFacts::default();
        }
        self.names(plain, checks);
        self.secret(&value, checks);
        self.misplaced(&value, &mut Vec::new(), checks);
        let facts = self.facts(&value);
        self.ask(&value, &facts, checks);
        facts
    }

    fn names(&self, body: &[u8], checks: &mut MessageChecks) {
        checks.applies(["MSG-20"]);
        match Document::read(body, self.profile) {
            Ok(document) => {
                for pointer in document.duplicates() {
                    checks.violates("MSG-20", pointer.to_string(), "the name is twice in its object");
                }
            }
            Err(ReadError::Duplicate(role)) => {
                let place = self.profile.pointer(role).map(Pointer::to_string).unwrap_or_default();
                checks.violates("MSG-20", place, "a name is twice on the way to it, or inside");
            }
            // The same body was read as JSON before, by fewer rules.
            Err(error) => checks.violates("MSG-1", "the body", error.to_string()),
        }
    }

    fn secret(&self, value: &Value, checks: &mut MessageChecks) {
        checks.applies(["MSG-15"]);
        let Some(pointer) = self.profile.pointer(Role::ClientSecret) else { return };
        let present = pointer.get(value);
        let what = match (self.authentication, present) {
            (Authentication::ClientSecret { client_secret }, Some(Value::String(text)))
                if text == client_secret.expose() =>
            {
                return;
            }
            (Authentication::ClientSecret { .. }, None) => "is missing",
            (Authentication::ClientSecret { .. }, Some(Value::String(_))) => "is not the configured one",
            (Authentication::ClientSecret { .. }, Some(_)) => "is not a string",
            (Authentication::None | Authentication::Basic(_), None) => return,
            (Authentication::None | Authentication::Basic(_), Some(_)) => {
                "is there, although the webhook is not configured with a client secret"
            }
        };
        // The schema may have reported it already, more precisely.
        if !checks.has_violation("MSG-15") {
            checks.violates("MSG-15", pointer.to_string(), what);
        }
    }

    /// Finds the configured credential anywhere but at its own place.
    fn misplaced(&self, value: &Value, way: &mut Vec<String>, checks: &mut MessageChecks) {
        let clause = match self.authentication {
            Authentication::ClientSecret { client_secret } if is_distinctive(client_secret.expose()) => "AUTH-9",
            Authentication::Basic(basic) if is_distinctive(basic.expose_password()) => "AUTH-1",
            _ => return,
        };
        checks.applies([clause]);
        let own = self.profile.pointer(Role::ClientSecret).is_some_and(|pointer| pointer.tokens() == way.as_slice());
        let place = |way: &[String]| way.iter().fold(Pointer::default(), |place, token| place.child(token)).to_string();
        match value {
            Value::String(text) if !own && self.credential.are_in(text.as_bytes()) => {
                checks.violates(clause, place(way), "holds the credential");
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    way.push(index.to_string());
                    self.misplaced(element, way, checks);
                    way.pop();
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    if self.credential.are_in(name.as_bytes()) {
                        checks.violates(clause, place(way), "has a member whose name holds the credential");
                    }
                    way.push(name.clone());
                    self.misplaced(member, way, checks);
                    way.pop();
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn get<'v>(&self, value: &'v Value, role: Role) -> Option<&'v Value> {
        self.profile.pointer(role)?.get(value).filter(|value| !value.is_null())
    }

    fn facts(&self, value: &Value) -> MessageFacts {
        let trigger = match self.profile.pointer(Role::Trigger) {
            Some(pointer) => pointer.get(value).and_then(|word| self.profile.trigger_of(word)),
            None => {
                let mut previous = self.profile.carried().filter(|role| role.is_previous_step());
                let created = previous.any(|role| self.get(value, role).is_some());
                Some(if created { Trigger::StepCreated } else { Trigger::StepCompleted })
            }
        };
        let subject = match trigger {
            Some(Trigger::StepCreated) => Subject::PreviousStep,
            Some(Trigger::StepCompleted) | None => Subject::Step,
        };
        let kind = self.get(value, Role::Step(subject, Part::Type));
        MessageFacts { trigger, kind: kind.and_then(Value::as_str).map(str::to_owned) }
    }

    /// The clauses that apply to the message, given its content.
    fn ask(&self, value: &Value, facts: &MessageFacts, checks: &mut MessageChecks) {
        checks.applies(["MSG-3", "MSG-4", "MSG-5"]);
        match facts.trigger {
            Some(Trigger::StepCreated) => checks.applies(["MSG-6", "MSG-8"]),
            Some(Trigger::StepCompleted) => checks.applies(["MSG-7"]),
            None => {}
        }
        if self.get(value, Role::WebhookName).is_some() {
            checks.applies(["MSG-14"]);
        }
        for subject in [Subject::Step, Subject::PreviousStep] {
            let part = |part: Part| self.get(value, Role::Step(subject, part));
            let is_empty = |value: &Value| {
                value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
            };
            if part(Part::Fields).is_some_and(|fields| !is_empty(fields)) {
                checks.applies(["MSG-9", "MSG-10"]);
            }
            if part(Part::Type).is_some() {
                checks.applies(["MSG-11"]);
            }
            if part(Part::CreatedAt).or(part(Part::CompletedAt)).is_some() {
                checks.applies(["MSG-16"]);
            }
            if let Some(Value::Array(decisions)) = part(Part::Decisions)
                && !decisions.is_empty()
            {
                checks.applies(["MSG-12"]);
                let rejects = |decision: &Value| decision["decision"].as_str().is_some_and(|word| word != "approved");
                if decisions.iter().any(rejects) {
                    checks.applies(["MSG-13"]);
                }
            }
        }
    }
}
