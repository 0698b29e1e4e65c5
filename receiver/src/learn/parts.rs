//! The roles that a message need not carry: found by name, in the object where they belong, and by their values.

use jiff::Timestamp;
use schemas::{
    Pointer, Role, StepKind,
    profile::{Part, Subject},
};
use serde_json::Value;

use super::{
    finding::{Candidate, Finding, best},
    steps::Steps,
    survey::{Place, Survey},
    words,
};

/// How much the place's surroundings speak for it, and which these are.
type Belongs = (i32, &'static str);

const PEOPLE: &[&str] = &["by", "user", "person", "actor"];

/// Finds the roles of the webhook and of the flow.
pub(super) fn of_flow(survey: &Survey<'_>, steps: &Steps, flow: Option<&Pointer>, taken: &[Pointer]) -> Vec<Finding> {
    let root = Pointer::default();
    // In an object of the flow's own any name will do; elsewhere the name must contain `flow`.
    let container = flow.and_then(Pointer::parent).filter(|container| *container != root);
    let find = |role: Role, hints: &dyn Fn(&Place<'_>) -> bool, belongs: &dyn Fn(&Place<'_>) -> Option<Belongs>| {
        let candidates = survey.places.iter().filter_map(|place| {
            let free =
                !taken.contains(&place.pointer) && !steps.is_in_fields(&place.pointer) && !place.is_in_an_array();
            if !free || !hints(place) || place.says(words::PREVIOUS) || place.texts().is_none() {
                return None;
            }
            let (points, where_to) = belongs(place)?;
            let mut candidate = Candidate::at(&place.pointer);
            candidate.add(true, 2 + points, format!("named {}, {where_to}", place.name()));
            Some(candidate)
        });
        best(role, candidates, 2)
    };
    let in_flow = |place: &Place<'_>| {
        let inside = container.as_ref().is_some_and(|container| place.is_member_of(container));
        let says = words::any(place.own(), words::FLOW);
        if inside { Some((3, "next to the flow's identifier")) } else { says.then_some((2, "named after the flow")) }
    };
    let in_hook = |place: &Place<'_>| place.says(words::HOOK).then_some((3, "of the webhook"));
    let last = |of: &'static [&'static str]| move |place: &Place<'_>| words::last(place.own(), of);
    let subject = |place: &Place<'_>| in_flow(place).or_else(|| place.is_member_of(&root).then_some((1, "at the top")));
    let started = |place: &Place<'_>| {
        let own = place.own();
        words::any(own, &["initiator", "starter", "requester", "initiated"])
            || (words::any(own, &["started", "created", "requested"]) && words::any(own, PEOPLE))
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
    survey: &Survey<'_>,
    subject: Subject,
    identifier: &Pointer,
    other: Option<&Pointer>,
    taken: &[Pointer],
) -> Vec<Finding> {
    let Some(container) = identifier.parent() else { return Vec::new() };
    let shared = container.tokens().is_empty() || other.and_then(Pointer::parent).as_ref() == Some(&container);
    let belongs = |place: &&Place<'_>| {
        let says_previous = words::any(place.own(), words::PREVIOUS);
        let right_one = !shared || says_previous == (subject == Subject::PreviousStep);
        place.is_member_of(&container) && right_one && !taken.contains(&place.pointer)
    };
    let find = |part: Part, judge: &dyn Fn(&Place<'_>, &mut Candidate)| {
        let candidates = survey.places.iter().filter(belongs).map(|place| {
            let mut candidate = Candidate::at(&place.pointer);
            judge(place, &mut candidate);
            candidate
        });
        // In an object of many things a bare name is too little.
        best(Role::Step(subject, part), candidates, if shared { 4 } else { 2 })
    };
    let step_word = |place: &Place<'_>| words::any(place.own(), &["step", "task"]);
    let time = |of: &'static [&'static str]| {
        move |place: &Place<'_>, candidate: &mut Candidate| {
            let Some(texts) = place.texts() else { return };
            let is_time = texts.iter().all(|text| text.parse::<Timestamp>().is_ok());
            let named_so = words::any(place.own(), of) && is_time;
            candidate.add(named_so, 5, format!("a time (RFC 3339) named {}, in the step", place.name()));
            candidate.shift(named_so && step_word(place), 1);
        }
    };
    [
        find(Part::Type, &|place, candidate| {
            let Some(texts) = place.texts() else { return };
            let kind = texts.iter().find(|text| is_kind(text));
            let named_so = words::last(place.own(), &["type", "kind"]);
            candidate.add(named_so, 3, format!("named {}, in the step", place.name()));
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
            let by = words::any(place.own(), words::COMPLETED) && words::any(place.own(), PEOPLE);
            candidate.add(by && place.texts().is_some(), 5, format!("named {}, in the step", place.name()));
        }),
        find(Part::Decisions, &|place, candidate| {
            let arrays: Option<Vec<&Vec<Value>>> = place.present().map(Value::as_array).collect();
            let filled = arrays.is_some_and(|arrays| arrays.into_iter().flatten().any(Value::is_object));
            let named_so = words::any(place.own(), &["decisions", "decision", "approvals"]);
            candidate.add(filled && named_so, 5, format!("a list named {}, in the step", place.name()));
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A kind of the help page, in any casing.
fn is_kind(text: &str) -> bool {
    let own = words::split(text);
    StepKind::KNOWN.iter().any(|kind| words::split(kind.as_str()) == own)
}
