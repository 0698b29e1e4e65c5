//! Finds the optional roles by name, by value, and by the object in which they are.

use jiff::Timestamp;
use schemas::{
    Pointer, Role, StepKind,
    profile::{Part, Subject},
};
use serde_json::Value;

use super::{
    finding::{Candidate, RoleFinding, best},
    steps::Steps,
    survey::{MessageSurvey, Place},
    words,
};

/// Points for the surroundings of a place, and their description.
type Surroundings = (i32, &'static str);

const PERSON_WORDS: &[&str] = &["by", "user", "person", "actor"];

/// Finds the roles of the webhook and of the flow.
pub(super) fn of_flow(
    survey: &MessageSurvey<'_>,
    steps: &Steps,
    flow: Option<&Pointer>,
    taken: &[Pointer],
) -> Vec<RoleFinding> {
    let root = Pointer::default();
    // In the flow's own object any name will do; elsewhere the name must contain `flow`.
    let container = flow.and_then(Pointer::parent).filter(|container| *container != root);
    let find =
        |role: Role, hints: &dyn Fn(&Place<'_>) -> bool, belongs: &dyn Fn(&Place<'_>) -> Option<Surroundings>| {
            let candidates = survey.places.iter().filter_map(|place| {
                let free =
                    !taken.contains(&place.pointer) && !steps.is_in_fields(&place.pointer) && !place.is_in_an_array();
                if !free || !hints(place) || place.mentions(words::PREVIOUS) || place.texts().is_none() {
                    return None;
                }
                let (points, surroundings) = belongs(place)?;
                let mut candidate = Candidate::at(&place.pointer);
                candidate.add(true, 2 + points, format!("named {}, {surroundings}", place.name()));
                Some(candidate)
            });
            best(role, candidates, 2)
        };
    let in_flow = |place: &Place<'_>| {
        let inside = container.as_ref().is_some_and(|container| place.is_member_of(container));
        let is_named = words::any(place.own(), words::FLOW);
        if inside {
            Some((3, "next to the flow's identifier"))
        } else {
            is_named.then_some((2, "named after the flow"))
        }
    };
    let in_hook = |place: &Place<'_>| place.mentions(words::HOOK).then_some((3, "of the webhook"));
    let last = |of: &'static [&'static str]| move |place: &Place<'_>| words::last(place.own(), of);
    let subject = |place: &Place<'_>| in_flow(place).or_else(|| place.is_member_of(&root).then_some((1, "at the top")));
    let started = |place: &Place<'_>| {
        let own = place.own();
        words::any(own, &["initiator", "starter", "requester", "initiated"])
            || (words::any(own, &["started", "created", "requested"]) && words::any(own, PERSON_WORDS))
    };
    [
        find(Role::WebhookName, &last(words::NAME), &in_hook),
        find(Role::WebhookDescription, &last(&["description"]), &in_hook),
        find(Role::FlowName, &last(&["name", "title", "model"]), &in_flow),
        find(Role::FlowSubject, &last(&["subject"]), &subject),
        find(Role::FlowInitiator, &started, &subject),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Finds the parts of one of the two steps, next to its identifier.
pub(super) fn of_step(
    survey: &MessageSurvey<'_>,
    subject: Subject,
    identifier: &Pointer,
    other: Option<&Pointer>,
    taken: &[Pointer],
) -> Vec<RoleFinding> {
    let Some(container) = identifier.parent() else { return Vec::new() };
    let shared = container.tokens().is_empty() || other.and_then(Pointer::parent).as_ref() == Some(&container);
    let belongs = |place: &&Place<'_>| {
        let is_previous = words::any(place.own(), words::PREVIOUS);
        let is_right_step = !shared || is_previous == (subject == Subject::PreviousStep);
        place.is_member_of(&container) && is_right_step && !taken.contains(&place.pointer)
    };
    let find = |part: Part, judge: &dyn Fn(&Place<'_>, &mut Candidate)| {
        let candidates = survey.places.iter().filter(belongs).map(|place| {
            let mut candidate = Candidate::at(&place.pointer);
            judge(place, &mut candidate);
            candidate
        });
        // In an object shared with other parts a name alone is not enough.
        best(Role::Step(subject, part), candidates, if shared { 4 } else { 2 })
    };
    let step_word = |place: &Place<'_>| words::any(place.own(), &["step", "task"]);
    let time = |of: &'static [&'static str]| {
        move |place: &Place<'_>, candidate: &mut Candidate| {
            let Some(texts) = place.texts() else { return };
            let is_time = texts.iter().all(|text| text.parse::<Timestamp>().is_ok());
            let is_named = words::any(place.own(), of) && is_time;
            candidate.add(is_named, 5, format!("a time (RFC 3339) named {}, in the step", place.name()));
            candidate.shift(is_named && step_word(place), 1);
        }
    };
    [
        find(Part::Type, &|place, candidate| {
            let Some(texts) = place.texts() else { return };
            let kind = texts.iter().find(|text| is_kind(text));
            let is_named = words::last(place.own(), &["type", "kind"]);
            candidate.add(is_named, 3, format!("named {}, in the step", place.name()));
            if let Some(kind) = kind {
                candidate.add(true, 4, format!("{kind} is a kind of step"));
            }
        }),
        find(Part::Access, &|place, candidate| {
            let Some(texts) = place.texts() else { return };
            let known = texts.iter().all(|text| ["public", "intranet"].contains(&text.to_lowercase().as_str()));
            candidate.add(known, 4, "public or intranet");
            candidate.shift(known && words::any(place.own(), &["access", "visibility", "audience"]), 3);
        }),
        find(Part::CreatedAt, &time(words::CREATED)),
        find(Part::CompletedAt, &time(words::COMPLETED)),
        find(Part::CompletedBy, &|place, candidate| {
            let by = words::any(place.own(), words::COMPLETED) && words::any(place.own(), PERSON_WORDS);
            candidate.add(by && place.texts().is_some(), 5, format!("named {}, in the step", place.name()));
        }),
        find(Part::Decisions, &|place, candidate| {
            let arrays: Option<Vec<&Vec<Value>>> = place.present().map(Value::as_array).collect();
            let filled = arrays.is_some_and(|arrays| arrays.into_iter().flatten().any(Value::is_object));
            let is_named = words::any(place.own(), &["decisions", "decision", "approvals"]);
            candidate.add(filled && is_named, 5, format!("a list named {}, in the step", place.name()));
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A kind from the product's help page, in any casing.
fn is_kind(text: &str) -> bool {
    let own = words::split(text);
    StepKind::KNOWN.iter().any(|kind| words::split(kind.as_str()) == own)
}
