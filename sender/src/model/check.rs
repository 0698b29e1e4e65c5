//! Everything that is wrong with a model: its shape by the JSON Schema, and its meaning, which a schema cannot state.
//! Where both find fault with a place, the meaning has the better words.

mod form;
mod keys;
mod steps;
mod webhook;

use schemas::{Pointer, Schema, Violation};

pub(super) use self::webhook::look_up;
use super::{
    defect::Defect,
    finding::Finding,
    syntax::Syntax,
    tree::{Node, Tree},
};

/// Everything that is wrong, in no order, with what `findings` holds already.
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
        Defect::Missing { whose: whose(&tree.root(), &pointer), key, example }
    };
    Finding::new(pointer, defect)
}

/// The nearest key above an address, its own included.
fn name_of(pointer: &Pointer) -> String {
    let name = pointer.tokens().iter().rev().find(|token| token.parse::<usize>().is_err());
    name.map_or("the model", String::as_str).to_owned()
}

/// What a person calls the object that a member belongs to.
fn whose(root: &Node<'_>, member: &Pointer) -> String {
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

/// Members of one kind whose names must be unique: each later one of the same name.
fn doubled<'t>(what: &'static str, named: impl Iterator<Item = Node<'t>>) -> Vec<Finding> {
    let mut seen: Vec<(String, Pointer)> = Vec::new();
    let mut findings = Vec::new();
    for Node { pointer, value } in named {
        let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match seen.iter().find(|(other, _)| *other == name) {
            Some((_, first)) => {
                let finding = Finding::new(pointer, Defect::Doubled { what, name });
                findings.push(finding.beside(first.clone(), "first here"));
            }
            None => seen.push((name, pointer)),
        }
    }
    findings
}
