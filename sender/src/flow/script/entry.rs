//! Reads the entries of a script, `[[do]]`, and collects every problem.

use schemas::{Verdict, suggest};
use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    super::{Action, ActionKind},
    ScriptAction, ScriptProblem, type_of, value,
};
use crate::model::{Model, ModelStep};

const ENTRY_KEYS: [&str; 5] = ["step", "action", "by", "comment", "fields"];
const ACTIONS: [(&str, Option<Verdict>); 4] = [
    ("submit", None),
    ("approve", Some(Verdict::Approved)),
    ("rejectAndSendBack", Some(Verdict::RejectedAndSentBack)),
    ("rejectAndComplete", Some(Verdict::RejectedAndCompleted)),
];

pub(super) struct Reader<'t> {
    text: &'t str,
    model: &'t Model,
    pub(super) problems: Vec<ScriptProblem>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, model: &'t Model) -> Self {
        Self { text, model, problems: Vec::new() }
    }

    /// Adds a problem at a byte of the text.
    pub(super) fn problem(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(ScriptProblem { line: self.line(offset), message: message.into() });
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    pub(super) fn file(&mut self, file: &DeTable<'_>) -> Vec<ScriptAction> {
        self.unknown_keys(file, &["do"]);
        let Some(entries) = file.get("do") else {
            self.problem(0, "the script does nothing: it needs at least one [[do]] with `step` and `action`");
            return Vec::new();
        };
        let DeValue::Array(array) = entries.get_ref() else {
            self.problem(entries.span().start, "write each action as [[do]], with two brackets");
            return Vec::new();
        };
        array.iter().filter_map(|entry| self.entry(entry)).collect()
    }

    fn entry(&mut self, entry: &Spanned<DeValue<'_>>) -> Option<ScriptAction> {
        let start = entry.span().start;
        let DeValue::Table(table) = entry.get_ref() else {
            self.problem(start, "write each action as [[do]], with `step` and `action` below it");
            return None;
        };
        self.unknown_keys(table, &ENTRY_KEYS);
        let step = self.required(table, "step", start);
        let verdict = self.required(table, "action", start).and_then(|(word, at)| self.action(&word, at));
        let by = self.text(table, "by").map(|(by, _)| by);
        let comment = self.text(table, "comment");
        let step = step.and_then(|(name, at)| self.step(&name, at));
        let fields = step.map(|step| self.fields(table, step)).unwrap_or_default();
        let kind = match verdict? {
            Some(verdict) => ActionKind::Decide { verdict, comment: comment.map(|(comment, _)| comment) },
            None => {
                if let Some((_, at)) = comment {
                    self.problem(at, "only a decision has a comment; `submit` has none");
                }
                ActionKind::Submit
            }
        };
        Some(ScriptAction { line: self.line(start), action: Action { step: step?.name.clone(), kind, by, fields } })
    }

    fn unknown_keys(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let hint = hint(key.get_ref(), known.iter().copied(), "the keys are");
            self.problem(key.span().start, format!("`{}` is not a key of a script{hint}", key.get_ref()));
        }
    }

    fn required(&mut self, table: &DeTable<'_>, key: &str, start: usize) -> Option<(String, usize)> {
        if !table.contains_key(key) {
            let example =
                if key == "step" { self.model.steps.first().map_or("...", |step| &step.name) } else { "submit" };
            self.problem(start, format!("this [[do]] has no `{key}`; write {key} = \"{example}\""));
        }
        self.text(table, key)
    }

    /// A text and its position.
    fn text(&mut self, table: &DeTable<'_>, key: &str) -> Option<(String, usize)> {
        let value = table.get(key)?;
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => Some((text.clone().into_owned(), at)),
            other => {
                self.problem(at, format!("`{key}` is a text in quotes, and this is {}", type_of(other)));
                None
            }
        }
    }

    /// The verdict of an action; a submission has none.
    fn action(&mut self, word: &str, at: usize) -> Option<Option<Verdict>> {
        let found = ACTIONS.iter().find(|(known, _)| *known == word);
        if found.is_none() {
            let hint = hint(word, ACTIONS.iter().map(|(known, _)| *known), "the actions are");
            self.problem(at, format!("`{word}` is not an action{hint}"));
        }
        found.map(|(_, verdict)| *verdict)
    }

    fn step(&mut self, name: &str, at: usize) -> Option<&'t ModelStep> {
        let model = self.model;
        let found = model.steps.iter().find(|step| step.name == name);
        if found.is_none() {
            let hint = hint(name, model.steps.iter().map(|step| step.name.as_str()), "its steps are");
            self.problem(at, format!("the model has no step `{name}`{hint}"));
        }
        found
    }

    fn fields(&mut self, table: &DeTable<'_>, step: &ModelStep) -> Vec<(String, Value)> {
        let Some(fields) = table.get("fields") else { return Vec::new() };
        let DeValue::Table(typed) = fields.get_ref() else {
            self.problem(fields.span().start, "write the fields below [do.fields], as \"Name\" = value");
            return Vec::new();
        };
        let mut filled = Vec::new();
        for (name, typed) in typed {
            let (at, name) = (name.span().start, name.get_ref().as_ref());
            match step.fields.iter().find(|field| field.name == name) {
                Some(field) => match value::read(field, typed.get_ref()) {
                    Ok(value) => filled.push((name.to_owned(), value)),
                    Err(error) => self.problem(at, format!("`{name}`: {error}")),
                },
                None if step.fields.is_empty() => {
                    self.problem(at, format!("`{}` has no form, so it has no field `{name}`", step.name));
                }
                None => {
                    let hint = hint(name, step.fields.iter().map(|field| field.name.as_str()), "its fields are");
                    self.problem(at, format!("the form of `{}` has no field `{name}`{hint}", step.name));
                }
            }
        }
        filled
    }
}

/// The closest known name, or all of them.
fn hint<'k>(name: &str, known: impl Iterator<Item = &'k str> + Clone, all: &str) -> String {
    match suggest::closest(name, known.clone()) {
        Some(closest) => format!("; did you mean `{closest}`?"),
        None => format!("; {all} {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
