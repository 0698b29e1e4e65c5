//! A profile as TOML, and its differences from profile v1.

use std::{collections::BTreeMap, fmt::Write as _};

use schemas::{
    Profile, Role, Trigger,
    profile::{FieldForm, Subject},
};
use serde_json::Value;
use similar::TextDiff;

use super::{
    PROFILE_NAME,
    finding::{Confidence, RoleFinding},
};

/// The text of the profile, with a comment on each uncertain line.
pub(super) fn profile(
    findings: &[RoleFinding],
    triggers: &BTreeMap<Trigger, Value>,
    fields: &FieldForm,
    guessed: Option<Trigger>,
) -> String {
    let roles = findings.iter().map(|finding| {
        let comment = if finding.confidence == Confidence::Low { "  # low confidence" } else { "" };
        (finding.role, format!("{}{comment}", string(&finding.pointer.to_string())))
    });
    let words = triggers.iter().map(|(trigger, word)| {
        let comment = if guessed == Some(*trigger) { "  # guessed: no message shows it" } else { "" };
        (*trigger, format!("{}{comment}", scalar(word)))
    });
    layout(PROFILE_NAME, roles, words, fields)
}

/// The differences of a profile from profile v1, as a unified diff; `None` if they are equal.
pub fn drift(profile: &Profile) -> Option<String> {
    let (old, new) = (plain(Profile::v1(), "v1"), plain(profile, "v1"));
    if old == new {
        return None;
    }
    let new = plain(profile, profile.name());
    Some(TextDiff::from_lines(&old, &new).unified_diff().header("profile v1", profile.name()).to_string())
}

fn plain(profile: &Profile, name: &str) -> String {
    let roles = Role::ALL.into_iter().filter_map(|role| Some((role, string(&profile.pointer(role)?.to_string()))));
    let carried = profile.pointer(Role::Trigger).is_some();
    let words =
        Trigger::ALL.into_iter().filter(|_| carried).map(|trigger| (trigger, scalar(profile.trigger_word(trigger))));
    layout(name, roles, words, profile.field_form())
}

/// The layout of `profiles/v1.toml`, without its comments.
fn layout(
    name: &str,
    roles: impl Iterator<Item = (Role, String)>,
    words: impl Iterator<Item = (Trigger, String)>,
    fields: &FieldForm,
) -> String {
    let mut text = format!("name = {}\n\n[roles]\n", string(name));
    let mut before = None;
    for (role, value) in roles {
        if before.is_some_and(|before| group(before) != group(role)) {
            text.push('\n');
        }
        before = Some(role);
        line(&mut text, &role.to_string(), &value);
    }
    for (index, (trigger, value)) in words.enumerate() {
        text.push_str(if index == 0 { "\n[triggers]\n" } else { "" });
        line(&mut text, trigger.as_str(), &value);
    }
    text.push_str("\n[fields]\n");
    match fields {
        FieldForm::Array { keys } => {
            line(&mut text, "form", "\"array\"");
            let keys: Vec<String> =
                keys.iter().map(|(key, name)| format!("{} = {}", key.canonical(), string(name))).collect();
            line(&mut text, "keys", &format!("{{ {} }}", keys.join(", ")));
        }
        FieldForm::Map { key } => {
            line(&mut text, "form", "\"map\"");
            line(&mut text, "key", &scalar(&serde_json::to_value(key).unwrap_or_default()));
        }
    }
    text
}

fn line(text: &mut String, key: &str, value: &str) {
    writeln!(text, "{key} = {value}").expect("a String takes everything");
}

fn group(role: Role) -> u8 {
    match role {
        Role::Trigger | Role::ClientSecret => 0,
        Role::WebhookName | Role::WebhookDescription => 1,
        Role::FlowIdentifier | Role::FlowName | Role::FlowSubject | Role::FlowInitiator => 2,
        Role::Step(Subject::Step, _) => 3,
        Role::Step(Subject::PreviousStep, _) => 4,
    }
}

/// A TOML string on one line. TOML has JSON's escapes, except the one of the solidus, which is not used here.
fn string(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// A trigger's word: TOML writes strings, numbers and booleans as JSON does.
fn scalar(word: &Value) -> String {
    match word {
        Value::String(text) => string(text),
        other => other.to_string(),
    }
}
