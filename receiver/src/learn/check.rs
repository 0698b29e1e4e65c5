//! The draft against the messages it was made from: what a profile can say and the kit cannot read is left out again.

use schemas::{Pointer, Profile, Role, Violation, profile::FieldForm, profile::FieldKey};

use super::{Draft, survey::Survey, text};

impl Draft {
    /// The profile, once it reads the messages as well as it can, and what they still break.
    pub(super) fn settle(
        &mut self,
        survey: &Survey<'_>,
        notes: &mut Vec<String>,
    ) -> Option<((Profile, String), Vec<Violation>)> {
        loop {
            let fields = self.fields.as_ref()?;
            let text = text::profile(&self.findings, &self.triggers, fields, self.guessed);
            let profile = Profile::parse(&text).ok()?;
            let mut violations: Vec<(usize, Violation)> = Vec::new();
            for (index, message) in survey.messages.iter().enumerate() {
                violations.extend(profile.violations(message).into_iter().map(|violation| (index, violation)));
            }
            let culprit = violations.iter().find_map(|(index, violation)| {
                self.culprit(survey, *index, violation).map(|culprit| (culprit, violation.clone()))
            });
            let Some((culprit, violation)) = culprit else {
                let mut violations: Vec<Violation> = violations.into_iter().map(|(_, violation)| violation).collect();
                violations.sort_by(|a, b| (&a.pointer, &a.clause).cmp(&(&b.pointer, &b.clause)));
                violations.dedup();
                return Some(((profile, text), violations));
            };
            match culprit {
                Culprit::Role(role) => {
                    self.findings.retain(|finding| finding.role != role);
                    self.left_out.insert(role, format!("found, but left out, for the kit cannot read it: {violation}"));
                }
                Culprit::Key(key) => {
                    if let Some(FieldForm::Array { keys }) = &mut self.fields {
                        keys.remove(&key);
                    }
                    notes.push(format!("the {key:?} of fields is left out, for the kit cannot read it: {violation}"));
                }
            }
        }
    }

    /// What to leave out, so that a violation ends: a role or a key of fields that a message need not carry, where
    /// something stands that is not of the contract's form.
    fn culprit(&self, survey: &Survey<'_>, message: usize, violation: &Violation) -> Option<Culprit> {
        let place: Pointer = violation.pointer.parse().ok()?;
        let finding = self.findings.iter().find(|finding| finding.pointer.contains(&place))?;
        let stands = finding.pointer.get(survey.messages[message]).is_some_and(|value| !value.is_null());
        if !stands {
            return None;
        }
        if matches!(finding.role, Role::Step(_, schemas::profile::Part::Fields)) {
            // Below the fields a violation has the contract's names.
            let key = match place.tokens().get(finding.pointer.tokens().len() + 1)?.as_str() {
                "identifier" => FieldKey::Identifier,
                "options" => FieldKey::Options,
                "order" => FieldKey::Order,
                _ => return None,
            };
            let carried = matches!(&self.fields, Some(FieldForm::Array { keys }) if keys.contains_key(&key));
            return carried.then_some(Culprit::Key(key));
        }
        let needed = Role::REQUIRED.contains(&finding.role)
            || matches!(finding.role, Role::Trigger | Role::ClientSecret)
            || self.findings.iter().any(|other| other.role.needs() == Some(finding.role));
        (!needed).then_some(Culprit::Role(finding.role))
    }
}

enum Culprit {
    Role(Role),
    Key(FieldKey),
}
