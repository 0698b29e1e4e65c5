//! The two steps of a message: what identifies each, and where its fields are.

use std::collections::HashSet;

use schemas::{
    Pointer, Role,
    profile::{FieldForm, Part, Subject},
};
use serde_json::Value;

use super::{
    fields::{self, Collection, UnsupportedCollection},
    finding::{Candidate, RoleFinding, best},
    survey::{MessageSurvey, Place},
    words,
};

/// What was found of the steps.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) identifier: Option<RoleFinding>,
    pub(super) fields: Option<(RoleFinding, FieldForm)>,
    pub(super) previous_identifier: Option<RoleFinding>,
    pub(super) previous_fields: Option<RoleFinding>,
    /// Collections that look like fields and that a profile cannot express.
    pub(super) unsupported: Vec<UnsupportedCollection>,
    /// Fields of a previous step whose name was not found, so that a profile cannot carry them.
    pub(super) unnamed: Option<Pointer>,
    collections: HashSet<Pointer>,
}

impl Steps {
    /// `names` are those of the steps that the messages are of.
    pub(super) fn find(survey: &MessageSurvey<'_>, names: &[String]) -> Self {
        let (collections, unsupported) = fields::collections(survey);
        let recognised =
            collections.iter().filter(|found| found.is_recognised()).map(|found| found.candidate.pointer.clone());
        let mut steps = Self { unsupported, collections: recognised.collect(), ..Self::default() };
        steps.identifier = steps.identifier(survey, names, &collections);
        steps.previous_identifier = steps.previous_identifier(survey, names, &collections);
        let mut previous = steps.previous_fields(&collections);
        let own = steps.fields(survey, &collections, previous.as_ref().map(|(finding, _)| &finding.pointer));
        steps.fields = match (own, &previous) {
            (Some((finding, form)), Some((_, more))) => Some((finding, fields::joined(&form, more))),
            (Some((finding, form)), None) => Some((finding, form)),
            (None, Some((other, form))) => steps.unfilled(survey, other).map(|finding| (finding, form.clone())),
            (None, None) => None,
        };
        steps.previous_fields = previous.take().map(|(finding, _)| finding);
        if steps.previous_identifier.is_none() || steps.previous_fields.is_none() {
            // Each needs the other, in a profile.
            steps.unnamed = steps.previous_fields.take().map(|finding| finding.pointer);
            steps.previous_identifier = None;
        }
        steps
    }

    /// Whether a place is inside a collection of fields.
    pub(super) fn is_in_fields(&self, pointer: &Pointer) -> bool {
        self.collections.contains(pointer) || fields::above(pointer).any(|above| self.collections.contains(&above))
    }

    /// Whether a message carries a previous step.
    pub(super) fn has_previous(&self, message: &Value) -> bool {
        let has = |finding: &Option<RoleFinding>| {
            finding.as_ref().and_then(|finding| finding.pointer.get(message)).is_some_and(|value| !value.is_null())
        };
        let unnamed = self.unnamed.as_ref().and_then(|place| place.get(message));
        has(&self.previous_identifier) || has(&self.previous_fields) || unnamed.is_some_and(|value| !value.is_null())
    }

    fn identifier(
        &self,
        survey: &MessageSurvey<'_>,
        names: &[String],
        collections: &[Collection],
    ) -> Option<RoleFinding> {
        let outside = || survey.places.iter().filter(|place| !self.is_in_fields(&place.pointer));
        let hits: HashSet<&[String]> = outside()
            .filter(|place| place.mentions(words::PREVIOUS) && named(place, names) > 0)
            .map(|place| place.own())
            .collect();
        let containers = containers(collections);
        let candidates = outside().filter_map(|place| {
            let texts = place.texts()?;
            let hit = named(place, names);
            // If the given name is that of the previous step, the name of that place leads to the step's.
            let alike = hits.contains(place.own());
            if hit == 0 && !alike {
                return None;
            }
            let mut candidate = Candidate::at(&place.pointer);
            let name = texts.iter().find(|text| names.iter().any(|name| name == *text));
            if let Some(name) = name {
                candidate.add(true, 4, format!("\"{name}\" is the name that --step gives"));
            }
            candidate.add(hit == 0, 1, "named as in the previous step, which --step names");
            candidate.shift(hit == survey.messages.len(), 1);
            candidate.shift(place.is_in_every_message(), 1);
            candidate.shift(words::last(place.own(), words::IDENTIFIER), 2);
            candidate.shift(words::last(place.own(), words::NAME), 1);
            candidate.add(place.mentions(words::STEP), 2, format!("{} mentions step", place.pointer));
            candidate.add(is_next_to_fields(place, &containers), 2, "next to fields");
            candidate.shift(place.mentions(words::PREVIOUS), -6);
            candidate.shift(place.is_in_an_array(), -2);
            Some(candidate)
        });
        best(Role::Step(Subject::Step, Part::Identifier), candidates, 3)
    }

