//! The webhooks of a step: endpoint, trigger and authentication.

use delivery::EndpointUrl;
use schemas::{
    BasicCredentials, ClientSecret, SecretReference, Trigger,
    authentication::{CLIENT_SECRET_MAX_CHARACTERS, LimitError, PASSWORD_MAX_CHARACTERS},
    suggest::closest,
};
use secrecy::SecretString;

use super::{Defect, Finding, Node, keys, repeated};
use crate::model::Syntax;

/// The secrets of an authentication: key, type, name in messages, and maximum number of characters.
const SECRET_KEYS: [(&str, &str, &str, usize); 2] = [
    ("clientSecret", "clientSecret", "client secret", CLIENT_SECRET_MAX_CHARACTERS),
    ("password", "basic", "password", PASSWORD_MAX_CHARACTERS),
];

pub(super) fn check(step: &Node<'_>, syntax: Syntax, findings: &mut Vec<Finding>) {
    findings.extend(repeated("webhook", step.elements("webhook").filter_map(|webhook| webhook.get("name"))));
    let is_first = step.elements("previous").next().is_none();
    for webhook in step.elements("webhook") {
        let authentication = webhook.get("authentication");
        let kind = authentication.as_ref().and_then(|authentication| authentication.text("type"));
        endpoint(&webhook, kind, findings);
        trigger(&webhook, is_first, findings);
        if let Some(authentication) = authentication.filter(|authentication| authentication.value.is_object()) {
            credentials(&authentication, kind, syntax, findings);
        }
    }
}

fn endpoint(webhook: &Node<'_>, kind: Option<&str>, findings: &mut Vec<Finding>) {
    let found = match webhook.get("endpoint") {
        None => Some(Defect::NoEndpoint),
        Some(node) if node.value.is_null() || node.value == "" => Some(Defect::NoEndpoint),
        Some(node) => node.value.as_str().and_then(|text| match text.parse::<EndpointUrl>() {
            Err(source) => Some(Defect::Endpoint { source }),
            Ok(target) if target.is_encrypted() || target.is_loopback() => None,
            Ok(_) => match kind {
                Some("basic") => Some(Defect::Plaintext),
                Some("clientSecret") => Some(Defect::PlaintextSecret),
                _ => None,
            },
        }),
    };
    findings.extend(found.map(|defect| Finding::new(webhook.pointer.child("endpoint"), defect)));
}

fn trigger(webhook: &Node<'_>, is_first: bool, findings: &mut Vec<Finding>) {
    let Some(word) = webhook.text("trigger") else { return };
    let words = || Trigger::ALL.iter().map(|trigger| trigger.as_str());
    let defect = if !words().any(|known| known == word) {
        let (nearest, known) = (closest(word, words()).map(str::to_owned), words().map(str::to_owned).collect());
        Defect::UnknownWord { what: "trigger", word: word.to_owned(), nearest, known }
    } else if word == Trigger::StepCreated.as_str() && is_first {
        Defect::CreatedOnFirst
    } else {
        return;
    };
    findings.push(Finding::new(webhook.pointer.child("trigger"), defect));
}

fn credentials(authentication: &Node<'_>, kind: Option<&str>, syntax: Syntax, findings: &mut Vec<Finding>) {
    let kinds = ["none", "clientSecret", "basic"];
    let kind = match kind {
        Some(word) if !kinds.contains(&word) => {
            let (nearest, known) = (closest(word, kinds).map(str::to_owned), kinds.map(str::to_owned).to_vec());
            let defect = Defect::UnknownWord { what: "type of authentication", word: word.to_owned(), nearest, known };
            findings.push(Finding::new(authentication.pointer.child("type"), defect));
            None
        }
        other => other,
    };
    for (key, belongs_to) in [("clientSecret", "clientSecret"), ("username", "basic"), ("password", "basic")] {
        if let (Some(_), Some(kind)) = (authentication.get(key), kind.filter(|kind| *kind != belongs_to)) {
            let defect = Defect::OtherAuthentication { key, kind: kind.to_owned() };
            findings.push(Finding::new(authentication.pointer.child(key), defect).on_key());
        }
    }
    let example = |node: &Node<'_>, key: &str| {
        let value = keys::example(&node.pointer).unwrap_or_default();
        syntax.member(key, &value)
    };
    for (key, _, what, limit) in SECRET_KEYS {
        let Some(node) = authentication.get(key).filter(|node| !node.value.is_null()) else { continue };
        let example = example(&node, key);
        let defect = match node.value.as_str() {
            Some("") => Defect::EmptyCredential { what, example },
            Some(text) => match text.parse::<SecretReference>() {
                Ok(SecretReference::Prompt) => Defect::Prompt { what, example },
                Ok(_) => continue,
                Err(_) => {
                    let characters = text.chars().count();
                    let too_long = (characters > limit).then_some((characters, limit));
                    Defect::NotAReference { what, too_long, example }
                }
            },
            None => Defect::NotAReference { what, too_long: None, example },
        };
        findings.push(Finding::new(node.pointer, defect));
    }
    if let Some(node) = authentication.get("username")
        && let Some(text) = node.value.as_str()
        && let Err(limits) = BasicCredentials::parse_username(text)
    {
        let defect = |limit| match limit {
            LimitError::Empty { what } => Defect::EmptyCredential { what, example: example(&node, "username") },
            limit => Defect::Credential { limit, resolved: false },
        };
        findings.extend(limits.into_iter().map(|limit| Finding::new(node.pointer.clone(), defect(limit))));
    }
}

/// The references of a model that cannot be read here or whose secret breaks a limit: each reference once. `place` resolves
/// relative paths.
pub(in crate::model) fn look_up(root: &Node<'_>, place: impl Fn(SecretReference) -> SecretReference) -> Vec<Finding> {
    let webhooks = root.elements("step").flat_map(|step| step.elements("webhook"));
    let mut references: Vec<(Node<'_>, &str, SecretReference, usize)> = Vec::new();
    for authentication in webhooks.filter_map(|webhook| webhook.get("authentication")) {
        for (key, kind, ..) in SECRET_KEYS {
            let Some(node) = authentication.get(key).filter(|_| authentication.text("type") == Some(kind)) else {
                continue;
            };
            let Some(Ok(found)) = node.value.as_str().map(str::parse::<SecretReference>) else { continue };
            match references.iter_mut().find(|(_, other_key, other, _)| *other_key == key && *other == found) {
                Some((.., others)) => *others += 1,
                None if found == SecretReference::Prompt => {}
                None => references.push((node, key, found, 0)),
            }
        }
    }
    let defect = |key, reference, others| match place(reference).resolve() {
        Err(source) => Some(Defect::UnreadableReference { source, others }),
        Ok(secret) => limits(key, secret).err().map(|limit| Defect::Credential { limit, resolved: true }),
    };
    let finding = |(node, key, reference, others): (Node<'_>, _, _, _)| {
        Some(Finding::new(node.pointer, defect(key, reference, others)?))
    };
    references.into_iter().filter_map(finding).collect()
}

fn limits(key: &str, secret: SecretString) -> Result<(), LimitError> {
    match key {
        "password" => BasicCredentials::exact("x", secret).map(|_| ()),
        _ => ClientSecret::exact(secret).map(|_| ()),
    }
}
