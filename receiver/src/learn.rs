//! Learns a profile from captured messages. Each role is looked for by the values and the name of a place, and reported
//! with the evidence and the confidence. The same messages always give the same result.

mod check;
mod fields;
mod finding;
mod identity;
mod parts;
mod schema;
mod steps;
mod survey;
mod text;
mod trigger;
mod words;

use std::collections::BTreeMap;

use schemas::{
    Pointer, Profile, Role, Trigger, Violation,
    profile::{FieldForm, Part, Subject},
};
use serde_json::Value;

pub use self::{
    finding::{Confidence, RoleFinding},
    schema::envelope,
    text::drift,
};
use self::{
    steps::Steps,
    survey::{MessageSurvey, Place},
};

/// The name of a learned profile.
const PROFILE_NAME: &str = "learned";

/// What captured messages show of their format.
#[derive(Debug)]
pub struct Learned {
    /// The roles that were found, in the order of [`Role::ALL`].
    pub findings: Vec<RoleFinding>,
    /// The form of the fields, if they were found.
    pub fields: Option<FieldForm>,
    /// The trigger whose word is guessed, because no message shows it.
    pub guessed: Option<Trigger>,
    /// The roles that were not found, and why.
    pub missing: Vec<MissingRole>,
    pub notes: Vec<String>,
    /// The profile and its text, if all required roles were found.
    pub profile: Option<(Profile, String)>,
    /// Violations of the contract by the messages, read through the profile.
    pub violations: Vec<Violation>,
}

/// A role that was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRole {
    pub role: Role,
    /// Whether a profile needs it.
    pub required: bool,
    /// Why, and what to do.
    pub why: String,
}

/// Works out a profile from messages of the steps that have these names. A client secret in them is
/// `<client-secret>`.
pub fn learn(messages: &[Value], names: &[String]) -> Learned {
    let objects: Vec<&Value> = messages.iter().filter(|message| message.is_object()).collect();
    let mut notes = Vec::new();
    if objects.len() < messages.len() {
        notes.push(format!(
            "{} of {} messages are not JSON objects; the receiver takes only objects, so they are left out",
            messages.len() - objects.len(),
            messages.len()
        ));
    }
    let survey = MessageSurvey::of(objects);
    for place in survey.places.iter().filter(|place| place.present().any(identity::holds_json)) {
        notes.push(format!(
            "{} is a text that holds JSON itself; a profile cannot look into it, so a proxy must unpack it first",
            place.pointer
        ));
    }
    let mut draft = ProfileDraft::of(&survey, names, &mut notes);
    let (profile, violations) = draft.check(&survey, &mut notes).unzip();
    let missing = draft.missing(&survey);
    let ProfileDraft { findings, fields, guessed, .. } = draft;
    Learned { findings, fields, guessed, missing, notes, profile, violations: violations.unwrap_or_default() }
}

/// The profile so far.
#[derive(Default)]
struct ProfileDraft {
    findings: Vec<RoleFinding>,
    fields: Option<FieldForm>,
    triggers: BTreeMap<Trigger, Value>,
    guessed: Option<Trigger>,
    /// Roles that were found, and why the profile does not have them.
    left_out: BTreeMap<Role, String>,
    steps: Steps,
}

impl ProfileDraft {
    fn of(survey: &MessageSurvey<'_>, names: &[String], notes: &mut Vec<String>) -> Self {
        let steps = Steps::find(survey, names);
        let mut draft = Self { fields: steps.fields.as_ref().map(|(_, form)| form.clone()), ..Self::default() };
        let secret = identity::client_secret(survey);
        let flow = identity::flow(survey, |pointer| steps.is_in_fields(pointer));
        let flow_place = flow.as_ref().map(|finding| finding.pointer.clone());
        draft.accept(secret);
        draft.accept(flow);
        draft.accept(steps.identifier.clone());
        draft.accept(steps.fields.as_ref().map(|(finding, _)| finding.clone()));
        draft.accept(steps.previous_identifier.clone());
        draft.accept(steps.previous_fields.clone());
        if let Some(found) = trigger::find(survey, &steps, &draft.taken()) {
            draft.triggers = found.words;
            draft.guessed = found.guessed;
            draft.accept([found.finding]);
        }
        let own = steps.identifier.as_ref().map(|finding| &finding.pointer);
        let previous = steps.previous_identifier.as_ref().map(|finding| &finding.pointer);
        for (subject, identifier, other) in [(Subject::Step, own, previous), (Subject::PreviousStep, previous, own)] {
            if let Some(identifier) = identifier {
                draft.accept(parts::of_step(survey, subject, identifier, other, &draft.taken()));
            }
        }
        draft.accept(parts::of_flow(survey, &steps, flow_place.as_ref(), &draft.taken()));
        draft.findings.sort_by_key(|finding| finding.role);
        if let Some(unnamed) = &steps.unnamed {
            notes.push(format!(
                "{unnamed} holds the previous step's fields, but not its name next to them; a profile carries them only \
                 together, so they are left out"
            ));
        }
        draft.steps = steps;
        draft
    }

