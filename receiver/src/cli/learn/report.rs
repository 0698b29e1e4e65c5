//! The output of `learn`: what was found, what was not, the differences to profile v1, and the profile.

use std::{fmt::Write as _, path::Path};

use console::{Table, format::plural, shell};
use schemas::{
    profile::{FieldForm, MapKey},
    text::escape_json,
};

use crate::learn::{self, Confidence, Learned};

pub(super) const PROFILE_FILE: &str = "profile.toml";
pub(super) const SCHEMA_FILE: &str = "envelope.schema.json";

/// The whole report, safe on a terminal.
pub(super) fn text(learned: &Learned, messages: usize) -> String {
    let mut text = String::new();
    let mut section = |section: &str| {
        text.push_str(section);
        text.push('\n');
    };
    section(&format!("Read {}.\n", plural(messages as u64, "message")));
    if !learned.findings.is_empty() {
        section(&found(learned));
    }
    if let Some(fields) = &learned.fields {
        section(&format!("Fields: {}.\n", form(fields)));
    }
    if !learned.missing.is_empty() {
        section(&missing(learned));
    }
    if !learned.notes.is_empty() {
        section(&list("Notes", learned.notes.iter().cloned()));
    }
    if !learned.violations.is_empty() {
        let violations = learned.violations.iter().map(ToString::to_string);
        section(&list("Contract violations of the messages when they are read with this profile", violations));
    }
    if let Some((profile, profile_text)) = &learned.profile {
        match learn::drift(profile) {
            Some(diff) => section(&format!("Against profile v1:\n\n{diff}")),
            None => section(
                "Against profile v1: no difference. The kit reads and writes these messages without a profile.\n",
            ),
        }
        section(&format!("The profile:\n\n{profile_text}"));
        section(advice(learned));
    }
    escape_json(text.trim_end()) + "\n"
}

fn found(learned: &Learned) -> String {
    let mut table = Table::with_header(["ROLE", "POINTER", "CONFIDENCE", "EVIDENCE"]);
    for finding in &learned.findings {
        table.row([
            finding.role.to_string(),
            finding.pointer.to_string().replace('\n', "\\n"),
            finding.confidence.to_string(),
            finding.evidence.replace('\n', "\\n"),
        ]);
    }
    format!("{table}\n")
}

/// Roles that are missing for the same reason are together; required ones come first.
fn missing(learned: &Learned) -> String {
    let mut groups: Vec<(&str, bool, Vec<String>)> = Vec::new();
    for missing in &learned.missing {
        let role = missing.role.to_string();
        match groups.iter_mut().find(|(why, required, _)| (*why, *required) == (&missing.why, missing.required)) {
            Some((.., roles)) => roles.push(role),
            None => groups.push((&missing.why, missing.required, vec![role])),
        }
    }
    groups.sort_by_key(|(_, required, _)| !required);
    groups.iter().fold("Not found:\n".to_owned(), |mut text, (why, required, roles)| {
        text.push_str(&wrapped(&roles.join(", ")));
        text.push_str(if *required { " (required)\n" } else { "\n" });
        writeln!(text, "      {why}").expect("a String takes everything");
        text
    })
}

/// Indented lines of at most `MAX_WIDTH` characters.
fn wrapped(text: &str) -> String {
    const MAX_WIDTH: usize = 100;
    let mut lines = vec![String::from("  ")];
    for word in text.split(' ') {
        if lines.last().is_some_and(|line| line.len() + word.len() > MAX_WIDTH) {
            lines.push(String::from("  "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.trim().is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn form(fields: &FieldForm) -> String {
    match fields {
        FieldForm::Array { keys } => {
            let keys: Vec<String> = keys.iter().map(|(key, name)| format!("{} is {name}", key.canonical())).collect();
            format!("an array of objects, in which {}", keys.join(", "))
        }
        FieldForm::Map { key: MapKey::Identifier } => "an object, in which each identifier has its value".to_owned(),
        FieldForm::Map { key: MapKey::Name } => "an object, in which each name has its value".to_owned(),
    }
}

fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    lines.fold(format!("{title}:\n"), |text, line| text + "  " + &line + "\n")
}

/// How to write the profile, or how to use it.
pub(super) fn next(folder: Option<&Path>) -> String {
    let Some(folder) = folder else {
        return "Nothing was written; --out DIR writes the profile and a JSON Schema.\n".to_owned();
    };
    let (profile, schema) = (folder.join(PROFILE_FILE), folder.join(SCHEMA_FILE));
    let word = shell::word(&profile);
    format!(
        "
Wrote {} and {}.
The receiver uses it with `profile = \"FILE\"` at the endpoint, the sender with --profile {word}.
",
        profile.display(),
        schema.display()
    )
}

fn advice(learned: &Learned) -> &'static str {
    let unsure = learned.findings.iter().any(|finding| finding.confidence == Confidence::Low);
    if unsure || learned.guessed.is_some() {
        "This is a proposal. Check the roles of low confidence and the guesses, ideally with a message of the other \
         trigger, before you rely on it."
    } else {
        "This is a proposal: compare it with a message before you rely on it."
    }
}