    fn previous_identifier(
        &self,
        survey: &MessageSurvey<'_>,
        names: &[String],
        all: &[Collection],
    ) -> Option<RoleFinding> {
        let own = survey.at(&self.identifier.as_ref()?.pointer)?;
        let containers = containers(all);
        let candidates = survey.places.iter().filter(|place| !self.is_in_fields(&place.pointer)).filter_map(|place| {
            place.texts()?;
            if place.pointer == own.pointer || own.pointer.contains(&place.pointer) {
                return None;
            }
            let mut candidate = Candidate::at(&place.pointer);
            candidate.add(place.mentions(words::PREVIOUS), 4, format!("{} mentions previous", place.pointer));
            candidate.add(without_previous(place) == without_previous(own), 3, "named as in the step");
            candidate.add(named(place, names) > 0, 2, "the name of a step that --step gives");
            candidate.add(is_next_to_fields(place, &containers), 1, "next to fields");
            candidate.shift(words::last(place.own(), words::NAME) || words::last(place.own(), words::IDENTIFIER), 1);
            Some(candidate)
        });
        best(Role::Step(Subject::PreviousStep, Part::Identifier), candidates, 6)
    }

    fn previous_fields(&self, collections: &[Collection]) -> Option<(RoleFinding, FieldForm)> {
        let own = &self.identifier.as_ref()?.pointer;
        let identifier = self.previous_identifier.as_ref().map(|finding| &finding.pointer);
        let container = identifier.and_then(Pointer::parent).filter(|container| !container.contains(own));
        let role = Role::Step(Subject::PreviousStep, Part::Fields);
        let candidates = collections.iter().filter_map(|collection| {
            let inside = container.as_ref().is_some_and(|container| container.contains(&collection.candidate.pointer));
            let says = says_previous(&collection.candidate.pointer);
            let mut candidate = collection.candidate.clone();
            candidate.add(inside, 3, "in the previous step");
            candidate.add(says && !inside, 3, format!("{} mentions previous", collection.candidate.pointer));
            (inside || says).then_some(candidate)
        });
        let finding = best(role, candidates, 4)?;
        let form = collections.iter().find(|collection| collection.candidate.pointer == finding.pointer)?.form.clone();
        Some((finding, form))
    }

    fn fields(
        &self,
        survey: &MessageSurvey<'_>,
        collections: &[Collection],
        previous: Option<&Pointer>,
    ) -> Option<(RoleFinding, FieldForm)> {
        let identifier = self.identifier.as_ref().map(|finding| &finding.pointer);
        let container = identifier.and_then(Pointer::parent);
        let role = Role::Step(Subject::Step, Part::Fields);
        let candidates = collections.iter().filter_map(|collection| {
            if Some(&collection.candidate.pointer) == previous || says_previous(&collection.candidate.pointer) {
                return None;
            }
            let inside = container.as_ref().is_some_and(|container| container.contains(&collection.candidate.pointer));
            let place = survey.at(&collection.candidate.pointer)?;
            let mut candidate = collection.candidate.clone();
            candidate.add(inside, 2, "next to the step's name");
            candidate.shift(place.mentions(words::STEP), 1);
            candidate.shift(place.is_in_an_array(), -3);
            Some(candidate)
        });
        let finding = best(role, candidates, 3)?;
        let form = collections.iter().find(|collection| collection.candidate.pointer == finding.pointer)?.form.clone();
        Some((finding, form))
    }

    /// A step that was only created has no fields yet: the place is the one that is named as in the previous step.
    fn unfilled(&self, survey: &MessageSurvey<'_>, previous: &RoleFinding) -> Option<RoleFinding> {
        let own = &self.identifier.as_ref()?.pointer;
        let container = own.parent()?;
        let model = survey.at(&previous.pointer)?;
        let role = Role::Step(Subject::Step, Part::Fields);
        let candidates = survey.places.iter().filter_map(|place| {
            let alike = place.pointer != previous.pointer
                && place.is_member_of(&container)
                && without_previous(place) == without_previous(model)
                && place.present().all(|value| value.is_array() || value.is_object());
            let mut candidate = Candidate::at(&place.pointer);
            candidate.add(alike, 4, "named as in the previous step; no message shows it filled");
            alike.then_some(candidate)
        });
        best(role, candidates, 4)
    }
}

impl Collection {
    /// Whether it is recognised wherever it is. A map with only a matching name may be anything.
    fn is_recognised(&self) -> bool {
        self.candidate.score >= if matches!(self.form, FieldForm::Array { .. }) { 2 } else { 3 }
    }
}

/// Number of messages with one of the names at this place.
fn named(place: &Place<'_>, names: &[String]) -> usize {
    place.present().filter(|value| value.as_str().is_some_and(|text| names.iter().any(|name| name == text))).count()
}

/// The objects that contain collections of fields.
fn containers(collections: &[Collection]) -> HashSet<Pointer> {
    collections
        .iter()
        .filter(|collection| collection.is_recognised())
        .filter_map(|it| it.candidate.pointer.parent())
        .collect()
}

/// Whether a collection of fields is in the same object.
fn is_next_to_fields(place: &Place<'_>, containers: &HashSet<Pointer>) -> bool {
    place.pointer.parent().is_some_and(|container| containers.contains(&container))
}

fn says_previous(pointer: &Pointer) -> bool {
    pointer.tokens().iter().any(|token| words::any(&words::split(token), words::PREVIOUS))
}

/// The words of a place's own name, without those for one of the two steps.
fn without_previous<'p>(place: &'p Place<'_>) -> Vec<&'p String> {
    place.own().iter().filter(|word| !words::PREVIOUS.contains(&word.as_str())).collect()
}
