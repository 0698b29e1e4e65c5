//! What `learn` prints: what was found, what was not, the drift against profile v1, and the profile.

use std::{fmt::Write as _, path::Path};

use comfy_table::{Table, presets};
use schemas::{
    profile::{FieldForm, MapKey},
    text::escape_json,
};

use super::{PROFILE_FILE, SCHEMA_FILE};
use crate::{
    cli::shell,
    learn::{self, Confidence, Learned},
};

/// The whole answer, safe on a terminal.
pub(super) fn text(learned: &Learned, messages: usize) -> String {
    let mut text = String::new();
    let mut section = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    section(&format!(
        "Read {}.\n",
        if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") }
    ));
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
        section(&list("Mind", learned.notes.iter().cloned()));
    }
    if !learned.violations.is_empty() {
        let violations = learned.violations.iter().map(ToString::to_string);
        section(&list("What the messages break in the contract, read so", violations));
    }
    if let Some((profile, profile_text)) = &learned.profile {
        match learn::drift(profile) {
            Some(diff) => section(&format!("Against profile v1:\n\n{diff}")),
            None => section("Against profile v1: no difference. The kit speaks this wire without a profile.\n"),
        }
        section(&format!("The profile:\n\n{profile_text}"));
        section(check(learned));
    }
    escape_json(text.trim_end()) + "\n"
}

fn found(learned: &Learned) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ROLE", "POINTER", "CONFIDENCE", "EVIDENCE"]);
    for finding in &learned.findings {
        table.add_row([
            finding.role.to_string(),
            finding.pointer.to_string().replace('\n', "\\n"),
            finding.confidence.to_string(),
            finding.evidence.replace('\n', "\\n"),
        ]);
    }
    trimmed(&table)
}

/// Roles that are missing for the same reason stand together; what is required comes first.
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

/// Indented lines of at most so many characters.
fn wrapped(words: &str) -> String {
    const WIDTH: usize = 100;
    let mut lines = vec![String::from("  ")];
    for word in words.split(' ') {
        if lines.last().is_some_and(|line| line.len() + word.len() > WIDTH) {
            lines.push(String::from("  "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.trim().is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// The table's lines without the blanks at their ends.
fn trimmed(table: &Table) -> String {
    table.lines().fold(String::new(), |mut text, line| {
        writeln!(text, "{}", line.trim_end()).expect("a String takes everything");
        text
    })
}

fn form(fields: &FieldForm) -> String {
    match fields {
        FieldForm::Array { keys } => {
            let keys: Vec<String> =
                keys.iter().map(|(key, name)| format!("{} is {name}", learn::key_name(*key))).collect();
            format!("an array of objects, in which {}", keys.join(", "))
        }
        FieldForm::Map { key: MapKey::Identifier } => "an object, in which each identifier has its value".to_owned(),
        FieldForm::Map { key: MapKey::Name } => "an object, in which each name has its value".to_owned(),
    }
}

fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    lines.fold(format!("{title}:\n"), |text, line| text + "  " + &line + "\n")
}

/// How to use the profile, now that it is there or could be.
pub(super) fn next(folder: Option<&Path>) -> String {
    let Some(folder) = folder else { return "Nothing is written; --out DIR writes it and a JSON Schema.\n".to_owned() };
    let (profile, schema) = (folder.join(PROFILE_FILE), folder.join(SCHEMA_FILE));
    let word = shell::word(&profile);
    format!(
        "
Wrote {} and {}.
The receiver reads with it when its endpoint says `profile = \"FILE\"`, the sender writes with --profile {word}.
",
        profile.display(),
        schema.display()
    )
}

/// What to do with it; what is unsure comes first.
fn check(learned: &Learned) -> &'static str {
    let unsure = learned.findings.iter().any(|finding| finding.confidence == Confidence::Low);
    if unsure || learned.guessed.is_some() {
        "It is a proposal. Check what is of low confidence or guessed, best with a message of the other trigger, before \
         you rely on it."
    } else {
        "It is a proposal: look it over against a message before you rely on it."
    }
}
