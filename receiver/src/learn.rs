//! Learning the real wire: from captured messages to a profile. Every role is searched for by a place's values and
//! by what the place is called; what is found is said with its evidence and with how sure it is. The same messages give
//! the same answer.

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
    finding::{Confidence, Finding},
    schema::envelope,
    text::{drift, key_name},
};
use self::{
    steps::Steps,
    survey::{Place, Survey},
};

/// The name of a learnt profile.
pub const NAME: &str = "learned";

/// What captured messages say of their wire.
#[derive(Debug)]
pub struct Learned {
    /// The roles that were found, in the order of [`Role::ALL`].
    pub findings: Vec<Finding>,
    /// How the fields are laid out, if they were found.
    pub fields: Option<FieldForm>,
    /// The trigger of which no message shows the word, so that it is guessed.
    pub guessed: Option<Trigger>,
    /// The roles that were not found, and why.
    pub missing: Vec<Missing>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// The profile and its text, if all that a profile must say was found.
    pub profile: Option<(Profile, String)>,
    /// What the messages break in the contract, read through the profile.
    pub violations: Vec<Violation>,
}

/// A role that was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The role.
    pub role: Role,
    /// Whether no message can be understood without it.
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
    let survey = Survey::of(objects);
    for place in survey.places.iter().filter(|place| place.present().any(identity::holds_json)) {
        notes.push(format!(
            "{} is a text that holds JSON itself; a profile cannot look into it, so a proxy must unpack it first",
            place.pointer
        ));
    }
    let mut draft = Draft::of(&survey, names, &mut notes);
    let (profile, violations) = match draft.settle(&survey, &mut notes) {
        Some((profile, violations)) => (Some(profile), violations),
        None => (None, Vec::new()),
    };
    let missing = draft.missing(&survey);
    let Draft { findings, fields, guessed, .. } = draft;
    Learned { findings, fields, guessed, missing, notes, profile, violations }
}

/// What was found so far.
struct Draft {
    findings: Vec<Finding>,
    fields: Option<FieldForm>,
    triggers: BTreeMap<Trigger, Value>,
    guessed: Option<Trigger>,
    /// Roles that were found, and why the profile does not have them.
    left_out: BTreeMap<Role, String>,
    steps: Steps,
}

impl Draft {
    fn of(survey: &Survey<'_>, names: &[String], notes: &mut Vec<String>) -> Self {
        let steps = Steps::find(survey, names);
        let mut draft = Self {
            findings: Vec::new(),
            fields: steps.fields.as_ref().map(|(_, form)| form.clone()),
            triggers: BTreeMap::new(),
            guessed: None,
            left_out: BTreeMap::new(),
            steps: Steps::none(),
        };
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
            draft.accept(Some(found.finding));
        }
        let own = steps.identifier.as_ref().map(|finding| finding.pointer.clone());
        let previous = steps.previous_identifier.as_ref().map(|finding| finding.pointer.clone());
        if let Some(own) = &own {
            for finding in parts::of_step(survey, Subject::Step, own, previous.as_ref(), &draft.taken()) {
                draft.accept(Some(finding));
            }
        }
        if let Some(previous) = &previous {
            for finding in parts::of_step(survey, Subject::PreviousStep, previous, own.as_ref(), &draft.taken()) {
                draft.accept(Some(finding));
            }
        }
        for finding in parts::of_flow(survey, &steps, flow_place.as_ref(), &draft.taken()) {
            draft.accept(Some(finding));
        }
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

    /// Two roles at one place, or one inside the other, cannot both be said; the first found stays.
    fn accept(&mut self, finding: Option<Finding>) {
        let Some(finding) = finding else { return };
        let overlaps = self.findings.iter().any(|known| {
            known.role == finding.role
                || known.pointer.contains(&finding.pointer)
                || finding.pointer.contains(&known.pointer)
        });
        if !overlaps {
            self.findings.push(finding);
        }
    }

    fn taken(&self) -> Vec<Pointer> {
        self.findings.iter().map(|finding| finding.pointer.clone()).collect()
    }

    fn has(&self, role: Role) -> bool {
        self.findings.iter().any(|finding| finding.role == role)
    }

    fn missing(&self, survey: &Survey<'_>) -> Vec<Missing> {
        let previous_seen = survey.messages.iter().any(|message| self.steps.has_previous(message));
        let missing = Role::ALL.into_iter().filter(|role| !self.has(*role)).map(|role| {
            let told_by_previous_step = self.has(Role::Step(Subject::PreviousStep, Part::Fields));
            let why = match role {
                _ if self.left_out.contains_key(&role) => &self.left_out[&role],
                Role::ClientSecret => {
                    "no known secret stands anywhere; if there is one, capture with it configured, or name it with \
                     --client-secret"
                }
                Role::FlowIdentifier => return no_flow(survey, role),
                Role::Step(Subject::Step, Part::Identifier) => return self.no_step(survey, role),
                Role::Step(Subject::Step, Part::Fields) => return self.no_fields(role),
                Role::Trigger if told_by_previous_step => {
                    "not needed: a message with a previous step is of a created step"
                }
                Role::Trigger => {
                    "no word, number or truth that tells created from completed, and no previous step; capture one message \
                     of each"
                }
                Role::Step(Subject::PreviousStep, _) if !previous_seen => {
                    "no message has a previous step; capture one of a step that is created"
                }
                Role::Step(_, Part::Access) => "nothing is public or intranet; only public forms have it",
                Role::Step(_, Part::Decisions) => "nothing is named so; only approvals have them",
                _ => "nothing is named so",
            };
            let required = Role::REQUIRED.contains(&role) || role == Role::Trigger && !told_by_previous_step;
            Missing { role, required, why: why.to_owned() }
        });
        missing.collect()
    }

    fn no_step(&self, survey: &Survey<'_>, role: Role) -> Missing {
        let mut why = "no text equals a name given with --step; it must be spelt as in the modeler".to_owned();
        let named_so = |place: &&Place<'_>| {
            words::any(place.way(), words::STEP)
                && (words::last(place.own(), words::NAME) || words::last(place.own(), words::IDENTIFIER))
                && !self.steps.is_in_fields(&place.pointer)
        };
        let likely = survey.places.iter().filter(named_so).find_map(|place| Some((place, *place.texts()?.first()?)));
        if let Some((place, text)) = likely {
            why.push_str(&format!(" (at {} stands \"{text}\")", place.pointer));
        }
        Missing { role, required: true, why }
    }

    fn no_fields(&self, role: Role) -> Missing {
        let why = match self.steps.unsayable.first() {
            Some(fields) => format!("{} looks like them, but is {}", fields.pointer, fields.why),
            None => "nothing looks like a form's fields; capture a step with two or three of them filled in".to_owned(),
        };
        Missing { role, required: true, why }
    }
}

fn no_flow(survey: &Survey<'_>, role: Role) -> Missing {
    let number = survey.places.iter().find(|place| {
        place.says(words::FLOW)
            && words::last(place.own(), words::IDENTIFIER)
            && place.present().next().is_some_and(Value::is_number)
    });
    let why = match number {
        Some(place) => format!("at {} stands a number, and the kit reads only text there", place.pointer),
        None => "no text of the form FLOW-nnn, and none that is named as a flow's identifier".to_owned(),
    };
    Missing { role, required: true, why }
}
