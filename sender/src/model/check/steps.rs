//! The kinds and the order of the steps.

use schemas::{StepKind, suggest::closest};

use super::{Defect, Finding, Node, repeated};
use crate::model::arrows::Arrows;

pub(super) fn check(root: &Node<'_>, findings: &mut Vec<Finding>) {
    let steps: Vec<Node<'_>> = root.elements("step").collect();
    findings.extend(repeated("step", steps.iter().filter_map(|step| step.get("name"))));
    let names: Vec<&str> = steps.iter().map(|step| step.text("name").unwrap_or_default()).collect();
    let previous = steps.iter().map(|step| step.elements("previous").filter_map(|name| name.value.as_str()).collect());
    let arrows = Arrows::new(names.iter().copied().zip(previous));

    let is_unknown = |name: &Node<'_>| name.value.as_str().is_some_and(|name| !names.contains(&name));
    let uncertain: Vec<usize> =
        (0..steps.len()).filter(|place| steps[*place].elements("previous").any(|name| is_unknown(&name))).collect();

    for (place, step) in steps.iter().enumerate() {
        let other_names = || names.iter().copied().filter(|name| *name != names[place]);
        for name in step.elements("previous") {
            known(&name, &names, other_names(), findings);
        }
        let twice = repeated("previous step", step.elements("previous"));
        findings.extend(twice.into_iter().map(|finding| Finding { defect: Defect::PreviousTwice, ..finding }));
        kind(step, findings);
        // If a previous step is unknown, so are the steps before it.
        let is_certain = !uncertain.iter().any(|step| *step == place || arrows.is_before(*step, place));
        if let Some(target) = step.get("sendBackTo").filter(|target| !target.value.is_null())
            && let Some(earlier) = known(&target, &names, other_names(), findings)
            && is_certain
            && step.text("type").is_some_and(|kind| StepKind::from(kind.to_owned()).is_approval())
            && (earlier == place || !arrows.is_before(earlier, place))
        {
            let defect = Defect::SendBackNotEarlier { name: names[earlier].to_owned() };
            findings.push(Finding::new(target.pointer, defect));
        }
    }
    first(&steps, findings);
    circles(&steps, &names, &arrows, findings);
}

fn known<'n>(
    name: &Node<'_>,
    names: &[&str],
    others: impl Iterator<Item = &'n str>,
    findings: &mut Vec<Finding>,
) -> Option<usize> {
    let text = name.value.as_str()?;
    let place = names.iter().position(|other| *other == text);
    if place.is_none() && !text.is_empty() {
        let defect = Defect::UnknownStep { name: text.to_owned(), nearest: closest(text, others).map(str::to_owned) };
        findings.push(Finding::new(name.pointer.clone(), defect));
    }
    place
}

fn kind(step: &Node<'_>, findings: &mut Vec<Finding>) {
    let Some(word) = step.text("type") else { return };
    let kind = StepKind::from(word.to_owned());
    let mut found = |key: &str, defect| findings.push(Finding::new(step.pointer.child(key), defect));
    let has = |key: &str| step.get(key).is_some_and(|node| !node.value.is_null());
    if let StepKind::Other(word) = kind {
        let words = || StepKind::KNOWN.iter().map(StepKind::as_str);
        let (nearest, known) = (closest(&word, words()).map(str::to_owned), words().map(str::to_owned).collect());
        return found("type", Defect::UnknownWord { what: "type of step", word, nearest, known });
    }
    if kind == StepKind::PublicForm {
        if !has("access") {
            found("access", Defect::NoAccess);
        }
        if step.elements("previous").next().is_some() {
            found("previous", Defect::PublicFormNotFirst);
        }
    } else if has("access") {
        found("access", Defect::AccessElsewhere { kind: kind.clone() });
    }
    if kind.is_approval() {
        let actors = step.get("actors");
        let nobody = actors.is_none_or(|actors| actors.value.as_array().is_some_and(Vec::is_empty));
        if nobody {
            found("actors", Defect::NoActors);
        }
    } else if has("sendBackTo") {
        found("sendBackTo", Defect::SendBackElsewhere { kind });
    }
}

fn first(steps: &[Node<'_>], findings: &mut Vec<Finding>) {
    let mut without = steps.iter().filter(|step| match step.get("previous") {
        Some(previous) => previous.value.as_array().is_some_and(Vec::is_empty),
        None => true,
    });
    let Some(first) = without.next() else {
        findings.extend(steps.first().map(|step| Finding::new(step.pointer.child("previous"), Defect::NoFirst)));
        return;
    };
    for step in without {
        let finding = Finding::new(step.pointer.child("name"), Defect::SecondFirst);
        findings.push(finding.with_related(first.pointer.child("name"), "the first step"));
    }
}

fn circles(steps: &[Node<'_>], names: &[&str], arrows: &Arrows, findings: &mut Vec<Finding>) {
    for circle in arrows.circles() {
        let defect = Defect::Circle { steps: circle.iter().map(|place| step_name(*place, names)).collect() };
        findings.push(Finding::new(steps[circle[0]].pointer.child("previous"), defect));
    }
    let reached = arrows.order();
    for (place, step) in steps.iter().enumerate() {
        let waits = !reached.contains(&place) && !arrows.is_before(place, place);
        if waits {
            let defect = Defect::Unreachable { name: step_name(place, names) };
            findings.push(Finding::new(step.pointer.child("previous"), defect));
        }
    }
}

/// The name of a step, for error messages.
fn step_name(place: usize, names: &[&str]) -> String {
    match names[place] {
        "" => format!("step {}", place + 1),
        name => format!("`{name}`"),
    }
}
