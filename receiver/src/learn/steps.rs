//! The two steps of a message: what identifies each, and where its fields are.

use std::collections::HashSet;

use schemas::{
    Pointer, Role,
    profile::{FieldForm, Part, Subject},
};
use serde_json::Value;

use super::{
    fields::{self, Collection, Unsayable},
    finding::{Candidate, Finding, best},
    survey::{Place, Survey},
    words,
};

/// What was found of the steps.
pub(super) struct Steps {
    pub(super) identifier: Option<Finding>,
    pub(super) fields: Option<(Finding, FieldForm)>,
    pub(super) previous_identifier: Option<Finding>,
    pub(super) previous_fields: Option<Finding>,
    /// What looks like fields and cannot be said.
    pub(super) unsayable: Vec<Unsayable>,
    /// Fields of a previous step whose name was not found, so that a profile cannot carry them.
    pub(super) unnamed: Option<Pointer>,
    collections: HashSet<Pointer>,
}

impl Steps {
    /// Nothing.
    pub(super) fn none() -> Self {
        Self {
            identifier: None,
            fields: None,
            previous_identifier: None,
            previous_fields: None,
            unsayable: Vec::new(),
            unnamed: None,
            collections: HashSet::new(),
        }
    }

    /// `names` are those of the steps that the messages are of.
    pub(super) fn find(survey: &Survey<'_>, names: &[String]) -> Self {
        let (collections, unsayable) = fields::collections(survey);
        let recognised = collections.iter().filter(|found| found.is_recognised()).map(|found| found.pointer.clone());
        let mut steps = Self { unsayable, collections: recognised.collect(), ..Self::none() };
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
        let stands = |finding: &Option<Finding>| {
            finding.as_ref().and_then(|finding| finding.pointer.get(message)).is_some_and(|value| !value.is_null())
        };
        let unnamed = self.unnamed.as_ref().and_then(|place| place.get(message));
        stands(&self.previous_identifier)
            || stands(&self.previous_fields)
            || unnamed.is_some_and(|value| !value.is_null())
    }

    fn identifier(&self, survey: &Survey<'_>, names: &[String], collections: &[Collection]) -> Option<Finding> {
        let outside = || survey.places.iter().filter(|place| !self.is_in_fields(&place.pointer));
        let hits: HashSet<&[String]> = outside()
            .filter(|place| place.says(words::PREVIOUS) && named(place, names) > 0)
            .map(|place| place.own())
            .collect();
        let containers = containers(collections);
        let candidates = outside().filter_map(|place| {
            let texts = place.texts()?;
            let hit = named(place, names);
            // Where the name given is that of the previous step, its own place shows the name of the step's.
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
            candidate.add(place.says(words::STEP), 2, format!("{} mentions step", place.pointer));
            candidate.add(is_next_to_fields(place, &containers), 2, "next to fields");
            candidate.shift(place.says(words::PREVIOUS), -6);
            candidate.shift(place.is_in_an_array(), -2);
            Some(candidate)
        });
        best(Role::Step(Subject::Step, Part::Identifier), candidates, 3)
    }

    fn previous_identifier(&self, survey: &Survey<'_>, names: &[String], all: &[Collection]) -> Option<Finding> {
        let own = survey.at(&self.identifier.as_ref()?.pointer)?;
        let containers = containers(all);
        let candidates = survey.places.iter().filter(|place| !self.is_in_fields(&place.pointer)).filter_map(|place| {
            place.texts()?;
            if place.pointer == own.pointer || own.pointer.contains(&place.pointer) {
                return None;
            }
            let mut candidate = Candidate::at(&place.pointer);
            candidate.add(place.says(words::PREVIOUS), 4, format!("{} mentions previous", place.pointer));
            candidate.add(without_previous(place) == without_previous(own), 3, "named as in the step");
            candidate.add(named(place, names) > 0, 2, "the name of a step that --step gives");
            candidate.add(is_next_to_fields(place, &containers), 1, "next to fields");
            candidate.shift(words::last(place.own(), words::NAME) || words::last(place.own(), words::IDENTIFIER), 1);
            Some(candidate)
        });
        best(Role::Step(Subject::PreviousStep, Part::Identifier), candidates, 6)
    }

    fn previous_fields(&self, collections: &[Collection]) -> Option<(Finding, FieldForm)> {
        let own = &self.identifier.as_ref()?.pointer;
        let identifier = self.previous_identifier.as_ref().map(|finding| &finding.pointer);
        let container = identifier.and_then(Pointer::parent).filter(|container| !container.contains(own));
        let role = Role::Step(Subject::PreviousStep, Part::Fields);
        let candidates = collections.iter().filter_map(|collection| {
            let inside = container.as_ref().is_some_and(|container| container.contains(&collection.pointer));
            let says = says_previous(&collection.pointer);
            let mut candidate = collection.candidate();
            candidate.add(inside, 3, "in the previous step");
            candidate.add(says && !inside, 3, format!("{} mentions previous", collection.pointer));
            (inside || says).then_some(candidate)
        });
        let finding = best(role, candidates, 4)?;
        let form = collections.iter().find(|collection| collection.pointer == finding.pointer)?.form.clone();
        Some((finding, form))
    }

    fn fields(
        &self,
        survey: &Survey<'_>,
        collections: &[Collection],
        previous: Option<&Pointer>,
    ) -> Option<(Finding, FieldForm)> {
        let identifier = self.identifier.as_ref().map(|finding| &finding.pointer);
        let container = identifier.and_then(Pointer::parent);
        let role = Role::Step(Subject::Step, Part::Fields);
        let candidates = collections.iter().filter_map(|collection| {
            if Some(&collection.pointer) == previous || says_previous(&collection.pointer) {
                return None;
            }
            let inside = container.as_ref().is_some_and(|container| container.contains(&collection.pointer));
            let place = survey.at(&collection.pointer)?;
            let mut candidate = collection.candidate();
            candidate.add(inside, 2, "next to the step's name");
            candidate.shift(place.says(words::STEP), 1);
            candidate.shift(place.is_in_an_array(), -3);
            Some(candidate)
        });
        let finding = best(role, candidates, 3)?;
        let form = collections.iter().find(|collection| collection.pointer == finding.pointer)?.form.clone();
        Some((finding, form))
    }

    /// A step that was only created has no fields yet: the place is the one that is named as in the previous step.
    fn unfilled(&self, survey: &Survey<'_>, previous: &Finding) -> Option<Finding> {
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
    /// Whether it is one wherever it stands. A map that is only named so may be anything.
    fn is_recognised(&self) -> bool {
        let least = if matches!(self.form, FieldForm::Array { .. }) { 2 } else { 3 };
        self.score >= least
    }

    fn candidate(&self) -> Candidate {
        let mut candidate = Candidate::at(&self.pointer);
        candidate.shift(true, self.score);
        self.evidence.iter().for_each(|why| candidate.add(true, 0, why.clone()));
        candidate
    }
}

/// In how many messages one of the names is there.
fn named(place: &Place<'_>, names: &[String]) -> usize {
    place.present().filter(|value| value.as_str().is_some_and(|text| names.iter().any(|name| name == text))).count()
}

/// The objects in which collections of fields stand.
fn containers(collections: &[Collection]) -> HashSet<Pointer> {
    collections.iter().filter(|collection| collection.is_recognised()).filter_map(|it| it.pointer.parent()).collect()
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
