//! Checks the draft against the messages it was made from, and leaves out what the kit cannot read.

use schemas::{Pointer, Profile, Role, Violation, profile::FieldForm, profile::FieldKey};

use super::{ProfileDraft, survey::MessageSurvey, text};

impl ProfileDraft {
    /// The profile without the roles and keys that the kit cannot read, and the violations that are left.
    pub(super) fn check(
        &mut self,
        survey: &MessageSurvey<'_>,
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
            let removal = violations.iter().find_map(|(index, violation)| {
                self.removal(survey, *index, violation).map(|removal| (removal, violation.clone()))
            });
            let Some((removal, violation)) = removal else {
                let mut violations: Vec<Violation> = violations.into_iter().map(|(_, violation)| violation).collect();
                violations.sort_by(|a, b| (&a.pointer, &a.clause).cmp(&(&b.pointer, &b.clause)));
                violations.dedup();
                return Some(((profile, text), violations));
            };
            match removal {
                Removal::Role(role) => {
                    self.findings.retain(|finding| finding.role != role);
                    self.left_out
                        .insert(role, format!("found, but left out, because the kit cannot read it: {violation}"));
                }
                Removal::Key(key) => {
                    if let Some(FieldForm::Array { keys }) = &mut self.fields {
                        keys.remove(&key);
                    }
                    notes.push(format!(
                        "the {key:?} of fields is left out, because the kit cannot read it: {violation}"
                    ));
                }
            }
        }
    }

    /// What to leave out to avoid a violation: an optional role, or an optional key of fields, whose value does not have
    /// the contract's form.
    fn removal(&self, survey: &MessageSurvey<'_>, message: usize, violation: &Violation) -> Option<Removal> {
        let place: Pointer = violation.pointer.parse().ok()?;
        let finding = self.findings.iter().find(|finding| finding.pointer.contains(&place))?;
        finding.pointer.get(survey.messages[message]).filter(|value| !value.is_null())?;
        if matches!(finding.role, Role::Step(_, schemas::profile::Part::Fields)) {
            // Within the fields a violation has the contract's names.
            let key = match place.tokens().get(finding.pointer.tokens().len() + 1)?.as_str() {
                "identifier" => FieldKey::Identifier,
                "options" => FieldKey::Options,
                "order" => FieldKey::Order,
                _ => return None,
            };
            let carried = matches!(&self.fields, Some(FieldForm::Array { keys }) if keys.contains_key(&key));
            return carried.then_some(Removal::Key(key));
        }
        let needed = Role::REQUIRED.contains(&finding.role)
            || matches!(finding.role, Role::Trigger | Role::ClientSecret)
            || self.findings.iter().any(|other| other.role.needs() == Some(finding.role));
        (!needed).then_some(Removal::Role(finding.role))
    }
}

enum Removal {
    Role(Role),
    Key(FieldKey),
}
