//! Checks a model: its shape against the JSON Schema, and its meaning, which a schema cannot express. If both find a problem
//! at a place, the one in the meaning is reported, because its message is better.

mod form;
mod keys;
mod steps;
mod webhook;

use schemas::{Pointer, Schema, Violation};

pub(super) use self::webhook::look_up;
use super::{
    defect::Defect,
    problem::Finding,
    syntax::Syntax,
    tree::{Node, Tree},
};

/// Adds all problems to `findings`, in no particular order.
pub(super) fn check(tree: &Tree, syntax: Syntax, findings: &mut Vec<Finding>) {
    let root = tree.root();
    keys::check(&root, findings);
    steps::check(&root, findings);
    for step in root.elements("step") {
        form::check(&step, syntax, findings);
        webhook::check(&step, syntax, findings);
    }
    form::check_identifiers(&root, findings);

    for violation in Schema::FlowModel.violations(root.value) {
        let pointer: Pointer = violation.pointer.parse().unwrap_or_default();
        let is_known = |finding: &Finding| pointer.contains(&finding.pointer) || finding.pointer.contains(&pointer);
        if !findings.iter().any(is_known) {
            findings.push(shape(tree, syntax, pointer, violation));
        }
    }
}

fn shape(tree: &Tree, syntax: Syntax, pointer: Pointer, violation: Violation) -> Finding {
    let key = name_of(&pointer);
    let example = keys::example(&pointer).map(|value| syntax.member(&key, &value));
    let defect = if tree.has(&pointer) {
        let is_empty = pointer.get(tree.root().value).is_some_and(|value| value == "");
        Defect::Shape { key, rule: if is_empty { "the text is empty".to_owned() } else { violation.message }, example }
    } else {
        Defect::Missing { whose: owner_name(&tree.root(), &pointer), key, example }
    };
    Finding::new(pointer, defect)
}

/// The last key in an address.
fn name_of(pointer: &Pointer) -> String {
    let name = pointer.tokens().iter().rev().find(|token| token.parse::<usize>().is_err());
    name.map_or("the model", String::as_str).to_owned()
}

/// The name of the object of a member, for error messages.
fn owner_name(root: &Node<'_>, member: &Pointer) -> String {
    let tokens = member.tokens();
    let object = &tokens[..tokens.len().saturating_sub(1)];
    match object {
        [] => "the model".to_owned(),
        [.., word, place] if place.parse::<usize>().is_ok() => {
            let pointer = object.iter().fold(Pointer::default(), |pointer, token| pointer.child(token.as_str()));
            let name = pointer.get(root.value).and_then(|object| object.get("name")?.as_str());
            match (name, place.parse::<usize>()) {
                (Some(name), _) => format!("the {word} `{name}`"),
                (None, Ok(place)) => format!("{word} {}", place + 1),
                (None, Err(_)) => format!("the {word}"),
            }
        }
        [.., word] => format!("the {word}"),
    }
}

/// The members whose name, which must be unique, is that of an earlier one.
fn repeated<'t>(what: &'static str, named: impl Iterator<Item = Node<'t>>) -> Vec<Finding> {
    let mut seen: Vec<(String, Pointer)> = Vec::new();
    let mut findings = Vec::new();
    for Node { pointer, value } in named {
        let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match seen.iter().find(|(other, _)| *other == name) {
            Some((_, first)) => {
                let finding = Finding::new(pointer, Defect::NotUnique { what, name });
                findings.push(finding.with_related(first.clone(), "first here"));
            }
            None => seen.push((name, pointer)),
        }
    }
    findings
}
