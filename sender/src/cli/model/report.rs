//! What was found in a model, for people and for programs.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, Title};
use console::format::plural;
use schemas::{Trigger, text::one_line};
use serde_json::{Value, json};

use crate::model::{Inspection, MaskedSource, Model, ModelProblem, ModelProblems, Severity};

/// Maximum number of characters of a sentence.
const MAX_CHARACTERS: usize = 1000;

/// Each problem with its line, a mark under it and the advice, as compilers show them. Ends with an empty line.
pub(super) fn for_people(problems: &ModelProblems) -> String {
    let name = one_line(problems.source().name(), MAX_CHARACTERS);
    let shown = problems.source().shown();
    let mut text = String::new();
    for problem in problems.iter() {
        let sentence = one_line(&problem.defect.to_string(), MAX_CHARACTERS);
        let level = match problem.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(sentence);
        let mut group = match &shown {
            Some(shown) => lines(title, problem, &name, shown),
            None => title.element(place(problem, &name)),
        };
        if let Some(advice) = problem.defect.advice() {
            group = group.element(Level::HELP.message(one_line(&advice, MAX_CHARACTERS)));
        }
        text.push_str(&Renderer::styled().render(&[group]));
        text.push_str("\n\n");
    }
    text
}

fn place<'p>(problem: &ModelProblem, name: &'p str) -> Origin<'p> {
    Origin::path(name).line(problem.line).char_column(problem.column)
}

fn lines<'s>(title: Title<'s>, problem: &ModelProblem, name: &'s str, shown: &'s MaskedSource) -> Group<'s> {
    let span = shown.range(&problem.span);
    let mut snippet = Snippet::source(shown.text()).annotation(AnnotationKind::Primary.span(span.clone()));
    if let Some((span, what)) = &problem.related {
        snippet = snippet.annotation(AnnotationKind::Context.span(shown.range(span)).label(*what));
    }
    let start = shown.text()[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    // What is covered before the place shifts its column, so that the renderer cannot tell it.
    if shown.text()[start..span.start].chars().count() + 1 == problem.column {
        title.element(snippet.path(name))
    } else {
        title.element(place(problem, name)).element(snippet)
    }
}

/// A model on one line.
pub(super) fn summary(model: &Model) -> String {
    let count = |trigger: Trigger| model.webhooks().filter(|(_, webhook)| webhook.trigger == trigger).count();
    let (created, completed) = (count(Trigger::StepCreated), count(Trigger::StepCompleted));
    let mut endpoints: Vec<&str> = model.webhooks().map(|(_, webhook)| webhook.endpoint.as_str()).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    let webhooks = match created + completed {
        0 => "no webhooks".to_owned(),
        all => format!(
            "{} ({created} on creation, {completed} on completion) to {}",
            plural(all as u64, "webhook"),
            plural(endpoints.len() as u64, "endpoint")
        ),
    };
    let published = if model.published { "" } else { "; not published, so it does not run yet" };
    let name = one_line(&model.name, MAX_CHARACTERS);
    format!("\"{name}\", {}, {webhooks}{published}", plural(model.steps.len() as u64, "step"))
}

/// What was found, as JSON.
pub(super) fn for_programs(inspection: &Inspection) -> Value {
    let problems: Vec<Value> = inspection
        .problems()
        .iter()
        .map(|problem| {
            json!({
                "severity": problem.severity().to_string(),
                "line": problem.line,
                "column": problem.column,
                "place": problem.pointer.to_string(),
                "message": problem.defect.to_string(),
                "advice": problem.defect.advice(),
            })
        })
        .collect();
    json!({
        "file": inspection.problems().source().name(),
        "usable": inspection.model().is_some(),
        "model": inspection.model().map(|model| json!({
            "name": model.name,
            "published": model.published,
            "steps": model.steps.len(),
            "webhooks": model.webhooks().count(),
        })),
        "problems": problems,
    })
}
