//! The clauses of the contract, which verdicts and refusals link to, and the sample messages.

use axum::{extract::Path, response::Response};
use http::StatusCode;
use maud::{Markup, html};
use schemas::{Clause, Level, Sample, text::escape_json};

use super::{
    attachment::attachment,
    page::{Problem, Section, page},
};

/// A link to a clause, such as `AUTH-4`.
pub(super) fn link(clause: &str) -> Markup {
    html! { a href={ "/contract#" (clause) } { (clause) } }
}

pub(super) async fn clauses() -> Response {
    let groups = Clause::all().chunk_by(|one, next| one.group == next.group);
    let content = html! {
        p {
            "What a webhook message looks like, how it is authenticated, and what an endpoint does with it. A clause is a "
            strong { (Level::Must) }
            " only if breaking it loses a documented message, accepts one wrongly or leaks a credential. The samples "
            "are bodies that conform to the contract, or break one clause."
        }
        p {
            "The provenance of a clause is " em { "documented" } " if the product's help page on webhooks states it, "
            em { "public-api" } " if it is known from the product's Public API, " em { "standard" }
            " if a standard requires it, and " em { "assumed" } " if no public page states it."
        }
        ul.contents {
            @for group in groups.clone() { li { a href={ "#" (prefix(&group[0])) } { (group[0].group) } } }
            li { a href="#samples" { "Samples" } }
        }
        @for group in groups {
            section {
                h2 id=(prefix(&group[0])) { (group[0].group) }
                @for clause in group { (article(clause)) }
            }
        }
        section {
            h2 id="samples" { "Samples" }
            p { "These messages conform to the contract. Those that break a clause are listed there." }
            (list(Sample::valid()))
        }
    };
    page(Section::Contract, "Contract", &content)
}

fn article(clause: &Clause) -> Markup {
    let breaking: Vec<Sample> = Sample::invalid().filter(|sample| sample.clause() == Some(clause.id)).collect();
    html! {
        article.clause id=(clause.id) {
            h3 { a href={ "#" (clause.id) } { (clause.id) } " · " (clause.level) " · " (clause.title) }
            p { (prose(clause.text)) }
            @if let Some(why) = clause.why { p { "Why: " (prose(why)) } }
            p.quiet { "Source: " (prose(clause.source)) ". Provenance: " (clause.provenance) "." }
            @if !breaking.is_empty() {
                details {
                    summary { (console::format::plural(breaking.len() as u64, "sample")) " with a violation" }
                    (list(breaking))
                }
            }
        }
    }
}

fn list(samples: impl IntoIterator<Item = Sample>) -> Markup {
    html! {
        ul.samples { @for sample in samples { li { a href={ "/samples/" (sample.name) } { (sample.name) } } } }
    }
}

/// Text with code in backquotes.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The beginning of a clause's number, such as `AUTH`.
fn prefix(clause: &Clause) -> &str {
    clause.id.split_once('-').map_or(clause.id, |(prefix, _)| prefix)
}

pub(super) async fn sample(Path(name): Path<String>) -> Result<Response, Problem> {
    let sample = find_sample(&name)?;
    let clause = sample.clause().and_then(Clause::find);
    let content = html! {
        @match clause {
            Some(clause) => p { "Breaks " (link(clause.id)) ": " (clause.title) "." },
            None => p { "Conforms to the contract." },
        }
        p.tools {
            a href={ "/samples/" (sample.name) "/raw" } { "Download the exact body" }
            a.button href={ "/send?sample=" (sample.name) } { "Send it as a test message" }
        }
        pre tabindex="0" role="region" aria-label="Body" { (escape_json(&String::from_utf8_lossy(sample.body))) }
    };
    Ok(page(Section::Contract, &format!("Sample {}", sample.name), &content))
}

pub(super) async fn raw_sample(Path(name): Path<String>) -> Result<Response, Problem> {
    let sample = find_sample(&name)?;
    Ok(attachment(&format!("{}.json", sample.name), sample.body.to_vec()))
}

fn find_sample(name: &str) -> Result<Sample, Problem> {
    Sample::find(name).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "There is no sample with this name", "The page Contract lists the samples.")
    })
}