    /// Adds findings, except those at the place of an earlier one, inside it or around it.
    fn accept(&mut self, findings: impl IntoIterator<Item = RoleFinding>) {
        for finding in findings {
            let overlaps = self.findings.iter().any(|known| {
                known.role == finding.role
                    || known.pointer.contains(&finding.pointer)
                    || finding.pointer.contains(&known.pointer)
            });
            if !overlaps {
                self.findings.push(finding);
            }
        }
    }

    fn taken(&self) -> Vec<Pointer> {
        self.findings.iter().map(|finding| finding.pointer.clone()).collect()
    }

    fn has(&self, role: Role) -> bool {
        self.findings.iter().any(|finding| finding.role == role)
    }

    fn missing(&self, survey: &MessageSurvey<'_>) -> Vec<MissingRole> {
        let previous_seen = survey.messages.iter().any(|message| self.steps.has_previous(message));
        let missing = Role::ALL.into_iter().filter(|role| !self.has(*role)).map(|role| {
            let has_previous_fields = self.has(Role::Step(Subject::PreviousStep, Part::Fields));
            let why = match role {
                _ if self.left_out.contains_key(&role) => &self.left_out[&role],
                Role::ClientSecret => {
                    "no known secret is in the messages; if there is one, capture with it configured, or name it with \
                     --client-secret"
                }
                Role::FlowIdentifier => return no_flow(survey, role),
                Role::Step(Subject::Step, Part::Identifier) => return self.no_step(survey, role),
                Role::Step(Subject::Step, Part::Fields) => return self.no_fields(role),
                Role::Trigger if has_previous_fields => {
                    "not needed: a message with a previous step is of a created step"
                }
                Role::Trigger => {
                    "no text, number or boolean that distinguishes created from completed, and no previous step; capture \
                     one message of each"
                }
                Role::Step(Subject::PreviousStep, _) if !previous_seen => {
                    "no message has a previous step; capture one of a step that is created"
                }
                Role::Step(_, Part::Access) => "nothing is public or intranet; only public forms have it",
                Role::Step(_, Part::Decisions) => "no matching name; only approvals have them",
                _ => "no matching name",
            };
            let required = Role::REQUIRED.contains(&role) || role == Role::Trigger && !has_previous_fields;
            MissingRole { role, required, why: why.to_owned() }
        });
        missing.collect()
    }

    fn no_step(&self, survey: &MessageSurvey<'_>, role: Role) -> MissingRole {
        let mut why = "no text equals a name given with --step; it must be spelt as in the modeler".to_owned();
        let is_named = |place: &&Place<'_>| {
            words::any(place.path_words(), words::STEP)
                && (words::last(place.own(), words::NAME) || words::last(place.own(), words::IDENTIFIER))
                && !self.steps.is_in_fields(&place.pointer)
        };
        let likely = survey.places.iter().filter(is_named).find_map(|place| Some((place, *place.texts()?.first()?)));
        if let Some((place, text)) = likely {
            why.push_str(&format!(" ({} is \"{text}\")", place.pointer));
        }
        MissingRole { role, required: true, why }
    }

    fn no_fields(&self, role: Role) -> MissingRole {
        let why = match self.steps.unsupported.first() {
            Some(fields) => format!("{} looks like them, but is {}", fields.pointer, fields.why),
            None => "nothing looks like a form's fields; capture a step with two or three of them filled in".to_owned(),
        };
        MissingRole { role, required: true, why }
    }
}

fn no_flow(survey: &MessageSurvey<'_>, role: Role) -> MissingRole {
    let number = survey.places.iter().find(|place| {
        place.mentions(words::FLOW)
            && words::last(place.own(), words::IDENTIFIER)
            && place.present().next().is_some_and(Value::is_number)
    });
    let why = match number {
        Some(place) => format!("{} is a number, and the kit reads only text there", place.pointer),
        None => "no text of the form FLOW-nnn, and no text named like a flow's identifier".to_owned(),
    };
    MissingRole { role, required: true, why }
}
